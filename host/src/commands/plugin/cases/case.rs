//! A file of cases, as an author writes it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::clock::Timestamp;

/// A file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cases {
    /// The plugin's options.
    #[serde(default)]
    pub(super) options: toml::Table,
    /// More of the server's configuration.
    #[serde(default)]
    pub(super) server: toml::Table,
    /// What happens, one case after the other, each on a server of its own.
    #[serde(default)]
    pub(super) case: Vec<Case>,
}

/// One case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// Says what is shown.
    pub(super) name: String,
    /// When it begins.
    #[serde(default = "noon")]
    now: String,
    /// The plugin's options, instead of those of the file.
    pub(super) options: Option<toml::Table>,
    /// Answers of other servers.
    #[serde(default)]
    pub(super) upstream: Vec<UpstreamAnswer>,
    /// What happens, in order.
    #[serde(default)]
    pub(super) step: Vec<Step>,
}

/// A Thursday.
fn noon() -> String {
    "2026-01-01T12:00:00Z".to_owned()
}

impl Case {
    /// When it begins.
    ///
    /// # Errors
    /// When `now` is no date.
    pub(super) fn begins_at(&self) -> Result<Timestamp, String> {
        let wrong = || format!("`{}` is no date such as 2026-01-31T12:00:00Z", self.now);
        Timestamp::parse_iso(&self.now).ok_or_else(wrong)
    }
}

/// What another server answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UpstreamAnswer {
    /// The whole URL.
    pub(super) url: String,
    /// Any method when it is absent.
    pub(super) method: Option<String>,
    #[serde(default = "ok")]
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// JSON, or text as it is.
    #[serde(default)]
    pub(super) body: Json,
}

fn ok() -> u16 {
    200
}

/// One step: exactly one of the things that can happen, and what is expected then.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// `POST /seats/take`, below the base path.
    pub(super) request: Option<String>,
    /// `/seats`: a page at the server's root.
    pub(super) page: Option<String>,
    /// A function on the management address.
    pub(super) call: Option<String>,
    /// A person by a short name: `ada` has the address `ada@example.com`.
    pub(super) sign_up: Option<String>,
    pub(super) sign_in: Option<String>,
    pub(super) sign_out: Option<String>,
    /// Lets time pass: `90 seconds`, `2 hours`.
    pub(super) pass: Option<String>,
    /// Waits for jobs: `due` for those that are due now.
    pub(super) jobs: Option<String>,
    /// A change without a request: `user.update`, `user.delete`.
    pub(super) change: Option<String>,

    /// Whose browser sends it; a new one when it is absent.
    #[serde(rename = "as")]
    pub(super) person: Option<String>,
    /// Whom a change is about.
    pub(super) of: Option<String>,
    /// JSON. For a sign-up or a sign-in, more fields; for a change, the fields that are set.
    pub(super) body: Option<Json>,
    /// A form instead.
    pub(super) form: Option<Map<String, Json>>,
    /// Any text instead, of the type that `headers` say.
    pub(super) text: Option<String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// The client's address.
    pub(super) from: Option<String>,
    /// Names for parts of the answer, for later steps: `code = "/invitation/code"`.
    #[serde(default)]
    pub(super) keep: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) expect: Expect,
}

/// What is expected of a step. What is not named may be anything; only an answer has to be none of an error.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) status: Option<u16>,
    /// The code of an error.
    pub(super) code: Option<String>,
    /// The body as JSON: the fields that matter.
    pub(super) body: Option<Json>,
    /// A part of the body as text.
    pub(super) text: Option<String>,
    /// Headers of the answer.
    pub(super) headers: Option<Map<String, Json>>,
    /// Rows by table: their number, or a list.
    #[serde(default)]
    pub(super) rows: Map<String, Json>,
    /// The mails of this step.
    pub(super) mails: Option<Vec<Json>>,
    /// Parts of lines that this step logs; an empty list for none.
    pub(super) logs: Option<Vec<String>>,
    /// The requests of this step to other servers.
    pub(super) sent: Option<Vec<Json>>,
}

/// What a step does.
pub(super) enum Deed<'a> {
    Request(&'a str),
    Page(&'a str),
    Call(&'a str),
    SignUp(&'a str),
    SignIn(&'a str),
    SignOut(&'a str),
    Pass(&'a str),
    Jobs(&'a str),
    Change(&'a str),
}

impl Step {
    /// The one thing that happens.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub(super) fn deed(&self) -> Result<Deed<'_>, String> {
        let deeds = [
            self.request.as_deref().map(Deed::Request),
            self.page.as_deref().map(Deed::Page),
            self.call.as_deref().map(Deed::Call),
            self.sign_up.as_deref().map(Deed::SignUp),
            self.sign_in.as_deref().map(Deed::SignIn),
            self.sign_out.as_deref().map(Deed::SignOut),
            self.pass.as_deref().map(Deed::Pass),
            self.jobs.as_deref().map(Deed::Jobs),
            self.change.as_deref().map(Deed::Change),
        ];
        let mut deeds = deeds.into_iter().flatten();
        match (deeds.next(), deeds.next()) {
            (Some(deed), None) => Ok(deed),
            _ => Err("a step has one of `request`, `page`, `call`, `sign_up`, `sign_in`, `sign_out`, `pass`, \
                      `jobs` and `change`"
                .to_owned()),
        }
    }
}

/// A hundred years.
const LONGEST_SECS: i64 = 100 * 366 * 86_400;

/// Seconds in a text such as `90 seconds` or `2 hours`.
///
/// # Errors
/// When it is none.
pub(super) fn seconds(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is no time such as `90 seconds`, `5 minutes`, `2 hours` or `30 days`");
    let (count, unit) = text.trim().split_once(' ').ok_or_else(wrong)?;
    let unit = match unit.trim().trim_end_matches('s') {
        "second" => 1,
        "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        _ => return Err(wrong()),
    };
    let seconds = count.parse::<i64>().ok().and_then(|count| count.checked_mul(unit));
    seconds.filter(|seconds| (0..=LONGEST_SECS).contains(seconds)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_number_and_a_unit() {
        for (text, expected) in [("1 second", 1), ("5 minutes", 300), ("2 hours", 7200), (" 30 days", 2_592_000)] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for text in ["", "5", "soon", "5 weeks", "x hours", "-1 days", "99999 days"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_step_does_one_thing() {
        let deed = |text: &str| toml::from_str::<Step>(text).unwrap().deed().is_ok();
        assert!(deed("sign_up = \"ada\""));
        assert!(!deed("as = \"ada\"") && !deed("sign_up = \"ada\"\npass = \"1 hour\""));
    }
}
