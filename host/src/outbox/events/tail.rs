//! Follows the audit log: each receiver has a position in it, which moves in the transaction that queues what lies behind it.
//!
//! Invariant: of several nodes that follow for one receiver, one moves the position; the others find it moved.

use serde_json::Value as Json;

use super::receivers::{Receivers, Set};
use super::write::{Pen, body};
use super::{kinds, syslog};
use crate::auth::AuthError;
use crate::auth::audit::to_json;
use crate::clock::Timestamp;
use crate::config::Webhook;
use crate::store::core_models::AUDIT;
use crate::store::{Models, Record, Sort, StoreError, audit, event, gt};

/// Rows that are read at once.
const BATCH: u32 = 200;
/// How long a node has the syslog server to itself.
const LEASE_SECS: i64 = 30;
/// The name of the receiver that `audit.syslog` is. No webhook can have it.
const SYSLOG: &str = "audit.syslog";

/// Queues what was written to the audit log since the last time, and sends what goes to syslog. True when there may be more.
pub(crate) async fn follow(receivers: &Receivers) -> Result<bool, AuthError> {
    let set = receivers.set();
    if !set.config.audit.enabled {
        return Ok(false);
    }
    let mut has_more = false;
    for hook in set.config.all_webhooks().iter().filter(|hook| hook.enabled && wants_audit(hook)) {
        has_more |= queue(&set, hook).await?;
    }
    if let Some(target) = &set.syslog {
        has_more |= to_syslog(&set, target).await?;
    }
    Ok(has_more)
}

/// Whether any pattern may fit what only the audit log knows.
fn wants_audit(hook: &Webhook) -> bool {
    let mut of_audit = kinds::KINDS.iter().filter(|kind| kind.source != kinds::Source::Change).map(|kind| kind.name);
    hook.events.iter().any(|pattern| pattern.starts_with("audit.") || pattern.starts_with('*'))
        || of_audit.any(|kind| hook.wants(kind))
}

/// Where a receiver is. One that is new begins at the end of the log.
async fn position(set: &Set, name: &str) -> Result<i64, StoreError> {
    let known = event::find_receiver(&*set.store, name).await?;
    if let Some(position) = known.as_ref().and_then(|row| row.integer("position")) {
        return Ok(position);
    }
    let last = audit::find_head(&*set.store).await?.and_then(|head| head.integer("last")).unwrap_or(0);
    event::set_receiver(&*set.store, name, &[("position", last.into())]).await?;
    let known = event::find_receiver(&*set.store, name).await?;
    Ok(known.and_then(|row| row.integer("position")).unwrap_or(last))
}

async fn behind(set: &Set, position: i64) -> Result<Vec<Record>, StoreError> {
    set.store.find_many(AUDIT, &[gt("seq", position)], Some(Sort::ascending("seq")), Some(BATCH), None).await
}

fn last_of(rows: &[Record]) -> Option<i64> {
    rows.last().and_then(|row| row.integer("seq"))
}

async fn queue(set: &Set, hook: &Webhook) -> Result<bool, AuthError> {
    let from = position(set, &hook.name).await?;
    let rows = behind(set, from).await?;
    let Some(to) = last_of(&rows) else { return Ok(false) };
    let pen = Pen { config: &set.config, random: set.random.as_ref(), now: set.clock.now() };
    let transaction = set.store.begin().await?;
    if !event::move_receiver(&transaction, &hook.name, (from, to)).await? {
        transaction.rollback().await?;
        return Ok(true);
    }
    for row in &rows {
        let (at, data) = (row.timestamp("createdAt").unwrap_or(Timestamp(0)), to_json(row));
        for kind in kinds::of_row(row.text("event"), row.text("outcome")) {
            if hook.wants(&kind) {
                // The same for every receiver, so that one can tell what another was told.
                let event = format!("audit_{}_{}", row.integer("seq").unwrap_or(0), kind.replace('.', "_"));
                pen.row(&transaction, (&event, &kind, &hook.name), &body(&kind, at, &data)).await?;
            }
        }
    }
    transaction.commit().await?;
    Ok(rows.len() >= BATCH as usize)
}

/// Sends lines, and only then moves the position: what a server that is killed had sent is sent again.
async fn to_syslog(set: &Set, target: &syslog::Target) -> Result<bool, AuthError> {
    if behind(set, position(set, SYSLOG).await?).await?.is_empty() {
        return Ok(false);
    }
    let now = set.clock.now();
    if !event::lease_receiver(&*set.store, SYSLOG, (now, now.plus_secs(LEASE_SECS))).await? {
        return Ok(false);
    }
    // Another node may have sent some before the lease was ours.
    let from = position(set, SYSLOG).await?;
    let rows = behind(set, from).await?;
    let to = last_of(&rows).unwrap_or(from);
    let host = syslog::own_host();
    let lines: Vec<String> = rows.iter().map(|row| syslog::line(row, &host, &Json::to_string(&to_json(row)))).collect();
    let sent = target.send(&lines).await;
    match &sent {
        Ok(()) => _ = event::move_receiver(&*set.store, SYSLOG, (from, to)).await?,
        Err(error) => tracing::warn!(error, "events of the audit log cannot be sent to syslog now"),
    }
    // After a failure, the lease is the pause.
    if sent.is_ok() {
        event::set_receiver(&*set.store, SYSLOG, &[("leasedUntil", now.into())]).await?;
    }
    Ok(sent.is_ok() && rows.len() >= BATCH as usize)
}
