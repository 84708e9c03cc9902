//! What the table of calls says: for the sweep in the server, and for the one on the fake host.

use doorward_contract::{CALLS, Moment, Transaction};

/// The functions that the table refuses at this moment, by name.
pub fn refused(moment: Moment, is_in_transaction: bool) -> Vec<String> {
    let is_refused = |transaction| match transaction {
        Transaction::Any => false,
        Transaction::Outside => is_in_transaction,
        Transaction::Inside => !is_in_transaction,
    };
    let rules = CALLS.iter().filter(|rule| !rule.allows(moment) || is_refused(rule.transaction));
    let names = rules.flat_map(|rule| rule.functions.iter().map(|name| format!("{}.{name}", rule.capability)));
    // These have no way to say no: they answer with nothing.
    let silent = ["session-tokens.bearer", "session-tokens.issued"];
    let mut names: Vec<String> = names.filter(|name| !silent.contains(&name.as_str())).collect();
    names.sort();
    names
}

/// The names in a text, by name.
pub fn sorted(text: &str) -> Vec<String> {
    let mut names: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    names.sort();
    names
}
