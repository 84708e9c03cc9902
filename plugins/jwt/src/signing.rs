//! The key that signs: looked up, remembered for some seconds, made when there is none.

use crate::key::{self, Key};
use crate::mint;
use crate::options::Options;
use doorward_sdk::prelude::*;

/// Seconds for which a signing key is not looked up again.
const REMEMBERED_SECS: u32 = 10;
const REMEMBERED: &str = "signing key";

/// The key that signs now; made when there is none.
pub fn key(options: &Options) -> Result<Key> {
    let key = match key::choose(key::all()?, options) {
        Some(key) => key,
        None => mint::mint(options)?,
    };
    cache::put(REMEMBERED, &serde_json::to_string(&key)?, REMEMBERED_SECS)?;
    Ok(key)
}

/// As [`key`], by what this server knew some seconds ago: for requests that come often.
pub fn remembered_key(options: &Options) -> Result<Key> {
    match cache::get(REMEMBERED).and_then(|text| serde_json::from_str::<Key>(&text).ok()).filter(Key::signs) {
        Some(key) => Ok(key),
        None => key(options),
    }
}
