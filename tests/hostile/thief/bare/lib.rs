//! The thief that was granted nothing.

use doorward_sdk::prelude::*;

doorward_sdk::plugin!(plugin);

fn plugin() -> Plugin {
    thief_core::thief("thief-bare")
}
