//! `doorward dev`: builds what is missing, migrates, serves with a mailbox, and keeps up with what changes.

mod watch;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::serve::{announce, listen};
use super::{CommandResult, init, load_for_server, plugin};
use crate::app::{App, open_store};
use crate::config::{Config, ConfigError, MailConfig, MailTransport};
use crate::server;

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
    for request in builds(&config) {
        step("building the plugins (the first time takes a few minutes)");
        plugin::build(&request)?;
    }
    let config_file = config_file.to_owned();
    server::block_on(async move {
        step("bringing the tables up to date");
        open_store(&config)?.migrate().await?;
        step("loading plugins and scripts");
        let app = Arc::new(App::start(config).await?);
        tokio::spawn(watch::keep_up(Arc::clone(&app), config_file));
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

/// What is built: a workspace of plugins in `plugins` when plugins are switched on, and the plugin that the configuration lies
/// beside.
fn builds(config: &Config) -> Vec<plugin::BuildRequest> {
    let workspace = config.resolve("plugins");
    let own = config.resolve(".");
    let own_folder = own.clone();
    let mut folders = Vec::new();
    if workspace.join("Cargo.toml").exists() && config.plugins.iter().any(|plugin| plugin.enabled) {
        folders.push((workspace, config.built_folder()));
    }
    if plugin::is_plugin(&own) {
        folders.push((own, config.resolve("dist")));
    }
    let target = plugin::target(&own_folder);
    let request = |(folder, out): (PathBuf, PathBuf)| plugin::BuildRequest { folder, out, target: target.clone() };
    folders.into_iter().map(request).collect()
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
