//! What commands say to the person at the terminal, who may have closed it.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

/// What shells call the end of a program whose reader is gone: 128 + SIGPIPE.
const READER_GONE: i32 = 141;

/// Writes a line that was asked for, and ends the process when nobody can read it.
pub fn tell(line: Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(READER_GONE);
    }
    remark(format_args!("doorward: the answer cannot be written: {error}"));
    std::process::exit(1);
}

/// Writes a line beside what was asked for; whether anybody reads it changes nothing.
pub fn remark(line: Arguments<'_>) {
    _ = writeln!(std::io::stderr(), "{line}");
}

/// Asks whoever is there, and tells whether the answer is yes.
///
/// # Errors
/// When the answer cannot be read.
pub fn confirmed(what: &str) -> std::io::Result<bool> {
    remark(format_args!("{what}\nGo on? [y/N]"));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// What a person chose, without what would steer a terminal.
pub fn shown(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// As [`terminal::tell`](tell), with a format.
macro_rules! tell {
    ($($part:tt)*) => { $crate::commands::terminal::tell(format_args!($($part)*)) };
}

/// As [`terminal::remark`](remark), with a format.
macro_rules! remark {
    ($($part:tt)*) => { $crate::commands::terminal::remark(format_args!($($part)*)) };
}
