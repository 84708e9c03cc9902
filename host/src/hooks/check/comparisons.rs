//! Comparisons of a script that can never be true, as far as the text alone tells.

use super::places::{self, closing};
use super::words::Word;
use super::{World, meant};
use crate::hooks::language::api;
use crate::hooks::language::declare::METHODS;

type Words = [(Word, usize)];

/// What is known of a property's values.
#[derive(Clone, Copy)]
struct Known {
    kind: &'static str,
    may_be_nothing: bool,
    values: &'static [&'static str],
}

fn known(property: &str) -> Option<Known> {
    let values: &'static [&'static str] = match property {
        "method" => &METHODS,
        "action" => &["create", "update", "delete"],
        "model" => &["user", "session", "account", "verification"],
        _ => &[],
    };
    let kind = api::part_type(property)?;
    let may_be_nothing = kind.ends_with('?') || kind == "String";
    let kind = match kind.trim_end_matches('?') {
        "String" => "a text",
        "int" => "a number",
        "bool" => "a truth value",
        "Array" => "an array",
        "Map" => "a map",
        _ => return None,
    };
    Some(Known { kind, may_be_nothing, values })
}

/// What is wrong with the comparison of the property whose `ctx` stands at this word.
pub fn problem(words: &Words, at: usize, property: &str, world: &World<'_>) -> Option<String> {
    let word = |at: usize| places::word(words, at);
    let context = match word(at)? {
        Word::Name(context) => context,
        _ => return None,
    };
    let name = format!("{context}.{property}");
    if matches!(property, "headers" | "query" | "params")
        && let Some(problem) = of_part(words, at + 3, &name)
    {
        return Some(problem);
    }
    let known = known(property)?;
    let after = operator(word(at + 3)).and_then(|operator| Some((operator, literal(words, at + 4)?)));
    // A text or a number alone can stand before it; what precedes that may belong to it.
    let before = || {
        let is_end =
            |word: Option<&Word>| matches!(word, None | Some(Word::Sign("(" | "&&" | "||" | "!" | ";" | "{" | ",")));
        let starts = match at.checked_sub(3) {
            Some(start) => is_end(word(start)) || matches!(word(start), Some(Word::Name(name)) if name == "if"),
            None => true,
        };
        let operator = operator(word(at.checked_sub(1)?))?;
        if !starts || is_longer(word(at + 3)) { None } else { Some((operator, literal(words, at.checked_sub(2)?)?)) }
    };
    let (operator, value) = after.or_else(before)?;
    let is_equality = operator == "==" || operator == "!=";
    let is_nothing = value.kind == "()";
    if value.kind != known.kind && !(is_equality && is_nothing && known.may_be_nothing) {
        return Some(if is_equality {
            format!("`{name}` is {} and never equals {}", known.kind, value.kind)
        } else {
            format!("`{operator}` fails: `{name}` is {}, and beside it is {}", known.kind, value.kind)
        });
    }
    let text = value.text.filter(|_| is_equality)?;
    if !known.values.is_empty() && !known.values.contains(&text) {
        return Some(format!("`{name}` is never {text:?}"));
    }
    match property {
        "path" if !(world.is_route)(text) => Some(format!("no route matches {text:?}")),
        "kind" if !world.kinds.iter().any(|kind| kind == text) => {
            Some(format!("no mail is of the kind {text:?}{}", meant(text, world.kinds.iter().map(String::as_str))))
        }
        _ => None,
    }
}

/// What is wrong with the comparison of a part of a map of texts; the part begins at this word.
fn of_part(words: &Words, at: usize, map: &str) -> Option<String> {
    let word = |at: usize| places::word(words, at);
    let (part, next) = match (word(at)?, word(at + 1)?) {
        (Word::Sign("." | "?."), Word::Name(name)) => (format!(".{name}"), at + 2),
        (Word::Sign("["), Word::Text(name)) if word(at + 2) == Some(&Word::Sign("]")) => {
            (format!("[{name:?}]"), at + 3)
        }
        _ => return None,
    };
    let (operator, value) = (operator(word(next))?, literal(words, next + 1)?);
    match (operator, value.kind) {
        (_, "a text") | ("==" | "!=", "()") => None,
        ("==" | "!=", kind) => Some(format!("`{map}{part}` is a text and never equals {kind}")),
        (_, kind) => Some(format!("`{operator}` fails: `{map}{part}` is a text, and beside it is {kind}")),
    }
}

/// Comparisons of `type_of(…)` with what is the name of no type, each with its line.
pub fn of_types(words: &Words) -> Vec<(usize, String)> {
    const TYPES: [&str; 13] =
        ["()", "bool", "string", "char", "i64", "f64", "array", "map", "Fn", "headers", "blob", "range", "range="];
    let wrong = |(at, (word, line)): (usize, &(Word, usize))| {
        let end = matches!(word, Word::Name(name) if name == "type_of").then(|| closing(words, at + 1))??;
        operator(places::word(words, end + 1))?;
        let text = literal(words, end + 2)?.text?;
        (!TYPES.contains(&text)).then(|| (*line, format!("no value is of the type {text:?}")))
    };
    words.iter().enumerate().filter_map(wrong).collect()
}

fn operator(word: Option<&Word>) -> Option<&'static str> {
    match word {
        Some(Word::Sign(sign @ ("==" | "!=" | "<" | "<=" | ">" | ">="))) => Some(sign),
        _ => None,
    }
}

/// Whether a name goes on: with a part of it, a call, or arithmetic.
fn is_longer(word: Option<&Word>) -> bool {
    matches!(word, Some(Word::Sign("." | "?." | "[" | "(" | "+" | "-" | "*" | "/" | "%" | "??")))
}

struct Literal<'a> {
    kind: &'static str,
    text: Option<&'a str>,
}

/// The plain value that begins at this word, unless something is made of it.
fn literal(words: &Words, at: usize) -> Option<Literal<'_>> {
    let word = |at: usize| places::word(words, at);
    let (value, next) = match word(at)? {
        Word::Text(text) => (Literal { kind: "a text", text: Some(text) }, at + 1),
        Word::Number => (Literal { kind: "a number", text: None }, at + 1),
        Word::Name(name) if name == "true" || name == "false" => {
            (Literal { kind: "a truth value", text: None }, at + 1)
        }
        Word::Sign("(") if word(at + 1) == Some(&Word::Sign(")")) => (Literal { kind: "()", text: None }, at + 2),
        _ => return None,
    };
    (!is_longer(word(next))).then_some(value)
}
