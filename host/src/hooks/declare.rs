//! `before(…)` and `after(…)` at the top of a script: where each hook runs.

use std::sync::{Arc, Mutex, PoisonError};

use rhai::{Array, Dynamic, Engine, FnPtr, NativeCallContext};

use super::engine::Native;
use super::json;
use crate::exchange::PathPattern;

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before an endpoint.
    Before,
    /// After an endpoint answered.
    After,
}

impl Moment {
    /// Every moment.
    pub const ALL: [Self; 2] = [Self::Before, Self::After];

    /// The name of the function that declares it, and its name in a case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// One hook as its script declares it.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// When it runs.
    pub moment: Moment,
    /// The only method it runs on; `None` for all.
    pub method: Option<String>,
    /// The path patterns as they were written.
    pub paths: Vec<String>,
    /// Name of the closure in the compiled script.
    pub function: String,
    /// Values that the closure took from around it, as copies of their own.
    pub captured: Vec<Dynamic>,
}

/// Collects declarations while the top of a script runs; handed to the engine as the run's tag.
#[derive(Clone, Default)]
pub struct Declarations(Arc<Mutex<Vec<Declaration>>>);

impl Declarations {
    /// What was declared, in order.
    pub fn take(&self) -> Vec<Declaration> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, declaration: Declaration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(declaration);
    }
}

/// Gives scripts `before` and `after`: `([method,] path or [paths], |ctx| …)`.
pub fn register(engine: &mut Engine) {
    for moment in Moment::ALL {
        let name = moment.name();
        engine.register_fn(name, move |context: NativeCallContext, path: &str, hook: FnPtr| {
            declare(&context, moment, Place::new(None, vec![path.into()]), &hook)
        });
        engine.register_fn(name, move |context: NativeCallContext, paths: Array, hook: FnPtr| {
            declare(&context, moment, Place::new(None, paths), &hook)
        });
        engine.register_fn(name, move |context: NativeCallContext, method: &str, path: &str, hook: FnPtr| {
            declare(&context, moment, Place::new(Some(method), vec![path.into()]), &hook)
        });
        engine.register_fn(name, move |context: NativeCallContext, method: &str, paths: Array, hook: FnPtr| {
            declare(&context, moment, Place::new(Some(method), paths), &hook)
        });
    }
}

struct Place {
    method: Option<String>,
    paths: Array,
}

impl Place {
    fn new(method: Option<&str>, paths: Array) -> Self {
        Self { method: method.map(str::to_owned), paths }
    }
}

fn declare(context: &NativeCallContext, moment: Moment, place: Place, hook: &FnPtr) -> Native<()> {
    let tag = context.tag().and_then(|tag| tag.clone().try_cast::<Declarations>());
    let declarations = tag.ok_or("declare hooks at the top of the script, not inside of a hook")?;
    if let Some(method) = place.method.as_deref().filter(|method| !is_method(method)) {
        return Err(format!("`{method}` is no method: write it in capitals, before the path").into());
    }
    let paths = place.paths.into_iter().map(path_from).collect::<Native<Vec<_>>>()?;
    if paths.is_empty() {
        return Err("name at least one path".into());
    }
    let function = hook.fn_name().to_owned();
    let captured = hook.curry().iter().map(own_copy).collect::<Native<_>>()?;
    declarations.add(Declaration { moment, method: place.method, paths, function, captured });
    Ok(())
}

fn is_method(text: &str) -> bool {
    ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"].contains(&text)
}

fn path_from(value: Dynamic) -> Native<String> {
    let path = value.into_string().map_err(|kind| format!("a path is a text, not {kind}"))?;
    let rest_is_last = !path.trim_end_matches("/**").contains("**");
    if !path.starts_with('/') || !rest_is_last {
        return Err(format!("`{path}` is no path: it starts with `/`, and `**` can only be its end").into());
    }
    Ok(path)
}

/// A value that shares nothing with the script, so that no request can leave something for the next.
fn own_copy(value: &Dynamic) -> Native<Dynamic> {
    let plain = json::from_script(value).map_err(|problem| format!("a hook can use only plain values: {problem}"))?;
    Ok(json::to_script(&plain))
}

/// Compiles the patterns of a declaration.
pub fn patterns(declaration: &Declaration) -> Vec<PathPattern> {
    declaration.paths.iter().map(|path| PathPattern::new(path)).collect()
}
