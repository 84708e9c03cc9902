//! `/admin/mail`: what waits to be sent, and what could not be.

use crate::shell::show;
use crate::table::State;
use doorward_sdk::prelude::*;

const PAGE: u64 = 25;

/// # Errors
/// When the session cannot be read.
pub fn mail(request: &Request, (): ()) -> Result<Response> {
    show(request, "mail", |shell| {
        let state = State::of(shell.request, "/admin/mail", &["from"]);
        let (limit, from) = (PAGE.to_string(), state.from().to_string());
        let found = shell.get("/api/mail", &[("limit", &limit), ("offset", &from)])?;
        let mails = found.get("mails").and_then(Value::as_array).cloned().unwrap_or_default();
        let total = found.get("total").and_then(Value::as_u64).unwrap_or(0);
        let model = json!({ "mails": mails, "pager": state.pager(total, PAGE), "total": total });
        shell.page("mail.html", &shell.say("admin.mail", &[]), model)
    })
}
