//! What people see: a form above sign-up, and a page for administrators. Whoever owns these slots draws them.

use crate::entry::{self, Entry};
use crate::{Options, admin};
use doorward_sdk::prelude::*;

const MOST_ROWS: u32 = 200;

/// Above the sign-up form, for anyone.
pub fn notice(_request: &Request, _asked: &Asked) -> Result<Option<Section>> {
    let join = Button::new("Ask for a place", Target::post("/waitlist/join")).says("You are on the list.");
    let email = FormField::new("email", "E-mail", InputKind::Email).required().autocomplete("email");
    let section = Section::titled("Not invited yet?").intro("Only people with an invitation can sign up.");
    Ok(Some(section.form(Form::new("join", join).field(email))))
}

/// A page of the administration; nobody else has it.
pub fn administration(_request: &Request, _asked: &Asked) -> Result<Option<Section>> {
    let Ok(options) = admin::require_admin() else { return Ok(None) };
    let rows = entry::list(MOST_ROWS)?.into_iter().map(|entry| row(entry, &options));
    Ok(Some(Section::titled("Waitlist").when_empty("Nobody asked for a place yet.").rows(rows)))
}

fn row(entry: Entry, options: &Options) -> Row {
    let row = Row::new(&entry.email).time("Asked", entry.created_at);
    let invite = Button::new("Invite", Target::post("/waitlist/invite")).value("email", entry.email);
    let invite = if options.send_invitation { invite.says("The invitation is on its way.") } else { invite };
    match entry.invited_at {
        Some(at) => row.badge(Tone::Good, "Invited").time("Invited", at),
        None => row.action(invite),
    }
}

#[cfg(test)]
mod tests {
    use crate::{entry, plugin};
    use doorward_sdk::fake::{self, RawRequest};
    use doorward_sdk::prelude::*;

    fn page() -> Option<Section> {
        RawRequest::get("/", &[]).contribute(&plugin(), "admin.page", &Asking::default()).expect("a section")
    }

    #[test]
    fn an_administrator_sees_who_waits() {
        fake::reset();
        fake::with(|world| world.options = r#"{"admins":["boss@example.com"]}"#.to_owned());
        for email in ["ada@example.com", "bob@example.com"] {
            entry::add(email).expect("stored");
        }
        entry::invite("bob@example.com").expect("stored");
        assert_eq!(page(), None, "nobody is signed in");
        let boss = json!({ "email": "boss@example.com", "emailVerified": true });
        fake::sign_in(&users::create(&boss).expect("user"));
        let rows = page().expect("the page").rows;
        assert_eq!(
            rows.iter().map(|row| row.title.as_str()).collect::<Vec<_>>(),
            ["ada@example.com", "bob@example.com"]
        );
        assert_eq!(rows[0].actions[0].values["email"], "ada@example.com");
        assert!(rows[1].actions.is_empty() && rows[1].badge.is_some(), "who is invited is not invited again");
    }

    #[test]
    fn strangers_ask_for_a_place() {
        fake::reset();
        let asked = RawRequest::get("/", &[]).contribute(&plugin(), "sign-up.notice", &Asking::default());
        let form = asked.expect("a section").expect("shown").forms.remove(0);
        assert_eq!(form.fields[0].name, "email");
        assert_eq!(
            form.submit.to,
            Target::Post { path: "/waitlist/join".into(), href: "/api/auth/waitlist/join".into() }
        );
    }
}
