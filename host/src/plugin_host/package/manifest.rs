//! What a plugin declares: read from a custom section of its component, without running anything.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use wasmparser::{Parser, Payload};

pub use super::condition::Condition;
use super::contract;
pub use super::fields::{FieldRule, FieldType, Table};
use crate::plugin_host::error::PluginError;

/// The custom section that holds the manifest as JSON text.
pub const SECTION: &str = "doorward:manifest";
/// The newest manifest that this server reads.
const VERSION: u32 = 1;

/// A plugin's declaration.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Manifest {
    /// The form of the manifest itself.
    pub manifest_version: u32,
    /// Lower case with hyphens.
    pub id: String,
    /// The plugin's own version.
    pub version: String,
    /// The SDK that it was built with.
    pub sdk_version: String,
    /// Endpoints; the guest is called by index.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// Hooks before endpoints; the guest is called by index.
    #[serde(default)]
    pub before: Vec<Hook>,
    /// Hooks after endpoints; the guest is called by index.
    #[serde(default)]
    pub after: Vec<Hook>,
    /// Whether it is asked about sign-ins.
    #[serde(default)]
    pub is_gate: bool,
    /// One of this plugin's boolean user fields; the gate runs only for users where it is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate_when_user: Option<String>,
    /// Parts in changes of rows; the guest is called by index.
    #[serde(default)]
    pub events: Vec<Event>,
    /// Whether it adds claims to tokens.
    #[serde(default)]
    pub claims: bool,
    /// Functions for the application's own backend; the guest is called by index.
    #[serde(default)]
    pub functions: Vec<Function>,
    /// Hosts that it sends requests to: a name, or `*.` and a name.
    #[serde(default)]
    pub http_hosts: Vec<String>,
    /// Options and their defaults.
    #[serde(default)]
    pub options: Map<String, Json>,
    /// Limits on requests.
    #[serde(default)]
    pub rate_limits: Vec<RateLimit>,
    /// Cookies that it owns.
    #[serde(default)]
    pub cookies: Vec<CookieRule>,
    /// Tables of its own.
    #[serde(default)]
    pub tables: Vec<Table>,
    /// Fields that it adds to users.
    #[serde(default)]
    pub user_fields: Vec<FieldRule>,
    /// Fields that it adds to sessions.
    #[serde(default)]
    pub session_fields: Vec<FieldRule>,
    /// Fields of users that it reads beside those that clients see and its own.
    #[serde(default)]
    pub reads_user_fields: Vec<String>,
    /// Fields of sessions that it writes beside its own.
    #[serde(default)]
    pub writes_session_fields: Vec<String>,
    /// Core fields that it sets on new users.
    #[serde(default)]
    pub creates_user_with: Vec<String>,
    /// Core fields that it changes on users.
    #[serde(default)]
    pub updates_user_fields: Vec<String>,
    /// Prefixes of the verifications that it owns.
    #[serde(default)]
    pub verification_prefixes: Vec<String>,
    /// Kinds of mail that it sends.
    #[serde(default)]
    pub mails: Vec<String>,
    /// Error codes that it answers with.
    #[serde(default)]
    pub errors: Vec<ErrorRule>,
    /// Capabilities that the component imports; written by `doorward plugin build`.
    #[serde(default)]
    pub capabilities: Vec<String>,
}

/// One endpoint.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Route {
    /// Upper case.
    pub method: String,
    /// Below the base path; `:name` matches one segment.
    pub path: String,
    /// Option that replaces the path; a dot goes into a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_option: Option<String>,
    /// Its origin is checked also without cookies.
    #[serde(default)]
    pub signs_in: bool,
    /// Takes forms beside JSON.
    #[serde(default)]
    pub accepts_form: bool,
    /// Query parameters that must hold trusted targets.
    #[serde(default)]
    pub redirect_params: Vec<String>,
}

/// One hook.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Hook {
    /// Exact path, or with `*` and `**`.
    pub pattern: String,
    /// What else must be so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Of a `before` hook: whether it runs before the `before` scripts, which then see what it says of the request.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ahead_of_scripts: bool,
}

/// One limit on requests.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct RateLimit {
    /// Exact path.
    pub path: String,
    /// Seconds.
    pub window_secs: u32,
    /// Requests per window, client and path.
    pub max: u32,
    /// Option `{ window, max }` that replaces the numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<String>,
}

/// One cookie.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CookieRule {
    /// The name, without the server's prefix unless it is literal.
    pub name: String,
    /// Whether the name is taken as it is.
    #[serde(default)]
    pub is_literal: bool,
    /// Whether names only begin so and end in data.
    #[serde(default)]
    pub is_prefix: bool,
    /// Option that replaces the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_option: Option<String>,
}

/// One function for the application's own backend.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Function {
    /// Lower case with hyphens.
    pub name: String,
}

/// One part in changes of rows.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Event {
    /// `user`, `session`, `account` or `verification`.
    pub model: String,
    /// What happens to the row.
    pub action: EventAction,
    /// Before or after it is written.
    pub moment: EventMoment,
    /// It is told only when this option is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_option: Option<String>,
    /// One of this plugin's boolean user fields; the event runs only for rows of users where it is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_user: Option<String>,
}

impl Event {
    fn is_of_a_user(&self) -> bool {
        matches!(self.model.as_str(), "session" | "account")
    }
}

/// What happens to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventAction {
    /// It is made.
    Create,
    /// It changes.
    Update,
    /// It is removed.
    Delete,
}

/// When an event is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventMoment {
    /// Before the row is written: it may still change, or be refused.
    Before,
    /// After it was written, before the commit.
    After,
}

/// One error code.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ErrorRule {
    /// HTTP status.
    pub status: u16,
    /// For programs.
    pub code: String,
    /// For people.
    pub message: String,
}

impl Manifest {
    /// Reads the manifest of a component. `file` is for messages.
    ///
    /// # Errors
    /// When the bytes are no component, have no manifest or two, or one that this server does not read.
    pub fn read(component: &[u8], file: &str) -> Result<Self, PluginError> {
        let not = |reason: String| PluginError::NotAPlugin { plugin: file.to_owned(), reason };
        if !component.starts_with(b"\0asm") {
            return Err(not("it is no WebAssembly. Build it with `doorward plugin build`".to_owned()));
        }
        let (mut found, mut names) = (Vec::new(), Vec::new());
        let mut depth = 0usize;
        for payload in Parser::new(0).parse_all(component) {
            match payload.map_err(|error| not(format!("it is damaged: {}", error.message())))? {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::CustomSection(section) if depth == 0 && section.name() == SECTION => {
                    found.push(section.data())
                }
                Payload::ComponentImportSection(section) if depth == 0 => {
                    names.extend(section.into_iter().flatten().map(|import| import.name.name.to_owned()));
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    names.extend(section.into_iter().flatten().map(|export| export.name.name.to_owned()));
                }
                _ => {}
            }
        }
        if let Some(fault) = contract::fault(names.iter().map(String::as_str), found.first().copied()) {
            return Err(not(fault));
        }
        match found[..] {
            [json] => Self::parse(json, file),
            [] => Err(not("it has no manifest. Build it with `doorward plugin build`".to_owned())),
            _ => Err(not("it has two manifests".to_owned())),
        }
    }

    /// Reads the manifest's JSON text. `file` is for messages.
    ///
    /// # Errors
    /// When it is unreadable, newer than this server, or names things that cannot be named so.
    pub fn parse(json: &[u8], file: &str) -> Result<Self, PluginError> {
        let not = |reason: String| PluginError::NotAPlugin { plugin: file.to_owned(), reason };
        let manifest: Self =
            serde_json::from_slice(json).map_err(|error| not(format!("its manifest is unreadable: {error}")))?;
        if manifest.manifest_version > VERSION {
            let reason = format!(
                "its manifest has version {}, and this server reads {VERSION}: update the server",
                manifest.manifest_version
            );
            return Err(not(reason));
        }
        match manifest.fault() {
            Some(reason) => Err(PluginError::Manifest { plugin: manifest.id.clone(), reason }),
            None => Ok(manifest),
        }
    }

    fn fault(&self) -> Option<String> {
        if !is_id(&self.id) {
            return Some("an id has lower case letters, digits and hyphens".to_owned());
        }
        let paths = self.routes.iter().map(|route| &route.path).chain(self.rate_limits.iter().map(|rule| &rule.path));
        let mut patterns = self.before.iter().chain(&self.after).map(|hook| &hook.pattern).chain(paths);
        if let Some(path) = patterns.find(|path| !path.starts_with('/')) {
            return Some(format!("the path `{path}` does not begin with `/`"));
        }
        if let Some(route) = self.routes.iter().find(|route| !matches!(route.method.as_str(), "GET" | "POST")) {
            return Some(format!("`{} {}`: routes are GET or POST", route.method, route.path));
        }
        let mut conditions = self.before.iter().chain(&self.after).flat_map(|hook| &hook.conditions);
        if let Some(fault) = conditions.find_map(Condition::fault) {
            return Some(fault);
        }
        let fields = |place, fields: &[FieldRule]| fields.iter().find_map(|field| field.fault(place));
        let faults = [fields("user", &self.user_fields), fields("session", &self.session_fields)];
        let fault = faults.into_iter().flatten().next().or_else(|| self.tables.iter().find_map(Table::fault));
        fault.or_else(|| self.other_fault())
    }

    fn other_fault(&self) -> Option<String> {
        const MODELS: [&str; 4] = ["user", "session", "account", "verification"];
        if let Some(event) = self.events.iter().find(|event| !MODELS.contains(&event.model.as_str())) {
            return Some(format!("there are no events of the model `{}`", event.model));
        }
        if let Some(event) = self.events.iter().find(|event| event.when_user.is_some() && !event.is_of_a_user()) {
            return Some(format!("an event of the model `{}` has no user to look at", event.model));
        }
        let mut looked_at = self.events.iter().filter_map(|event| event.when_user.as_ref()).chain(&self.gate_when_user);
        let is_own = |name: &String| {
            self.user_fields.iter().any(|field| field.name == **name && field.kind == FieldType::Boolean)
        };
        if let Some(name) = looked_at.find(|name| !is_own(name)) {
            return Some(format!("`{name}` is no boolean field that it adds to users"));
        }
        if let Some(function) = self.functions.iter().find(|function| !is_id(&function.name)) {
            return Some(format!(
                "the function `{}`: a name has lower case letters, digits and hyphens",
                function.name
            ));
        }
        let is_host = |host: &&String| {
            let name = host.strip_prefix("*.").unwrap_or(host);
            let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:".contains(&byte);
            !name.is_empty() && name.bytes().all(is_part)
        };
        if let Some(host) = self.http_hosts.iter().find(|host| !is_host(host)) {
            return Some(format!("`{host}` is no host: write `api.example.com` or `*.example.com`"));
        }
        let short = self.verification_prefixes.iter().find(|prefix| prefix.len() < 4 || !prefix.ends_with([':', '-']));
        short.map(|prefix| format!("the verification prefix `{prefix}` needs 4 characters and `:` or `-` at its end"))
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Manifest, String> {
        let text = format!(r#"{{"manifest_version":1,"id":"x","version":"1","sdk_version":"1"{json}}}"#);
        Manifest::parse(text.as_bytes(), "x.wasm").map_err(|error| error.to_string())
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(parse("").is_ok());
        for (json, part) in [
            (r#","routes":[{"method":"GET","path":"x"}]"#, "begin with `/`"),
            (r#","routes":[{"method":"DELETE","path":"/x"}]"#, "GET or POST"),
            (r#","before":[{"pattern":"*"}]"#, "begin with `/`"),
            (r#","verification_prefixes":["a"]"#, "needs 4 characters"),
            (r#","verification_prefixes":["abcd"]"#, "at its end"),
            (r#","mails":1"#, "unreadable"),
            (r#","after":[{"pattern":"/x","conditions":[{"header":"Set-Auth"}]}]"#, "in lower case"),
            (r#","after":[{"pattern":"/x","conditions":[{"methods":["get"]}]}]"#, "not GET or POST"),
            (r#","events":[{"model":"jwks","action":"create","moment":"before"}]"#, "no events"),
            (r#","events":[{"model":"user","action":"drop","moment":"before"}]"#, "unreadable"),
            (
                r#","events":[{"model":"user","action":"create","moment":"before","when_user":"a"}]"#,
                "no user to look at",
            ),
            (
                r#","events":[{"model":"session","action":"create","moment":"before","when_user":"a"}]"#,
                "`a` is no boolean",
            ),
            (r#","gate_when_user":"a","user_fields":[{"name":"a","type":"string"}]"#, "`a` is no boolean"),
            (r#","functions":[{"name":"View"}]"#, "the function `View`"),
            (r#","http_hosts":["https://x"]"#, "is no host"),
            (r#","user_fields":[{"name":"a","type":"boolean","default":0}]"#, "user.a has another type"),
            (r#","session_fields":[{"name":"a","type":"date","default":"soon"}]"#, "session.a has another type"),
            (r#","tables":[{"name":"x","fields":[{"name":"id","type":"string"}]}]"#, "which every table has"),
        ] {
            let error = parse(json).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        let newer = br#"{"manifest_version":2,"id":"x","version":"1","sdk_version":"9"}"#;
        assert!(Manifest::parse(newer, "x.wasm").unwrap_err().to_string().contains("update the server"));
    }

    #[test]
    fn no_component_no_plugin() {
        for (bytes, part) in [(&b"\0asm"[..], "it is damaged"), (b"abc", "no WebAssembly"), (b"", "no WebAssembly")] {
            let error = Manifest::read(bytes, "x.wasm").unwrap_err().to_string();
            assert!(error.starts_with("x.wasm: not a plugin: ") && error.contains(part), "{error}");
        }
        let empty = wasm_encoder::Component::new().finish();
        assert!(Manifest::read(&empty, "x.wasm").unwrap_err().to_string().contains("no manifest"));
    }
}
