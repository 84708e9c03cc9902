//! `doorward openapi`: the description of the API, as an OpenAPI document.

use std::path::Path;

use super::CommandResult;
use crate::app;
use crate::config::Config;
use crate::files::write_whole;
use crate::pipeline::description::ApiDescription;

/// Prints the document of the public API or of the management API, or writes it into a file. No database is asked.
///
/// # Errors
/// When a plugin cannot be loaded, there is no management API, or the file cannot be written.
pub fn openapi(config: &Config, of_management: bool, output: Option<&Path>) -> CommandResult {
    let description = describe(config)?;
    let document = match of_management {
        false => description.public(),
        true => description.management().ok_or("there is no management API: write management.address")?,
    };
    write(output, &serde_json::to_string_pretty(&document)?)
}

/// What a server with this configuration answers.
///
/// # Errors
/// When a plugin cannot be loaded, or two owners claim one thing.
pub(super) fn describe(config: &Config) -> Result<ApiDescription, Box<dyn std::error::Error + Send + Sync>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    Ok(runtime.block_on(app::describe(config))?)
}

/// Prints the text, or writes it into a file.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write(output: Option<&Path>, text: &str) -> CommandResult {
    let Some(file) = output else {
        tell!("{}", text.trim_end());
        return Ok(());
    };
    let written = write_whole(file, &[text.trim_end().as_bytes(), b"\n"]);
    written.map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    tell!("{} is written", file.display());
    Ok(())
}
