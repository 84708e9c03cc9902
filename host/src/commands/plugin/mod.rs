//! `doorward plugin …`: build and look at plugins.

mod build;
mod inspect;
mod toolchain;

use std::path::PathBuf;

use clap::Subcommand;

use super::CommandResult;

pub use build::{BuildRequest, build};

/// Where cargo works for plugins.
const TARGET: &str = "target/plugins";

/// What can be done with plugins.
#[derive(Subcommand)]
pub enum PluginCommand {
    /// Compile plugins to components with their manifests inside.
    Build {
        /// Folders of crates or of workspaces of crates; the present one when none is given.
        folders: Vec<PathBuf>,
        /// Build the plugins of this repository: the workspace `plugins`.
        #[arg(long, conflicts_with = "folders")]
        all: bool,
        /// Where the components go.
        #[arg(long, default_value = "plugins/dist")]
        out: PathBuf,
    },
    /// Show what a plugin declares and needs, without running it.
    Inspect {
        /// The component.
        file: PathBuf,
    },
}

/// Runs one of the commands.
///
/// # Errors
/// The command's own, as a text that names the fix.
pub fn run(command: PluginCommand) -> CommandResult {
    match command {
        PluginCommand::Build { folders, all, out } => {
            let folders = match (all, folders.is_empty()) {
                (true, _) => vec![PathBuf::from("plugins")],
                (false, true) => vec![PathBuf::from(".")],
                (false, false) => folders,
            };
            let request = |folder| BuildRequest { folder, out: out.clone(), target: PathBuf::from(TARGET) };
            folders.into_iter().try_for_each(|folder| build(&request(folder)))
        }
        PluginCommand::Inspect { file } => inspect::inspect(&file),
    }
}
