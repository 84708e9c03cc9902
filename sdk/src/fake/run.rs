//! Runs a plugin's routes, hooks and events on what a test made: on the same conditions as the host.

use super::duty::{self, Sight};
use super::upload;
use super::{RawAttempt, RawChange, RawReply, RawRequest};
use crate::chunks::NOT_IN_CHUNKS;
use crate::error::ApiError;
use crate::event::action_rule;
use crate::{Attempt, Change, Error, Flow, Plugin, Reply, Request, Response, Verdict};
use doorward_contract::{EventMoment, EventRule, Facts, Moment, On, PathPattern, RouteRule, chosen, permission_parts};
use serde_json::{Map, Value};

/// What the conditions of hooks look at.
struct Asked<'a> {
    request: &'a RawRequest,
    reply: Option<&'a RawReply>,
}

impl Facts for Asked<'_> {
    fn has_method(&self, method: &str) -> bool {
        self.request.method() == method
    }

    fn has_header(&self, name: &str) -> bool {
        self.request.carries(name)
    }

    fn has_session_field(&self, field: &str) -> bool {
        let has = |session: &Value| session.pointer(&format!("/session/{field}")).is_some_and(|value| !value.is_null());
        super::with(|world| world.session.as_ref().is_some_and(has))
    }

    fn is_signed_in(&self) -> bool {
        self.opens() || super::with(|world| world.session.is_some())
    }

    fn sets_session_cookie(&self) -> bool {
        self.opens() || self.reply.is_some_and(RawReply::sets_session_cookie)
    }

    fn writes_session_cookie(&self) -> bool {
        self.opens() || self.reply.is_some_and(RawReply::writes_session_cookie)
    }
}

impl Asked<'_> {
    /// Whether a session was opened.
    fn opens(&self) -> bool {
        let is_told = self.reply.is_some_and(|reply| reply.new_session().is_some());
        is_told || super::with(|world| world.opened.is_some())
    }

    fn matches(&self, hook: &On, plugin: &Plugin) -> bool {
        let conditions = hook.open_conditions(&options(), &plugin.default_options());
        PathPattern::new(hook.pattern).matches(&self.request.path())
            && conditions.is_some_and(|mut asked| asked.all(|condition| condition.holds(self)))
    }
}

impl RawRequest {
    /// Calls the plugin's route with this method and path.
    ///
    /// # Errors
    /// What the handler refused with; 404 when the plugin has no such route.
    pub fn send(&self, plugin: &Plugin) -> Result<Response, Error> {
        let is_it = |rule: &RouteRule| rule.method == self.method() && self.takes_params_of(&path_of(rule));
        let mut routes = plugin.manifest.routes.iter().zip(&plugin.routes).enumerate();
        let Some((place, (rule, handler))) = routes.find(|(_, (rule, _))| is_it(rule)) else {
            let message = format!("the plugin has no route {} {}", self.method(), self.path());
            return Err(Error::new(404, "NOT_FOUND", message));
        };
        if let Some(fault) = body_fault(self, rule) {
            return Err(fault);
        }
        super::with(|world| {
            world.answers_get = self.method() == "GET";
            world.reads_chunks = rule.reads_chunks;
        });
        upload::lay_out(self.raw_body().filter(|_| rule.reads_chunks).as_deref());
        let answer = during(plugin, Moment::Route, Sight::OWN, || handler(&Request::new(self)))?;
        whole(plugin, (place, rule), answer)
    }

    /// Calls the plugin's function with this name, as the application's own backend does.
    ///
    /// # Errors
    /// What the function refused with; 404 when the plugin has no such function.
    pub fn call(&self, plugin: &Plugin, name: &str) -> Result<Response, Error> {
        let mut functions = plugin.manifest.functions.iter().zip(&plugin.functions);
        let Some((_, handler)) = functions.find(|(rule, _)| rule.name == name) else {
            return Err(Error::new(404, "NOT_FOUND", "no such function"));
        };
        during(plugin, Moment::Function, Sight::OWN, || handler(&Request::new(self)))
    }

    /// Asks the plugin whether this user may do `permission`, such as `audit.read`.
    ///
    /// # Errors
    /// What it refused with; 404 when it decides nothing, 400 when the text is no permission.
    pub fn decide(&self, plugin: &Plugin, user: &Value, permission: &str) -> Result<bool, Error> {
        let Some(allows) = plugin.permissions else {
            return Err(Error::new(404, "NOT_FOUND", "the plugin decides no permissions"));
        };
        let parts = permission_parts(permission);
        let (resource, action) = parts.ok_or_else(|| Error::new(400, "NO_PERMISSION", "it is no permission"))?;
        during(plugin, Moment::Permission, Sight::default(), || allows(&Request::new(self), user, resource, action))
    }

    /// Runs the `before` hooks of the plugin whose pattern and conditions match, those ahead of scripts first, until one
    /// answers.
    ///
    /// # Errors
    /// What the first hook refused with; 500 where it does not ask for the right to refuse or to answer, as in the host.
    pub fn run_before(&self, plugin: &Plugin) -> Result<Option<Response>, Error> {
        for is_ahead in [true, false] {
            let hooks = plugin.manifest.before.iter().zip(&plugin.before);
            for (on, hook) in hooks.filter(|(on, _)| on.ahead_of_scripts == is_ahead) {
                let asked = Asked { request: self, reply: None };
                if !asked.matches(on, plugin) {
                    continue;
                }
                let sight = Sight::of(on, &plugin.manifest);
                match during(plugin, Moment::Before, sight, || hook(&Request::new(self))) {
                    Ok(Flow::Proceed) => {}
                    Ok(Flow::Respond(response)) if sight.changes_answer => return Ok(Some(response)),
                    Ok(Flow::Respond(_)) => return Err(not_granted(on, "answers", "changes_answer")),
                    Err(_) if !sight.may_refuse() => return Err(not_granted(on, "refuses a request", "reads_request")),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(None)
    }

    /// Runs the `after` hooks of the plugin whose pattern and conditions match. One that may not change the answer cannot
    /// refuse it either: as in the host, the log gets a line.
    ///
    /// # Errors
    /// What the first hook refused with.
    pub fn run_after(&self, plugin: &Plugin, reply: &RawReply) -> Result<(), Error> {
        let hooks = plugin.manifest.after.iter().zip(&plugin.after);
        let asked = Asked { request: self, reply: Some(reply) };
        let mut matching = hooks.filter(|(on, _)| asked.matches(on, plugin));
        matching.try_for_each(|(on, hook)| {
            let sight = Sight::of(on, &plugin.manifest);
            let said = during(plugin, Moment::After, sight, || hook(&Request::new(self), &Reply::new(reply)));
            if said.is_err() && !sight.changes_answer {
                let line = "Warn: an after-hook refuses an answer that it may not refuse".to_owned();
                super::with(|world| world.log.push(line));
                return Ok(());
            }
            said
        })
    }

    /// The claims that the plugin adds for `user` to those that there are. Of the request it sees nothing: to see more, the
    /// operator grants `reads-request:/**`.
    ///
    /// # Errors
    /// What it refused with; 404 when it adds no claims.
    pub fn extend_claims(
        &self,
        plugin: &Plugin,
        user: &Value,
        claims: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Error> {
        let Some(extend) = plugin.claims else { return Err(Error::new(404, "NOT_FOUND", "it adds no claims")) };
        during(plugin, Moment::Claims, Sight::default(), || extend(&Request::new(self), user, claims))
    }
}

impl RawChange {
    /// Runs the plugin's functions before this change and returns the fields as they left them.
    ///
    /// # Errors
    /// What the first one refused with.
    pub fn run_before(&self, plugin: &Plugin) -> Result<Map<String, Value>, Error> {
        self.run(plugin, EventMoment::Before)?;
        Ok(self.fields())
    }

    /// Runs the plugin's functions after this change.
    ///
    /// # Errors
    /// What the first one refused with.
    pub fn run_after(&self, plugin: &Plugin) -> Result<(), Error> {
        self.run(plugin, EventMoment::After)
    }

    fn run(&self, plugin: &Plugin, moment: EventMoment) -> Result<(), Error> {
        let (model, action) = (self.model(), action_rule(self.action()));
        let (options, defaults) = (options(), plugin.default_options());
        let is_told = |rule: &EventRule| {
            rule.model == model
                && rule.action == action
                && rule.moment == moment
                && rule.is_told(&options, &defaults)
                && rule.when_user.is_none_or(|field| self.is_of_user_with(field))
        };
        let mut events = plugin.manifest.events.iter().zip(&plugin.events).filter(|(rule, _)| is_told(rule));
        self.begin(moment);
        events.try_for_each(|(_, call)| during(plugin, Moment::Event, Sight::default(), || call(&Change::new(self))))
    }
}

impl RawAttempt {
    /// Asks the plugin's gate about this sign-in; a plugin without a gate admits.
    ///
    /// # Errors
    /// What the gate refused with.
    pub fn ask(&self, plugin: &Plugin) -> Result<Verdict, Error> {
        let Some(gate) = plugin.gate else { return Ok(Verdict::Admit) };
        during(plugin, Moment::Gate, Sight::default(), || gate(&Attempt::new(self)))
    }
}

/// Asks the plugin whether it can work with the operator's options, as the host does when it is loaded.
///
/// ```
/// use doorward_sdk::{fake, prelude::*};
/// use serde::{Deserialize, Serialize};
/// # fake::reset();
///
/// #[derive(Serialize, Deserialize, Default)]
/// #[serde(default, deny_unknown_fields)]
/// struct Options {
///     greeting: String,
/// }
///
/// let plugin = Plugin::new("greeter", "1.0.0").options::<Options>();
/// assert_eq!(fake::check_options(&plugin), Ok(()));
/// fake::with(|world| world.options = r#"{"greetings":"Hi"}"#.to_owned());
/// assert!(fake::check_options(&plugin).unwrap_err().contains("unknown field `greetings`"));
/// ```
///
/// # Errors
/// What is wrong with them, with the option's name in front where one alone is wrong.
pub fn check_options(plugin: &Plugin) -> Result<(), String> {
    let checked = during(plugin, Moment::Check, Sight::default(), || (plugin.check_options)());
    checked.map_err(|(name, reason)| if name.is_empty() { reason } else { format!("`{name}`: {reason}") })
}

/// A hook did what it does not ask for: in the host, that fails the request.
fn not_granted(on: &On, what: &str, right: &str) -> Error {
    let message = format!("a hook before `{}` {what}: say `On::path(…).{right}()`", on.pattern);
    Error::new(500, "PLUGIN_ERROR", message)
}

impl Error {
    /// The refusal that a client would see, for tests.
    pub fn refusal(self) -> ApiError {
        self.into_refusal()
    }
}

/// Calls a function of the plugin as the host does at this moment.
pub(super) fn during<T>(plugin: &Plugin, moment: Moment, sight: Sight, call: impl FnOnce() -> T) -> T {
    declare(plugin);
    let mut all = plugin.default_options();
    all.extend(options());
    let _over = duty::begin(moment, sight, plugin.manifest.clone(), all);
    call()
}

/// Why a route does not take the body; none when it does.
fn body_fault(request: &RawRequest, rule: &RouteRule) -> Option<Error> {
    let size = request.raw_body().map_or(0, |bytes| bytes.len());
    if rule.max_body_bytes.is_some_and(|most| size > most as usize) {
        return Some(Error::new(413, "PAYLOAD_TOO_LARGE", "The body is too large"));
    }
    let content_type = request.header("content-type").filter(|_| request.has_bytes())?;
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let takes = |accepted: &&str| match accepted.strip_suffix('*') {
        Some("*/") => true,
        Some(kind) => media_type.starts_with(kind),
        None => **accepted == media_type,
    };
    let message = format!("Content-Type \"{content_type}\" is not allowed");
    (!rule.accepts.iter().any(takes)).then(|| Error::new(415, "UNSUPPORTED_MEDIA_TYPE", message))
}

/// From now on the plugin has the tables and slots that it declares, and no others.
pub(super) fn declare(plugin: &Plugin) {
    super::with(|world| {
        world.declared = Some(plugin.manifest.tables.clone());
        world.slots = Some(plugin.manifest.slots.clone());
        world.called = Some(plugin.manifest.calls.iter().map(|rule| rule.pattern).collect());
        world.answers_get = false;
    });
}

/// What the operator set.
fn options() -> Map<String, Value> {
    super::with(|world| serde_json::from_str(&world.options).unwrap_or_default())
}

/// The route's path, or the one that the operator chose instead.
pub(super) fn path_of(rule: &RouteRule) -> String {
    let options = options();
    let own = rule.path_option.and_then(|option| chosen(&options, option)).and_then(Value::as_str);
    own.unwrap_or(rule.path).to_owned()
}

/// The whole answer of a route, whose chunks are made one after the other.
fn whole(plugin: &Plugin, (place, rule): (usize, &RouteRule), mut answer: Response) -> Result<Response, Error> {
    let Some(mut cursor) = answer.cursor.take() else { return Ok(answer) };
    let (Some(Some(next)), Some(most)) = (plugin.chunks.get(place), rule.most_answer_bytes) else {
        return Err(Error::new(500, "CHUNKS", NOT_IN_CHUNKS));
    };
    loop {
        let at = serde_json::from_str(&cursor)?;
        let chunk = during(plugin, Moment::Chunk, Sight::default(), || next(&at))?;
        answer.body.extend(&chunk.bytes);
        if answer.body.len() as u64 > most {
            return Err(Error::new(500, "CHUNKS", format!("the answer is longer than {most} bytes")));
        }
        match chunk.cursor {
            None => return Ok(answer),
            Some(_) if chunk.bytes.is_empty() => {
                return Err(Error::new(500, "CHUNKS", "a chunk that is not the last one is empty"));
            }
            Some(next) => cursor = next,
        }
    }
}
