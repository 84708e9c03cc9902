//! Fills a mail's template: subject, text and HTML.

use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde_json::{Map, Value as Json};

/// The built-in templates: kind, text (its first line is `Subject: …`), HTML.
const BUILT_IN: [(&str, &str, &str); 2] = [
    ("default", include_str!("../../templates/mail/default.txt"), include_str!("../../templates/mail/default.html")),
    (
        "magic-link",
        include_str!("../../templates/mail/magic-link.txt"),
        include_str!("../../templates/mail/magic-link.html"),
    ),
];

/// The compiled templates.
pub struct Templates {
    environment: Environment<'static>,
    app_name: String,
}

/// A filled template.
#[derive(Debug, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML, with every value escaped.
    pub html: String,
}

impl Templates {
    /// Compiles the built-in templates.
    ///
    /// # Errors
    /// When a template has a syntax error.
    pub fn new(app_name: &str) -> Result<Self, minijinja::Error> {
        let mut environment = Environment::new();
        for (kind, text, html) in BUILT_IN {
            environment.add_template_owned(format!("{kind}.txt"), text)?;
            environment.add_template_owned(format!("{kind}.html"), html)?;
        }
        Ok(Self { environment, app_name: app_name.to_owned() })
    }

    /// The mail of `kind` filled with `data`; a kind without a template of its own gets the default one.
    ///
    /// # Errors
    /// When a template cannot be filled.
    pub fn render(&self, kind: &str, data: &Map<String, Json>) -> Result<Rendered, minijinja::Error> {
        let text = self.fill(kind, "txt", data)?;
        let (subject, text) = text.split_once('\n').unwrap_or((text.as_str(), ""));
        let subject = subject.strip_prefix("Subject:").unwrap_or(subject);
        let subject = subject.chars().filter(|letter| !letter.is_control()).collect::<String>().trim().to_owned();
        Ok(Rendered { subject, text: text.trim().to_owned(), html: self.fill(kind, "html", data)? })
    }

    fn fill(&self, kind: &str, form: &str, data: &Map<String, Json>) -> Result<String, minijinja::Error> {
        let own = self.environment.get_template(&format!("{kind}.{form}"));
        let template = own.or_else(|_| self.environment.get_template(&format!("default.{form}")))?;
        let value = |name: &str| data.get(name).map(|value| minijinja::Value::from(Serde(value)));
        template.render(context! {
            app_name => self.app_name.as_str(),
            url => value("url"),
            token => value("token"),
            otp => value("otp"),
            user => value("user"),
            data => minijinja::Value::from(Serde(data)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_in_html_and_stay_out_of_the_subject() {
        let templates = Templates::new("A\r\nBcc: x <b>").unwrap();
        let data = serde_json::json!({ "url": "https://x/?a=1&b=\"><script>", "user": { "name": "{{7*7}}" } });
        let mail = templates.render("magic-link", data.as_object().unwrap()).unwrap();
        assert_eq!(mail.subject, "Sign in to A");
        assert!(!mail.html.contains("<script>") && !mail.html.contains("<b>"), "{}", mail.html);
        assert!(mail.text.contains("https://x/?a=1&b="), "{}", mail.text);
    }

    #[test]
    fn an_unknown_kind_has_the_default_form() {
        let data = serde_json::json!({ "otp": "123456" });
        let mail = Templates::new("Acme").unwrap().render("two-factor-otp", data.as_object().unwrap()).unwrap();
        assert_eq!(mail.subject, "A message from Acme");
        assert!(mail.text.starts_with("Your code is 123456."), "{}", mail.text);
    }
}
