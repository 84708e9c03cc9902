//! `doorward doctor`: looks at every part of an installation, and says the command that mends what is wrong.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::CommandResult;
use super::serve::{check_tables, greet_mail_server, missing_database};
use crate::app::{self, App};
use crate::auth::seals;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::config::{Config, ConfigError, MailTransport};
use crate::crypto::random::SystemRandom;
use crate::http::address::is_loopback;
use crate::http::outgoing::tls;
use crate::http::shown_url;
use crate::outbox::events::queue;
use crate::server;
use crate::store::{Standing, Store};

/// How long one address is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// How far the clock may be from that of the public address or of the database before tokens and codes fail.
const TOLERANCE_SECS: i64 = 30;

/// Rows of each table that are searched for what an older secret has sealed.
const MOST_SEALED: u32 = 10_000;

/// An event that waits for longer is late.
const LATE_SECS: i64 = 3600;

/// What was found of one part.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    /// It is as it should be; what was seen.
    Fine(String),
    /// It works, and somebody should look at it.
    Doubtful(String),
    /// It does not work.
    Wrong(String),
}

use Finding::{Doubtful, Fine, Wrong};

/// Prints a line for each part. Nothing is changed.
///
/// # Errors
/// When something would keep the server from starting or from sending mail.
pub fn doctor(file: &Path, load: impl FnOnce() -> Result<Config, ConfigError>) -> CommandResult {
    let mut report = Report::default();
    let Some(config) = configuration(file, load, &mut report) else { return report.end() };
    let config = Arc::new(config);
    let file = file.to_owned();
    server::block_on(async move {
        rights(&config, &file, &mut report);
        proxy(&config, &mut report);
        plugins(&config, &mut report).await;
        database(&config, &mut report).await;
        mail(&config, &mut report).await;
        receivers(&config, &mut report).await;
        public_address(&config, &mut report).await;
        report.end()
    })?
}

/// What is printed as it is found.
#[derive(Default)]
struct Report {
    wrong: usize,
}

impl Report {
    fn add(&mut self, part: &str, finding: &Finding) {
        match finding {
            Fine(seen) => tell!("ok     {part}: {seen}"),
            Doubtful(doubt) => tell!("look   {part}: {doubt}"),
            Wrong(fault) => {
                self.wrong += 1;
                tell!("WRONG  {part}: {fault}");
            }
        }
    }

    fn end(self) -> CommandResult {
        match self.wrong {
            0 => Ok(()),
            1 => Err("one part is wrong".into()),
            several => Err(format!("{several} parts are wrong").into()),
        }
    }
}

fn configuration(
    file: &Path,
    load: impl FnOnce() -> Result<Config, ConfigError>,
    report: &mut Report,
) -> Option<Config> {
    let loaded = load().and_then(|config| config.check_mail().map(|()| config));
    match loaded {
        Ok(config) => {
            report.add("configuration", &Fine(format!("{} can be used", file.display())));
            for name in &config.unused_variables {
                report.add("configuration", &Doubtful(format!("the variable {name} sets nothing: remove it")));
            }
            Some(config)
        }
        Err(error) => {
            report.add("configuration", &Wrong(error.to_string()));
            None
        }
    }
}

/// Who may read the secrets, and whether the server may write where it writes.
fn rights(config: &Config, file: &Path, report: &mut Report) {
    for secret in with_secrets(config, file) {
        if let Some(finding) = readers(&secret) {
            report.add("file rights", &finding);
        }
    }
    if let Some(folder) = config.database.url.strip_prefix("sqlite://").and_then(|file| folder_of(config, file)) {
        let mend = |problem| Wrong(format!("{problem}. Run: sudo install -d -o \"$(id -u)\" {}", absolute(&folder)));
        report.add("file rights", &writable(&folder).map_or_else(mend, Fine));
    }
    report.add("file rights", &kept_components(config));
}

/// Whether compiled plugins can be kept; without them, each start compiles again.
fn kept_components(config: &Config) -> Finding {
    let folder = config.resolve(".doorward");
    match writable(&folder) {
        Ok(seen) => Fine(seen),
        Err(problem) => Doubtful(format!(
            "{problem}, so compiled plugins are not kept, and each start takes longer. Make {} a folder of the \
             server's user, or a link to one, such as /var/cache/doorward",
            absolute(&folder)
        )),
    }
}

/// The configuration, the files that it reads secrets from, and the private key of TLS.
fn with_secrets(config: &Config, file: &Path) -> Vec<PathBuf> {
    let key = config.server.tls.as_ref().map(|tls| config.resolve(&tls.key));
    [file.to_owned()].into_iter().chain(config.secret_files.iter().cloned()).chain(key).collect()
}

/// Whether others than the owner and the group read the file, where the system tells.
#[cfg(unix)]
fn readers(file: &Path) -> Option<Finding> {
    use std::os::unix::fs::MetadataExt;
    let mode = std::fs::metadata(file).map(|data| data.mode()).unwrap_or_default();
    let shown = file.display();
    Some(match mode & 0o007 {
        0 => Fine(format!("others do not read {shown}")),
        _ => Doubtful(format!("everyone on this machine reads {shown}. Run: chmod o= {shown}")),
    })
}

#[cfg(not(unix))]
fn readers(_: &Path) -> Option<Finding> {
    None
}

fn folder_of(config: &Config, file: &str) -> Option<PathBuf> {
    let folder = config.resolve(file).parent()?.to_owned();
    Some(if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder })
}

/// Whether something can be written there; what is not there yet is judged by the folder above.
///
/// # Errors
/// Why not.
fn writable(folder: &Path) -> Result<String, String> {
    let mut there = folder;
    while !there.exists() {
        match there.parent() {
            Some(above) if !above.as_os_str().is_empty() => there = above,
            _ => there = Path::new("."),
        }
    }
    let shown = absolute(there);
    match tempfile_in(there) {
        Ok(()) => Ok(format!("{shown} can be written")),
        Err(error) => Err(format!("{shown} cannot be written: {error}")),
    }
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// Makes a file and removes it.
fn tempfile_in(folder: &Path) -> std::io::Result<()> {
    let file = folder.join(format!(".doorward-doctor-{}", std::process::id()));
    std::fs::OpenOptions::new().write(true).create_new(true).open(&file)?;
    std::fs::remove_file(&file)
}

/// Behind a proxy, clients are told apart by a header that only the proxy may set.
fn proxy(config: &Config, report: &mut Report) {
    report.add("proxy", &proxy_finding(config));
}

fn proxy_finding(config: &Config) -> Finding {
    let options = &config.advanced.ip_address;
    let is_public = config.base_url.starts_with("https://");
    match (is_public, options.trusted_proxies.is_empty()) {
        (true, true) if config.server.tls.is_some() => Fine("none is needed: this server speaks TLS itself".to_owned()),
        (true, true) => Doubtful(
            "base_url is https, so a proxy stands in front, and none is trusted: all clients look like one. Write its \
             address: [advanced.ip_address] trusted_proxies = [\"127.0.0.1\"]"
                .to_owned(),
        ),
        (true, false) => Fine(format!("{} may tell the addresses of clients", options.trusted_proxies.join(", "))),
        (false, _) if !is_loopback(&config.server.address) => Doubtful(format!(
            "base_url is not https, and server.address = \"{}\" is not this machine's own: passwords travel as they are. \
             Put a proxy with TLS in front",
            config.server.address
        )),
        (false, _) => config.doubts().pop().map_or_else(|| Fine("none is needed on this machine".to_owned()), Doubtful),
    }
}

/// Files, grants, signatures and options of plugins; every plugin that is wrong is an error of its own.
async fn plugins(config: &Config, report: &mut Report) {
    let count = config.plugins.iter().filter(|plugin| plugin.enabled).count();
    report.add(
        "plugins",
        &match app::describe(config).await {
            Ok(_) => Fine(format!("{count} load with what they were granted")),
            Err(error) => Wrong(error.to_string()),
        },
    );
}

async fn database(config: &Arc<Config>, report: &mut Report) {
    if let Some(file) = missing_database(config) {
        let fault = format!("{} is not there. Run: doorward migrate", file.display());
        return report.add("database", &Wrong(fault));
    }
    let store = match App::check(config).await {
        Ok(store) => store,
        Err(error) => return report.add("database, scripts", &Wrong(error.to_string())),
    };
    report.add(
        "database, scripts",
        &match check_tables(config, &store).await {
            Ok(()) => Fine(format!("{} has every table, and every script can run", shown_url(&config.database.url))),
            Err(error) => Wrong(error.to_string()),
        },
    );
    if let Some(storage) = &config.secondary_storage {
        report.add("secondary storage", &Fine(format!("{} answers", shown_url(&storage.url))));
    }
    sealed(config, &store, report).await;
    match store.now().await {
        Ok(None) => {}
        Ok(Some(told)) => report.add("clock", &apart("the database", told, SystemClock.now())),
        Err(error) => report.add("clock", &Doubtful(format!("the database does not tell its own: {error}"))),
    }
    for state in store.look_at_replicas().await {
        let finding = match (state.problem(), &state.standing) {
            (None, Standing::Behind(lag)) => Fine(format!("{} serves and is {} ms behind", state.url, lag.as_millis())),
            (why, _) => {
                let why = why.unwrap_or_default();
                Doubtful(format!("{} is left out, and the primary answers: {why}", state.url))
            }
        };
        report.add("replica", &finding);
    }
}

/// Whether what is sealed in the database opens, and whether an older secret is still needed for it.
async fn sealed(config: &Config, store: &Store, report: &mut Report) {
    let tallies = match seals::tally(store, config, &SystemRandom, Some(MOST_SEALED)).await {
        Ok(tallies) => tallies,
        Err(error) => return report.add("secrets", &Doubtful(format!("what is sealed cannot be read: {error}"))),
    };
    let older: u64 = tallies.values().map(|tally| tally.older).sum();
    for (place, tally) in tallies.iter().filter(|(_, tally)| tally.lost > 0) {
        let doubt = format!(
            "{} values of {place} open with no secret of the configuration. Put the one back into `secrets` that sealed them",
            tally.lost
        );
        report.add("secrets", &Doubtful(doubt));
    }
    let finding = match older {
        0 => Fine("no stored value needs an older one".to_owned()),
        older => Doubtful(format!("an older one is needed for {older} stored values. Run: doorward secret reseal")),
    };
    report.add("secrets", &finding);
}

async fn mail(config: &Config, report: &mut Report) {
    let finding = match config.mail.as_ref().map(|mail| mail.transport) {
        None => Doubtful("none is sent: links, codes and notices are off. Write [mail]".to_owned()),
        Some(MailTransport::Smtp) => match greet_mail_server(config).await {
            Ok(()) => Fine("the mail server lets this server in".to_owned()),
            Err(error) => Wrong(error.to_string()),
        },
        Some(MailTransport::Webhook) => {
            Fine("goes to a webhook. Try it: doorward mail test you@example.com".to_owned())
        }
        Some(MailTransport::Mailbox) => Fine("lands in the mailbox of `doorward dev`".to_owned()),
    };
    report.add("mail", &finding);
}

/// Who gets events, and whether they take them.
async fn receivers(config: &Config, report: &mut Report) {
    if missing_database(config).is_some() || !config.has_database() {
        return;
    }
    let Ok(store) = app::open_migrated(config).await else { return };
    let Ok(found) = queue::receivers(&store, config).await else { return };
    let now = SystemClock.now();
    for receiver in found {
        let (name, origin) = (&receiver.name, &receiver.origin);
        let is_late = receiver.waiting.1.is_some_and(|since| since < now.plus_secs(-LATE_SECS));
        let finding = match (receiver.disabled_at, receiver.failed) {
            (Some(_), _) => Wrong(format!(
                "{name} at {origin} answered 410 and gets nothing any more. Run: doorward webhooks enable {name}"
            )),
            (None, 0) if !is_late => Fine(format!("{name} at {origin}. Try it: doorward webhooks test {name}")),
            (None, failed) => Doubtful(format!(
                "{name} at {origin} did not take {failed} events, and {} wait. Run: doorward webhooks deliveries --receiver {name}",
                receiver.waiting.0
            )),
        };
        report.add("events", &finding);
    }
}

/// Whether the public address leads here, and whether its clock and this one agree.
async fn public_address(config: &Config, report: &mut Report) {
    let url = format!("{}/ok", config.endpoint_base());
    let asked = tokio::task::spawn_blocking(move || {
        let config = ureq::Agent::config_builder().tls_config(tls()).http_status_as_error(false).max_redirects(0);
        let agent: ureq::Agent = config.timeout_global(Some(PATIENCE)).build().into();
        let answer = agent.get(&url).call().map_err(|error| format!("{url} does not answer: {error}"))?;
        let date = answer.headers().get("date").and_then(|date| date.to_str().ok()).map(str::to_owned);
        Ok::<_, String>((url, answer.status().as_u16(), date))
    });
    match asked.await {
        Ok(Ok((url, 200, date))) => {
            report.add("public address", &Fine(format!("{url} answers")));
            report.add("clock", &clock(date.as_deref(), SystemClock.now()));
        }
        Ok(Ok((url, status, _))) => report.add("public address", &Doubtful(format!("{url} answers {status}, not 200"))),
        Ok(Err(error)) => {
            let doubt = format!("{error}. Where no server runs, start one: doorward serve");
            report.add("public address", &Doubtful(doubt));
        }
        Err(error) => report.add("public address", &Doubtful(error.to_string())),
    }
}

/// Compares this machine's clock with the date that an answer told.
fn clock(told: Option<&str>, now: Timestamp) -> Finding {
    let parsed = told.and_then(|date| {
        time::PrimitiveDateTime::parse(
            date,
            time::macros::format_description!(
                "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
            ),
        )
        .ok()
    });
    let Some(told) = parsed else { return Doubtful("the public address tells no date to compare with".to_owned()) };
    apart("the public address", Timestamp(told.assume_utc().unix_timestamp() * 1000), now)
}

/// Compares this machine's clock with that of another.
fn apart(other: &str, told: Timestamp, now: Timestamp) -> Finding {
    let apart = (now.0 / 1000).abs_diff(told.0 / 1000);
    match apart <= TOLERANCE_SECS.unsigned_abs() {
        true => Fine(format!("it agrees with {other}")),
        false => Wrong(format!(
            "it is {apart} seconds from that of {other}: codes and tokens fail. Run: timedatectl set-ntp true"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Tls;

    #[test]
    fn a_clock_that_is_away_is_wrong() {
        let at = |secs: i64| Timestamp(secs * 1000);
        let told = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        assert!(matches!(clock(told, at(784_111_777 + 5)), Fine(_)));
        assert!(matches!(clock(told, at(784_111_777 - 31)), Wrong(text) if text.contains("31 seconds")));
        assert!(matches!(clock(None, at(0)), Doubtful(_)));
        assert!(matches!(clock(Some("soon"), at(0)), Doubtful(_)));
        let of_database = apart("the database", at(100), at(131));
        assert!(matches!(of_database, Wrong(text) if text.contains("31 seconds from that of the database")));
    }

    #[test]
    fn a_proxy_that_nobody_trusts_is_told() {
        let mut config = Config::default();
        assert!(matches!(proxy_finding(&config), Fine(_)));
        config.server.address = "0.0.0.0:3000".to_owned();
        assert!(matches!(proxy_finding(&config), Doubtful(text) if text.contains("TLS")));
        config.server.address = "127.0.0.1:3000".to_owned();
        config.base_url = "http://id.example.com".to_owned();
        assert!(matches!(proxy_finding(&config), Doubtful(text) if text.contains("Write https://")));
        config.base_url = "https://id.example.com".to_owned();
        assert!(matches!(proxy_finding(&config), Doubtful(text) if text.contains("trusted_proxies")));
        config.server.tls = Some(Tls { certificate: "a.pem".to_owned(), key: "b.pem".to_owned() });
        assert!(matches!(proxy_finding(&config), Fine(text) if text.contains("speaks TLS itself")));
        config.server.tls = None;
        config.advanced.ip_address.trusted_proxies = vec!["10.0.0.1".to_owned()];
        assert!(matches!(proxy_finding(&config), Fine(_)));
    }

    #[cfg(unix)]
    #[test]
    fn every_file_with_a_secret_is_looked_at() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, mode: u32| {
            let path = folder.path().join(name);
            std::fs::write(&path, "x").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let mut config = Config { folder: folder.path().to_owned(), ..Config::default() };
        config.server.tls = Some(Tls { certificate: "cert".to_owned(), key: "key".to_owned() });
        config.secret_files = [file("password", 0o644)].into();
        let own = file("doorward.toml", 0o640);
        let key = file("key", 0o604);
        let found = with_secrets(&config, &own).into_iter().map(|file| readers(&file).unwrap()).collect::<Vec<_>>();
        assert!(
            matches!(found.as_slice(), [Fine(_), Doubtful(_), Doubtful(text)] if text.ends_with(&format!("chmod o= {}", key.display()))),
            "{found:?}"
        );
    }

    #[test]
    fn a_folder_that_is_not_there_is_judged_by_the_one_above() {
        let folder = tempfile::tempdir().unwrap();
        assert!(writable(&folder.path().join("a/b")).is_ok());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
