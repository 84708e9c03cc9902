//! The core's route table: one line per endpoint.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use crate::endpoints::assets::Assets;
use crate::endpoints::change_email::change_email;
use crate::endpoints::change_password::change_password;
use crate::endpoints::config::SignInPage;
use crate::endpoints::count_audit::count_audit;
use crate::endpoints::delete_user::delete_user;
use crate::endpoints::delete_user_callback::delete_user_callback;
use crate::endpoints::dev_mailbox::DevMailbox;
use crate::endpoints::drop_mail::drop_mail;
use crate::endpoints::error_page::error_page;
use crate::endpoints::export_audit::export_audit;
use crate::endpoints::get_session::get_session;
use crate::endpoints::list_accounts::list_accounts;
use crate::endpoints::list_all_sessions::list_all_sessions;
use crate::endpoints::list_audit::list_audit;
use crate::endpoints::list_mail::list_mail;
use crate::endpoints::list_sessions::list_sessions;
use crate::endpoints::notes;
use crate::endpoints::ok::ok;
use crate::endpoints::operate_jobs::{drop_jobs, list_jobs, retry_jobs};
use crate::endpoints::operate_keys::{list_keys, rotate_keys};
use crate::endpoints::operate_plugins::{Extended, ListPlugins, SwitchPlugin};
use crate::endpoints::operate_webhooks::{enable_webhook, list_webhook_deliveries, list_webhooks, replay_webhooks};
use crate::endpoints::operator_notes;
use crate::endpoints::request_password_reset::request_password_reset;
use crate::endpoints::reset_password::reset_password;
use crate::endpoints::reset_password_link::reset_password_link;
use crate::endpoints::retry_mail::retry_mail;
use crate::endpoints::revoke_other_sessions::revoke_other_sessions;
use crate::endpoints::revoke_session::revoke_session;
use crate::endpoints::revoke_sessions::revoke_sessions;
use crate::endpoints::send_verification_email::send_verification_email;
use crate::endpoints::set_password::set_password;
use crate::endpoints::settings::{ChangeSettings, ShowSettings};
use crate::endpoints::sign_in_email::sign_in_email;
use crate::endpoints::sign_out::sign_out;
use crate::endpoints::sign_up_email::sign_up_email;
use crate::endpoints::ssf::{self, ssf_configuration, ssf_jwks};
use crate::endpoints::unlink_account::unlink_account;
use crate::endpoints::update_session::update_session;
use crate::endpoints::update_user::update_user;
use crate::endpoints::verify_email::verify_email;
use crate::endpoints::verify_password::verify_password;
use crate::error::ApiError;
use crate::exchange::{Endpoint, Exchange, OperatorTask, Permission, Route, SettingsDesk};
use crate::http::Response;
use crate::http::asset::Asset;
use crate::outbox::mailbox::Mailbox;

/// All routes of the core.
pub fn core() -> Vec<Route> {
    vec![
        route("GET", "/ok", |exchange| Box::pin(ok(exchange))),
        route("GET", "/error", |exchange| Box::pin(error_page(exchange))),
        route("POST", "/sign-up/email", |exchange| Box::pin(sign_up_email(exchange)))
            .accepting_form()
            .signing_in()
            .audited("sign-up"),
        route("POST", "/sign-in/email", |exchange| Box::pin(sign_in_email(exchange))).accepting_form().signing_in(),
        route("POST", "/sign-out", |exchange| Box::pin(sign_out(exchange))).leaving().audited("sign-out"),
        route("POST", "/verify-password", |exchange| Box::pin(verify_password(exchange))).audited("password-check"),
        route("POST", "/change-password", |exchange| Box::pin(change_password(exchange))).audited("password-change"),
        route("POST", "/request-password-reset", |exchange| Box::pin(request_password_reset(exchange)))
            .audited("password-reset-request"),
        route("GET", "/reset-password/:token", |exchange| Box::pin(reset_password_link(exchange))),
        route("POST", "/reset-password", |exchange| Box::pin(reset_password(exchange))).audited("password-reset"),
        route("POST", "/send-verification-email", |exchange| Box::pin(send_verification_email(exchange)))
            .audited("email-verification-request"),
        route("GET", "/verify-email", |exchange| Box::pin(verify_email(exchange))).audited("email-verification"),
        route("POST", "/update-user", |exchange| Box::pin(update_user(exchange))).audited("user-update"),
        route("POST", "/change-email", |exchange| Box::pin(change_email(exchange))).audited("email-change"),
        route("POST", "/delete-user", |exchange| Box::pin(delete_user(exchange))).audited("user-deletion"),
        route("GET", "/delete-user/callback", |exchange| Box::pin(delete_user_callback(exchange)))
            .audited("user-deletion"),
        route("GET", "/get-session", |exchange| Box::pin(get_session(exchange))),
        route("POST", "/get-session", |exchange| Box::pin(get_session(exchange))),
        route("GET", "/list-sessions", |exchange| Box::pin(list_sessions(exchange))),
        route("POST", "/revoke-session", |exchange| Box::pin(revoke_session(exchange))).audited("session-revocation"),
        route("POST", "/revoke-sessions", |exchange| Box::pin(revoke_sessions(exchange))).audited("session-revocation"),
        route("POST", "/revoke-other-sessions", |exchange| Box::pin(revoke_other_sessions(exchange)))
            .audited("session-revocation"),
        route("POST", "/update-session", |exchange| Box::pin(update_session(exchange))).audited("session-update"),
        route("GET", "/list-accounts", |exchange| Box::pin(list_accounts(exchange))),
        route("POST", "/unlink-account", |exchange| Box::pin(unlink_account(exchange))).audited("account-unlink"),
    ]
}

/// The route that tells sign-in pages what there is.
pub fn sign_in_page(page: SignInPage) -> Route {
    Route::new("GET", "/config", Arc::new(page)).noted(notes::of("/config"))
}

/// The route of assets, when there are some; `folder` is where they stand.
pub fn assets(folder: &str, assets: Vec<Asset>) -> Option<Route> {
    let path = format!("{folder}/**");
    (!assets.is_empty()).then(|| Route::new("GET", &path, Arc::new(Assets::new(assets))).at_root())
}

/// The routes for receivers of security event tokens, when there are some.
pub fn ssf(has_streams: bool) -> Vec<Route> {
    let route = |path, handler: Handler| {
        Route::new("GET", path, Arc::new(CoreEndpoint(handler))).at_root().noted(notes::of_streams(path))
    };
    match has_streams {
        true => vec![
            route(ssf::CONFIGURATION, |exchange| Box::pin(ssf_configuration(exchange))),
            route(ssf::JWKS, |exchange| Box::pin(ssf_jwks(exchange))),
        ],
        false => Vec::new(),
    }
}

/// The routes of the development mailbox.
pub fn dev_mailbox(mailbox: &Arc<Mailbox>) -> Vec<Route> {
    let route = |path, endpoint| Route::new("GET", path, Arc::new(endpoint)).at_root();
    vec![route("/dev/mailbox", DevMailbox::page(mailbox)), route("/dev/mailbox.json", DevMailbox::json(mailbox))]
}

/// The core's server-only functions, which the management API alone reaches.
pub fn functions() -> Vec<Route> {
    vec![route("POST", "/set-password", |exchange| Box::pin(set_password(exchange))).audited("password-set")]
}

/// Something that operators do: an endpoint below `operator_path` for people with the permission, and a function on the
/// management address for keys with its name as a scope. No hook and no script stands around either.
pub struct Operation {
    name: &'static str,
    method: &'static str,
    path: &'static str,
    permission: &'static str,
    event: Option<&'static str>,
    endpoint: Arc<dyn Endpoint>,
}

/// All of them: name, method and path, permission, handler.
pub fn operations(desk: &Weak<dyn SettingsDesk>, extended: &Arc<Extended>) -> Vec<Operation> {
    let plugins = Arc::new(ListPlugins(Arc::clone(extended)));
    let switch = Arc::new(SwitchPlugin { extended: Arc::clone(extended), desk: Weak::clone(desk) });
    let show = Arc::new(ShowSettings(Weak::clone(desk)));
    let change = Arc::new(ChangeSettings(Weak::clone(desk)));
    vec![
        Operation::new("get-settings", ("GET", "/settings"), "settings.manage", show),
        Operation::new("change-settings", ("PUT", "/settings"), "settings.manage", change).audited("settings-change"),
        operation("list-all-sessions", ("GET", "/sessions"), "session.list", |exchange| {
            Box::pin(list_all_sessions(exchange))
        }),
        operation("list-audit", ("GET", "/audit"), "audit.read", |exchange| Box::pin(list_audit(exchange))),
        operation("export-audit", ("GET", "/audit/export"), "audit.read", |exchange| Box::pin(export_audit(exchange)))
            .audited("audit-export"),
        operation("count-audit", ("GET", "/audit/counts"), "audit.read", |exchange| Box::pin(count_audit(exchange))),
        Operation::new("list-plugins", ("GET", "/plugins"), "plugins.manage", plugins),
        Operation::new("switch-plugin", ("POST", "/plugins"), "plugins.manage", switch).audited("plugin-switch"),
        operation("list-mail", ("GET", "/mail"), "mail.manage", |exchange| Box::pin(list_mail(exchange))),
        operation("retry-mail", ("POST", "/mail/retry"), "mail.manage", |exchange| Box::pin(retry_mail(exchange)))
            .audited("mail-retry"),
        operation("drop-mail", ("POST", "/mail/drop"), "mail.manage", |exchange| Box::pin(drop_mail(exchange)))
            .audited("mail-drop"),
        operation("list-jobs", ("GET", "/jobs"), "jobs.manage", |exchange| Box::pin(list_jobs(exchange))),
        operation("retry-jobs", ("POST", "/jobs/retry"), "jobs.manage", |exchange| Box::pin(retry_jobs(exchange)))
            .audited("jobs-retry"),
        operation("drop-jobs", ("POST", "/jobs/drop"), "jobs.manage", |exchange| Box::pin(drop_jobs(exchange)))
            .audited("jobs-drop"),
        operation("list-webhooks", ("GET", "/webhooks"), "mail.manage", |exchange| Box::pin(list_webhooks(exchange))),
        operation("list-webhook-deliveries", ("GET", "/webhooks/deliveries"), "mail.manage", |exchange| {
            Box::pin(list_webhook_deliveries(exchange))
        }),
        operation("replay-webhooks", ("POST", "/webhooks/replay"), "mail.manage", |exchange| {
            Box::pin(replay_webhooks(exchange))
        })
        .audited("webhook-replay"),
        operation("enable-webhook", ("POST", "/webhooks/enable"), "mail.manage", |exchange| {
            Box::pin(enable_webhook(exchange))
        })
        .audited("webhook-enable"),
        operation("list-keys", ("GET", "/keys"), "keys.manage", |exchange| Box::pin(list_keys(exchange))),
        operation("rotate-keys", ("POST", "/keys/rotate"), "keys.manage", |exchange| Box::pin(rotate_keys(exchange)))
            .audited("key-rotation"),
    ]
}

fn operation(
    name: &'static str,
    (method, path): (&'static str, &'static str),
    permission: &'static str,
    handler: Handler,
) -> Operation {
    Operation::new(name, (method, path), permission, Arc::new(CoreEndpoint(handler)))
}

impl Operation {
    /// An operation whose endpoint has state of its own.
    pub fn new(
        name: &'static str,
        (method, path): (&'static str, &'static str),
        permission: &'static str,
        endpoint: Arc<dyn Endpoint>,
    ) -> Self {
        Self { name, method, path, permission, event: None, endpoint }
    }

    /// Names its audit event.
    #[must_use]
    pub fn audited(self, event: &'static str) -> Self {
        Self { event: Some(event), ..self }
    }

    /// For people, below `prefix`.
    pub fn route(&self, prefix: &str) -> Route {
        let guarded = Guarded { permission: self.permission, endpoint: Arc::clone(&self.endpoint) };
        let route = Route::new(self.method, &format!("{prefix}{}", self.path), Arc::new(guarded));
        let task = OperatorTask { name: self.name, permission: self.permission };
        self.dressed(route.at_root().doing(task))
    }

    /// For the application's own backend.
    pub fn function(&self) -> Route {
        self.dressed(Route::new("POST", &format!("/{}", self.name), Arc::clone(&self.endpoint)))
    }

    fn dressed(&self, route: Route) -> Route {
        let route = route.for_operators().noted(operator_notes::of(self.name));
        match self.event {
            Some(event) => route.audited(event),
            None => route,
        }
    }
}

/// An endpoint for those who may.
struct Guarded {
    permission: &'static str,
    endpoint: Arc<dyn Endpoint>,
}

#[async_trait]
impl Endpoint for Guarded {
    async fn call(&self, exchange: &mut Exchange) -> Result<Response, ApiError> {
        let permission = Permission::parse(self.permission);
        exchange.require_permission(permission.ok_or_else(|| ApiError::internal("no permission"))?).await?;
        self.endpoint.call(exchange).await
    }
}

type Handler = for<'a> fn(&'a mut Exchange) -> BoxFuture<'a, Result<Response, ApiError>>;

struct CoreEndpoint(Handler);

#[async_trait]
impl Endpoint for CoreEndpoint {
    async fn call(&self, exchange: &mut Exchange) -> Result<Response, ApiError> {
        (self.0)(exchange).await
    }
}

fn route(method: &str, path: &str, handler: Handler) -> Route {
    Route::new(method, path, Arc::new(CoreEndpoint(handler))).noted(notes::of(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_core_is_described() {
        for route in core().into_iter().chain(functions()) {
            let note = route.note.unwrap_or_else(|| panic!("{} is not in endpoints/notes.rs", route.path));
            assert!(!note.summary.is_empty() && (note.answer.is_some() || note.redirects), "{}", route.path);
        }
    }
}
