//! The manifest: what a plugin declares, as the JSON text that the host reads without running anything.

use crate::error::ErrorCode;
use crate::event::{Event, EventRule};
use crate::fields::{FieldRule, Table};
use crate::on::On;
use crate::plugin::{Hook, Plugin};
use serde::Serialize;
use serde_json::Value;

/// A limit on how often one client may call a path.
///
/// ```
/// use doorward_sdk::{Plugin, RateRule};
/// // Three calls in ten seconds, unless the operator's option `limit` says otherwise.
/// let plugin = Plugin::new("seats", "1.0.0").rate_limit(RateRule::new("/seats/take", 3, 10).or_option("limit"));
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct RateRule {
    path: &'static str,
    window_secs: u64,
    max: u64,
    /// The name of an option that holds `{ window, max }` and replaces these numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    option: Option<&'static str>,
}

/// A cookie that a plugin owns.
///
/// ```
/// use doorward_sdk::{CookieRule, Plugin};
/// let plugin = Plugin::new("seats", "1.0.0")
///     .cookie(CookieRule::prefixed("seat"))
///     .cookie(CookieRule::prefixed("seat-of-").all_that_begin_so());
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct CookieRule {
    name: &'static str,
    is_literal: bool,
    is_prefix: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_option: Option<&'static str>,
}

impl RateRule {
    /// At most `max` calls of `path` in `window_secs` seconds from one client.
    pub const fn new(path: &'static str, max: u64, window_secs: u64) -> RateRule {
        RateRule { path, window_secs, max, option: None }
    }

    /// The operator's option `name` (`{ window, max }`) replaces the numbers.
    pub const fn or_option(mut self, name: &'static str) -> RateRule {
        self.option = Some(name);
        self
    }
}

impl CookieRule {
    /// A cookie whose name gets the server's prefix, as the core's own have.
    pub const fn prefixed(name: &'static str) -> CookieRule {
        CookieRule { name, is_literal: false, is_prefix: false, name_option: None }
    }

    /// A cookie with exactly this name.
    pub const fn literal(name: &'static str) -> CookieRule {
        CookieRule { name, is_literal: true, is_prefix: false, name_option: None }
    }

    /// Every cookie whose name begins with this one and ends in data; see
    /// [`cookies::list_signed`](crate::cookies::list_signed).
    pub const fn all_that_begin_so(mut self) -> CookieRule {
        self.is_prefix = true;
        self
    }

    /// The operator's option `option` replaces the name.
    pub const fn or_option(mut self, option: &'static str) -> CookieRule {
        self.name_option = Some(option);
        self
    }
}

#[derive(Serialize)]
pub(crate) struct Manifest {
    manifest_version: u32,
    id: &'static str,
    version: &'static str,
    sdk_version: &'static str,
    routes: Vec<RouteRule>,
    before: Vec<On>,
    after: Vec<On>,
    is_gate: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    gate_when_user: Option<&'static str>,
    events: Vec<EventRule>,
    claims: bool,
    functions: Vec<FunctionRule>,
    http_hosts: Vec<&'static str>,
    options: Value,
    rate_limits: Vec<RateRule>,
    cookies: Vec<CookieRule>,
    tables: Vec<Table>,
    user_fields: Vec<FieldRule>,
    session_fields: Vec<FieldRule>,
    reads_user_fields: &'static [&'static str],
    writes_session_fields: &'static [&'static str],
    creates_user_with: &'static [&'static str],
    updates_user_fields: &'static [&'static str],
    verification_prefixes: Vec<&'static str>,
    mails: Vec<&'static str>,
    errors: Vec<ErrorCode>,
}

#[derive(Serialize)]
struct RouteRule {
    method: &'static str,
    path: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_option: Option<&'static str>,
    signs_in: bool,
    accepts_form: bool,
    redirect_params: &'static [&'static str],
}

#[derive(Serialize)]
struct FunctionRule {
    name: &'static str,
}

impl Manifest {
    pub(crate) fn of(plugin: &Plugin) -> Manifest {
        Manifest {
            manifest_version: 1,
            id: plugin.id,
            version: plugin.version,
            sdk_version: env!("CARGO_PKG_VERSION"),
            routes: plugin
                .routes
                .iter()
                .map(|route| RouteRule {
                    method: route.method,
                    path: route.path,
                    path_option: route.path_option,
                    signs_in: route.signs_in,
                    accepts_form: route.accepts_form,
                    redirect_params: route.redirect_params,
                })
                .collect(),
            before: rules(&plugin.before),
            after: rules(&plugin.after),
            is_gate: plugin.gate.is_some(),
            gate_when_user: plugin.gate_when_user,
            events: plugin.events.iter().map(Event::rule).collect(),
            claims: plugin.claims.is_some(),
            functions: plugin.functions.iter().map(|function| FunctionRule { name: function.name }).collect(),
            http_hosts: plugin.http_hosts.clone(),
            options: (plugin.default_options)(),
            rate_limits: plugin.rate_limits.clone(),
            cookies: plugin.cookies.clone(),
            tables: plugin.tables.clone(),
            user_fields: plugin.user_fields.clone(),
            session_fields: plugin.session_fields.clone(),
            reads_user_fields: plugin.reads_user_fields,
            writes_session_fields: plugin.writes_session_fields,
            creates_user_with: plugin.creates_user_with,
            updates_user_fields: plugin.updates_user_fields,
            verification_prefixes: plugin.verification_prefixes.clone(),
            mails: plugin.mails.clone(),
            errors: plugin.errors.clone(),
        }
    }
}

fn rules<F>(hooks: &[Hook<F>]) -> Vec<On> {
    hooks.iter().map(|hook| hook.on.clone()).collect()
}
