//! `/admin/plugins`: what extends the server, what each part may do, how it is, and its switch.

use crate::shell::{Shell, show};
use doorward_sdk::prelude::*;

/// # Errors
/// When the session cannot be read.
pub fn plugins(request: &Request, (): ()) -> Result<Response> {
    show(request, "plugins", |shell| {
        let found = shell.get("/api/plugins", &[])?;
        let list = |name: &str| found.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let plugins: Vec<Value> = list("plugins").into_iter().map(|plugin| drawn(shell, plugin)).collect();
        let model = json!({ "plugins": plugins, "policies": list("policies") });
        shell.page("plugins.html", &shell.say("admin.plugins", &[]), model)
    })
}

/// A plugin with what it is for, in the words of these pages where they know it.
fn drawn(shell: &Shell, mut plugin: Value) -> Value {
    let id = plugin.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let about = shell.frame.language.find(&format!("plugin.{id}"));
    if let Some(parts) = plugin.as_object_mut() {
        parts.insert("about".to_owned(), about.into());
    }
    plugin
}
