//! Answers what a script asks while its cases run: from what the case says there is.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::hooks::language::asking::{Answer, Owner, Question};

/// What a case says there is.
#[derive(Default)]
pub struct CaseDesk {
    /// Values of the script.
    pub values: Map<String, Json>,
    /// Values of the script about the user.
    pub user_values: Map<String, Json>,
    /// Counts that all nodes share.
    pub shared_counters: BTreeMap<String, i64>,
    /// Rows of plugins' tables.
    pub rows: Map<String, Json>,
    /// The user's password.
    pub password: Option<String>,
}

impl CaseDesk {
    /// The answer to a question.
    pub fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::Value(owner, key) => Ok(self.shelf(owner).get(&key).cloned().unwrap_or_default()),
            Question::SetValue(owner, key, value) => {
                self.shelf(owner).insert(key, value);
                Ok(Json::Null)
            }
            Question::DeleteValue(owner, key) => {
                self.shelf(owner).shift_remove(&key);
                Ok(Json::Null)
            }
            Question::Count(key, window) => {
                let count = self.shared_counters.get(&key).copied().unwrap_or(0) + i64::from(window.is_some());
                if window.is_some() {
                    self.shared_counters.insert(key, count);
                }
                Ok(count.into())
            }
            Question::ResetCount(key) => {
                self.shared_counters.remove(&key);
                Ok(Json::Null)
            }
            Question::Rows(table, filter) => {
                let rows = self.rows.get(&table).and_then(Json::as_array);
                let rows = rows.ok_or_else(|| format!("rows: the case has no `rows = {{ \"{table}\" = [] }}`"))?;
                let is_meant =
                    |row: &&Json| filter.iter().all(|(field, value)| row.get(field).unwrap_or(&Json::Null) == value);
                Ok(rows.iter().filter(is_meant).cloned().collect())
            }
            Question::IsPassword(password) => Ok((self.password.as_deref() == Some(password.expose().as_str())).into()),
        }
    }

    fn shelf(&mut self, owner: Owner) -> &mut Map<String, Json> {
        match owner {
            Owner::Script => &mut self.values,
            Owner::User => &mut self.user_values,
        }
    }

    /// What there is after the case, as a case states it.
    pub fn state(self, seen: &mut Map<String, Json>) {
        seen.insert("values".into(), Json::Object(self.values));
        seen.insert("user_values".into(), Json::Object(self.user_values));
        let counters = self.shared_counters.into_iter().map(|(key, count)| (key, count.into()));
        seen.insert("shared_counters".into(), Json::Object(counters.collect()));
    }
}
