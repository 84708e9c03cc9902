//! What scripts ask of the server: values that last, counts that all nodes share, rows of plugins, the user's password.

use rhai::{Dynamic, Engine, Map, NativeCallContext};
use serde_json::Value as Json;

use crate::crypto::secret::Secret;
use crate::hooks::language::asking::{Owner, Question};
use crate::hooks::language::directive::Collector;
use crate::hooks::language::json;
use crate::hooks::language::native::Native;
use crate::hooks::language::running;

/// Longest key, in bytes.
const MAX_KEY_BYTES: usize = 128;
/// Largest value, in bytes of its JSON.
const MAX_VALUE_BYTES: usize = 4096;
const MAX_WINDOW_SECS: i64 = 366 * 86_400;

/// The functions that need an answer of the server. A script that calls one is called with a journal.
pub const NAMES: [&str; 11] = [
    "get_value",
    "set_value",
    "delete_value",
    "get_user_value",
    "set_user_value",
    "delete_user_value",
    "shared_counter",
    "shared_count",
    "reset_shared_counter",
    "rows",
    "verify_password",
];
/// Those of them that are about the user of the call.
pub const OF_USER: [&str; 4] = ["get_user_value", "set_user_value", "delete_user_value", "verify_password"];

/// Gives scripts the functions.
pub fn register(engine: &mut Engine) {
    for (owner, [get, set, delete]) in [
        (Owner::Script, ["get_value", "set_value", "delete_value"]),
        (Owner::User, ["get_user_value", "set_user_value", "delete_user_value"]),
    ] {
        engine.register_fn(get, move |context: NativeCallContext, name: &str| -> Native<Dynamic> {
            ask(&context, get, Question::Value(owner, key(name)?)).map(|value| json::to_script(&value))
        });
        engine.register_fn(set, move |context: NativeCallContext, name: &str, value: Dynamic| -> Native<()> {
            let value = json::from_script(&value)?;
            if value.to_string().len() > MAX_VALUE_BYTES {
                return Err(format!("{set}: a value has at most {MAX_VALUE_BYTES} bytes as JSON").into());
            }
            ask(&context, set, Question::SetValue(owner, key(name)?, value)).map(drop)
        });
        engine.register_fn(delete, move |context: NativeCallContext, name: &str| -> Native<()> {
            ask(&context, delete, Question::DeleteValue(owner, key(name)?)).map(drop)
        });
    }
    engine.register_fn("shared_counter", |context: NativeCallContext, name: &str, secs: i64| -> Native<i64> {
        let window = Some(secs).filter(|secs| (1..=MAX_WINDOW_SECS).contains(secs));
        let window = window.and_then(|secs| u32::try_from(secs).ok());
        let window = window.ok_or_else(|| format!("shared_counter: the window is 1 to {MAX_WINDOW_SECS} seconds"))?;
        number(&ask(&context, "shared_counter", Question::Count(key(name)?, Some(window)))?)
    });
    engine.register_fn("shared_count", |context: NativeCallContext, name: &str| -> Native<i64> {
        number(&ask(&context, "shared_count", Question::Count(key(name)?, None))?)
    });
    engine.register_fn("reset_shared_counter", |context: NativeCallContext, name: &str| -> Native<()> {
        ask(&context, "reset_shared_counter", Question::ResetCount(key(name)?)).map(drop)
    });
    engine.register_fn("rows", |context: NativeCallContext, table: &str, filter: Map| -> Native<Dynamic> {
        let Json::Object(filter) = json::from_script(&filter.into())? else {
            return Err("rows: the filter is a map of fields and their values".into());
        };
        let rows = ask(&context, "rows", Question::Rows(table.to_owned(), filter))?;
        if json::fits(&rows) {
            Ok(json::to_script(&rows))
        } else {
            Err("rows: the rows are too large; ask for fewer".into())
        }
    });
    engine.register_fn("verify_password", |context: NativeCallContext, text: Dynamic| -> Native<bool> {
        let text = text
            .into_immutable_string()
            .map_err(|kind| format!("verify_password: a password is a text, not {kind}"))?;
        let answer = ask(&context, "verify_password", Question::IsPassword(Secret::new(text.to_string())))?;
        Ok(answer == Json::Bool(true))
    });
}

fn ask(context: &NativeCallContext, function: &str, question: Question) -> Native<Json> {
    Collector::of(context, function)?;
    running::ask(question)
}

fn key(name: &str) -> Native<String> {
    if name.is_empty() || name.len() > MAX_KEY_BYTES {
        return Err(format!("a key has 1 to {MAX_KEY_BYTES} bytes").into());
    }
    Ok(name.to_owned())
}

fn number(answer: &Json) -> Native<i64> {
    answer.as_i64().ok_or_else(|| "the server counts no more".into())
}
