//! The WebAssembly engine: the settings that decide speed and safety, the pool, and the clock of deadlines.

use std::time::Duration;

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::error::PluginError;

/// How often a guest lets others run, and is asked whether it had its time.
pub(super) const TICK_MS: u64 = 10;
/// Requests that may run in plugins at once; the next ones wait.
pub(super) const REQUESTS_AT_ONCE: usize = 64;

const WASM_STACK_BYTES: usize = 256 << 10;
const FIBER_STACK_BYTES: usize = 512 << 10;
/// Kept mapped between two requests, so that a fresh instance writes to warm pages.
const KEEP_RESIDENT_BYTES: usize = 256 << 10;
/// Address space of one memory: larger needs no bounds checks but hundreds of gigabytes of reservations.
const RESERVATION_BYTES: u64 = 128 << 20;
const MOST_INSTANCES: usize = 1000;

/// What code is made for that goes into the binary. A processor without it compiles at the first start.
#[cfg(target_arch = "x86_64")]
const PROCESSOR: Option<&str> = Some("x86-64-v3");
#[cfg(not(target_arch = "x86_64"))]
const PROCESSOR: Option<&str> = None;

/// The machine code of a component for servers of this engine, on any usual processor of this kind.
///
/// # Errors
/// When the engine refuses the component.
pub fn code_of(component: &[u8]) -> wasmtime::Result<Vec<u8>> {
    let mut config = settings();
    config.target(env!("TARGET_OF_BUILD"))?;
    if let Some(processor) = PROCESSOR {
        // SAFETY: the name is one of Cranelift's own for a set of features. Before such code is loaded, the engine looks
        // whether the processor has each of them.
        #[expect(unsafe_code, reason = "wrong flags make wrong code; this is one of the compiler's own presets")]
        unsafe {
            config.cranelift_flag_enable(processor);
        }
    }
    Engine::new(&config)?.precompile_component(component)
}

/// An engine for `instances` instances at once whose memories are at most `memory_bytes`.
///
/// # Errors
/// When the machine gives no address space even without a pool.
pub(super) fn start(instances: usize, memory_bytes: usize) -> Result<Engine, PluginError> {
    let instances = instances.clamp(1, MOST_INSTANCES);
    let mut pooled = settings();
    pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(instances, memory_bytes)));
    let engine = Engine::new(&pooled).or_else(|error| {
        tracing::warn!(%error, "no address space for the pool of plugin instances; calls of plugins will be slower");
        Engine::new(&settings())
    });
    let engine = engine.map_err(|error| PluginError::Engine { plugin: "all".to_owned(), reason: error.to_string() })?;
    start_ticking(&engine)?;
    Ok(engine)
}

fn settings() -> Config {
    let mut config = Config::new();
    config.concurrency_support(false);
    config.async_stack_size(FIBER_STACK_BYTES).max_wasm_stack(WASM_STACK_BYTES).async_stack_zeroing(false);
    config.memory_init_cow(true).memory_reservation(RESERVATION_BYTES);
    config.epoch_interruption(true);
    // Where in the component's file an instruction came from, and how a native debugger unwinds: a trap's message names the
    // functions without them, and both would lie in memory for every plugin.
    config.generate_address_map(false).native_unwind_info(false);
    // Plugins need none of these, and each is code that a hostile component could aim at.
    config.wasm_memory64(false).wasm_multi_memory(false).wasm_tail_call(false).wasm_relaxed_simd(false);
    config.wasm_custom_page_sizes(false).wasm_wide_arithmetic(false);
    config
}

fn pool(instances: usize, memory_bytes: usize) -> PoolingAllocationConfig {
    let count = u32::try_from(instances).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(count)
        .total_core_instances(count.saturating_mul(4))
        .total_memories(count)
        .total_tables(count.saturating_mul(2))
        .total_stacks(count)
        .max_memory_size(memory_bytes)
        .table_elements(20_000)
        .max_memories_per_component(1)
        .max_tables_per_component(2)
        .max_core_instances_per_component(16)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(64 << 10)
        .max_unused_warm_slots(count.min(64))
        .pagemap_scan(Enabled::Auto);
    pool
}

/// Moves the clock of deadlines until the engine is gone.
fn start_ticking(engine: &Engine) -> Result<(), PluginError> {
    let weak = engine.weak();
    let tick = move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(Duration::from_millis(TICK_MS));
        }
    };
    let started = std::thread::Builder::new().name("plugin-deadlines".to_owned()).spawn(tick);
    started.map(|_| ()).map_err(|source| PluginError::File { path: "a thread for deadlines".to_owned(), source })
}

#[cfg(test)]
mod tests {
    use wasmtime::component::Component;

    use super::*;

    #[tokio::test]
    #[expect(unsafe_code, reason = "the code was made in the line above")]
    async fn code_made_ahead_is_loaded_by_the_servers_engine() {
        let component = wat::parse_str(
            r#"(component (core module $m
                (memory 1) (func (export "f") (param i32) (result i32) (i32.popcnt (local.get 0)) (i32.load (local.get 0)) i32.add))
                (core instance (instantiate $m)))"#,
        );
        let code = code_of(&component.unwrap()).unwrap();
        // SAFETY: see the reason.
        unsafe { Component::deserialize(&start(1, 1 << 20).unwrap(), &code) }.unwrap();
    }
}
