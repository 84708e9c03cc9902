//! The server under test: the built binary with a generated configuration, a fresh database and one signed-in user.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use doorward::commands::plugin::{BuildRequest, build};
use doorward::crypto::{base64, hmac_sha256};
use doorward::http::encode_component;
use tempfile::TempDir;
use tokio_postgres::NoTls;

use crate::Outcome;
use crate::load::{Client, Target, get, header, post};
use crate::process::{Process, free_port};

const BINARY: &str = env!("CARGO_BIN_EXE_doorward");
/// Where `doorward plugin build --all` puts the components.
const PLUGINS: &str = "plugins/dist";
/// The script whose cost is measured.
const SCRIPT: &str = "hooks/company_email.rhai";
/// A script that never ends by itself.
const ENDLESS: &str = "endless.rhai";
/// The plugin whose hook's cost is measured.
const HOOKED_PLUGIN: &str = "username";
/// The plugin that lists users.
const LISTING_PLUGIN: &str = "admin";
/// The plugin that signs a token for each `get-session`, unless it is told not to.
const SIGNING_PLUGIN: &str = "jwt";
/// The plugin whose routes do one thing each.
const MEASURED_PLUGIN: &str = "measured";
/// Where the server keeps compiled plugins, seen from its configuration.
const COMPILED: &str = ".doorward/plugins";
/// Refusals are measured by the thousand: a line for each would be measured too.
const LOG: &str = "warn,doorward::pipeline::respond=off";
const SECRET: &str = "a secret of the benchmark that is long enough";
const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse 1";

/// What is switched on beside the core.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extras {
    /// Nothing.
    None,
    /// Nothing, to be compared with the two that follow.
    Unhooked,
    /// One script with a matching before-hook.
    Script,
    /// One plugin with a matching before-hook.
    Plugin,
    /// One script whose hook at `/error` never ends.
    Endless,
    /// The plugin whose lists are measured, and hashes that cost next to nothing.
    Crowd,
    /// Every plugin and the script; no token with each look at the session.
    All,
    /// The same, with the token.
    AllWithToken,
    /// The plugin of `plugin/` alone, with the port of this machine that it may ask.
    Measured(u16),
}

impl Extras {
    /// Whether what it needs was built.
    pub fn exist(self) -> bool {
        match self {
            Self::None | Self::Unhooked | Self::Endless | Self::All | Self::AllWithToken | Self::Measured(_) => true,
            Self::Script => in_root(SCRIPT).exists(),
            Self::Plugin => component(HOOKED_PLUGIN).exists(),
            Self::Crowd => component(LISTING_PLUGIN).exists(),
        }
    }

    fn plugins(self) -> Vec<PathBuf> {
        match self {
            Self::None | Self::Unhooked | Self::Script | Self::Endless | Self::Measured(_) => Vec::new(),
            Self::Plugin => vec![component(HOOKED_PLUGIN)],
            Self::Crowd => vec![component(LISTING_PLUGIN)],
            Self::All | Self::AllWithToken => components(),
        }
    }

    fn script(self) -> Option<PathBuf> {
        match self {
            Self::None | Self::Unhooked | Self::Plugin | Self::Crowd | Self::Measured(_) => None,
            // Seen from the configuration, beside which it lies.
            Self::Endless => Some(PathBuf::from(ENDLESS)),
            Self::Script | Self::All | Self::AllWithToken => Some(in_root(SCRIPT)).filter(|script| script.exists()),
        }
    }
}

fn in_root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn component(id: &str) -> PathBuf {
    in_root(PLUGINS).join(id).with_extension("wasm")
}

/// Every built component, by name.
pub fn components() -> Vec<PathBuf> {
    let files = fs::read_dir(in_root(PLUGINS)).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "wasm")).collect();
    files.sort();
    files
}

/// A running Doorward.
pub struct Doorward {
    pub process: Process,
    port: u16,
    folder: TempDir,
}

impl Doorward {
    /// Migrates the database (a SQLite file of its own when `url` is absent) and serves it.
    pub fn start(extras: Extras, url: Option<&str>) -> Outcome<Self> {
        let (folder, port) = (tempfile::tempdir()?, free_port()?);
        if matches!(extras, Extras::Measured(_)) {
            build_measured()?;
        }
        fs::write(folder.path().join(ENDLESS), r#"before("/error", |ctx| { loop { } });"#)?;
        fs::write(folder.path().join("doorward.toml"), config(extras, port, url.unwrap_or("sqlite://doorward.db"))?)?;
        let migrated = command(&folder, "migrate").output()?;
        if !migrated.status.success() {
            return Err(format!("doorward migrate: {}", String::from_utf8_lossy(&migrated.stderr)).into());
        }
        Ok(Self { process: serve(&folder, port)?, port, folder })
    }

    /// Stops it and starts it again on the same database and caches.
    pub fn restart(self) -> Outcome<Self> {
        let Self { process, port, folder } = self;
        drop(process);
        Ok(Self { process: serve(&folder, port)?, port, folder })
    }

    /// As [`Doorward::restart`], with every plugin compiled anew.
    pub fn restart_cold(self) -> Outcome<Self> {
        fs::remove_dir_all(self.folder.path().join(COMPILED))?;
        self.restart()
    }

    /// `GET` of a path below the base path.
    pub fn read(&self, path: &str) -> Target {
        self.target(get(&format!("/api/auth{path}"), None), 200)
    }

    /// The header that a page of its own sends.
    pub fn origin(&self) -> String {
        format!("origin: http://127.0.0.1:{}\r\n", self.port)
    }

    /// Signs the one user up and returns the session's cookie.
    pub fn sign_up(&self) -> Outcome<String> {
        signed_up_at(self.port)
    }

    /// `GET` of a path below the base path with each of these sessions in turn, by their tokens.
    pub fn read_as_each(&self, path: &str, tokens: &[String]) -> Target {
        let path = format!("/api/auth{path}");
        let cookie = |token: &String| {
            let signature = base64(&hmac_sha256(SECRET.as_bytes(), token.as_bytes()));
            format!("better-auth.session_token={}", encode_component(&format!("{token}.{signature}")))
        };
        let requests = tokens.iter().map(|token| get(&path, Some(&cookie(token)))).collect();
        Target { port: self.port, requests, status: 200 }
    }

    /// `GET` of each of these paths in turn, with a live session.
    pub fn read_each(&self, paths: impl Iterator<Item = String>, cookie: &str) -> Target {
        let requests = paths.map(|path| get(&format!("/api/auth{path}"), Some(cookie))).collect();
        Target { port: self.port, requests, status: 200 }
    }

    /// The sign-in of each of these addresses in turn, with the password of the one user.
    pub fn sign_in_each(&self, emails: impl Iterator<Item = String>) -> Target {
        let body = |email: String| format!(r#"{{"email":"{email}","password":"{PASSWORD}"}}"#);
        let requests = emails.map(|email| post("/api/auth/sign-in/email", &body(email))).collect();
        Target { port: self.port, requests, status: 200 }
    }

    /// The file of its SQLite database.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("doorward.db")
    }

    /// Any request, and the status of its answer.
    pub fn target(&self, request: Vec<u8>, status: u16) -> Target {
        Target { port: self.port, requests: vec![request], status }
    }

    /// `GET /get-session` with a live session.
    pub fn get_session(&self, cookie: &str) -> Target {
        self.target(get("/api/auth/get-session", Some(cookie)), 200)
    }

    /// The user's sign-in.
    pub fn sign_in(&self) -> Target {
        sign_in_at(self.port)
    }

    /// A request that meets the script without an end.
    pub fn endless(&self) -> Target {
        self.target(get("/api/auth/error", None), 500)
    }

    /// A sign-up that the endpoint refuses before it does anything that costs: hooks match it all the same.
    pub fn refused_sign_up(&self) -> Target {
        let body = format!(r#"{{"name":"Ada Lovelace","email":"{EMAIL}","password":"short"}}"#);
        self.target(post("/api/auth/sign-up/email", &body), 400)
    }
}

/// Signs the one user up at a server on this port and returns the session's cookie.
pub fn signed_up_at(port: u16) -> Outcome<String> {
    let body = format!(r#"{{"name":"Ada Lovelace","email":"{EMAIL}","password":"{PASSWORD}"}}"#);
    let answer = Client::connect(port)?.ask(&post("/api/auth/sign-up/email", &body))?;
    let cookie = header(&answer.head, "set-cookie").and_then(|cookie| cookie.split(';').next());
    cookie.map(str::to_owned).ok_or_else(|| format!("sign-up failed:\n{}", answer.head).into())
}

/// The one user's sign-in at a server on this port.
pub fn sign_in_at(port: u16) -> Target {
    let body = format!(r#"{{"email":"{EMAIL}","password":"{PASSWORD}"}}"#);
    Target { port, requests: vec![post("/api/auth/sign-in/email", &body)], status: 200 }
}

/// Builds the plugin of `plugin/`, as far as it is not up to date.
fn build_measured() -> Outcome<()> {
    let request = BuildRequest {
        folder: in_root("tests/bench/plugin"),
        out: in_root("target").join(MEASURED_PLUGIN),
        target: in_root("target/plugins"),
    };
    build(&request)
}

/// Its entry; it may wait for a server of this machine.
fn measured(port: u16) -> toml::Table {
    let path = in_root("target").join(MEASURED_PLUGIN).join(MEASURED_PLUGIN).with_extension("wasm");
    toml::toml! {
        id = MEASURED_PLUGIN
        path = (path.display().to_string())
        grants = ["verifications", "http"]
        http = { hosts = [(format!("127.0.0.1:{port}"))], allow_private = true, allow_http = true }
    }
}

fn serve(folder: &TempDir, port: u16) -> Outcome<Process> {
    Process::start(command(folder, "serve"), port, "/api/auth/ok")
}

fn command(folder: &TempDir, name: &str) -> Command {
    let mut command = Command::new(BINARY);
    command.arg("--config").arg(folder.path().join("doorward.toml")).arg(name).env("DOORWARD_LOG", LOG);
    command
}

fn config(extras: Extras, port: u16, database: &str) -> Outcome<String> {
    let plugin = |path: &PathBuf| -> Outcome<toml::Value> {
        let id = path.file_stem().and_then(|name| name.to_str()).ok_or("a component has no name")?;
        Ok(match id {
            SIGNING_PLUGIN if extras == Extras::All => toml::toml! { id = id  disable_setting_jwt_header = true },
            "social" => toml::toml! {
                id = id
                providers = { github = { client_id = "bench", client_secret = "bench" } }
            },
            id => toml::toml! { id = id },
        }
        .into())
    };
    let mut plugins = extras.plugins().iter().map(plugin).collect::<Outcome<Vec<_>>>()?;
    if let Extras::Measured(port) = extras {
        plugins.push(measured(port).into());
    }
    let hooks = extras
        .script()
        .map(|file| toml::toml! { file = (file.display().to_string())  config = { domains = ["example.com"] } }.into());
    let mut config = toml::toml! {
        secret = SECRET
        rate_limit = { enabled = false }
        email_and_password = { enabled = true }
        mail = { transport = "webhook", webhook = { url = "http://127.0.0.1:9/" } }
    };
    if matches!(extras, Extras::Unhooked | Extras::Script | Extras::Plugin) {
        // Events are stored as fast as they can be, whatever a request costs: with more requests, each would cost less.
        config.insert("audit".into(), toml::toml! { enabled = false }.into());
    }
    if extras == Extras::Crowd {
        config.insert("password_hashing".into(), toml::toml! { memory_kib = 64  iterations = 1 }.into());
    }
    config.insert("base_url".into(), format!("http://127.0.0.1:{port}").into());
    config.insert("server".into(), toml::toml! { address = (format!("127.0.0.1:{port}")) }.into());
    config.insert("database".into(), toml::toml! { url = database }.into());
    config.insert("plugin_folder".into(), in_root(PLUGINS).display().to_string().into());
    config.insert("plugins".into(), plugins.into());
    config.insert("hooks".into(), hooks.into_iter().collect::<Vec<toml::Value>>().into());
    Ok(toml::to_string(&config)?)
}

/// Makes an empty database on the PostgreSQL server of `DOORWARD_TEST_POSTGRES_URL`; `None` when none is named.
pub fn postgres_database(name: &str) -> Outcome<Option<String>> {
    let Ok(server) = std::env::var("DOORWARD_TEST_POSTGRES_URL") else { return Ok(None) };
    let name = format!("doorward_bench_{name}_{}", std::process::id());
    let mut url = url::Url::parse(&server)?;
    url.set_path(&name);
    let create = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE); CREATE DATABASE {name}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&server, NoTls).await?;
        tokio::spawn(connection);
        for statement in create.split("; ") {
            client.batch_execute(statement).await?;
        }
        Outcome::Ok(())
    })?;
    Ok(Some(url.into()))
}
