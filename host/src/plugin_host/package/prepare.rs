//! Runs what a plugin does once at build; the memory that it leaves is what every instance begins with.

use walrus::ir::Value;
use walrus::{ConstExpr, DataKind, GlobalId, GlobalKind, MemoryId};
use wasmtime::{Config, Engine, Error, Instance, Linker, Module, Result, Store, Val, bail};

/// The function that the SDK's macro `plugin!` exports for it.
const PREPARE: &str = "doorward-prepare";
/// Instructions that it may run: a second or two.
const MOST_FUEL: u64 = 5_000_000_000;
/// Zeros between two parts of the memory from which on they are two segments.
const GAP_BYTES: usize = 64;
const PAGE_BYTES: usize = 64 << 10;

/// The module with the memory that the function leaves; `None` when it has no such function.
///
/// # Errors
/// When the function calls the host, panics, or does not end.
pub(super) fn prepared(module: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut config = walrus::ModuleConfig::new();
    config.generate_producers_section(false);
    let parse = || config.parse(module).map_err(|error| Error::msg(format!("{error:#}")));
    let mut module = parse()?;
    let Some(function) = module.exports.iter().find(|export| export.name == PREPARE).map(walrus::Export::id) else {
        return Ok(None);
    };
    // Another copy runs: to emit a module takes its custom sections away.
    let state = run(parse()?)?;
    module.exports.delete(function);
    keep(&mut module, state)?;
    Ok(Some(module.emit_wasm()))
}

/// What a run leaves: the globals that can change, in their order, and the memory.
struct State {
    globals: Vec<Value>,
    memory: Vec<u8>,
}

fn memory_of(module: &walrus::Module) -> Result<MemoryId> {
    let mut memories = module.memories.iter().map(walrus::Memory::id);
    match (memories.next(), memories.next()) {
        (Some(memory), None) => Ok(memory),
        _ => bail!("it has no memory, or several"),
    }
}

fn globals_of(module: &walrus::Module) -> Vec<GlobalId> {
    let is_state = |global: &&walrus::Global| global.mutable && matches!(global.kind, GlobalKind::Local(_));
    module.globals.iter().filter(is_state).map(walrus::Global::id).collect()
}

/// Runs the function in an instance whose every import is a trap.
fn run(mut module: walrus::Module) -> Result<State> {
    let name = |kind: &str| format!("doorward-state-{kind}");
    let (memory, globals) = (memory_of(&module)?, globals_of(&module));
    module.exports.add(&name("memory"), memory);
    for (number, global) in globals.iter().enumerate() {
        module.exports.add(&name(&number.to_string()), *global);
    }

    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config)?;
    let compiled = Module::new(&engine, module.emit_wasm())?;
    let mut linker: Linker<()> = Linker::new(&engine);
    linker.define_unknown_imports_as_traps(&compiled)?;
    let mut store = Store::new(&engine, ());
    store.set_fuel(MOST_FUEL)?;
    let instance = linker.instantiate(&mut store, &compiled)?;
    instance.get_typed_func::<(), ()>(&mut store, PREPARE)?.call(&mut store, ())?;

    let numbers = 0..globals.len();
    let globals =
        numbers.map(|number| value(&mut store, &instance, &name(&number.to_string()))).collect::<Result<_>>()?;
    let memory = instance.get_memory(&mut store, &name("memory"));
    let memory = memory.map(|memory| memory.data(&store).to_vec()).unwrap_or_default();
    Ok(State { globals, memory })
}

fn value(store: &mut Store<()>, instance: &Instance, name: &str) -> Result<Value> {
    let global = instance.get_global(&mut *store, name).map(|global| global.get(&mut *store));
    Ok(match global {
        Some(Val::I32(value)) => Value::I32(value),
        Some(Val::I64(value)) => Value::I64(value),
        Some(Val::F32(bits)) => Value::F32(f32::from_bits(bits)),
        Some(Val::F64(bits)) => Value::F64(f64::from_bits(bits)),
        other => bail!("a global of it can not be kept: {other:?}"),
    })
}

/// Makes what a run left the state that instances begin with.
fn keep(module: &mut walrus::Module, state: State) -> Result<()> {
    let memory = memory_of(module)?;
    for (id, value) in globals_of(module).into_iter().zip(state.globals) {
        module.globals.get_mut(id).kind = GlobalKind::Local(ConstExpr::Value(value));
    }
    let is_active = |data: &&walrus::Data| matches!(data.kind, DataKind::Active { .. });
    let old: Vec<_> = module.data.iter().filter(is_active).map(walrus::Data::id).collect();
    for id in old {
        module.data.delete(id);
    }
    let mut segments = Vec::new();
    for (start, bytes) in parts(&state.memory) {
        let offset = ConstExpr::Value(Value::I32(i32::try_from(start)?));
        segments.push(module.data.add(DataKind::Active { memory, offset }, bytes.to_vec()));
    }
    let memory = module.memories.get_mut(memory);
    memory.data_segments = segments.into_iter().collect();
    memory.initial = u64::try_from(state.memory.len() / PAGE_BYTES)?;
    Ok(())
}

/// The parts of a memory that are not zero, and where each begins.
fn parts(memory: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut place = 0;
    std::iter::from_fn(move || {
        let start = place + memory.get(place..)?.iter().position(|byte| *byte != 0)?;
        let rest = memory.get(start..)?;
        let mut end = 0;
        loop {
            end += rest.get(end..)?.iter().position(|byte| *byte == 0).unwrap_or(rest.len() - end);
            let zeros = rest.get(end..)?.iter().take(GAP_BYTES).take_while(|byte| **byte == 0).count();
            if zeros == GAP_BYTES || end + zeros == rest.len() {
                break;
            }
            end += zeros;
        }
        place = start + end;
        Some((start, rest.get(..end)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_memory_leave_long_zeros_out_and_nothing_else() {
        let mut memory = vec![0; 1000];
        for place in [0, 3, 64, 200, 201, 999] {
            *memory.get_mut(place).unwrap() = 7;
        }
        let found: Vec<(usize, usize)> = parts(&memory).map(|(start, bytes)| (start, bytes.len())).collect();
        assert_eq!(found, [(0, 65), (200, 2), (999, 1)]);
        assert_eq!(parts(&[0; 100]).count(), 0);
    }

    /// A module that counts in a global and writes the number to its memory.
    const COUNTS: &str = r#"(module
        (import "x" "y" (func $host))
        (memory 1) (global $count (mut i32) (i32.const 41)) (data (i32.const 8) "abc")
        (func (export "doorward-prepare")
            (global.set $count (i32.add (global.get $count) (i32.const 1)))
            (i32.store (i32.const 1024) (global.get $count)) (drop (memory.grow (i32.const 1))))
        (func (export "count") (result i32) (i32.add (global.get $count) (i32.load (i32.const 1024)))))"#;

    #[test]
    fn instances_begin_where_the_run_ended() {
        let module = prepared(&wat::parse_str(COUNTS).unwrap()).unwrap().expect("it prepares");
        let engine = Engine::default();
        let compiled = Module::new(&engine, &module).unwrap();
        assert!(compiled.exports().all(|export| export.name() == "count"), "nothing is left over");
        let mut linker: Linker<()> = Linker::new(&engine);
        linker.define_unknown_imports_as_traps(&compiled).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &compiled).unwrap();
        let count = instance.get_typed_func::<(), i32>(&mut store, "count").unwrap().call(&mut store, ()).unwrap();
        assert_eq!(count, 84);
    }

    #[test]
    fn what_calls_the_host_or_never_ends_is_refused() {
        for body in ["(call $host)", "(loop $again (br $again))"] {
            let text = format!(
                r#"(module (import "x" "y" (func $host)) (memory 1) (func (export "doorward-prepare") {body}))"#
            );
            assert!(prepared(&wat::parse_str(text).unwrap()).is_err(), "{body}");
        }
        assert!(prepared(&wat::parse_str("(module (memory 1))").unwrap()).unwrap().is_none());
    }
}
