//! What a plugin does beside requests: jobs, and what it does when it hears of an event of another plugin.

use crate::error::Result;
use doorward_contract::{EmitRule, FieldRule, JobRule, ListenRule};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What the function of a job or a listener is given.
pub(crate) type TaskFn = fn(&Task) -> Result<()>;

/// One run of a job, or one event that is heard of.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// # fake::reset();
/// fn bill(task: &Task) -> Result<()> {
///     let user: String = task.payload()?;
///     // A second attempt asks for the same payment.
///     let order = json!({ "user": user, "order": task.id() });
///     http::Request::post("https://pay.example.com/orders").json(&order)?.enqueue()?;
///     Ok(())
/// }
///
/// let plugin = Plugin::new("billing", "1.0.0").http_host("pay.example.com").job(Job::new("bill", bill));
/// fake::run_job(&plugin, "bill", &json!("user-1"))?;
/// assert_eq!(fake::with(|world| world.http_queued.len()), 1);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Task {
    id: String,
    attempt: u32,
    payload: Value,
}

/// A job: work that the server runs by a schedule, or when the plugin enqueues it with [`jobs`](crate::jobs). One node of the
/// server runs it. When it fails, it is tried again, less and less often; after ten attempts it is kept as failed, and
/// `doorward jobs list` shows it.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
///
/// fn plugin() -> Plugin {
///     Plugin::new("invites", "1.0.0")
///         .table(Table::new("invite").field(FieldRule::new("spent", FieldType::Boolean).required()))
///         // Once an hour, on one node.
///         .job(Job::new("tidy", |_task| models::delete("invite", eq("spent", true)).map(drop)).every("1h"))
///         // When `jobs::enqueue("remind", …)` asks for it.
///         .job(Job::new("remind", |task| {
///             let email: String = task.payload()?;
///             log::info(&email);
///             Ok(())
///         }))
/// }
/// # fake::reset();
/// fake::run_job(&plugin(), "remind", &json!("ada@example.com"))?;
/// assert!(fake::with(|world| world.log[0].contains("ada@example.com")));
/// # Ok::<(), Error>(())
/// ```
pub struct Job {
    pub(crate) rule: JobRule,
    pub(crate) call: TaskFn,
}

/// An event that a plugin emits for others, with [`plugin_events::emit`](crate::plugin_events::emit). Others hear of it as
/// `plugin-id:name`.
///
/// ```
/// use doorward_sdk::prelude::*;
/// # let _ =
/// Plugin::new("invites", "1.0.0").emits(
///     Emission::new("redeemed")
///         .field(FieldRule::new("userId", FieldType::String).required())
///         // Only who is granted `listens:invites:redeemed:secrets` is told.
///         .secret_field(FieldRule::new("code", FieldType::String)),
/// )
/// # ;
/// ```
pub struct Emission {
    pub(crate) rule: EmitRule,
}

/// Hears of an event of another plugin, after the change that caused it has committed. The operator grants it by name.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
///
/// fn plugin() -> Plugin {
///     let redeemed = Listener::new("invites:redeemed", |task| {
///         let told: Value = task.payload()?;
///         log::info(&format!("{} is here", told["userId"]));
///         Ok(())
///     });
///     Plugin::new("greeter", "1.0.0").listens(redeemed.field(FieldRule::new("userId", FieldType::String).required()))
/// }
/// # fake::reset();
/// fake::hear(&plugin(), "invites:redeemed", &json!({ "userId": "user-1" }))?;
/// # Ok::<(), Error>(())
/// ```
pub struct Listener {
    pub(crate) rule: ListenRule,
    pub(crate) call: TaskFn,
}

impl Task {
    pub(crate) fn new(id: String, attempt: u32, payload: Value) -> Task {
        Task { id, attempt, payload }
    }

    /// The same at each attempt, and no other task's: whoever must not do a thing twice remembers it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// 1 at first.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// What was enqueued or emitted; JSON `null` when a schedule causes the run.
    ///
    /// # Errors
    /// When it is no `T`.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_value(self.payload.clone())?)
    }
}

impl Job {
    /// A job that runs when it is enqueued. Its name has lower case letters, digits and hyphens.
    pub fn new(name: &'static str, call: fn(&Task) -> Result<()>) -> Job {
        Job { rule: JobRule::new(name), call }
    }

    /// Runs once in each period too, whatever the number of nodes: `30s`, `15m`, `1h`, `7d`. Periods begin at multiples of
    /// their length, in UTC: one of `1d` begins at midnight.
    pub fn every(mut self, period: &'static str) -> Job {
        self.rule.every = Some(period);
        self
    }
}

impl Emission {
    /// An event that tells nothing but that it happened. Its name has lower case letters, digits and hyphens.
    pub fn new(name: &'static str) -> Emission {
        Emission { rule: EmitRule::new(name) }
    }

    /// Adds a field that it tells.
    pub fn field(mut self, field: FieldRule) -> Emission {
        self.rule.fields.push(field);
        self
    }

    /// Adds a field that is told only to who is granted the secrets too.
    pub fn secret_field(mut self, field: FieldRule) -> Emission {
        self.rule.secrets.push(field.name);
        self.field(field)
    }
}

impl Listener {
    /// Hears that `event` happened: the other plugin's id and the event's name, with a colon between them.
    pub fn new(event: &'static str, call: fn(&Task) -> Result<()>) -> Listener {
        Listener { rule: ListenRule::new(event), call }
    }

    /// A field that it is told; what the event tells besides is left out. One that is `required` must be there: without it, the
    /// call fails.
    pub fn field(mut self, field: FieldRule) -> Listener {
        self.rule.fields.push(field);
        self
    }

    /// Is told secret fields too, when the operator grants `listens:PLUGIN:EVENT:secrets`.
    pub fn with_secrets(mut self) -> Listener {
        self.rule.secrets = true;
        self
    }
}
