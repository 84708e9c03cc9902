//! Which function of the host may be called at which moment: one table for the server, the SDK's fake host, their errors and
//! the documentation.

use std::fmt;

use crate::moment::{Moment, Moments};
use Moment::{Before, Check, Chunk, Claims, Event, Function, Job, Page, Permission, Route, Section};
use Transaction::{Any, Inside, Outside};

/// Rows of the table: functions of one capability that may be called at the same moments.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The capability, as grants name it.
    pub capability: &'static str,
    /// The functions, as the WIT names them.
    pub functions: &'static [&'static str],
    moments: Moments,
    /// Whether a transaction may be open, or has to be.
    pub transaction: Transaction,
    /// Why it is refused at another moment.
    why: &'static str,
}

/// What a call has to do with the plugin's open transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transaction {
    /// It takes part in one, or goes without.
    Any,
    /// It is refused while one is open.
    Outside,
    /// It is refused while none is open.
    Inside,
}

/// One function of the host, found in the table.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    rule: &'static Rule,
    function: &'static str,
}

/// Why a function cannot be called now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotNow {
    capability: &'static str,
    function: &'static str,
    moment: Moment,
    why: &'static str,
    /// Whether the transaction is the reason: the same call is right at this moment, before one or after one.
    pub is_for_transaction: bool,
}

/// Whatever the plugin was called for.
const ALWAYS: Moments = Moments::EVERY;
/// Where there is a database.
const DATA: Moments = Moments::but(&[Check]);
/// Where there is a request.
const REQUEST: Moments = Moments::but(&[Check, Event, Job, Chunk]);
/// Where an answer can still be made.
const OPENS: Moments = Moments::only(&[Before, Route, Function, Page]);

const NO_DATA: &str = "there is no database before the plugin is loaded";
const NO_REQUEST: &str = "there is no request; in an event, `change` tells the actor, the path and the address";
const NO_ANSWER: &str = "a session is opened in a route, a page, a function or a `before` hook";
const OF_CHANGE: &str = "an event is part of the transaction of its change";

/// The table, in the order of the documentation.
pub const CALLS: &[Rule] = &[
    rule("config", &["options", "base-url", "base-path", "app-name", "core-options"], ALWAYS, Any, ""),
    rule("log", &["write"], ALWAYS, Any, ""),
    rule("clock", &["now-millis"], ALWAYS, Any, ""),
    rule(
        "crypto",
        &["random-string", "random-bytes", "sha256", "hmac-sha256", "seal", "open", "constant-time-equal"],
        ALWAYS,
        Any,
        "",
    ),
    rule("cache", &["get", "put", "remove"], ALWAYS, Any, ""),
    rule("site", &["view", "page", "asset", "file", "description"], ALWAYS, Any, ""),
    rule("keys", &["generate", "sign", "verify", "verify-named"], ALWAYS, Any, ""),
    rule("sealing", &["seal", "open"], ALWAYS, Any, ""),
    rule("webauthn", &["verify-registration", "verify-assertion"], ALWAYS, Any, ""),
    rule("http", &["send"], Moments::but(&[Event]), Outside, OF_CHANGE),
    rule("http", &["enqueue"], DATA, Any, NO_DATA),
    rule("cookies", &["get", "get-signed", "list-signed", "set", "set-signed", "delete"], REQUEST, Any, NO_REQUEST),
    rule("verifications", &["create", "find", "consume", "replace"], DATA, Any, NO_DATA),
    rule("counters", &["hit", "peek", "reset", "acquire"], Moments::but(&[Check, Event]), Outside, OF_CHANGE),
    rule("models", &["find", "count", "insert", "update", "delete", "consume", "increment"], DATA, Any, NO_DATA),
    rule("mail", &["enqueue"], DATA, Any, NO_DATA),
    rule("jobs", &["enqueue"], DATA, Any, NO_DATA),
    rule("plugin-events", &["emit"], DATA, Any, NO_DATA),
    rule("transactions", &["begin"], Moments::but(&[Check, Event]), Any, OF_CHANGE),
    rule(
        "users",
        &[
            "find-by-id",
            "find-by-email",
            "find-by-own-field",
            "create",
            "update",
            "credentials-version",
            "tell-of-change",
        ],
        DATA,
        Any,
        NO_DATA,
    ),
    rule("users", &["lock"], DATA, Inside, NO_DATA),
    rule("email-ownership", &["confirm", "send-verification"], REQUEST, Any, NO_REQUEST),
    rule("passwords", &["verify", "exists"], DATA, Any, NO_DATA),
    rule("passwords", &["verify-sign-in"], REQUEST, Outside, NO_REQUEST),
    rule("accounts", &["find", "list-of-user", "create", "update", "provider-of"], DATA, Any, NO_DATA),
    rule("accounts", &["remember", "remembered"], REQUEST, Any, NO_REQUEST),
    rule(
        "sessions",
        &["current", "opened", "is-remembered", "update-current", "end-current", "refresh-current", "forget-choice"],
        REQUEST,
        Any,
        NO_REQUEST,
    ),
    rule("sessions", &["open", "replace-current"], OPENS, Any, NO_ANSWER),
    rule("browser-sessions", &["find", "end"], DATA, Any, NO_DATA),
    rule("browser-sessions", &["resume"], OPENS, Any, NO_ANSWER),
    rule(
        "session-tokens",
        &["present"],
        Moments::only(&[Before]),
        Any,
        "a session is presented in a `before` hook, before anything asked for it",
    ),
    rule("session-tokens", &["bearer"], REQUEST, Any, NO_REQUEST),
    rule("session-tokens", &["issued"], Moments::only(&[Moment::After]), Any, "there is no answer of an endpoint"),
    rule("user-directory", &["find", "count"], DATA, Any, NO_DATA),
    rule("user-administration", &["create", "set-password", "delete"], DATA, Any, NO_DATA),
    rule("session-administration", &["list-of-user", "find", "end", "end-all", "end-by-own-field"], DATA, Any, NO_DATA),
    rule("session-administration", &["impersonate"], OPENS, Any, NO_ANSWER),
    rule(
        "claims",
        &["collect"],
        Moments::but(&[Check, Event, Claims, Section, Permission, Job, Chunk]),
        Any,
        "claims are collected for a request, and not by who is asked for claims, a section or a permission",
    ),
    rule(
        "permissions",
        &["allows"],
        Moments::but(&[Check, Event, Permission, Job, Chunk]),
        Any,
        "a permission is asked for a request, and not by who decides it",
    ),
    rule(
        "endpoints",
        &["call"],
        Moments::only(&[Route, Function, Page, Section]),
        Outside,
        "endpoints are called by a route, a function, a page or a section",
    ),
    rule(
        "bodies",
        &["read"],
        Moments::only(&[Route]),
        Outside,
        "a body is read chunk by chunk in a route, which declares it",
    ),
    rule("sections", &["contributors"], REQUEST, Any, NO_REQUEST),
    rule("sections", &["ask", "ask-one"], Moments::only(&[Page]), Outside, "sections are asked for by a page"),
];

const fn rule(
    capability: &'static str,
    functions: &'static [&'static str],
    moments: Moments,
    transaction: Transaction,
    why: &'static str,
) -> Rule {
    Rule { capability, functions, moments, transaction, why }
}

impl Rule {
    /// Whether its functions may be called at this moment.
    pub const fn allows(&self, moment: Moment) -> bool {
        self.moments.has(moment)
    }
}

impl Call {
    /// The function in the table.
    ///
    /// # Panics
    /// When it has no row: at compile time, where the call is a constant.
    #[allow(clippy::panic, reason = "a constant that is not in the table is not compiled")]
    pub const fn of(capability: &str, function: &str) -> Self {
        let mut rules = CALLS;
        while let [rule, others @ ..] = rules {
            let mut functions = rule.functions;
            while let [name, rest @ ..] = functions {
                if is_same(rule.capability, capability) && is_same(name, function) {
                    return Self { rule, function: name };
                }
                functions = rest;
            }
            rules = others;
        }
        panic!("the table of calls has no such function")
    }

    /// Whether it may be called at this moment, with the right transaction.
    pub const fn allows(&self, moment: Moment) -> bool {
        self.rule.allows(moment)
    }

    /// Capability and function: `models.insert`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.rule.capability, self.function)
    }

    /// Why it cannot be called now; none when it can.
    pub fn fault(&self, moment: Moment, is_in_transaction: impl FnOnce() -> bool) -> Option<NotNow> {
        let rule = self.rule;
        if !rule.allows(moment) {
            let is_for_transaction = moment == Event && rule.transaction == Outside && rule.allows(Route);
            let why = match moment {
                Check => NO_DATA,
                Event if is_for_transaction => OF_CHANGE,
                _ => rule.why,
            };
            return Some(self.not_now(moment, why, is_for_transaction));
        }
        let (refused, why) = match rule.transaction {
            Any => return None,
            Outside => (true, "while a transaction is open: call it before one begins, or after its end"),
            Inside => (false, "without a transaction, which keeps the row for the plugin"),
        };
        (is_in_transaction() == refused).then(|| self.not_now(moment, why, true))
    }

    const fn not_now(&self, moment: Moment, why: &'static str, is_for_transaction: bool) -> NotNow {
        NotNow { capability: self.rule.capability, function: self.function, moment, why, is_for_transaction }
    }
}

impl fmt::Display for NotNow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { capability, function, moment, why, is_for_transaction } = *self;
        match is_for_transaction && moment != Event {
            true => write!(out, "`{capability}.{function}` cannot be called {why}"),
            false => write!(out, "`{capability}.{function}` cannot be called {}: {why}", moment.phrase()),
        }
    }
}

const fn is_same(left: &str, right: &str) -> bool {
    let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
    while let ([a, rest_left @ ..], [b, rest_right @ ..]) = (left, right) {
        if *a != *b {
            return false;
        }
        (left, right) = (rest_left, rest_right);
    }
    left.is_empty() && right.is_empty()
}

/// The table as Markdown, for people.
pub fn calls_table() -> String {
    let columns = Moment::ALL.map(Moment::name).join(" | ");
    let line = "|---".repeat(Moment::ALL.len() + 2);
    let rows = CALLS.iter().map(|rule| {
        let cells = Moment::ALL.map(|moment| if rule.allows(moment) { "yes" } else { "" }).join(" | ");
        let transaction = match rule.transaction {
            Any => "yes",
            Outside => "",
            Inside => "only",
        };
        let functions = rule.functions.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ");
        format!("| **{}** {functions} | {cells} | {transaction} |\n", rule.capability)
    });
    format!("| call | {columns} | in a transaction |\n{line}|\n{}", rows.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_where_and_why() {
        let said = |capability, function, moment, is_open| {
            Call::of(capability, function).fault(moment, || is_open).map(|fault| fault.to_string()).unwrap_or_default()
        };
        assert_eq!(
            said("sessions", "current", Event, true),
            "`sessions.current` cannot be called in an event: there is no request; in an event, `change` tells the actor, \
             the path and the address"
        );
        assert_eq!(
            said("counters", "hit", Route, true),
            "`counters.hit` cannot be called while a transaction is open: call it before one begins, or after its end"
        );
        assert!(said("transactions", "begin", Event, true).ends_with("the transaction of its change"));
        assert!(said("models", "find", Check, false).ends_with("before the plugin is loaded"));
        assert_eq!(said("counters", "hit", Route, false), "");
        assert!(said("users", "lock", Route, false).contains("without a transaction"));
        assert_eq!(said("users", "lock", Event, true), "");
    }

    #[test]
    fn no_function_stands_twice() {
        let mut all: Vec<String> = Vec::new();
        for rule in CALLS {
            all.extend(rule.functions.iter().map(|function| format!("{}.{function}", rule.capability)));
        }
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
