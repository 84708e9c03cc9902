//! What is wrong in a configuration, in one line: the place and the reason, never a value.
//!
//! Invariant: no text of a value gets into an error. A value in the wrong place may be a password.

use toml::{Table, Value};

use super::Config;
use super::error::ConfigError;

/// As like as a name with a slip or two.
const ALMOST: f64 = 0.9;

/// The error of a text; says line and column.
pub(super) fn in_text(error: &toml::de::Error, text: &str) -> ConfigError {
    ConfigError::Invalid(match error.span() {
        Some(span) => {
            let (line, column) = place(text, span.start);
            let reason = below_a_section(text, span.start).unwrap_or_else(|| reason(error.message()));
            let option = if reason.starts_with("invalid ") { wrong_option(text) } else { None };
            let option = option.map(|option| format!("{option}: ")).unwrap_or_default();
            format!("line {line}, column {column}: {option}{reason}")
        }
        None => reason(error.message()),
    })
}

/// The option whose value is wrong: the parser names it only when it reads a table.
fn wrong_option(text: &str) -> Option<String> {
    let error = Value::Table(text.parse().ok()?).try_into::<Config>().err()?;
    option_of(&error)
}

/// Whether there is an option or a section of this name at the top of the file.
pub fn is_at_top(name: &str) -> bool {
    fields_of(&[]).iter().any(|option| option == name)
}

/// The option or section at the top of the file that is almost called so.
pub fn nearest_at_top(name: &str) -> Option<String> {
    let top = fields_of(&[]);
    let meant = nearest(name, top.iter().map(String::as_str))?;
    (strsim::jaro_winkler(name, meant) > ALMOST).then(|| meant.to_owned())
}

/// The advice for an option of the top that stands below a section, on a line of its own.
pub fn misplaced(name: &str, section: &str) -> String {
    format!("`{name}` stands below `{section}`; move it above the first section")
}

/// When the faulty line sets an option of the top and the section above it has none of that name: the advice.
fn below_a_section(text: &str, at: usize) -> Option<String> {
    let begin = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let name = text.get(begin..)?.lines().next()?.split_once('=')?.0.trim();
    let headers = text.get(..begin)?.lines().rev().map(str::trim);
    let header = headers.into_iter().find(|line| line.starts_with('['))?.split('#').next()?.trim();
    let section: Vec<String> = header.trim_matches(['[', ']']).split('.').map(|part| part.trim().to_owned()).collect();
    (is_at_top(name) && !fields_of(&section).iter().any(|field| field == name)).then(|| misplaced(name, header))
}

/// The error of a table that was put together; says the option.
pub(super) fn in_table(error: &toml::de::Error) -> ConfigError {
    ConfigError::Invalid(match option_of(error) {
        Some(option) => format!("{option}: {}", reason(error.message())),
        None => reason(error.message()),
    })
}

/// The option whose value is wrong, as `session.expires_in`.
pub(super) fn option_of(error: &toml::de::Error) -> Option<String> {
    let shown = error.to_string();
    let line = shown.lines().rev().find_map(|line| line.strip_prefix("in `"))?;
    line.strip_suffix('`').map(str::to_owned)
}

/// From "unknown field `x`, expected one of `a`, `b`" the unknown name and the known ones.
pub(super) fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    quoted(message.strip_prefix("unknown field ")?)
}

/// The first name in backticks, and the others.
fn quoted(text: &str) -> Option<(&str, Vec<&str>)> {
    let mut names = text.split('`').skip(1).step_by(2);
    Some((names.next()?, names.collect()))
}

/// The known name that looks most like `unknown`.
pub fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likely = known.map(|name| (name, strsim::jaro_winkler(unknown, name)));
    let (name, likeness) = likely.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    (likeness > 0.7).then_some(name)
}

fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// The parser's message without what stood in the file.
fn reason(message: &str) -> String {
    let message = message.trim_end().replace('\n', ", ");
    let meant = |unknown: &str, known: &[&str]| {
        nearest(unknown, known.iter().copied()).map(|known| format!("; did you mean `{known}`?"))
    };
    if let Some((unknown, known)) = unknown_field(&message) {
        return match meant(unknown, &known) {
            Some(meant) => format!("unknown field `{unknown}`{meant}"),
            None => message.clone(),
        };
    }
    if let Some((found, known)) = message.strip_prefix("unknown variant ").and_then(quoted) {
        let listed = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let meant = meant(found, &known).unwrap_or_default();
        return format!("unknown variant, expected one of {listed}{meant}");
    }
    for kind in ["invalid type: ", "invalid value: ", "invalid length "] {
        if let Some((found, expected)) = message.strip_prefix(kind).and_then(|rest| rest.rsplit_once(", expected ")) {
            let found = found.split(['"', '`', '\'']).next().unwrap_or_default().trim();
            return format!("{kind}{found}, expected {}", plain(expected));
        }
    }
    message
}

/// What the parser expected, without the words of the language that this is written in.
fn plain(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a section",
        other if other.starts_with("struct ") => "a section",
        other => other,
    }
}

/// The names of the options in a section, as the parser lists them when it is given one that does not exist.
pub(super) fn fields_of(section: &[String]) -> Vec<String> {
    let mut table = Table::from_iter([("?".to_owned(), Value::Boolean(true))]);
    for key in section.iter().rev() {
        table = Table::from_iter([(key.clone(), Value::Table(table))]);
    }
    let Err(error) = Value::Table(table).try_into::<Config>() else { return Vec::new() };
    let of_section = unknown_field(error.message()).filter(|(unknown, _)| *unknown == "?");
    of_section.map(|(_, known)| known.into_iter().map(str::to_owned).collect()).unwrap_or_default()
}
