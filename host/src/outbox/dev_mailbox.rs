//! The development mailbox over HTTP: a page at `/dev/mailbox`, the mails as JSON at `/dev/mailbox.json`.

use minijinja::value::Serde;
use minijinja::{Environment, context};

use super::mailbox::Mailbox;
use crate::http::Response;

/// Answers the two paths of the mailbox. `None` for any other path, or when there is no mailbox.
pub fn answer(mailbox: Option<&Mailbox>, path: &str) -> Option<Response> {
    let mailbox = mailbox?;
    match path {
        "/dev/mailbox.json" => Some(json(mailbox)),
        "/dev/mailbox" => Some(page(mailbox)),
        _ => None,
    }
}

fn json(mailbox: &Mailbox) -> Response {
    let mails = serde_json::to_string(&mailbox.mails()).unwrap_or_default();
    Response::with_type(200, "application/json", mails)
}

fn page(mailbox: &Mailbox) -> Response {
    let mut environment = Environment::new();
    let filled =
        environment.add_template("mailbox.html", include_str!("../../templates/mailbox.html")).and_then(|()| {
            environment
                .get_template("mailbox.html")?
                .render(context! { mails => minijinja::Value::from(Serde(mailbox.mails())) })
        });
    match filled {
        Ok(html) => {
            let mut response = Response::with_type(200, "text/html; charset=utf-8", html);
            response.headers.push("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'");
            response
        }
        Err(error) => {
            tracing::error!(%error, "the mailbox page cannot be filled");
            Response::bare(500)
        }
    }
}
