//! Sign-ins as a test makes them.

use serde_json::Value;

/// A sign-in of a test.
///
/// ```
/// use doorward_sdk::prelude::*;
/// use doorward_sdk::fake::RawAttempt;
/// let plugin = Plugin::new("no-robots", "1.0.0").gate(|attempt| match attempt.user_agent() {
///     Some(agent) if agent.contains("Robot") && attempt.plugin().is_none() => Err(ErrorCode::INVALID_USER.into()),
///     _ => Ok(Verdict::Admit),
/// });
/// let by = |agent: &str| RawAttempt::new(&json!({ "id": "user-1" }), "email").with_user_agent(agent);
/// assert!(by("Robot/1.0").not_remembered().ask(&plugin).is_err());
/// assert!(by("Robot/1.0").of_plugin("api-key").at("/api-key/sign-in").ask(&plugin).is_ok());
/// ```
#[derive(Debug)]
pub struct RawAttempt {
    user: String,
    method: String,
    path: String,
    plugin: Option<String>,
    client_address: Option<String>,
    user_agent: Option<String>,
    remember: bool,
}

impl RawAttempt {
    /// A sign-in of `user` by `method`, at `/sign-in/email`.
    pub fn new(user: &Value, method: &str) -> RawAttempt {
        RawAttempt {
            user: user.to_string(),
            method: method.to_owned(),
            path: "/sign-in/email".to_owned(),
            plugin: None,
            client_address: Some("127.0.0.1".to_owned()),
            user_agent: None,
            remember: true,
        }
    }

    /// The same sign-in, made by a plugin.
    pub fn of_plugin(mut self, id: &str) -> RawAttempt {
        self.plugin = Some(id.to_owned());
        self
    }

    /// The same sign-in, at another path.
    pub fn at(mut self, path: &str) -> RawAttempt {
        path.clone_into(&mut self.path);
        self
    }

    /// The same sign-in, from a client with this address.
    pub fn from_address(mut self, address: &str) -> RawAttempt {
        self.client_address = Some(address.to_owned());
        self
    }

    /// The same sign-in, by this browser or program.
    pub fn with_user_agent(mut self, agent: &str) -> RawAttempt {
        self.user_agent = Some(agent.to_owned());
        self
    }

    /// The same sign-in, whose session would end with the browser.
    pub fn not_remembered(mut self) -> RawAttempt {
        self.remember = false;
        self
    }

    pub(crate) fn user(&self) -> String {
        self.user.clone()
    }

    pub(crate) fn method(&self) -> String {
        self.method.clone()
    }

    pub(crate) fn path(&self) -> String {
        self.path.clone()
    }

    pub(crate) fn plugin(&self) -> Option<String> {
        self.plugin.clone()
    }

    pub(crate) fn remember(&self) -> bool {
        self.remember
    }

    pub(crate) fn client_address(&self) -> Option<String> {
        self.client_address.clone()
    }

    pub(crate) fn user_agent(&self) -> Option<String> {
        self.user_agent.clone()
    }
}
