//! The table of what scripts call and see, as texts: definitions for editors, and the tables of the documentation.

use std::fmt::Write;

use super::api::{self, Group, Row, When};
use super::declare::HookPoint;

/// Definitions for editors that speak to Rhai's language server (`.d.rhai`).
pub fn definitions() -> String {
    let mut text = String::from("module static;\n");
    for row in api::ROWS {
        for signature in row.signatures {
            let (about, moments) = (row.about, moments(row.when));
            // Writing to a text cannot fail.
            _ = write!(text, "\n/// {about}{moments}\nfn {};\n", signature.replace("self: ", "text: "));
        }
    }
    text.push_str("\n// What `ctx` has depends on the moment:\n");
    for moment in HookPoint::ALL {
        let parts = api::parts_of(moment).map(|(name, kind)| format!("{name}: {kind}"));
        _ = writeln!(text, "// {}: {}", moment.called(), parts.collect::<Vec<_>>().join(", "));
    }
    text
}

fn moments(when: When) -> String {
    match when {
        When::AtTop => " Call it at the top of a script.".into(),
        When::Anywhere => String::new(),
        When::In(moments) => format!(" Works in {}.", list(moments)),
    }
}

/// Moments in words: those, or all but the few others.
fn list(moments: &[HookPoint]) -> String {
    let names = |moments: Vec<HookPoint>| moments.into_iter().map(HookPoint::called).collect::<Vec<_>>().join(", ");
    let others: Vec<_> = HookPoint::ALL.into_iter().filter(|moment| !moments.contains(moment)).collect();
    match others.len() {
        0 => "all hooks".to_owned(),
        1 | 2 => format!("all but {}", names(others)),
        _ => names(moments.to_vec()),
    }
}

/// The table of the functions of a group, for the documentation.
pub fn table(group: Group) -> String {
    let rows = api::ROWS.iter().filter(|row| row.group == group);
    let mut text = String::from("| | |\n|---|---|\n");
    for row in rows {
        _ = writeln!(text, "| {} | {} |", calls(row), row.about);
    }
    text
}

/// A hook in a table, where a bar is a border.
const HOOK: &str = "\\|ctx\\| …";

/// The functions of a row as one calls them.
fn calls(row: &'static Row) -> String {
    let call = |signature: &&'static str| {
        let name = api::name(signature);
        let parameters =
            signature.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map_or("", |(all, _)| all);
        let parameter =
            |one: &'static str| Some(one.split_once(':')?.0).map(|name| if name == "hook" { HOOK } else { name });
        let names: Vec<&str> = parameters.split(", ").filter_map(parameter).collect();
        match names.split_first() {
            Some((&"self", rest)) => format!("`text.{name}({})`", rest.join(", ")),
            _ => format!("`{name}({})`", names.join(", ")),
        }
    };
    row.signatures.iter().map(call).collect::<Vec<_>>().join(" ")
}

/// The table of the parts of `ctx`, for the documentation.
pub fn parts_table() -> String {
    let mut text = String::from("| | where | |\n|---|---|---|\n");
    for row in api::PARTS {
        let names: Vec<String> = row.parts.iter().map(|(name, _)| format!("`ctx.{name}`")).collect();
        _ = writeln!(text, "| {} | {} | {} |", names.join(" "), list(row.moments), row.about);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_say_what_there_is_and_when() {
        let text = definitions();
        assert!(text.contains("\n/// do not send this mail Works in before_mail.\nfn stop();\n"), "{text}");
        assert!(text.contains("fn glob(text: String, pattern: String) -> bool;"), "{text}");
        assert!(text.contains("\n// claims: user: Map?, session: Map?, claims: Map\n"), "{text}");
    }

    #[test]
    fn tables_show_calls_without_types() {
        assert!(table(Group::Do).contains("| `abort()` `abort(message)` | the client gets"));
        assert!(table(Group::Compute).contains("`text.glob(pattern)`"));
    }
}
