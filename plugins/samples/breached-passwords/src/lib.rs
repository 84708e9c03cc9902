//! Refuses passwords that are known from breaches, without telling anyone which password it asks about.

mod range;

use doorward_sdk::prelude::*;
use serde::{Deserialize, Serialize};

doorward_sdk::plugin!(plugin);

const COMPROMISED: ErrorCode = ErrorCode::new(
    400,
    "PASSWORD_COMPROMISED",
    "The password you entered has been compromised. Please choose a different password.",
);
const UNCHECKED: ErrorCode =
    ErrorCode::new(503, "PASSWORD_CHECK_UNAVAILABLE", "The password cannot be checked now. Try again later");

/// What operators may set in their config.
#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Where ranges of hashes are: the first five hex digits are appended.
    url: String,
    /// How often a password must have been seen to be refused.
    min_count: u64,
    /// What becomes of a password while the other server does not answer.
    when_unreachable: WhenUnreachable,
    /// How long to wait for it, in milliseconds.
    timeout_ms: u32,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WhenUnreachable {
    /// It is taken: nobody is kept out by another's outage.
    Allow,
    /// It is refused with 503.
    Refuse,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            url: "https://api.pwnedpasswords.com/range/".to_owned(),
            min_count: 1,
            when_unreachable: WhenUnreachable::Allow,
            timeout_ms: 2000,
        }
    }
}

/// The whole plugin: its options, the host that it asks, and the endpoints before which it looks.
pub fn plugin() -> Plugin {
    Plugin::new("breached-passwords", env!("CARGO_PKG_VERSION"))
        .options::<Options>()
        .http_host("api.pwnedpasswords.com")
        .error(COMPROMISED)
        .error(UNCHECKED)
        .before(On::path("/sign-up/email").reads_request().reads_secrets(), |request| check(request, "password"))
        .before(On::path("/change-password").reads_request().reads_secrets(), |request| check(request, "newPassword"))
        .before(On::path("/reset-password").reads_request().reads_secrets(), |request| check(request, "newPassword"))
}

fn check(request: &Request, field: &str) -> Result<Flow> {
    let body = request.body().unwrap_or_default();
    // A body without a password is the endpoint's to refuse.
    let Some(password) = body.get(field).and_then(Value::as_str) else { return Ok(Flow::Proceed) };
    let options: Options = config::options()?;
    match range::times_seen(password, &options.url, options.timeout_ms) {
        Ok(times) if times >= options.min_count.max(1) => Err(COMPROMISED.into()),
        Ok(_) => Ok(Flow::Proceed),
        Err(reason) => {
            log::warn(&format!("a password was not checked: {reason}"));
            if options.when_unreachable == WhenUnreachable::Refuse { Err(UNCHECKED.into()) } else { Ok(Flow::Proceed) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_sdk::fake::{self, RawRequest};

    /// SHA-1 of `password`: 5BAA6 1E4C9B93F3F0682250B6CF8331B7EE68FD8.
    const URL: &str = "https://api.pwnedpasswords.com/range/5BAA6";

    fn sign_up(password: &str) -> Option<String> {
        let flow = RawRequest::post("/sign-up/email", &json!({ "password": password })).run_before(&plugin());
        flow.err().and_then(|error| error.refusal().code)
    }

    #[test]
    fn a_breached_password_is_refused_and_never_leaves() {
        fake::reset();
        fake::answer_http(
            URL,
            200,
            "0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n1E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824\r\n",
        );
        assert_eq!(sign_up("password").as_deref(), Some("PASSWORD_COMPROMISED"));
        let sent = fake::with(|world| format!("{:?}", world.http_sent));
        assert!(!sent.contains("1E4C9") && sent.contains("add-padding"), "five digits, and a padded answer: {sent}");
    }

    #[test]
    fn others_are_taken_and_padding_does_not_count() {
        fake::reset();
        fake::answer_http(URL, 200, "1E4C9B93F3F0682250B6CF8331B7EE68FD8:0\r\n");
        assert_eq!(sign_up("password"), None);
        fake::with(|world| world.options = r#"{"min_count":10}"#.to_owned());
        fake::answer_http(URL, 200, "1E4C9B93F3F0682250B6CF8331B7EE68FD8:9\r\n");
        assert_eq!(sign_up("password"), None);
    }

    #[test]
    fn the_operator_decides_what_an_outage_means() {
        fake::reset();
        assert_eq!(sign_up("password"), None);
        assert!(fake::with(|world| world.log.iter().any(|line| line.contains("was not checked"))));
        fake::with(|world| world.options = r#"{"when_unreachable":"refuse"}"#.to_owned());
        assert_eq!(sign_up("password").as_deref(), Some("PASSWORD_CHECK_UNAVAILABLE"));
        fake::answer_http(URL, 429, "");
        assert_eq!(sign_up("password").as_deref(), Some("PASSWORD_CHECK_UNAVAILABLE"));
    }
}
