//! The state of one request and of its answer: what endpoints, plugins and scripts work on.
//!
//! Flat: one concern of a request in each file.

mod account_cookie;
mod account_limit;
mod audit_identity;
mod claims;
mod endpoints;
mod mail;
mod permissions;
pub mod redaction;
pub mod redirect;
pub mod route;
mod sections;
mod session;
mod session_cookies;
pub mod session_gate;
mod settings;
mod trail;

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;

use crate::auth::lifecycle::Observers;
use crate::auth::session::ActiveSession;
use crate::auth::{Auth, Cause, Happening, Scope, UnitOfWork};
use crate::cookie::Cookie;
use crate::cookie::signature::Signer;
use crate::error::ApiError;
use crate::http::{Headers, Request, Response};
use crate::outbox;
use crate::store::{Account, Database, Store};

pub use doorward_contract::PathPattern;

pub use audit_identity::IMPERSONATED_BY;
pub use claims::ClaimSource;
pub use endpoints::{EndpointSource, InnerAnswer, InnerCall, NotCalled};
pub use mail::LinkMail;
pub use permissions::{Permission, PermissionSource};
pub use route::{OperatorTask, PathLimit, Route};
pub use sections::{Contributor, FoundSection, PageParts, SectionQuestion, SectionSource};
pub use session::{Refresh, SessionNeed};
pub use session_gate::{OpenedSession, SessionGate, SessionShape, SignIn, SignInAttempt, Verdict};
pub use settings::{Changed, SettingsDesk};
pub use trail::Trail;

/// Anything that answers a request: a core endpoint or a plugin's route.
#[async_trait]
pub trait Endpoint: Send + Sync {
    /// Answers the request.
    ///
    /// # Errors
    /// The error that the client gets.
    async fn call(&self, exchange: &mut Exchange) -> Result<Response, ApiError>;
}

/// Everyone who has a say beside the endpoints. A request keeps the deciders that it began with.
#[derive(Clone, Default)]
pub struct Deciders {
    /// The session gates, in the order in which they are asked.
    pub gates: Vec<Arc<dyn SessionGate>>,
    /// See every change of users, sessions, accounts and verifications.
    pub observers: Arc<Observers>,
    /// Add claims to tokens for other services, in this order.
    pub claims: Vec<Arc<dyn ClaimSource>>,
    /// Decides what users may do; `None` when nobody does.
    pub permissions: Option<Arc<dyn PermissionSource>>,
    /// Knows who adds sections to pages; `None` when nobody does.
    pub sections: Option<Arc<dyn SectionSource>>,
    /// Sees every mail before it is sent, and may change or drop it.
    pub mail_filter: Option<Arc<dyn outbox::MailFilter>>,
}

/// The state of one request.
pub struct Exchange {
    /// What came in. Before-hooks may change query, headers and body.
    pub request: Request,
    /// Headers to add to the answer.
    pub headers: Headers,
    /// Cookies to add to the answer, in order.
    pub cookies: Vec<Cookie>,
    /// The route that matches the request, if any.
    pub route: Option<Arc<Route>>,
    /// The session that this request opened, if any.
    pub opened: Option<OpenedSession>,
    /// What the plugin host keeps for this request between its calls.
    pub guests: Option<Box<dyn Any + Send + Sync>>,
    /// The open transaction around the request's present work, if any: a plugin's, during its calls of the host, or a
    /// sign-in's, while the gates are asked.
    pub enclosing_tx: Option<Arc<dyn Database>>,
    /// What the sections of a page lead to.
    pub page_parts: PageParts,
    /// What the audit tells of this request beside its answer.
    pub trail: Trail,
    /// The user for whom the application's own backend asks; counts while the request has no session.
    pub asked_for_user: Option<String>,
    /// The account whose password this request proved. It must still have it when a session is opened.
    pub proven_password: Option<Account>,
    /// The user who must show a factor before a session is opened.
    owes_factor: Option<String>,
    /// The plugins whose challenges a policy waives.
    waived: Vec<String>,
    endpoints: Option<Arc<dyn EndpointSource>>,
    /// How many requests this one is called by.
    depth: u8,
    queued_later: Vec<outbox::Draft>,
    session: session::Lazy,
    peeked: Option<Arc<ActiveSession>>,
    /// The session cookie, once its signature was checked.
    verified: Option<session_cookies::VerifiedToken>,
    cause: Arc<Cause>,
    auth: Arc<Auth>,
    deciders: Arc<Deciders>,
}

impl Exchange {
    /// The state of a new request.
    pub fn new(auth: Arc<Auth>, deciders: Arc<Deciders>, request: Request) -> Self {
        let cause = Arc::new(Cause::new(Arc::clone(&request.head)));
        Self::beside(auth, deciders, cause, request)
    }

    fn beside(auth: Arc<Auth>, deciders: Arc<Deciders>, cause: Arc<Cause>, request: Request) -> Self {
        Self {
            request,
            headers: Headers::default(),
            cookies: Vec::new(),
            route: None,
            opened: None,
            guests: None,
            enclosing_tx: None,
            page_parts: PageParts::default(),
            trail: Trail::default(),
            asked_for_user: None,
            proven_password: None,
            owes_factor: None,
            waived: Vec::new(),
            endpoints: None,
            depth: 0,
            queued_later: Vec::new(),
            session: session::Lazy::default(),
            peeked: None,
            verified: None,
            cause,
            auth,
            deciders,
        }
    }

    /// Configuration, store and ports.
    pub fn auth(&self) -> &Arc<Auth> {
        &self.auth
    }

    /// Where this request reads and writes: the enclosing transaction, or else the store.
    pub fn scope(&self) -> Scope {
        let db = self.enclosing_tx.clone().unwrap_or_else(|| Arc::<Store>::clone(&self.auth.store));
        Scope::new(db, Arc::clone(&self.deciders.observers)).caused_by(Arc::clone(&self.cause))
    }

    /// Begins work that must happen together: in the enclosing transaction, or in a new one.
    ///
    /// # Errors
    /// When none can begin.
    pub async fn begin(&self) -> Result<UnitOfWork, ApiError> {
        Ok(self.scope().begin(&self.auth).await?)
    }

    /// Whether the user is about to leave, which nobody prevents.
    pub fn is_leaving(&self) -> bool {
        self.route.as_ref().is_some_and(|route| route.is_leaving)
    }

    /// Moves the state out, because a guest must own it during a call. Assign it back afterwards.
    #[must_use]
    pub fn take(&mut self) -> Exchange {
        let (auth, deciders) = (Arc::clone(&self.auth), Arc::clone(&self.deciders));
        let placeholder = Exchange::beside(auth, deciders, Arc::clone(&self.cause), Request::placeholder());
        std::mem::replace(self, placeholder)
    }

    /// Sets the values of the route's parameters.
    pub fn set_params(&mut self, params: Vec<(String, String)>) {
        self.cause.note_params(params);
    }

    /// The values of the route's `:parameters`, in order.
    pub fn params(&self) -> &[(String, String)] {
        self.cause.params()
    }

    /// What the request did, each with the id of the user.
    pub fn happenings(&self) -> Vec<(Happening, String)> {
        self.cause.happenings()
    }

    /// The request's path as a log may hold it: the route's own, because a parameter may be a secret, as in a link. `None`
    /// for a path that no route has.
    pub fn logged_path(&self) -> Option<&str> {
        self.route.as_ref().map(|route| route.path.as_str())
    }

    /// The value of a route parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params().iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The names of all parameters in the request's address, of the route and of the query.
    pub fn address_names(&self) -> impl Iterator<Item = &str> {
        self.params().iter().map(|(name, _)| name.as_str()).chain(self.request.query.names())
    }

    /// The first user whose row, session or account the request changed.
    pub fn changed_user(&self) -> Option<&str> {
        self.cause.changed_user()
    }

    /// Adds a cookie to the answer.
    pub fn set_cookie(&mut self, cookie: Cookie) {
        self.cookies.push(cookie);
    }

    /// The value of a signed cookie, if its signature is valid.
    pub fn signed_cookie(&self, name: &str, signer: &Signer) -> Option<String> {
        let raw = self.request.cookie(name)?;
        signer.verify(&raw).map(str::to_owned)
    }

    /// The client's address by the configured rule, or an empty text.
    pub fn client_address(&self) -> &str {
        self.request.client_address.as_deref().unwrap_or_default()
    }

    /// The `User-Agent`, or an empty text.
    pub fn user_agent(&self) -> &str {
        self.request.headers.get("user-agent").unwrap_or_default()
    }
}
