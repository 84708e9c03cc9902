//! Looks at every request of an impersonated session: it does what is on a list, and lives no longer than its
//! administrator's own session and rights.

use crate::access::Permissions;
use crate::ban;
use crate::caller::role_of;
use crate::errors::IMPERSONATED;
use crate::impersonator::impersonator;
use crate::options::Options;
use crate::way_back::{self, WayBack};
use doorward_sdk::prelude::*;
use doorward_sdk::sessions::Session;

/// The end of an impersonation, which judges for itself.
pub const STOP: &str = "/admin/stop-impersonating";
pub const SIGN_OUT: &str = "/sign-out";

/// What whoever acts as a user may do: look at what the user sees, change what the user wrote, and leave. The endpoints of
/// this plugin ask for rights that an impersonated session has not.
const ALLOWED: [&str; 11] = [
    "/get-session",
    "/list-sessions",
    "/list-accounts",
    "/update-user",
    "/update-session",
    "/token",
    "/jwks",
    "/is-username-available",
    "/ok",
    "/error",
    SIGN_OUT,
];
const ALLOWED_BELOW: [&str; 2] = ["/admin/", "/multi-session/"];

/// Fields of users that sign in.
const SIGN_IN_FIELDS: [&str; 3] = ["email", "username", "phoneNumber"];

/// Before every request of an impersonated session.
pub fn watch(request: &Request) -> Result<Flow> {
    let path = request.path();
    if path == STOP {
        return Ok(Flow::Proceed);
    }
    // The browser may still have a copy of a session that was ended.
    let Some(session) = sessions::stored()? else { return Ok(Flow::Proceed) };
    let Some(admin_id) = impersonator(session.fields()) else { return Ok(Flow::Proceed) };
    let options: Options = config::options()?;
    if !may_go_on(&session, admin_id, &options)? {
        sessions::end_current()?;
        return Ok(Flow::Proceed);
    }
    if is_allowed(&path, request, &options) { Ok(Flow::Proceed) } else { Err(IMPERSONATED.into()) }
}

/// Before a sign-out: the administrator's session goes with the one that they opened.
pub fn sign_out(_request: &Request) -> Result<Flow> {
    if let Some(way_back) = WayBack::in_browser()? {
        way_back.close(true)?;
    }
    Ok(Flow::Proceed)
}

/// After someone signed in: who uses the browser now has no way to the administrator's session.
pub fn forget_way_back(_request: &Request, _reply: &Reply) -> Result<()> {
    let Some(way_back) = WayBack::in_browser()? else { return Ok(()) };
    let signs_in = sessions::opened()?.is_some_and(|session| impersonator(session.fields()).is_none());
    if signs_in { way_back.close(false) } else { Ok(()) }
}

fn may_go_on(session: &Session, admin_id: &str, options: &Options) -> Result<bool> {
    let Some(own) = way_back::own_session(session.id())?.filter(|own| own.user.id() == admin_id) else {
        return Ok(false);
    };
    let wanted = Permissions::from([("user".to_owned(), vec!["impersonate".to_owned()])]);
    let may = options.may(admin_id, role_of(&own.user), &wanted);
    Ok(may && ban::refuse_banned(&json!(own.user)).is_ok())
}

fn is_allowed(path: &str, request: &Request, options: &Options) -> bool {
    if path == "/update-user" {
        let body = request.body().unwrap_or_default();
        return SIGN_IN_FIELDS.iter().all(|field| body.get(field).is_none());
    }
    ALLOWED.contains(&path)
        || ALLOWED_BELOW.iter().any(|folder| path.starts_with(folder))
        || options.impersonation_allows.iter().any(|allowed| allowed == path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin;
    use doorward_sdk::fake::{self, RawReply, RawRequest};

    /// The administrator's own session, and the one that they opened as Bob.
    fn impersonating(options: &str) -> (Session, Session) {
        fake::reset();
        fake::with(|world| {
            options.clone_into(&mut world.options);
            world.core_options.insert("session".to_owned(), json!({ "expires_in": 3600 }));
        });
        let user = |name: &str, role: &str| json!({ "email": format!("{name}@example.com"), "role": role });
        let admin = users::create(&user("ada", "admin")).expect("user");
        let bob = users::create(&user("bob", "user")).expect("user");
        let own = sessions::open(&admin, "email").expect("session");
        RawRequest::post("/admin/impersonate-user", &json!({ "userId": bob.id() })).send(&plugin()).expect("begun");
        fake::with(|world| world.opened = None);
        (own, sessions::current().expect("session").expect("one"))
    }

    fn before(method: &str, path: &str, body: Value) -> std::result::Result<(), String> {
        let request = if method == "GET" { RawRequest::get(path, &[]) } else { RawRequest::post(path, &body) };
        request.run_before(&plugin()).map(|_| ()).map_err(|error| error.refusal().code.unwrap_or_default())
    }

    #[test]
    fn an_impersonated_session_does_what_is_on_the_list() {
        impersonating(r#"{"impersonation_allows":["/notes/add"]}"#);
        let refused = Err("NOT_ALLOWED_WHILE_IMPERSONATING".to_owned());
        for (path, body, expected) in [
            ("/get-session", json!({}), Ok(())),
            ("/update-user", json!({ "name": "x" }), Ok(())),
            ("/token", json!({}), Ok(())),
            ("/admin/has-permission", json!({}), Ok(())),
            ("/notes/add", json!({}), Ok(())),
            ("/update-user", json!({ "name": "x", "username": "mine" }), refused.clone()),
            ("/notes/delete", json!({}), refused.clone()),
            ("/two-factor/send-otp", json!({}), refused.clone()),
            ("/two-factor/verify-otp", json!({}), refused.clone()),
            ("/get-access-token", json!({}), refused.clone()),
            ("/refresh-token", json!({}), refused.clone()),
            ("/revoke-sessions", json!({}), refused.clone()),
            ("/link-social", json!({}), refused.clone()),
            ("/sign-in/social", json!({}), refused),
        ] {
            assert_eq!(before("POST", path, body), expected, "{path}");
        }
        impersonating(r#"{"strict_impersonation":false}"#);
        assert_eq!(before("POST", "/two-factor/send-otp", json!({})), Ok(()));
    }

    #[test]
    fn an_impersonation_ends_with_its_administrators_session_and_rights() {
        type End = fn(&Session);
        let ends: [End; 4] = [
            |own| _ = session_administration::end(own.token()).expect("ended"),
            |own| _ = users::update(&own.user.id(), &json!({ "role": "user" })).expect("changed"),
            |own| {
                fake::with(|world| {
                    let live = world.live.get_mut(own.token()).expect("session");
                    live["user"]["banned"] = json!(true);
                })
            },
            |_| fake::with(|world| world.verifications.clear()),
        ];
        for (index, end) in ends.into_iter().enumerate() {
            let (own, _) = impersonating("{}");
            end(&own);
            if index == 1 {
                fake::with(|world| world.live.get_mut(own.token()).expect("session")["user"]["role"] = json!("user"));
            }
            before("GET", "/get-session", json!({})).expect("goes on");
            assert!(sessions::current().expect("session").is_none(), "{index}");
        }
    }

    #[test]
    fn a_sign_out_leaves_nothing_of_the_administrator() {
        let (own, _) = impersonating("{}");
        before("POST", "/sign-out", json!({})).expect("goes on");
        assert!(cookies::get_signed(way_back::COOKIE).expect("cookie").is_none());
        assert!(session_administration::find(own.id()).expect("store").is_none());
    }

    #[test]
    fn there_is_one_way_back_after_the_end() {
        let (own, impersonated) = impersonating("{}");
        let cookie = cookies::get_signed(way_back::COOKIE).expect("cookie").expect("one");
        session_administration::end(impersonated.token()).expect("ended");
        let stop = || {
            fake::with(|world| world.session = None);
            RawRequest::post(STOP, &json!({})).send(&plugin()).map_err(|error| error.refusal().status)
        };
        let back = stop().expect("back");
        assert_eq!(fake::body(&back)["session"]["id"], json!(own.id()));
        fake::with(|world| world.cookies.insert(way_back::COOKIE.to_owned(), cookie));
        assert_eq!(stop().err(), Some(401));
    }

    #[test]
    fn who_signs_in_has_no_way_back() {
        let (_, impersonated) = impersonating("{}");
        session_administration::end(impersonated.token()).expect("ended");
        let eve = users::create(&json!({ "email": "eve@example.com" })).expect("user");
        let opened = sessions::open(&eve, "email").expect("session");
        let reply = RawReply::signed_in(&json!({ "id": opened.id() }));
        RawRequest::post("/sign-in/email", &json!({})).run_after(&plugin(), &reply).expect("hook");
        assert!(cookies::get_signed(way_back::COOKIE).expect("cookie").is_none());
        assert!(fake::with(|world| world.verifications.is_empty()));
    }
}
