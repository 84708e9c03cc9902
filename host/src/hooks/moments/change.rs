//! The moments before and after a row is made, changed or removed: scripts alter what is written, or refuse it, inside of
//! its transaction.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value as Json};

use crate::auth::lifecycle::{Action, Change, Observer};
use crate::auth::{Auth, Cause, Scope};
use crate::error::ApiError;
use crate::hooks::deliver::{checked, drafts, end_sessions_of, failed, note, refusal, send};
use crate::hooks::desk::Desk;
use crate::hooks::language::context::differences;
use crate::hooks::language::declare::HookPoint;
use crate::hooks::language::directive::Directives;
use crate::hooks::language::facts::{Facts, Lazy, RowFacts};
use crate::hooks::lookup::{records, without_token};
use crate::hooks::script::{Hook, Reads, Script};
use crate::hooks::{ScriptSet, old_passwords};
use crate::http::Request;
use crate::store::user::find_user_by_id;
use crate::store::{Field, Model, Owner, Record, Schema, Value, account, session, user, verification};

/// The scripts as observers of changes.
pub struct ScriptObserver {
    scripts: Arc<ScriptSet>,
    auth: Arc<Auth>,
}

impl ScriptObserver {
    /// The scripts' observer; `None` when no script has to do with changes, so that they cost nothing.
    pub fn new(scripts: &Arc<ScriptSet>, auth: &Arc<Auth>) -> Option<Self> {
        let moments = [HookPoint::BeforeChange, HookPoint::AfterChange];
        let is_needed = scripts.hooks.iter().any(|hook| moments.contains(&hook.declaration.moment));
        is_needed.then(|| Self { scripts: Arc::clone(scripts), auth: Arc::clone(auth) })
    }

    fn hooks(&self, moment: HookPoint, model: &str, action: Action) -> impl Iterator<Item = &Arc<Hook>> {
        self.scripts.hooks.iter().filter(move |hook| hook.is_at_change(moment, model, action))
    }

    fn keeps_old_passwords(&self) -> bool {
        self.scripts.hooks.iter().any(|hook| hook.script.reads.is_old_password)
    }
}

/// What a script asks for, and where it is looked up: in the transaction of the change.
#[derive(Clone, Copy)]
struct Asked<'a> {
    auth: &'a Auth,
    scope: &'a Scope,
    reads: Reads,
}

#[async_trait]
impl Observer for ScriptObserver {
    fn observes(&self, model: &str, action: Action) -> bool {
        let has_hook = |moment| self.hooks(moment, model, action).next().is_some();
        let forgets = model == user::MODEL && action == Action::Delete && self.keeps_old_passwords();
        has_hook(HookPoint::BeforeChange) || has_hook(HookPoint::AfterChange) || forgets
    }

    async fn before(&self, scope: &Scope, change: &mut Change) -> Result<(), ApiError> {
        let auth = &self.auth;
        let hooks: Vec<_> = self.hooks(HookPoint::BeforeChange, change.model(), change.action()).collect();
        for hook in hooks {
            let asked = Asked { auth, scope, reads: hook.script.reads };
            let facts = self.facts(asked, change.row(), RowFacts::before(change, &hook.script)).await?;
            let (facts, called) = self.scripts.call(hook, facts, Some(Desk { auth, scope })).await;
            let called = called.and_then(|called| checked(auth, hook, called));
            match called {
                Ok((outcome, directives)) => {
                    carry_out(auth, scope, hook, &directives).await?;
                    if let Some(refusal) = refusal(outcome) {
                        return Err(refusal);
                    }
                    apply(change, &facts).map_err(|problem| failed(hook.wrong(&problem)))?;
                    if let Some(count) = directives.kept_passwords {
                        keep_password(auth, scope, change, count).await?;
                    }
                }
                Err(error) if hook.script.fails_open || scope.is_certain() => {
                    tracing::error!(%error, "a script failed")
                }
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }

    async fn after(&self, scope: &Scope, change: &Change, row: &Record) -> Result<(), ApiError> {
        let (auth, action) = (&self.auth, change.action());
        let model = &row.model().name;
        if model == user::MODEL && action == Action::Delete && self.keeps_old_passwords() {
            old_passwords::forget(auth, scope, row.text("id")).await?;
        }
        for hook in self.hooks(HookPoint::AfterChange, model, action) {
            let asked = Asked { auth, scope, reads: hook.script.reads };
            let facts = self.facts(asked, row, RowFacts::after(change, row)).await?;
            let (_, called) = self.scripts.call(hook, facts, Some(Desk { auth, scope })).await;
            match called.and_then(|called| checked(auth, hook, called)) {
                Ok((outcome, directives)) => {
                    carry_out(auth, scope, hook, &directives).await?;
                    if let Some(refusal) = refusal(outcome) {
                        return Err(refusal);
                    }
                    end_sessions_of(auth, scope, owner(row), &directives.ended_sessions).await?;
                }
                Err(error) => tracing::error!(%error, "a script failed"),
            }
        }
        Ok(())
    }
}

impl ScriptObserver {
    async fn facts(&self, asked: Asked<'_>, row: &Record, facts: RowFacts) -> Result<Facts, ApiError> {
        let Asked { auth, scope, reads } = asked;
        let mut facts = Facts { row: facts, ..Facts::default() };
        let owner = owner(row);
        if reads.identity {
            let user = match owner {
                _ if row.model().name == user::MODEL => Some(row.output()),
                Some(id) => find_user_by_id(scope, id).await?.map(|user| user.0.output()),
                None => None,
            };
            facts.user = Lazy::Read(user.map_or(Json::Null, Json::Object));
            let actor = scope.cause().and_then(|cause| cause.actor());
            facts.actor = Lazy::Read(actor.map_or(Json::Null, |actor| Json::Object(actor.user.0.output())));
        }
        records(auth, scope, owner, reads, &mut facts).await?;
        if let Some(cause) = scope.cause() {
            let request = request_of(cause);
            facts.params = cause.params().to_vec();
            self.scripts.about_request(auth, &request, reads, &mut facts);
            facts.request = Some(request);
        }
        Ok(facts)
    }
}

/// Whose row it is.
fn owner(row: &Record) -> Option<&str> {
    if row.model().name == user::MODEL { row.opt_text("id") } else { row.opt_text("userId") }
}

fn request_of(cause: &Cause) -> Request {
    Request { head: Arc::clone(&cause.head), ..Request::placeholder() }
}

async fn carry_out(auth: &Auth, scope: &Scope, hook: &Hook, directives: &Directives) -> Result<(), ApiError> {
    note(&hook.script, scope.cause().map_or("", |cause| &cause.head.id), directives);
    let drafts = drafts(&hook.script, directives);
    if !drafts.is_empty() {
        send(auth, scope, &drafts).await?;
        scope.note_queued_mail();
    }
    Ok(())
}

impl RowFacts {
    /// What is about to be written, as scripts see it.
    fn before(change: &Change, script: &Script) -> Self {
        let model = change.row().model();
        let is_granted = |name: &String| {
            let field = model.field(name).ok().filter(|field| field.owner != Owner::Core && !field.is_credential);
            field.is_some() && script.sets_field(&model.name, name)
        };
        let closed_fields = closed(model).into_iter().filter(|name| !is_granted(name)).collect();
        Self { closed_fields, ..Self::after(change, change.row()) }
    }

    /// What was written, as scripts see it, and what the change set.
    fn after(change: &Change, row: &Record) -> Self {
        let created =
            || row.model().fields.iter().zip(row.values()).map(|(field, value)| (field.name.clone(), value.clone()));
        let values: Vec<(String, Value)> = match change.action() {
            Action::Create => created().filter(|(_, value)| !value.is_null()).collect(),
            Action::Update => change.values().to_vec(),
            Action::Delete => Vec::new(),
        };
        let is_shown = |name: &str| row.model().field(name).is_ok_and(|field| field.returned && !is_token(row, name));
        let shown = values.iter().filter(|(name, _)| is_shown(name));
        let changes: Map<String, Json> = shown.map(|(name, value)| (name.clone(), value.to_json())).collect();
        Self {
            changes: Json::Object(changes),
            changed: values.iter().map(|(name, _)| name.clone()).collect(),
            ..Self::of(row, change.action())
        }
    }

    /// The fields of a core model that no script may set.
    pub fn closed_in_core(model: &str) -> Vec<String> {
        Schema::core().model(model).map(|model| closed(model)).unwrap_or_default()
    }

    /// A row as scripts see it: nothing that a client could sign in with.
    fn of(row: &Record, action: Action) -> Self {
        let action = match action {
            Action::Create => "create",
            Action::Update => "update",
            Action::Delete => "delete",
        };
        let data = match row.model().name.as_str() {
            verification::MODEL => Json::Object(without_secret(row)),
            session::MODEL => without_token(row),
            _ => Json::Object(row.output()),
        };
        Self { model: row.model().name.clone(), action: action.to_owned(), data, ..Self::default() }
    }
}

/// A verification without its value; of the identifier, which may hold the secret itself, what stands before a `:`.
fn without_secret(row: &Record) -> Map<String, Json> {
    let mut fields = row.output();
    fields.shift_remove("value");
    fields.shift_remove("identifier");
    if let Some((purpose, _)) = row.text("identifier").split_once(':') {
        fields.insert("purpose".into(), purpose.into());
    }
    fields
}

fn is_token(row: &Record, field: &str) -> bool {
    match row.model().name.as_str() {
        session::MODEL => field == "token",
        verification::MODEL => field == "value" || field == "identifier",
        _ => false,
    }
}

/// A script sets names and pictures, and what the operator or a plugin added for anyone to set.
fn closed(model: &Model) -> Vec<String> {
    let is_open = |field: &&Field| match field.owner {
        Owner::Core => model.name == user::MODEL && ["name", "image"].contains(&field.name.as_str()),
        Owner::Plugin(_) | Owner::Config => field.input,
    };
    model.fields.iter().filter(|field| !is_open(field)).map(|field| field.name.clone()).collect()
}

/// Writes the script's changes into what will be stored.
fn apply(change: &mut Change, facts: &Facts) -> Result<(), String> {
    let (before, after) = match change.action() {
        Action::Create => (&facts.row.data, &facts.changes.data),
        Action::Update => (&facts.row.changes, &facts.changes.changes),
        Action::Delete => return Ok(()),
    };
    let Some(after) = after else { return Ok(()) };
    for (name, json) in differences(before, after) {
        let model = change.row().model();
        let kind = model.field(&name).map_err(|error| error.to_string())?.kind;
        let value = if json.is_null() { Some(Value::Null) } else { Value::from_json(&json, kind) };
        let value = value.ok_or_else(|| format!("{}.{name} cannot be {json}", model.name))?;
        change.set(&name, value).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Remembers the password that an update of an account replaces.
async fn keep_password(auth: &Auth, scope: &Scope, change: &Change, count: usize) -> Result<(), ApiError> {
    let sets_password = change.values().iter().any(|(name, _)| name == "password");
    let row = change.row();
    if row.model().name != account::MODEL || change.action() != Action::Update || !sets_password {
        return Ok(());
    }
    if let Some(hash) = row.opt_text("password") {
        old_passwords::keep(auth, scope, row.text("userId"), hash, count).await?;
    }
    Ok(())
}
