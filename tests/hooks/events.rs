//! The moments after a sign-in, after the verification of an address and after a reset of a password.

use serde_json::json;

use super::{Scripted, sign_up};
use crate::fixture::Fixture;
use crate::store::{Place, on_both};

on_both!(each_event_is_told_once_to_its_user, an_event_can_end_sessions_and_send_mail,);

const TELLS: &str = r#"
    fn tell(ctx, what, more) { send_mail(ctx.user.email, what, #{ url: `https://x${ctx.path}?${more}` }); }
    after_sign_in(|ctx| {
        tell(ctx, "told-sign-in", `${ctx.sign_in_method}+${type_of(ctx.new_session.id)}+${ctx.sessions.len()}`);
        set_header("x-signed-in", "yes");
    });
    after_email_verification(|ctx| tell(ctx, "told-verified", ctx.user.emailVerified));
    after_password_reset(|ctx| tell(ctx, "told-reset", ctx.user.emailVerified));
"#;
const OPTIONS: &str = "mail.transport = \"mailbox\"\nemail_verification.send_on_sign_up = true\n";

/// What scripts told by mail of this kind: the links in the mails.
async fn told(server: &Fixture, kind: &str) -> Vec<String> {
    let mails = server.mails().await.into_iter().filter(|mail| mail.kind == kind);
    let link = |text: String| text.split_whitespace().find(|word| word.starts_with("https://x")).unwrap().to_owned();
    mails.map(|mail| link(mail.text)).collect()
}

async fn each_event_is_told_once_to_its_user(place: Place) {
    let Scripted { server, _folder } = Scripted::start_with(&place, &[(TELLS, "")], OPTIONS).await;
    let made = server.post("/sign-up/email", &sign_up("ada@example.com")).await;
    assert_eq!(made.headers.get("x-signed-in"), Some("yes"));
    let failed = server.post("/sign-in/email", &json!({ "email": "ada@example.com", "password": "wrong" })).await;
    assert_eq!((failed.status, failed.headers.get("x-signed-in")), (401, None));
    assert_eq!(told(&server, "told-sign-in").await, ["https://x/sign-up/email?email+string+1"]);

    let mail = server.mail("verify-email").await;
    for _ in 0..2 {
        server.follow(&mail, "").await;
    }
    assert_eq!(told(&server, "told-verified").await, ["https://x/verify-email?true"]);

    server.post("/request-password-reset", &json!({ "email": "ada@example.com" })).await;
    let text = server.mail("reset-password").await.text;
    let token: String =
        text.split("/reset-password/").nth(1).unwrap().chars().take_while(char::is_ascii_alphanumeric).collect();
    for status in [200, 400] {
        let body = json!({ "token": token, "newPassword": "correct horse 2" });
        assert_eq!(server.post("/reset-password", &body).await.status, status);
    }
    assert_eq!(told(&server, "told-reset").await, ["https://x/reset-password?true"]);
}

async fn an_event_can_end_sessions_and_send_mail(place: Place) {
    let script = r#"
        after_sign_in(|ctx| {
            for old in ctx.sessions.filter(|other| other.id != "none") {
                if old.userAgent == "old" { end_session(old.id); send_mail(ctx.user.email, "ended", #{ url: "https://x/" }); }
            }
        });
        after_sign_in(|ctx| { throw "this is logged"; });
        after_sign_in(|ctx| false);
    "#;
    let Scripted { server, _folder } =
        Scripted::start_with(&place, &[(script, "")], "mail.transport = \"mailbox\"").await;
    let headers = [("origin", "http://localhost:3000"), ("content-type", "application/json"), ("user-agent", "old")];
    let body = sign_up("ada@example.com").to_string();
    assert_eq!(server.send("POST", "/sign-up/email", &headers, body).await.status, 200);
    let signed_in =
        server.post("/sign-in/email", &json!({ "email": "ada@example.com", "password": "correct horse 1" })).await;
    assert_eq!((signed_in.status, server.rows("session").await), (200, 1), "{}", signed_in.text);
    assert!(server.mails().await.iter().any(|mail| mail.kind == "ended"));
}
