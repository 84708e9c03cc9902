//! What administrators do: `POST /waitlist/invite` and `GET /waitlist/list`.

use crate::{NOT_ADMIN, Options, UNKNOWN, entry};
use doorward_sdk::prelude::*;

const MOST_ROWS: u32 = 1000;

pub struct Invite {
    email: String,
}

impl Input for Invite {
    fn read(fields: &mut Fields<'_>) -> Self {
        Invite { email: fields.email("email") }
    }
}

pub fn invite(_request: &Request, input: Invite) -> Result<Response> {
    let options = require_admin()?;
    // The invitation and its mail are kept together, or neither.
    let is_known = transactions::run(|| {
        let is_known = entry::invite(&input.email)?;
        if is_known && options.send_invitation {
            mail::enqueue("waitlist-invitation", &input.email, &json!({ "email": input.email }))?;
        }
        Ok(is_known)
    })?;
    if is_known { Response::json(&json!({ "status": true })) } else { Err(UNKNOWN.into()) }
}

pub fn list(_request: &Request, (): ()) -> Result<Response> {
    require_admin()?;
    Response::json(&json!({ "entries": entry::list(MOST_ROWS)? }))
}

/// The session is read from the store, so that one that was revoked does not count.
pub fn require_admin() -> Result<Options> {
    let session = sessions::require()?;
    let options: Options = config::options()?;
    // An address that nobody proved to own makes nobody an administrator.
    let is_admin = session.user.is_email_verified() && options.is_admin(&session.user.email());
    if is_admin { Ok(options) } else { Err(NOT_ADMIN.into()) }
}

#[cfg(test)]
mod tests {
    use crate::{entry, plugin};
    use doorward_sdk::fake::{self, RawRequest};
    use doorward_sdk::prelude::*;

    fn sign_in(email: &str, is_verified: bool) {
        fake::reset();
        fake::with(|world| world.options = r#"{"admins":["boss@example.com"]}"#.to_owned());
        let user = users::create(&json!({ "email": email, "emailVerified": is_verified })).expect("user");
        fake::sign_in(&user);
    }

    fn invite(email: &str) -> Result<Response> {
        RawRequest::post("/waitlist/invite", &json!({ "email": email })).send(&plugin())
    }

    #[test]
    fn an_administrator_invites_and_the_mail_goes_out() {
        sign_in("boss@example.com", true);
        entry::add("ada@example.com").expect("stored");
        invite("Ada@example.com").expect("invited");
        assert!(entry::find("ada@example.com").expect("row").expect("entry").invited_at.is_some());
        assert_eq!(fake::with(|world| world.mails.len()), 1);
        assert_eq!(invite("bob@example.com").expect_err("refused").refusal().status, 404);
        let listed = RawRequest::get("/waitlist/list", &[]).send(&plugin()).expect("listed");
        assert_eq!(fake::body(&listed)["entries"][0]["email"], "ada@example.com");
    }

    #[test]
    fn nobody_else_does() {
        for (email, is_verified) in [("eve@example.com", true), ("boss@example.com", false)] {
            sign_in(email, is_verified);
            entry::add("ada@example.com").expect("stored");
            assert_eq!(invite("ada@example.com").expect_err("refused").refusal().status, 403, "{email}");
            assert!(RawRequest::get("/waitlist/list", &[]).send(&plugin()).is_err());
            assert!(entry::find("ada@example.com").expect("row").expect("entry").invited_at.is_none());
        }
        fake::reset();
        assert_eq!(invite("ada@example.com").expect_err("refused").refusal().status, 401);
    }
}
