//! Runs a plugin's routes, hooks and events on what a test made: on the same conditions as the host.

use super::{RawChange, RawReply, RawRequest};
use crate::error::ApiError;
use crate::event::action_rule;
use crate::{Change, Error, Flow, Plugin, Reply, Request, Response};
use doorward_contract::{EventMoment, EventRule, Facts, On, PathPattern, RouteRule, chosen, permission_parts};
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
        let mut routes = plugin.manifest.routes.iter().zip(&plugin.routes);
        let Some((_, handler)) = routes.find(|(rule, _)| is_it(rule)) else {
            let message = format!("the plugin has no route {} {}", self.method(), self.path());
            return Err(Error::new(404, "NOT_FOUND", message));
        };
        declare(plugin);
        super::with(|world| world.answers_get = self.method() == "GET");
        handler(&Request::new(self))
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
        declare(plugin);
        handler(&Request::new(self))
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
        declare(plugin);
        allows(&Request::new(self), user, resource, action)
    }

    /// Runs the `before` hooks of the plugin whose pattern and conditions match, those ahead of scripts first, until one
    /// answers.
    ///
    /// # Errors
    /// What the first hook refused with.
    pub fn run_before(&self, plugin: &Plugin) -> Result<Option<Response>, Error> {
        declare(plugin);
        for is_ahead in [true, false] {
            let hooks = plugin.manifest.before.iter().zip(&plugin.before);
            for (on, hook) in hooks.filter(|(on, _)| on.ahead_of_scripts == is_ahead) {
                let asked = Asked { request: self, reply: None };
                if asked.matches(on, plugin)
                    && let Flow::Respond(response) = hook(&Request::new(self))?
                {
                    return Ok(Some(response));
                }
            }
        }
        Ok(None)
    }

    /// Runs the `after` hooks of the plugin whose pattern and conditions match.
    ///
    /// # Errors
    /// What the first hook refused with.
    pub fn run_after(&self, plugin: &Plugin, reply: &RawReply) -> Result<(), Error> {
        declare(plugin);
        let hooks = plugin.manifest.after.iter().zip(&plugin.after);
        let asked = Asked { request: self, reply: Some(reply) };
        let mut matching = hooks.filter(|(on, _)| asked.matches(on, plugin));
        matching.try_for_each(|(_, hook)| hook(&Request::new(self), &Reply::new(reply)))
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
        events.try_for_each(|(_, call)| call(&Change::new(self)))
    }
}

impl Error {
    /// The refusal that a client would see, for tests.
    pub fn refusal(self) -> ApiError {
        self.into_refusal()
    }
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
