//! Capability `user-directory`: lists of users, by the fields that the plugin may see.

use std::sync::Arc;

use super::super::state::State;
use super::interfaces::models::{Condition, Query};
use super::interfaces::user_directory::Host;
use super::outcome::Answer;
use super::values;
use crate::store::{Models, user};

impl Host for State {
    async fn find(&mut self, query: Query) -> wasmtime::Result<Answer<Vec<String>>> {
        let shared = Arc::clone(&self.shared);
        let data = self.data()?;
        let find = async {
            let model = data.db.schema().model(user::MODEL)?;
            let query = values::query(query, model, |field| shared.sees(field))?;
            let values::Checked { filters, sort, limit, offset } = query;
            let users = data.db.find_many(user::MODEL, &filters, sort, Some(limit), offset).await?;
            let texts = users.iter().map(|user| shared.user_json(user)).collect();
            values::bounded(texts, shared.limits.result_bytes)
        };
        Ok(find.await)
    }

    async fn count(&mut self, conditions: Vec<Condition>) -> wasmtime::Result<Answer<u64>> {
        let shared = Arc::clone(&self.shared);
        let data = self.data()?;
        let count = async {
            let model = data.db.schema().model(user::MODEL)?;
            let filters = values::filters(conditions, model, |field| shared.sees(field))?;
            Ok(data.db.count(user::MODEL, &filters).await?)
        };
        Ok(count.await)
    }
}
