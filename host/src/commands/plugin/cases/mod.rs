//! The cases beside a plugin (`<name>.cases.toml`): steps and what is expected of them, played on its component in this server.

mod case;
mod compare;
mod lines;
mod look;
mod person;
mod stage;
mod upstream;

use std::path::{Path, PathBuf};

use tracing_subscriber::layer::SubscriberExt;

use super::check::ScratchFolder;
use crate::commands::CommandResult;
use crate::crypto::random::{ALPHANUMERIC, Random, SystemRandom};
use crate::hooks::cases::{CasesError, read_cases};
use case::{Case, Cases};
use lines::Lines;
use stage::{Setting, Stage};

/// The files of cases in a plugin's folder, by name.
///
/// # Errors
/// When the folder cannot be read.
pub(super) fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".cases.toml")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Plays the cases of a file on a component.
///
/// # Errors
/// When the file is malformed, or a case does not go as it says.
pub(super) fn play(file: &Path, component: &Path, folder: &ScratchFolder) -> CommandResult {
    let shown = file.display();
    let cases: Cases = read_cases(file)?;
    if cases.case.is_empty() {
        return Err(CasesError::Malformed { file: shown.to_string(), message: "it has no `[[case]]`".into() }.into());
    }
    // One for all, so that the compiled component is used again.
    let secret = SystemRandom.string(ALPHANUMERIC, 48);
    let mut failed = 0;
    for (index, case) in cases.case.iter().enumerate() {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::registry().with(lines.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let setting = Setting { cases: &cases, case, component, folder: folder.path(), secret: &secret, index, lines };
        let played = tracing::subscriber::with_default(subscriber, || runtime.block_on(play_case(setting)));
        match played {
            Ok(()) => remark!("    ok: {}", case.name),
            Err(fault) => {
                failed += 1;
                remark!("    FAILED: {}: {fault}", case.name);
            }
        }
    }
    let passed = cases.case.len() - failed;
    remark!("{shown}: {passed} passed, {failed} failed");
    if failed == 0 { Ok(()) } else { Err(format!("{shown}: {failed} of its cases failed").into()) }
}

async fn play_case(setting: Setting<'_>) -> Result<(), String> {
    let case: &Case = setting.case;
    let mut stage = Stage::set(setting).await?;
    let mut outcome = Ok(());
    for (number, step) in (1..).zip(&case.step) {
        if let Err(fault) = stage.play(step).await {
            outcome = Err(format!("step {number}: {fault}{}", stage.what_was_logged()));
            break;
        }
    }
    stage.end().await;
    outcome
}
