//! Where in a script's text `ctx` is the context of which moment.

use std::ops::Range;

use super::words::Word;
use crate::hooks::language::declare::HookPoint;

type Words = [(Word, usize)];

/// A piece of text in which a name stands for the context.
pub struct Body {
    /// What the context is called.
    pub context: String,
    /// The moments that it may be of.
    pub moments: Vec<HookPoint>,
    /// The models whose changes the hook names; `*` for all.
    pub models: Vec<String>,
    /// The words.
    pub range: Range<usize>,
}

/// The closures of hooks, and the functions that get a context from them.
pub fn bodies(words: &Words) -> Vec<Body> {
    let functions = functions(words);
    let mut bodies: Vec<Body> = (0..words.len()).filter_map(|at| hook(words, at)).collect();
    let mut next = 0;
    while let Some(body) = bodies.get(next) {
        let mut handed = Vec::new();
        for at in body.range.clone() {
            for (function, position) in call(words, at, &body.context, &functions) {
                let Some(context) = function.parameters.get(position) else { continue };
                let range = function.range.clone();
                let (moments, models) = (body.moments.clone(), body.models.clone());
                handed.push(Body { context: context.clone(), moments, models, range });
            }
        }
        let is_known = |new: &Body| {
            bodies.iter().any(|old| old.range == new.range && old.context == new.context && old.moments == new.moments)
        };
        handed.retain(|new| !is_known(new));
        bodies.extend(handed);
        next += 1;
    }
    bodies
}

struct Function {
    name: String,
    parameters: Vec<String>,
    range: Range<usize>,
}

fn functions(words: &Words) -> Vec<Function> {
    let function = |at: usize| {
        let named = defined_at(words, at)?;
        let Word::Name(name) = word(words, named)? else { return None };
        let end = closing(words, named + 1)?;
        let parameters = words.get(named + 2..end)?.iter().filter_map(|(word, _)| match word {
            Word::Name(name) => Some(name.clone()),
            _ => None,
        });
        let range = end + 1..closing(words, end + 1)?;
        Some(Function { name: name.clone(), parameters: parameters.collect(), range })
    };
    (0..words.len()).filter_map(function).collect()
}

/// The closure of a hook that is declared at this word.
fn hook(words: &Words, at: usize) -> Option<Body> {
    let Word::Name(name) = word(words, at)? else { return None };
    let end = closing(words, at + 1)?;
    let bar = (at + 2..end).find(|at| word(words, *at) == Some(&Word::Sign("|")))?;
    let (Word::Name(context), Word::Sign("|")) = (word(words, bar + 1)?, word(words, bar + 2)?) else { return None };
    let arguments = words.get(at + 2..bar)?;
    let moments = moments(name, arguments)?;
    let model = |(word, _): &(Word, usize)| match word {
        Word::Text(text) => text.split_once('.').map(|(model, _)| model.to_owned()),
        _ => None,
    };
    let mut models: Vec<String> = arguments.iter().filter_map(model).collect();
    models.sort_unstable();
    models.dedup();
    Some(Body { context: context.clone(), moments, models, range: bar + 3..end })
}

/// The moments that a declaration names; where a variable names the places, it may be any of them.
fn moments(function: &str, arguments: &Words) -> Option<Vec<HookPoint>> {
    let (at_path, at_change) = match function {
        "before" => (HookPoint::Before, HookPoint::BeforeChange),
        "after" => (HookPoint::After, HookPoint::AfterChange),
        "before_mail" => return Some(vec![HookPoint::Mail]),
        name => return HookPoint::ALONE.into_iter().find(|moment| moment.name() == name).map(|moment| vec![moment]),
    };
    let has = |is: fn(&Word) -> bool| arguments.iter().any(|(word, _)| is(word));
    let is_open = has(|word| matches!(word, Word::Name(_)));
    let paths = has(|word| matches!(word, Word::Text(text) if text.starts_with('/')));
    let changes = has(|word| matches!(word, Word::Text(text) if !text.starts_with('/') && text.contains('.')));
    let moments = [(paths, at_path), (changes, at_change)];
    Some(moments.into_iter().filter(|(named, _)| *named || is_open).map(|(_, moment)| moment).collect())
}

/// The functions that are called at this word with the context, each with the position of that argument.
fn call<'a>(words: &Words, at: usize, context: &str, functions: &'a [Function]) -> Vec<(&'a Function, usize)> {
    let Some(Word::Name(name)) = word(words, at) else { return Vec::new() };
    let Some(function) = functions.iter().find(|function| function.name == *name) else { return Vec::new() };
    let Some(end) = closing(words, at + 1) else { return Vec::new() };
    let (mut found, mut position, mut inner) = (Vec::new(), 0, at + 2);
    while inner < end {
        let is_alone = matches!(word(words, inner - 1), Some(Word::Sign("(" | ",")))
            && matches!(word(words, inner + 1), Some(Word::Sign(")" | ",")));
        match word(words, inner) {
            Some(Word::Sign(",")) => position += 1,
            Some(Word::Name(name)) if name == context && is_alone => found.push((function, position)),
            // What stands in brackets is an argument's own.
            Some(Word::Sign("(" | "[" | "{")) => inner = closing(words, inner).unwrap_or(end),
            _ => {}
        }
        inner += 1;
    }
    found
}

/// Where the name of the function stands that is defined at this word: `fn name(…)`, or `fn int.name(…)` for a method of a type.
pub fn defined_at(words: &Words, at: usize) -> Option<usize> {
    if !matches!(word(words, at)?, Word::Name(keyword) if keyword == "fn") {
        return None;
    }
    let name = if word(words, at + 2) == Some(&Word::Sign(".")) { at + 3 } else { at + 1 };
    matches!(word(words, name)?, Word::Name(_)).then_some(name)
}

/// The word at this place.
pub fn word(words: &Words, at: usize) -> Option<&Word> {
    words.get(at).map(|(word, _)| word)
}

/// The bracket that closes the one at this word.
pub fn closing(words: &Words, at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    if !matches!(word(words, at), Some(Word::Sign("(" | "[" | "{"))) {
        return None;
    }
    for (at, (word, _)) in words.iter().enumerate().skip(at) {
        match word {
            Word::Sign("(" | "[" | "{") => depth += 1,
            Word::Sign(")" | "]" | "}") => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}
