//! `/admin/mail`: what waits to be sent, and what could not be.

use crate::shell::{Shell, show};
use crate::table::State;
use doorward_sdk::prelude::*;

/// Rows of a page, which are long.
const PAGE: u64 = 15;

/// # Errors
/// When the session cannot be read.
pub fn mail(request: &Request, (): ()) -> Result<Response> {
    show(request, "mail", |shell| {
        let state = State::of(shell.request, "/admin/mail", &["from"]);
        let (limit, from) = (PAGE.to_string(), state.from().to_string());
        let found = shell.get("/api/mail", &[("limit", &limit), ("offset", &from)])?;
        let mails = found.get("mails").and_then(Value::as_array).cloned().unwrap_or_default();
        let mails: Vec<Value> = mails.into_iter().map(|mail| named(shell, mail)).collect();
        let total = found.get("total").and_then(Value::as_u64).unwrap_or(0);
        let model = json!({ "mails": mails, "pager": state.pager(total, PAGE), "total": total });
        shell.page("mail.html", &shell.say("admin.mail", &[]), model)
    })
}

/// A mail with its kind in words, where these pages know it.
fn named(shell: &Shell, mut mail: Value) -> Value {
    let kind = mail.get("kind").and_then(Value::as_str).unwrap_or_default();
    let words = shell.frame.language.find(&format!("mail_kind.{kind}")).unwrap_or(kind).to_owned();
    if let Some(parts) = mail.as_object_mut() {
        parts.insert("kind".to_owned(), words.into());
    }
    mail
}
