//! Where and when a hook runs.

use serde::Serialize;

/// Where and when a hook runs. The host looks at it before the plugin is called: what does not match costs nothing.
///
/// ```
/// use doorward_sdk::prelude::*;
///
/// fn plugin() -> Plugin {
///     Plugin::new("greeter", "1.0.0")
///         .after(On::path("/get-session").when_signed_in().unless_option("quiet"), |_request, reply| {
///             reply.expose_header("x-greeting", "hello")
///         })
/// }
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct On {
    pattern: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conditions: Vec<Condition>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ahead_of_scripts: bool,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Condition {
    Header(&'static str),
    SignedIn,
    Methods(&'static [&'static str]),
    SessionCookieWritten,
    SessionCookieSet,
    Option(&'static str),
    NotOption(&'static str),
}

impl On {
    /// Endpoints whose path matches: exact, `*` for one segment, `**` for the rest.
    pub fn path(pattern: &'static str) -> On {
        On { pattern, conditions: Vec::new(), ahead_of_scripts: false }
    }

    /// Every endpoint.
    pub fn any_path() -> On {
        On::path("/**")
    }

    /// Only requests with one of these methods: `&["POST"]`.
    pub fn when_method(self, methods: &'static [&'static str]) -> On {
        self.and(Condition::Methods(methods))
    }

    /// Only requests with this header, in lower case. It may be one whose value no plugin sees: `authorization`.
    pub fn when_header(self, name: &'static str) -> On {
        self.and(Condition::Header(name))
    }

    /// Only requests whose endpoint looked for a session and found one, or opened one. Not for `before`.
    pub fn when_signed_in(self) -> On {
        self.and(Condition::SignedIn)
    }

    /// Only answers that set or delete the session cookie. Not for `before`.
    pub fn when_session_cookie_is_written(self) -> On {
        self.and(Condition::SessionCookieWritten)
    }

    /// Only answers that set the session cookie: someone signed in, or a session was extended. Not for `before`.
    pub fn when_session_cookie_is_set(self) -> On {
        self.and(Condition::SessionCookieSet)
    }

    /// Before the operator's scripts, which then see what this hook says of the request: for those who find out whose it
    /// is. Only for `before`.
    pub fn ahead_of_scripts(mut self) -> On {
        self.ahead_of_scripts = true;
        self
    }

    /// Only when the operator's option `name` is true.
    pub fn when_option(self, name: &'static str) -> On {
        self.and(Condition::Option(name))
    }

    /// Only when the operator's option `name` is not true.
    pub fn unless_option(self, name: &'static str) -> On {
        self.and(Condition::NotOption(name))
    }

    fn and(mut self, condition: Condition) -> On {
        self.conditions.push(condition);
        self
    }
}

impl From<&'static str> for On {
    fn from(pattern: &'static str) -> On {
        On::path(pattern)
    }
}
