//! Who decides about sign-ins, changes, claims and mails.

use std::sync::Arc;

use crate::auth::Auth;
use crate::auth::lifecycle::Observer;
use crate::exchange::{ClaimSource, Deciders, SessionGate};
use crate::hooks::{ScriptClaims, ScriptGate, ScriptMailFilter, ScriptObserver, ScriptSet};
use crate::outbox::MailFilter;
use crate::outbox::events::EventObserver;
use crate::plugin_host::Plugins;

/// Lets plugins and scripts decide about sign-ins, see changes and add to claims, and scripts see mails. Scripts are asked
/// first about sign-ins and changes, so that a policy that refuses someone spares them a second factor, and last about
/// claims, so that a policy has the last word.
pub(super) fn of(auth: &Arc<Auth>, plugins: &Plugins, scripts: &Arc<ScriptSet>) -> Deciders {
    let gate: Arc<dyn SessionGate> = Arc::new(ScriptGate(Arc::clone(scripts)));
    let observer = ScriptObserver::new(scripts, auth).map(|observer| Arc::new(observer) as Arc<dyn Observer>);
    // The last one sees what is written in the end.
    let events = EventObserver::new(auth).map(|observer| Arc::new(observer) as Arc<dyn Observer>);
    let script_claims = ScriptClaims::of(scripts).map(|source| Arc::new(source) as Arc<dyn ClaimSource>);
    let filter: Arc<dyn MailFilter> = Arc::new(ScriptMailFilter(Arc::clone(scripts)));
    Deciders {
        gates: [vec![gate], plugins.gates()].concat(),
        observers: Arc::new(observer.into_iter().chain(plugins.observer(auth)).chain(events).collect()),
        claims: plugins.claim_sources().into_iter().chain(script_claims).collect(),
        permissions: plugins.permissions(),
        sections: plugins.sections(),
        mail_filter: Some(filter),
    }
}
