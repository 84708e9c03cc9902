//! One endpoint as an operation: parameters, body, and everything that it may answer.

use std::collections::HashSet;

use doorward_contract::{ApiNote, InputNote};
use serde_json::{Map, Value as Json, json};

use super::{ApiDescription, CORE_TAG, Described, OPERATORS_TAG, refusals, schemas, tag};

/// Names of operations, each once.
#[derive(Default)]
pub(super) struct Ids(HashSet<String>);

impl Ids {
    /// `/sign-in/email` is `signInEmail`. A second method of a path adds its name.
    pub(super) fn of(&mut self, path: &str, method: &str) -> String {
        let words = path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let mut words = words.map(ToOwned::to_owned);
        let mut id = words.next().unwrap_or_default();
        words.for_each(|word| id.push_str(&tag(&word)));
        if self.0.contains(&id) {
            id.push_str(&tag(&method.to_ascii_lowercase()));
        }
        let (base, mut index) = (id.clone(), 2);
        while !self.0.insert(id.clone()) {
            id = format!("{base}{index}");
            index += 1;
        }
        id
    }
}

/// `/reset-password/:token` as OpenAPI writes it.
pub(super) fn path(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.strip_prefix(':') {
        Some(name) => format!("{{{name}}}"),
        None => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

impl ApiDescription {
    pub(super) fn operation(&self, endpoint: &Described, id: &str) -> Json {
        let note = endpoint.note();
        let of_core = if endpoint.is_for_operators { OPERATORS_TAG } else { CORE_TAG };
        let tag = endpoint.plugin.as_deref().map_or_else(|| of_core.to_owned(), tag);
        let mut operation = Map::from_iter([("tags".to_owned(), json!([tag])), ("operationId".to_owned(), id.into())]);
        if !note.summary.is_empty() {
            operation.insert("summary".to_owned(), note.summary.clone().into());
        }
        let parameters = parameters(&endpoint.path, note.query.as_ref());
        operation.insert("parameters".to_owned(), parameters.into());
        let has_body = endpoint.method != "GET";
        if has_body && let Some(body) = self.body(endpoint, &note) {
            operation.insert("requestBody".to_owned(), body);
        }
        operation.insert("responses".to_owned(), self.responses(endpoint, &note));
        operation.into()
    }

    /// What is read of the body; any object of plugins that do not say it.
    pub(super) fn body(&self, endpoint: &Described, note: &ApiNote) -> Option<Json> {
        let read = match (&endpoint.note, &note.body) {
            (None, _) => InputNote { may_be_absent: true, ..InputNote::default() },
            (Some(_), Some(body)) => body.clone(),
            (Some(_), None) => return None,
        };
        let mut schema = read.schema;
        let model = note.takes_fields_of.as_ref();
        if let Some(model) = model.and_then(|name| self.models.iter().find(|model| model.name == *name)) {
            schemas::add_fields(&mut schema, model, endpoint.is_sign_in);
        }
        let types = ["application/json", "application/x-www-form-urlencoded"];
        let types = types.iter().take(if endpoint.accepts_form { 2 } else { 1 });
        let content: Map<String, Json> = types.map(|name| ((*name).to_owned(), json!({ "schema": schema }))).collect();
        Some(json!({ "required": !read.may_be_absent, "content": content }))
    }

    fn responses(&self, endpoint: &Described, note: &ApiNote) -> Json {
        let mut responses = Map::new();
        let is_answer = note.answer.is_some() || !note.redirects;
        let mut content = Map::new();
        if is_answer {
            let name = note.content_type.as_deref().unwrap_or("application/json");
            content.insert(name.to_owned(), json!({ "schema": note.answer.clone().unwrap_or_else(|| json!({})) }));
        }
        if note.redirects && self.confirms_links {
            content.insert("text/html".to_owned(), json!({ "schema": { "type": "string" } }));
        }
        if !content.is_empty() {
            responses.insert("200".to_owned(), json!({ "description": "Success", "content": content }));
        }
        if note.redirects {
            let location = json!({ "schema": { "type": "string" } });
            let found = json!({ "description": "The browser goes elsewhere", "headers": { "Location": location } });
            responses.insert("302".to_owned(), found);
        }
        responses.extend(refusals::of(note, endpoint.method != "GET", endpoint.task.is_some()));
        responses.into()
    }
}

/// Of the path and of the query.
fn parameters(path: &str, query: Option<&InputNote>) -> Vec<Json> {
    let in_path = path.split('/').filter_map(|segment| segment.strip_prefix(':')).map(
        |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } }),
    );
    let read = query.map(|query| &query.schema);
    let properties = read.and_then(|schema| schema.get("properties")).and_then(Json::as_object);
    let required = read.and_then(|schema| schema.get("required")).and_then(Json::as_array);
    let is_absent = query.is_some_and(|query| query.may_be_absent);
    let in_query = properties.into_iter().flatten().map(|(name, schema)| {
        let is_required = !is_absent && required.is_some_and(|required| required.iter().any(|other| other == name));
        json!({ "name": name, "in": "query", "required": is_required, "schema": schema })
    });
    in_path.chain(in_query).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_like_the_references() {
        let mut ids = Ids::default();
        for (path, method, id) in [
            ("/sign-in/email", "POST", "signInEmail"),
            ("/get-session", "GET", "getSession"),
            ("/get-session", "POST", "getSessionPost"),
            ("/reset-password/:token", "GET", "resetPasswordToken"),
            ("/get/session", "POST", "getSessionPost2"),
        ] {
            assert_eq!(ids.of(path, method), id);
        }
        assert_eq!(path("/a/:b/c"), "/a/{b}/c");
    }

    #[test]
    fn parameters_stand_in_paths_and_queries() {
        let query =
            json!({ "type": "object", "properties": { "x": { "type": "string" }, "y": {} }, "required": ["x"] });
        let Json::Object(schema) = query else { unreachable!() };
        let query = InputNote { schema, may_be_absent: false };
        let shown: Vec<_> = parameters("/a/:b", Some(&query))
            .iter()
            .map(|one| format!("{} {} {}", one["name"], one["in"], one["required"]))
            .collect();
        assert_eq!(shown, [r#""b" "path" true"#, r#""x" "query" true"#, r#""y" "query" false"#]);
    }
}
