//! Sections of other plugins as the templates draw them: forms become steps, and every action carries itself for the script.

use doorward_sdk::prelude::{Map, Value, json};

/// A section with what the templates need. `place` is the address of a plugin's own page in a slot.
pub fn drawn(plugin: &str, mut section: Value, place: &impl Fn(&str) -> String) -> Value {
    let Some(parts) = section.as_object_mut() else { return Value::Null };
    each(parts.get_mut("actions"), |action| draw_action(action, place));
    each(parts.get_mut("rows"), |row| each(row.get_mut("actions"), |action| draw_action(action, place)));
    each(parts.get_mut("forms"), |form| draw_form(plugin, form));
    let modules = parts.get("scripts").map(Value::to_string).unwrap_or_default();
    parts.insert("modules".to_owned(), modules.into());
    parts.insert("plugin".to_owned(), plugin.into());
    section
}

fn each(list: Option<&mut Value>, change: impl FnMut(&mut Value)) {
    list.and_then(Value::as_array_mut).into_iter().flatten().for_each(change);
}

fn draw_action(action: &mut Value, place: &impl Fn(&str) -> String) {
    let Some(slot) = action.pointer("/to/slot").and_then(Value::as_str).map(str::to_owned) else {
        let is_link = ["page", "route", "here"].iter().any(|kind| action.pointer("/to/kind") == Some(&json!(kind)));
        let href = action.pointer("/to/href").cloned();
        return finish(action, href.filter(|_| is_link));
    };
    finish(action, Some(place(&slot).into()));
}

fn finish(action: &mut Value, link: Option<Value>) {
    let text = action.to_string();
    let Some(parts) = action.as_object_mut() else { return };
    match link {
        Some(link) => _ = parts.insert("link".to_owned(), link),
        None => _ = parts.insert("json".to_owned(), text.into()),
    }
}

/// The forms that follow each other become steps: each with what the answer before it shows. Codes to keep come last.
fn draw_form(plugin: &str, form: &mut Value) {
    let place = format!("{plugin}-{}", form.get("id").and_then(Value::as_str).unwrap_or_default());
    let mut steps = Vec::new();
    let mut shown: Vec<Value> = Vec::new();
    let mut has_codes = false;
    let mut next = Some(form.clone());
    while let Some(mut present) = next.take() {
        let following = present.pointer_mut("/submit/then/next").map(Value::take).filter(Value::is_object);
        let shows = present.pointer("/submit/then/shows").and_then(Value::as_array).cloned().unwrap_or_default();
        let (codes, others): (Vec<Value>, Vec<Value>) = shows.into_iter().partition(|shown| shown["kind"] == "codes");
        has_codes |= !codes.is_empty();
        let number = steps.len();
        if let Some(parts) = present.as_object_mut() {
            let action = parts.get("submit").map(Value::to_string).unwrap_or_default();
            parts.insert("key".to_owned(), format!("{place}-{number}").into());
            parts.insert("json".to_owned(), action.into());
            parts.insert("shows".to_owned(), std::mem::take(&mut shown).into());
        }
        steps.push(present);
        shown = others;
        next = following;
    }
    // What the last answer shows stands in a step of its own.
    if !shown.is_empty() {
        steps.push(json!({ "shows": shown, "key": format!("{place}-end") }));
    }
    let Some(parts) = form.as_object_mut() else { return };
    let is_chain = steps.len() > 1 || has_codes;
    parts.insert("steps".to_owned(), steps.into());
    parts.insert("is_chain".to_owned(), is_chain.into());
    parts.insert("has_codes".to_owned(), has_codes.into());
}

/// What a section warns of, for the top of the page: its notice moves there.
pub fn take_warning(section: &mut Value) -> Option<Map<String, Value>> {
    let tone = section.pointer("/notice/tone").and_then(Value::as_str)?;
    if !["warn", "danger"].contains(&tone) {
        return None;
    }
    match section.as_object_mut()?.remove("notice")? {
        Value::Object(notice) => Some(notice),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enrolment() -> Value {
        json!({
            "title": "Two-factor", "notice": { "tone": "warn", "text": "None is set up" },
            "rows": [{ "title": "App", "actions": [
                { "label": "Remove", "to": { "kind": "post", "path": "/x", "href": "/api/auth/x" }, "style": "danger" },
                { "label": "More", "to": { "kind": "slot", "slot": "account.page" }, "style": "quiet" },
            ] }],
            "forms": [{
                "id": "set-up", "title": "Set up", "fields": [],
                "submit": { "label": "Next", "to": { "kind": "post", "href": "/api/auth/enable" }, "style": "primary", "then": {
                    "shows": [{ "field": "totpURI", "label": "Scan", "kind": "qr" }, { "field": "backupCodes", "label": "Codes", "kind": "codes" }],
                    "next": { "id": "code", "title": "Enter the code", "fields": [], "submit": { "label": "Verify", "to": { "kind": "post", "href": "/api/auth/verify" } } },
                } },
            }],
        })
    }

    #[test]
    fn forms_that_follow_each_other_are_steps_and_codes_come_last() {
        let section = drawn("two-factor", enrolment(), &|slot| format!("/{slot}"));
        let form = &section["forms"][0];
        let steps = form["steps"].as_array().expect("steps");
        assert_eq!((steps.len(), &form["is_chain"], &form["has_codes"]), (2, &json!(true), &json!(true)));
        assert_eq!(steps[0]["shows"], json!([]));
        assert_eq!(steps[1]["shows"], json!([{ "field": "totpURI", "label": "Scan", "kind": "qr" }]));
        assert_eq!((&steps[0]["key"], &steps[1]["title"]), (&json!("two-factor-set-up-0"), &json!("Enter the code")));
    }

    #[test]
    fn links_are_links_and_the_rest_carries_itself() {
        let section = drawn("two-factor", enrolment(), &|slot| format!("/account/{slot}"));
        let actions = &section["rows"][0]["actions"];
        assert_eq!(actions[1]["link"], json!("/account/account.page"));
        let carried: Value = serde_json::from_str(actions[0]["json"].as_str().expect("text")).expect("JSON");
        assert_eq!(carried["to"]["href"], json!("/api/auth/x"));
    }

    #[test]
    fn a_warning_moves_to_the_top_once() {
        let mut section = enrolment();
        assert_eq!(take_warning(&mut section).expect("warning")["text"], json!("None is set up"));
        assert_eq!(take_warning(&mut section), None);
        assert_eq!(take_warning(&mut json!({ "notice": { "tone": "good", "text": "All is well" } })), None);
    }
}
