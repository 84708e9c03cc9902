//! `doorward dev`: builds what is missing, migrates, serves with a mailbox, and reloads what changes.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::migrate::bring_up_to_date;
use super::serve::{announce, listen, reload};
use super::{CommandResult, init, load, load_for_server, plugin};
use crate::app::{App, open_store};
use crate::config::{Config, ConfigError, MailConfig, MailTransport};
use crate::server;

const WATCH_EVERY: Duration = Duration::from_millis(500);

/// Makes everything ready, then serves until it is told to stop.
///
/// # Errors
/// When something is missing that it cannot make; the text names the fix.
pub fn dev(config_file: &Path) -> CommandResult {
    if !config_file.exists() {
        step(&format!("writing {} with a new secret", config_file.display()));
        init::write_config(config_file)?;
    }
    let config = load_for_development(config_file)?;
    // The port is taken first: whoever finds it taken learns that before a long build.
    let listeners = listen(&config)?;
    for (folder, out) in plugin_folders(&config) {
        step("building the plugins (the first time takes a few minutes)");
        plugin::build(&plugin::BuildRequest { folder, out, target: plugin::target(&config.resolve(".")) })?;
    }
    let config_file = config_file.to_owned();
    server::block_on(async move {
        step("bringing the tables up to date");
        bring_up_to_date(&config, &open_store(&config)?).await?;
        step("loading plugins and scripts");
        let app = Arc::new(App::start(config).await?);
        tokio::spawn(reload_on_change(Arc::clone(&app), config_file));
        announce(&app, &listeners)?;
        greet(&app.config);
        server::serve(app, listeners).await?;
        Ok(())
    })?
}

/// As [`load`]; mail goes to the development mailbox unless the file says how it is sent.
fn load_for_development(config_file: &Path) -> Result<Config, ConfigError> {
    let mut config = load_for_server(config_file)?;
    config.is_development = true;
    config.mail.get_or_insert_with(MailConfig::mailbox);
    Ok(config)
}

/// The folders of crates that are built, and where their components go: a workspace of plugins in `plugins` when plugins are
/// switched on, and the plugin that the configuration lies beside.
fn plugin_folders(config: &Config) -> Vec<(PathBuf, PathBuf)> {
    let workspace = config.resolve("plugins");
    let own = config.resolve(".");
    let mut folders = Vec::new();
    if workspace.join("Cargo.toml").exists() && config.plugins.iter().any(|plugin| plugin.enabled) {
        folders.push((workspace, config.built_folder()));
    }
    if plugin::is_plugin(&own) {
        folders.push((own, config.resolve("dist")));
    }
    folders
}

/// Loads plugins and scripts again when one of their files or the configuration changes.
async fn reload_on_change(app: Arc<App>, config_file: PathBuf) {
    let mut seen = modification_times(&app.config, &config_file);
    loop {
        tokio::time::sleep(WATCH_EVERY).await;
        // The files are those that the configuration lists now.
        let listed = load(&config_file).ok();
        let now = modification_times(listed.as_ref().unwrap_or(&app.config), &config_file);
        if now != seen {
            reload(&app, load_for_development(&config_file)).await;
            seen = now;
        }
    }
}

/// When the configuration, each component and each script was last written.
fn modification_times(config: &Config, config_file: &Path) -> BTreeMap<PathBuf, Option<SystemTime>> {
    let scripts = config.hooks.iter().map(|hook| config.resolve(&hook.file));
    let components = config.plugins.iter().map(|plugin| config.component_path(plugin));
    let modified = |path: &PathBuf| std::fs::metadata(path).and_then(|data| data.modified()).ok();
    scripts.chain(components).chain([config_file.to_owned()]).map(|path| (path.clone(), modified(&path))).collect()
}

fn step(text: &str) {
    remark!("doorward: {text} …");
}

fn greet(config: &Config) {
    let base = config.origin();
    let path = &config.base_path;
    let mail = match &config.mail {
        Some(mail) if mail.transport == MailTransport::Mailbox => format!("lands in   {base}/dev/mailbox"),
        _ => "is sent, as the configuration says".to_owned(),
    };
    let has_pages = config.plugins.iter().any(|plugin| plugin.enabled && plugin.id == "pages");
    let pages = if has_pages { format!("\nOpen            {base}{}/\n", config.pages.path) } else { String::new() };
    let greeting = format!(
        r#"{pages}
Doorward serves {base}{path}
Mail {mail}

Try it:

  curl {base}{path}/sign-up/email -H 'content-type: application/json' \
    -d '{{"name":"Ada","email":"ada@example.com","password":"correct horse 1"}}'

Or from JavaScript (npm install better-auth):

  import {{ createAuthClient }} from "better-auth/client";
  const auth = createAuthClient({{ baseURL: "{base}" }});
  await auth.signUp.email({{ name: "Ada", email: "ada@example.com", password: "correct horse 1" }});
"#
    );
    // The server serves, whether anybody reads this or not.
    _ = writeln!(std::io::stdout(), "{greeting}");
}
