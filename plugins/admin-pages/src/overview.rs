//! `/admin`: four numbers, one chart, and what needs attention.

use crate::chart::chart;
use crate::frame::drawn;
use crate::shell::{Shell, Stop, show};
use doorward_sdk::prelude::*;

const WEEK_SECS: u64 = 7 * 86_400;

/// # Errors
/// When the session cannot be read.
pub fn overview(request: &Request, (): ()) -> Result<Response> {
    show(request, "overview", |shell| {
        let counts = shell.seek("/api/audit/counts", &[])?;
        let say = |hour: &str, done: u64, refused: u64| {
            shell.say("overview.bar", &[("hour", hour), ("done", &done.to_string()), ("refused", &refused.to_string())])
        };
        let chart = counts.as_ref().and_then(|counts| chart(counts, &say));
        let total = |found: &Option<Value>| found.as_ref().and_then(|found| found.get("total")).and_then(Value::as_u64);
        let users = total(&shell.seek("/admin/list-users", &[("limit", "1")])?);
        if users.is_none() && chart.is_none() {
            return Err(Stop::Hidden);
        }
        let begin = clock::iso_text(clock::now_millis().saturating_sub(WEEK_SECS * 1000));
        let recent =
            [("limit", "1"), ("filterField", "createdAt"), ("filterOperator", "gte"), ("filterValue", begin.as_str())];
        let new = total(&shell.seek("/admin/list-users", &recent)?);
        let asking = shell.frame.asking();
        let sections: Vec<Value> = sections::ask("admin.overview", &asking)?.iter().map(drawn).collect();
        let part = |name: &str| chart.as_ref().and_then(|chart| chart.get(name)).cloned();
        let model = json!({
            "numbers": [
                number(shell, "users", users.map(Value::from), ""),
                number(shell, "new", new.map(Value::from), ""),
                number(shell, "sign_ins", part("done"), ""),
                number(shell, "failures", part("refused"), "warn"),
            ],
            "chart": chart, "attention": attention(shell)?, "sections": sections,
        });
        shell.page("overview.html", &shell.say("admin.overview", &[]), model)
    })
}

fn number(shell: &Shell, name: &str, value: Option<Value>, tone: &str) -> Value {
    let is_some = value.as_ref().and_then(Value::as_u64).unwrap_or(0) > 0;
    json!({ "label": shell.say(&format!("overview.{name}"), &[]), "value": value, "tone": if is_some { tone } else { "" } })
}

/// What somebody should look at: mails that could not be sent, plugins that rest, settings that are left out.
fn attention(shell: &Shell) -> Result<Vec<Value>, Stop> {
    let mut items = Vec::new();
    let item = |icon: &str, key: &str, values: &[(&str, &str)], path: &str| json!({ "icon": icon, "title": shell.say(&format!("overview.{key}"), values), "text": shell.say(&format!("overview.{key}_text"), values), "href": site::page(path) });
    if let Some(found) = shell.seek("/api/mail", &[("limit", "200")])? {
        let mails = found.get("mails").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let failed = mails.iter().filter(|mail| mail.get("lastError").is_some_and(Value::is_string)).count();
        if failed > 0 {
            items.push(item("mail", "mails", &[("count", &failed.to_string())], "/admin/mail"));
        }
    }
    if let Some(found) = shell.seek("/api/plugins", &[])? {
        let plugins = found.get("plugins").and_then(Value::as_array).cloned().unwrap_or_default();
        for plugin in plugins.iter().filter(|plugin| plugin.get("state").and_then(Value::as_str) == Some("paused")) {
            let id = plugin.get("id").and_then(Value::as_str).unwrap_or_default();
            items.push(item("plug", "paused", &[("plugin", id)], "/admin/plugins"));
        }
    }
    if let Some(found) = shell.seek("/api/settings", &[])?
        && found.get("faults").and_then(Value::as_array).is_some_and(|faults| !faults.is_empty())
    {
        items.push(item("gear", "faults", &[], "/admin/settings"));
    }
    Ok(items)
}
