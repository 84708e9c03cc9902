//! What a plugin declares beside its functions: hosts, tables, fields, cookies, mails, and what it reads and writes.

use crate::plugin::Backfill;
use crate::{Emission, Job, Listener, Plugin};
use doorward_contract::{CallRule, CookieRule, ErrorCode, FieldRule, MailTemplate, RateRule, Step, Table};

impl Plugin {
    /// A host that this plugin sends requests to: `api.example.com`, or `*.example.com` for every name below it.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// use doorward_sdk::fake::RawRequest;
    /// # doorward_sdk::fake::reset();
    /// let rain = Route::get("/rain", |_request, ()| {
    ///     Response::json(&http::Request::get("https://api.weather.example/rain").send()?.json::<Value>()?)
    /// });
    /// let plugin = Plugin::new("weather", "1.0.0").http_host("api.weather.example").route(rain);
    /// doorward_sdk::fake::answer_http("https://api.weather.example/rain", 200, "0.4");
    /// assert!(RawRequest::get("/rain", &[]).send(&plugin).is_ok());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn http_host(mut self, host: &'static str) -> Plugin {
        self.manifest.http_hosts.push(host);
        self
    }

    /// Endpoints of this server that [`endpoints`](crate::endpoints) calls: a path below the base path, or a pattern.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// use doorward_sdk::fake::{self, RawRequest};
    /// # fake::reset();
    /// let plugin = Plugin::new("devices", "1.0.0").calls("/list-sessions").route(Route::get("/devices", |_, ()| {
    ///     let sessions: Vec<Value> = endpoints::get("/list-sessions", &[])?.json()?;
    ///     Response::json(&sessions.len())
    /// }));
    /// fake::answer_endpoint("GET", "/list-sessions", 200, &json!([{}, {}]));
    /// assert_eq!(fake::body(&RawRequest::get("/devices", &[]).send(&plugin)?), 2);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn calls(mut self, pattern: &'static str) -> Plugin {
        self.manifest.calls.push(CallRule::new(pattern));
        self
    }

    /// As [`Plugin::calls`], and sees the secrets in their answers.
    pub fn calls_with_secrets(mut self, pattern: &'static str) -> Plugin {
        self.manifest.calls.push(CallRule::new(pattern).reading_secrets());
        self
    }

    /// An option that holds the URL of a host that this plugin sends requests to, as the operator wrote it. A dot goes into a
    /// table: `provider.discovery_url`.
    pub fn http_host_option(mut self, option: &'static str) -> Plugin {
        self.manifest.http_host_options.push(option);
        self
    }

    /// Limits how often one client may call a path.
    pub fn rate_limit(mut self, rule: RateRule) -> Plugin {
        self.manifest.rate_limits.push(rule);
        self
    }

    /// A cookie that this plugin sets or reads.
    pub fn cookie(mut self, rule: CookieRule) -> Plugin {
        self.manifest.cookies.push(rule);
        self
    }

    /// A field that this plugin adds to users. It may write it.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// let plugin = Plugin::new("profiles", "1.0.0")
    ///     .user_field(FieldRule::new("pronouns", FieldType::String).input())
    ///     .user_field(FieldRule::new("invitedBy", FieldType::String).references("user").hidden());
    /// # let _ = plugin;
    /// ```
    pub fn user_field(mut self, rule: FieldRule) -> Plugin {
        self.manifest.user_fields.push(rule);
        self
    }

    /// A field that this plugin adds to sessions. It may write it.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// use doorward_sdk::fake::{self, RawRequest};
    /// # fake::reset();
    /// let plugin = Plugin::new("tenants", "1.0.0")
    ///     .session_field(FieldRule::new("tenant", FieldType::String))
    ///     .route(Route::post("/tenants/:id/enter", |request, ()| {
    ///         sessions::update_current(&json!({ "tenant": request.param("id") }))?;
    ///         Ok(Response::empty(204))
    ///     }));
    /// # fake::sign_in(&users::create(&json!({ "email": "ada@example.com" }))?);
    /// assert_eq!(fake::status(&RawRequest::post("/tenants/acme/enter", &json!({})).send(&plugin)?), 204);
    /// # assert_eq!(sessions::require()?.get("tenant"), Some(&json!("acme")));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn session_field(mut self, rule: FieldRule) -> Plugin {
        self.manifest.session_fields.push(rule);
        self
    }

    /// A table of this plugin's own.
    pub fn table(mut self, table: Table) -> Plugin {
        self.manifest.tables.push(table);
        self
    }

    /// What happens to the rows of its tables, and to its fields of users and sessions (the tables `user` and `session`), when a
    /// new version declares them otherwise. Steps stay for ever, in their order: each is done once in every database.
    /// `doorward migrate --plan` shows them.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    ///
    /// // Up to 1.1, `label` was called `code`, and there was no `color`.
    /// # let _ =
    /// Plugin::new("notes", "1.2.0")
    ///     .table(
    ///         Table::new("note")
    ///             .field(FieldRule::new("label", FieldType::String).required())
    ///             .field(FieldRule::new("color", FieldType::String)),
    ///     )
    ///     .step(Step::rename("1.2: code is label", "note", "code", "label"))
    ///     .step(Step::fill("1.2: color", "note", "color", "grey"))
    /// # ;
    /// ```
    pub fn step(mut self, step: Step) -> Plugin {
        self.manifest.steps.push(step);
        self
    }

    /// A step that asks `work` about every row that `table` has: given the row, it returns the fields to set, none to leave
    /// it. The rows come in batches; each is kept before the next begins, so a migration that was interrupted goes on where
    /// it was.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// fn count_words(row: &Value) -> Result<Map<String, Value>> {
    ///     let words = row["text"].as_str().unwrap_or_default().split_whitespace().count();
    ///     Ok(Map::from_iter([("words".to_owned(), json!(words))]))
    /// }
    ///
    /// let note = Table::new("note").field(FieldRule::new("words", FieldType::Number));
    /// let plugin = Plugin::new("notes", "1.2.0").table(note).backfill("1.2: count the words", "note", count_words);
    /// # let _ = plugin;
    /// assert_eq!(count_words(&json!({ "text": "milk and bread" }))?["words"], 3);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn backfill(mut self, name: &'static str, table: &'static str, work: Backfill) -> Plugin {
        let index = u32::try_from(self.backfills.len()).unwrap_or(u32::MAX);
        self.manifest.steps.push(Step::backfill(name, table, index));
        self.backfills.push(work);
        self
    }

    /// Work that the server runs beside requests. See [`Job`].
    pub fn job(mut self, job: Job) -> Plugin {
        self.manifest.jobs.push(job.rule);
        self.jobs.push(job.call);
        self
    }

    /// An event for other plugins. See [`Emission`].
    pub fn emits(mut self, event: Emission) -> Plugin {
        self.manifest.emits.push(event.rule);
        self
    }

    /// Hears of an event of another plugin. See [`Listener`].
    pub fn listens(mut self, listener: Listener) -> Plugin {
        self.manifest.listens.push(listener.rule);
        self.listeners.push(listener.call);
        self
    }

    /// Fields of users that this plugin sees beside those that clients see and its own.
    pub fn reads_users(mut self, fields: &'static [&'static str]) -> Plugin {
        self.manifest.reads_user_fields = fields.to_vec();
        self
    }

    /// Fields of sessions that this plugin writes beside its own.
    pub fn writes_sessions(mut self, fields: &'static [&'static str]) -> Plugin {
        self.manifest.writes_session_fields = fields.to_vec();
        self
    }

    /// Core fields that this plugin sets when it creates a user.
    pub fn creates_users_with(mut self, fields: &'static [&'static str]) -> Plugin {
        self.manifest.creates_user_with = fields.to_vec();
        self
    }

    /// Core fields of existing users that this plugin changes.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// use doorward_sdk::fake::RawRequest;
    /// # doorward_sdk::fake::reset();
    /// let change = Function::new("change-profile", |request, ()| {
    ///     Response::json(&users::update("user-1", &request.body().unwrap_or_default())?)
    /// });
    /// let plugin = Plugin::new("profiles", "1.0.0").updates_users(&["name", "image"]).function(change);
    /// # users::create(&json!({ "email": "ada@example.com" }))?;
    /// let ask = |body: Value| RawRequest::post("/", &body).call(&plugin, "change-profile");
    /// assert!(ask(json!({ "name": "Ada L." })).is_ok());
    /// assert!(ask(json!({ "emailVerified": true })).is_err(), "that is not a profile's to say");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn updates_users(mut self, fields: &'static [&'static str]) -> Plugin {
        self.manifest.updates_user_fields = fields.to_vec();
        self
    }

    /// Identifiers of verifications that begin with `prefix` belong to this plugin.
    pub fn verifications(mut self, prefix: &'static str) -> Plugin {
        self.manifest.verification_prefixes.push(prefix);
        self
    }

    /// A kind of mail that this plugin sends.
    pub fn mail(mut self, kind: &'static str) -> Plugin {
        self.manifest.mails.push(kind);
        self
    }

    /// A kind of mail that this plugin sends, with what it says; say it once for each language. Which one a recipient gets is
    /// the `language` in the mail's data.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// # let _ =
    /// Plugin::new("invites", "1.0.0")
    ///     .mail_template(MailTemplate::new("invite", "{{ data.host }} invites you", "Come to {{ url }}"))
    ///     .mail_template(MailTemplate::new("invite", "{{ data.host }} lädt ein", "Komm zu {{ url }}").language("de"))
    /// # ;
    /// ```
    pub fn mail_template(mut self, template: MailTemplate) -> Plugin {
        if !self.manifest.mails.contains(&template.kind) {
            self.manifest.mails.push(template.kind);
        }
        self.manifest.mail_templates.push(template);
        self
    }

    /// A field of its requests, answers and mails, or a header line of answers, whose value is a secret: nobody else's
    /// plugin or script sees it without a grant of its own.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// use doorward_sdk::fake::{RawReply, RawRequest};
    /// # doorward_sdk::fake::reset();
    /// // Nobody's hook sees the code of an invitation, unless the operator grants it.
    /// let plugin = Plugin::new("invites", "1.0.0").secret("inviteCode");
    /// let watcher = Plugin::new("watcher", "1.0.0")
    ///     .secret("inviteCode")
    ///     .after(On::any_path().reads_answer(), |_request, reply| Ok(log::info(&format!("{:?}", reply.body()))));
    /// RawRequest::post("/x", &json!({})).run_after(&watcher, &RawReply::with_body(&json!({ "inviteCode": "K7" })))?;
    /// assert!(!doorward_sdk::fake::with(|world| world.log[0].contains("K7")));
    /// # let _ = plugin;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn secret(mut self, name: &'static str) -> Plugin {
        self.manifest.secrets.push(name);
        self
    }

    /// An error code that this plugin answers with.
    ///
    /// ```
    /// use doorward_sdk::prelude::*;
    /// const SOLD_OUT: ErrorCode = ErrorCode::new(409, "SOLD_OUT", "No seat is left");
    ///
    /// let take = Route::post("/seats/take", |_request, ()| Err(SOLD_OUT.into()));
    /// let plugin = Plugin::new("seats", "1.0.0").error(SOLD_OUT).route(take);
    /// # let refused = doorward_sdk::fake::RawRequest::post("/seats/take", &json!({})).send(&plugin);
    /// # assert_eq!(refused.unwrap_err().refusal().status, 409);
    /// ```
    pub fn error(mut self, code: ErrorCode) -> Plugin {
        self.manifest.errors.push(code);
        self
    }
}
