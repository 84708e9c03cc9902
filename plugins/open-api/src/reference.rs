//! Draws the page: every operation with what it takes and answers, and every schema.

use serde_json::{Map, Value};
use std::fmt::{self, Display, Write};

/// The whole page, for an OpenAPI document.
pub fn page(document: &Value, sheets: &[String], address: &str) -> String {
    let title = text(&document["info"]["title"]);
    let mut page = String::with_capacity(64 * 1024);
    // Writing to a text never fails.
    _ = draw(&mut page, document, (title, sheets, address));
    page
}

fn draw(page: &mut String, document: &Value, (title, sheets, address): (&str, &[String], &str)) -> fmt::Result {
    page.push_str("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    write!(page, "<title>{}</title>", Escaped(title))?;
    for sheet in sheets {
        write!(page, "<link rel=\"stylesheet\" href=\"{}\">", Escaped(sheet))?;
    }
    write!(page, "</head><body><header><h1>{}</h1>", Escaped(title))?;
    write!(page, "<p>{} <code>{}</code></p>", Escaped(text(&document["info"]["description"])), server(document))?;
    write!(
        page,
        "<p><a href=\"{}\">OpenAPI {}</a></p></header>",
        Escaped(address),
        Escaped(text(&document["openapi"]))
    )?;
    let operations = operations(document);
    let mut tags: Vec<&str> = Vec::new();
    for operation in &operations {
        if !tags.contains(&operation.tag) {
            tags.push(operation.tag);
        }
    }
    page.push_str("<nav><ul>");
    for (index, tag) in tags.iter().enumerate() {
        write!(page, "<li><a href=\"#part-{index}\">{}</a></li>", Escaped(tag))?;
    }
    page.push_str("<li><a href=\"#schemas\">Schemas</a></li></ul></nav><main>");
    for (index, tag) in tags.iter().enumerate() {
        write!(page, "<section id=\"part-{index}\"><h2>{}</h2>", Escaped(tag))?;
        for operation in operations.iter().filter(|operation| operation.tag == *tag) {
            draw_operation(page, document, operation)?;
        }
        page.push_str("</section>");
    }
    page.push_str("<section id=\"schemas\"><h2>Schemas</h2>");
    for (name, schema) in fields(&document["components"]["schemas"]) {
        write!(page, "<details><summary><code>{}</code></summary>", Escaped(name))?;
        draw_fields(page, schema)?;
        page.push_str("</details>");
    }
    page.push_str("</section></main></body></html>");
    Ok(())
}

/// One method of one path.
struct Operation<'a> {
    method: String,
    path: &'a str,
    /// The address before the path, where it is another one than the document's.
    server: &'a str,
    tag: &'a str,
    said: &'a Value,
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = fields(&document["paths"]);
    let all = paths.flat_map(|(path, methods)| {
        fields(methods).map(|(method, said)| Operation {
            method: method.to_ascii_uppercase(),
            path,
            server: said["servers"].get(0).map_or("", |server| text(&server["url"])),
            tag: said["tags"].get(0).map_or("", text),
            said,
        })
    });
    all.collect()
}

fn draw_operation(page: &mut String, document: &Value, operation: &Operation<'_>) -> fmt::Result {
    let Operation { method, path, server, said, .. } = operation;
    write!(page, "<details><summary><span class=\"method\">{}</span> ", Escaped(method))?;
    let summary = Escaped(text(&said["summary"]));
    write!(page, "<code>{}{}</code> <span>{summary}</span></summary>", Escaped(server), Escaped(path))?;
    if let Some(description) = said["description"].as_str() {
        write!(page, "<p>{}</p>", Escaped(description))?;
    }
    let parameters = said["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !parameters.is_empty() {
        page.push_str("<h3>Parameters</h3><table><tbody>");
        for one in parameters {
            let place = text(&one["in"]);
            draw_row(page, text(&one["name"]), &one["schema"], (one["required"] == true, place))?;
        }
        page.push_str("</tbody></table>");
    }
    for (media_type, content) in fields(&said["requestBody"]["content"]) {
        write!(page, "<h3>Body <code>{}</code></h3>", Escaped(media_type))?;
        draw_fields(page, &content["schema"])?;
    }
    page.push_str("<h3>Answers</h3><table><tbody>");
    for (status, response) in fields(&said["responses"]) {
        let response = resolved(document, response);
        let meaning = Escaped(text(&response["description"]));
        write!(page, "<tr><th scope=\"row\">{}</th><td>{meaning}", Escaped(status))?;
        if status.starts_with('2') {
            for (_, content) in fields(&response["content"]) {
                draw_fields(page, &content["schema"])?;
            }
        }
        page.push_str("</td></tr>");
    }
    page.push_str("</tbody></table></details>");
    Ok(())
}

/// The fields of an object, or what it is instead.
fn draw_fields(page: &mut String, schema: &Value) -> fmt::Result {
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name));
    let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty()) else {
        return write!(page, "<p><code>{}</code></p>", Escaped(&kind(schema)));
    };
    page.push_str("<table><tbody>");
    for (name, schema) in properties {
        draw_row(page, name, schema, (required(name), ""))?;
    }
    page.push_str("</tbody></table>");
    Ok(())
}

fn draw_row(page: &mut String, name: &str, schema: &Value, (is_required, place): (bool, &str)) -> fmt::Result {
    write!(
        page,
        "<tr><th scope=\"row\"><code>{}</code></th><td><code>{}</code>",
        Escaped(name),
        Escaped(&kind(schema))
    )?;
    for word in [place, if is_required { "required" } else { "" }].into_iter().filter(|word| !word.is_empty()) {
        write!(page, " <span class=\"mark\">{}</span>", Escaped(word))?;
    }
    page.push_str("</td></tr>");
    Ok(())
}

/// A schema in a few words: `string (email) or null`.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        return name.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(choices) = schema["enum"].as_array() {
        return choices.iter().map(Value::to_string).collect::<Vec<_>>().join(" | ");
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        return choices.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).collect(),
        Value::String(kind) => vec![kind],
        _ => vec!["anything"],
    };
    let format = schema["format"].as_str().map(|format| format!(" ({format})")).unwrap_or_default();
    let items = schema.get("items").map(|items| format!(" of {}", kind(items))).unwrap_or_default();
    let named = kinds.iter().enumerate().map(|(index, kind)| match index {
        0 => format!("{kind}{format}{items}"),
        _ => (*kind).to_owned(),
    });
    named.collect::<Vec<_>>().join(" or ")
}

/// What a reference refers to.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|name| name.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

fn server(document: &Value) -> Escaped<'_> {
    Escaped(document["servers"].get(0).map_or("", |server| text(&server["url"])))
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Text that cannot end an attribute or begin an element.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '&' => formatter.write_str("&amp;")?,
                '"' => formatter.write_str("&quot;")?,
                '\'' => formatter.write_str("&#39;")?,
                letter => formatter.write_char(letter)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::kind;
    use serde_json::json;

    #[test]
    fn schemas_in_a_few_words() {
        for (schema, words) in [
            (json!({}), "anything"),
            (json!({ "type": ["string", "null"], "format": "email" }), "string (email) or null"),
            (json!({ "type": "array", "items": { "$ref": "#/components/schemas/User" } }), "array of User"),
            (json!({ "type": "string", "enum": ["a", "b"] }), "\"a\" | \"b\""),
            (json!({ "anyOf": [{ "$ref": "#/x/Y" }, { "type": "null" }] }), "Y or null"),
        ] {
            assert_eq!(kind(&schema), words);
        }
    }
}
