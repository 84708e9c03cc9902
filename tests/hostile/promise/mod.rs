//! The promise of the sandbox: what a plugin or a script can do is what the operator granted. Components and scripts that
//! try to do more, what they try with, and what must come out.

mod colliding;
mod escaping;
mod failing_open;
mod forging;
mod growing;
mod minting;
mod reading;
mod reading_scripts;
mod rewriting;
mod script;
mod starving;
mod thief;
