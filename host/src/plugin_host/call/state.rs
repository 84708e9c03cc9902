//! What the host keeps beside one instance: the request it works on, its rights, and its budgets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use doorward_contract::{Call, Moment, NotNow};
use wasmtime::UpdateDeadline;

use super::budget::{Cost, LogPace, Spent};
use super::capacity::Turns;
use super::memory::InstanceLimits;
use super::names::{CallNames, CallOf};
use super::services::PluginServices;
use super::site::{OwnPlaces, Site};
use super::watched_change::WatchedChange;
use crate::auth::{Auth, Scope, UnitOfWork};
use crate::clock::{Clock, Timestamp};
use crate::config::PluginLimits;
use crate::crypto::random::Random;
use crate::crypto::secret::Secret;
use crate::exchange::redaction::SecretNames;
use crate::exchange::{Exchange, SessionNeed, SignInAttempt};
use crate::http::Response;
use crate::plugin_host::admission::grant::Rights;
use crate::plugin_host::admission::hook_rights::Sight;
use crate::plugin_host::error::Limit;
use crate::store::{Database, User};

/// What all instances of one plugin share.
pub(in crate::plugin_host) struct Shared {
    pub(in crate::plugin_host) id: String,
    pub(in crate::plugin_host) rights: Rights,
    pub(in crate::plugin_host) limits: PluginLimits,
    /// What its calls are called in the log.
    pub(in crate::plugin_host) names: CallNames,
    /// The operator's options as JSON text.
    pub(in crate::plugin_host) options: String,
    pub(in crate::plugin_host) server: ServerFacts,
    pub(in crate::plugin_host) site: Arc<Site>,
    pub(in crate::plugin_host) places: OwnPlaces,
    /// For keyed hashes of this plugin alone.
    pub(in crate::plugin_host) key: Secret<Vec<u8>>,
    pub(in crate::plugin_host) services: PluginServices,
    /// Which fields are secret, of this plugin's and of everyone's.
    pub(in crate::plugin_host) secret_names: Arc<SecretNames>,
    pub(in crate::plugin_host) log_pace: LogPace,
    pub(in crate::plugin_host) turns: Arc<Turns>,
    pub(in crate::plugin_host) clock: Arc<dyn Clock>,
    pub(in crate::plugin_host) random: Arc<dyn Random>,
}

/// What plugins may know of the configuration.
#[derive(Clone, Debug)]
pub(in crate::plugin_host) struct ServerFacts {
    pub(in crate::plugin_host) base_url: String,
    pub(in crate::plugin_host) base_path: String,
    pub(in crate::plugin_host) app_name: String,
    /// Sections of the options as JSON text, by their name in the config.
    pub(in crate::plugin_host) core_options: BTreeMap<&'static str, String>,
}

/// What one call works on.
pub(in crate::plugin_host) struct Work {
    pub(in crate::plugin_host) moment: Moment,
    /// What the guest may see and change of the rest.
    pub(in crate::plugin_host) sight: Sight,
    pub(in crate::plugin_host) exchange: Exchange,
    /// The endpoint's answer, in an `after` hook.
    pub(in crate::plugin_host) reply: Option<Response>,
    /// The sign-in, in a gate.
    pub(in crate::plugin_host) attempt: Option<SignInAttempt>,
}

impl Work {
    /// A plugin's own endpoint knows at once of a session that was ended; hooks see what their endpoint would see.
    pub(in crate::plugin_host) fn session_need(&self) -> SessionNeed {
        let is_own = matches!(
            self.moment,
            Moment::Route | Moment::Function | Moment::Page | Moment::Section | Moment::Permission
        );
        SessionNeed { from_store: is_own, ..SessionNeed::default() }
    }
}

/// What a call for data needs.
pub(in crate::plugin_host) struct Data<'a> {
    pub(in crate::plugin_host) auth: &'a Arc<Auth>,
    pub(in crate::plugin_host) scope: Scope,
}

/// Beside one instance.
pub(in crate::plugin_host) struct State {
    pub(in crate::plugin_host) shared: Arc<Shared>,
    pub(in crate::plugin_host) limits: InstanceLimits,
    /// What the guest was called for, for the log.
    pub(in crate::plugin_host) calling: CallOf,
    /// The transaction that the guest began. While it is open, the exchange has it too, so that everything the host does for
    /// the guest takes part in it.
    transaction: Option<UnitOfWork>,
    /// Configuration, store and ports, during a call that has to do with a request or a change.
    auth: Option<Arc<Auth>>,
    work: Option<Work>,
    /// In an event: the transaction of the change. The guest takes part in it and cannot end it. In a job: the store.
    beneath: Option<Scope>,
    /// What runs beside all requests, when that is so.
    apart: Option<Moment>,
    /// The row that is about to change or has just changed, in a lifecycle event.
    pub(in crate::plugin_host) change: Option<WatchedChange>,
    /// The user whose password was right for a sign-in, and the address that the attempt counts under.
    pub(in crate::plugin_host) proven: Option<(String, User)>,
    /// When the verification that this call made last is over; a mail that follows carries its secret.
    pub(in crate::plugin_host) proof_ends_at: Option<Timestamp>,
    /// Whether the guest has read what the client sent: then what it does may be the client's fault.
    pub(in crate::plugin_host) has_read_input: bool,
    spent: Arc<Spent>,
    log_lines: u32,
    /// The function of the host that the guest called last: capability and name.
    pub(in crate::plugin_host) asked: Option<Call>,
    /// How many transactions the guest has begun.
    begun: u32,
    /// Those of them that are open, the outermost first.
    open: Vec<u32>,
}

impl State {
    /// For an instance of the plugin whose calls use `spent` together.
    pub(in crate::plugin_host) fn new(shared: Arc<Shared>, spent: Arc<Spent>) -> Self {
        let limits = InstanceLimits::new(shared.limits.memory_mib);
        Self {
            shared,
            limits,
            calling: CallOf::Check,
            transaction: None,
            auth: None,
            work: None,
            beneath: None,
            apart: None,
            change: None,
            proven: None,
            proof_ends_at: None,
            has_read_input: false,
            spent,
            log_lines: 0,
            asked: None,
            begun: 0,
            open: Vec::new(),
        }
    }

    /// Begins a call that works on a request, or on none while the options are checked.
    pub(in crate::plugin_host) fn begin(&mut self, work: Option<Work>) {
        self.auth = work.as_ref().map(|work| Arc::clone(work.exchange.auth()));
        self.restart(work);
    }

    /// Begins a call beneath a change, in its transaction `scope`: there is no request to look at.
    pub(in crate::plugin_host) fn begin_beneath(&mut self, auth: Arc<Auth>, scope: Scope, change: WatchedChange) {
        self.auth = Some(auth);
        self.beneath = Some(scope);
        self.change = Some(change);
        self.restart(None);
    }

    /// Begins a call beside all requests, whose data calls go to `scope`.
    pub(in crate::plugin_host) fn begin_apart(&mut self, moment: Moment, auth: Arc<Auth>, scope: Scope) {
        self.auth = Some(auth);
        self.beneath = Some(scope);
        self.apart = Some(moment);
        self.restart(None);
    }

    fn restart(&mut self, work: Option<Work>) {
        self.work = work;
        self.proven = None;
        self.proof_ends_at = None;
        self.asked = None;
        self.log_lines = 0;
    }

    /// Ends a call: a transaction that the guest left open is rolled back.
    pub(in crate::plugin_host) fn end(&mut self) -> Option<Work> {
        if self.take_transaction().is_some() {
            tracing::warn!(plugin = self.shared.id, "a transaction was not committed and is rolled back");
        }
        self.beneath = None;
        let dropped = self.log_lines.saturating_sub(self.shared.limits.log_lines);
        if dropped > 0 {
            let Shared { limits, log_pace, clock, .. } = &*self.shared;
            self.tell_of(log_pace.dropped(dropped, clock.now(), limits.log_lines_per_sec));
        }
        self.work.take()
    }

    /// Begins a new budget for the next chunk of a body.
    pub(in crate::plugin_host) fn renew(&self) {
        self.spent.renew();
    }

    /// Counts a call of the host, and fails when there were too many.
    pub(in crate::plugin_host) fn spend(&mut self) -> wasmtime::Result<()> {
        self.spend_on(Cost::Call)
    }

    /// Counts a call of the host by what it costs, and fails when there were too many of its kind.
    pub(in crate::plugin_host) fn spend_on(&mut self, cost: Cost) -> wasmtime::Result<()> {
        Ok(self.spent.add(cost, &self.shared.limits)?)
    }

    /// Counts a call of the host that costs as much as `calls` usual ones.
    pub(in crate::plugin_host) fn spend_many(&mut self, calls: u32) -> wasmtime::Result<()> {
        (0..calls).try_for_each(|_| self.spend())
    }

    /// Counts a request to another server. False when this request has made as many as it may.
    pub(in crate::plugin_host) fn may_send(&mut self) -> wasmtime::Result<bool> {
        self.spend()?;
        Ok(self.spent.may_send(&self.shared.limits))
    }

    /// The request, when the call has to do with one.
    pub(in crate::plugin_host) fn exchange(&mut self) -> Option<&mut Exchange> {
        self.work.as_mut().map(|work| &mut work.exchange)
    }

    /// Notes that the guest gets this from the client, if there is anything.
    pub(in crate::plugin_host) fn note_input<T>(&mut self, input: Option<T>) -> Option<T> {
        self.has_read_input |= input.is_some();
        input
    }

    /// The request. There is none while the options are checked.
    pub(in crate::plugin_host) fn work(&mut self) -> wasmtime::Result<&mut Work> {
        self.spend()?;
        self.work.as_mut().ok_or_else(|| wasmtime::Error::msg("there is no request while a plugin is loaded"))
    }

    /// Configuration, store and where data calls go: the plugin's open transaction, the one beneath which it was called, or
    /// the store.
    pub(in crate::plugin_host) fn data(&mut self) -> wasmtime::Result<Data<'_>> {
        self.spend()?;
        self.spend_on(Cost::Data)?;
        match (&self.auth, self.scope()) {
            (Some(auth), Some(scope)) => Ok(Data { auth, scope }),
            _ => Err(wasmtime::Error::msg("there is no data while a plugin is loaded")),
        }
    }

    /// As [`State::data`], with the request when there is one.
    pub(in crate::plugin_host) fn data_and_work(&mut self) -> wasmtime::Result<(Scope, &mut Work)> {
        self.spend()?;
        self.spend_on(Cost::Data)?;
        let work = self.work.as_mut();
        let work = work.ok_or_else(|| wasmtime::Error::msg("there is no request here"))?;
        Ok((work.exchange.scope(), work))
    }

    /// What the guest was called for.
    pub(in crate::plugin_host) fn moment(&self) -> Moment {
        match (&self.work, &self.beneath) {
            (Some(work), _) => work.moment,
            (None, Some(_)) => self.apart.unwrap_or(Moment::Event),
            (None, None) => Moment::Check,
        }
    }

    /// Why the guest cannot call this function now; none when it can.
    pub(in crate::plugin_host) fn not_now(&mut self, call: &Call) -> wasmtime::Result<Option<NotNow>> {
        self.asked = Some(*call);
        let fault = call.fault(self.moment(), || self.is_in_transaction());
        if fault.is_some() {
            self.spend()?;
        }
        Ok(fault)
    }

    /// Whether the guest works on a request.
    pub(in crate::plugin_host) fn has_request(&self) -> bool {
        self.work.is_some()
    }

    /// The scope of the guest's calls.
    pub(in crate::plugin_host) fn scope(&self) -> Option<Scope> {
        let of_work = self.work.as_ref().map(|work| work.exchange.scope());
        let of_task = || self.transaction.as_ref().map(|begun| Scope::clone(begun));
        of_work.or_else(of_task).or_else(|| self.beneath.clone())
    }

    /// Whether data calls take part in a transaction.
    pub(in crate::plugin_host) fn is_in_transaction(&self) -> bool {
        self.scope().is_some_and(|scope| scope.is_transaction())
    }

    /// Keeps a new transaction for the guest and lends it to the exchange. None is open yet.
    pub(in crate::plugin_host) fn put_transaction(&mut self, begun: UnitOfWork) {
        if let Some(work) = &mut self.work {
            work.exchange.enclosing_tx = begun.share();
        }
        self.transaction = Some(begun);
    }

    /// A number for the transaction that was just begun, within those that are open.
    pub(in crate::plugin_host) fn number_transaction(&mut self) -> u32 {
        self.begun += 1;
        self.open.push(self.begun);
        self.begun
    }

    /// How many of the guest's transactions are open, each within the one before.
    pub(in crate::plugin_host) fn open_transactions(&self) -> usize {
        self.open.len()
    }

    /// How many transactions are open around this one; `None` when it has ended.
    pub(in crate::plugin_host) fn depth_of_transaction(&self, number: u32) -> Option<usize> {
        self.open.iter().position(|open| *open == number)
    }

    /// Forgets the transactions within the first `depth`.
    pub(in crate::plugin_host) fn close_transactions(&mut self, depth: usize) {
        self.open.truncate(depth);
    }

    /// Takes the guest's open transaction back, from the exchange too.
    pub(in crate::plugin_host) fn take_transaction(&mut self) -> Option<UnitOfWork> {
        let begun = self.transaction.take()?;
        self.open.clear();
        if let Some(work) = &mut self.work {
            work.exchange.enclosing_tx = None;
        }
        Some(begun)
    }

    /// The id of the request that the call has to do with, for the log.
    pub(in crate::plugin_host) fn request_id(&self) -> Option<String> {
        let of_change = || Some(self.beneath.as_ref()?.cause()?.head.id.clone());
        self.work.as_ref().map(|work| work.exchange.request.id.clone()).or_else(of_change)
    }

    /// Whether one more line may be written to the log.
    pub(in crate::plugin_host) fn may_log(&mut self) -> bool {
        self.log_lines = self.log_lines.saturating_add(1);
        self.log_lines <= self.shared.limits.log_lines && self.may_write_line()
    }

    /// Whether the plugin's pace allows one more line; says before it what was dropped.
    fn may_write_line(&self) -> bool {
        let Shared { limits, log_pace, clock, .. } = &*self.shared;
        self.tell_of(log_pace.admit(clock.now(), limits.log_lines_per_sec))
    }

    fn tell_of(&self, dropped: Option<u64>) -> bool {
        if let Some(dropped) = dropped.filter(|dropped| *dropped > 0) {
            tracing::warn!(plugin = self.shared.id, dropped, "lines of a plugin's log were dropped");
        }
        dropped.is_some()
    }

    /// At each tick of the engine's clock: lets other requests run, and ends a guest that had its time.
    ///
    /// # Errors
    /// `Limit::Time`.
    pub(in crate::plugin_host) fn tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        let most = self.shared.limits.call_ms;
        if self.spent.cpu.at_tick() > Duration::from_millis(most) {
            return Err(Limit::Time(most).into());
        }
        Ok(UpdateDeadline::Yield(1))
    }
}
