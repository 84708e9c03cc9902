//! Tells of changes to users, sessions and accounts, in the transaction of each change.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};

use super::kinds::{KINDS, Source, Told};
use super::set;
use super::write::{address_of, tell};
use crate::auth::lifecycle::{Action, Change, Observer};
use crate::auth::{Auth, AuthError, Scope};
use crate::error::ApiError;
use crate::store::{Record, account, session, user};

/// Sees what somebody wants to be told of.
pub struct EventObserver {
    auth: Arc<Auth>,
    wanted: BTreeSet<&'static str>,
}

impl EventObserver {
    /// The observer; none where nobody wants to be told of a change.
    pub fn new(auth: &Arc<Auth>) -> Option<Self> {
        let config = &auth.config;
        let is_wanted = |kind: &str| {
            config.webhooks.iter().any(|hook| hook.wants(kind))
                || config.ssf.iter().flat_map(|ssf| &ssf.streams).any(|stream| set::wants(stream, kind))
        };
        let changes = KINDS.iter().filter(|kind| kind.source == Source::Change).map(|kind| kind.name);
        let wanted: BTreeSet<_> = changes.filter(|kind| is_wanted(kind)).collect();
        (!wanted.is_empty()).then(|| Self { auth: Arc::clone(auth), wanted })
    }

    fn wants(&self, kinds: &[&str]) -> bool {
        kinds.iter().any(|kind| self.wanted.contains(kind))
    }

    async fn tell_all(&self, scope: &Scope, change: &Change, row: &Record) -> Result<(), AuthError> {
        if scope.is_renewal() {
            return Ok(());
        }
        let owner = if row.model().name == user::MODEL { "id" } else { "userId" };
        let user_id = row.text(owner).to_owned();
        let found = events(scope, change, row, self.auth.now().0);
        let mut email = row.opt_text("email").map(str::to_owned);
        for (kind, mut data) in found {
            if !self.wanted.contains(kind) {
                continue;
            }
            if email.is_none() && owner == "userId" {
                email = address_of(&self.auth, scope, &user_id).await?;
            }
            if owner == "userId" {
                data.insert("user".to_owned(), json!({ "id": user_id }));
            }
            tell(&self.auth, scope, &Told { kind, user_id: user_id.clone(), email: email.clone(), data }).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Observer for EventObserver {
    fn observes(&self, model: &str, action: Action) -> bool {
        match (model, action) {
            (user::MODEL, Action::Create) => self.wants(&["user.created"]),
            (user::MODEL, Action::Delete) => self.wants(&["user.deleted"]),
            (user::MODEL, Action::Update) => self.wants(&[
                "user.updated",
                "user.banned",
                "user.unbanned",
                "email.changed",
                "email.verified",
                "second_factor.enabled",
                "second_factor.disabled",
            ]),
            (session::MODEL, Action::Create) => self.wants(&["session.created"]),
            (session::MODEL, Action::Delete) => self.wants(&["session.ended"]),
            (account::MODEL, Action::Create) => self.wants(&["account.linked", "password.changed", "password.reset"]),
            (account::MODEL, Action::Update) => self.wants(&["password.changed", "password.reset"]),
            (account::MODEL, Action::Delete) => self.wants(&["account.unlinked"]),
            _ => false,
        }
    }

    async fn before(&self, _: &Scope, _: &mut Change) -> Result<(), ApiError> {
        Ok(())
    }

    async fn after(&self, scope: &Scope, change: &Change, row: &Record) -> Result<(), ApiError> {
        Ok(self.tell_all(scope, change, row).await?)
    }
}

type Found = Vec<(&'static str, Map<String, Json>)>;

fn one(kind: &'static str, parts: impl IntoIterator<Item = (&'static str, Json)>) -> (&'static str, Map<String, Json>) {
    (kind, parts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The events of a change; `row` is as it was written.
fn events(scope: &Scope, change: &Change, row: &Record, now_millis: i64) -> Found {
    match (row.model().name.as_str(), change.action()) {
        (user::MODEL, Action::Create) => vec![one("user.created", [("user", person(row))])],
        (user::MODEL, Action::Delete) => vec![one("user.deleted", [("user", person(row))])],
        (user::MODEL, Action::Update) => of_user(change.row(), row),
        (session::MODEL, Action::Create) => vec![one("session.created", [("session", session_of(row))])],
        // What nobody ended had ended by itself.
        (session::MODEL, Action::Delete) if row.timestamp("expiresAt").is_some_and(|end| end.0 <= now_millis) => vec![],
        (session::MODEL, Action::Delete) => vec![one("session.ended", [("session", session_of(row))])],
        (account::MODEL, action) => of_account(scope, (action, change.row()), row),
        _ => vec![],
    }
}

/// What may leave the server of a user.
fn person(row: &Record) -> Json {
    Json::Object(row.output())
}

fn session_of(row: &Record) -> Json {
    let time = |name: &str| row.timestamp(name).map(|at| at.to_iso());
    json!({
        "id": row.text("id"), "createdAt": time("createdAt"), "expiresAt": time("expiresAt"),
        "ipAddress": row.opt_text("ipAddress"), "userAgent": row.opt_text("userAgent"),
        "impersonatedBy": row.opt_text("impersonatedBy"),
    })
}

fn of_user(old: &Record, new: &Record) -> Found {
    let fields = new.model().fields.iter().filter(|field| field.returned && field.name != "updatedAt");
    let changed: Vec<&str> =
        fields.map(|field| field.name.as_str()).filter(|name| old.get(name) != new.get(name)).collect();
    let mut found = Vec::new();
    if !changed.is_empty() {
        found.push(one("user.updated", [("user", person(new)), ("changed", json!(changed))]));
    }
    let switched = |field: &str| {
        let [was, is] = [old, new].map(|row| row.boolean(field) == Some(true));
        (was != is).then_some(is)
    };
    match switched("banned") {
        Some(true) => {
            let reason = new.opt_text("banReason");
            let until = new.timestamp("banExpires").map(|at| at.to_iso());
            found.push(one("user.banned", [("user", person(new)), ("reason", json!(reason)), ("until", json!(until))]));
        }
        Some(false) => found.push(one("user.unbanned", [("user", person(new))])),
        None => {}
    }
    if old.text("email") != new.text("email") {
        let [from, to] = [old, new].map(|row| json!(row.text("email")));
        found.push(one("email.changed", [("user", person(new)), ("from", from), ("to", to)]));
    }
    if switched("emailVerified") == Some(true) {
        found.push(one("email.verified", [("user", person(new))]));
    }
    match switched("twoFactorEnabled") {
        Some(true) => found.push(one("second_factor.enabled", [("user", person(new))])),
        Some(false) => found.push(one("second_factor.disabled", [("user", person(new))])),
        None => {}
    }
    found
}

fn of_account(scope: &Scope, (action, old): (Action, &Record), new: &Record) -> Found {
    let is_password = new.text("providerId") == account::CREDENTIAL;
    let shown =
        || json!({ "id": new.text("id"), "provider": new.text("providerId"), "accountId": new.text("accountId") });
    let change = match action {
        Action::Delete if is_password => return vec![],
        Action::Delete => return vec![one("account.unlinked", [("account", shown())])],
        Action::Create if !is_password => return vec![one("account.linked", [("account", shown())])],
        Action::Create if new.opt_text("password").is_some() => "create",
        Action::Update if is_password && old.get("password") != new.get("password") => "update",
        Action::Create | Action::Update => return vec![],
    };
    let path = scope.cause().map(|cause| cause.head.path.clone()).unwrap_or_default();
    let kind = if path.contains("reset-password") { "password.reset" } else { "password.changed" };
    vec![one(kind, [("change", json!(change))])]
}
