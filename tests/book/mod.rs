//! The chapters of the book that are made from the code: every option and every error code.
//!
//! `UPDATE_BOOK=1 cargo test book` writes them anew. The other tests of the book run with the JavaScript client.

mod config_source;
mod errors;
mod events;
mod options;
mod policies;

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Compares a generated file with what is committed, or writes it.
fn hold(path: &str, text: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE_BOOK").is_some() {
        fs::write(&file, text).unwrap();
        return;
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    if committed == text {
        return;
    }
    let mut lines = committed.lines().zip(text.lines());
    let first = lines.find(|(is, should)| is != should);
    panic!("{path} does not say what the code says. Run `UPDATE_BOOK=1 cargo test book`. First: {first:#?}");
}

/// `text` in one line of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
