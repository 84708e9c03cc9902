//! The development mailbox over HTTP: a page at `/dev/mailbox`, the mails as JSON at `/dev/mailbox.json`.
//!
//! Invariant: it answers this machine alone, and only under one of its own names: a page elsewhere whose name was made to
//! point here cannot read it.

use std::net::IpAddr;

use minijinja::value::Serde;
use minijinja::{Environment, context};

use super::mailbox::Mailbox;
use crate::http::Response;
use crate::http::address::is_loopback;

/// Who asks for the mailbox.
#[derive(Clone, Copy, Debug)]
pub struct Visitor<'a> {
    /// The address of the socket's other end.
    pub peer: Option<IpAddr>,
    /// The `Host` header.
    pub host: Option<&'a str>,
}

impl Visitor<'_> {
    fn is_here(self) -> bool {
        self.peer.is_some_and(|peer| peer.to_canonical().is_loopback()) && self.host.is_some_and(is_loopback)
    }
}

/// Answers the two paths of the mailbox; `None` for any other path or visitor, or when there is no mailbox.
pub fn answer(mailbox: Option<&Mailbox>, path: &str, visitor: Visitor<'_>) -> Option<Response> {
    let mailbox = mailbox.filter(|_| visitor.is_here())?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_this_machine_under_its_own_names() {
        let mailbox = Mailbox::default();
        let status = |peer: &str, host: Option<&str>| {
            let visitor = Visitor { peer: peer.parse().ok(), host };
            answer(Some(&mailbox), "/dev/mailbox.json", visitor).map(|response| response.status)
        };
        for host in ["localhost:3000", "localhost", "127.0.0.1:3000", "[::1]:3000", "[::1]", "App.Localhost:1"] {
            assert_eq!(status("127.0.0.1", Some(host)), Some(200), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:3000", "10.0.0.1", "127.0.0.1.nip.io", "", "localhost:x"] {
            assert_eq!(status("127.0.0.1", Some(host)), None, "{host}");
        }
        assert_eq!(status("::ffff:127.0.0.1", Some("localhost")), Some(200));
        for (peer, host) in [("10.0.0.7", Some("localhost")), ("127.0.0.1", None), ("", Some("localhost"))] {
            assert_eq!(status(peer, host), None, "{peer}");
        }
    }
}
