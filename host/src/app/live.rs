//! What changes while the server runs: loads plugins and scripts anew, and puts operators' settings into effect.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use serde_json::{Value as Json, json};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::extensions::{Beside, load_extensions};
use super::mailing::mailer;
use super::{Lasting, StartError};
use crate::auth::Auth;
use crate::auth::audit::AuditEvent;
use crate::auth::settings::{self, Overlay, SettingsChange};
use crate::config::{Config, Fault, SettingKind};
use crate::error::ApiError;
use crate::exchange::{Changed, Exchange, SettingsDesk};
use crate::outbox::mailbox::Mailbox;
use crate::outbox::{CurrentMailFilter, CurrentMailer, Mailer};
use crate::pipeline::Extensions;

/// How often a node looks for settings that another one has changed.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The event of a changed setting.
const CHANGED: &str = "settings-change";

/// Everything that a reload and a changed setting replace, and what they are made of.
pub struct Live {
    /// Store and ports, which no setting changes.
    auth: Arc<Auth>,
    lasting: Lasting,
    mailbox: Option<Arc<Mailbox>>,
    /// File and environment, as they were last read.
    base: ArcSwap<Config>,
    extensions: OnceLock<Arc<ArcSwap<Extensions>>>,
    mailer: OnceLock<CurrentMailer>,
    /// The version of the settings that count.
    version: AtomicI64,
    /// Who replaces something does it alone.
    turn: Mutex<()>,
    /// For the endpoints, which this holds in turn.
    own: Weak<Live>,
}

/// What was made of one configuration.
pub(super) struct Made {
    extensions: Extensions,
    mailer: Option<Mailer>,
}

impl Live {
    /// Nothing is loaded yet.
    pub(super) fn new(auth: Arc<Auth>, lasting: Lasting, mailbox: Option<Arc<Mailbox>>) -> Arc<Self> {
        let base = ArcSwap::new(Arc::clone(&auth.config));
        Arc::new_cyclic(|own| Self {
            auth,
            lasting,
            mailbox,
            base,
            extensions: OnceLock::new(),
            mailer: OnceLock::new(),
            version: AtomicI64::new(0),
            turn: Mutex::new(()),
            own: Weak::clone(own),
        })
    }

    /// Loads everything for the first time. Settings that cannot be are left out, and the log names them: they never keep a
    /// server from starting.
    ///
    /// # Errors
    /// When the configuration without any settings does not load.
    pub(super) async fn begin(&self) -> Result<Arc<ArcSwap<Extensions>>, StartError> {
        let overlay = match self.auth.config.has_database() {
            true => settings::read(&*self.auth.store, &self.auth.config).await.unwrap_or_else(|error| {
                tracing::error!(%error, "the settings in the database cannot be read; the server starts without them");
                Overlay::default()
            }),
            false => Overlay::default(),
        };
        let base = self.base.load_full();
        let made = self.make_sound(&base, &overlay).await?;
        self.version.store(overlay.version, Ordering::Relaxed);
        if let Some(mailer) = made.mailer {
            _ = self.mailer.set(Arc::new(ArcSwap::from_pointee(mailer)));
        }
        let extensions = Arc::new(ArcSwap::from_pointee(made.extensions));
        Ok(Arc::clone(self.extensions.get_or_init(|| extensions)))
    }

    /// What mail leaves by, when it does.
    pub(super) fn mailer(&self) -> Option<CurrentMailer> {
        self.mailer.get().cloned()
    }

    /// Loads `listed` with the settings of the database, and puts it in place.
    ///
    /// # Errors
    /// When something does not load; then nothing changes.
    pub(super) async fn replace(&self, listed: Config) -> Result<(), StartError> {
        let _turn = self.turn.lock().await;
        let overlay = match self.auth.config.has_database() {
            true => settings::read(&*self.auth.store, &self.auth.config).await?,
            false => Overlay::default(),
        };
        let made = self.make_sound(&listed, &overlay).await?;
        self.base.store(Arc::new(listed));
        self.put(made, overlay.version);
        Ok(())
    }

    /// Puts settings in place that another node has changed. True when there were some.
    ///
    /// # Errors
    /// When the store fails, or what the file says does not load any more; then nothing changes.
    pub async fn look(&self) -> Result<bool, StartError> {
        if !self.auth.config.has_database() {
            return Ok(false);
        }
        if settings::version(&*self.auth.store).await? == self.version.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let _turn = self.turn.lock().await;
        let overlay = settings::read(&*self.auth.store, &self.auth.config).await?;
        if overlay.version == self.version.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let base = self.base.load_full();
        let made = self.make_sound(&base, &overlay).await?;
        self.put(made, overlay.version);
        tracing::info!(version = overlay.version, "settings were changed");
        Ok(true)
    }

    /// Looks again and again, until the handle is dropped.
    pub(super) fn watch(self: &Arc<Self>) -> Watch {
        let live = Arc::downgrade(self);
        Watch(tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                let Some(live) = live.upgrade() else { return };
                if let Err(error) = live.look().await {
                    tracing::warn!(%error, "settings cannot be looked for now");
                }
            }
        }))
    }

    /// As [`Live::make`], without what does not load.
    async fn make_sound(&self, base: &Config, overlay: &Overlay) -> Result<Made, StartError> {
        let (config, faults) = base.with_settings(&overlay.values);
        tell(overlay.faults.iter().chain(&faults));
        let error = match self.make(config).await {
            Ok(made) => return Ok(made),
            Err(error) if overlay.values.is_empty() => return Err(error),
            Err(error) => error,
        };
        tracing::error!(%error, "with the settings in the database, the server does not load; those of plugins are left out");
        let of_core = overlay.values.iter().filter(|(key, _)| !key.starts_with("plugins.")).cloned();
        let (config, _) = base.with_settings(&of_core.collect::<Vec<_>>());
        match self.make(config).await {
            Ok(made) => Ok(made),
            Err(error) => {
                tracing::error!(%error, "the server goes on without any setting of the database");
                self.make(base.clone()).await
            }
        }
    }

    /// Loads everything that a configuration asks for.
    async fn make(&self, config: Config) -> Result<Made, StartError> {
        let config = Arc::new(config);
        let auth = Arc::new(self.auth.with_config(Arc::clone(&config))?);
        let own: Weak<Live> = Weak::clone(&self.own);
        let beside = Beside { lasting: &self.lasting, mailbox: self.mailbox.as_ref(), desk: own };
        let extensions = load_extensions(&auth, &config, &beside).await?;
        let said = extensions.plugins.mail_templates();
        let mail = config.mail.as_ref();
        let mailer = mail.map(|mail| mailer(&config, mail, (&auth, self.filter(), said), self.mailbox.as_ref()));
        Ok(Made { extensions, mailer: mailer.transpose()? })
    }

    fn put(&self, made: Made, version: i64) {
        if let Some(extensions) = self.extensions.get() {
            extensions.store(Arc::new(made.extensions));
        }
        if let (Some(current), Some(mailer)) = (self.mailer.get(), made.mailer) {
            current.store(Arc::new(mailer));
        }
        self.version.store(version, Ordering::Relaxed);
    }

    /// The scripts that see mails now.
    fn filter(&self) -> CurrentMailFilter {
        let own = Weak::clone(&self.own);
        Box::new(move || own.upgrade()?.extensions.get()?.load().deciders.mail_filter.clone())
    }

    /// The development mailbox, when mail goes there.
    pub(super) fn mailbox(&self) -> Option<&Arc<Mailbox>> {
        self.mailbox.as_ref()
    }

    /// The events of a change, and who makes it.
    fn draft(
        exchange: &Exchange,
        (old, new): (&Config, &Config),
        version: i64,
        values: Vec<(String, Option<Json>)>,
    ) -> SettingsChange {
        let by = exchange.audit_event(CHANGED);
        let event = |key: &String| {
            let setting = new.setting(key).or_else(|| old.setting(key));
            let shown = |config: &Config| setting.as_ref().and_then(|setting| setting.shown_of(config));
            let is_secret = setting.as_ref().is_none_or(|setting| setting.kind == SettingKind::Secret);
            let details = match is_secret {
                true => json!({ "key": key, "changed": true }),
                false => json!({ "key": key, "from": shortened(shown(old)), "to": shortened(shown(new)) }),
            };
            AuditEvent { details: Some(details), ..by.clone() }
        };
        let events = values.iter().map(|(key, _)| event(key)).collect();
        SettingsChange { version, values, by: by.actor, events }
    }
}

/// A picture has no place in a log.
fn shortened(value: Option<Json>) -> Json {
    match value {
        Some(Json::String(text)) if text.len() > 200 => json!(format!("{} characters", text.chars().count())),
        value => value.unwrap_or(Json::Null),
    }
}

fn tell<'a>(faults: impl Iterator<Item = &'a Fault>) {
    for fault in faults {
        tracing::error!(setting = fault.key, reason = fault.text, "a setting of the database is left out");
    }
}

#[async_trait]
impl SettingsDesk for Live {
    async fn show(&self, exchange: &mut Exchange) -> Result<Json, ApiError> {
        let overlay = settings::read(&exchange.scope(), &self.auth.config).await?;
        let base = self.base.load_full();
        let (effective, faults) = base.with_settings(&overlay.values);
        let shown = effective.settings().into_iter().map(|setting| {
            let mut json = setting.to_json(&effective, &base);
            if let (Some(fields), Some((by, at))) = (json.as_object_mut(), overlay.set.get(&setting.key)) {
                fields.insert("updatedBy".to_owned(), json!(by));
                fields.insert("updatedAt".to_owned(), json!(at.map(crate::clock::Timestamp::to_iso)));
            }
            json
        });
        let faults = overlay.faults.iter().chain(&faults);
        let faults: Vec<Json> = faults.map(|fault| json!({ "key": fault.key, "message": fault.text })).collect();
        Ok(json!({ "version": overlay.version, "settings": shown.collect::<Vec<_>>(), "faults": faults }))
    }

    async fn change(
        &self,
        exchange: &mut Exchange,
        version: i64,
        values: Vec<(String, Option<Json>)>,
    ) -> Result<Changed, ApiError> {
        let _turn = self.turn.lock().await;
        let overlay = settings::read(&*self.auth.store, &self.auth.config).await?;
        if overlay.version != version {
            return Ok(Changed::Outdated);
        }
        let base = self.base.load_full();
        let (old, known) = base.with_settings(&overlay.values);
        let locked = values.iter().filter_map(|(key, _)| {
            let variable = base.variable_of(key)?;
            Some(Fault { key: key.clone(), text: format!("is set by the variable {variable}") })
        });
        let mut faults: Vec<Fault> = locked.collect();
        let changed: BTreeSet<&String> = values.iter().map(|(key, _)| key).collect();
        let kept = overlay.values.iter().filter(|(key, _)| !changed.contains(key)).cloned();
        let set = values.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
        let (new, found) = base.with_settings(&kept.chain(set).collect::<Vec<_>>());
        // What was wrong before is not this change's fault.
        faults.extend(found.into_iter().filter(|fault| changed.contains(&fault.key) || !known.contains(fault)));
        if !faults.is_empty() {
            return Ok(Changed::Refused(faults));
        }
        let made = match self.make(new.clone()).await {
            Ok(made) => made,
            Err(error) => return Ok(Changed::Refused(unloadable(&values, &error))),
        };
        let change = Self::draft(exchange, (&old, &new), version, values);
        let Some(next) = settings::write(&self.auth.store, exchange.auth(), &change).await? else {
            return Ok(Changed::Outdated);
        };
        exchange.trail.is_told = exchange.auth().audit.is_on();
        self.put(made, next);
        Ok(Changed::Done)
    }
}

/// A plugin or another part refuses what no check of one value sees: the fault is shown at the setting that its words name,
/// or else at all that were changed.
fn unloadable(values: &[(String, Option<Json>)], error: &StartError) -> Vec<Fault> {
    let text = error.to_string();
    let fault = |(key, _): &(String, Option<Json>)| Fault { key: key.clone(), text: text.clone() };
    let named = |(key, _): &&(String, Option<Json>)| key.rsplit('.').next().is_some_and(|end| text.contains(end));
    let meant: Vec<Fault> = values.iter().filter(named).map(fault).collect();
    if meant.is_empty() { values.iter().map(fault).collect() } else { meant }
}

/// Looks for changed settings until it is dropped.
pub(super) struct Watch(JoinHandle<()>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}
