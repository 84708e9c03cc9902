//! The manifest: what a plugin declares, as the JSON text that the server reads without running anything.
//!
//! Flat: one file for each kind of rule in it.

pub(crate) mod background;
pub(crate) mod call;
pub(crate) mod condition;
pub(crate) mod cookie;
pub(crate) mod event;
pub(crate) mod field;
pub(crate) mod hook;
pub(crate) mod mail;
pub(crate) mod page;
pub(crate) mod rate;
pub(crate) mod right;
pub(crate) mod route;
pub(crate) mod step;
pub(crate) mod table;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error_code::ErrorCode;
use crate::secrets::sounds_secret;
use background::{EmitRule, JobRule, ListenRule};
use call::CallRule;
use condition::Condition;
use cookie::CookieRule;
use event::EventRule;
use field::{FieldRule, FieldType};
use hook::On;
use mail::MailTemplate;
use page::{ContributionRule, PageRule, is_slot};
use rate::RateRule;
use route::{FunctionRule, RouteRule};
use step::Step;
use table::Table;

/// The custom section of a component that holds the manifest as JSON text.
pub const MANIFEST_SECTION: &str = "doorward:manifest";
/// What the names of the custom sections begin with that hold assets; the asset's name follows.
pub const ASSET_SECTION: &str = "doorward:asset:";
/// The newest form of the manifest.
pub const MANIFEST_VERSION: u32 = 1;

/// A plugin's declaration.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
pub struct Manifest<S = &'static str> {
    /// The form of the manifest itself.
    pub manifest_version: u32,
    /// In lower case with hyphens.
    pub id: S,
    /// The plugin's own version.
    pub version: S,
    /// The SDK that it was built with.
    pub sdk_version: S,
    /// Endpoints; the guest is called by index.
    #[serde(default)]
    pub routes: Vec<RouteRule<S>>,
    /// Pages; the guest is called by index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<PageRule<S>>,
    /// Places on its pages where others add sections.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<S>,
    /// Sections that it adds to slots of others; the guest is called by index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contributions: Vec<ContributionRule<S>>,
    /// Whether its sections have markup or scripts of their own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub page_scripts: bool,
    /// Names of the assets in the component; written by `doorward plugin build`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<S>,
    /// Options whose values everyone may see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub public_options: Vec<S>,
    /// Hooks before endpoints; the guest is called by index.
    #[serde(default)]
    pub before: Vec<On<S>>,
    /// Hooks after endpoints; the guest is called by index.
    #[serde(default)]
    pub after: Vec<On<S>>,
    /// Whether it is asked about sign-ins.
    #[serde(default)]
    pub is_gate: bool,
    /// One of its boolean fields of users; the gate runs only for users where it is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate_when_user: Option<S>,
    /// Parts in changes of rows; the guest is called by index.
    #[serde(default)]
    pub events: Vec<EventRule<S>>,
    /// Whether it adds claims to tokens.
    #[serde(default)]
    pub claims: bool,
    /// One of its fields of sessions; claims are added only for sessions in which it has a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims_when_session: Option<S>,
    /// Whether it decides what users may do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decides_permissions: bool,
    /// Functions for the application's own backend; the guest is called by index.
    #[serde(default)]
    pub functions: Vec<FunctionRule<S>>,
    /// Hosts that it sends requests to: a name, or `*.` and a name.
    #[serde(default)]
    pub http_hosts: Vec<S>,
    /// Other endpoints of the server that it calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallRule<S>>,
    /// Options that hold the URL of a host that it sends requests to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub http_host_options: Vec<S>,
    /// Options and their defaults.
    #[serde(default)]
    pub options: Map<String, Value>,
    /// Limits on requests.
    #[serde(default)]
    pub rate_limits: Vec<RateRule<S>>,
    /// Cookies that it owns.
    #[serde(default)]
    pub cookies: Vec<CookieRule<S>>,
    /// Tables of its own.
    #[serde(default)]
    pub tables: Vec<Table<S>>,
    /// What happens to the rows of its tables, and to its fields of users and sessions, when a new version declares them otherwise,
    /// in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step<S>>,
    /// Fields that it adds to users.
    #[serde(default)]
    pub user_fields: Vec<FieldRule<S>>,
    /// Fields that it adds to sessions.
    #[serde(default)]
    pub session_fields: Vec<FieldRule<S>>,
    /// Fields of users that it reads beside those that clients see and its own.
    #[serde(default)]
    pub reads_user_fields: Vec<S>,
    /// Fields of sessions that it writes beside its own.
    #[serde(default)]
    pub writes_session_fields: Vec<S>,
    /// Core fields that it sets on new users.
    #[serde(default)]
    pub creates_user_with: Vec<S>,
    /// Core fields that it changes on users.
    #[serde(default)]
    pub updates_user_fields: Vec<S>,
    /// Prefixes of the verifications that it owns.
    #[serde(default)]
    pub verification_prefixes: Vec<S>,
    /// Kinds of mail that it sends.
    #[serde(default)]
    pub mails: Vec<S>,
    /// What they say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mail_templates: Vec<MailTemplate<S>>,
    /// Work that the server runs beside requests; the guest is called by index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<JobRule<S>>,
    /// Events of its own for other plugins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emits: Vec<EmitRule<S>>,
    /// Events of other plugins that it hears of; the guest is called by index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listens: Vec<ListenRule<S>>,
    /// Error codes that it answers with.
    #[serde(default)]
    pub errors: Vec<ErrorCode<S>>,
    /// Names of fields in its requests, answers and mails that are secret, beside those that everyone's are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<S>,
    /// Capabilities that the component imports; written by `doorward plugin build`.
    #[serde(default)]
    pub capabilities: Vec<S>,
}

impl<S> Manifest<S> {
    /// A plugin that declares nothing yet.
    pub fn new(id: S, version: S, sdk_version: S) -> Self {
        Self {
            manifest_version: MANIFEST_VERSION,
            id,
            version,
            sdk_version,
            routes: Vec::new(),
            pages: Vec::new(),
            slots: Vec::new(),
            contributions: Vec::new(),
            page_scripts: false,
            assets: Vec::new(),
            public_options: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            is_gate: false,
            gate_when_user: None,
            events: Vec::new(),
            claims: false,
            claims_when_session: None,
            decides_permissions: false,
            functions: Vec::new(),
            http_hosts: Vec::new(),
            calls: Vec::new(),
            http_host_options: Vec::new(),
            options: Map::new(),
            rate_limits: Vec::new(),
            cookies: Vec::new(),
            tables: Vec::new(),
            steps: Vec::new(),
            user_fields: Vec::new(),
            session_fields: Vec::new(),
            reads_user_fields: Vec::new(),
            writes_session_fields: Vec::new(),
            creates_user_with: Vec::new(),
            updates_user_fields: Vec::new(),
            verification_prefixes: Vec::new(),
            mails: Vec::new(),
            mail_templates: Vec::new(),
            jobs: Vec::new(),
            emits: Vec::new(),
            listens: Vec::new(),
            errors: Vec::new(),
            secrets: Vec::new(),
            capabilities: Vec::new(),
        }
    }
}

impl<S: AsRef<str>> Manifest<S> {
    /// What it declares that cannot be; `is_date` says which texts are dates.
    pub fn fault(&self, is_date: impl Fn(&str) -> bool) -> Option<String> {
        if !is_id(self.id.as_ref()) {
            return Some("an id has lower case letters, digits and hyphens".to_owned());
        }
        self.place_fault()
            .or_else(|| self.page_fault())
            .or_else(|| self.user_fields.iter().find_map(|field| field.fault("user", &is_date)))
            .or_else(|| self.session_fields.iter().find_map(|field| field.fault("session", &is_date)))
            .or_else(|| self.tables.iter().find_map(|table| table.fault(&is_date)))
            .or_else(|| (0..self.steps.len()).find_map(|place| Step::fault(place, self, &is_date)))
            .or_else(|| self.events.iter().find_map(EventRule::fault))
            .or_else(|| {
                let templates = &self.mail_templates;
                (0..templates.len()).find_map(|place| MailTemplate::fault(place, templates, &self.mails))
            })
            .or_else(|| background::fault(self, &is_date))
            .or_else(|| self.watched_user_fault())
            .or_else(|| self.watched_session_fault())
            .or_else(|| self.name_fault())
    }

    /// Of routes, hooks and limits.
    fn place_fault(&self) -> Option<String> {
        let hooks = || self.before.iter().chain(&self.after);
        let routes = self.routes.iter().map(|route| &route.path);
        let paths =
            hooks().map(|hook| &hook.pattern).chain(routes).chain(self.rate_limits.iter().map(|rule| &rule.path));
        let paths = paths.chain(self.calls.iter().map(|rule| &rule.pattern));
        if let Some(path) = paths.map(AsRef::as_ref).find(|path| !path.starts_with('/')) {
            return Some(format!("the path `{path}` does not begin with `/`"));
        }
        if let Some(fault) = self.routes.iter().find_map(RouteRule::fault) {
            return Some(fault);
        }
        hooks().flat_map(|hook| &hook.conditions).find_map(Condition::fault)
    }

    /// Of pages, slots and contributions, and of what is shown there.
    fn page_fault(&self) -> Option<String> {
        if let Some(fault) = self.pages.iter().find_map(PageRule::fault) {
            return Some(fault);
        }
        if self.pages.iter().filter(|page| page.signs_in).count() > 1 {
            return Some("it has two sign-in pages".to_owned());
        }
        let asked: Vec<&str> = self.contributions.iter().map(|rule| rule.slot.as_ref()).collect();
        let mut slots = self.slots.iter().map(AsRef::as_ref).chain(asked.iter().copied());
        if let Some(slot) = slots.find(|slot| !is_slot(slot)) {
            return Some(format!("`{slot}` is no slot: write words with a dot between them, `account.security`"));
        }
        let is_own = |slot: &&&str| self.slots.iter().any(|own| own.as_ref() == **slot);
        if let Some(slot) = asked.iter().find(is_own) {
            return Some(format!("it adds to the slot `{slot}`, which is its own"));
        }
        let is_twice = |(place, slot): &(usize, &&str)| asked.iter().take(*place).any(|other| other == *slot);
        if let Some((_, slot)) = asked.iter().enumerate().find(is_twice) {
            return Some(format!("it adds two sections to the slot `{slot}`"));
        }
        let mut shown = self.public_options.iter().map(AsRef::as_ref);
        let wrong = shown.find(|name| sounds_secret(name) || !self.options.contains_key(*name));
        wrong.map(|name| format!("it shows the option `{name}`, which sounds like a secret or is none of its options"))
    }

    /// A limit on a path that is no route of its own, or that a parameter makes one of others too. Asked before routes go
    /// where options say.
    pub fn foreign_limit(&self) -> Option<&str> {
        let is_page = |path: &&str| !path.contains(':') && self.pages.iter().any(|page| page.path.as_ref() == *path);
        let mut limited = self.rate_limits.iter().map(|rule| rule.path.as_ref());
        limited.find(|path| !self.is_own_path(path) && !is_page(path))
    }

    /// Whether it runs scripts in browsers: with modules of its own, or markup.
    pub fn runs_page_scripts(&self) -> bool {
        self.page_scripts || self.assets.iter().any(|name| name.as_ref().ends_with(".js"))
    }

    /// Whether the paths of a hook are the plugin's own: one of its routes, letter by letter, and no parameter in it.
    pub fn is_own_path(&self, pattern: &str) -> bool {
        !pattern.contains([':', '*']) && self.has_route(pattern)
    }

    fn has_route(&self, path: &str) -> bool {
        self.routes.iter().any(|route| route.path.as_ref() == path)
    }

    /// Of fields of users that the server looks at before it calls the plugin.
    fn watched_user_fault(&self) -> Option<String> {
        let is_own = |name: &str| {
            self.user_fields.iter().any(|field| field.name.as_ref() == name && field.kind == FieldType::Boolean)
        };
        let watched = self.events.iter().filter_map(|event| event.when_user.as_ref()).chain(&self.gate_when_user);
        let wrong = watched.map(AsRef::as_ref).find(|name| !is_own(name));
        wrong.map(|name| format!("`{name}` is no boolean field that it adds to users"))
    }

    /// Of fields of sessions that the server looks at before it calls the plugin.
    fn watched_session_fault(&self) -> Option<String> {
        let is_own = |name: &str| self.session_fields.iter().any(|field| field.name.as_ref() == name);
        let conditions = self.before.iter().chain(&self.after).flat_map(|hook| &hook.conditions);
        let of_hooks = conditions.filter_map(|condition| match condition {
            Condition::Session(field) => Some(field),
            _ => None,
        });
        let wrong = of_hooks.chain(&self.claims_when_session).map(AsRef::as_ref).find(|name| !is_own(name));
        wrong.map(|name| format!("`{name}` is no field that it adds to sessions"))
    }

    /// Of functions, hosts and prefixes.
    fn name_fault(&self) -> Option<String> {
        if let Some(function) = self.functions.iter().map(|function| function.name.as_ref()).find(|name| !is_id(name)) {
            return Some(format!("the function `{function}`: a name has lower case letters, digits and hyphens"));
        }
        if let Some(host) = self.http_hosts.iter().map(AsRef::as_ref).find(|host| !is_host(host)) {
            return Some(format!("`{host}` is no host: write `api.example.com` or `*.example.com`"));
        }
        let mut prefixes = self.verification_prefixes.iter().map(AsRef::as_ref);
        let short = prefixes.find(|prefix| prefix.len() < 4 || !prefix.ends_with([':', '-']));
        short.map(|prefix| format!("the verification prefix `{prefix}` needs 4 characters and `:` or `-` at its end"))
    }
}

pub(crate) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_host(host: &str) -> bool {
    let name = host.strip_prefix("*.").unwrap_or(host);
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:".contains(&byte);
    !name.is_empty() && name.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> Option<String> {
        let text = format!(r#"{{"manifest_version":1,"id":"x","version":"1","sdk_version":"1"{json}}}"#);
        serde_json::from_str::<Manifest<String>>(&text).unwrap().fault(|text| text != "soon")
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert_eq!(fault(""), None);
        for (json, part) in [
            (r#","routes":[{"method":"GET","path":"x"}]"#, "begin with `/`"),
            (r#","routes":[{"method":"TRACE","path":"/x"}]"#, "GET, POST, PUT, PATCH or DELETE"),
            (r#","routes":[{"method":"GET","path":"/x","accepts":["text/csv"]}]"#, "takes no body"),
            (r#","routes":[{"method":"PUT","path":"/x","accepts":["csv"]}]"#, "no media type"),
            (r#","pages":[{"path":"/a/"}]"#, "the page `/a/`"),
            (r#","pages":[{"path":"/a","signs_in":true,"needs_session":true}]"#, "cannot need a session"),
            (r#","pages":[{"path":"/a","signs_in":true},{"path":"/b","signs_in":true}]"#, "two sign-in pages"),
            (r#","slots":["account"]"#, "is no slot"),
            (r#","contributions":[{"slot":"a.*","title":"A","order":1}]"#, "is no slot"),
            (r#","slots":["a.b"],"contributions":[{"slot":"a.b","title":"A","order":1}]"#, "its own"),
            (
                r#","contributions":[{"slot":"a.b","title":"A","order":1},{"slot":"a.b","title":"B","order":2}]"#,
                "two sections",
            ),
            (r#","options":{"client_secret":""},"public_options":["client_secret"]"#, "sounds like a secret"),
            (r#","public_options":["a"]"#, "none of its options"),
            (r#","before":[{"pattern":"*"}]"#, "begin with `/`"),
            (r#","rate_limits":[{"path":"x","max":1,"window_secs":1}]"#, "begin with `/`"),
            (r#","calls":[{"pattern":"**"}]"#, "begin with `/`"),
            (r#","verification_prefixes":["a"]"#, "needs 4 characters"),
            (r#","verification_prefixes":["abcd"]"#, "at its end"),
            (r#","after":[{"pattern":"/x","conditions":[{"header":"Set-Auth"}]}]"#, "in lower case"),
            (r#","after":[{"pattern":"/x","conditions":[{"methods":["get"]}]}]"#, "which is none of GET, POST"),
            (r#","events":[{"model":"jwks","action":"create","moment":"before"}]"#, "no events"),
            (
                r#","events":[{"model":"user","action":"create","moment":"before","when_user":"a"}]"#,
                "no user to look at",
            ),
            (
                r#","events":[{"model":"session","action":"create","moment":"before","when_user":"a"}]"#,
                "`a` is no boolean",
            ),
            (r#","gate_when_user":"a","user_fields":[{"name":"a","type":"string"}]"#, "`a` is no boolean"),
            (r#","claims_when_session":"a""#, "`a` is no field that it adds to sessions"),
            (r#","before":[{"pattern":"/x","conditions":[{"session":"a"}]}]"#, "`a` is no field"),
            (r#","functions":[{"name":"View"}]"#, "the function `View`"),
            (r#","http_hosts":["https://x"]"#, "is no host"),
            (r#","user_fields":[{"name":"a","type":"boolean","default":0}]"#, "user.a has another type"),
            (r#","session_fields":[{"name":"a","type":"date","default":"soon"}]"#, "session.a has another type"),
            (r#","tables":[{"name":"x","fields":[{"name":"id","type":"string"}]}]"#, "which every table has"),
        ] {
            let fault = fault(json).unwrap();
            assert!(fault.contains(part), "{fault}");
        }
    }
}
