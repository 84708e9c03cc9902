//! A waitlist: strangers ask for a place, an administrator invites them, and only who was invited can sign up.

mod admin;
mod entry;
mod join;
mod pages;

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

doorward_sdk::plugin!(plugin);

const NOT_INVITED: ErrorCode =
    ErrorCode::new(403, "WAITLIST_NOT_INVITED", "This address has not been invited yet. Ask for a place first");
const NOT_ADMIN: ErrorCode =
    ErrorCode::new(403, "WAITLIST_NOT_ADMIN", "Only an administrator of the waitlist may do this");
const UNKNOWN: ErrorCode = ErrorCode::new(404, "WAITLIST_UNKNOWN_ADDRESS", "This address is not on the waitlist");

/// What operators may set in their config.
#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Addresses of the users who may invite. They are verified, and they need no invitation.
    admins: Vec<String>,
    /// Whether who is invited gets a mail, of the kind `waitlist-invitation`.
    send_invitation: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { admins: Vec::new(), send_invitation: true }
    }
}

impl Options {
    fn is_admin(&self, email: &str) -> bool {
        self.admins.iter().any(|admin| admin.eq_ignore_ascii_case(email))
    }
}

/// The whole plugin: its options, its table, its endpoints, its parts of pages and the hook on sign-up.
pub fn plugin() -> Plugin {
    Plugin::new("waitlist", env!("CARGO_PKG_VERSION"))
        .options::<Options>()
        .table(
            Table::new("waitlistEntry")
                .field(FieldRule::new("email", FieldType::String).required().unique())
                .field(FieldRule::new("createdAt", FieldType::Date).required().indexed())
                .field(FieldRule::new("invitedAt", FieldType::Date)),
        )
        .mail("waitlist-invitation")
        .error(NOT_INVITED)
        .error(NOT_ADMIN)
        .error(UNKNOWN)
        .rate_limit(RateRule::new("/waitlist/join", 5, 60))
        .before(On::path("/sign-up/email").reads_request(), only_invited)
        .route(Route::post("/waitlist/join", join::join))
        .route(Route::post("/waitlist/invite", admin::invite))
        .route(Route::get("/waitlist/list", admin::list))
        .contribute(Contribution::new("sign-up.notice", "Waitlist", pages::notice))
        .contribute(Contribution::new("admin.page", "Waitlist", pages::administration).signed_in())
}

/// Runs before sign-up: who was not invited is refused.
fn only_invited(request: &Request) -> Result<Flow> {
    let body = request.body().unwrap_or_default();
    // A body without an address is the endpoint's to refuse.
    let Some(email) = body.get("email").and_then(Value::as_str) else { return Ok(Flow::Proceed) };
    let options: Options = config::options()?;
    if options.is_admin(email) || entry::find(email)?.is_some_and(|entry| entry.invited_at.is_some()) {
        return Ok(Flow::Proceed);
    }
    Err(NOT_INVITED.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_sdk::fake::{self, RawRequest};

    fn sign_up(email: &str) -> Result<Option<Response>> {
        RawRequest::post("/sign-up/email", &json!({ "email": email })).run_before(&plugin())
    }

    fn code(refused: Result<Option<Response>>) -> Option<String> {
        refused.err().and_then(|error| error.refusal().code)
    }

    #[test]
    fn only_who_was_invited_signs_up() {
        fake::reset();
        fake::with(|world| world.options = r#"{"admins":["boss@example.com"]}"#.to_owned());
        assert_eq!(code(sign_up("ada@example.com")).as_deref(), Some("WAITLIST_NOT_INVITED"));
        entry::add("ada@example.com").expect("stored");
        assert_eq!(
            code(sign_up("ada@example.com")).as_deref(),
            Some("WAITLIST_NOT_INVITED"),
            "a place is no invitation"
        );
        entry::invite("ada@example.com").expect("stored");
        assert!(sign_up("Ada@Example.com").is_ok());
        assert!(sign_up("boss@example.com").is_ok(), "someone must be the first");
    }
}
