//! `doorward types`: a TypeScript file for the official client, with additional fields and the endpoints of plugins.

mod actions;
mod schema;

use std::fmt::{self, Write};
use std::path::Path;

use doorward_contract::{ApiNote, FieldType};
use serde_json::{Map, Value as Json, json};

use super::CommandResult;
use super::openapi::{describe, write};
use crate::config::Config;
use crate::pipeline::description::ApiDescription;
use crate::store::{Field, Owner};

/// The official plugins that the client library has a plugin of its own for, and where that stands.
const CLIENTS: [(&str, &str, &str); 8] = [
    ("admin", "adminClient", LIBRARY),
    ("jwt", "jwtClient", LIBRARY),
    ("last-login-method", "lastLoginMethodClient", LIBRARY),
    ("magic-link", "magicLinkClient", LIBRARY),
    ("multi-session", "multiSessionClient", LIBRARY),
    ("passkey", "passkeyClient", "@better-auth/passkey/client"),
    ("two-factor", "twoFactorClient", LIBRARY),
    ("username", "usernameClient", LIBRARY),
];

const LIBRARY: &str = "better-auth/client/plugins";
/// Official plugins whose endpoints the client knows without one.
const KNOWN: [&str; 4] = ["bearer", "open-api", "pages", "social"];

const HEAD: &str = "\
// Written by `doorward types`. Write it again when the configuration or a plugin changes.
//
//     import { createAuthClient } from \"better-auth/client\";
//     import { doorwardPlugins } from \"./doorward\";
//     export const client = createAuthClient({ plugins: doorwardPlugins() });
";

/// Prints the file, or writes it. No database is asked.
///
/// # Errors
/// When a plugin cannot be loaded, or the file cannot be written.
pub fn types(config: &Config, output: Option<&Path>) -> CommandResult {
    let description = describe(config)?;
    let plugins: Vec<&str> =
        config.plugins.iter().filter(|entry| entry.enabled).map(|entry| entry.id.as_str()).collect();
    write(output, &file(&description, &plugins)?)
}

fn file(description: &ApiDescription, plugins: &[&str]) -> Result<String, fmt::Error> {
    let clients: Vec<_> = CLIENTS.iter().filter(|(id, ..)| plugins.contains(id)).collect();
    let is_foreign = |id: &&&str| !KNOWN.contains(*id) && !CLIENTS.iter().any(|(known, ..)| known == *id);
    let foreign: Vec<_> = plugins.iter().filter(is_foreign).map(|id| (*id, own_endpoints(description, id))).collect();
    let foreign: Vec<_> = foreign.into_iter().filter(|(_, endpoints)| !endpoints.is_empty()).collect();
    let mut text = HEAD.to_owned();
    write_imports(&mut text, &clients, !foreign.is_empty())?;
    let fields = json!({ "user": fields(description, "user"), "session": fields(description, "session") });
    let fields = serde_json::to_string_pretty(&fields).unwrap_or_default();
    text.push_str("\n/** What the configuration and plugins add to users and sessions. */\n");
    writeln!(text, "export const additionalFields = {fields} as const;")?;
    if !foreign.is_empty() {
        text.push_str(schema::MODELS);
    }
    for (id, endpoints) in &foreign {
        write_client(&mut text, id, endpoints)?;
    }
    text.push_str("\n/** For `createAuthClient({ plugins: doorwardPlugins() })`. */\n");
    text.push_str("export const doorwardPlugins = () => [\n  inferAdditionalFields(additionalFields),\n");
    for (_, name, _) in clients {
        writeln!(text, "  {name}(),")?;
    }
    for (id, _) in foreign {
        writeln!(text, "  {}(),", client_name(id))?;
    }
    text.push_str("];\n");
    Ok(text)
}

fn write_imports(text: &mut String, clients: &[&(&str, &str, &str)], has_own: bool) -> fmt::Result {
    let of = |place: &str| clients.iter().filter(|(.., at)| *at == place).map(|(_, name, _)| *name).collect::<Vec<_>>();
    let mut library = of(LIBRARY);
    library.push("inferAdditionalFields");
    library.sort_unstable();
    if has_own {
        text.push_str("import type { BetterAuthClientPlugin } from \"better-auth/client\";\n");
    }
    writeln!(text, "import {{ {} }} from \"{LIBRARY}\";", library.join(", "))?;
    for (_, name, place) in clients.iter().filter(|(.., place)| *place != LIBRARY) {
        let package = place.rsplit_once('/').map_or(*place, |(package, _)| package);
        writeln!(text, "// npm install {package}\nimport {{ {name} }} from \"{place}\";")?;
    }
    Ok(())
}

/// The fields of a model that no plugin of the client library brings along.
fn fields(description: &ApiDescription, model: &str) -> Map<String, Json> {
    let is_known = |owner: &Owner| matches!(owner, Owner::Plugin(id) if CLIENTS.iter().any(|(known, ..)| known == id));
    let own = description.additional_fields(model).into_iter().filter(|field| !is_known(&field.owner));
    own.filter(|field| field.returned || field.input).map(|field| (field.name.clone(), attribute(field))).collect()
}

/// A field as the client library is told of it.
fn attribute(field: &Field) -> Json {
    let kind = match field.kind {
        FieldType::Number | FieldType::Bigint => json!("number"),
        kind => serde_json::to_value(kind).unwrap_or_default(),
    };
    let mut attribute = json!({
        "type": kind,
        // A field with a default may be left out.
        "required": field.required && field.default.is_none(),
        "input": field.input,
        "returned": field.returned,
    });
    if let (true, Json::Object(attribute)) = (field.required && field.default.is_some(), &mut attribute) {
        attribute.insert("required".to_owned(), true.into());
        attribute.insert("defaultValue".to_owned(), default_of(field));
    }
    attribute
}

fn default_of(field: &Field) -> Json {
    crate::pipeline::description::field_schema(field).get("default").cloned().unwrap_or_else(|| json!(true))
}

/// An endpoint of a plugin: method, path and note.
type Own = (String, String, ApiNote);

/// Endpoints of a plugin that a client can name: those below one path each.
fn own_endpoints(description: &ApiDescription, plugin: &str) -> Vec<Own> {
    let own = description.endpoints_of(plugin).into_iter().filter(|(_, path, _)| !path.contains('*'));
    own.map(|(method, path, note)| (method.to_owned(), path.to_owned(), note)).collect()
}

/// `waitlist-pro` is `waitlistProClient`.
fn client_name(id: &str) -> String {
    let mut name = String::new();
    for (index, word) in id.split('-').filter(|word| !word.is_empty()).enumerate() {
        let mut letters = word.chars();
        let first = letters.next().map(|first| if index > 0 { first.to_ascii_uppercase() } else { first });
        name.extend(first.into_iter().chain(letters));
    }
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic());
    format!("{}{name}Client", if is_name { "" } else { "plugin" })
}

fn write_client(text: &mut String, id: &str, endpoints: &[Own]) -> fmt::Result {
    let name = client_name(id);
    let (with_params, plain): (Vec<&Own>, Vec<&Own>) = endpoints.iter().partition(|(_, path, _)| path.contains("/:"));
    writeln!(text, "\n/** The endpoints of the plugin `{id}`. */")?;
    writeln!(text, "export const {name} = () => ({{\n  id: {},", json!(id))?;
    writeln!(text, "  $InferServerPlugin: {{}} as {{\n    id: {};\n    endpoints: {{", json!(id))?;
    for (method, path, note) in &plain {
        let body = note.body.as_ref().map_or_else(|| "undefined".to_owned(), schema::input);
        let query = note.query.as_ref().map_or_else(|| "undefined".to_owned(), schema::input);
        let answer = note.answer.as_ref().map_or_else(|| "unknown".to_owned(), schema::of);
        if !note.summary.is_empty() {
            writeln!(text, "      /** {} */", note.summary.replace("*/", "* /"))?;
        }
        let (key, path, method) = (json!(format!("{method} {path}")), json!(path), json!(method));
        writeln!(text, "      {key}: Endpoint<{path}, {method}, {body}, {query}, {answer}>;")?;
    }
    text.push_str("    };\n  },\n  pathMethods: {\n");
    // Of a path with several methods, whoever calls says which is meant.
    let is_alone = |path: &str| plain.iter().filter(|(_, other, _)| other == path).count() == 1;
    for (method, path, _) in plain.iter().filter(|(_, path, _)| is_alone(path)) {
        writeln!(text, "    {}: {},", json!(path), json!(method))?;
    }
    text.push_str("  },\n");
    actions::write(text, &with_params)?;
    text.push_str("}) satisfies BetterAuthClientPlugin;\n");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_have_names_that_typescript_takes() {
        for (id, name) in [("waitlist", "waitlistClient"), ("a-b-c", "aBCClient"), ("2fa", "plugin2faClient")] {
            assert_eq!(client_name(id), name);
        }
    }

    #[test]
    fn a_field_with_a_default_may_be_left_out() {
        let field = Field {
            required: true,
            default: Some(crate::store::Value::Text("free".into())),
            ..Field::new("plan", FieldType::String)
        };
        let expected =
            json!({ "type": "string", "required": true, "input": true, "returned": true, "defaultValue": "free" });
        assert_eq!(attribute(&field), expected);
        let number = attribute(&Field::new("age", FieldType::Bigint));
        assert_eq!(number, json!({ "type": "number", "required": false, "input": true, "returned": true }));
    }
}
