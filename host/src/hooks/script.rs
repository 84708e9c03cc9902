//! One script: read, compiled, run once for its declarations; then its hooks are called, one request at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use rhai::{AST, CallFnOptions, Dynamic, Engine, FuncArgs, Scope};

use super::declare::{Declaration, Declarations, Moment, patterns};
use super::engine::{MAX_ITEMS, MAX_SCRIPT_BYTES, MAX_TEXT_BYTES};
use super::error::{HookError, Source};
use super::json;
use super::outcome::{Collector, Directives, Outcome, outcome_of};
use super::running::{self, ScriptLog};
use crate::config::HookConfig;
use crate::exchange::PathPattern;

/// A compiled script.
pub struct Script {
    /// As the configuration names it.
    pub file: String,
    /// Lets requests pass when the script itself fails.
    pub fails_open: bool,
    /// Whether its text asks for the session or the user, so that they are loaded for it.
    pub reads_session: bool,
    text: String,
    ast: AST,
    log: Arc<ScriptLog>,
}

/// One hook of a script.
#[derive(Clone)]
pub struct Hook {
    /// Where it comes from.
    pub script: Arc<Script>,
    /// Where it runs, and which closure.
    pub declaration: Declaration,
    patterns: Vec<PathPattern>,
}

/// What a call did: how the script ended the request, if it did, and what it wants added to the answer.
pub type Called = (Option<Outcome>, Directives);

/// Reads, compiles and runs the top of a script; its hooks in the order they are declared.
///
/// # Errors
/// When the script is unreadable, too large, does not compile, fails at its top, or declares no hook.
pub fn load(engine: &mut Engine, config: &HookConfig, path: &Path) -> Result<Vec<Hook>, HookError> {
    let text = read(&config.file, path)?;
    let source = Source { file: &config.file, text: &text };
    let mut scope = Scope::new();
    scope.push_constant_dynamic("config", constants(config)?);
    let log = Arc::new(ScriptLog::new(&config.file));
    let ast = engine.compile_with_scope(&scope, &text).map_err(|error| source.unparsable(&error))?;
    let declarations = Declarations::default();
    engine.set_default_tag(Dynamic::from(declarations.clone()));
    let session = running::start(Arc::clone(&log));
    let ran = catch_unwind(AssertUnwindSafe(|| engine.run_ast_with_scope(&mut scope, &ast)));
    drop(session);
    engine.set_default_tag(Dynamic::UNIT);
    ran.map_err(|_| source.wrong("a function of the host panicked"))?.map_err(|error| source.failed(*error))?;
    let declarations = declarations.take();
    if declarations.is_empty() {
        return Err(source.wrong("the script declares no hook: call before(path, |ctx| { … }) or after(…)"));
    }
    let reads_session = ["session", "user"].iter().any(|name| asks_for(&text, name));
    let (file, fails_open) = (config.file.clone(), config.fail_open);
    let script = Arc::new(Script { file, fails_open, reads_session, text, ast, log });
    let hook =
        |declaration: Declaration| Hook { script: Arc::clone(&script), patterns: patterns(&declaration), declaration };
    Ok(declarations.into_iter().map(hook).collect())
}

fn read(file: &str, path: &Path) -> Result<String, HookError> {
    let unreadable = |source| HookError::Unreadable { file: file.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    if bytes > MAX_SCRIPT_BYTES {
        return Err(HookError::TooLarge { file: file.to_owned(), bytes, max: MAX_SCRIPT_BYTES });
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

fn constants(config: &HookConfig) -> Result<Dynamic, HookError> {
    let too_large = || HookError::Constants { file: config.file.clone(), items: MAX_ITEMS, bytes: MAX_TEXT_BYTES };
    let constants = serde_json::to_value(&config.config).map_err(|_| too_large())?;
    json::fits(&constants).then(|| json::to_script(&constants)).ok_or_else(too_large)
}

/// Whether the text has `.name`. Comments and texts count too: that only loads a session in vain. A name that this
/// does not see is refused when it is read, for nothing was loaded.
fn asks_for(text: &str, name: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + name.len()..).unwrap_or_default());
        before.trim_end().ends_with('.') && !after.starts_with(is_word)
    })
}

impl Hook {
    /// Whether it runs at this moment of this request.
    pub fn matches(&self, moment: Moment, method: &str, path: &str) -> bool {
        let Declaration { moment: own_moment, method: own_method, .. } = &self.declaration;
        *own_moment == moment
            && own_method.as_deref().is_none_or(|own| own == method)
            && self.patterns.iter().any(|pattern| pattern.matches(path))
    }

    /// Calls the hook with its context, in a scope of its own and within the limits.
    ///
    /// # Errors
    /// When the script fails, takes too long, or returns what is no outcome.
    pub fn call(&self, engine: &Engine, context: Dynamic) -> Result<Called, HookError> {
        let script = &*self.script;
        let source = Source { file: &script.file, text: &script.text };
        let collector = Collector::default();
        let options = CallFnOptions::new().eval_ast(false).with_tag(Dynamic::from(collector.clone()));
        let arguments = Arguments { captured: &self.declaration.captured, context };
        let session = running::start(Arc::clone(&script.log));
        let called = catch_unwind(AssertUnwindSafe(|| {
            let mut scope = Scope::new();
            let function = &self.declaration.function;
            engine.call_fn_with_options::<Dynamic>(options, &mut scope, &script.ast, function, arguments)
        }));
        let ran_out = session.ran_out();
        drop(session);
        let outcome = match called {
            Ok(Ok(_)) if ran_out => return Err(source.wrong("the script takes too long")),
            Err(_) => return Err(source.wrong("a function of the host panicked")),
            Ok(Ok(value)) if value.is_unit() => None,
            Ok(Ok(value)) => {
                let returned = value.type_name();
                let message = format!("a hook returned a value ({returned}); end it with reject, respond or redirect");
                return Err(source.wrong(&message));
            }
            Ok(Err(error)) => Some(outcome_of(&error).ok_or_else(|| source.failed(*error))?),
        };
        Ok((outcome, collector.take()))
    }

    /// An error of this hook's script that has no place in its text.
    pub fn wrong(&self, message: &str) -> HookError {
        Source { file: &self.script.file, text: &self.script.text }.wrong(message)
    }
}

struct Arguments<'a> {
    captured: &'a [Dynamic],
    context: Dynamic,
}

impl FuncArgs for Arguments<'_> {
    fn parse<ARGS: Extend<Dynamic>>(self, args: &mut ARGS) {
        args.extend(self.captured.iter().cloned());
        args.extend([self.context]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_host_is_an_error_of_the_call() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("boom.rhai");
        std::fs::write(&path, "before(\"/ok\", |ctx| { boom(); });").unwrap();
        let mut engine = crate::hooks::engine::sandboxed();
        engine.register_fn("boom", || -> i64 { panic!("boom") });
        let config = HookConfig { file: "boom.rhai".into(), fail_open: false, config: toml::Table::new() };
        let hooks = load(&mut engine, &config, &path).unwrap();
        for _ in 0..3 {
            let error = hooks[0].call(&engine, Dynamic::UNIT).unwrap_err();
            assert_eq!(error.to_string(), "boom.rhai: a function of the host panicked");
        }
    }

    #[test]
    fn a_session_is_loaded_for_those_who_ask() {
        for (text, expected) in [
            ("ctx.session", true),
            ("ctx?.session != ()", true),
            ("ctx .\n session.id", true),
            ("ctx.new_session", false),
            ("ctx.sessions", false),
            ("let session = 1", false),
        ] {
            assert_eq!(asks_for(text, "session"), expected, "{text}");
        }
        assert!(!asks_for("ctx.user_agent", "user"));
    }
}
