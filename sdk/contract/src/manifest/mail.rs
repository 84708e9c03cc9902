//! Templates of mails: what a plugin's mails say, in each language.

use serde::{Deserialize, Serialize};

/// What a kind of mail says in one language. An operator's file of the same name goes before it.
///
/// `{{ user.name }}`, `{{ url }}`, `{{ app_name }}` and `{{ data.x }}` stand for values; in HTML they are escaped.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::MailTemplate;
/// let english = MailTemplate::new("invite", "{{ data.host }} invites you", "Come to {{ url }}");
/// let german = MailTemplate::new("invite", "{{ data.host }} lädt ein", "Komm zu {{ url }}")
///     .language("de")
///     .html("<p>Komm zu <a href=\"{{ url }}\">{{ app_name }}</a>");
/// assert_eq!((english.kind, german.language), (german.kind, Some("de")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(bound(deserialize = "S: Deserialize<'de>"))]
#[non_exhaustive]
pub struct MailTemplate<S = &'static str> {
    /// Which mail.
    pub kind: S,
    /// `de`, `pt-br`; the one without a language is for all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<S>,
    /// One line.
    pub subject: S,
    /// Plain text.
    pub text: S,
    /// HTML; without it, the text is shown as HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<S>,
}

impl MailTemplate {
    /// What the mail says in every language that has no template of its own.
    pub const fn new(kind: &'static str, subject: &'static str, text: &'static str) -> Self {
        Self { kind, language: None, subject, text, html: None }
    }

    /// For recipients of this language alone: `de`, `pt-br`.
    #[must_use]
    pub const fn language(mut self, language: &'static str) -> Self {
        self.language = Some(language);
        self
    }

    /// As HTML: `include_str!("mails/welcome.html")`.
    #[must_use]
    pub const fn html(mut self, html: &'static str) -> Self {
        self.html = Some(html);
        self
    }
}

impl<S: AsRef<str>> MailTemplate<S> {
    /// What is wrong with the template at `place` among all of them, of a plugin that sends mails of these kinds.
    pub(super) fn fault(place: usize, templates: &[Self], kinds: &[S]) -> Option<String> {
        let template = templates.get(place)?;
        let kind = template.kind.as_ref();
        let language = |template: &Self| template.language.as_ref().map(|language| language.as_ref().to_owned());
        let wrong = |reason: &str| Some(format!("the template of the mail `{kind}`: {reason}"));
        if !kinds.iter().any(|own| own.as_ref() == kind) {
            return wrong("the plugin declares no mail of this kind");
        }
        if language(template).is_some_and(|language| !is_language(&language)) {
            return wrong("a language is `de` or `pt-br`");
        }
        if template.subject.as_ref().trim().is_empty() || template.subject.as_ref().contains(['\r', '\n']) {
            return wrong("a subject is one line");
        }
        let mut others = templates.iter().take(place).filter(|other| other.kind.as_ref() == kind);
        if others.any(|other| language(other) == language(template)) {
            return wrong("there are two for one language");
        }
        let mut all = templates.iter().filter(|other| other.kind.as_ref() == kind);
        if all.all(|other| other.language.is_some()) { wrong("one without a language has to be there") } else { None }
    }
}

fn is_language(text: &str) -> bool {
    let is_part = |part: &str| {
        (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.split('-').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_template_can_be_is_refused() {
        let fault = |templates: &[MailTemplate]| {
            (0..templates.len()).find_map(|place| MailTemplate::fault(place, templates, &["welcome"]))
        };
        let welcome = MailTemplate::new("welcome", "Hello", "text");
        assert_eq!(fault(&[welcome.clone().language("de"), welcome.clone(), welcome.clone().language("pt-br")]), None);
        for (templates, part) in [
            (vec![MailTemplate::new("goodbye", "Hello", "text")], "no mail of this kind"),
            (vec![welcome.clone(), welcome.clone()], "two for one language"),
            (vec![welcome.clone().language("de")], "without a language"),
            (vec![welcome.clone(), welcome.clone().language("DE")], "`de` or `pt-br`"),
            (vec![MailTemplate::new("welcome", "a\nBcc: b", "text")], "one line"),
        ] {
            let fault = fault(&templates).unwrap();
            assert!(fault.contains(part), "{fault}");
        }
    }
}
