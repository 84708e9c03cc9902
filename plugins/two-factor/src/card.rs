//! The card on the security page: switches the second factor on in steps, makes new backup codes, switches it off.

use crate::ENABLED;
use crate::backup_codes::BackupCodes;
use crate::enrolment::{self, Enrolment};
use crate::options::Options;
use doorward_sdk::prelude::*;
use doorward_sdk::{Confirm, ShownKind};

/// With no more backup codes than these, the card warns.
const FEW: usize = 3;

/// A text in the language of the page.
type Say<'a> = &'a dyn Fn(&'static str, &'static str) -> &'static str;

/// The card of the session's user.
///
/// # Errors
/// When the store is away.
pub fn card(_request: &Request, asked: &Asked) -> Result<Option<Section>> {
    let say = words(asked);
    let Some(session) = sessions::stored()? else { return Ok(None) };
    let options: Options = config::options()?;
    let section = Section::titled(say("Two-factor authentication", "Zwei-Faktor-Anmeldung")).intro(say(
        "A code from your phone besides your password. Nobody gets in with the password alone.",
        "Ein Code von Ihrem Telefon zusätzlich zum Passwort. Mit dem Passwort allein kommt niemand herein.",
    ));
    let asks_password = !options.allow_passwordless || passwords::exists(&session.user.id())?;
    let is_on = session.user.get(ENABLED).and_then(Value::as_bool) == Some(true);
    if !is_on {
        return Ok(Some(off(section, &options, asks_password, &say)));
    }
    on(section, &session.user.id(), asks_password, &say).map(Some)
}

fn off(section: Section, options: &Options, asks_password: bool, say: Say) -> Section {
    let section =
        section.notice(Tone::Warn, say("Your account has no second factor.", "Ihr Konto hat keinen zweiten Faktor."));
    if options.totp_options.disable {
        return section.form(by_mail(options, asks_password, say));
    }
    let digits = i64::from(options.totp_options.digits);
    let verify = Button::new(say("Switch on", "Einschalten"), Target::post("/two-factor/verify-totp")).primary();
    let code = FormField::new("code", say("Code of the app", "Code der App"), InputKind::Code)
        .required()
        .between(digits, digits);
    let code = code.hint(say("It changes every half minute.", "Er wechselt jede halbe Minute."));
    let enter = Form::new("code", verify).titled(say("Add your phone", "Fügen Sie Ihr Telefon hinzu")).field(code);
    let begin = Button::new(say("Continue", "Weiter"), Target::post("/two-factor/enable"))
        .primary()
        .shows(
            ShownKind::Qr,
            "totpURI",
            say("Scan this with your authenticator app.", "Scannen Sie das mit Ihrer Authenticator-App."),
        )
        .shows(ShownKind::Codes, "backupCodes", say("Backup codes", "Notfallcodes"))
        .then_form(enter);
    let form = Form::new("set-up", begin)
        .titled(say("Set up", "Einrichten"))
        .intro(say("Confirm that it is you", "Bestätigen Sie, dass Sie es sind"));
    section.form(with_password(form, asks_password, say))
}

/// Where no app is allowed, codes come by mail.
fn by_mail(options: &Options, asks_password: bool, say: Say) -> Form {
    let begin = Button::new(say("Switch on", "Einschalten"), Target::post("/two-factor/enable"))
        .primary()
        .value("method", "otp");
    let form = Form::new("set-up", begin).titled(say("Set up", "Einrichten"));
    let form = match options.otp_options.is_on() {
        true => form.intro(say(
            "Each sign-in then asks for a code that we mail you.",
            "Jede Anmeldung fragt dann nach einem Code, den wir Ihnen senden.",
        )),
        false => form,
    };
    with_password(form, asks_password, say)
}

/// The factors of the user in `about.user`, for who may look at users: nothing to change.
///
/// # Errors
/// When the store is away.
pub fn of_user(_request: &Request, asked: &Asked) -> Result<Option<Section>> {
    let Some(id) = asked.about.get("user") else { return Ok(None) };
    if !permissions::allows("user.get")? {
        return Ok(None);
    }
    let say = words(asked);
    let Some(user) = users::find_by_id(id)? else { return Ok(None) };
    let section = Section::titled(say("Two-factor authentication", "Zwei-Faktor-Anmeldung"))
        .when_empty(say("There is no second factor.", "Es gibt keinen zweiten Faktor."));
    if user.get(ENABLED).and_then(Value::as_bool) != Some(true) {
        return Ok(Some(section));
    }
    let row = enrolment::of(id)?.filter(Enrolment::is_active);
    let section = section.row(factor(row.as_ref(), &say));
    Ok(Some(match row {
        Some(row) => section.row(left(&row, &say)?.1),
        None => section,
    }))
}

fn words(asked: &Asked) -> impl Fn(&'static str, &'static str) -> &'static str + use<> {
    let is_german = asked.language == "de";
    move |english, german| if is_german { german } else { english }
}

/// The factor that is on.
fn factor(row: Option<&Enrolment>, say: Say) -> Row {
    let row = match row {
        Some(_) => Row::new(say("Authenticator app", "Authenticator-App")).icon("phone"),
        None => Row::new(say("Codes by mail", "Codes per E-Mail")).icon("mail"),
    };
    row.badge(Tone::Good, say("On", "Ein"))
}

fn on(section: Section, user_id: &str, asks_password: bool, say: Say) -> Result<Section> {
    let row = enrolment::of(user_id)?.filter(Enrolment::is_active);
    let section = section.row(factor(row.as_ref(), say));
    let section = match row {
        Some(row) => with_codes(section, &row, asks_password, say)?,
        None => section,
    };
    let disable = Button::new(say("Switch off", "Ausschalten"), Target::post("/two-factor/disable"))
        .danger()
        .confirm_by(Confirm {
            title: say("Switch off the second factor?", "Den zweiten Faktor ausschalten?").to_owned(),
            text: Some(
                say(
                    "Then your password alone opens your account. Devices that you trust are forgotten.",
                    "Dann öffnet Ihr Passwort allein Ihr Konto. Vertraute Geräte werden vergessen.",
                )
                .to_owned(),
            ),
            word: None,
        });
    let form = Form::new("disable", disable).titled(say("Switch off", "Ausschalten"));
    Ok(section.form(with_password(form, asks_password, say)))
}

/// How many codes are left, and a form for new ones.
fn with_codes(section: Section, row: &Enrolment, asks_password: bool, say: Say) -> Result<Section> {
    let (left, shown) = left(row, say)?;
    let section = section.row(shown);
    let section = match left {
        0..=FEW => section.notice(
            Tone::Warn,
            say(
                "You have few backup codes left. Make new ones.",
                "Sie haben nur noch wenige Notfallcodes. Erzeugen Sie neue.",
            ),
        ),
        _ => section,
    };
    let make =
        Button::new(say("Make new codes", "Neue Codes erzeugen"), Target::post("/two-factor/generate-backup-codes"))
            .primary()
            .shows(ShownKind::Codes, "backupCodes", say("Backup codes", "Notfallcodes"));
    let form = Form::new("codes", make)
        .titled(say("New backup codes", "Neue Notfallcodes"))
        .intro(say("The codes that you have now stop working", "Die jetzigen Codes gelten dann nicht mehr"));
    Ok(section.form(with_password(form, asks_password, say)))
}

/// How many backup codes are left, as a number and as a row.
fn left(row: &Enrolment, say: Say) -> Result<(usize, Row)> {
    let left = BackupCodes::open(&row.backup_codes)?.map_or(0, |codes| codes.left());
    let detail = format!("{left} {}", say("left", "übrig"));
    Ok((left, Row::new(say("Backup codes", "Notfallcodes")).icon("list").detail(detail)))
}

fn with_password(form: Form, asks_password: bool, say: Say) -> Form {
    if !asks_password {
        return form;
    }
    let field = FormField::new("password", say("Password", "Passwort"), InputKind::Password).required();
    form.field(field.autocomplete("current-password"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::enrolled;
    use doorward_sdk::fake::{self, RawRequest};

    fn shown(language: &str) -> Section {
        fake::sign_in(&users::find_by_id("user-1").expect("store").expect("user"));
        let asking = Asking { language: language.to_owned(), ..Asking::default() };
        RawRequest::get("/", &[])
            .contribute(&crate::plugin(), "account.security", &asking)
            .expect("a section")
            .expect("a card")
    }

    #[test]
    fn who_has_no_second_factor_is_warned_and_sets_it_up_in_steps() {
        enrolled("{}");
        fake::with(|world| {
            _ = world.users.get_mut("user-1").expect("user").insert("twoFactorEnabled".into(), json!(false))
        });
        let card = shown("en");
        assert_eq!(card.notice.expect("a warning").tone, Tone::Warn);
        let [form] = &card.forms[..] else { panic!("{:?}", card.forms) };
        assert_eq!(form.fields[0].name, "password");
        let next = form.submit.then.next.as_ref().expect("a second step");
        assert_eq!((next.fields[0].name.as_str(), next.fields[0].max), ("code", Some(6)));
        assert!(shown("de").title.starts_with("Zwei-Faktor"));
    }

    #[test]
    fn who_has_one_sees_how_many_codes_are_left_and_is_warned_of_few() {
        enrolled("{}");
        let card = shown("en");
        assert_eq!(card.rows[1].detail.as_deref(), Some("2 left"));
        assert!(card.notice.is_some());
        let ids: Vec<&str> = card.forms.iter().map(|form| form.id.as_str()).collect();
        assert_eq!(ids, ["codes", "disable"]);
    }

    #[test]
    fn an_administrator_sees_the_factors_and_changes_nothing() {
        let shown = || {
            let asking = Asking { language: "en".to_owned(), about: [("user".to_owned(), "user-1".to_owned())].into() };
            RawRequest::get("/", &[]).contribute(&crate::plugin(), "admin.user", &asking).expect("a section")
        };
        enrolled("{}");
        fake::sign_in(&users::create(&json!({ "email": "boss@example.com" })).expect("user"));
        assert!(shown().is_none(), "who may not look at users");
        fake::with(|world| world.permissions.insert("user.get".to_owned()));
        let card = shown().expect("a card");
        assert_eq!(
            (card.rows[0].title.as_str(), card.rows[1].detail.as_deref()),
            ("Authenticator app", Some("2 left"))
        );
        assert!(card.forms.is_empty() && card.notice.is_none());
        fake::with(|world| {
            _ = world.users.get_mut("user-1").expect("user").insert("twoFactorEnabled".into(), json!(false))
        });
        let card = shown().expect("a card");
        assert!(card.rows.is_empty() && card.empty.is_some());
    }

    #[test]
    fn nobody_without_a_password_is_asked_for_one() {
        enrolled(r#"{"allow_passwordless":true}"#);
        assert!(shown("en").forms.iter().all(|form| form.fields.is_empty()));
    }
}
