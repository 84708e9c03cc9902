//! One script: read, compiled, run once for its declarations; then its hooks are called, one at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rhai::{AST, CallFnOptions, Dynamic, Engine, FuncArgs, Scope};

use super::check::unknown_function;
use super::error::{HookError, Source};
use super::language::asking::{Journal, Question};
use super::language::context;
use super::language::declare::{Declaration, Declarations, HookPoint, Places};
use super::language::directive::{Collector, Directives};
use super::language::facts::Facts;
use super::language::functions::{ASKING, OF_USER};
use super::language::json;
use super::language::native::{MAX_ITEMS, MAX_SCRIPT_BYTES, MAX_TEXT_BYTES};
use super::language::outcome::{Outcome, outcome_of};
use super::language::running::{self, Cost};
use super::metrics::{ScriptMetrics, Went};
use super::script_log::ScriptLog;
use crate::auth::lifecycle::Action;
use crate::config::HookConfig;
use crate::exchange::PathPattern;

/// A call that costs more makes its script a slow one. Operations take no longer on a busy machine, where time alone
/// would blame scripts that are none.
const SLOW_OPERATIONS: u64 = 20_000;
const SLOW_CALL: Duration = Duration::from_millis(4);
/// For so long, its calls then run on threads of their own.
const SLOW_FOR: Duration = Duration::from_secs(60);

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// What a script asks for, by its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of its own")]
pub struct Reads {
    /// The session, its user, or the acting user.
    pub identity: bool,
    /// The user's sessions.
    pub sessions: bool,
    /// The user's accounts.
    pub accounts: bool,
    /// Whether a new password is an old one.
    pub is_old_password: bool,
    /// Cookies.
    pub cookies: bool,
    /// Options of the plugins.
    pub plugins: bool,
    /// Something in the middle of a call.
    pub asks: bool,
}

impl Reads {
    fn of(text: &str) -> Self {
        Self {
            identity: ["session", "user", "actor"].iter().any(|name| asks_for(text, name))
                || OF_USER.iter().any(|name| text.contains(name)),
            sessions: asks_for(text, "sessions"),
            accounts: asks_for(text, "accounts"),
            is_old_password: asks_for(text, "is_old_password"),
            cookies: asks_for(text, "cookies"),
            plugins: asks_for(text, "plugins"),
            asks: ASKING.iter().any(|name| text.contains(name)),
        }
    }
}

/// A compiled script.
pub struct Script {
    /// As the configuration names it.
    pub file: String,
    /// Lets requests pass when the script itself fails.
    pub fails_open: bool,
    /// Where it reads secrets.
    secrets: Vec<PathPattern>,
    /// Whether events of the script have somewhere to go.
    pub has_webhook: bool,
    /// What is loaded for it.
    pub reads: Reads,
    /// The tables of plugins that it may read.
    tables: Vec<String>,
    /// Plugins whose challenge it may waive.
    pub waives: Vec<String>,
    /// Fields that it may set although no client may: `model.field`.
    sets: Vec<String>,
    /// What it did.
    pub metrics: ScriptMetrics,
    text: String,
    ast: AST,
    log: Arc<ScriptLog>,
    slow_until_ms: AtomicU64,
}

impl Script {
    /// Whether it reads secrets at this path; away from requests, only one that reads them everywhere.
    fn reads_secrets(&self, path: Option<&str>) -> bool {
        self.secrets.iter().any(|pattern| pattern.matches(path.unwrap_or("/")))
    }

    /// Whether the operator lets it read this table of a plugin.
    pub fn reads_table(&self, table: &str) -> bool {
        self.tables.iter().any(|own| own == table)
    }

    /// Whether the operator lets it set this field of a model, which no client sets.
    pub fn sets_field(&self, model: &str, field: &str) -> bool {
        self.sets.iter().any(|own| own.split_once('.') == Some((model, field)))
    }

    /// Whether its calls run on threads of their own for now.
    pub fn is_slow(&self) -> bool {
        self.slow_until_ms.load(Ordering::Relaxed) > millis(START.elapsed())
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn count(&self, went: Went, cost: Cost) {
        self.metrics.add(went, cost.spent);
        if cost.spent > SLOW_CALL || cost.operations > SLOW_OPERATIONS || cost.over.is_some() {
            self.slow_until_ms.store(millis(START.elapsed() + SLOW_FOR), Ordering::Relaxed);
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// One hook of a script.
#[derive(Clone)]
pub struct Hook {
    /// Where it comes from.
    pub script: Arc<Script>,
    /// Where it runs, and which closure.
    pub declaration: Declaration,
    places: Places,
}

/// What a call did: how the script ended it, if it did, and what it wants done beside.
pub type Called = (Option<Outcome>, Directives);

/// How a run of a call ended.
#[expect(clippy::large_enum_variant, reason = "nearly every run is done, and a box would cost each an allocation")]
pub enum Run {
    /// Well, or with an error.
    Done(Result<Called, HookError>),
    /// With a question to the server: answer it, and run the call again.
    Asks(Box<Question>),
}

/// Reads, compiles and runs the top of a script; its hooks in the order they are declared.
///
/// # Errors
/// When the script is unreadable, too large, does not compile, fails at its top, or declares no hook.
pub fn load(engine: &mut Engine, config: &HookConfig, path: &Path) -> Result<Vec<Arc<Hook>>, HookError> {
    let text = read(&config.file, path)?;
    let source = Source { file: &config.file, text: &text };
    let mut scope = Scope::new();
    scope.push_constant_dynamic("config", constants(config)?);
    let log = Arc::new(ScriptLog::new(&config.file));
    let ast = engine.compile_with_scope(&scope, &text).map_err(|error| source.unparsable(&error))?;
    // It would fail each request that comes there.
    if let Some((line, problem)) = unknown_function(engine, &text) {
        return Err(source.on_line(line, &problem));
    }
    let declarations = Declarations::default();
    engine.set_default_tag(Dynamic::from(declarations.clone()));
    let session = running::start(Arc::clone(&log), Journal::default());
    let ran = catch_unwind(AssertUnwindSafe(|| engine.run_ast_with_scope(&mut scope, &ast)));
    drop(session);
    engine.set_default_tag(Dynamic::UNIT);
    ran.map_err(|_| source.wrong("a function of the host panicked"))?.map_err(|error| source.failed(*error))?;
    let declarations = declarations.take();
    if declarations.is_empty() {
        return Err(source.wrong("the script declares no hook: call before(path, |ctx| { … }) or after(…)"));
    }
    let script = Arc::new(Script {
        file: config.file.clone(),
        fails_open: config.fail_open,
        secrets: config.secrets.iter().map(|pattern| PathPattern::new(pattern)).collect(),
        has_webhook: config.webhook.is_some(),
        reads: Reads::of(&text),
        tables: config.reads.clone(),
        waives: config.waives.clone(),
        sets: config.sets.clone(),
        metrics: ScriptMetrics::default(),
        text,
        ast,
        log,
        slow_until_ms: AtomicU64::new(0),
    });
    let hook = |declaration: Declaration| {
        Arc::new(Hook { script: Arc::clone(&script), places: Places::of(&declaration), declaration })
    };
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

/// Whether the text has `.name`. Comments and texts count too: that only loads something in vain. A name that this does
/// not see is refused when it is read, for nothing was loaded.
fn asks_for(text: &str, name: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + name.len()..).unwrap_or_default());
        before.trim_end().ends_with('.') && !after.starts_with(is_word)
    })
}

impl Hook {
    /// Whether it runs at this moment of this request.
    pub fn is_at_endpoint(&self, moment: HookPoint, method: &str, path: &str) -> bool {
        let own_method = self.declaration.method.as_deref();
        let Places::Paths(patterns) = &self.places else { return false };
        self.declaration.moment == moment
            && own_method.is_none_or(|own| own == method)
            && patterns.iter().any(|pattern| pattern.matches(path))
    }

    /// Whether it runs at this moment of such a change.
    pub fn is_at_change(&self, moment: HookPoint, model: &str, action: Action) -> bool {
        let Places::Changes(changes) = &self.places else { return false };
        self.declaration.moment == moment
            && changes.iter().any(|(own_model, own_action)| {
                own_model.as_deref().is_none_or(|own| own == model) && own_action.is_none_or(|own| own == action)
            })
    }

    /// Whether it runs before such a mail.
    pub fn is_at_mail(&self, kind: &str) -> bool {
        let Places::Kinds(kinds) = &self.places else { return false };
        kinds.iter().any(|own| own.as_deref().is_none_or(|own| own == kind))
    }

    /// Whether it runs at this moment, which has no places.
    pub fn is_at(&self, moment: HookPoint) -> bool {
        self.declaration.moment == moment
    }

    /// Calls the hook where nobody answers questions.
    #[cfg(test)]
    fn call(&self, engine: &Engine, facts: Facts) -> (Facts, Result<Called, HookError>) {
        match self.run(engine, facts, &mut Journal::default()) {
            (facts, Run::Done(called)) => (facts, called),
            (facts, Run::Asks(_)) => (facts, Err(self.wrong("nobody answers the script here"))),
        }
    }

    /// Runs a call from its beginning, with a context of its moment, in a scope of its own and within the limits, and with
    /// what it learnt before. The facts come back in any case, with what the script changed.
    pub fn run(&self, engine: &Engine, mut facts: Facts, journal: &mut Journal) -> (Facts, Run) {
        facts.reads_secrets = self.script.reads_secrets(facts.request.as_ref().map(|request| request.path.as_str()));
        let shared = Arc::new(Mutex::new(facts));
        let run = self.run_shared(engine, context::of(self.declaration.moment, &shared), journal);
        let facts = std::mem::take(&mut *shared.lock().unwrap_or_else(PoisonError::into_inner));
        (facts, run)
    }

    fn run_shared(&self, engine: &Engine, context: Dynamic, journal: &mut Journal) -> Run {
        let script = &*self.script;
        let collector = Collector::at(self.declaration.moment);
        let options = CallFnOptions::new().eval_ast(false).with_tag(Dynamic::from(collector.clone()));
        let arguments = Arguments { captured: &self.declaration.captured, context };
        let session = running::start(Arc::clone(&script.log), std::mem::take(journal));
        let called = catch_unwind(AssertUnwindSafe(|| {
            let mut scope = Scope::new();
            let function = &self.declaration.function;
            engine.call_fn_with_options::<Dynamic>(options, &mut scope, &script.ast, function, arguments)
        }));
        let (cost, kept) = session.end();
        *journal = kept;
        if let Some(question) = journal.take_question() {
            return Run::Asks(Box::new(question));
        }
        let source = Source { file: &script.file, text: &script.text };
        let outcome = match called {
            Err(_) => Err(source.wrong("a function of the host panicked")),
            Ok(Ok(value)) => match cost.over {
                Some(reason) => Err(source.wrong(reason)),
                None => self.returned(&value).map_err(|problem| source.wrong(&problem)),
            },
            Ok(Err(error)) => outcome_of(&error).map(Some).ok_or_else(|| source.failed(*error)),
        };
        let went = match &outcome {
            Ok(None) => Went::On,
            Ok(Some(_)) => Went::Out,
            Err(_) => Went::Wrong,
        };
        script.count(went, cost);
        Run::Done(outcome.map(|outcome| (outcome, collector.take())))
    }

    /// What a returned value means: nothing and `true` go on, `false` refuses, where something can be refused.
    fn returned(&self, value: &Dynamic) -> Result<Option<Outcome>, String> {
        let can_refuse = self.declaration.moment.can_refuse();
        match value.as_bool() {
            _ if value.is_unit() => Ok(None),
            Ok(goes_on) if can_refuse => Ok((!goes_on).then(Outcome::refused)),
            _ => {
                let kind = value.type_name();
                Err(format!("a hook returned a value ({kind}); end it with reject, respond or redirect"))
            }
        }
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
        let mut engine = crate::hooks::language::engine::sandboxed(&crate::hooks::test_ports());
        engine.register_fn("boom", || -> i64 { panic!("boom") });
        let hooks = load(&mut engine, &HookConfig::new("boom.rhai"), &path).unwrap();
        for _ in 0..3 {
            let error = hooks[0].call(&engine, Facts::default()).1.unwrap_err();
            assert_eq!(error.to_string(), "boom.rhai: a function of the host panicked");
        }
        assert_eq!(hooks[0].script.metrics.read("boom").failures, 3);
    }

    /// What a hook with this body ends with, and the bytes that it leaves behind.
    fn ran(body: &str) -> (Result<(), String>, i64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("greedy.rhai");
        std::fs::write(&path, format!("before(\"/ok\", |ctx| {{ {body} }});")).unwrap();
        let mut engine = crate::hooks::language::engine::sandboxed(&crate::hooks::test_ports());
        let hooks = load(&mut engine, &HookConfig::new("greedy.rhai"), &path).unwrap();
        let call = || hooks[0].call(&engine, Facts::default()).1.map(drop).map_err(|error| error.to_string());
        call().ok();
        let before = crate::memory::held_bytes();
        (0..9).for_each(|_| drop(call()));
        let ended = call();
        (ended, crate::memory::held_bytes() - before)
    }

    #[test]
    fn what_a_call_held_is_freed_when_it_ends() {
        for body in [
            r#"let a = []; a.pad(900, "x"); let f = || a.len(); a.push(f);"#,
            "let v = 0; v = || v;",
            r#"let m = #{ a: [] }; m.a.pad(900, 1); m.f = || m.a;"#,
            "let a = []; a.pad(900, 1); let f = || a; let g = || f; f = g;",
            "let a = []; a.pad(900, 1); for i in 0..20 { let b = a; let f = || b; b.push(f); }",
            "let a = []; a.pad(900, 1); let f = |x| { let b = x; let g = || b; b[0] = g; }; f.call(a); throw 1;",
        ] {
            let (_, left) = ran(body);
            assert!(left < 10_000, "{left} bytes are left: {body}");
        }
    }

    #[test]
    fn a_call_that_grows_past_its_memory_ends() {
        let (large, long) = ("the script needs too much memory", "the script takes too long");
        let nested = "holds a closure, which no other closure can share";
        for (body, problem) in [
            (
                "let f = || 1; let n = 1; f = || n; for i in 0..25 { let a = [f, f]; f = || a; } print(f.to_debug());",
                nested,
            ),
            (
                "let n = 1; let f = || n; for i in 0..25 { let m = #{ a: f, b: f }; f = || m; } switch f { 1 => 2 }",
                nested,
            ),
            (
                r#"let s = ""; s.pad(60000, "x"); let all = []; for i in 0..900 { let b = s + i; all.push(|| b); }"#,
                large,
            ),
            (
                r#"let s = ""; s.pad(60000, "x"); let m = #{}; for i in 0..900 { let b = s + i; m["k" + i] = || b; }"#,
                large,
            ),
            ("for i in 0..2000 { let a = i; let f = || a; }", "share at most 1000 variables"),
            ("let a = []; a.pad(900, 1); a.dedup(|x, y| { loop { } });", long),
            ("let a = []; a.pad(900, 1); let b = a; a.sort(|x, y| { b.sort(|x, y| { loop { } }); 0 });", long),
            ("let a = []; a.pad(900, 1); a.sort(|x, y| { loop { } });", long),
            ("let a = []; a.pad(900, 1); a.for_each(|x| { try { loop { } } catch { } });", long),
        ] {
            let (ended, left) = ran(body);
            let error = ended.err().unwrap_or_default();
            assert!(error.contains(problem), "{body}: {error}");
            assert!(left < 10_000, "{left} bytes are left: {body}");
        }
    }

    #[test]
    fn closures_within_the_bounds_work() {
        for body in [
            "let n = 2; if [1, 2, 3].filter(|x| x > n) != [3] { throw 1; }",
            "let n = 0; [1, 2, 3].for_each(|| n += this); if n != 6 { throw n; }",
            "let n = 1; let f = |x| x + n; if [1, 2].map(f) != [2, 3] { throw 1; }",
            "let f = |x| x + 1; let g = |x| f.call(x); if g.call(1) != 2 { throw 1; }",
            r#"let a = [3, 1, 2]; a.sort(|x, y| x - y); if a != [1, 2, 3] { throw 1; }"#,
            "let sum = [1, 2, 3].reduce(|sum, x| (sum ?? 0) + x); if sum != 6 { throw 1; }",
        ] {
            assert_eq!(ran(body).0, Ok(()), "{body}");
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
