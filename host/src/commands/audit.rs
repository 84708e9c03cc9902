//! `doorward audit`: looks at the audit log, writes it out, and finds what was changed by hand.

use clap::Subcommand;
use serde_json::Value as Json;

use super::CommandResult;
use super::serve::refuse_missing;
use super::terminal::shown;
use crate::app::open_migrated;
use crate::auth::audit::{self, AuditQuery, Keys};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::store::Store;

/// Events that are read at once.
const BATCH: u32 = 500;

/// What can be done with the audit log.
#[derive(Subcommand)]
pub enum AuditCommand {
    /// Print events, a line each, newest first.
    List {
        #[command(flatten)]
        wanted: Wanted,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Print events as JSON lines, newest first.
    Export {
        #[command(flatten)]
        wanted: Wanted,
    },
    /// Find rows that were changed, removed or inserted by hand.
    Verify,
}

/// Which events are wanted.
#[derive(clap::Args, Clone)]
pub struct Wanted {
    /// The id of a user: who did it, or to whom it was done.
    #[arg(long)]
    user: Option<String>,
    /// What happened, as `sign-in`.
    #[arg(long)]
    event: Option<String>,
    /// `done` or `refused`.
    #[arg(long, value_parser = ["done", "refused"])]
    outcome: Option<String>,
    /// At this moment or later, as 2026-01-31T00:00:00Z.
    #[arg(long, value_parser = moment)]
    from: Option<Timestamp>,
    /// Before this moment.
    #[arg(long, value_parser = moment)]
    until: Option<Timestamp>,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_iso(text).ok_or_else(|| "write a moment as 2026-01-31T00:00:00Z".to_owned())
}

impl From<Wanted> for AuditQuery {
    fn from(wanted: Wanted) -> Self {
        let Wanted { user, event, outcome, from, until } = wanted;
        Self { user, event, outcome, from, until, ..Self::default() }
    }
}

/// Runs one of the commands.
///
/// # Errors
/// When the database cannot be used, or when the log is not as the server wrote it.
pub fn run(command: AuditCommand, config: &Config) -> CommandResult {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        refuse_missing(config)?;
        let store = open_migrated(config).await?;
        match command {
            AuditCommand::List { wanted, limit } => print(&store, wanted.into(), limit, line).await,
            AuditCommand::Export { wanted } => print(&store, wanted.into(), u32::MAX, Json::to_string).await,
            AuditCommand::Verify => verify(&store, config).await,
        }
    })
}

async fn print(store: &Store, mut query: AuditQuery, mut left: u32, form: fn(&Json) -> String) -> CommandResult {
    while left > 0 {
        let page = audit::list(store, &query, BATCH.min(left)).await?;
        for row in &page.rows {
            tell!("{}", shown(&form(&audit::to_json(row))));
        }
        left -= BATCH.min(left);
        let Some(next) = page.next else { break };
        query.before = Some(next);
    }
    Ok(())
}

/// Number, time, outcome, event, who, to whom, from where.
fn line(event: &Json) -> String {
    let part = |name: &str| match event.get(name) {
        Some(Json::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => "-".to_owned(),
    };
    let who = match event.get("actor") {
        Some(_) => format!("{} {}", part("actorKind"), part("actor")),
        None => part("actorKind"),
    };
    let target = event.get("target").map(|_| format!(" to {}", part("target"))).unwrap_or_default();
    let details = event.get("details").map(|_| format!(" {}", part("details"))).unwrap_or_default();
    let name = part("event");
    format!(
        "{} {} {} {name} by {who}{target} from {}{details}",
        part("seq"),
        part("at"),
        part("outcome"),
        part("client")
    )
}

async fn verify(store: &Store, config: &Config) -> CommandResult {
    let verified = audit::verify(store, &Keys::of(config)).await?;
    for finding in &verified.findings {
        let row = finding.seq.map_or_else(|| "the head".to_owned(), |seq| format!("event {seq}"));
        tell!("{row}: {}", finding.text);
    }
    let range = verified.range.map(|(first, last)| format!(", {first} to {last}")).unwrap_or_default();
    match verified.findings.len() {
        0 => tell!("{} events{range}: as the server wrote them", verified.rows),
        1 => return Err(format!("{} events{range}: 1 finding", verified.rows).into()),
        count => return Err(format!("{} events{range}: {count} findings", verified.rows).into()),
    }
    Ok(())
}
