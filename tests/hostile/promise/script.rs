//! A server with hostile or careless scripts, and what they let through.

use std::fmt::Write;

use crate::fixture::Fixture;
use crate::store::Place;

use super::thief::UNLIMITED;

/// A server with one script and these options.
pub async fn scripted(place: &Place, script: &str, options: &str) -> Result<Fixture, String> {
    with_section(place, script, "", options).await
}

/// As [`scripted`], with more lines in the script's section.
pub async fn with_section(place: &Place, script: &str, section: &str, options: &str) -> Result<Fixture, String> {
    super::super::keep_log();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.rhai");
    std::fs::write(&file, script).unwrap();
    let mut text = format!("{UNLIMITED}{options}\n");
    writeln!(text, "[[hooks]]\nfile = {:?}\n{section}", file.display().to_string()).unwrap();
    Fixture::try_start(place, &text).await
}

/// A server that runs this script.
pub async fn running(place: &Place, script: &str) -> Fixture {
    scripted(place, script, "").await.unwrap_or_else(|error| panic!("{script}: {error}"))
}
