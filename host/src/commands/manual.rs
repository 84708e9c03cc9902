//! `doorward completions` and `doorward man`: what shells and manuals say, made from the command line itself.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Cli, CommandResult};

/// Prints the completions of a shell.
///
/// # Errors
/// Never; the text is made here.
pub fn completions(shell: Shell) -> CommandResult {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "doorward", &mut text);
    tell!("{}", String::from_utf8(text)?.trim_end());
    Ok(())
}

/// Prints the page of `doorward`, or writes it and one for each command into a folder, which is made.
///
/// # Errors
/// When a page cannot be written.
pub fn pages(folder: Option<&Path>) -> CommandResult {
    let command = Cli::command().disable_help_subcommand(true);
    if let Some(folder) = folder {
        let failed = |error| format!("cannot write the manual into {}: {error}", folder.display());
        std::fs::create_dir_all(folder).map_err(failed)?;
        return Ok(clap_mangen::generate_to(command, folder).map_err(failed)?);
    }
    let mut text = Vec::new();
    Man::new(command).render(&mut text)?;
    tell!("{}", String::from_utf8(text)?.trim_end());
    Ok(())
}
