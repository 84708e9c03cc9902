//! Sessions and verifications in a secondary storage, by the filters that the database would get.

use serde_json::Value as Json;

use super::super::query::{Filter, eq};
use super::super::record::Record;
use super::super::schema::Schema;
use super::super::value::Value;
use super::super::{matches, session, user};
use super::entry::{self, Entry, Kind};
use super::link::Again;
use super::scripts::SCRIPTS;
use super::{Secondary, life_ms};
use crate::clock::Timestamp;
use crate::store::StoreError;

/// Between two looks at an entry that others change at the same time, this often at most.
const TRIES: usize = 16;

impl Secondary {
    /// Writes a new row, a session with its user for other servers.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn insert(&self, record: &Record, user: Option<&Record>, now: Timestamp) -> Result<(), StoreError> {
        let kind = Kind::of(&record.model().name)?;
        let name = record.text(kind.name_field());
        let Some(key) = kind.key(name) else { return Err(StoreError::internal("a name that no entry has")) };
        let life = life(record, now);
        self.index(kind, record, now).await?;
        self.put(&key, &Entry::write(kind, record, user.map(|user| user.output().into())), life).await
    }

    /// The rows that match; ended ones may be among them.
    ///
    /// # Errors
    /// `Unavailable`; `Internal` for filters that name none of the fields by which rows are found there.
    pub async fn find(&self, schema: &Schema, model: &str, filters: &[Filter]) -> Result<Vec<Record>, StoreError> {
        let kind = Kind::of(model)?;
        let mut found = Vec::new();
        for key in self.keys(kind, filters).await? {
            let entry = self.entry(kind, schema, &key).await?;
            let Some(entry) = entry else { continue };
            if matches::all(&entry.record, filters)? {
                found.push(entry.record);
            }
        }
        Ok(found)
    }

    /// Sets fields of all rows that match and returns the rows as they are now. What was removed meanwhile stays away.
    ///
    /// # Errors
    /// As [`Secondary::find`].
    pub async fn update(
        &self,
        schema: &Schema,
        (model, filters): (&str, &[Filter]),
        values: &[(&str, Value)],
        now: Timestamp,
    ) -> Result<Vec<Record>, StoreError> {
        let kind = Kind::of(model)?;
        let mut changed = Vec::new();
        for key in self.keys(kind, filters).await? {
            for _ in 0..TRIES {
                let Some(entry) = self.entry(kind, schema, &key).await? else { break };
                if !matches::all(&entry.record, filters)? {
                    break;
                }
                let mut record = entry.record.clone();
                for (field, value) in values {
                    record.set(field, value.clone())?;
                }
                self.index(kind, &record, now).await?;
                if self.swap(&entry, &Entry::write(kind, &record, entry.user.clone()), life(&record, now)).await? {
                    changed.push(record);
                    break;
                }
            }
        }
        Ok(changed)
    }

    /// Removes all rows that match and returns them. Of several callers that race for a row, one gets it.
    ///
    /// # Errors
    /// As [`Secondary::find`].
    pub async fn take(
        &self,
        schema: &Schema,
        (model, filters): (&str, &[Filter]),
        now: Timestamp,
    ) -> Result<Vec<Record>, StoreError> {
        let kind = Kind::of(model)?;
        let mut taken = Vec::new();
        for key in self.keys(kind, filters).await? {
            for _ in 0..TRIES {
                let Some(entry) = self.entry(kind, schema, &key).await? else { break };
                if !matches::all(&entry.record, filters)? {
                    break;
                }
                let removed: i64 = self.script(&SCRIPTS.take, &entry.key, &[&entry.text], Again::No).await?;
                if removed == 1 {
                    self.forget(kind, &entry.record, now).await?;
                    taken.push(entry.record);
                    break;
                }
            }
        }
        Ok(taken)
    }

    /// Writes a session anew where it still is: for servers that read it here while rows tell whether it lives.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn renew(&self, schema: &Schema, record: &Record, now: Timestamp) -> Result<(), StoreError> {
        let fields = record.model().fields.iter().zip(record.values());
        let values: Vec<(&str, Value)> = fields.map(|(field, value)| (field.name.as_str(), value.clone())).collect();
        let own = [eq("token", record.text("token"))];
        self.update(schema, (session::MODEL, &own), &values, now).await.map(drop)
    }

    /// Writes the user anew beside each of the user's sessions, for other servers.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn renew_user(&self, schema: &Schema, user: &Record, now: Timestamp) -> Result<(), StoreError> {
        let copy = Json::from(user.output());
        for key in self.keys(Kind::Session, &[eq("userId", user.text("id"))]).await? {
            for _ in 0..TRIES {
                let Some(entry) = self.entry(Kind::Session, schema, &key).await? else { break };
                let text = Entry::write(Kind::Session, &entry.record, Some(copy.clone()));
                if self.swap(&entry, &text, life(&entry.record, now)).await? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The user beside a session, as it was when it was written.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn user_of(&self, schema: &Schema, token: &str) -> Result<Option<Record>, StoreError> {
        let Some(key) = Kind::Session.key(token) else { return Ok(None) };
        let entry = self.entry(Kind::Session, schema, &key).await?;
        let Some(Json::Object(fields)) = entry.and_then(|entry| entry.user) else { return Ok(None) };
        Ok(Record::from_output(schema.model(user::MODEL)?, &fields))
    }

    /// The moment up to which all sessions of the user are ended, as another server notes it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn revoked_before(&self, user_id: &str) -> Result<Option<Timestamp>, StoreError> {
        let noted = self.get(&revoked_key(user_id)).await?;
        Ok(noted.and_then(|text| text.trim().parse().ok()).map(Timestamp))
    }

    /// Notes that all sessions that the user had at `moment` are ended.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn note_revoked(&self, user_id: &str, moment: Timestamp, life_secs: i64) -> Result<(), StoreError> {
        self.put(&revoked_key(user_id), &moment.0.to_string(), life_secs.saturating_mul(1000)).await
    }

    async fn swap(&self, entry: &Entry, text: &str, life: i64) -> Result<bool, StoreError> {
        let arguments = [entry.text.as_str(), text, &life.to_string()];
        // Sent again, it would find its own text and say that somebody else was faster.
        let swapped: i64 = self.script(&SCRIPTS.swap, &entry.key, &arguments, Again::No).await?;
        Ok(swapped == 1)
    }

    async fn entry(&self, kind: Kind, schema: &Schema, key: &str) -> Result<Option<Entry>, StoreError> {
        let text = self.get(key).await?;
        Ok(text.and_then(|text| Entry::read(kind, schema, key.to_owned(), text)))
    }

    /// The keys of the entries that may match.
    async fn keys(&self, kind: Kind, filters: &[Filter]) -> Result<Vec<String>, StoreError> {
        let names = self.names(kind, filters).await?;
        Ok(names.iter().filter_map(|name| kind.key(name)).collect())
    }

    async fn names(&self, kind: Kind, filters: &[Filter]) -> Result<Vec<String>, StoreError> {
        let texts = |values: Vec<&Value>| {
            let text = |value: &Value| if let Value::Text(text) = value { Some(text.clone()) } else { None };
            values.into_iter().filter_map(text).collect::<Vec<_>>()
        };
        if let Some(values) = entry::wanted(filters, kind.name_field()) {
            return Ok(texts(values));
        }
        let mut names = Vec::new();
        if kind == Kind::Session {
            if let Some(ids) = entry::wanted(filters, "id") {
                for id in texts(ids) {
                    names.extend(self.get(&id_key(&id)).await?);
                }
                return Ok(names);
            }
            if let Some(users) = entry::wanted(filters, "userId") {
                for user_id in texts(users) {
                    names.extend(self.tokens_of(&user_id).await?);
                }
                return Ok(names);
            }
        }
        let sets = filters.iter().filter_map(|filter| match filter {
            Filter::Field { field, .. } => Some(field.as_ref()),
            Filter::Any(_) => None,
        });
        for field in sets {
            let Some(values) = entry::wanted(filters, field) else { continue };
            for set in values.into_iter().filter_map(|value| entry::set(kind, field, value)) {
                names.extend(self.members(&set).await?);
            }
            return Ok(names);
        }
        Err(StoreError::internal("what is kept in the secondary storage is not found by these fields"))
    }

    /// The tokens in a user's list. Some may have ended.
    async fn tokens_of(&self, user_id: &str) -> Result<Vec<String>, StoreError> {
        let Some(text) = self.get(&list_key(user_id)).await? else { return Ok(Vec::new()) };
        let list: Vec<Json> = serde_json::from_str(&text).unwrap_or_default();
        let token = |entry: &Json| entry.get("token").and_then(Json::as_str).map(str::to_owned);
        Ok(list.iter().filter_map(token).collect())
    }

    /// Before a row is written: whoever looks for it by another field than its name must find it.
    async fn index(&self, kind: Kind, record: &Record, now: Timestamp) -> Result<(), StoreError> {
        let (name, life) = (record.text(kind.name_field()), life(record, now).to_string());
        if kind == Kind::Session {
            self.list(record, now, "1").await?;
            self.put(&id_key(record.text("id")), name, self::life(record, now)).await?;
        }
        for set in entry::sets(kind, record) {
            let _: i64 = self.script(&SCRIPTS.index, &set, &[name, &life], Again::Yes).await?;
        }
        Ok(())
    }

    /// After a row was removed.
    async fn forget(&self, kind: Kind, record: &Record, now: Timestamp) -> Result<(), StoreError> {
        if kind == Kind::Session {
            self.list(record, now, "0").await?;
            self.remove(&id_key(record.text("id"))).await?;
        }
        for set in entry::sets(kind, record) {
            let mut command = redis::cmd("SREM");
            command.arg(self.key(&set)).arg(record.text(kind.name_field()));
            self.link.run(&command, Again::Yes).await?;
        }
        Ok(())
    }

    async fn list(&self, record: &Record, now: Timestamp, adds: &str) -> Result<(), StoreError> {
        let ends = record.timestamp("expiresAt").unwrap_or(now).0.to_string();
        let arguments = [record.text("token"), &ends, &now.0.to_string(), adds];
        let key = list_key(record.text("userId"));
        let _: i64 = self.script(&SCRIPTS.list, &key, &arguments, Again::Yes).await?;
        Ok(())
    }
}

fn life(record: &Record, now: Timestamp) -> i64 {
    life_ms(record.timestamp("expiresAt").unwrap_or(now), now).max(1)
}

fn list_key(user_id: &str) -> String {
    format!("active-sessions-{user_id}")
}

fn revoked_key(user_id: &str) -> String {
    format!("revoked-sessions-before-{user_id}")
}

fn id_key(id: &str) -> String {
    format!("session-id:{id}")
}
