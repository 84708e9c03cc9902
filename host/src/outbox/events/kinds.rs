//! Every kind of event that another system can be told of: the one list, of which the book's table is made.

use serde_json::{Map, Value as Json};

/// Where events of a kind come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A row that changes: the event is written in the transaction of the change.
    Change,
    /// A row of the audit log: its event, and how it ended; none means either.
    Audit(&'static str, Option<&'static str>),
}

/// One kind of event.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its name: the `type` of a webhook.
    pub name: &'static str,
    /// Where it comes from.
    pub source: Source,
    /// When it happens, in one sentence.
    pub about: &'static str,
}

const fn change(name: &'static str, about: &'static str) -> Kind {
    Kind { name, source: Source::Change, about }
}

const fn audit(name: &'static str, event: &'static str, outcome: &'static str, about: &'static str) -> Kind {
    Kind { name, source: Source::Audit(event, Some(outcome)), about }
}

/// The kind of `doorward webhooks test`. Every receiver gets it.
pub const TEST: &str = "webhook.test";

/// All of them, beside `audit.*`: each row of the audit log under its own name.
pub const KINDS: [Kind; 18] = [
    change("user.created", "A user is there for the first time, however that came."),
    change("user.updated", "Fields of a user changed; `changed` names them."),
    change("user.deleted", "A user is gone, with sessions and accounts."),
    change("user.banned", "A user is kept out."),
    change("user.unbanned", "A user who was kept out may come again."),
    change("session.created", "Somebody signed in."),
    change("session.ended", "A session ended before its time: its user signed out, or it was revoked."),
    change("account.linked", "A provider's account leads to a user now."),
    change("account.unlinked", "A provider's account does not lead to its user any more."),
    change("password.changed", "A user has another password, or the first one."),
    change("password.reset", "A user set a password by a mailed link or code."),
    change("email.changed", "A user has another address; `from` and `to` are the addresses."),
    change("email.verified", "A user proved the address."),
    change("second_factor.enabled", "A user has a second factor now."),
    change("second_factor.disabled", "A user has no second factor any more."),
    change("passkey.changed", "A user has a passkey more or less; `change` is `added` or `removed`."),
    audit("sign_in.refused", "sign-in", "refused", "A sign-in failed; `code` is the reason."),
    audit("sign_in.locked_out", "lockout", "refused", "A sign-in was refused after too many failures."),
];

/// The name of an event of the audit log as a kind: `audit.sign_in`.
pub fn of_audit(event: &str) -> String {
    let plain = |letter: char| match letter {
        '/' => '.',
        letter if letter.is_ascii_alphanumeric() => letter,
        _ => '_',
    };
    format!("audit.{}", event.chars().map(plain).collect::<String>())
}

/// The kinds that a row of the audit log is an event of.
pub fn of_row(event: &str, outcome: &str) -> Vec<String> {
    let named = KINDS.iter().filter(|kind| match kind.source {
        Source::Audit(of, ended) => of == event && ended.is_none_or(|ended| ended == outcome),
        Source::Change => false,
    });
    named.map(|kind| kind.name.to_owned()).chain([of_audit(event)]).collect()
}

/// Something that happened to a user.
#[derive(Clone, Debug)]
pub struct Told {
    /// Its kind.
    pub kind: &'static str,
    /// The user's id.
    pub user_id: String,
    /// The user's address, where it is known.
    pub email: Option<String>,
    /// What else is told. Never a secret.
    pub data: Map<String, Json>,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn kinds_have_names_that_receivers_take() {
        // As the specification of Standard Webhooks has them: letters, digits and `_`, parted by full stops.
        let is_plain = |name: &str| {
            name.split('.').all(|part| {
                !part.is_empty() && part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
            })
        };
        assert!(KINDS.iter().all(|kind| is_plain(kind.name) && kind.about.ends_with('.')));
        let names: HashSet<_> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), KINDS.len());
        assert!(is_plain(&of_audit("two-factor/verify-totp")));
        assert_eq!(of_row("sign-in", "refused"), ["sign_in.refused", "audit.sign_in"]);
        assert_eq!(of_row("sign-in", "done"), ["audit.sign_in"]);
    }
}
