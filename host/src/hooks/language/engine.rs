//! The sandboxed engine: which packages scripts get, what they may cost, and what is closed to them.
//!
//! Invariant: nothing here waits, reads files, compiles text at run time or allocates by a number from a script.

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage, BasicMathPackage,
    BasicStringPackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, OptimizationLevel};

use super::functions::{self, Ports};
use super::native::{MAX_ITEMS, MAX_OPERATIONS, MAX_TEXT_BYTES, Native};
use super::{closures, context, declare, directive, headers, outcome, running};

const MAX_CALL_LEVELS: usize = 32;
/// Sizes are limited per value, so that the number of values is what bounds the memory of a call.
const MAX_VARIABLES: usize = 32;
const MAX_FUNCTIONS: usize = 100;

/// An engine without state, shared by all scripts.
pub fn sandboxed(ports: &Ports) -> Engine {
    let mut engine = language();
    limit(&mut engine);
    replace_within_limits(&mut engine);

    headers::register(&mut engine);
    closures::register(&mut engine);
    running::register(&mut engine);
    outcome::register(&mut engine);
    directive::register(&mut engine);
    declare::register(&mut engine);
    context::register(&mut engine);
    functions::register(&mut engine, ports);
    engine
}

/// The language alone, with its own functions.
///
/// The packages of time (`timestamp`) and of the language core (`sleep`, `exit`) are left out; so are files, modules
/// and `eval`.
pub fn language() -> Engine {
    let mut engine = Engine::new_raw();
    ArithmeticPackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    BasicStringPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    BasicIteratorPackage::new().register_into_engine(&mut engine);
    BasicFnPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    engine
}

fn limit(engine: &mut Engine) {
    engine
        .set_max_operations(MAX_OPERATIONS)
        .set_max_call_levels(MAX_CALL_LEVELS)
        .set_max_expr_depths(64, 32)
        .set_max_string_size(MAX_TEXT_BYTES)
        .set_max_array_size(MAX_ITEMS)
        .set_max_map_size(MAX_ITEMS)
        .set_max_variables(MAX_VARIABLES)
        .set_max_functions(MAX_FUNCTIONS)
        .set_max_modules(0)
        .set_strict_variables(true)
        // What is computed while a script is read follows the language's rules of comparison, not ours.
        .set_optimization_level(OptimizationLevel::None);
    // `curry` puts values into a closure that no limit of size counts.
    for symbol in ["eval", "import", "export", "curry"] {
        engine.disable_symbol(symbol);
    }
}

/// The packages' `replace` builds its result before the size is checked; these measure first.
fn replace_within_limits(engine: &mut Engine) {
    engine.register_fn("replace", |text: &mut ImmutableString, from: &str, to: &str| replace(text, from, to));
    engine.register_fn("replace", |text: &mut ImmutableString, from: char, to: &str| {
        replace(text, from.encode_utf8(&mut [0; 4]), to)
    });
}

fn replace(text: &mut ImmutableString, from: &str, to: &str) -> Native<Dynamic> {
    let growth = to.len().saturating_sub(from.len());
    let length = text.len().saturating_add(text.matches(from).count().saturating_mul(growth));
    if length > MAX_TEXT_BYTES {
        return Err(Box::new(EvalAltResult::ErrorDataTooLarge("Length of string".into(), rhai::Position::NONE)));
    }
    *text = text.replace(from, to).into();
    Ok(Dynamic::UNIT)
}
