//! `doorward plugin pack`: one file of components and their machine code, for a binary that carries them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::commands::CommandResult;
use crate::files::write_whole;
use crate::plugin_host::package::bundle::{self, Unpacked};
use crate::plugin_host::{engine, manifest};

/// Packs every component of a folder.
///
/// # Errors
/// When there is none, one is no plugin, or the file cannot be written.
pub(super) fn pack(folder: &Path, output: &Path) -> CommandResult {
    let unreadable =
        |error| format!("cannot read {}: {error}. Build with `doorward plugin build --all`", folder.display());
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "wasm"));
    files.sort();
    if files.is_empty() {
        let advice = "build the plugins with `doorward plugin build --all`";
        return Err(format!("{} holds no components: {advice}", folder.display()).into());
    }
    let mut plugins = Vec::with_capacity(files.len());
    for file in files {
        let component = fs::read(&file)?;
        let id = manifest::read(&component, &file.display().to_string())?.id;
        let code = engine::code_of(&component).map_err(|error| format!("{}: {error:#}", file.display()))?;
        plugins.push(Unpacked { id, component, code });
    }
    let packed = bundle::pack(&plugins)?;
    write_whole(output, &[&packed]).map_err(|error| format!("cannot write {}: {error}", output.display()))?;
    tell!(
        "{} holds {} components and their machine code, {} KiB. Build with DOORWARD_BUNDLE={} to put them into the binary",
        output.display(),
        plugins.len(),
        packed.len() / 1024,
        output.display()
    );
    Ok(())
}
