//! The moment before an endpoint: a script may change the request, answer it, or refuse it.

use std::sync::{Arc, Mutex};

use rhai::Engine;

use super::context::{self, Context, Facts};
use super::error::HookError;
use super::house_rules::HouseRules;
use super::outcome::{Directives, Outcome};
use super::script::Hook;

/// `ctx` of a before-hook.
#[derive(Clone, Default)]
struct Before(Arc<Mutex<Facts>>);

impl Context for Before {
    fn shared(&self) -> &Arc<Mutex<Facts>> {
        &self.0
    }
}

/// Gives scripts the context of this moment.
pub fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Before>("the context of a before-hook");
    context::register::<Before>(engine);
    context::register_request::<Before>(engine, true);
}

/// What one before-hook did.
#[derive(Debug)]
pub struct Done {
    /// How it ended the request, if it did.
    pub outcome: Option<Outcome>,
    /// What it wants added to the answer.
    pub directives: Directives,
    /// Whether it changed the request.
    pub has_changed: bool,
}

/// Calls one hook. The facts come back in any case, changed only when all went well.
pub fn run(engine: &Engine, hook: &Hook, facts: Facts, rules: &HouseRules<'_>) -> (Facts, Result<Done, HookError>) {
    let (mut facts, called) = context::call(engine, hook, &Before(Arc::new(Mutex::new(facts))), rules);
    let done = called.map(|(outcome, directives)| Done { outcome, directives, has_changed: facts.apply() });
    (facts, done)
}
