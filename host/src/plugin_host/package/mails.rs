//! The templates of a plugin's mails, as the sender of mail knows templates: by kind, language and form.

use super::manifest::Manifest;

/// Name and text of each.
pub(in crate::plugin_host) fn templates(manifest: &Manifest) -> Vec<(String, String)> {
    let of_one = |template: &doorward_contract::MailTemplate<String>| {
        let language = template.language.as_ref().map(|language| format!(".{language}")).unwrap_or_default();
        let name = |form: &str| format!("{}{language}.{form}", template.kind);
        // What an HTML template says is escaped, so the text can stand in it.
        let plain = || format!("<p style=\"white-space: pre-line\">{}</p>", template.text);
        let html = template.html.clone().unwrap_or_else(plain);
        [(name("txt"), format!("Subject: {}\n{}", template.subject, template.text)), (name("html"), html)]
    };
    manifest.mail_templates.iter().flat_map(of_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin_host::package::manifest::declared;

    #[test]
    fn each_language_has_both_forms() {
        let manifest = declared(
            "x",
            r#","mails":["invite"],"mail_templates":[{"kind":"invite","subject":"Come","text":"to {{ url }}"},
            {"kind":"invite","language":"de","subject":"Komm","text":"zu {{ url }}","html":"<b>{{ url }}</b>"}]"#,
        );
        let expected = [
            ("invite.txt", "Subject: Come\nto {{ url }}"),
            ("invite.html", "<p style=\"white-space: pre-line\">to {{ url }}</p>"),
            ("invite.de.txt", "Subject: Komm\nzu {{ url }}"),
            ("invite.de.html", "<b>{{ url }}</b>"),
        ];
        assert_eq!(templates(&manifest), expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }
}
