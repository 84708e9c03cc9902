//! `<`, `<=`, `>` and `>=`: they order numbers, texts and truth values among themselves, and fail for anything else.
//!
//! The language answers `false` for values of unlike types, so that `if age < 18 { reject(…) }` would admit whoever sends
//! no age, or one that is a text.

use std::cmp::Ordering;

use rhai::{Dynamic, Engine};

use crate::hooks::language::native::Native;

type Holds = fn(Ordering) -> bool;

/// Gives scripts the operators in place of those of the language.
pub fn register(engine: &mut Engine) {
    // Fast operators do not ask for registered ones.
    engine.set_fast_operators(false);
    let operators: [(&str, Holds); 4] =
        [("<", Ordering::is_lt), ("<=", Ordering::is_le), (">", Ordering::is_gt), (">=", Ordering::is_ge)];
    for (name, holds) in operators {
        engine.register_fn(name, move |a: Dynamic, b: Dynamic| -> Native<bool> {
            // What is not a number is neither less nor more than any.
            Ok(order(name, &a, &b)?.is_some_and(holds))
        });
    }
}

#[expect(clippy::cast_precision_loss, reason = "whole numbers beside fractions are compared as fractions")]
fn order(operator: &str, a: &Dynamic, b: &Dynamic) -> Native<Option<Ordering>> {
    if let (Ok(a), Ok(b)) = (a.as_int(), b.as_int()) {
        return Ok(Some(a.cmp(&b)));
    }
    let number = |value: &Dynamic| value.as_float().or_else(|_| value.as_int().map(|whole| whole as f64));
    if let (Ok(a), Ok(b)) = (number(a), number(b)) {
        return Ok(a.partial_cmp(&b));
    }
    let text = |value: &Dynamic| {
        let text = value.as_immutable_string_ref().map(|text| text.to_string());
        text.or_else(|_| value.as_char().map(String::from))
    };
    if let (Ok(a), Ok(b)) = (text(a), text(b)) {
        return Ok(Some(a.cmp(&b)));
    }
    if let (Ok(a), Ok(b)) = (a.as_bool(), b.as_bool()) {
        return Ok(Some(a.cmp(&b)));
    }
    let (a, b) = (kind(a), kind(b));
    Err(format!("`{operator}` cannot compare {a} with {b}: look at the type first").into())
}

fn kind(value: &Dynamic) -> &'static str {
    match value.type_name() {
        "()" => "() (a missing value)",
        "i64" | "f64" => "a number",
        "bool" => "a truth value",
        "string" | "char" => "a text",
        "array" => "an array",
        "map" => "a map",
        _ => "this kind of value",
    }
}
