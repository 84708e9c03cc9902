//! Where and when a hook runs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::condition::Condition;
use super::right::HookRight;

/// Where and when a hook runs. The server looks at it before the plugin is called: what does not match costs nothing.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
#[non_exhaustive]
pub struct On<S = &'static str> {
    /// Exact path, or with `*` and `**`.
    pub pattern: S,
    /// What else must be so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition<S>>,
    /// Of a `before` hook: whether it runs before the `before` scripts, which then see what it says of the request.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ahead_of_scripts: bool,
    /// What it needs on a path that is not the plugin's own; none is to see that it happened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rights: Vec<HookRight>,
}

impl On {
    /// Endpoints whose path matches: exact, `*` for one segment, `**` for the rest.
    pub fn path(pattern: &'static str) -> Self {
        Self { pattern, conditions: Vec::new(), ahead_of_scripts: false, rights: Vec::new() }
    }

    /// Every endpoint.
    pub fn any_path() -> Self {
        Self::path("/**")
    }

    /// Only requests with one of these methods: `&["POST"]`.
    pub fn when_method(self, methods: &'static [&'static str]) -> Self {
        self.and(Condition::Methods(methods.to_vec()))
    }

    /// Only requests with this header, in lower case. It may be one whose value no plugin sees: `authorization`.
    pub fn when_header(self, name: &'static str) -> Self {
        self.and(Condition::Header(name))
    }

    /// Only requests whose session has a value in this field, which the plugin adds to sessions. The host looks at it, so
    /// that all other requests pass without a call.
    pub fn when_session(self, field: &'static str) -> Self {
        self.and(Condition::Session(field))
    }

    /// Only requests whose endpoint looked for a session and found one, or opened one. Not for `before`.
    pub fn when_signed_in(self) -> Self {
        self.and(Condition::SignedIn)
    }

    /// Only answers that set or delete the session cookie. Not for `before`.
    pub fn when_session_cookie_is_written(self) -> Self {
        self.and(Condition::SessionCookieWritten)
    }

    /// Only answers that set the session cookie: someone signed in, or a session was extended. Not for `before`.
    pub fn when_session_cookie_is_set(self) -> Self {
        self.and(Condition::SessionCookieSet)
    }

    /// Before the operator's scripts, which then see what this hook says of the request: for those who find out whose it
    /// is. Only for `before`.
    pub fn ahead_of_scripts(mut self) -> Self {
        self.ahead_of_scripts = true;
        self
    }

    /// Only when the operator's option `name` is true.
    pub fn when_option(self, name: &'static str) -> Self {
        self.and(Condition::Option(name))
    }

    /// Only when the operator's option `name` is not true.
    pub fn unless_option(self, name: &'static str) -> Self {
        self.and(Condition::NotOption(name))
    }

    /// It reads the request: header lines, query, body and the client's address, without secrets. It may refuse the
    /// request.
    pub fn reads_request(self) -> Self {
        self.needing(HookRight::ReadsRequest)
    }

    /// It reads the answer: body, header lines and the session that was opened, without secrets. Not for `before`.
    pub fn reads_answer(self) -> Self {
        self.needing(HookRight::ReadsAnswer)
    }

    /// It changes the request's body. Only for `before`.
    pub fn changes_request(self) -> Self {
        self.needing(HookRight::ChangesRequest)
    }

    /// It changes the answer; a `before` hook gives one in the endpoint's place.
    pub fn changes_answer(self) -> Self {
        self.needing(HookRight::ChangesAnswer)
    }

    /// Of what it reads, it needs the secrets too: passwords, tokens, codes.
    pub fn reads_secrets(self) -> Self {
        self.needing(HookRight::Secrets)
    }

    fn needing(mut self, right: HookRight) -> Self {
        self.rights.push(right);
        self
    }

    fn and(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }
}

impl From<&'static str> for On {
    fn from(pattern: &'static str) -> Self {
        Self::path(pattern)
    }
}

impl<S: AsRef<str>> On<S> {
    /// The grants that it asks for where its paths are not the plugin's own.
    pub fn asked_grants(&self) -> Vec<String> {
        let pattern = self.pattern.as_ref();
        let more = self.rights.iter().filter(|right| **right != HookRight::Observes);
        let more: Vec<String> = more.map(|right| right.grant(pattern)).collect();
        let observes = HookRight::Observes.grant(pattern);
        std::iter::once(observes).chain(more).collect()
    }

    /// The conditions that each request is asked about; none at all when the hook never runs under these options.
    pub fn open_conditions<'a>(
        &'a self,
        options: &Map<String, Value>,
        defaults: &Map<String, Value>,
    ) -> Option<impl Iterator<Item = &'a Condition<S>> + use<'a, S>> {
        let is_settled = |condition: &Condition<S>| condition.settled(options, defaults);
        let never_runs = self.conditions.iter().any(|condition| is_settled(condition) == Some(false));
        let asked = |condition: &&Condition<S>| !matches!(condition, Condition::Option(_) | Condition::NotOption(_));
        (!never_runs).then(|| self.conditions.iter().filter(asked))
    }
}
