//! Writes random modules and components into a folder: `random FOLDER SEED ROUNDS`.

use std::path::Path;

use arbitrary::Unstructured;
use wasm_smith::{Component, Config, Module};

/// Random bytes of one round.
const BYTES: u64 = 8192;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, seed, rounds] = arguments.as_slice() else { return Err("random FOLDER SEED ROUNDS".into()) };
    let (folder, seed, rounds): (_, u64, u64) = (Path::new(folder), seed.parse()?, rounds.parse()?);
    for round in 0..rounds {
        let bytes = bytes(seed.wrapping_add(round));
        let write = |kind: &str, made: arbitrary::Result<Vec<u8>>| match made {
            Ok(made) => std::fs::write(folder.join(format!("{round}.{kind}.wasm")), made),
            // The bytes were too few for what was begun.
            Err(_) => Ok(()),
        };
        let module = |config| Module::new(config, &mut Unstructured::new(&bytes)).map(|module| module.to_bytes());
        write("any", module(Config::default()))?;
        write("usual", module(usual()))?;
        let component = Component::new(Config::default(), &mut Unstructured::new(&bytes));
        write("component", component.map(|component| component.to_bytes()))?;
    }
    Ok(())
}

/// Of what plugins may use and without imports, so that not everything ends at the first check.
fn usual() -> Config {
    Config {
        max_imports: 0,
        min_funcs: 1,
        max_memories: 1,
        max_tables: 1,
        gc_enabled: false,
        threads_enabled: false,
        tail_call_enabled: false,
        exceptions_enabled: false,
        relaxed_simd_enabled: false,
        memory64_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    }
}

/// SplitMix64.
fn bytes(seed: u64) -> Vec<u8> {
    let mix = |step: u64| {
        let mut word = seed.wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    };
    (1..=BYTES / 8).flat_map(|step| mix(step).to_le_bytes()).collect()
}
