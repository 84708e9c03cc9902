//! Random bytes and JSON for tests, from a seed that is printed.
//!
//! `DOORWARD_FUZZ_SEED` plays a run again, `DOORWARD_FUZZ_ROUNDS` makes it longer. Round `n` of seed `s` is round 0 of `s + n`.

use arbitrary::{Result, Unstructured};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value as Json, json};

const SEED: u64 = 20_261_122;
const ROUNDS: u64 = 40;
const BYTES: usize = 8192;

/// The seed and the number of rounds.
pub fn settings() -> (u64, u64) {
    let number = |name, usual| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    (number("DOORWARD_FUZZ_SEED", SEED), number("DOORWARD_FUZZ_ROUNDS", ROUNDS))
}

/// Random bytes for each round. A test that fails shows the round it was in.
pub fn rounds() -> impl Iterator<Item = Vec<u8>> {
    let (seed, rounds) = settings();
    (0..rounds).map(move |round| {
        tell(&format!("DOORWARD_FUZZ_SEED={} DOORWARD_FUZZ_ROUNDS=1", seed.wrapping_add(round)));
        let mut bytes = vec![0; BYTES];
        StdRng::seed_from_u64(seed.wrapping_add(round)).fill_bytes(&mut bytes);
        bytes
    })
}

/// A line that is shown when the test fails.
#[expect(clippy::print_stdout, reason = "the test harness shows it when it is needed")]
pub fn tell(line: &str) {
    println!("{line}");
}

/// Any JSON, of the kinds that break things; `words` are texts that mean something where it goes.
pub fn json(chance: &mut Unstructured<'_>, words: &[&str], depth: u32) -> Result<Json> {
    Ok(match chance.int_in_range(0..=if depth == 0 { 5 } else { 9 })? {
        0 => Json::Null,
        1 => Json::Bool(chance.arbitrary()?),
        2 => chance
            .choose(&[
                json!(0),
                json!(-1),
                json!(7),
                json!(i64::MIN),
                json!(u64::MAX),
                json!(1e300),
                json!(0.5),
                json!(1_i64 << 40),
            ])?
            .clone(),
        3 | 4 if !words.is_empty() => json!(chance.choose(words)?),
        3..=5 => json!(text(chance)?),
        6 | 7 => {
            let length = chance.int_in_range(0..=4)?;
            (0..length).map(|_| json(chance, words, depth - 1)).collect::<Result<Json>>()?
        }
        _ => {
            let mut object = Map::new();
            for _ in 0..chance.int_in_range(0..=4)? {
                let name = if words.is_empty() { text(chance)? } else { (*chance.choose(words)?).to_owned() };
                object.insert(name, json(chance, words, depth - 1)?);
            }
            Json::Object(object)
        }
    })
}

fn text(chance: &mut Unstructured<'_>) -> Result<String> {
    let odd = [
        "",
        " ",
        "\0",
        "a\0b",
        "é\u{202e}",
        "'; DROP TABLE user; --",
        "%_\\",
        "../../etc/passwd",
        "2026-11-22T08:41:23.051Z",
        "+999999-12-31T23:59:59Z",
        "NaN",
        "9223372036854775808",
        "[]",
        "{\"a\":",
        "a\r\nb: c",
    ];
    match chance.int_in_range(0..=2)? {
        0 => Ok("x".repeat(*chance.choose(&[1, 255, 4096, 70_000])?)),
        _ => Ok((*chance.choose(&odd)?).to_owned()),
    }
}

/// Puts random JSON into a random place of `value`.
pub fn damage(chance: &mut Unstructured<'_>, value: &mut Json, words: &[&str]) -> Result<()> {
    let mut places = Vec::new();
    list_places(value, String::new(), &mut places);
    let place = chance.choose(&places)?.clone();
    let new = json(chance, words, 3)?;
    if let Some(slot) = value.pointer_mut(&place) {
        *slot = new;
    }
    Ok(())
}

fn list_places(value: &Json, at: String, places: &mut Vec<String>) {
    match value {
        Json::Object(object) => {
            object.iter().for_each(|(name, value)| list_places(value, format!("{at}/{name}"), places))
        }
        Json::Array(list) => {
            (0..).zip(list).for_each(|(index, value): (usize, _)| list_places(value, format!("{at}/{index}"), places))
        }
        _ => {}
    }
    places.push(at);
}
