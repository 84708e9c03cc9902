//! When a hook runs, beside its path.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::route::METHODS;
use crate::options::is_on;

/// What must be so for a hook to run. The server looks at it before the plugin is called.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition<S = &'static str> {
    /// The request has this header.
    Header(S),
    /// The request carries a session whose user was found, or a session was opened. Only after an endpoint.
    SignedIn,
    /// The request has one of these methods, in capitals.
    Methods(Vec<S>),
    /// The answer sets or deletes the session cookie. Only after an endpoint.
    SessionCookieWritten,
    /// The answer sets the session cookie; deleting it is not setting it. Only after an endpoint.
    SessionCookieSet,
    /// The request's session has a value in this field, which the plugin adds to sessions.
    Session(S),
    /// This option is true.
    Option(S),
    /// This option is not true.
    NotOption(S),
}

/// What conditions look at: a request, and the answer as far as there is one.
pub trait Facts {
    /// In capitals.
    fn has_method(&self, method: &str) -> bool;
    /// Also one whose value no plugin sees. `name` is in lower case.
    fn has_header(&self, name: &str) -> bool;
    /// Whether the session that the request came with has a value in this field.
    fn has_session_field(&self, field: &str) -> bool;
    /// Whether a session was found or opened.
    fn is_signed_in(&self) -> bool;
    /// Whether the answer sets the session cookie.
    fn sets_session_cookie(&self) -> bool;
    /// Whether the answer sets or deletes the session cookie.
    fn writes_session_cookie(&self) -> bool;
}

impl<S: AsRef<str>> Condition<S> {
    /// What is wrong with it.
    pub(super) fn fault(&self) -> Option<String> {
        let is_name =
            |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        match self {
            Self::Header(name) if name.as_ref().is_empty() || !is_name(name.as_ref()) => {
                Some(format!("`{}` is no header's name in lower case", name.as_ref()))
            }
            Self::Methods(methods) => {
                let wrong = methods.iter().map(AsRef::as_ref).find(|method| !METHODS.contains(method));
                let known = METHODS.join(", ");
                wrong.map(|method| format!("a hook waits for the method `{method}`, which is none of {known}"))
            }
            _ => None,
        }
    }

    /// Whether it can be told before the endpoint has run.
    pub fn is_known_before(&self) -> bool {
        !matches!(self, Self::SignedIn | Self::SessionCookieWritten | Self::SessionCookieSet)
    }

    /// Whether it holds for every request, for none, or is to be asked each time (`None`).
    pub fn settled(&self, options: &Map<String, Value>, defaults: &Map<String, Value>) -> Option<bool> {
        match self {
            Self::Option(name) => Some(is_on(name.as_ref(), options, defaults)),
            Self::NotOption(name) => Some(!is_on(name.as_ref(), options, defaults)),
            _ => None,
        }
    }

    /// Whether it holds for this request; what follows from the options was settled before.
    pub fn holds(&self, facts: &impl Facts) -> bool {
        match self {
            Self::Header(name) => facts.has_header(name.as_ref()),
            Self::SignedIn => facts.is_signed_in(),
            Self::Session(field) => facts.has_session_field(field.as_ref()),
            Self::Methods(methods) => methods.iter().any(|method| facts.has_method(method.as_ref())),
            Self::SessionCookieSet => facts.sets_session_cookie(),
            Self::SessionCookieWritten => facts.writes_session_cookie(),
            Self::Option(_) | Self::NotOption(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_the_options_is_settled_at_start() {
        let object = |json: &str| serde_json::from_str::<Map<String, Value>>(json).unwrap();
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
            assert_eq!(settled(Condition::Option(name)), Some(is_on), "{name} {options}");
            assert_eq!(settled(Condition::NotOption(name)), Some(!is_on), "{name} {options}");
        }
        assert_eq!(Condition::<String>::SignedIn.settled(&defaults, &defaults), None);
    }

    #[test]
    fn what_an_endpoint_does_is_not_known_before_it() {
        let text = r#"[{"header":"authorization"},"signed-in","session-cookie-written","session-cookie-set",{"methods":["GET"]},{"session":"mark"},{"option":"a"},{"not-option":"b"}]"#;
        let conditions: Vec<Condition<String>> = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&conditions).unwrap(), text);
        let known: Vec<bool> = conditions.iter().map(Condition::is_known_before).collect();
        assert_eq!(known, [true, false, false, false, true, true, true, true]);
    }
}
