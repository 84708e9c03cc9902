//! Endpoints with parameters in their paths, as functions: the client library makes a path of names alone.
//!
//! `GET /seats/:id` is `client.seats.byId({ params: { id } })`.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use serde_json::{Value as Json, json};

use super::{Own, schema};

/// What stands below one name.
#[derive(Default)]
struct Node<'a> {
    calls: Vec<&'a Own>,
    below: BTreeMap<String, Node<'a>>,
}

/// Writes the functions of a plugin's client, when there are some.
pub(super) fn write(text: &mut String, endpoints: &[&Own]) -> fmt::Result {
    if endpoints.is_empty() {
        return Ok(());
    }
    let mut root = Node::default();
    for own in endpoints {
        let node = own
            .1
            .split('/')
            .filter(|segment| !segment.is_empty())
            .fold(&mut root, |node, segment| node.below.entry(name_of(segment)).or_default());
        node.calls.push(own);
    }
    text.push_str("  getActions: ($fetch) => (");
    write_below(text, &root, 4)?;
    text.push_str("),\n");
    Ok(())
}

/// `check-in` is `checkIn`, and `:id` is `byId`.
fn name_of(segment: &str) -> String {
    let (start, words) = segment.strip_prefix(':').map_or(("", segment), |name| ("by", name));
    let mut name = start.to_owned();
    for word in words.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let mut letters = word.chars();
        let first = letters.next().map(|first| if name.is_empty() { first } else { first.to_ascii_uppercase() });
        name.extend(first.into_iter().chain(letters));
    }
    name
}

fn write_below(text: &mut String, node: &Node<'_>, indent: usize) -> fmt::Result {
    text.push_str("{\n");
    let space = " ".repeat(indent);
    // One method is called by the path's name alone, several by their own.
    if node.calls.len() > 1 {
        for own in &node.calls {
            write!(text, "{space}{}: ", json!(own.0.to_ascii_lowercase()))?;
            write_call(text, own)?;
            text.push_str(",\n");
        }
    }
    for (name, below) in &node.below {
        if let [(.., note)] = below.calls.as_slice()
            && !note.summary.is_empty()
        {
            writeln!(text, "{space}/** {} */", note.summary.replace("*/", "* /"))?;
        }
        write!(text, "{space}{}: ", json!(name))?;
        match below.calls.as_slice() {
            [own] if below.below.is_empty() => write_call(text, own)?,
            [own] => {
                text.push_str("Object.assign(");
                write_call(text, own)?;
                text.push_str(", ");
                write_below(text, below, indent + 2)?;
                text.push(')');
            }
            _ => write_below(text, below, indent + 2)?,
        }
        text.push_str(",\n");
    }
    write!(text, "{}}}", " ".repeat(indent - 2))
}

fn write_call(text: &mut String, (method, path, note): &Own) -> fmt::Result {
    let params = path.split('/').filter_map(|segment| segment.strip_prefix(':'));
    let params: Vec<String> = params.map(|name| format!("{}: string", json!(name))).collect();
    let mut given = format!("{{ params: {{ {} }}", params.join("; "));
    if let Some(query) = &note.query {
        let may_be_absent = query.may_be_absent || query.schema.get("required").is_none_or(Json::is_null);
        write!(given, "; query{}: {}", if may_be_absent { "?" } else { "" }, schema::input(query))?;
    }
    given.push_str("; fetchOptions?: Record<string, unknown> }");
    if let Some(body) = &note.body {
        let body_type = schema::input(body);
        write!(
            given,
            " & {}",
            if body.may_be_absent { format!("Partial<NonNullable<{body_type}>>") } else { body_type }
        )?;
    }
    let answer = note.answer.as_ref().map_or_else(|| "unknown".to_owned(), schema::of);
    let (parts, query) = match (&note.query, &note.body) {
        (Some(_), Some(_)) => ("params, query, fetchOptions, ...body", "query, body, "),
        (Some(_), None) => ("params, query, fetchOptions", "query, "),
        (None, Some(_)) => ("params, fetchOptions, ...body", "body, "),
        (None, None) => ("params, fetchOptions", ""),
    };
    let (path, method) = (json!(path), json!(method));
    write!(
        text,
        "({{ {parts} }}: {given}) => $fetch<{answer}>({path}, {{ ...fetchOptions, method: {method}, {query}params }})"
    )
}

#[cfg(test)]
mod tests {
    use doorward_contract::ApiNote;

    use super::*;

    #[test]
    fn segments_have_names() {
        for (segment, name) in [("seats", "seats"), ("check-in", "checkIn"), (":id", "byId"), (":user_id", "byUserId")]
        {
            assert_eq!(name_of(segment), name);
        }
    }

    #[test]
    fn parameters_are_given_by_name() {
        let own = |method: &str, path: &str| -> Own { (method.to_owned(), path.to_owned(), ApiNote::new("Does it")) };
        let endpoints =
            [own("GET", "/seats/:id"), own("POST", "/seats/:id/free"), own("GET", "/x/:a"), own("PUT", "/x/:a")];
        let mut text = String::new();
        write(&mut text, &endpoints.iter().collect::<Vec<_>>()).unwrap();
        let call = |name: &str, method: &str, path: &str| {
            format!(
                "({{ params, fetchOptions }}: {{ params: {{ \"{name}\": string }}; fetchOptions?: Record<string, unknown> }}) => \
                 $fetch<unknown>(\"{path}\", {{ ...fetchOptions, method: \"{method}\", params }})"
            )
        };
        let expected = format!(
            "  getActions: ($fetch) => ({{\n    \"seats\": {{\n      /** Does it */\n      \"byId\": Object.assign({}, {{\n        \
             /** Does it */\n        \"free\": {},\n      }}),\n    }},\n    \"x\": {{\n      \"byA\": {{\n        \
             \"get\": {},\n        \"put\": {},\n      }},\n    }},\n  }}),\n",
            call("id", "GET", "/seats/:id"),
            call("id", "POST", "/seats/:id/free"),
            call("a", "GET", "/x/:a"),
            call("a", "PUT", "/x/:a"),
        );
        assert_eq!(text, expected);
        let mut nothing = String::new();
        write(&mut nothing, &[]).unwrap();
        assert_eq!(nothing, "");
    }
}
