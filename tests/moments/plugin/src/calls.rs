//! Every function of the host, each called once with arguments that change nobody's rows.

use doorward_sdk::endpoints;
use doorward_sdk::http::Failure;
use doorward_sdk::prelude::*;
use doorward_sdk::webauthn::{Credential, RelyingParty};

/// The names of the functions that the host refuses at this moment, with spaces between them.
pub fn untimely() -> String {
    let mut names: Vec<&str> = Vec::new();
    let everyone = [harmless as fn() -> Vec<Outcome>, data, people, requests, opening];
    for (name, outcome) in everyone.into_iter().flat_map(|calls| calls()) {
        if outcome.is_err_and(|error| is_untimely(&error)) {
            names.push(name);
        }
    }
    names.join(" ")
}

type Outcome = (&'static str, Result<()>);

fn is_untimely(error: &Error) -> bool {
    match error {
        Error::Host(HostError::Denied(text) | HostError::Invalid(text)) => text.contains("` cannot be called "),
        _ => false,
    }
}

fn done<T>(result: Result<T>) -> Result<()> {
    result.map(|_| ())
}

fn nobody() -> users::User {
    serde_json::from_value(json!({ "id": "nobody", "email": "nobody@example.com" })).expect("a user")
}

fn harmless() -> Vec<Outcome> {
    let party = RelyingParty { id: "localhost".into(), origins: Vec::new() };
    let credential = Credential { id: "a".into(), public_key: Vec::new(), counter: 0 };
    let key = keys::generate(keys::Algorithm::EdDsa);
    let private = key.as_ref().map(|key| key.private_key.clone()).unwrap_or_default();
    let public = key.as_ref().map(|key| key.public_key.clone()).unwrap_or_default();
    _ = (config::base_url(), config::base_path(), config::app_name(), crypto::sha256(b""), clock::now_millis());
    _ = (crypto::hmac_sha256("a", b""), crypto::open("a", b""), cache::get("a"), site::view(), site::asset("a"));
    log::debug("a sweep of the table");
    cache::remove("a");
    _ = webauthn::verify_registration(&party, "", &json!({}), false);
    _ = webauthn::verify_assertion(&party, "", &credential, &json!({}), false);
    let sent = http::Request::get("https://nowhere.invalid/").send();
    let sent = match sent {
        Err(Failure::Denied(text)) => Err(Error::Host(HostError::Denied(text))),
        _ => Ok(()),
    };
    let queued = match http::Request::get("https://nowhere.invalid/").enqueue() {
        Err(Failure::Denied(text)) => Err(Error::Host(HostError::Denied(text))),
        _ => Ok(()),
    };
    vec![
        ("keys.verify-named", done(keys::verify_named::<Value>(&public, "EdDSA", "a"))),
        ("http.enqueue", queued),
        // Nobody waits for that long.
        ("jobs.enqueue", done(jobs::enqueue_in(86_400 * 365, "nothing", &Value::Null))),
        ("plugin-events.emit", plugin_events::emit("swept", &json!({}))),
        ("config.options", done(config::options::<Value>())),
        ("config.core-options", done(config::core_options::<Value>("user"))),
        ("crypto.random-string", done(crypto::random_string(1, "ab"))),
        ("crypto.random-bytes", done(crypto::random_bytes(1))),
        ("crypto.seal", done(crypto::seal("a", b""))),
        ("cache.put", cache::put("a", "b", 1)),
        ("keys.generate", done(key)),
        ("keys.sign", done(keys::sign(&private, keys::Algorithm::EdDsa, &json!({}), &json!({})))),
        ("keys.verify", done(keys::verify::<Value>(&public, keys::Algorithm::EdDsa, "a.b.c"))),
        ("sealing.seal", done(sealing::seal("a"))),
        ("sealing.open", done(sealing::open("a"))),
        ("http.send", sent),
    ]
}

fn data() -> Vec<Outcome> {
    let nothing = || eq("name", "nothing");
    vec![
        ("verifications.create", verifications::create("moments:a", "b", 1)),
        ("verifications.find", done(verifications::find("moments:a"))),
        ("verifications.replace", done(verifications::replace("moments:a", "x", "y"))),
        ("verifications.consume", done(verifications::consume("moments:a"))),
        ("counters.hit", done(counters::hit("a", 1))),
        ("counters.peek", done(counters::peek("a"))),
        ("counters.reset", counters::reset("a")),
        ("counters.acquire", done(counters::in_turn("a", 1, 0, || Ok(())))),
        ("models.find", done(models::find::<Value>("momentRow", nothing()))),
        ("models.count", done(models::count("momentRow", nothing()))),
        ("models.insert", done(models::insert::<Value>("momentRow", &json!({ "name": "a" })))),
        ("models.update", done(models::update::<Value>("momentRow", nothing(), &json!({ "name": "b" })))),
        ("models.delete", done(models::delete("momentRow", nothing()))),
        ("models.consume", done(models::consume::<Value>("momentRow", nothing()))),
        ("models.increment", done(models::increment::<Value>("momentRow", nothing(), "name", 1))),
        ("mail.enqueue", mail::enqueue("undeclared", "a@example.com", &json!({}))),
        ("transactions.begin", transactions::run(|| Ok(()))),
    ]
}

fn people() -> Vec<Outcome> {
    let account = || -> Result<accounts::Account> { Ok(serde_json::from_value(json!({ "id": "nothing" }))?) };
    vec![
        ("users.find-by-id", done(users::find_by_id("nobody"))),
        ("users.find-by-email", done(users::find_by_email("nobody@example.com"))),
        ("users.find-by-own-field", done(users::find_by_own_field("momentNick", "x"))),
        ("users.create", done(users::create(&json!({ "name": "without an address" })))),
        ("users.update", done(users::update("nobody", &json!({ "name": "x" })))),
        ("users.lock", done(users::lock("nobody"))),
        ("users.credentials-version", done(users::credentials_version("nobody"))),
        ("users.tell-of-change", users::tell_of_change("nobody", users::WayIn::Passkey)),
        ("email-ownership.confirm", done(email_ownership::confirm(&nobody()))),
        ("email-ownership.send-verification", email_ownership::send_verification(&nobody(), None)),
        ("passwords.verify", done(passwords::verify(None, "correct horse 1"))),
        ("passwords.verify-sign-in", done(passwords::verify_sign_in("nobody", None, "correct horse 1"))),
        ("passwords.exists", done(passwords::exists("nobody"))),
        ("accounts.find", done(accounts::find("a", "b"))),
        ("accounts.list-of-user", done(accounts::list_of_user("nobody"))),
        ("accounts.create", done(accounts::create("nobody", &json!({})))),
        ("accounts.update", done(accounts::update("nothing", &json!({ "scope": "a" })))),
        ("accounts.provider-of", done(accounts::provider_of("nobody", "nothing"))),
        ("accounts.remember", account().and_then(|account| accounts::remember(&account))),
        ("accounts.remembered", done(accounts::remembered())),
        ("user-directory.find", done(user_directory::find(eq("id", "nobody")))),
        ("user-directory.count", done(user_directory::count(eq("id", "nobody")))),
        ("user-administration.create", done(user_administration::create(&json!({ "name": "no address" }), None))),
        ("user-administration.set-password", user_administration::set_password("nobody", "correct horse 1", false)),
        ("user-administration.delete", done(user_administration::delete("nobody"))),
        ("session-administration.list-of-user", done(session_administration::list_of_user("nobody"))),
        ("session-administration.find", done(session_administration::find("nothing"))),
        ("session-administration.end", done(session_administration::end("nothing"))),
        ("session-administration.end-all", done(session_administration::end_all("nobody"))),
        ("session-administration.end-by-own-field", done(session_administration::end_by_own_field("momentMark", "x"))),
    ]
}

fn requests() -> Vec<Outcome> {
    let attributes = || cookies::Attributes { max_age_secs: None, http_only: true };
    vec![
        ("cookies.get", done(cookies::get("moments-a"))),
        ("cookies.get-signed", done(cookies::get_signed("moments-a"))),
        ("cookies.list-signed", done(cookies::list_signed("moments-"))),
        ("cookies.set", cookies::set("moments-a", "b", attributes())),
        ("cookies.set-signed", cookies::set_signed("moments-a", "b", attributes())),
        ("cookies.delete", cookies::delete("moments-a")),
        ("sessions.current", done(sessions::current())),
        ("sessions.opened", done(sessions::opened())),
        ("sessions.is-remembered", done(sessions::is_remembered())),
        ("sessions.update-current", done(sessions::update_current(&json!({ "momentMark": "x" })))),
        ("sessions.refresh-current", sessions::refresh_current()),
        ("sessions.forget-choice", sessions::forget_choice()),
        ("browser-sessions.find", done(browser_sessions::find(&[]))),
        ("browser-sessions.end", done(browser_sessions::end(&[]))),
        ("endpoints.call", done(endpoints::get("/ok", &[]))),
        ("bodies.read", done(bodies::read())),
        ("permissions.allows", done(permissions::allows("moments:any"))),
        ("claims.collect", done(claims::collect(&Map::new()))),
        ("sections.contributors", done(sections::contributors("moments.slot"))),
        ("sections.ask", done(sections::ask("moments.slot", &Asking::default()))),
        ("sections.ask-one", done(sections::ask_one("moments.slot", "other", &Asking::default()))),
    ]
}

fn opening() -> Vec<Outcome> {
    _ = (session_tokens::bearer(), session_tokens::issued());
    vec![
        ("sessions.open", done(sessions::open(&nobody(), "moments"))),
        ("sessions.replace-current", done(sessions::replace_current("moments"))),
        ("browser-sessions.resume", done(browser_sessions::resume("nothing", None))),
        ("session-tokens.present", done(session_tokens::present("nothing.at-all", true))),
        ("session-administration.impersonate", {
            done(session_administration::impersonate(&nobody(), "moments", 60, &json!({})))
        }),
        ("sessions.end-current", sessions::end_current()),
    ]
}
