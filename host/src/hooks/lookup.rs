//! Looks up what a script asks for before it is called: the acting user and the user's own records, without secrets.

use serde_json::{Map, Value as Json};

use super::ScriptSet;
use super::house_rules::HouseRules;
use super::language::facts::{Facts, Lazy};
use super::old_passwords;
use super::script::Reads;
use crate::auth::{Auth, session};
use crate::config::Config;
use crate::error::ApiError;
use crate::exchange::{Exchange, SessionNeed};
use crate::http::Request;
use crate::store::account::list_accounts;
use crate::store::{Database, Record};

impl ScriptSet {
    /// The facts of a request as far as `reads` asks; the request is lent from the exchange.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn facts(&self, exchange: &mut Exchange, reads: Reads) -> Result<Facts, ApiError> {
        let mut facts = Facts::default();
        if reads.identity || reads.sessions || reads.accounts {
            Box::pin(identity(exchange, reads, &mut facts)).await?;
        }
        if reads.is_old_password {
            facts.is_old_password = Lazy::Read(Box::pin(old_passwords::is_old(exchange)).await?.into());
        }
        self.about_request(exchange.auth(), &exchange.request, reads, &mut facts);
        let lent = Facts::lend(exchange);
        Ok(Facts { request: lent.request, params: lent.params, ..facts })
    }

    /// What is known of the request without asking the store.
    pub(super) fn about_request(&self, auth: &Auth, request: &Request, reads: Reads, facts: &mut Facts) {
        facts.is_from_proxy = request.peer.is_some_and(|peer| self.is_trusted_proxy(peer));
        if reads.plugins {
            facts.plugins = Lazy::Read(self.plugins.clone());
        }
        if reads.cookies {
            facts.cookies = Lazy::Read(cookies(request, &HouseRules::of(auth)));
        }
    }
}

/// Who acts, and that user's records, as far as `reads` asks.
async fn identity(exchange: &mut Exchange, reads: Reads, facts: &mut Facts) -> Result<(), ApiError> {
    // A policy decides by what is so now, not by a copy in the browser.
    let active = exchange.session_with(SessionNeed::FROM_STORE).await?;
    let (session, user) = active.map_or((Json::Null, Json::Null), |active| {
        (without_token(&active.session.0), Json::Object(active.user.0.output()))
    });
    let newcomer = exchange.opened.as_ref().map(|opened| opened.user.id().to_owned());
    let id = newcomer.or_else(|| Some(user.get("id")?.as_str()?.to_owned()));
    facts.session = Lazy::Read(session);
    facts.user = Lazy::Read(user);
    records(exchange.auth(), &exchange.scope(), id.as_deref(), reads, facts).await
}

/// The user's live sessions and accounts, as far as `reads` asks.
///
/// # Errors
/// When the store fails.
pub async fn records(
    auth: &Auth,
    db: &dyn Database,
    user_id: Option<&str>,
    reads: Reads,
    facts: &mut Facts,
) -> Result<(), ApiError> {
    if reads.sessions {
        facts.sessions = Lazy::Read(Json::Array(Vec::new()));
    }
    if reads.accounts {
        facts.accounts = Lazy::Read(Json::Array(Vec::new()));
    }
    let Some(id) = user_id else { return Ok(()) };
    if reads.sessions {
        let sessions = session::newest(auth, db, id).await?;
        facts.sessions = Lazy::Read(sessions.iter().map(|session| without_token(&session.0)).collect());
    }
    if reads.accounts {
        let accounts = list_accounts(db, id).await?;
        facts.accounts = Lazy::Read(accounts.iter().map(|account| Json::Object(account.0.output())).collect());
    }
    Ok(())
}

/// A session as scripts see it: nothing that a client could sign in with.
pub fn without_token(session: &Record) -> Json {
    let mut fields = session.output();
    fields.shift_remove("token");
    Json::Object(fields)
}

fn cookies(request: &Request, rules: &HouseRules<'_>) -> Json {
    let names = request.cookies().map(|(name, _)| name).filter(|name| !rules.is_reserved(name));
    let pairs = names.filter_map(|name| Some((name.to_owned(), Json::from(request.cookie(name)?))));
    Json::Object(pairs.collect::<Map<_, _>>())
}

/// The options of the plugins by their ids, but for what is or may be a secret.
pub fn plugin_options(config: &Config) -> Json {
    let plugins = config.plugins.iter().filter(|plugin| plugin.enabled);
    let options = plugins.map(|plugin| {
        let options = serde_json::to_value(&plugin.options).unwrap_or_default();
        (plugin.id.clone(), shown(options).unwrap_or_else(|| Json::Object(Map::new())))
    });
    Json::Object(options.collect())
}

fn shown(option: Json) -> Option<Json> {
    const SECRETS: [&str; 5] = ["secret", "key", "password", "token", "credential"];
    let is_secret = |name: &str| SECRETS.iter().any(|part| name.to_ascii_lowercase().contains(part));
    match option {
        Json::Object(fields) => {
            let is_source = fields.len() == 1 && ["env", "file"].iter().any(|source| fields.contains_key(*source));
            let fields = fields.into_iter().filter(|(name, _)| !is_secret(name));
            let shown = fields.filter_map(|(name, value)| Some((name, shown(value)?))).collect();
            (!is_source).then_some(Json::Object(shown))
        }
        Json::Array(values) => Some(values.into_iter().filter_map(shown).collect()),
        plain => Some(plain),
    }
}
