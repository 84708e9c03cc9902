//! What is sealed in the database: under which secret, and under the current one again.
//!
//! A sealed value is known by its form. Which key sealed it is found by trying: sealing is authenticated.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::config::Config;
use crate::crypto::purpose::Purpose;
use crate::crypto::random::Random;
use crate::crypto::seal::{Secrets, is_sealed};
use crate::store::core_models::{AUDIT, AUDIT_HEAD};
use crate::store::{
    Database, Field, FieldType, Model, Models, Owner, Record, Sort, Store, StoreError, Value, eq, gt, one_of, session,
    user,
};

/// Rows that are read at once, and changed in one transaction.
const BATCH: u32 = 500;
const MOST_TRIES: u32 = 5;

/// How many values of one field are sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Under the current secret.
    pub current: u64,
    /// Under an older one.
    pub older: u64,
    /// Under one that is in the configuration no more.
    pub lost: u64,
}

/// By field, as `twoFactor.secret`.
pub type Tallies = BTreeMap<String, Tally>;

/// Tells what is sealed; of each table, the first `most_rows` alone when that is said.
///
/// # Errors
/// As `Models`.
pub async fn tally(
    store: &Store,
    config: &Config,
    random: &dyn Random,
    most_rows: Option<u32>,
) -> Result<Tallies, StoreError> {
    walk(store, &Keys::of(config, store), random, most_rows, false).await
}

/// Seals under the current secret what is sealed under an older one, and tells what it found. Servers may go on meanwhile.
///
/// # Errors
/// As `Models`. What was done stays, and another call goes on.
pub async fn renew(store: &Store, config: &Config, random: &dyn Random) -> Result<Tallies, StoreError> {
    walk(store, &Keys::of(config, store), random, None, true).await
}

async fn walk(
    store: &Store,
    keys: &Keys,
    random: &dyn Random,
    most_rows: Option<u32>,
    renews: bool,
) -> Result<Tallies, StoreError> {
    let mut tallies = Tallies::new();
    for model in searched(store) {
        let mut after = None;
        let mut rows_left = most_rows.unwrap_or(u32::MAX);
        while let Some(rows) = page(store, &model, &after, rows_left.min(BATCH)).await? {
            let is_old = |row: &&Record| keys.renewed(row, random, &mut tallies).is_some();
            let old: Vec<Value> = rows.iter().filter(is_old).map(|row| id_of(row).into()).collect();
            if renews && !old.is_empty() {
                renew_rows(store, keys, &model, &old, random).await?;
            }
            rows_left = rows_left.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
            after = rows.last().map(id_of);
        }
    }
    Ok(tallies)
}

/// Reads the rows again, so that what a server has written meanwhile stays.
async fn renew_rows(
    store: &Store,
    keys: &Keys,
    model: &Model,
    ids: &[Value],
    random: &dyn Random,
) -> Result<(), StoreError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let transaction = store.begin().await?;
        let changed = change_rows(&transaction, keys, model, ids, random).await;
        let done = match changed {
            Ok(()) => transaction.commit().await,
            Err(error) => Err(error),
        };
        match done {
            Err(StoreError::Conflict) if tries < MOST_TRIES => {}
            done => return done,
        }
    }
}

async fn change_rows(
    db: &dyn Database,
    keys: &Keys,
    model: &Model,
    ids: &[Value],
    random: &dyn Random,
) -> Result<(), StoreError> {
    for row in db.find_for_update(&model.name, &[one_of("id", ids.to_vec())]).await? {
        if let Some(values) = keys.renewed(&row, random, &mut Tallies::new()) {
            let values: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            db.update(&model.name, &[eq("id", id_of(&row))], &values).await?;
        }
    }
    Ok(())
}

/// The tables that may hold something sealed. The audit log holds nothing of the kind, and is the largest.
fn searched(store: &Store) -> Vec<Model> {
    let models = store.schema().models().iter().filter(|model| ![AUDIT, AUDIT_HEAD].contains(&model.name.as_str()));
    models
        .filter(|model| model.fields.iter().any(|field| may_be_sealed(model, field)))
        .map(|model| (**model).clone())
        .collect()
}

/// What users write themselves and see again is not sealed, whatever it looks like.
fn may_be_sealed(model: &Model, field: &Field) -> bool {
    let is_of_clients = [user::MODEL, session::MODEL].contains(&model.name.as_str()) && field.input && field.returned;
    let is_text = matches!(field.kind, FieldType::String | FieldType::Json | FieldType::Strings);
    is_text && !is_of_clients && field.name != "id" && field.references.is_none()
}

/// The next rows by id; none when there are no more.
async fn page(
    store: &Store,
    model: &Model,
    after: &Option<String>,
    limit: u32,
) -> Result<Option<Vec<Record>>, StoreError> {
    let filters: Vec<_> = after.iter().map(|id| gt("id", id.as_str())).collect();
    let rows = match limit {
        0 => Vec::new(),
        limit => store.find_many(&model.name, &filters, Some(Sort::ascending("id")), Some(limit), None).await?,
    };
    Ok(Some(rows).filter(|rows| !rows.is_empty()))
}

fn id_of(row: &Record) -> String {
    row.text("id").to_owned()
}

/// Every set of keys under which something in the database may be sealed.
struct Keys(Vec<Secrets>);

impl Keys {
    fn of(config: &Config, store: &Store) -> Self {
        let secrets = &config.all_secrets;
        let of_models = store.schema().models().iter().filter_map(|model| match &model.owner {
            Owner::Plugin(id) => Some(id.as_str()),
            Owner::Core | Owner::Config => None,
        });
        let mut plugins: Vec<&str> = config.plugins.iter().map(|plugin| plugin.id.as_str()).chain(of_models).collect();
        plugins.sort_unstable();
        plugins.dedup();
        let of_plugins = plugins.into_iter().map(Purpose::PluginSealing);
        let purposes = [Purpose::Settings, Purpose::OutboxData, Purpose::EventKeys].into_iter().chain(of_plugins);
        Self([secrets.clone()].into_iter().chain(purposes.map(|purpose| secrets.derived(purpose))).collect())
    }

    /// The fields of a row that an older secret has sealed, sealed anew. None when there are none.
    fn renewed(&self, row: &Record, random: &dyn Random, tallies: &mut Tallies) -> Option<Vec<(String, Value)>> {
        let model = row.model();
        let mut changed = Vec::new();
        for field in model.fields.iter().filter(|field| may_be_sealed(model, field)) {
            let mut tally = Tally::default();
            let renewed = match row.get(&field.name) {
                Value::Text(text) => self.text(text, random, &mut tally).map(Value::Text),
                Value::Json(json) => {
                    let renewed = self.json(json, random, &mut tally);
                    (tally.older > 0).then_some(Value::Json(renewed))
                }
                _ => None,
            };
            changed.extend(renewed.map(|value| (field.name.clone(), value)));
            if tally != Tally::default() {
                let sum = tallies.entry(format!("{}.{}", model.name, field.name)).or_default();
                sum.current += tally.current;
                sum.older += tally.older;
                sum.lost += tally.lost;
            }
        }
        (!changed.is_empty()).then_some(changed)
    }

    /// A sealed text, or JSON with sealed texts in it; none when nothing in it is older.
    fn text(&self, text: &str, random: &dyn Random, tally: &mut Tally) -> Option<String> {
        if is_sealed(text) {
            return self.sealed(text, random, tally);
        }
        let json: Json = text.starts_with(['"', '{', '[']).then(|| serde_json::from_str(text).ok())??;
        let before = tally.older;
        let renewed = self.json(&json, random, tally);
        (tally.older > before).then(|| renewed.to_string())
    }

    fn json(&self, json: &Json, random: &dyn Random, tally: &mut Tally) -> Json {
        match json {
            Json::String(text) if is_sealed(text) => {
                self.sealed(text, random, tally).map_or_else(|| json.clone(), Json::String)
            }
            Json::Array(items) => items.iter().map(|item| self.json(item, random, tally)).collect(),
            Json::Object(fields) => {
                let renewed = fields.iter().map(|(name, value)| (name.clone(), self.json(value, random, tally)));
                Json::Object(renewed.collect())
            }
            plain => plain.clone(),
        }
    }

    fn sealed(&self, text: &str, random: &dyn Random, tally: &mut Tally) -> Option<String> {
        let opened = self.0.iter().find_map(|secrets| Some((secrets, secrets.open(text)?)));
        match opened {
            None => {
                tally.lost += 1;
                None
            }
            Some((secrets, _)) if secrets.is_current(text) => {
                tally.current += 1;
                None
            }
            Some((secrets, opened)) => {
                tally.older += 1;
                secrets.seal(random, &opened)
            }
        }
    }
}
