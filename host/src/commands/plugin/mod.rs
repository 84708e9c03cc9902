//! `doorward plugin …`: build, sign and look at plugins.

mod build;
mod cases;
mod check;
mod inspect;
mod list;
mod new;
mod pack;
mod sign;
mod test;
mod toolchain;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::CommandResult;
use crate::config::{Config, ConfigError};

pub use build::{BuildRequest, build};
pub(super) use list::running;

/// What can be done with plugins.
#[derive(Subcommand)]
pub enum PluginCommand {
    /// Make a folder with a working plugin.
    New {
        /// The folder; its name is the plugin's id.
        path: PathBuf,
        /// Where the SDK comes from: a folder, a git URL, or a version.
        #[arg(long)]
        sdk: Option<String>,
    },
    /// Compile plugins to components with their manifests inside.
    Build {
        /// Folders of crates or of workspaces of crates; the present one when none is given.
        folders: Vec<PathBuf>,
        /// Build the plugins of this repository: the workspace `plugins`. Without `--out`, also put them beside this binary,
        /// where servers in other folders find them.
        #[arg(long, conflicts_with = "folders")]
        all: bool,
        /// Where the components go: `plugins/dist` where there is a folder `plugins`, else `dist`.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Pack components into one file, for a binary that carries them: build it with DOORWARD_BUNDLE=FILE.
    Pack {
        /// The folder of the components.
        #[arg(default_value = "plugins/dist")]
        folder: PathBuf,
        /// The file.
        #[arg(long)]
        output: PathBuf,
    },
    /// Run a plugin's tests natively, then try its component in the real host.
    Test {
        /// The folder of its crate; the present one when none is given.
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// Options for the real host, as TOML: `expires_in = 60`.
        #[arg(long, default_value = "")]
        options: String,
        /// Where the component goes: `plugins/dist` where there is a folder `plugins`, else `dist`.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Load a component as a server would, and ask it about its options.
    Check {
        /// The component.
        file: PathBuf,
        /// Its options, as TOML: `expires_in = 60`.
        #[arg(long, default_value = "")]
        options: String,
        /// What it is granted, separated by commas; everything that it asks for when absent.
        #[arg(long, value_delimiter = ',')]
        grants: Option<Vec<String>>,
    },
    /// Show the configured plugins: where they come from, what they may do, what bounds them.
    List,
    /// Make a publisher's key, to sign plugins with.
    Keygen {
        /// Where the private key goes.
        file: PathBuf,
    },
    /// Sign a component: writes its signature beside it.
    Sign {
        /// The publisher's private key.
        #[arg(long)]
        key: PathBuf,
        /// The day on which the signature ends to count.
        #[arg(long)]
        expires: Option<String>,
        /// The component.
        file: PathBuf,
    },
    /// Show what a plugin declares and needs, without running it.
    Inspect {
        /// The component, or the id of a plugin that is at hand.
        plugin: PathBuf,
    },
}

/// Runs one of the commands.
///
/// # Errors
/// The command's own, as a text that names the fix.
pub fn run(command: PluginCommand, load: impl FnOnce() -> Result<Config, ConfigError>) -> CommandResult {
    match command {
        PluginCommand::New { path, sdk } => new::new(&path, sdk.as_deref()),
        PluginCommand::Build { all: true, out, .. } => {
            let is_elsewhere = out.is_some();
            let components = build::build_all(&request(PathBuf::from("plugins"), out))?;
            if is_elsewhere { Ok(()) } else { build::put_beside_binary(&components) }
        }
        PluginCommand::Build { folders, out, .. } => {
            let folders = if folders.is_empty() { vec![PathBuf::from(".")] } else { folders };
            folders.into_iter().try_for_each(|folder| build(&request(folder, out.clone())))
        }
        PluginCommand::Pack { folder, output } => pack::pack(&folder, &output),
        PluginCommand::Test { folder, options, out } => test::test(&request(folder, out), &options),
        PluginCommand::Check { file, options, grants } => {
            check::check(&file, &check::CheckRequest { options: &options, grants: grants.as_deref() })
        }
        PluginCommand::List => list::list_plugins(&load()?),
        PluginCommand::Keygen { file } => sign::keygen(&file),
        PluginCommand::Sign { key, expires, file } => sign::sign(&key, &file, expires.as_deref()),
        PluginCommand::Inspect { plugin } => inspect::inspect(&plugin, load),
    }
}

fn request(folder: PathBuf, out: Option<PathBuf>) -> BuildRequest {
    let default = || PathBuf::from(if Path::new("plugins").is_dir() { "plugins/dist" } else { "dist" });
    BuildRequest { folder, out: out.unwrap_or_else(default), target: target(Path::new(".")) }
}

/// Where cargo works for the plugins of `folder`: below the author's own target folder.
pub fn target(folder: &Path) -> PathBuf {
    let own = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    own.unwrap_or_else(|| folder.join("target")).join("plugins")
}

/// Whether the folder holds a plugin's crate.
pub fn is_plugin(folder: &Path) -> bool {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    let manifest: toml::Table = manifest.parse().unwrap_or_default();
    manifest.get("dependencies").is_some_and(|crates| crates.get("doorward-sdk").is_some())
}
