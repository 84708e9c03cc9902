//! Events for other systems: webhooks, security event tokens and the audit log, at receivers that check them by other means.

mod audit;
mod commands;
mod ssf;
mod webhooks;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use crate::fixture::Fixture;

/// Of the specification of Standard Webhooks.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// One request that a receiver got.
pub struct Got {
    head: String,
    pub body: String,
}

impl Got {
    pub fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Self { head: head.to_owned(), body: body.to_owned() }
    }

    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim()).unwrap_or_default()
    }

    pub fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// Whether one of its signatures is made with this secret, as another library computes it.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key);
        let text = format!("{}.{}.{}", self.header("webhook-id"), self.header("webhook-timestamp"), self.body);
        self.header("webhook-signature").split(' ').any(|signature| {
            let mac = STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
            aws_lc_rs::hmac::verify(&key, text.as_bytes(), &mac).is_ok()
        })
    }
}

/// A webhook of this name at a port of this machine.
pub fn hook(name: &str, port: u16, events: &str, more: &str) -> String {
    format!(
        "[[webhooks]]\nname = \"{name}\"\nurl = \"http://127.0.0.1:{port}/hidden-path\"\nevents = {events}\n\
         allow_private = true\n{more}\n"
    )
}

/// The deliveries, once none waits for its first attempt.
pub async fn settled(server: &Fixture) -> Vec<doorward::store::Record> {
    for _ in 0..2000 {
        let rows = server.records("doorward_event").await;
        let is_done =
            |row: &doorward::store::Record| row.text("state") != "waiting" || row.opt_text("lastError").is_some();
        if rows.iter().all(is_done) {
            return rows;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("deliveries go on and on");
}
