//! What hit servers of this kind, tried here: each test is named after the id of its advisory. `docs/security.md` lists them.

mod keys;
