//! What the operator can set.

use serde::{Deserialize, Serialize};

/// Fewer make no picture of [`SIDE`](crate::picture::SIDE) pixels.
const FEWEST: u64 = 65_536;

#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Width times height of what is taken. What is decoded within the usual `[plugins.limits]` is 640 by 640.
    pub max_pixels: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options { max_pixels: 409_600 }
    }
}

/// What is wrong with the options.
pub fn fault(options: &Options) -> Option<String> {
    (options.max_pixels < FEWEST).then(|| format!("max_pixels is {}: write at least {FEWEST}", options.max_pixels))
}
