//! `/admin/settings`: what an operator sets while the server runs, in groups, each a form.

use crate::shell::{Shell, show};
use doorward_sdk::prelude::*;

/// The groups in their order, and what the keys of each begin with.
const GROUPS: [(&str, &[&str]); 6] = [
    ("general", &["app_name", "pages."]),
    ("sign_in", &["email_and_password."]),
    ("session", &["session."]),
    ("mail", &["mail."]),
    ("providers", &["plugins.social."]),
    ("limits", &[""]),
];
/// Switches of plugins, which stand on a page of their own.
const SWITCH: (&str, &str) = ("plugins.", ".switched_on");

/// What keys of providers begin with.
const PROVIDERS: &str = "plugins.social.providers.";

/// # Errors
/// When the session cannot be read.
pub fn settings(request: &Request, (): ()) -> Result<Response> {
    show(request, "settings", |shell| {
        let found = shell.get("/api/settings", &[])?;
        let list = found.get("settings").and_then(Value::as_array).cloned().unwrap_or_default();
        let model = json!({
            "groups": grouped(shell, list), "version": found.get("version"), "faults": found.get("faults"),
        });
        shell.page("settings.html", &shell.say("admin.settings", &[]), model)
    })
}

fn grouped(shell: &Shell, settings: Vec<Value>) -> Vec<Value> {
    let mut groups: Vec<(&str, Vec<Value>)> = GROUPS.iter().map(|(name, _)| (*name, Vec::new())).collect();
    for setting in settings {
        let key = setting.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
        if key.starts_with(SWITCH.0) && key.ends_with(SWITCH.1) {
            continue;
        }
        let place = GROUPS.iter().position(|(_, starts)| starts.iter().any(|start| key.starts_with(start)));
        if let Some((_, list)) = place.and_then(|place| groups.get_mut(place)) {
            list.push(drawn(shell, &key, setting));
        }
    }
    let shown = groups.into_iter().filter(|(_, settings)| !settings.is_empty());
    let text = |name: &str, part: &str| shell.say(&format!("settings.{name}{part}"), &[]);
    shown
        .map(|(name, settings)| json!({ "id": name, "title": text(name, ""), "text": text(name, "_text"), "settings": settings }))
        .collect()
}

/// A setting with its title in the page's language, and what its value means.
fn drawn(shell: &Shell, key: &str, mut setting: Value) -> Value {
    let own = shell.frame.language.find(&format!("setting.{key}")).map(str::to_owned);
    let own = own.or_else(|| of_provider(shell, key));
    let hint = shell.frame.language.find(&format!("setting_hint.{key}"));
    let title = own.or_else(|| setting.get("title").and_then(Value::as_str).map(str::to_owned)).unwrap_or_default();
    let is_time = ["expires_in", "_age", "window"].iter().any(|end| key.ends_with(end));
    let means = setting.get("value").and_then(Value::as_u64).filter(|_| is_time).and_then(|secs| lasting(shell, secs));
    let list = setting.get("value").and_then(Value::as_array);
    let joined = list.map(|list| list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "));
    let rule = rule(shell, &setting);
    let inherited =
        setting.get("inherited").map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    if let Some(parts) = setting.as_object_mut() {
        parts.insert("title".to_owned(), title.into());
        parts.insert("means".to_owned(), means.into());
        parts.insert("rule".to_owned(), rule.into());
        parts.insert("hint".to_owned(), hint.into());
        parts.insert("inherited_text".to_owned(), inherited.into());
        if let Some(joined) = joined {
            parts.insert("value".to_owned(), joined.into());
        }
    }
    setting
}

/// The title of a provider's option: `plugins.social.providers.github.client_id`.
fn of_provider(shell: &Shell, key: &str) -> Option<String> {
    let (id, option) = key.strip_prefix(PROVIDERS)?.rsplit_once('.')?;
    let offered = shell.frame.site.get("providers").and_then(Value::as_array).into_iter().flatten();
    let known = offered.filter(|known| known.get("id").and_then(Value::as_str) == Some(id));
    let name = known.filter_map(|known| known.get("name")?.as_str()).next().unwrap_or(id);
    let title = format!("provider.{option}");
    shell.frame.language.find(&title)?;
    Some(shell.say(&title, &[("provider", name)]))
}

/// What to write, said where something else was written.
fn rule(shell: &Shell, setting: &Value) -> String {
    let text = |name: &str| setting.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| setting.get(name).and_then(Value::as_u64).unwrap_or(0);
    let (least, most) = (number("min"), number("max"));
    let kind = match (text("format"), text("type")) {
        ("", "texts") => "languages",
        ("", kind) => kind,
        (format, _) => format,
    };
    let time = if kind == "seconds" { unit(most) } else { None };
    let time = time.map(|(unit, count)| shell.say(&format!("settings.in_{unit}"), &[("count", &count.to_string())]));
    let (least, most, time) = (least.to_string(), most.to_string(), time.unwrap_or_default());
    let values = [("least", least.as_str()), ("most", most.as_str()), ("time", time.as_str())];
    shell.say(&format!("settings.rule_{kind}"), &values)
}

/// Seconds in the largest unit that fits.
fn lasting(shell: &Shell, secs: u64) -> Option<String> {
    let (unit, count) = unit(secs)?;
    Some(shell.say(&format!("settings.{unit}"), &[("count", &count.to_string())]))
}

fn unit(secs: u64) -> Option<(&'static str, u64)> {
    const UNITS: [(&str, u64); 3] = [("days", 86_400), ("hours", 3600), ("minutes", 60)];
    let (unit, size) = UNITS.into_iter().find(|(_, size)| secs >= 2 * size && secs.is_multiple_of(*size))?;
    Some((unit, secs / size))
}
