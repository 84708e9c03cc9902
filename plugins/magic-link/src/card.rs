//! The button on the sign-in page that mails a link.

use doorward_sdk::prelude::*;

/// One form with the address.
///
/// # Errors
/// None.
pub fn card(_request: &Request, asked: &Asked) -> Result<Option<Section>> {
    let is_german = asked.language == "de";
    let say = |english: &'static str, german: &'static str| if is_german { german } else { english };
    let send = Button::new(say("Send the link", "Link senden"), Target::post("/sign-in/magic-link"))
        .primary()
        .icon("mail")
        .carries_callback();
    let email = FormField::new("email", say("E-mail", "E-Mail"), InputKind::Email).required().autocomplete("email");
    let form = Form::new("send", send).titled(say("Mail me a link", "Link per E-Mail")).field(email);
    Ok(Some(Section::titled(say("Magic link", "Link per E-Mail")).form(form)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_sdk::fake::{self, RawRequest};

    #[test]
    fn its_form_posts_to_the_endpoint_that_mails() {
        fake::reset();
        let asking = Asking { language: "de".to_owned(), ..Asking::default() };
        let section = RawRequest::get("/", &[])
            .contribute(&crate::plugin(), "sign-in.methods", &asking)
            .expect("a section")
            .expect("shown");
        let form = &section.forms[0];
        assert_eq!(
            form.submit.to,
            Target::Post { path: "/sign-in/magic-link".into(), href: "/api/auth/sign-in/magic-link".into() }
        );
        assert!(form.submit.carries_callback && form.title.as_deref() == Some("Link per E-Mail"));
    }
}
