//! The version of a user's credentials: what is bound to it falls with every change of how the user signs in.

use doorward::auth::ownership::{self, Outcome, Proof};
use doorward::auth::verification::{self, RESET_PASSWORD};
use doorward::auth::{session, user_change, version};
use doorward::mail::Mail;
use doorward::store::{Models, User, eq};
use futures_util::future::join_all;
use serde_json::json;

use super::{redeem_reset, reset_token};
use crate::fixture::{Answer, Fixture};
use crate::routes::{link, sign_in, sign_in_status, sign_up, sign_up_as, verify_all};
use crate::store::{Place, on_both};

on_both!(
    a_reset_link_falls_with_every_change,
    a_link_that_deletes_falls_with_every_change,
    a_link_that_changes_the_address_falls_with_every_change,
    a_reset_of_the_reference_is_redeemed_for_its_life,
    of_two_resets_at_once_one_sets_its_password,
    a_change_of_address_is_confirmed_once,
    a_change_of_address_is_undone_by_its_old_owner,
    a_change_of_address_wants_a_fresh_session_or_the_password,
    the_owner_is_told_of_new_passwords_unless_switched_off,
    every_proof_of_an_address_ends_what_others_opened,
    the_version_is_that_of_any_secret,
);

const MAIL: &str = "mail.transport = \"mailbox\"\nuser.change_email.enabled = true\nuser.delete_user.enabled = true\n\
                    user.delete_user.send_delete_account_verification = true\n\
                    email_and_password.revoke_sessions_on_password_reset = false";

/// A change of how Ada signs in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    AddressByTheServer,
    AddressBesideTheServer,
    AddressThereAndBack,
    Password,
    AnotherReset,
    LinkedAccount,
    SignedOutEverywhere,
}

const CHANGES: [Change; 7] = [
    Change::AddressByTheServer,
    Change::AddressBesideTheServer,
    Change::AddressThereAndBack,
    Change::Password,
    Change::AnotherReset,
    Change::LinkedAccount,
    Change::SignedOutEverywhere,
];

impl Change {
    pub(super) async fn make(self, server: &Fixture, user: &User, cookie: &str) {
        let (auth, id) = (server.auth(), user.id());
        let move_to = async |email: &str| {
            let fields = vec![("email".to_owned(), email.into())];
            user_change::update(auth, &server.scope(), id, fields).await.unwrap().unwrap();
        };
        match self {
            Self::AddressByTheServer => move_to("other@example.com").await,
            Self::AddressBesideTheServer => {
                let values = [("email", "other@example.com".into())];
                server.store().update("user", &[eq("id", id)], &values).await.unwrap();
            }
            Self::AddressThereAndBack => {
                move_to("other@example.com").await;
                move_to("ada@example.com").await;
            }
            Self::Password => {
                let body = json!({ "currentPassword": "correct horse 1", "newPassword": "correct horse 2" });
                assert_eq!(server.post_as("/change-password", cookie, &body).await.status, 200);
            }
            Self::AnotherReset => {
                let token = reset_token(server, "ada@example.com").await;
                assert_eq!(redeem_reset(server, &token, "correct horse 3").await.status, 200);
            }
            Self::LinkedAccount => link(server, id, "google").await,
            Self::SignedOutEverywhere => {
                assert!(session::end_all(auth, &server.scope(), id, None).await.unwrap() > 0);
                server.store().delete("session", &[eq("userId", id)]).await.unwrap();
            }
        }
    }
}

pub(super) async fn user(server: &Fixture) -> User {
    User(server.store().find_one("user", &[eq("email", "ada@example.com")]).await.unwrap().unwrap())
}

async fn a_reset_link_falls_with_every_change(place: Place) {
    for change in CHANGES {
        let (server, user, cookie) = with_ada(&place).await;
        let token = reset_token(&server, "ada@example.com").await;
        let path = format!("/reset-password/{token}?callbackURL=/set");
        let live = server.get(&path, "").await;
        assert!(live.headers.get("location").unwrap().contains("token="), "{change:?}");
        change.make(&server, &user, &cookie).await;
        let followed = server.get(&path, "").await;
        let location = followed.headers.get("location").unwrap();
        assert!(location.ends_with("/set?error=INVALID_TOKEN"), "{change:?}: {location}");
        let before = server.records("account").await;
        let answer = redeem_reset(&server, &token, "correct horse 9").await;
        assert_eq!(answer.refusal(), "400 INVALID_TOKEN Invalid token", "{change:?}");
        assert_eq!(server.records("account").await, before, "{change:?}");
    }
}

/// A server where Ada alone is signed in.
async fn with_ada(place: &Place) -> (Fixture, User, String) {
    let server = Fixture::start(place, MAIL).await;
    for user in server.records("user").await {
        user_change::delete(server.auth(), &server.scope(), user.text("id")).await.unwrap();
    }
    let cookie = sign_up(&server).await.cookie();
    let user = user(&server).await;
    (server, user, cookie)
}

async fn a_link_that_deletes_falls_with_every_change(place: Place) {
    for change in CHANGES {
        let (server, user, cookie) = with_ada(&place).await;
        assert_eq!(server.post_as("/delete-user", &cookie, &json!({})).await.status, 200);
        let mail = server.mail("delete-account").await;
        change.make(&server, &user, &cookie).await;
        let answer = server.follow(&mail, &cookie).await;
        let expected = if matches!(change, Change::SignedOutEverywhere) { [401, 404] } else { [404, 404] };
        assert!(expected.contains(&answer.status), "{change:?}: {} {}", answer.status, answer.text);
        assert_eq!(server.rows("user").await, 1, "{change:?}");
    }
}

async fn a_link_that_changes_the_address_falls_with_every_change(place: Place) {
    for change in CHANGES {
        let (server, user, cookie) = with_ada(&place).await;
        let body = json!({ "newEmail": "new@example.com" });
        assert_eq!(server.post_as("/change-email", &cookie, &body).await.status, 200, "{change:?}");
        let mail = server.mail("verify-email").await;
        change.make(&server, &user, &cookie).await;
        let answer = server.follow(&mail, "").await;
        let location = answer.headers.get("location").unwrap_or_default();
        assert!(location.ends_with("error=INVALID_TOKEN"), "{change:?}: {location}");
        let found = server.store().count("user", &[eq("email", "new@example.com")]).await.unwrap();
        assert_eq!(found, 0, "{change:?}");
    }
}

async fn a_reset_of_the_reference_is_redeemed_for_its_life(place: Place) {
    let (server, user, _) = with_ada(&place).await;
    let identifier = format!("{RESET_PASSWORD}old-token");
    verification::create(server.auth(), &server.scope(), &identifier, user.id(), 60).await.unwrap();
    // As the reference writes it: the identifier in clear.
    let rows = server.records("verification").await;
    let values = [("identifier", identifier.into())];
    server.store().update("verification", &[eq("id", rows[0].text("id"))], &values).await.unwrap();
    assert_eq!(redeem_reset(&server, "old-token", "correct horse 2").await.status, 200);
    assert_eq!(sign_in_status(&server, "ada@example.com", "correct horse 2").await, 200);
}

async fn of_two_resets_at_once_one_sets_its_password(place: Place) {
    let (server, ..) = with_ada(&place).await;
    let mut tokens = Vec::new();
    for _ in 0..8 {
        tokens.push(reset_token(&server, "ada@example.com").await);
    }
    let passwords: Vec<String> = (0..8).map(|number| format!("correct horse {number:02}")).collect();
    let racers = tokens.iter().zip(&passwords).map(|(token, password)| redeem_reset(&server, token, password));
    let answers = join_all(racers).await;
    let winners: Vec<usize> = (0..8).filter(|number| answers[*number].status == 200).collect();
    assert_eq!(winners.len(), 1, "{:?}", answers.iter().map(Answer::refusal).collect::<Vec<_>>());
    for (number, password) in passwords.iter().enumerate() {
        let expected = if winners[0] == number { 200 } else { 401 };
        assert_eq!(sign_in_status(&server, "ada@example.com", password).await, expected);
    }
}

async fn a_change_of_address_is_confirmed_once(place: Place) {
    let options = format!("{MAIL}\nuser.change_email.send_change_email_confirmation = true");
    let server = Fixture::start(&place, &options).await;
    let cookie = sign_up(&server).await.cookie();
    verify_all(&server).await;
    server.post_as("/change-email", &cookie, &json!({ "newEmail": "new@example.com" })).await;
    let confirm = server.mail("change-email").await;
    let clicks = join_all((0..5).map(|_| server.follow(&confirm, ""))).await;
    let refused = |answer: &&Answer| answer.headers.get("location").is_some_and(|to| to.contains("INVALID_TOKEN"));
    assert_eq!(clicks.iter().filter(refused).count(), 4);
    let mails = server.mails().await;
    assert_eq!(mails.iter().filter(|mail| mail.to == "new@example.com").count(), 1);
}

/// Ada's verified address becomes `new@example.com`; the mail to the old address.
async fn moved(server: &Fixture, cookie: &str) -> Mail {
    verify_all(server).await;
    server.post_as("/change-email", cookie, &json!({ "newEmail": "new@example.com" })).await;
    let mail = server.mail("verify-email").await;
    server.follow(&mail, cookie).await;
    server.mail("email-changed").await
}

async fn a_change_of_address_is_undone_by_its_old_owner(place: Place) {
    let (server, user, cookie) = with_ada(&place).await;
    let told = moved(&server, &cookie).await;
    assert_eq!((told.to.as_str(), &told.data["newEmail"]), ("ada@example.com", &json!("new@example.com")));
    // Whoever did it goes on: another address, another password.
    let fields = vec![("email".to_owned(), "third@example.com".into())];
    user_change::update(server.auth(), &server.scope(), user.id(), fields).await.unwrap();
    let token = reset_token(&server, "third@example.com").await;
    let answer = server.follow(&told, "").await;
    assert_eq!(answer.headers.get("location"), Some("/"));
    let row = server.store().find_one("user", &[eq("id", user.id())]).await.unwrap().unwrap();
    assert_eq!((row.text("email"), row.boolean("emailVerified")), ("ada@example.com", Some(true)));
    assert_eq!(server.rows("session").await, 0, "everybody is signed out");
    assert_eq!(redeem_reset(&server, &token, "correct horse 9").await.status, 400);
    let again = server.follow(&told, "").await;
    assert!(again.headers.get("location").unwrap().ends_with("error=INVALID_TOKEN"));

    let (server, _, cookie) = with_ada(&place).await;
    let told = moved(&server, &cookie).await;
    sign_up_as(&server, "ada@example.com").await;
    let taken = server.follow(&told, "").await;
    assert!(taken.headers.get("location").unwrap().ends_with("error=INVALID_TOKEN"), "somebody has it by now");

    let (server, _, cookie) = with_ada(&place).await;
    let told = moved(&server, &cookie).await;
    server.pass_secs(86_400);
    let late = server.follow(&told, "").await;
    assert!(late.headers.get("location").unwrap().ends_with("error=TOKEN_EXPIRED"));

    // An address that nobody proved may be anybody's.
    let (server, _, cookie) = with_ada(&place).await;
    server.post_as("/change-email", &cookie, &json!({ "newEmail": "new@example.com" })).await;
    server.follow(&server.mail("verify-email").await, &cookie).await;
    assert!(server.mails().await.iter().all(|mail| mail.kind != "email-changed"));
}

async fn a_change_of_address_wants_a_fresh_session_or_the_password(place: Place) {
    let (server, _, cookie) = with_ada(&place).await;
    server.pass_secs(86_400);
    let change = |password| json!({ "newEmail": "new@example.com", "password": password });
    let refused = server.post_as("/change-email", &cookie, &json!({ "newEmail": "new@example.com" })).await;
    assert_eq!(refused.refusal(), "403 SESSION_NOT_FRESH Session is not fresh");
    let wrong = server.post_as("/change-email", &cookie, &change("wrong horse 1")).await;
    assert_eq!(wrong.refusal(), "400 INVALID_PASSWORD Invalid password");
    assert!(server.mails().await.is_empty());
    assert_eq!(server.post_as("/change-email", &cookie, &change("correct horse 1")).await.status, 200);
    let options = format!("{MAIL}\nuser.change_email.require_fresh_session = false");
    let server = Fixture::start(&place, &options).await;
    let cookie = sign_in(&server).await.cookie();
    server.pass_secs(86_400);
    let body = json!({ "newEmail": "newer@example.com" });
    assert_eq!(server.post_as("/change-email", &cookie, &body).await.status, 200);
}

async fn the_owner_is_told_of_new_passwords_unless_switched_off(place: Place) {
    for (options, told) in [("", 2), ("\nuser.notices.password_changed = false", 0)] {
        let server = Fixture::start(&place, &format!("{MAIL}{options}")).await;
        for user in server.records("user").await {
            user_change::delete(server.auth(), &server.scope(), user.text("id")).await.unwrap();
        }
        let cookie = sign_up(&server).await.cookie();
        Change::Password.make(&server, &user(&server).await, &cookie).await;
        Change::AnotherReset.make(&server, &user(&server).await, &cookie).await;
        let mails = server.mails().await;
        let notices: Vec<&Mail> = mails.iter().filter(|mail| mail.kind == "password-changed").collect();
        assert_eq!(notices.len(), told);
        assert!(notices.iter().all(|mail| mail.to == "ada@example.com" && mail.subject.contains("password")));
    }
    let server = Fixture::start(&place, "").await;
    let cookie = sign_up_as(&server, "bob@example.com").await;
    let body = json!({ "currentPassword": "correct horse 1", "newPassword": "correct horse 2" });
    assert_eq!(server.post_as("/change-password", &cookie, &body).await.status, 200);
    assert_eq!(server.rows("doorward_outbox").await, 0, "without [mail] nobody is told");
}

/// What each proof of an address leaves: sessions, whether the squatter's password works, whether it is verified.
async fn every_proof_of_an_address_ends_what_others_opened(place: Place) {
    let own = "own-browser";
    for (proof, sessions, accounts, verified) in [
        (Proof::SignIn, 0, 0, true),
        (Proof::Verification { own_session: None }, 0, 1, true),
        (Proof::Verification { own_session: Some(own) }, 1, 1, true),
        (Proof::NewPassword, 0, 1, false),
    ] {
        let (server, user, cookie) = with_ada(&place).await;
        sign_in(&server).await;
        let first = server.records("session").await.remove(0);
        server.store().update("session", &[eq("id", first.text("id"))], &[("token", own.into())]).await.unwrap();
        let owner = (user.id(), user.email());
        let outcome = ownership::prove(server.auth(), &server.scope(), owner, proof).await.unwrap();
        assert!(matches!(outcome, Outcome::Proven(_)), "{proof:?}: {outcome:?}");
        let left = server.counts().await;
        assert_eq!((left[2], left[1]), (sessions, accounts), "{proof:?}");
        let row = server.store().find_one("user", &[eq("id", user.id())]).await.unwrap().unwrap();
        assert_eq!(row.boolean("emailVerified"), Some(verified), "{proof:?}");
        if proof != Proof::NewPassword {
            let again = ownership::prove(server.auth(), &server.scope(), owner, Proof::SignIn).await.unwrap();
            assert!(matches!(again, Outcome::Known(_)), "{proof:?}: {again:?}");
            assert_eq!(server.counts().await, left, "{proof:?}");
        }
        let gone = (user.id(), "another@example.com");
        let outcome = ownership::prove(server.auth(), &server.scope(), gone, proof).await.unwrap();
        assert!(matches!(outcome, Outcome::Gone), "{proof:?}: {outcome:?}");
        assert_ne!(cookie, "");
    }
    // The links themselves.
    let (server, ..) = with_ada(&place).await;
    server.post("/send-verification-email", &json!({ "email": "ada@example.com" })).await;
    let mail = server.mail("verify-email").await;
    server.follow(&mail, "").await;
    assert_eq!(server.rows("session").await, 0, "the link that verifies, in another browser");
    let (server, _, cookie) = with_ada(&place).await;
    sign_in(&server).await;
    server.post("/send-verification-email", &json!({ "email": "ada@example.com" })).await;
    let mail = server.mail("verify-email").await;
    server.follow(&mail, &cookie).await;
    assert_eq!(server.rows("session").await, 1, "the browser that followed the link stays signed in");
    assert_ne!(server.get("/get-session", &cookie).await.text, "null");
    let (server, ..) = with_ada(&place).await;
    let token = reset_token(&server, "ada@example.com").await;
    redeem_reset(&server, &token, "correct horse 2").await;
    assert_eq!(server.rows("session").await, 0, "a reset, although it keeps sessions of proven addresses");
    let (server, ..) = with_ada(&place).await;
    verify_all(&server).await;
    let token = reset_token(&server, "ada@example.com").await;
    redeem_reset(&server, &token, "correct horse 2").await;
    assert_eq!(server.rows("session").await, 1, "the operator keeps them");
    let kept = Fixture::start(&place, &format!("{MAIL}\nemail_verification.end_other_sessions = false")).await;
    sign_up_as(&kept, "bob@example.com").await;
    kept.post("/send-verification-email", &json!({ "email": "bob@example.com" })).await;
    let before = kept.rows("session").await;
    kept.follow(&kept.mail("verify-email").await, "").await;
    assert_eq!(kept.rows("session").await, before, "as the reference");
}

async fn the_version_is_that_of_any_secret(place: Place) {
    let (server, user, _) = with_ada(&place).await;
    let made = version::of(server.auth(), server.store(), &user).await.unwrap();
    assert_eq!(made.len(), 22);
    assert_eq!(made, version::of(server.auth(), server.store(), &user).await.unwrap());
    let other =
        Fixture::start_with_secret(&place, "rate_limit.enabled = false", "another-secret-0123456789-abcdefghij").await;
    assert!(!version::is_current(other.auth(), other.store(), &user, &made).await.unwrap());
    assert!(version::is_current(server.auth(), server.store(), &user, &made).await.unwrap());
}
