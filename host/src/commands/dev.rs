//! `doorward dev`: builds what is missing, migrates, serves with a mailbox, and keeps up with what changes.

mod watch;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::migrate::bring_up_to_date;
use super::serve::{announce, listen};
use super::{CommandResult, environment, init, load_for_server, plugin, user};
use crate::app::{App, open_store};
use crate::auth::Scope;
use crate::config::{Config, ConfigError, MailConfig, MailTransport};
use crate::plugin_host::package::file::is_there;
use crate::server;
use crate::store::Store;

/// Official plugins that do nothing without an account of the operator elsewhere.
const NEED_CREDENTIALS: [&str; 1] = ["social"];

/// Makes everything ready, then serves until it is told to stop.
///
/// # Errors
/// When something is missing that it cannot make; the text names the fix.
pub fn dev(config_file: &Path) -> CommandResult {
    let first = First::of(config_file);
    let config = match &first {
        Some(first) => for_development(first.config()?),
        None => load_for_development(config_file)?,
    };
    // The port is taken first: whoever finds it taken learns that before a long build.
    let listeners = listen(&config)?;
    for request in builds(&config, first.is_some()) {
        step("building the plugins (the first time takes a few minutes)");
        plugin::build(&request)?;
    }
    let config = match first {
        Some(first) => {
            first.write()?;
            load_for_development(config_file)?
        }
        None => config,
    };
    let config_file = config_file.to_owned();
    server::block_on(async move {
        step("bringing the tables up to date");
        bring_up_to_date(&config, &open_store(&config)?).await?;
        step("loading plugins and scripts");
        let app = Arc::new(App::start(config).await?);
        tokio::spawn(watch::keep_up(Arc::clone(&app), config_file.clone()));
        announce(&app, &listeners)?;
        greet(&app, &config_file).await;
        server::serve(app, listeners).await?;
        Ok(())
    })?
}

/// A configuration that is not written yet: it is when everything else is at hand, so that a start that fails leaves none
/// that lacks the plugins.
struct First<'a> {
    file: &'a Path,
    template: String,
}

impl<'a> First<'a> {
    /// None where there is a configuration.
    fn of(file: &'a Path) -> Option<Self> {
        (!file.exists()).then(|| Self { file, template: init::template() })
    }

    fn config(&self) -> Result<Config, ConfigError> {
        self.read(&self.template)
    }

    fn read(&self, text: &str) -> Result<Config, ConfigError> {
        let folder = self.file.parent().filter(|parent| !parent.as_os_str().is_empty());
        Config::parse(text, folder.unwrap_or(Path::new(".")), &environment()?)
    }

    /// Writes it with the official plugins whose components are there, and that need nobody's credentials.
    fn write(&self) -> CommandResult {
        step(&format!("writing {} with a new secret", self.file.display()));
        let all = self.read(&init::with_plugins(&self.template, |id| !NEED_CREDENTIALS.contains(&id)))?;
        let is_at_hand = |id: &str| all.plugins.iter().any(|plugin| plugin.id == id && is_there(&all, plugin));
        init::write_config(self.file, &init::with_plugins(&self.template, is_at_hand))
    }
}

/// As [`load`]; mail goes to the development mailbox unless the file says how it is sent.
fn load_for_development(config_file: &Path) -> Result<Config, ConfigError> {
    Ok(for_development(load_for_server(config_file)?))
}

fn for_development(mut config: Config) -> Config {
    config.is_development = true;
    config.mail.get_or_insert_with(MailConfig::mailbox);
    config
}

/// What is built: a workspace of plugins in `plugins` when plugins are switched on or a first configuration is to list them, and
/// the plugin that the configuration lies beside.
fn builds(config: &Config, is_first: bool) -> Vec<plugin::BuildRequest> {
    let workspace = config.resolve("plugins");
    let own = config.resolve(".");
    let own_folder = own.clone();
    let mut folders = Vec::new();
    let is_wanted = is_first || config.plugins.iter().any(|plugin| plugin.enabled);
    if is_wanted && workspace.join("Cargo.toml").exists() {
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

/// Says where to begin: the sign-in page first, then who may administrate, then the API.
async fn greet(app: &App, config_file: &Path) {
    let config = &app.config;
    let base = config.origin();
    let path = &config.base_path;
    let mail = match &config.mail {
        Some(mail) if mail.transport == MailTransport::Mailbox => format!("lands in    {base}/dev/mailbox"),
        _ => "is sent, as the configuration says".to_owned(),
    };
    let page = app.pipeline.extensions().plugins.sign_in_page(&config.pages);
    let page = page.map(|page| if page.starts_with('/') { format!("{base}{page}") } else { page });
    let page = page.map_or_else(String::new, |page| format!("\nSign in at       {page}"));
    let scope = Scope::new(Arc::<Store>::clone(&app.pipeline.auth().store), Arc::default());
    let administrator = match user::lacks_administrator(config, &scope).await {
        Ok(true) => format!("\nNo administrator yet. Make one:   {}", make_administrator(config_file)),
        _ => String::new(),
    };
    let greeting = format!(
        r#"{page}{administrator}
The API is at    {base}{path}
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

/// The command that makes the first administrator, as this program was called.
fn make_administrator(config_file: &Path) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "doorward".to_owned());
    let file = config_file.display();
    let config = if config_file == Path::new("doorward.toml") { String::new() } else { format!(" --config {file}") };
    format!("{program} user create you@example.com --admin{config}")
}
