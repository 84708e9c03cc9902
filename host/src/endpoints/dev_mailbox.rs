//! `GET /dev/mailbox` and `GET /dev/mailbox.json`, at the server's root: the development mailbox as a page and as JSON.
//!
//! Invariant: it answers this machine alone, and only under one of its own names: a page elsewhere whose name was made to
//! point here cannot read it.

use std::sync::Arc;

use async_trait::async_trait;
use minijinja::value::Serde;
use minijinja::{Environment, context};

use crate::error::ApiError;
use crate::exchange::{Endpoint, Exchange};
use crate::http::address::is_loopback;
use crate::http::{RequestHead, Response};
use crate::outbox::mailbox::Mailbox;

/// Shows the mailbox in one form; whoever is elsewhere gets 404.
pub struct DevMailbox {
    mailbox: Arc<Mailbox>,
    show: fn(&Mailbox, &RequestHead) -> Response,
}

impl DevMailbox {
    /// The mailbox as a page.
    pub fn page(mailbox: &Arc<Mailbox>) -> Self {
        Self { mailbox: Arc::clone(mailbox), show: page }
    }

    /// The mailbox as JSON.
    pub fn json(mailbox: &Arc<Mailbox>) -> Self {
        Self { mailbox: Arc::clone(mailbox), show: json }
    }
}

#[async_trait]
impl Endpoint for DevMailbox {
    async fn call(&self, exchange: &mut Exchange) -> Result<Response, ApiError> {
        Ok(if is_here(&exchange.request) { (self.show)(&self.mailbox, &exchange.request) } else { Response::bare(404) })
    }
}

/// Whether a request comes from this machine, under one of its names.
fn is_here(head: &RequestHead) -> bool {
    head.peer.is_some_and(|peer| peer.to_canonical().is_loopback()) && head.headers.get("host").is_some_and(is_loopback)
}

fn json(mailbox: &Mailbox, _head: &RequestHead) -> Response {
    let mails = serde_json::to_string(&mailbox.mails()).unwrap_or_default();
    Response::with_type(200, "application/json", mails)
}

/// The list, and the mail that `?mail=<id>` names. Its HTML stands in a frame of its own in which nothing runs.
fn page(mailbox: &Mailbox, head: &RequestHead) -> Response {
    let mails = mailbox.mails();
    let shown = head.query.get("mail").and_then(|id| mails.iter().find(|mail| mail.id == id));
    let mut environment = Environment::new();
    let filled =
        environment.add_template("mailbox.html", include_str!("../../templates/mailbox.html")).and_then(|()| {
            environment.get_template("mailbox.html")?.render(context! {
                mails => minijinja::Value::from(Serde(&mails)),
                shown => minijinja::Value::from(Serde(&shown)),
            })
        });
    match filled {
        Ok(html) => {
            let mut response = Response::with_type(200, "text/html; charset=utf-8", html);
            let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
            response.headers.push("content-security-policy", policy);
            response
        }
        Err(error) => {
            tracing::error!(%error, "the mailbox page cannot be filled");
            Response::bare(500)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_this_machine_under_its_own_names() {
        let is_here = |peer: &str, host: Option<&str>| {
            let mut head = RequestHead { peer: peer.parse().ok(), ..RequestHead::default() };
            host.into_iter().for_each(|host| head.headers.push("host", host));
            is_here(&head)
        };
        for host in ["localhost:3000", "localhost", "127.0.0.1:3000", "[::1]:3000", "[::1]", "App.Localhost:1"] {
            assert!(is_here("127.0.0.1", Some(host)), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:3000", "10.0.0.1", "127.0.0.1.nip.io", "", "localhost:x"] {
            assert!(!is_here("127.0.0.1", Some(host)), "{host}");
        }
        assert!(is_here("::ffff:127.0.0.1", Some("localhost")));
        for (peer, host) in [("10.0.0.7", Some("localhost")), ("127.0.0.1", None), ("", Some("localhost"))] {
            assert!(!is_here(peer, host), "{peer}");
        }
    }
}
