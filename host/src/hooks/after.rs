//! The moment after an endpoint: a script sees what was answered and may change it or refuse after all.

use std::sync::{Arc, Mutex};

use rhai::Engine;
use serde_json::Value as Json;

use super::context::{self, Context, Facts};
use super::error::HookError;
use super::house_rules::HouseRules;
use super::outcome::{Directives, Outcome};
use super::script::Hook;

/// `ctx` of an after-hook.
#[derive(Clone, Default)]
struct After(Arc<Mutex<Facts>>);

impl Context for After {
    fn shared(&self) -> &Arc<Mutex<Facts>> {
        &self.0
    }
}

/// Gives scripts the context of this moment.
pub fn register(engine: &mut Engine) {
    engine.register_type_with_name::<After>("the context of an after-hook");
    context::register::<After>(engine);
    context::register_request::<After>(engine, false);
    context::register_answer::<After>(engine);
}

/// What one after-hook did.
#[derive(Debug)]
pub struct Done {
    /// The answer it wants instead, if any.
    pub outcome: Option<Outcome>,
    /// What it wants added to the answer.
    pub directives: Directives,
    /// The new body of the answer, if it changed it.
    pub changed_response: Option<Json>,
}

/// Calls one hook. The facts come back in any case.
pub fn run(engine: &Engine, hook: &Hook, facts: Facts, rules: &HouseRules<'_>) -> (Facts, Result<Done, HookError>) {
    let (mut facts, called) = context::call(engine, hook, &After(Arc::new(Mutex::new(facts))), rules);
    let done =
        called.map(|(outcome, directives)| Done { outcome, directives, changed_response: facts.changed_answer() });
    (facts, done)
}
