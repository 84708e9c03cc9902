//! When a hook runs, beside its path: looked at by the host, so that a request that a hook has nothing to do with pays
//! nothing.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::exchange::Exchange;
use crate::plugin_host::admission::grant::is_on;

/// What must be so for a hook to run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// The request has this header.
    Header(String),
    /// The request carries a session whose user was found. Only after an endpoint.
    SignedIn,
    /// The request has one of these methods, in capitals.
    Methods(Vec<String>),
    /// The answer sets or deletes the session cookie. Only after an endpoint.
    SessionCookieWritten,
    /// The answer sets the session cookie; deleting it is not setting it. Only after an endpoint.
    SessionCookieSet,
    /// This option is true.
    Option(String),
    /// This option is not true.
    NotOption(String),
}

impl Condition {
    /// What is wrong with it.
    pub(in crate::plugin_host) fn fault(&self) -> Option<String> {
        let is_name =
            |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        match self {
            Self::Header(name) if name.is_empty() || !is_name(name) => {
                Some(format!("`{name}` is no header's name in lower case"))
            }
            Self::Methods(methods) => {
                let wrong = methods.iter().find(|method| !matches!(method.as_str(), "GET" | "POST"));
                wrong.map(|method| format!("a hook waits for the method `{method}`, which is not GET or POST"))
            }
            _ => None,
        }
    }

    /// Whether it can be told before the endpoint has run.
    pub(in crate::plugin_host) fn is_known_before(&self) -> bool {
        !matches!(self, Self::SignedIn | Self::SessionCookieWritten | Self::SessionCookieSet)
    }

    /// Whether it holds for every request, for none, or is to be asked each time (`None`).
    pub(in crate::plugin_host) fn settled(
        &self,
        options: &Map<String, Json>,
        defaults: &Map<String, Json>,
    ) -> Option<bool> {
        match self {
            Self::Option(name) => Some(is_on(name, options, defaults)),
            Self::NotOption(name) => Some(!is_on(name, options, defaults)),
            _ => None,
        }
    }

    /// Whether it holds for this request; what follows from the options was settled before.
    pub(in crate::plugin_host) fn holds(&self, exchange: &Exchange) -> bool {
        match self {
            Self::Header(name) => exchange.request.headers.get(name).is_some(),
            Self::SignedIn => exchange.opened.is_some() || exchange.has_session(),
            Self::Methods(methods) => methods.contains(&exchange.request.method),
            Self::SessionCookieSet => exchange.sets_session_cookie(),
            Self::SessionCookieWritten => exchange.writes_session_cookie(),
            Self::Option(_) | Self::NotOption(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_the_options_is_settled_at_start() {
        let object = |json: &str| serde_json::from_str::<Map<String, Json>>(json).unwrap();
        let defaults = object(r#"{"on":true,"off":false,"text":"true"}"#);
        let cases = [
            ("on", "{}", true),
            ("off", "{}", false),
            ("on", r#"{"on":false}"#, false),
            ("off", r#"{"off":true}"#, true),
            ("text", "{}", false),
            ("none", "{}", false),
            ("table.on", r#"{"table":{"on":true}}"#, true),
        ];
        for (name, options, is_on) in cases {
            let settled = |condition: Condition| condition.settled(&object(options), &defaults);
            assert_eq!(settled(Condition::Option(name.to_owned())), Some(is_on), "{name} {options}");
            assert_eq!(settled(Condition::NotOption(name.to_owned())), Some(!is_on), "{name} {options}");
        }
        assert_eq!(Condition::SignedIn.settled(&defaults, &defaults), None);
    }

    #[test]
    fn conditions_are_read_as_the_sdk_writes_them() {
        let text = r#"[{"header":"authorization"},"signed-in","session-cookie-written","session-cookie-set",{"methods":["GET"]},{"option":"a"},{"not-option":"b"}]"#;
        let conditions: Vec<Condition> = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&conditions).unwrap(), text);
        let known: Vec<bool> = conditions.iter().map(Condition::is_known_before).collect();
        assert_eq!(known, [true, false, false, false, true, true, true]);
    }
}
