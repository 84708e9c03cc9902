//! Opens sessions: asks every session gate, then stores the session and sends its cookies.
//!
//! Invariant: this is the only place that stores a session; `tests/tidy` holds it.

use std::sync::Arc;

use async_trait::async_trait;

use super::Exchange;
use crate::auth::lifecycle::UnitOfWork;
use crate::auth::session::{self, ActiveSession, Client};
use crate::auth::{Scope, credential, lifecycle, session_token};
use crate::cookie::Cookie;
use crate::error::{ApiError, Code};
use crate::http::Response;
use crate::store::{Database, Owner, Record, Session, User, Value};

/// An attempt to sign in: who, and how.
#[derive(Clone, Debug)]
pub struct SignInAttempt {
    /// The user, whose identity is proven.
    pub user: User,
    /// How the identity was proven: `email`, `magic-link`, a provider's id, …
    pub method: String,
    /// The plugin that signs the user in; `None` is the core.
    pub plugin: Option<String>,
    /// Whether the session outlives the browser.
    pub remember: bool,
    /// What is special about the session.
    pub session: SessionShape,
}

/// Ways of the core to prove who someone is. Policies go by these names, so that nobody else uses them.
const OF_CORE: [&str; 3] = [method::EMAIL, method::VERIFY_EMAIL, method::REPLACEMENT];

/// How the core proves who someone is.
pub mod method {
    /// By address and password.
    pub const EMAIL: &str = "email";
    /// By the link that verifies an address.
    pub const VERIFY_EMAIL: &str = "verify-email";
    /// By the session that the new one replaces.
    pub const REPLACEMENT: &str = "replacement";
}

/// Whether `method` is one of the core's, or reads like one.
pub fn is_of_core(method: &str) -> bool {
    let bare: String = method.chars().filter(char::is_ascii_alphanumeric).collect();
    OF_CORE.iter().any(|own| own.replace('-', "").eq_ignore_ascii_case(&bare))
}

/// What is special about a session that is about to be opened.
#[derive(Clone, Debug, Default)]
pub struct SessionShape {
    /// Its lifetime in seconds, in place of the configured one.
    pub life_secs: Option<i64>,
    /// Additional fields of its row.
    pub fields: Vec<(String, Value)>,
}

impl SignInAttempt {
    /// An attempt by the core.
    pub fn new(user: User, method: &str, remember: bool) -> Self {
        Self { user, method: method.to_owned(), plugin: None, remember, session: SessionShape::default() }
    }
}

/// What a gate decides.
#[derive(Debug)]
pub enum Verdict {
    /// This gate has no objection.
    Admit,
    /// No session: the client gets this error, even if an earlier gate challenged.
    Refuse(ApiError),
    /// No session yet: unless another gate refuses, the client gets this answer, which says what to prove next.
    Challenge(Response),
}

/// A policy on sign-ins: two-factor, bans, scripts.
#[async_trait]
pub trait SessionGate: Send + Sync {
    /// Decides about one attempt. It may set cookies on `exchange`.
    ///
    /// # Errors
    /// When the gate cannot decide. That is a refusal: the error is the answer.
    async fn ask(&self, exchange: &mut Exchange, attempt: &SignInAttempt) -> Result<Verdict, ApiError>;

    /// The plugin whose gate it is: by its id, a policy waives its challenge.
    fn plugin(&self) -> Option<&str> {
        None
    }
}

/// A session that this request opened.
#[derive(Clone, Debug)]
pub struct OpenedSession {
    /// The new session's row.
    pub session: Session,
    /// Its user.
    pub user: User,
    /// How the identity was proven.
    pub method: String,
}

/// How an attempt ended.
#[derive(Debug)]
pub enum SignIn {
    /// The session exists and its cookies are on the answer.
    Opened(Box<OpenedSession>),
    /// A gate demands another proof: answer with this.
    Challenged(Response),
}

impl Exchange {
    /// Lets the sign-in that is asked about now go on without the challenge of this plugin. Its refusal still counts.
    pub fn waive_challenge(&mut self, plugin: &str) {
        self.waived.push(plugin.to_owned());
    }

    /// Opens no session of this user in this request, unless a gate asks for a factor first.
    pub fn demand_factor(&mut self, user_id: &str) {
        self.owes_factor = Some(user_id.to_owned());
    }

    /// Asks every gate. When all admit, stores a session through `scope` and puts its cookies on the answer. A challenge
    /// removes the browser's earlier session cookies and keeps the user's choice whether to be remembered.
    ///
    /// `scope` is the transaction that created the user, in which the gates take part, or the request's own scope.
    ///
    /// # Errors
    /// The refusal of a gate, `FACTOR_REQUIRED`, or when the store fails.
    pub async fn open_session(&mut self, scope: &Scope, attempt: SignInAttempt) -> Result<SignIn, ApiError> {
        let before = self.cookies.len();
        let enclosing_tx = std::mem::replace(&mut self.enclosing_tx, scope.share());
        let challenge = self.ask_gates(&attempt).await;
        self.enclosing_tx = enclosing_tx;
        let challenge = challenge?;
        // The cookies of gates come after those of the session.
        let of_gates = self.cookies.split_off(before.min(self.cookies.len()));
        if let Some(response) = challenge {
            // After what the gate wrote: a change of the password that this waits for, or that waits for this, removes it.
            if let Some(unit) = self.begin_with_proof(scope, attempt.user.id()).await? {
                unit.commit().await?;
            }
            let (removed, set) = of_gates.into_iter().partition::<Vec<_>, _>(Cookie::is_deletion);
            self.keep_choice(attempt.remember);
            self.cookies.extend(removed);
            self.withhold_session();
            self.cookies.extend(set);
            return Ok(SignIn::Challenged(response));
        }
        if self.owes_factor.as_deref() == Some(attempt.user.id()) {
            return Err(Code::FACTOR_REQUIRED.into());
        }
        let opened = Box::new(self.store_session(scope, attempt).await?);
        self.cookies.extend(of_gates);
        self.opened = Some(OpenedSession::clone(&opened));
        Ok(SignIn::Opened(opened))
    }

    /// Runs every gate. A refusal beats any challenge, so a refused user never learns what else would be asked. Of
    /// several challenges the first counts.
    async fn ask_gates(&mut self, attempt: &SignInAttempt) -> Result<Option<Response>, ApiError> {
        let deciders = Arc::clone(&self.deciders);
        let mut challenge = None;
        self.waived.clear();
        for gate in &deciders.gates {
            let before = self.cookies.len();
            match gate.ask(self, attempt).await? {
                Verdict::Admit => {}
                Verdict::Challenge(_)
                    if gate.plugin().is_some_and(|plugin| self.waived.iter().any(|it| it == plugin)) =>
                {
                    self.cookies.truncate(before);
                }
                Verdict::Refuse(error) => return Err(error),
                Verdict::Challenge(response) => {
                    let cookies = self.cookies.split_off(before.min(self.cookies.len()));
                    challenge.get_or_insert((response, cookies));
                }
            }
        }
        Ok(challenge.map(|(response, cookies)| {
            self.cookies.extend(cookies);
            response
        }))
    }

    /// Ends the session that this request opened, because a later stage refused the request.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn revoke_opened_session(&mut self) -> Result<(), ApiError> {
        let Some(opened) = self.opened.take() else { return Ok(()) };
        self.forget_session();
        Ok(session::end(self.auth(), &self.scope(), opened.session.token()).await.map(drop)?)
    }

    /// Ends all sessions of the user and stores a new one for the caller. The gates are not asked: they admitted the
    /// old one.
    ///
    /// `scope` is the transaction of the change that makes it necessary.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn replace_sessions(&mut self, scope: &Scope, user: User) -> Result<OpenedSession, ApiError> {
        let kept = self.kept_by_replacement();
        session::end_all(self.auth(), scope, user.id(), None).await?;
        let remember = !self.ends_with_browser();
        let attempt = SignInAttempt { session: kept, ..SignInAttempt::new(user, method::REPLACEMENT, remember) };
        let opened = self.store_session(scope, attempt).await?;
        self.opened = Some(opened.clone());
        Ok(opened)
    }

    /// What a session that takes the place of the request's own has of it: what the application stored there.
    pub fn kept_by_replacement(&self) -> SessionShape {
        let Some(active) = self.seen_session() else { return SessionShape::default() };
        let record = &active.session.0;
        let fields = record.model().fields.iter().zip(record.values());
        let own = fields.filter(|(field, value)| field.owner == Owner::Config && !value.is_null());
        SessionShape {
            life_secs: None,
            fields: own.map(|(field, value)| (field.name.clone(), value.clone())).collect(),
        }
    }

    async fn store_session(&mut self, scope: &Scope, attempt: SignInAttempt) -> Result<OpenedSession, ApiError> {
        let SignInAttempt { user, method, remember, session: SessionShape { life_secs, fields }, .. } = attempt;
        let client = Client { address: self.client_address(), user_agent: self.user_agent() };
        let mut record = session::new_record(self.auth(), user.id(), remember, client)?;
        if let Some(life_secs) = life_secs {
            record.set("expiresAt", self.auth().now().plus_secs(life_secs))?;
        }
        for (name, value) in fields {
            record.set(&name, value)?;
        }
        let token = record.text("token").to_owned();
        record.set("token", session_token::stored(self.auth(), &token))?;
        let stored = Session(self.store_proven(scope, record).await?);
        let session = session_token::with_token(stored, &token)?;
        let active = ActiveSession::stored(session.clone(), user.clone());
        self.send_session_cookies(&active, remember);
        self.keep_session(active);
        Ok(OpenedSession { session, user, method })
    }

    /// Stores the row; when a password opened the session, in a transaction in which the account keeps that password. A
    /// change of it that comes later then ends this session with the others.
    async fn store_proven(&self, scope: &Scope, row: Record) -> Result<Record, ApiError> {
        let Some(unit) = self.begin_with_proof(scope, row.text("userId")).await? else {
            return Ok(lifecycle::create(self.auth(), scope, row).await?);
        };
        let stored = lifecycle::create(self.auth(), &unit, row).await?;
        unit.commit().await?;
        Ok(stored)
    }

    /// Begins a transaction in which the user keeps the password that this request proved, and refuses one that is not the
    /// user's any more. `None` when it proved no password of this user.
    async fn begin_with_proof(&self, scope: &Scope, user_id: &str) -> Result<Option<UnitOfWork>, ApiError> {
        let proven = self.proven_password.as_ref().filter(|account| account.user_id() == user_id);
        let Some(account) = proven else { return Ok(None) };
        let unit = scope.begin(self.auth()).await?;
        match credential::holds(&*unit, account).await? {
            true => Ok(Some(unit)),
            false => Err(Code::INVALID_EMAIL_OR_PASSWORD.into()),
        }
    }
}
