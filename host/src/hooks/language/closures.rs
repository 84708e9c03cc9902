//! Bounds what closures hold: a value that a closure shares lives until its call ends, and holds no closure that shares
//! another.
//!
//! Without the first, a closure inside of the value that it shares would never be freed. Without the second, a few lines
//! would build values that take for ever to print, to compare or to copy.

use rhai::{Dynamic, Engine, EvalContext, FnPtr};

use super::native::Native;
use super::running;

/// Watches every variable that is read, shared or set.
pub fn register(engine: &mut Engine) {
    #[expect(deprecated, reason = "not deprecated, says the library: it calls its callbacks unstable in this way")]
    engine.on_var(|name, _, context| watch(name, &context).map(|()| None));
}

fn watch(name: &str, context: &EvalContext) -> Native<()> {
    let Some(value) = context.scope().get(name).filter(|value| value.is_shared()) else { return Ok(()) };
    // What is locked is refused by the language itself.
    let Some(inner) = value.read_lock::<Dynamic>() else { return Ok(()) };
    running::keep_shared(value, std::ptr::from_ref::<Dynamic>(&inner).addr())?;
    if holds_closure(&inner) {
        return Err(format!("`{name}` holds a closure, which no other closure can share").into());
    }
    Ok(())
}

fn holds_closure(value: &Dynamic) -> bool {
    if let Ok(values) = value.as_array_ref() {
        return values.iter().any(holds_closure);
    }
    if let Ok(fields) = value.as_map_ref() {
        return fields.values().any(holds_closure);
    }
    value.read_lock::<FnPtr>().is_some_and(|function| function.is_curried())
}
