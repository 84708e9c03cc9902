//! SQLite's result codes. The query library passes on the text alone, and for these codes the text is the code's own.

use std::ffi::{CStr, c_int};
use std::sync::LazyLock;

use libsqlite3_sys as ffi;

/// The codes that are told apart, each with SQLite's own text for it.
static TEXTS: LazyLock<Vec<(c_int, &'static str)>> = LazyLock::new(|| {
    let codes = [
        ffi::SQLITE_BUSY,
        ffi::SQLITE_LOCKED,
        ffi::SQLITE_PERM,
        ffi::SQLITE_READONLY,
        ffi::SQLITE_IOERR,
        ffi::SQLITE_FULL,
        ffi::SQLITE_CANTOPEN,
        ffi::SQLITE_NOMEM,
        ffi::SQLITE_CORRUPT,
        ffi::SQLITE_NOTADB,
    ];
    codes.map(|code| (code, text_of(code))).to_vec()
});

/// The code of an error with this message, if it is one of those that are told apart.
pub(super) fn of(message: &str) -> Option<c_int> {
    TEXTS.iter().find(|(_, text)| *text == message).map(|(code, _)| *code)
}

fn text_of(code: c_int) -> &'static str {
    #[expect(unsafe_code, reason = "SQLite returns a constant text, and the library has no safe interface for it")]
    // SAFETY: `sqlite3_errstr` returns a NUL-terminated constant for every number.
    let text = unsafe { CStr::from_ptr(ffi::sqlite3_errstr(code)) };
    text.to_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_different_texts() {
        assert_eq!(of("database is locked"), Some(ffi::SQLITE_BUSY));
        assert_eq!(of("database or disk is full"), Some(ffi::SQLITE_FULL));
        assert_eq!(of("no such table: user"), None);
        assert!(TEXTS.iter().all(|(code, text)| of(text) == Some(*code)));
    }
}
