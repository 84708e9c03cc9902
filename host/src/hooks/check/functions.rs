//! Calls of functions that there are not, or not at the moment of the hook that calls them.

use std::collections::BTreeSet;

use rhai::Engine;

use super::meant;
use super::places::{self, Body};
use super::words::Word;
use crate::hooks::language::api::{self, When};
use crate::hooks::language::functions::problem_of_zone;

type Words = [(Word, usize)];

/// What stands before a bracket and is no function.
const KEYWORDS: [&str; 17] = [
    "break", "if", "else", "while", "until", "for", "in", "switch", "return", "throw", "catch", "loop", "do", "let",
    "const", "fn", "this",
];
/// What the language calls without a definition.
const BUILT_IN: [&str; 6] = ["call", "type_of", "is_def_fn", "is_def_var", "is_shared", "Fn"];

/// Calls of functions that neither the language nor the server nor the script has, each with its line. A method may be a closure
/// in a map, of which the text does not tell.
pub fn unknown(engine: &Engine, words: &Words, are_methods: bool) -> Vec<(usize, String)> {
    let of_kind = |(at, ..): &(usize, &str, usize)| is_method(words, *at) == are_methods;
    let mut known: BTreeSet<&str> = own(words).chain(BUILT_IN).collect();
    // The language is asked for all that it has only when it must be: that takes longer than compiling a script.
    let is_plain = |(_, name, _): (usize, &str, usize)| known.contains(name) || api::when(name).is_some();
    if calls(words, 0..words.len()).filter(of_kind).all(is_plain) {
        return Vec::new();
    }
    let signatures = engine.gen_fn_signatures(true);
    known.extend(signatures.iter().map(|signature| api::name(signature)));
    let of_one = |(at, name, line): (usize, &str, usize)| {
        let may_be_closure = is_method(words, at) && is_key(words, name);
        let problem = || (line, format!("there is no function `{name}`{}", meant(name, known.iter().copied())));
        (!known.contains(name) && !may_be_closure).then(problem)
    };
    calls(words, 0..words.len()).filter(of_kind).filter_map(of_one).collect()
}

/// The functions that the script defines.
fn own(words: &Words) -> impl Iterator<Item = &str> {
    (0..words.len()).filter_map(|at| match places::word(words, places::defined_at(words, at)?) {
        Some(Word::Name(name)) => Some(name.as_str()),
        _ => None,
    })
}

fn is_method(words: &Words, at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| super::is_dot(words, before))
}

/// Calls of functions that the moments of this body do not have, each with its line.
pub fn misplaced(words: &Words, body: &Body) -> Vec<(usize, String)> {
    let of_one = |(_, name, line): (usize, &str, usize)| {
        let When::In(moments) = api::when(name)? else { return None };
        if own(words).any(|own| own == name)
            || body.moments.is_empty()
            || body.moments.iter().any(|moment| moments.contains(moment))
        {
            return None;
        }
        let here = body.moments.first()?.called();
        let others = moments.iter().map(|moment| moment.called()).collect::<Vec<_>>().join(", ");
        Some((line, format!("`{name}` cannot be used in {here}, only in {others}")))
    };
    calls(words, body.range.clone()).filter_map(of_one).collect()
}

/// Time zones that there are not, where a call of `date` names one, each with its line.
pub fn zones(words: &Words) -> Vec<(usize, String)> {
    let of_one = |(at, name, _): (usize, &str, usize)| {
        let end = (name == "date").then(|| places::closing(words, at + 1))??;
        let last = end.checked_sub(1)?;
        let is_alone = last.checked_sub(1).is_some_and(|comma| places::word(words, comma) == Some(&Word::Sign(",")));
        match words.get(last) {
            Some((Word::Text(zone), line)) if is_alone => problem_of_zone(zone).map(|problem| (*line, problem)),
            _ => None,
        }
    };
    calls(words, 0..words.len()).filter_map(of_one).collect()
}

/// The names that stand before a bracket: place, name and line.
fn calls(words: &Words, range: std::ops::Range<usize>) -> impl Iterator<Item = (usize, &str, usize)> {
    words.iter().enumerate().take(range.end).skip(range.start).filter_map(|(at, (word, line))| {
        let Word::Name(name) = word else { return None };
        let is_call = places::word(words, at + 1) == Some(&Word::Sign("(")) && !KEYWORDS.contains(&name.as_str());
        let defines =
            |before: usize| places::defined_at(words, at.checked_sub(before)?).filter(|defined| *defined == at);
        let is_definition = defines(1).or_else(|| defines(3)).is_some();
        (is_call && !is_definition).then_some((at, name.as_str(), *line))
    })
}

/// Whether some map of the script has this key.
fn is_key(words: &Words, name: &str) -> bool {
    words.windows(2).any(|pair| match pair {
        [(Word::Text(key), _), _] => key == name,
        [(Word::Name(key), _), (Word::Sign(":" | "="), _)] => key == name,
        _ => false,
    })
}
