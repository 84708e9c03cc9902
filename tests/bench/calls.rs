//! What a typical request of each official plugin costs, all of them being loaded.

use crate::cost::micros_per_request;
use crate::doorward::{Doorward, Extras};
use crate::load::request;
use crate::table::Row;
use crate::{Length, Outcome, progress};

/// One request of a plugin: method, path, body and the status of its answer.
struct Call(&'static str, &'static str, &'static str, &'static str, u16);

const CALLS: [Call; 9] = [
    Call("admin", "POST", "/admin/has-permission", r#"{"permissions":{"user":["list"]}}"#, 200),
    Call("jwt", "GET", "/token", "", 200),
    Call("magic-link", "GET", "/magic-link/verify?token=none", "", 302),
    Call("multi-session", "GET", "/multi-session/list-device-sessions", "", 200),
    Call("passkey", "GET", "/passkey/list-user-passkeys", "", 200),
    Call("social", "POST", "/sign-in/social", r#"{"provider":"github"}"#, 200),
    Call("two-factor", "POST", "/two-factor/verify-totp", r#"{"code":"123456"}"#, 401),
    Call("username", "POST", "/is-username-available", r#"{"username":"ada_lovelace"}"#, 200),
    // It has no endpoints, and is called for the header.
    Call("bearer", "GET", "/get-session", "", 200),
];

/// CPU of each request, beside the core's own `get-session`. No budget holds them: they are told to operators.
pub fn rows(length: Length) -> Outcome<Vec<Row>> {
    let doorward = Doorward::start(Extras::All, None)?;
    let session = doorward.sign_up()?;
    let own = doorward.get_session(&session);
    let mut rows = Vec::new();
    for Call(plugin, method, path, body, status) in CALLS {
        progress(&format!("{plugin}: {method} {path}"));
        let session = match plugin {
            "bearer" => format!("authorization: Bearer {}\r\n", session.split_once('=').map_or("", |(_, token)| token)),
            // Signed in, this one is something else.
            "two-factor" => String::new(),
            _ => format!("cookie: {session}\r\n"),
        };
        let headers = format!("{}{session}", doorward.origin());
        let target = doorward.target(request(method, &format!("/api/auth{path}"), &headers, body), status);
        let sides = [(&doorward.process, target), (&doorward.process, own.clone())];
        let [micros, of_core] = micros_per_request(&sides, Length(length.0 / 4))?;
        let what = format!("{plugin}: {method} {}", path.split('?').next().unwrap_or(path));
        rows.push(Row::figure(&what, format!("{micros:.0} µs"), format!("get-session {of_core:.0} µs")));
    }
    Ok(rows)
}
