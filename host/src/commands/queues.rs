//! What `doorward mail` and `doorward jobs` share: which rows are meant, pages of a list, and dropping.

use clap::Args;
use serde_json::json;

use super::CommandResult;
use super::serve::refuse_missing;
use super::trail::{self, Deed};
use crate::app::open_migrated;
use crate::config::Config;
use crate::outbox::queue::{self, Queue, Which};
use crate::store::Store;

/// Which rows a command is about.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Chosen {
    /// As `list` shows it.
    id: Option<String>,
    /// Everything that waits.
    #[arg(long)]
    all: bool,
}

impl Chosen {
    pub(super) fn which(self) -> Which {
        self.id.map_or(Which::All, Which::One)
    }
}

/// The database of a server, which may run meanwhile.
pub(super) async fn open(config: &Config) -> Result<Store, Box<dyn std::error::Error + Send + Sync>> {
    refuse_missing(config)?;
    Ok(open_migrated(config).await?)
}

/// Tells of rows that a list leaves out.
pub(super) fn tell_of_others(shown: usize, total: u64) {
    if total == 0 {
        remark!("doorward: there is nothing");
    }
    if (shown as u64) < total {
        remark!("doorward: {shown} of {total}; --limit and --offset show others");
    }
}

/// Drops rows. `nothing` says that the one that is meant is not there.
pub(super) async fn discard(store: &Store, queue: Queue, which: Which, nothing: fn(&Which) -> String) -> CommandResult {
    let dropped = queue::discard(store, queue, &which).await?;
    if dropped == 0 && matches!(which, Which::One(_)) {
        return Err(nothing(&which).into());
    }
    tell!("{dropped} are dropped");
    Ok(())
}

/// Notes in the audit log what was done to rows that wait.
pub(super) async fn note(store: &Store, config: &Config, (event, which): (&str, &Which)) -> CommandResult {
    let id = match which {
        Which::One(id) => json!({ "id": id }),
        Which::All => json!({ "all": true }),
    };
    Ok(trail::note(store, config, &Deed::new(event).with(id)).await?)
}
