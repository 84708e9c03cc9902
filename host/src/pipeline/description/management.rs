//! The description of the management API.

use serde_json::{Map, Value as Json, json};

use super::{ApiDescription, Described, operation};

impl ApiDescription {
    /// What a backend calls on the management address; none without one.
    pub fn management(&self) -> Option<Json> {
        let url = self.management_url.as_ref()?;
        let mut document = self.frame(&format!("The management API of {}", self.title), url);
        let mut paths = Map::from_iter(probes());
        let mut ids = operation::Ids::default();
        for (name, function) in &self.functions {
            let path = format!("/{name}");
            let id = ids.of(&path, "POST");
            paths.insert(path, json!({ "post": self.call(function, &id) }));
        }
        let schemes =
            json!({ "managementKey": { "type": "http", "scheme": "bearer", "description": "A management key" } });
        document.insert("paths".to_owned(), paths.into());
        document.insert("components".to_owned(), self.components(schemes));
        document.insert("security".to_owned(), json!([{ "managementKey": [] }]));
        Some(document.into())
    }

    /// A call carries what the endpoint would read, and gets the endpoint's own answer.
    fn call(&self, function: &Described, id: &str) -> Json {
        let mut operation = self.operation(function, id);
        let note = function.note();
        let body =
            self.body(function, &note).and_then(|body| body.pointer("/content/application~1json/schema").cloned());
        let texts = json!({ "type": "object", "additionalProperties": { "anyOf": [
            { "type": "string" }, { "type": "array", "items": { "type": "string" } },
        ] } });
        let params: Vec<&str> = function.path.split('/').filter_map(|segment| segment.strip_prefix(':')).collect();
        let mut call = json!({
            "type": "object",
            "properties": {
                "body": body.unwrap_or_else(|| json!({})),
                "query": texts,
                "headers": texts,
                "params": texts,
                "method": { "type": "string", "enum": ["GET", "POST"] },
            },
            "additionalProperties": false,
        });
        if let (false, Some(call)) = (params.is_empty(), call.as_object_mut()) {
            call.insert("required".to_owned(), json!(["params"]));
        }
        if let Some(operation) = operation.as_object_mut() {
            operation.insert("parameters".to_owned(), json!([]));
            let content = json!({ "application/json": { "schema": call } });
            operation.insert("requestBody".to_owned(), json!({ "required": false, "content": content }));
        }
        operation
    }
}

fn probes() -> [(String, Json); 3] {
    let probe = |summary: &str, id: &str, content: Json, busy: bool| {
        let mut responses = json!({ "200": { "description": "Success", "content": content } });
        if let (true, Some(responses)) = (busy, responses.as_object_mut()) {
            responses.insert("503".to_owned(), json!({ "$ref": "#/components/responses/Busy" }));
        }
        json!({ "get": { "operationId": id, "summary": summary, "security": [{}], "responses": responses } })
    };
    let status = json!({ "application/json": { "schema": {
        "type": "object",
        "properties": { "status": { "type": "string" } },
        "required": ["status"],
    } } });
    let text = json!({ "text/plain": { "schema": { "type": "string" } } });
    [
        ("/health".to_owned(), probe("Tells that the server answers", "health", status.clone(), false)),
        ("/ready".to_owned(), probe("Tells whether the database and the sender of mail work", "ready", status, true)),
        ("/metrics".to_owned(), probe("What was counted, for Prometheus", "metrics", text, false)),
    ]
}
