//! `doorward webhooks`: who is told of events, what became of each delivery, and deliveries made again.

use clap::Subcommand;
use serde_json::{Value as Json, json};

use super::CommandResult;
use super::queues::{open, tell_of_others};
use super::serve::refuse_missing;
use super::terminal::shown;
use super::trail::{self, Deed};
use crate::app::open_receivers;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::config::{Config, ConfigError, SECRET_PREFIX};
use crate::crypto::base64;
use crate::crypto::random::{Random, SystemRandom};
use crate::outbox::events::kinds::{KINDS, Source};
use crate::outbox::events::queue::{self, Receiver, Wanted};
use crate::store::{Record, Store};

/// Bytes of a new secret.
const SECRET_BYTES: usize = 32;

/// What can be done with events for other systems.
#[derive(Subcommand)]
pub enum WebhooksCommand {
    /// List who gets events: name, form, origin, state, deliveries that wait and that failed, what it asks for.
    List,
    /// List deliveries, newest first: id, event, kind, receiver, state, attempts, next attempt or end, last error.
    Deliveries {
        /// To this receiver alone.
        #[arg(long)]
        receiver: Option<String>,
        /// In this state alone.
        #[arg(long, value_parser = ["waiting", "delivered", "failed"])]
        state: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// After so many.
        #[arg(long, default_value_t = 0)]
        offset: u32,
    },
    /// Show a delivery with what it says, which is data of people.
    Show {
        /// The id of a delivery or of an event.
        id: String,
    },
    /// Make deliveries again: one, or all that failed since a moment.
    Replay(Replay),
    /// Send an event now that only tries the receiver, and print what it answered.
    Test {
        /// The receiver.
        name: String,
    },
    /// Let a receiver that answered 410 get events again.
    Enable {
        /// The receiver.
        name: String,
    },
    /// Print a new secret for a webhook and how to change over to it; give a stream of [ssf] a new key.
    Rotate {
        /// The receiver.
        name: String,
    },
    /// Print a new secret.
    Secret,
    /// List the kinds of events.
    Kinds,
}

/// Which deliveries are made again.
#[derive(clap::Args)]
#[group(required = true, multiple = true)]
pub struct Replay {
    /// The id of a delivery, or of an event, then to everybody who got it.
    #[arg(conflicts_with = "since")]
    id: Option<String>,
    /// All that failed and were written at this moment or later, as 2026-01-31T00:00:00Z.
    #[arg(long, value_parser = moment)]
    since: Option<Timestamp>,
    /// To this receiver alone.
    #[arg(long, requires = "since")]
    receiver: Option<String>,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_iso(text).ok_or_else(|| "write a moment as 2026-01-31T00:00:00Z".to_owned())
}

/// Runs one of the commands.
///
/// # Errors
/// As each of them.
pub fn run(command: WebhooksCommand, load: impl FnOnce() -> Result<Config, ConfigError>) -> CommandResult {
    match command {
        WebhooksCommand::Kinds => return kinds(),
        WebhooksCommand::Secret => {
            tell!("{}", new_secret());
            return Ok(());
        }
        _ => {}
    }
    let config = load()?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        match command {
            WebhooksCommand::Kinds | WebhooksCommand::Secret => Ok(()),
            WebhooksCommand::List => list(&open(&config).await?, &config).await,
            WebhooksCommand::Deliveries { receiver, state, limit, offset } => {
                let wanted = Wanted { receiver, state, ..Wanted::default() };
                deliveries(&open(&config).await?, &wanted, (limit, offset)).await
            }
            WebhooksCommand::Show { id } => show(&open(&config).await?, &config, id).await,
            WebhooksCommand::Replay(which) => replay(&open(&config).await?, &config, which).await,
            WebhooksCommand::Test { name } => test(config, &name).await,
            WebhooksCommand::Enable { name } => enable(&open(&config).await?, &config, &name).await,
            WebhooksCommand::Rotate { name } => rotate(config, &name).await,
        }
    })
}

fn kinds() -> CommandResult {
    for kind in KINDS {
        let source = match kind.source {
            Source::Change => "with the change",
            Source::Audit(..) => "from the audit log",
        };
        tell!("{}\t{source}\t{}", kind.name, kind.about);
    }
    tell!("audit.*\tfrom the audit log\tEach row of the audit log, under the name of its event.");
    Ok(())
}

fn new_secret() -> String {
    let mut bytes = [0; SECRET_BYTES];
    SystemRandom.fill(&mut bytes);
    format!("{SECRET_PREFIX}{}", base64(&bytes))
}

async fn list(store: &Store, config: &Config) -> CommandResult {
    for receiver in queue::receivers(store, config).await? {
        let Receiver { name, form, origin, events, is_enabled, disabled_at, waiting, failed } = receiver;
        let state = match (is_enabled, disabled_at) {
            (false, _) => "off".to_owned(),
            (true, None) => "on".to_owned(),
            (true, Some(at)) => format!("disabled by its answer 410 at {}", at.to_iso()),
        };
        let since = waiting.1.map(|at| format!(" since {}", at.to_iso())).unwrap_or_default();
        let waiting = format!("{} wait{since}", waiting.0);
        tell!(
            "{}",
            [&name, form, &origin, &state, &waiting, &format!("{failed} failed"), &events.join(" ")]
                .map(shown)
                .join("\t")
        );
    }
    if let Some(target) = &config.audit.syslog {
        tell!("{}", ["audit.syslog", "syslog", target, "on", "-", "-", "audit.*"].map(shown).join("\t"));
    }
    Ok(())
}

fn line(row: &Record) -> String {
    let delivery = queue::to_json(row);
    let part = |name: &str| match delivery.get(name) {
        None | Some(Json::Null) => "-".to_owned(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let when = if delivery.get("endedAt").is_none_or(Json::is_null) { "nextAttemptAt" } else { "endedAt" };
    ["id", "event", "kind", "receiver", "state", "attempts", when, "lastError"]
        .map(|name| shown(&part(name)))
        .join("\t")
}

async fn deliveries(store: &Store, wanted: &Wanted, page: (u32, u32)) -> CommandResult {
    let (rows, total) = queue::list(store, wanted, page).await?;
    rows.iter().for_each(|row| tell!("{}", line(row)));
    tell_of_others(rows.len(), total);
    Ok(())
}

fn nothing(id: &str) -> String {
    format!(
        "there is no delivery and no event {}; `doorward webhooks deliveries` shows those that there are",
        shown(id)
    )
}

async fn show(store: &Store, config: &Config, id: String) -> CommandResult {
    let (rows, _) = queue::list(store, &Wanted { id: Some(id.clone()), ..Wanted::default() }, (100, 0)).await?;
    if rows.is_empty() {
        return Err(nothing(&id).into());
    }
    for row in &rows {
        let mut delivery = queue::to_json(row);
        let content = queue::content(config, row);
        if let Some(delivery) = delivery.as_object_mut() {
            let content = content.unwrap_or_else(|| json!("sealed with a secret that is gone"));
            delivery.insert("content".to_owned(), content);
        }
        tell!("{}", shown(&delivery.to_string()));
    }
    Ok(())
}

async fn replay(store: &Store, config: &Config, which: Replay) -> CommandResult {
    let Replay { id, since, receiver } = which;
    let state = since.map(|_| "failed".to_owned());
    let wanted = Wanted { id: id.clone(), receiver: receiver.clone(), state, since };
    let count = queue::replay(store, &wanted, SystemClock.now()).await?;
    if let Some(id) = id.as_ref().filter(|_| count == 0) {
        return Err(format!("{}. What waits is not made again", nothing(id)).into());
    }
    let details = json!({ "id": id, "since": since.map(Timestamp::to_iso), "receiver": receiver, "count": count });
    trail::note(store, config, &Deed::new("webhook-replay").with(details)).await?;
    tell!("{count} are made again by the server");
    Ok(())
}

async fn test(config: Config, name: &str) -> CommandResult {
    refuse_missing(&config)?;
    let (auth, receivers) = open_receivers(config).await?;
    let deed = Deed::new("webhook-test").with(json!({ "receiver": name }));
    let answer = receivers.test(name).await.map_err(|error| format!("{}: {error}", shown(name)))?;
    trail::note(&auth.store, &auth.config, &deed).await?;
    tell!("{}", shown(&answer));
    Ok(())
}

async fn enable(store: &Store, config: &Config, name: &str) -> CommandResult {
    if !queue::enable(store, name).await? {
        return Err(format!("{} is not disabled; `doorward webhooks list` shows who is", shown(name)).into());
    }
    trail::note(store, config, &Deed::new("webhook-enable").with(json!({ "receiver": name }))).await?;
    tell!("{} gets events again. What failed meanwhile: doorward webhooks replay --since …", shown(name));
    Ok(())
}

async fn rotate(config: Config, name: &str) -> CommandResult {
    if let Some(hook) = config.all_webhooks().iter().find(|hook| hook.name == name) {
        tell!("{}", new_secret());
        let before = match &hook.secret {
            Some(_) => "previous_secret as `secret` is now".to_owned(),
            None => format!("previous_secret as `doorward secret --for {name}` prints it"),
        };
        remark!(
            "doorward: write it as `secret` of \"{name}\", {before}, and send SIGHUP to the server: both sign then. Give it to \
             the receiver, and remove previous_secret"
        );
        return Ok(());
    }
    if !config.ssf.iter().flat_map(|ssf| &ssf.streams).any(|stream| stream.name == name) {
        return Err(format!(
            "there is no receiver {}; `doorward webhooks list` shows those that there are",
            shown(name)
        )
        .into());
    }
    refuse_missing(&config)?;
    let (auth, receivers) = open_receivers(config).await?;
    let key = receivers.rotate_key().await?.ok_or("there is no [ssf]")?;
    trail::note(&auth.store, &auth.config, &Deed::new("webhook-key-rotation").with(json!({ "key": key }))).await?;
    tell!("tokens of every stream are signed with the key {key} from now on; the older ones stay published");
    Ok(())
}
