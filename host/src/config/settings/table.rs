//! The settings themselves: one line each.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::{Access, PROVIDERS, Setting, SettingKind};
use crate::config::SecretSource;

/// Letters of a text.
const LONGEST_TEXT: u64 = 500;
const DAY: u64 = 86_400;

macro_rules! option {
    ($key:literal, $title:literal, $kind:expr, $($field:ident).+) => {
        Setting {
            key: $key.to_owned(),
            title: $title.to_owned(),
            kind: $kind,
            access: Access::Option {
                get: |config| shown(&config.$($field).+),
                put: |config, value| read(&mut config.$($field).+, value),
            },
        }
    };
}

macro_rules! of_mail {
    ($key:literal, $title:literal, $kind:expr, |$mail:ident| $slot:expr, |$shown:ident| $value:expr) => {
        Setting {
            key: $key.to_owned(),
            title: $title.to_owned(),
            kind: $kind,
            access: Access::Option {
                get: |config| {
                    let $shown = config.mail.as_ref()?;
                    $value
                },
                put: |config, value| {
                    let slot = config.mail.as_mut().and_then(|$mail| $slot);
                    read(slot.ok_or("the configuration has no such section of [mail]")?, value)
                },
            },
        }
    };
}

/// The options of one provider.
pub(super) fn provider(id: &str) -> Vec<Setting> {
    let of = |option: &'static str, title: &str, kind| Setting {
        key: format!("{}{id}.{option}", PROVIDERS.1),
        title: format!("{id}: {title}"),
        kind,
        access: Access::Provider(id.to_owned(), option),
    };
    vec![
        of("client_id", "client id", SettingKind::Text(1, LONGEST_TEXT)),
        of("client_secret", "client secret", SettingKind::Secret),
        of("enabled", "offered", SettingKind::Switch),
    ]
}

/// Those that every configuration has.
pub(super) fn options() -> Vec<Setting> {
    use SettingKind::{Colour, Languages, Number, Picture, Seconds, Switch, Text};
    vec![
        option!("app_name", "Name of the application", Text(1, 100), app_name),
        option!("email_and_password.disable_sign_up", "Refuse new users", Switch, email_and_password.disable_sign_up),
        option!(
            "email_and_password.require_email_verification",
            "Admit only users whose address is verified",
            Switch,
            email_and_password.require_email_verification
        ),
        option!(
            "email_and_password.min_password_length",
            "Shortest password, in characters",
            Number(6, 128),
            email_and_password.min_password_length
        ),
        option!(
            "email_and_password.max_password_length",
            "Longest password, in characters",
            Number(32, 1024),
            email_and_password.max_password_length
        ),
        option!("session.expires_in", "Life of a session, in seconds", Seconds(300, 400 * DAY), session.expires_in),
        option!(
            "session.update_age",
            "A session is extended after so many seconds",
            Seconds(0, 400 * DAY),
            session.update_age
        ),
        option!(
            "session.fresh_age",
            "A session is fresh for so many seconds; 0 is always",
            Seconds(0, 400 * DAY),
            session.fresh_age
        ),
        option!("rate_limit.window", "Requests are counted for so many seconds", Seconds(1, 3600), rate_limit.window),
        option!(
            "rate_limit.max",
            "Requests of one client to one path in that time",
            Number(3, 100_000),
            rate_limit.max
        ),
        option!("pages.name", "Name on pages", Text(1, 100), pages.name),
        option!("pages.accent", "Accent, as #rrggbb", Colour, pages.accent),
        option!("pages.radius", "Radius of corners, in pixels", Number(0, 32), pages.radius),
        option!(
            "pages.languages",
            "Languages of pages, the first one for everyone else",
            Languages(20),
            pages.languages
        ),
        option!("pages.logo", "Picture above forms", Picture, pages.logo),
    ]
}

/// Those of sections of `[mail]`.
pub(super) fn of_mail() -> Vec<Setting> {
    use SettingKind::{Secret as Hidden, Text};
    vec![
        of_mail!("mail.from", "Sender of mails", Text(3, 320), |mail| Some(&mut mail.from), |mail| shown(&mail.from)),
        of_mail!(
            "mail.smtp.host",
            "Mail server",
            Text(1, 253),
            |mail| mail.smtp.as_mut().map(|smtp| &mut smtp.host),
            |mail| shown(&mail.smtp.as_ref()?.host)
        ),
        of_mail!(
            "mail.smtp.username",
            "User name at the mail server",
            Text(1, LONGEST_TEXT),
            |mail| mail.smtp.as_mut().map(|smtp| &mut smtp.username),
            |mail| shown(&mail.smtp.as_ref()?.username)
        ),
        of_mail!(
            "mail.smtp.password",
            "Password at the mail server",
            Hidden,
            |mail| mail.smtp.as_mut().map(|smtp| &mut smtp.password),
            |mail| hidden(mail.smtp.as_ref()?.password.as_ref())
        ),
        of_mail!(
            "mail.webhook.secret",
            "Key of the signature of mails by webhook",
            Hidden,
            |mail| mail.webhook.as_mut().map(|webhook| &mut webhook.secret),
            |mail| hidden(mail.webhook.as_ref()?.secret.as_ref())
        ),
    ]
}

/// Whether there is a secret: a text that is none of its letters.
fn hidden(source: Option<&SecretSource>) -> Option<Json> {
    Some(json!(source.map_or("", |_| "set")))
}

fn shown<T: Serialize>(value: &T) -> Option<Json> {
    serde_json::to_value(value).ok()
}

fn read<T: DeserializeOwned>(slot: &mut T, value: Json) -> Result<(), String> {
    *slot = serde_json::from_value(value).map_err(|_| "has a value of another type".to_owned())?;
    Ok(())
}
