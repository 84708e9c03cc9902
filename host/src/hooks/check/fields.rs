//! Fields of users, sessions and other rows that no such row has.

use super::places::{self, Body};
use super::words::Word;
use super::{World, is_dot, meant};
use crate::hooks::language::declare::HookPoint;

type Words = [(Word, usize)];

/// The model whose row a part of `ctx` is.
fn model(part: &str) -> Option<&'static str> {
    match part {
        "user" | "new_user" | "actor" => Some("user"),
        "session" | "new_session" => Some("session"),
        _ => None,
    }
}

/// What is wrong with the field that is read of a part whose `ctx` stands at this word.
pub fn problem(words: &Words, at: usize, part: &str, world: &World<'_>) -> Option<String> {
    let Some(Word::Name(context)) = places::word(words, at) else { return None };
    lacking(words, at + 2, &format!("{context}.{part}"), model(part)?, world)
}

/// What is wrong with the fields of variables that hold such a part, each with its line.
pub fn of_variables(words: &Words, body: &Body, world: &World<'_>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (name, model) in body.range.clone().filter_map(|at| variable(words, at, body)) {
        for at in body.range.clone() {
            let is_it = matches!(places::word(words, at), Some(Word::Name(own)) if own == name);
            let is_part = at.checked_sub(1).is_some_and(|before| is_dot(words, before));
            let line = words.get(at).map_or(0, |(_, line)| *line);
            if is_it && !is_part {
                found.extend(lacking(words, at, name, model, world).map(|problem| (line, problem)));
            }
        }
    }
    found
}

/// `let name = ctx.part;` at this word, in which the variable is that part alone and is never set anew.
fn variable<'a>(words: &'a Words, at: usize, body: &Body) -> Option<(&'a str, &'static str)> {
    let word = |offset: usize| places::word(words, at + offset);
    let is_let = matches!(word(0)?, Word::Name(keyword) if keyword == "let" || keyword == "const");
    let (Word::Name(name), Word::Sign("="), Word::Name(context)) = (word(1)?, word(2)?, word(3)?) else { return None };
    let (Word::Name(part), Word::Sign(";")) = (word(5)?, word(6)?) else { return None };
    let is_set = |at: usize| {
        matches!(places::word(words, at), Some(Word::Name(own)) if own == name)
            && places::word(words, at + 1) == Some(&Word::Sign("="))
    };
    let is_once = body.range.clone().filter(|at| is_set(*at)).count() == 1;
    (is_let && is_once && *context == body.context && is_dot(words, at + 4))
        .then(|| Some((name.as_str(), model(part)?)))?
}

/// Says which field is read after this word, when the model has no such field.
fn lacking(words: &Words, at: usize, name: &str, model: &str, world: &World<'_>) -> Option<String> {
    let Some(Word::Name(field)) = places::word(words, at + 2) else { return None };
    let fields = (world.fields)(model);
    let is_read = is_dot(words, at + 1) && places::word(words, at + 3) != Some(&Word::Sign("("));
    if !is_read || fields.is_empty() || fields.contains(field) {
        return None;
    }
    Some(format!("no {model} has a field `{name}.{field}`{}", meant(field, fields.iter().map(String::as_str))))
}

/// What is wrong with fields of the row of a change: `ctx.data.x` and `ctx.changes.x` where the hook names one model.
pub fn of_row(words: &Words, at: usize, part: &str, body: &Body, world: &World<'_>) -> Option<String> {
    let is_change = |moment: &HookPoint| matches!(moment, HookPoint::BeforeChange | HookPoint::AfterChange);
    let model = body.models.first().filter(|_| body.models.len() == 1 && body.moments.iter().all(is_change))?;
    let Some(Word::Name(context)) = places::word(words, at) else { return None };
    if !matches!(part, "data" | "changes") {
        return None;
    }
    lacking(words, at + 2, &format!("{context}.{part}"), model, world)
}
