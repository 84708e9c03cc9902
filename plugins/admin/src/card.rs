//! What the plugin adds to one user's page of the administration: whether there is a password.

use crate::caller::Caller;
use doorward_sdk::prelude::*;

/// The card of the user in `about.user`, for who may look at users.
///
/// # Errors
/// When the store is away.
pub fn card(_request: &Request, asked: &Asked) -> Result<Option<Section>> {
    let Some(id) = asked.about.get("user") else { return Ok(None) };
    if !Caller::get().is_ok_and(|caller| caller.may("user", "get")) {
        return Ok(None);
    }
    let is_german = asked.language == "de";
    let say = |english: &'static str, german: &'static str| if is_german { german } else { english };
    let row = Row::new(say("E-mail and password", "E-Mail und Passwort")).icon("key");
    let row = match passwords::exists(id)? {
        true => row.badge(Tone::Good, say("Set", "Gesetzt")),
        false => row
            .badge(Tone::Info, say("Not set", "Nicht gesetzt"))
            .detail(say("They sign in without a password.", "Die Anmeldung geht ohne Passwort.")),
    };
    let section = Section::titled(say("Password", "Passwort")).row(row);
    Ok(Some(section))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin;
    use doorward_sdk::fake::{self, RawRequest};

    fn shown(role: &str) -> Option<Section> {
        fake::reset();
        let user = users::create(&json!({ "email": "a@example.com", "name": "A", "role": role })).expect("user");
        fake::sign_in(&user);
        fake::with(|world| world.passwords.insert("with".to_owned(), "correct horse 1".to_owned()));
        let about = [("user".to_owned(), "with".to_owned())].into();
        let asking = Asking { language: "en".to_owned(), about };
        RawRequest::get("/", &[]).contribute(&plugin(), "admin.user", &asking).expect("a section")
    }

    #[test]
    fn who_may_look_at_users_sees_whether_there_is_a_password() {
        let section = shown("admin").expect("a card");
        assert_eq!(section.rows[0].badge.as_ref().map(|badge| badge.text.as_str()), Some("Set"));
        assert!(shown("user").is_none());
    }
}
