//! Roles, and what administrators do to users: create, list, change, ban, impersonate, remove.
//!
//! Flat: one file per endpoint, or per group of endpoints that share their rules.

mod access;
mod ban;
mod bounds;
mod caller;
mod card;
mod create_user;
mod errors;
mod fields;
mod get_user;
mod has_permission;
mod impersonation;
mod impersonator;
mod js_number;
mod list_users;
mod options;
mod permissions;
mod remove_user;
mod role_name;
mod role_names;
mod set_role;
mod set_user_password;
mod update_user;
mod user_data;
mod user_sessions;
mod watch;
mod way_back;

use doorward_sdk::prelude::*;
use options::Options;

doorward_sdk::plugin!(plugin);

const STRICT: &str = "strict_impersonation";

/// The whole plugin: its options, fields, endpoints, and its say in sign-ins.
pub fn plugin() -> Plugin {
    let plugin = Plugin::new("admin", env!("CARGO_PKG_VERSION"))
        .options_without(Options::fault)
        .creates_users_with(&["*"])
        .updates_users(&["*"])
        .user_field(FieldRule::new("role", FieldType::String))
        .user_field(FieldRule::new("banned", FieldType::Boolean).default_value(false))
        .user_field(FieldRule::new("banReason", FieldType::String))
        .user_field(FieldRule::new("banExpires", FieldType::Date))
        .session_field(FieldRule::new(impersonator::FIELD, FieldType::String).never_refreshed())
        .cookie(CookieRule::prefixed(way_back::COOKIE))
        .verifications(way_back::PREFIX)
        .route(
            Route::post("/admin/set-role", set_role::set_role)
                .summary("Gives a user other roles")
                .answers(|| schema::object(&[("user", schema::row("user"))]))
                .refuses(&[
                    errors::MAY_NOT_CHANGE_ROLE,
                    errors::NO_SUCH_ROLE,
                    errors::NOT_FOUND,
                    errors::MORE_PERMISSIONS,
                    errors::ROLE_TOO_HIGH,
                ]),
        )
        .route(
            Route::get("/admin/get-user", get_user::get_user)
                .summary("Shows a user")
                .answers(|| schema::row("user"))
                .refuses(&[errors::MAY_NOT_GET, errors::NOT_FOUND]),
        )
        .route(
            Route::post("/admin/create-user", create_user::create_user)
                .summary("Makes a user")
                .answers(|| schema::object(&[("user", schema::row("user"))]))
                .refuses(create_user::REFUSALS),
        )
        .route(
            Route::post("/admin/update-user", update_user::update_user)
                .summary("Changes a user")
                .answers(|| schema::row("user"))
                .refuses(update_user::REFUSALS),
        )
        .route(
            Route::get("/admin/list-users", list_users::list_users)
                .summary("Lists and searches users")
                .answers(|| {
                    schema::object(&[("users", schema::list(schema::row("user"))), ("total", schema::integer())])
                })
                .refuses(&[errors::MAY_NOT_LIST]),
        )
        .route(
            Route::post("/admin/list-user-sessions", user_sessions::list_user_sessions)
                .summary("Lists the sessions of a user")
                .answers(|| schema::object(&[("sessions", schema::list(schema::any_object()))]))
                .refuses(&[errors::MAY_NOT_LIST_SESSIONS, errors::MORE_PERMISSIONS]),
        )
        .route(
            Route::post("/admin/unban-user", ban::unban_user)
                .summary("Lifts a ban")
                .answers(|| schema::object(&[("user", schema::row("user"))]))
                .refuses(&[errors::MAY_NOT_BAN, errors::NOT_FOUND, errors::MORE_PERMISSIONS]),
        )
        .route(
            Route::post("/admin/ban-user", ban::ban_user)
                .summary("Bans a user and ends the user's sessions")
                .answers(|| schema::object(&[("user", schema::row("user"))]))
                .refuses(&[errors::MAY_NOT_BAN, errors::NOT_FOUND, errors::NOT_YOURSELF, errors::MORE_PERMISSIONS]),
        )
        .route(
            Route::post("/admin/impersonate-user", impersonation::impersonate_user)
                .summary("Opens a session in a user's name")
                .answers(|| schema::object(&[("session", schema::row("session")), ("user", schema::row("user"))]))
                .refuses(impersonation::REFUSALS),
        )
        .route(
            Route::post("/admin/stop-impersonating", impersonation::stop_impersonating)
                .summary("Goes back to the administrator's own session")
                .answers(|| schema::object(&[("session", schema::row("session")), ("user", schema::row("user"))])),
        )
        .route(
            Route::post("/admin/revoke-user-session", user_sessions::revoke_user_session)
                .summary("Ends a session of a user")
                .answers(|| schema::object(&[("success", schema::boolean())]))
                .refuses(&[errors::MAY_NOT_REVOKE, errors::MORE_PERMISSIONS]),
        )
        .route(
            Route::post("/admin/revoke-user-sessions", user_sessions::revoke_user_sessions)
                .summary("Ends all sessions of a user")
                .answers(|| schema::object(&[("success", schema::boolean())]))
                .refuses(&[errors::MAY_NOT_REVOKE, errors::MORE_PERMISSIONS]),
        )
        .route(
            Route::post("/admin/remove-user", remove_user::remove_user)
                .summary("Deletes a user")
                .answers(|| schema::object(&[("success", schema::boolean())]))
                .refuses(&[
                    errors::MAY_NOT_DELETE,
                    errors::NOT_REMOVE_YOURSELF,
                    errors::NOT_FOUND,
                    errors::MORE_PERMISSIONS,
                ]),
        )
        .route(
            Route::post("/admin/set-user-password", set_user_password::set_user_password)
                .summary("Sets a user's password")
                .answers(|| schema::object(&[("status", schema::boolean())]))
                .refuses(set_user_password::REFUSALS),
        )
        .route(
            Route::post("/admin/has-permission", has_permission::has_permission)
                .reads(has_permission::schema)
                .summary("Tells whether the caller may do something")
                .answers(|| schema::object(&[("success", schema::boolean())])),
        )
        .function(
            Function::new("create-user", create_user::create_user_unasked)
                .summary("Makes a user")
                .answers(|| schema::object(&[("user", schema::row("user"))]))
                .refuses(create_user::REFUSALS),
        )
        .function(
            Function::new("user-has-permission", has_permission::user_has_permission)
                .reads(has_permission::schema)
                .summary("Tells whether a user or a role may do something")
                .answers(|| schema::object(&[("success", schema::boolean())])),
        )
        .contribute(Contribution::new("admin.user", "Password", card::card).order(10).signed_in())
        .gate(ban::gate)
        .gate_when_user("banned")
        .after(On::path("/list-sessions").reads_answer().changes_answer(), impersonation::hide_impersonated)
        .event(Event::before("user", Action::Create, give_default_role))
        .event(Event::before("session", Action::Create, ban::keep_out).when_user("banned"))
        .event(Event::after("user", Action::Delete, impersonation::end_with_user))
        .event(Event::after("account", Action::Create, impersonation::end_with_password).when_option(STRICT))
        .event(Event::after("account", Action::Update, impersonation::end_with_password).when_option(STRICT))
        .decides_permissions(permissions::allows)
        .claims(impersonation::name_actor)
        .claims_when_session(impersonator::FIELD)
        .before(On::any_path().when_session(impersonator::FIELD).when_option(STRICT).reads_request(), watch::watch)
        .before(On::path(watch::SIGN_OUT).when_option(STRICT), watch::sign_out)
        .after(On::any_path().when_session_cookie_is_set().when_option(STRICT), watch::forget_way_back);
    errors::ALL.into_iter().fold(plugin, Plugin::error)
}

/// An event: a user whom nobody gave a role gets the default one.
fn give_default_role(change: &Change) -> Result<()> {
    if change.data()?.get("role").is_some_and(|role| !role.is_null()) {
        return Ok(());
    }
    let options: Options = config::options()?;
    change.set(&json!({ "role": options.default_role }))
}
