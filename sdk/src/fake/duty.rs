//! What the plugin is called for, and what the host would let it do now.

use super::{World, with};
use crate::bindings::doorward::plugin::types::HostError;
use doorward_contract::{Call, CookieRule, FieldRule, FieldType, HookRight, Manifest, Moment, NotNow, On, chosen};
use serde_json::{Map, Value};
use std::rc::Rc;

type Answer<T> = Result<T, HostError>;

/// Core fields of users that every plugin sees.
const USER: [(&str, FieldType); 7] = [
    ("id", FieldType::String),
    ("name", FieldType::String),
    ("email", FieldType::String),
    ("emailVerified", FieldType::Boolean),
    ("image", FieldType::String),
    ("createdAt", FieldType::Date),
    ("updatedAt", FieldType::Date),
];
/// Stands for every field that the plugin sees, in what its manifest declares to write.
const EVERY: &str = "*";

/// The call that runs now.
#[derive(Clone, Debug)]
pub(crate) struct Duty {
    pub(super) moment: Moment,
    manifest: Rc<Manifest>,
    options: Map<String, Value>,
    sight: Sight,
}

/// What a call may see and change of a request and its answer; all of it on the plugin's own paths.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a right of its own")]
pub(super) struct Sight {
    pub(super) reads_request: bool,
    pub(super) reads_answer: bool,
    pub(super) changes_request: bool,
    pub(super) changes_answer: bool,
    pub(super) secrets: bool,
}

impl Sight {
    pub(super) const OWN: Self =
        Self { reads_request: true, reads_answer: true, changes_request: true, changes_answer: true, secrets: true };

    /// Of a hook that the operator granted what it asks for.
    pub(super) fn of(on: &On, manifest: &Manifest) -> Self {
        if manifest.is_own_path(on.pattern) {
            return Self::OWN;
        }
        let has = |right| on.rights.contains(&right);
        Self {
            reads_request: has(HookRight::ReadsRequest),
            reads_answer: has(HookRight::ReadsAnswer),
            changes_request: has(HookRight::ChangesRequest),
            changes_answer: has(HookRight::ChangesAnswer),
            secrets: has(HookRight::Secrets),
        }
    }

    /// Whether a `before` hook may refuse the request.
    pub(super) fn may_refuse(self) -> bool {
        self.reads_request || self.changes_request || self.changes_answer
    }
}

/// Ends the call when it is dropped, also when it panics.
pub(super) struct Over;

impl Drop for Over {
    fn drop(&mut self) {
        with(|world| world.duty = None);
    }
}

/// Begins a call of the plugin with this manifest, under these options.
pub(super) fn begin(moment: Moment, sight: Sight, manifest: Manifest, options: Map<String, Value>) -> Over {
    with(|world| {
        world.secrets.clone_from(&manifest.secrets);
        world.duty = Some(Duty { moment, manifest: Rc::new(manifest), options, sight });
    });
    Over
}

/// What the present call may see and change; everything where a test calls.
pub(super) fn sight() -> Sight {
    with(|world| world.duty.as_ref().map_or(Sight::OWN, |duty| duty.sight))
}

/// The moment of the present call; none where a test calls.
pub(super) fn moment() -> Option<Moment> {
    with(|world| world.duty.as_ref().map(|duty| duty.moment))
}

impl From<NotNow> for HostError {
    fn from(fault: NotNow) -> Self {
        if fault.is_for_transaction { Self::Invalid(fault.to_string()) } else { Self::Denied(fault.to_string()) }
    }
}

/// Refuses a function that the host refuses now: the table of the contract says so.
pub(super) fn at_its_time(call: &Call) -> Result<(), NotNow> {
    let fault = with(|world| {
        let moment = world.duty.as_ref().map(|duty| duty.moment);
        let is_open = || moment == Some(Moment::Event) || world.is_in_transaction;
        match moment {
            Some(moment) => call.fault(moment, is_open),
            None if call.allows(Moment::Route) => call.fault(Moment::Route, is_open),
            None => None,
        }
    });
    fault.map_or(Ok(()), Err)
}

/// Looks at the plugin that is called, if one is.
fn of_duty(check: impl FnOnce(&Duty, &World) -> Answer<()>) -> Answer<()> {
    with(|world| world.duty.as_ref().map_or(Ok(()), |duty| check(duty, world)))
}

/// `denied` for a cookie that the manifest does not declare.
pub(super) fn cookie(name: &str) -> Answer<()> {
    of_duty(|duty, _| {
        let is_it = |rule: &CookieRule| {
            let own = duty.cookie_name(rule);
            if rule.is_prefix { name.strip_prefix(own).is_some_and(|end| !end.is_empty()) } else { name == own }
        };
        match duty.manifest.cookies.iter().any(is_it) {
            true => Ok(()),
            false => Err(HostError::Denied(format!("the manifest declares no cookie `{name}`"))),
        }
    })
}

/// `denied` for a beginning of cookies that the manifest does not declare.
pub(super) fn cookie_prefix(prefix: &str) -> Answer<()> {
    of_duty(|duty, _| {
        let is_it = |rule: &CookieRule| rule.is_prefix && duty.cookie_name(rule) == prefix;
        match duty.manifest.cookies.iter().any(is_it) {
            true => Ok(()),
            false => Err(HostError::Denied(format!("the manifest declares no cookies that begin with `{prefix}`"))),
        }
    })
}

/// `denied` for a kind of mail that the manifest does not declare.
pub(super) fn mail(kind: &str) -> Answer<()> {
    of_duty(|duty, _| match duty.manifest.mails.contains(&kind) {
        true => Ok(()),
        false => Err(HostError::Denied(format!("the manifest declares no mail of the kind `{kind}`"))),
    })
}

/// `denied` for a job that the manifest does not declare.
pub(super) fn job(name: &str) -> Answer<()> {
    of_duty(|duty, _| match duty.manifest.jobs.iter().any(|job| job.name == name) {
        true => Ok(()),
        false => Err(HostError::Denied(format!("the manifest declares no job `{name}`"))),
    })
}

/// `denied` in a route that reads no body in chunks.
pub(super) fn chunks_of_body() -> Answer<()> {
    of_duty(|_, world| match world.reads_chunks {
        true => Ok(()),
        false => Err(HostError::Denied("the route does not declare that it reads its body in chunks".to_owned())),
    })
}

/// `denied` for an event that the manifest does not declare, `invalid` for a payload that is none of it.
pub(super) fn emission(name: &str, payload: &Map<String, Value>) -> Answer<()> {
    of_duty(|duty, _| match duty.manifest.emits.iter().find(|event| event.name == name) {
        Some(event) => event.payload_fault(payload, is_date).map_or(Ok(()), |fault| Err(HostError::Invalid(fault))),
        None => Err(HostError::Denied(format!("the manifest declares no event `{name}`"))),
    })
}

/// `denied` for an identifier of a verification that is not the plugin's own.
pub(super) fn verification(identifier: &str) -> Answer<()> {
    of_duty(|duty, _| match duty.manifest.verification_prefixes.iter().any(|prefix| identifier.starts_with(prefix)) {
        true => Ok(()),
        false => Err(HostError::Denied("the identifier has no prefix that the manifest declares".to_owned())),
    })
}

/// Whether the manifest or a test names the host of a URL.
pub(super) fn http_host(url: &str) -> Result<(), String> {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = after.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let names = |allowed: &str| match allowed.strip_prefix('*') {
        Some(end) => host.ends_with(end),
        None => host == allowed,
    };
    with(|world| {
        let Some(duty) = &world.duty else { return Ok(()) };
        let is_allowed = world.allowed_hosts.iter().any(|allowed| names(allowed));
        match is_allowed || duty.manifest.http_hosts.iter().any(|allowed| names(allowed)) {
            true => Ok(()),
            false => Err(format!("neither the manifest nor the operator names the host `{host}`")),
        }
    })
}

/// Which fields of users are written.
#[derive(Clone, Copy)]
pub(super) enum Writing {
    New,
    Change,
}

/// The fields of a user that are written, each one that the manifest declares and of its type.
pub(super) fn user_fields(fields: &mut Map<String, Value>, writing: Writing) -> Answer<()> {
    let Some(duty) = with(|world| world.duty.clone()) else { return Ok(()) };
    let declared = match writing {
        Writing::New => &duty.manifest.creates_user_with,
        Writing::Change => &duty.manifest.updates_user_fields,
    };
    if declared.contains(&EVERY) {
        fields.retain(|name, _| !matches!(name.as_str(), "id" | "updatedAt"));
    }
    for (name, value) in fields.iter() {
        let own = duty.own_user_field(name);
        if own.is_none() && !declared.contains(&name.as_str()) && !declared.contains(&EVERY) {
            return Err(HostError::Denied(format!("the manifest does not declare that it writes user.{name}")));
        }
        let core = USER.iter().find(|(core, _)| core == name).map(|(_, kind)| *kind);
        let added = with(|world| world.user_fields.iter().find(|field| field.name == name).map(|field| field.kind));
        if let Some(kind) = own.map(|field| field.kind).or(core).or(added) {
            of_kind("user", name, kind, value)?;
        }
    }
    Ok(())
}

/// `denied` for a field that the plugin does not add to users as one that no two have.
pub(super) fn own_unique_user_field(name: &str) -> Answer<()> {
    of_duty(|duty, _| match duty.own_user_field(name).is_some_and(|field| field.unique) {
        true => Ok(()),
        false => Err(HostError::Denied(format!("the manifest adds no unique field user.{name}"))),
    })
}

/// `invalid` for a field by which nobody can ask for users.
pub(super) fn shown_user_field(name: &str) -> Answer<()> {
    of_duty(|duty, world| {
        let is_there = USER.iter().any(|(core, _)| *core == name)
            || duty.own_user_field(name).is_some()
            || duty.manifest.reads_user_fields.contains(&name)
            || world.user_fields.iter().any(|field| field.name == name && field.returned)
            || (world.user_fields.iter().all(|field| field.name != name)
                && world.users.values().any(|user| user.contains_key(name)));
        if is_there { Ok(()) } else { Err(HostError::Invalid(format!("user.{name} is not a field"))) }
    })
}

/// A user as the plugin sees it: JSON text without hidden fields of others that its manifest does not name.
pub(super) fn shown_user(mut user: Map<String, Value>) -> String {
    let Some(duty) = with(|world| world.duty.clone()) else { return Value::Object(user).to_string() };
    let is_hidden = |world: &World, name: &str| {
        let mut added = world.user_fields.iter();
        added.any(|field| field.name == name && !field.returned) && !duty.manifest.reads_user_fields.contains(&name)
    };
    with(|world| user.retain(|name, _| !is_hidden(world, name)));
    Value::Object(user).to_string()
}

/// The fields of a session that are written, each one that the manifest declares and of its type.
pub(super) fn session_fields(fields: &Map<String, Value>) -> Answer<()> {
    of_duty(|duty, _| {
        for (name, value) in fields {
            let own = duty.manifest.session_fields.iter().find(|field| field.name == name);
            match own.filter(|field| duty.has(field)) {
                Some(field) => of_kind("session", name, field.kind, value)?,
                None if duty.manifest.writes_session_fields.contains(&name.as_str()) => {}
                None => {
                    let reason = format!("the manifest does not declare that it writes session.{name}");
                    return Err(HostError::Denied(reason));
                }
            }
        }
        Ok(())
    })
}

/// The fields of an account that are written.
pub(super) fn account_fields(fields: &Map<String, Value>, is_new: bool) -> Answer<()> {
    const FIELDS: [&str; 7] = [
        "accessToken",
        "refreshToken",
        "idToken",
        "accessTokenExpiresAt",
        "refreshTokenExpiresAt",
        "scope",
        "updatedAt",
    ];
    of_duty(|_, _| {
        for name in fields.keys().map(String::as_str) {
            let is_identity = is_new && matches!(name, "providerId" | "accountId");
            if matches!(name, "password" | "id" | "userId" | "createdAt" | "updatedAt")
                || (matches!(name, "providerId" | "accountId") && !is_new)
            {
                return Err(HostError::Denied(format!("account.{name} is not a plugin's to write")));
            }
            if !is_identity && !FIELDS.contains(&name) {
                return Err(HostError::Invalid(format!("account.{name} is not a field")));
            }
        }
        Ok(())
    })
}

/// The fields that a function before a change may set on the row.
pub(super) fn change_fields(model: &str, is_new: bool, fields: &mut Map<String, Value>) -> Answer<()> {
    match (model, is_new) {
        ("user", true) => {
            // What may be set on a user later may be set on a new one too.
            let late = user_fields(&mut fields.clone(), Writing::Change);
            late.or_else(|_| user_fields(fields, Writing::New))
        }
        ("user", false) => user_fields(fields, Writing::Change),
        ("session", _) => session_fields(fields),
        _ => of_duty(|_, _| match fields.keys().next() {
            Some(name) => Err(HostError::Denied(format!("the manifest does not declare {model}.{name}"))),
            None => Ok(()),
        }),
    }
}

/// `invalid` for a value of another type than the field's.
pub(super) fn of_kind(model: &str, name: &str, kind: FieldType, value: &Value) -> Answer<()> {
    let wrong = |reason: &str| Err(HostError::Invalid(format!("{model}.{name} {reason}")));
    if value.is_null() {
        return Ok(());
    }
    if !kind.holds(value, is_date) {
        return wrong("has a value of another kind");
    }
    let is_large = |number: i64| i32::try_from(number).is_err();
    if kind == FieldType::Number && value.as_i64().is_some_and(is_large) { wrong("has 32 bits") } else { Ok(()) }
}

/// Whether a text begins as a point in time does: `2026-01-31`, and perhaps a `T` and more.
pub(super) fn is_date(text: &str) -> bool {
    let is_digit = |place: usize| text.as_bytes().get(place).is_some_and(u8::is_ascii_digit);
    let is_at = |place: usize, wanted: u8| text.as_bytes().get(place) == Some(&wanted);
    let has_day = [0, 1, 2, 3, 5, 6, 8, 9].into_iter().all(is_digit) && is_at(4, b'-') && is_at(7, b'-');
    has_day && (text.len() == 10 || is_at(10, b'T') || is_at(10, b' '))
}

impl Duty {
    fn has(&self, field: &FieldRule) -> bool {
        field.exists(&self.options, &self.manifest.options)
    }

    fn own_user_field(&self, name: &str) -> Option<&FieldRule> {
        self.manifest.user_fields.iter().find(|field| field.name == name && self.has(field))
    }

    /// The cookie's name, or the one that the operator chose instead.
    fn cookie_name<'a>(&'a self, rule: &'a CookieRule) -> &'a str {
        let own = rule.name_option.and_then(|option| chosen(&self.options, option)).and_then(Value::as_str);
        own.unwrap_or(rule.name)
    }
}
