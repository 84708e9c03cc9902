//! Capability `user-directory`: lists of users, by the fields that the plugin may see.

use std::sync::Arc;

use serde_json::Value as Json;

use super::interfaces::models::{Condition, Query};
use super::interfaces::user_directory::Host;
use super::outcome::Answer;
use super::values;
use crate::auth::user_total;
use crate::plugin_host::call::state::State;
use crate::store::{FieldType, Model, Models, user};

impl Host for State {
    async fn find(&mut self, query: Query) -> wasmtime::Result<Answer<Vec<String>>> {
        at_its_time!(self, "user-directory", "find");
        let shared = Arc::clone(&self.shared);
        let data = self.data()?;
        let find = async {
            let model = data.auth.schema().model(user::MODEL)?;
            let query = Query { conditions: loosen(query.conditions, model), ..query };
            let query = values::query(query, model, |field| shared.sees(field))?;
            let values::Checked { filters, sort, limit, offset } = query;
            let users =
                data.scope.lagging(data.auth).find_many(user::MODEL, &filters, sort, Some(limit), offset).await?;
            let texts = users.iter().map(|user| shared.user_json(user)).collect();
            Ok(values::fitting(texts, shared.limits.result_bytes))
        };
        Ok(find.await)
    }

    async fn count(&mut self, conditions: Vec<Condition>) -> wasmtime::Result<Answer<u64>> {
        at_its_time!(self, "user-directory", "count");
        let shared = Arc::clone(&self.shared);
        let data = self.data()?;
        let count = async {
            let model = data.auth.schema().model(user::MODEL)?;
            let filters = values::filters(loosen(conditions, model), model, |field| shared.sees(field))?;
            if filters.is_empty() {
                return Ok(user_total::count(data.auth, &data.scope).await?);
            }
            Ok(data.scope.lagging(data.auth).count(user::MODEL, &filters).await?)
        };
        Ok(count.await)
    }
}

/// Texts as values of their fields, as they stand in query strings. What cannot be one stays, and is refused with the rest.
fn loosen(conditions: Vec<Condition>, model: &Model) -> Vec<Condition> {
    let loose = |condition: Condition| {
        let kind = model.field(&condition.field).map(|field| field.kind);
        let read = serde_json::from_str(&condition.value);
        match (kind, read) {
            (Ok(kind), Ok(value)) => Condition { value: loosened(value, kind).to_string(), ..condition },
            _ => condition,
        }
    };
    conditions.into_iter().map(loose).collect()
}

fn loosened(value: Json, kind: FieldType) -> Json {
    match (value, kind) {
        (Json::Array(values), _) => values.into_iter().map(|value| loosened(value, kind)).collect(),
        (Json::String(text), FieldType::Boolean) => Json::Bool(text == "true"),
        (Json::String(text), FieldType::Number | FieldType::Bigint) => {
            text.trim().parse().map_or(Json::String(text), Json::Number)
        }
        (value, _) => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_stands_for_values_of_other_types() {
        for (value, kind, expected) in [
            (json!("true"), FieldType::Boolean, json!(true)),
            (json!("false"), FieldType::Boolean, json!(false)),
            (json!("banana"), FieldType::Boolean, json!(false)),
            (json!(["true", "x"]), FieldType::Boolean, json!([true, false])),
            (json!(" 12 "), FieldType::Number, json!(12)),
            (json!("twelve"), FieldType::Number, json!("twelve")),
            (json!("true"), FieldType::String, json!("true")),
            (json!(null), FieldType::Boolean, json!(null)),
        ] {
            assert_eq!(loosened(value.clone(), kind), expected, "{value}");
        }
    }
}
