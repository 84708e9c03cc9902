//! What the audit log is asked for: pages of events, and sign-ins by the hour.

use serde_json::{Map, Value as Json, json};

use crate::clock::Timestamp;
use crate::store::core_models::AUDIT;
use crate::store::{Database, Filter, Models, Record, Sort, StoreError, eq, gte, lt};

const HOUR_SECS: i64 = 3600;
/// The event of a sign-in.
const SIGN_IN: &str = "sign-in";

/// Which events are wanted: all conditions hold.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Who did it, or to whom it was done.
    pub user: Option<String>,
    /// The keyed hash of an address that was given.
    pub account: Option<String>,
    /// What.
    pub event: Option<String>,
    /// `done` or `refused`.
    pub outcome: Option<String>,
    /// At this moment or later.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Older than the event with this number.
    pub before: Option<i64>,
}

impl AuditQuery {
    fn filters(&self) -> Vec<Filter> {
        let user = self.user.as_deref().map(|id| Filter::Any(vec![eq("actor", id), eq("target", id)]));
        let text = |field: &'static str, text: &Option<String>| text.as_deref().map(|text| eq(field, text));
        let texts = [text("account", &self.account), text("event", &self.event), text("outcome", &self.outcome)];
        let times = [self.from.map(|at| gte("createdAt", at)), self.until.map(|at| lt("createdAt", at))];
        let before = self.before.map(|seq| lt("seq", seq));
        [user, before].into_iter().chain(texts).chain(times).flatten().collect()
    }
}

/// Some events, newest first.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// The events.
    pub rows: Vec<Record>,
    /// Where the next page begins, when there is one: its `before`.
    pub next: Option<i64>,
}

/// A page of at most `limit` events, newest first.
///
/// # Errors
/// As `Models`.
pub async fn list(database: &dyn Database, query: &AuditQuery, limit: u32) -> Result<AuditPage, StoreError> {
    let newest = Some(Sort::descending("seq"));
    let mut rows = database.find_many(AUDIT, &query.filters(), newest, Some(limit.saturating_add(1)), None).await?;
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| has_more).and_then(|row| row.integer("seq"));
    Ok(AuditPage { rows, next })
}

/// An event as JSON: what is not known is left out, and nothing in it is a secret.
pub fn to_json(row: &Record) -> Json {
    let fields = row.model().fields.iter().zip(row.values());
    let shown = fields.filter(|(field, value)| !value.is_null() && !matches!(field.name.as_str(), "id" | "mac"));
    let shown = shown.map(|(field, value)| match field.name.as_str() {
        "createdAt" => ("at".to_owned(), value.to_json()),
        "details" => ("details".to_owned(), serde_json::from_str(row.text("details")).unwrap_or(Json::Null)),
        name => (name.to_owned(), value.to_json()),
    });
    Json::Object(shown.collect::<Map<_, _>>())
}

/// Sign-ins of one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HourCount {
    /// When it began.
    pub from: Timestamp,
    /// Those that succeeded.
    pub done: u64,
    /// Those that were refused.
    pub refused: u64,
}

impl HourCount {
    /// As the endpoint answers it.
    pub fn to_json(self) -> Json {
        json!({ "from": self.from.to_iso(), "signIns": self.done, "failures": self.refused })
    }
}

/// The sign-ins of the present hour and of those before it, the oldest first.
///
/// # Errors
/// As `Models`.
pub async fn counts(database: &dyn Database, now: Timestamp, hours: u32) -> Result<Vec<HourCount>, StoreError> {
    let present = now.as_secs().div_euclid(HOUR_SECS) * HOUR_SECS;
    let mut counts = Vec::with_capacity(hours as usize);
    for back in (0..i64::from(hours)).rev() {
        let from = Timestamp((present - back * HOUR_SECS) * 1000);
        let count = async |outcome: &str| {
            let until = from.plus_secs(HOUR_SECS);
            let filters =
                [eq("event", SIGN_IN), eq("outcome", outcome), gte("createdAt", from), lt("createdAt", until)];
            database.count(AUDIT, &filters).await
        };
        counts.push(HourCount { from, done: count("done").await?, refused: count("refused").await? });
    }
    Ok(counts)
}
