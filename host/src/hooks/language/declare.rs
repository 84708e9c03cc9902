//! `before(…)`, `after(…)`, `gate(…)` and the others at the top of a script: where each hook runs.

use std::sync::{Arc, Mutex, PoisonError};

use rhai::{Array, Dynamic, Engine, FnPtr, NativeCallContext};

use super::json;
use super::native::Native;
use crate::auth::lifecycle::Action;
use crate::exchange::PathPattern;

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookPoint {
    /// Before an endpoint.
    Before,
    /// After an endpoint answered.
    After,
    /// Before a row is made, changed or removed.
    BeforeChange,
    /// After a row was made, changed or removed, before the commit.
    AfterChange,
    /// Before a session is opened.
    Gate,
    /// Before a mail is sent.
    Mail,
    /// Before the claims of a token are signed.
    Claims,
    /// After a session was opened, whatever way the user signed in.
    AfterSignIn,
    /// After an address was verified for the first time.
    AfterEmailVerification,
    /// After a password was reset by a mailed link.
    AfterPasswordReset,
}

impl HookPoint {
    /// Every moment.
    pub const ALL: [Self; 10] = [
        Self::Before,
        Self::After,
        Self::BeforeChange,
        Self::AfterChange,
        Self::Gate,
        Self::Mail,
        Self::Claims,
        Self::AfterSignIn,
        Self::AfterEmailVerification,
        Self::AfterPasswordReset,
    ];
    /// The moments that are one place each: nothing but the hook is declared.
    pub const ALONE: [Self; 5] =
        [Self::Gate, Self::Claims, Self::AfterSignIn, Self::AfterEmailVerification, Self::AfterPasswordReset];
    /// The moments after something that a request did.
    pub const EVENTS: [Self; 3] = [Self::AfterSignIn, Self::AfterEmailVerification, Self::AfterPasswordReset];

    /// The name of the function that declares it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Before | Self::BeforeChange => "before",
            Self::After | Self::AfterChange => "after",
            Self::Gate => "gate",
            Self::Mail => "before_mail",
            Self::Claims => "claims",
            Self::AfterSignIn => "after_sign_in",
            Self::AfterEmailVerification => "after_email_verification",
            Self::AfterPasswordReset => "after_password_reset",
        }
    }

    /// The moment in texts, where `before` and `after` are two each.
    pub fn called(self) -> &'static str {
        match self {
            Self::Before => "before(path)",
            Self::After => "after(path)",
            Self::BeforeChange => "before(change)",
            Self::AfterChange => "after(change)",
            other => other.name(),
        }
    }

    /// Whether a hook of this moment can refuse, also by returning `false`.
    pub fn can_refuse(self) -> bool {
        self != Self::Mail && !Self::EVENTS.contains(&self)
    }
}

/// One hook as its script declares it.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// When it runs.
    pub moment: HookPoint,
    /// The only method it runs on; `None` for all.
    pub method: Option<String>,
    /// Path patterns, `model.action`s or kinds of mail, as they were written; none where the moment is one place.
    pub places: Vec<String>,
    /// Name of the closure in the compiled script.
    pub function: String,
    /// Line of the declaration, where the language knows it.
    pub line: Option<usize>,
    /// Values that the closure took from around it, as copies of their own.
    pub captured: Vec<Dynamic>,
}

/// Where a hook runs, ready to be compared.
#[derive(Clone, Debug)]
pub enum Places {
    /// At endpoints.
    Paths(Vec<PathPattern>),
    /// At changes: model and action, `None` for all of them.
    Changes(Vec<(Option<String>, Option<Action>)>),
    /// At mails of these kinds; `None` for all.
    Kinds(Vec<Option<String>>),
    /// Wherever the moment comes.
    Everywhere,
}

impl Places {
    /// Compiles the places of a declaration.
    pub fn of(declaration: &Declaration) -> Self {
        let places = &declaration.places;
        match declaration.moment {
            HookPoint::Before | HookPoint::After => {
                Self::Paths(places.iter().map(|path| PathPattern::new(path)).collect())
            }
            HookPoint::BeforeChange | HookPoint::AfterChange => {
                Self::Changes(places.iter().filter_map(|place| change_from(place)).collect())
            }
            HookPoint::Mail => Self::Kinds(places.iter().map(|kind| (kind != "*").then(|| kind.clone())).collect()),
            HookPoint::Gate
            | HookPoint::Claims
            | HookPoint::AfterSignIn
            | HookPoint::AfterEmailVerification
            | HookPoint::AfterPasswordReset => Self::Everywhere,
        }
    }
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

/// Gives scripts `before` and `after`: `([method,] place or [places], |ctx| …)`; `before_mail`: `(kind or [kinds], |ctx| …)`;
/// the others: `(|ctx| …)`.
pub fn register(engine: &mut Engine) {
    for name in ["before", "after"] {
        let moments = move |place: &str| match (name, place.starts_with('/')) {
            ("before", true) => HookPoint::Before,
            ("before", false) => HookPoint::BeforeChange,
            (_, true) => HookPoint::After,
            (_, false) => HookPoint::AfterChange,
        };
        engine.register_fn(name, move |context: NativeCallContext, place: &str, hook: FnPtr| {
            declare_at(&context, moments, None, vec![place.into()], &hook)
        });
        engine.register_fn(name, move |context: NativeCallContext, places: Array, hook: FnPtr| {
            declare_at(&context, moments, None, places, &hook)
        });
        engine.register_fn(name, move |context: NativeCallContext, method: &str, path: &str, hook: FnPtr| {
            declare_at(&context, moments, Some(method), vec![path.into()], &hook)
        });
        engine.register_fn(name, move |context: NativeCallContext, method: &str, paths: Array, hook: FnPtr| {
            declare_at(&context, moments, Some(method), paths, &hook)
        });
    }
    engine.register_fn("before_mail", |context: NativeCallContext, kind: &str, hook: FnPtr| {
        declare(&context, HookPoint::Mail, None, vec![kind_from(kind.into())?], &hook)
    });
    engine.register_fn("before_mail", |context: NativeCallContext, kinds: Array, hook: FnPtr| {
        let kinds = kinds.into_iter().map(kind_from).collect::<Native<Vec<_>>>()?;
        declare(&context, HookPoint::Mail, None, kinds, &hook)
    });
    for moment in HookPoint::ALONE {
        engine.register_fn(moment.name(), move |context: NativeCallContext, hook: FnPtr| {
            declare(&context, moment, None, Vec::new(), &hook)
        });
    }
}

/// Declares one hook for the paths among the places and one for the changes.
fn declare_at(
    context: &NativeCallContext,
    moment_of: impl Fn(&str) -> HookPoint,
    method: Option<&str>,
    places: Array,
    hook: &FnPtr,
) -> Native<()> {
    if let Some(method) = method.filter(|method| !is_method(method)) {
        return Err(format!("`{method}` is no method: write it in capitals, before the path").into());
    }
    let places = places.into_iter().map(place_from).collect::<Native<Vec<_>>>()?;
    if places.is_empty() {
        return Err("name at least one path".into());
    }
    let (paths, changes): (Vec<String>, Vec<String>) = places.into_iter().partition(|place| place.starts_with('/'));
    if let Some(change) = changes.first().filter(|_| method.is_some()) {
        return Err(format!("`{change}` has no method").into());
    }
    for places in [paths, changes] {
        if let Some(first) = places.first() {
            declare(context, moment_of(first), method, places, hook)?;
        }
    }
    Ok(())
}

fn declare(
    context: &NativeCallContext,
    moment: HookPoint,
    method: Option<&str>,
    places: Vec<String>,
    hook: &FnPtr,
) -> Native<()> {
    let tag = context.tag().and_then(|tag| tag.clone().try_cast::<Declarations>());
    let declarations = tag.ok_or("declare hooks at the top of the script, not inside of a hook")?;
    let function = hook.fn_name().to_owned();
    let captured = hook.curry().iter().map(own_copy).collect::<Native<_>>()?;
    let (method, line) = (method.map(str::to_owned), context.call_position().line());
    declarations.add(Declaration { moment, method, places, function, line, captured });
    Ok(())
}

/// The methods that a hook can name.
pub const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"];

fn is_method(text: &str) -> bool {
    METHODS.contains(&text)
}

fn place_from(value: Dynamic) -> Native<String> {
    let place = value.into_string().map_err(|kind| format!("a place is a text, not {kind}"))?;
    let rest_is_last = !place.trim_end_matches("/**").contains("**");
    if place.starts_with('/') && rest_is_last || change_from(&place).is_some() {
        return Ok(place);
    }
    Err(format!(
        "`{place}` is no path and no change: a path starts with `/`, and `**` can only be its end; a change is \
         `user.create`, with one of user, session, account, verification and one of create, update, delete, or `*`"
    )
    .into())
}

/// `model.action`; `*` for all.
fn change_from(place: &str) -> Option<(Option<String>, Option<Action>)> {
    let (model, action) = place.split_once('.')?;
    let model = match model {
        "*" => None,
        "user" | "session" | "account" | "verification" => Some(model.to_owned()),
        _ => return None,
    };
    let action = match action {
        "*" => None,
        "create" => Some(Action::Create),
        "update" => Some(Action::Update),
        "delete" => Some(Action::Delete),
        _ => return None,
    };
    Some((model, action))
}

fn kind_from(value: Dynamic) -> Native<String> {
    let kind = value.into_string().map_err(|kind| format!("a kind of mail is a text, not {kind}"))?;
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if kind == "*" || !kind.is_empty() && kind.bytes().all(is_plain) {
        return Ok(kind);
    }
    Err(format!("`{kind}` is no kind of mail: it has small letters, digits and `-`, or is `*`").into())
}

/// A value that shares nothing with the script, so that no request can leave something for the next.
fn own_copy(value: &Dynamic) -> Native<Dynamic> {
    let plain = json::from_script(value).map_err(|problem| format!("a hook can use only plain values: {problem}"))?;
    Ok(json::to_script(&plain))
}
