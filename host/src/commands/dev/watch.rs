//! Keeps a development server up with its files: builds, migrates and loads again, and says what it does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{builds, for_development, step};
use crate::app::{App, open_store};
use crate::commands::serve::told_reload;
use crate::commands::{CommandResult, load, plugin};
use crate::config::Config;
use crate::store::Database;

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Folders of a crate that hold no sources.
const NO_SOURCES: [&str; 4] = ["target", "dist", "node_modules", ".doorward"];
/// Levels of folders that are looked at.
const DEEPEST: usize = 8;

/// When each file was written last.
type Seen = BTreeMap<PathBuf, Option<SystemTime>>;

/// Does what changed files ask for, for as long as the server runs. Whatever is wrong is said once, and what was there serves
/// on.
pub(super) async fn keep_up(app: Arc<App>, config_file: PathBuf) {
    let listed = |config_file: &Path| load(config_file).ok();
    let (mut sources, mut files) = look(&app.config, &config_file);
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        // The files are those that the configuration lists now.
        let config = listed(&config_file);
        let config = config.as_ref().unwrap_or(&app.config);
        let (now_sources, now_files) = look(config, &config_file);
        if now_sources != sources {
            sources = now_sources;
            step(&format!("{} changed: building", changed_name(&sources)));
            let requests = builds(config, false);
            let built = tokio::task::spawn_blocking(move || {
                requests.iter().try_for_each(|request| plugin::build(request).map_err(|error| error.to_string()))
            });
            match built.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    remark!("doorward: {error}; the component from before serves on");
                    continue;
                }
                Err(error) => {
                    remark!("doorward: the build broke off: {error}");
                    continue;
                }
            }
        }
        let (_, now_files) = if now_files == files { look(config, &config_file) } else { (Seen::new(), now_files) };
        if now_files != files {
            files = now_files;
            catch_up(&app, &config_file).await;
        }
    }
}

/// Loads what is listed now. New tables and options that need a new start get one, once it is sure to succeed.
async fn catch_up(app: &App, config_file: &Path) {
    let config = match load(config_file) {
        Ok(config) => for_development(config),
        Err(error) => return remark!("doorward: {error}; what was loaded before serves on"),
    };
    let needs_start = match told_reload(app, &config).await {
        Ok(waiting) if waiting.is_empty() => {
            step("plugins and scripts are loaded again");
            return;
        }
        Ok(waiting) => format!("{} changed", waiting.join(", ")),
        Err(_) if wants_tables(app, &config) => "plugins want other tables: migrating them".to_owned(),
        Err(error) => return remark!("doorward: {error}; what was loaded before serves on"),
    };
    step(&needs_start);
    if let Err(error) = ready(config).await {
        return remark!("doorward: {error}; what was loaded before serves on");
    }
    start_again();
}

/// Whether the plugins that are listed now have other tables or fields than the server that runs.
fn wants_tables(app: &App, config: &Config) -> bool {
    open_store(config).is_ok_and(|store| !app.pipeline.auth().schema().covers(store.schema()))
}

/// Migrates, and tries whether the server would start.
async fn ready(config: Config) -> CommandResult {
    open_store(&config)?.migrate().await?;
    App::check(&Arc::new(config)).await?;
    Ok(())
}

/// Replaces this process by a new one with the same arguments.
#[cfg(unix)]
fn start_again() {
    use std::os::unix::process::CommandExt;
    step("starting again");
    crate::log::flush();
    let Ok(own) = std::env::current_exe() else { return remark!("doorward: start it again by hand") };
    let failed = std::process::Command::new(own).args(std::env::args_os().skip(1)).exec();
    remark!("doorward: it cannot start again: {failed}");
}

#[cfg(not(unix))]
fn start_again() {
    remark!("doorward: start it again, so that this counts");
}

/// The sources of plugins, and the files that are loaded.
fn look(config: &Config, config_file: &Path) -> (Seen, Seen) {
    let mut sources = Seen::new();
    for request in builds(config, false) {
        collect(&request.folder, DEEPEST, &mut sources);
    }
    let scripts = config.hooks.iter().map(|hook| config.resolve(&hook.file));
    let components = config.plugins.iter().map(|plugin| config.component_path(plugin));
    let files = scripts.chain(components).chain([config_file.to_owned()]);
    (sources, files.map(|path| (path.clone(), modified(&path))).collect())
}

/// Adds the sources below a folder: Rust, Cargo.toml, and assets.
fn collect(folder: &Path, levels: usize, found: &mut Seen) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            if levels > 0 && !NO_SOURCES.contains(&name.as_str()) && !name.starts_with('.') {
                collect(&path, levels - 1, found);
            }
        } else if is_source(&path) {
            let time = modified(&path);
            found.insert(path, time);
        }
    }
}

fn is_source(path: &Path) -> bool {
    let is_rust = path.extension().is_some_and(|end| end == "rs");
    let in_assets = path.components().any(|part| part.as_os_str() == "assets");
    is_rust || in_assets || path.file_name().is_some_and(|name| name == "Cargo.toml")
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|data| data.modified()).ok()
}

/// The name of the file that was written last.
fn changed_name(seen: &Seen) -> String {
    let newest = seen.iter().max_by_key(|(_, time)| **time).map(|(path, _)| path);
    newest.and_then(|path| path.file_name()).map_or_else(|| "a source".to_owned(), |name| name.to_string_lossy().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_found_and_nothing_that_is_made() {
        let folder = tempfile::tempdir().unwrap();
        for name in
            ["src/lib.rs", "Cargo.toml", "assets/a/style.css", "target/x.rs", "dist/x.wasm", "README.md", ".git/x.rs"]
        {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "x").unwrap();
        }
        let mut found = Seen::new();
        collect(folder.path(), DEEPEST, &mut found);
        let names: Vec<String> =
            found.keys().map(|path| path.strip_prefix(folder.path()).unwrap().display().to_string()).collect();
        assert_eq!(names, ["Cargo.toml", "assets/a/style.css", "src/lib.rs"]);
    }
}
