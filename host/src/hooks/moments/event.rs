//! The moments after a sign-in, after an address was verified and after a password was reset: scripts do what follows.

use crate::auth::Happening;
use crate::error::ApiError;
use crate::exchange::Exchange;
use crate::exchange::session_gate::method;
use crate::hooks::ScriptSet;
use crate::hooks::deliver::{add_to_answer, checked, drafts, end_sessions_of, note, send};
use crate::hooks::language::declare::HookPoint;
use crate::hooks::language::directive::Directives;
use crate::hooks::language::facts::{Answer, Facts, Lazy};
use crate::hooks::lookup::{records, without_token};
use crate::hooks::script::{Hook, Reads};
use crate::http::Response;
use crate::store::User;
use crate::store::user::find_user_by_id;
use serde_json::Value as Json;

use super::endpoint::log_failure;

impl HookPoint {
    /// The moment after something that a request did.
    const fn after(happening: Happening) -> Self {
        match happening {
            Happening::EmailVerified => Self::AfterEmailVerification,
            Happening::PasswordReset => Self::AfterPasswordReset,
        }
    }
}

/// What happened: the moment, and whose it is.
struct Event {
    moment: HookPoint,
    user: User,
}

impl ScriptSet {
    /// Runs the hooks of what the request did: sign in, verify an address, reset a password. A script that fails is logged
    /// and changes nothing.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn after_events(&self, exchange: &mut Exchange, response: &Response) -> Result<(), ApiError> {
        if !self.has_events || response.status >= 400 {
            return Ok(());
        }
        Box::pin(self.run_after_events(exchange)).await
    }

    async fn run_after_events(&self, exchange: &mut Exchange) -> Result<(), ApiError> {
        for event in events(exchange).await? {
            for hook in self.hooks.iter().filter(|hook| hook.is_at(event.moment)) {
                let facts = self.of_event(exchange, &event, hook.script.reads).await?;
                let (facts, called) = self.call_for(exchange, hook, facts).await;
                facts.give_back(exchange);
                match called.and_then(|called| checked(exchange.auth(), hook, called)) {
                    Ok((_, directives)) => follow(exchange, hook, &event.user, &directives).await?,
                    Err(error) => log_failure(exchange, &error),
                }
            }
        }
        Ok(())
    }

    async fn of_event(&self, exchange: &mut Exchange, event: &Event, reads: Reads) -> Result<Facts, ApiError> {
        let auth = exchange.auth();
        let mut facts = Facts { user: Lazy::Read(Json::Object(event.user.0.output())), ..Facts::default() };
        records(auth, &exchange.scope(), Some(event.user.id()), reads, &mut facts).await?;
        self.about_request(auth, &exchange.request, reads, &mut facts);
        if let Some(opened) = exchange.opened.as_ref().filter(|_| event.moment == HookPoint::AfterSignIn) {
            facts.sign_in = (opened.method.clone(), !exchange.ends_with_browser());
            facts.answer = Answer { new_session: without_token(&opened.session.0), ..Answer::default() };
        }
        let lent = Facts::lend(exchange);
        Ok(Facts { request: lent.request, params: lent.params, ..facts })
    }
}

/// What the request did, in the order in which it is told.
async fn events(exchange: &Exchange) -> Result<Vec<Event>, ApiError> {
    let mut events = Vec::new();
    for (happening, id) in exchange.happenings() {
        if let Some(user) = find_user_by_id(&exchange.scope(), &id).await? {
            events.push(Event { moment: HookPoint::after(happening), user });
        }
    }
    // A session that takes the place of another is no sign-in.
    if let Some(opened) = exchange.opened.as_ref().filter(|opened| opened.method != method::REPLACEMENT) {
        events.push(Event { moment: HookPoint::AfterSignIn, user: opened.user.clone() });
    }
    Ok(events)
}

async fn follow(exchange: &mut Exchange, hook: &Hook, user: &User, directives: &Directives) -> Result<(), ApiError> {
    add_to_answer(exchange, directives);
    note(&hook.script, &exchange.request.id, directives);
    let auth = exchange.auth();
    let drafts = drafts(&hook.script, directives);
    if !drafts.is_empty() {
        send(auth, &exchange.scope(), &drafts).await?;
        auth.mail_queued.notify_one();
    }
    end_sessions_of(auth, &exchange.scope(), Some(user.id()), &directives.ended_sessions).await
}
