//! What the plugin adds to pages: the button on the sign-in page, and the list on the security page.

use crate::options::Options;
use crate::passkey::Passkey;
use doorward_sdk::prelude::*;

const SCRIPT: &str = "passkey.js";

/// A text in the language of the page.
type Say<'a> = &'a dyn Fn(&'static str, &'static str) -> &'static str;

/// The button that signs in. The script hides it where the browser knows no passkeys, and lets the browser offer them by
/// itself in the field of the address.
///
/// # Errors
/// When the host's options are none.
pub fn sign_in(_request: &Request, asked: &Asked) -> Result<Option<Section>> {
    let say = words(asked);
    let button = Button::new(say("Use a passkey", "Passkey verwenden"), Target::script("sign-in")).icon("passkey");
    Ok(Some(Section::titled(say("Passkey", "Passkey")).script(SCRIPT).action(button)))
}

/// The session user's passkeys.
///
/// # Errors
/// When the store is away.
pub fn list(_request: &Request, asked: &Asked) -> Result<Option<Section>> {
    let say = words(asked);
    let Some(session) = sessions::stored()? else { return Ok(None) };
    let options: Options = config::options()?;
    let own = Passkey::of_user(&session.user.id())?;
    let add = Button::new(say("Add a passkey", "Passkey hinzufügen"), Target::script("add"))
        .value("question", say("What do you call this device?", "Wie nennen Sie dieses Gerät?"))
        .value("label", say("Name of the passkey", "Name des Passkeys"));
    let section = Section::titled(say("Passkeys", "Passkeys"))
        .intro(say(
            "Sign in with your fingerprint, face or PIN. Nothing to remember, nothing to give away.",
            "Melden Sie sich mit Fingerabdruck, Gesicht oder PIN an. Nichts zu merken, nichts zu verraten.",
        ))
        .script(SCRIPT)
        .action(add)
        .when_empty(say("You have no passkey yet.", "Sie haben noch keinen Passkey."));
    let rows: Vec<Row> = own.iter().map(|passkey| row(passkey, &options, &say)).collect();
    Ok(Some(section.rows(rows)))
}

/// The passkeys of the user in `about.user`, for who may look at users: nothing to change.
///
/// # Errors
/// When the store is away.
pub fn of_user(_request: &Request, asked: &Asked) -> Result<Option<Section>> {
    let Some(id) = asked.about.get("user") else { return Ok(None) };
    if !permissions::allows("user.get")? {
        return Ok(None);
    }
    let say = words(asked);
    let section =
        Section::titled(say("Passkeys", "Passkeys")).when_empty(say("There is no passkey.", "Es gibt keinen Passkey."));
    let rows: Vec<Row> = Passkey::of_user(id)?.iter().map(|passkey| known(passkey, &say)).collect();
    Ok(Some(section.rows(rows)))
}

fn row(passkey: &Passkey, options: &Options, say: Say) -> Row {
    let name = name(passkey);
    let rename = Button::new(say("Rename", "Umbenennen"), Target::script("rename"))
        .value("id", passkey.id.as_str())
        .value("name", name)
        .value("question", say("Rename this passkey", "Passkey umbenennen"))
        .value("label", say("Name of the passkey", "Name des Passkeys"));
    let delete = Button::new(say("Delete", "Löschen"), Target::script("delete"))
        .danger()
        .value("id", passkey.id.as_str())
        .value("credential", passkey.credential_id.as_str())
        .value("rpId", options.relying_party().id)
        .value("question", format!("{} “{name}”?", say("Delete the passkey", "Passkey löschen:")))
        .value(
            "text",
            say(
                "It opens your account no more. Your device is told, where it listens.",
                "Er öffnet Ihr Konto nicht mehr. Ihr Gerät erfährt davon, wenn es zuhört.",
            ),
        );
    known(passkey, say).action(rename).action(delete)
}

fn name(passkey: &Passkey) -> &str {
    passkey.name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or("Passkey")
}

/// What is known of a passkey.
fn known(passkey: &Passkey, say: Say) -> Row {
    let row = Row::new(name(passkey)).icon("passkey");
    let row = if passkey.backed_up { row.badge(Tone::Info, say("Synced", "Synchronisiert")) } else { row };
    let row = match &passkey.created_at {
        Some(at) => row.time(say("Added", "Hinzugefügt"), at.as_str()),
        None => row,
    };
    match &passkey.last_used_at {
        Some(at) => row.time(say("Last used", "Zuletzt benutzt"), at.as_str()),
        None => row,
    }
}

fn words(asked: &Asked) -> impl Fn(&'static str, &'static str) -> &'static str + use<> {
    let is_german = asked.language == "de";
    move |english, german| if is_german { german } else { english }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{authenticate, proves, register, signed_in};
    use doorward_sdk::fake::{self, RawRequest};

    fn asked(slot: &str, user: &str) -> Option<Section> {
        let about = [("user".to_owned(), user.to_owned())].into();
        let asking = Asking { language: "en".to_owned(), about };
        RawRequest::get("/", &[]).contribute(&crate::plugin(), slot, &asking).expect("a section")
    }

    fn shown(slot: &str) -> Section {
        asked(slot, "").expect("shown")
    }

    #[test]
    fn the_list_has_what_the_script_needs_to_rename_and_to_delete() {
        signed_in("{}");
        assert!(shown("account.security").rows.is_empty());
        let made = register(json!({ "name": "Laptop" })).expect("kept");
        let list = shown("account.security");
        let [row] = &list.rows[..] else { panic!("{:?}", list.rows) };
        assert_eq!((row.title.as_str(), row.times.len()), ("Laptop", 1));
        for action in &row.actions {
            assert_eq!(action.values["id"], made["id"]);
        }
        assert_eq!(row.actions[1].values["credential"], made["credentialID"]);
        assert_eq!(list.scripts, ["/_assets/test/passkey.js"]);
    }

    #[test]
    fn the_sign_in_page_has_one_button() {
        signed_in("{}");
        assert_eq!(shown("sign-in.methods").actions.len(), 1);
    }

    #[test]
    fn an_administrator_sees_when_a_passkey_was_used_last_and_changes_nothing() {
        let ada = signed_in("{}");
        register(json!({ "name": "Laptop" })).expect("kept");
        assert!(asked("admin.user", &ada.id()).is_none(), "who may not look at users");
        fake::with(|world| world.permissions.insert("user.get".to_owned()));
        let row = |section: Option<Section>| section.expect("shown").rows.remove(0);
        let unused = row(asked("admin.user", &ada.id()));
        assert_eq!((unused.title.as_str(), unused.times.len(), unused.actions.len()), ("Laptop", 1, 0));
        proves(1);
        authenticate("key-1").expect("signed in");
        let times = row(asked("admin.user", &ada.id())).times;
        assert_eq!(times.iter().map(|time| time.label.as_str()).collect::<Vec<_>>(), ["Added", "Last used"]);
        assert!(asked("admin.user", "nobody").expect("shown").rows.is_empty());
    }
}
