//! Fills the template of a mail: subject, text and HTML.

use std::path::{Path, PathBuf};

use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde_json::{Map, Value as Json};

macro_rules! built_in {
    ($($kind:literal),*) => {
        [$((
            $kind,
            include_str!(concat!("../../templates/mail/", $kind, ".txt")),
            include_str!(concat!("../../templates/mail/", $kind, ".html")),
        )),*]
    };
}

/// The built-in templates: kind, text (its first line is `Subject: …`), HTML.
const BUILT_IN: [(&str, &str, &str); 13] = built_in![
    "default",
    "magic-link",
    "verify-email",
    "reset-password",
    "change-email",
    "delete-account",
    "existing-user",
    "new-device",
    "email-changed",
    "password-changed",
    "passkey-added",
    "two-factor-changed",
    "backup-codes-changed"
];

/// Why the templates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The operator's folder or a file in it.
    #[error("mail.templates: {path} cannot be read: {source}")]
    Unreadable {
        /// What cannot be read.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A template's text.
    #[error("the mail template {name} is broken: {source}")]
    Broken {
        /// The file's name.
        name: String,
        /// What is wrong with it.
        source: minijinja::Error,
    },
}

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
    /// Compiles the built-in templates and those in `folder`. A template in the folder replaces a built-in one by name.
    ///
    /// # Errors
    /// When a file cannot be read or a template has a syntax error.
    pub fn new(app_name: &str, folder: Option<&Path>) -> Result<Self, TemplateError> {
        Self::with(app_name, Vec::new(), folder)
    }

    /// As [`Templates::new`], with those of plugins: name and text of each. A file of the operator goes before them.
    ///
    /// # Errors
    /// As [`Templates::new`].
    pub fn with(
        app_name: &str,
        of_plugins: Vec<(String, String)>,
        folder: Option<&Path>,
    ) -> Result<Self, TemplateError> {
        let mut sources = Vec::new();
        for (kind, text, html) in BUILT_IN {
            sources.push((format!("{kind}.txt"), text.to_owned()));
            sources.push((format!("{kind}.html"), html.to_owned()));
        }
        sources.extend(of_plugins);
        sources.extend(folder.map(read_folder).transpose()?.unwrap_or_default());
        let mut environment = Environment::new();
        for (name, source) in sources {
            environment
                .add_template_owned(name.clone(), source)
                .map_err(|source| TemplateError::Broken { name, source })?;
        }
        Ok(Self { environment, app_name: app_name.to_owned() })
    }

    /// The mail of `kind`, filled with `data`. A kind without a template gets the default one.
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
        let named = |name: &str| self.environment.get_template(&format!("{name}.{form}"));
        let language = data.get("language").and_then(Json::as_str).unwrap_or_default().to_ascii_lowercase();
        let in_language = || named(&format!("{kind}.{language}"));
        let in_wider = |_| named(&format!("{kind}.{}", language.split('-').next().unwrap_or_default()));
        let template = in_language().or_else(in_wider).or_else(|_| named(kind)).or_else(|_| named("default"))?;
        let value = |name: &str| data.get(name).map(|value| minijinja::Value::from(Serde(value)));
        template.render(context! {
            app_name => self.app_name.as_str(),
            url => value("url"),
            token => value("token"),
            otp => value("otp"),
            user => value("user"),
            newEmail => value("newEmail"),
            data => minijinja::Value::from(Serde(data)),
        })
    }
}

/// The kinds of mail that have a built-in template.
pub fn built_in_kinds() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(kind, ..)| *kind).filter(|kind| *kind != "default")
}

/// Every template in the folder: name and text.
///
/// # Errors
/// When one cannot be read.
pub fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, TemplateError> {
    let unreadable = |path: &Path, source| TemplateError::Unreadable { path: path.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let path = entry.map_err(|error| unreadable(folder, error))?.path();
        let is_template = path.extension().is_some_and(|form| form == "txt" || form == "html");
        let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|_| is_template) else { continue };
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
        found.push((name.to_owned(), text));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_in_html_and_stay_out_of_the_subject() {
        let templates = Templates::new("A\r\nBcc: x <b>", None).unwrap();
        let data = serde_json::json!({ "url": "https://x/?a=1&b=\"><script>", "user": { "name": "{{7*7}}" } });
        let mail = templates.render("magic-link", data.as_object().unwrap()).unwrap();
        assert_eq!(mail.subject, "Sign in to A");
        assert!(!mail.html.contains("<script>") && !mail.html.contains("<b>"), "{}", mail.html);
        assert!(mail.text.contains("https://x/?a=1&b="), "{}", mail.text);
    }

    #[test]
    fn an_unknown_kind_has_the_default_form() {
        let data = serde_json::json!({ "otp": "123456" });
        let mail = Templates::new("Acme", None).unwrap().render("two-factor-otp", data.as_object().unwrap()).unwrap();
        assert_eq!(mail.subject, "A message from Acme");
        assert!(mail.text.starts_with("Your code is 123456."), "{}", mail.text);
    }

    #[test]
    fn a_plugin_has_templates_in_languages_and_the_operator_other_ones() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("invite.fr.txt"), "Subject: Viens\n{{ url }}").unwrap();
        let of_plugin = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let of_plugins = vec![
            of_plugin("invite.txt", "Subject: Come\n{{ url }}"),
            of_plugin("invite.html", "<p>{{ url }}</p>"),
            of_plugin("invite.de.txt", "Subject: Komm\n{{ url }}"),
            of_plugin("invite.fr.txt", "Subject: Venez\n{{ url }}"),
        ];
        let templates = Templates::with("Acme", of_plugins, Some(folder.path())).unwrap();
        let subject = |language: &str| {
            let data = serde_json::json!({ "url": "x", "language": language });
            templates.render("invite", data.as_object().unwrap()).unwrap().subject
        };
        let subjects = ["de", "DE-at", "fr", "it", ""].map(subject);
        assert_eq!(subjects, ["Komm", "Komm", "Viens", "Come", "Come"]);
        let broken = Templates::with("Acme", vec![of_plugin("invite.txt", "{{ url ")], None).err().unwrap().to_string();
        assert!(broken.contains("the mail template invite.txt is broken"), "{broken}");
    }

    #[test]
    fn every_kind_names_its_link_in_both_forms() {
        let templates = Templates::new("Acme", None).unwrap();
        let data = serde_json::json!({ "url": "https://x/?a=1", "newEmail": "n@x.com", "user": { "name": "<b>", "email": "a@x.com" } });
        let without = ["existing-user", "new-device", "password-changed", "passkey-added", "two-factor-changed"];
        let has_link = |kind: &&str| !without.contains(kind) && **kind != *"backup-codes-changed";
        for kind in BUILT_IN.iter().map(|(kind, ..)| *kind).filter(has_link) {
            let mail = templates.render(kind, data.as_object().unwrap()).unwrap();
            assert!(mail.text.contains("https://x/?a=1"), "{kind}: {}", mail.text);
            assert!(mail.html.contains("https:&#x2f;&#x2f;x&#x2f;?a=1"), "{kind}: {}", mail.html);
            assert!(!mail.html.contains("<b>"), "{kind}: {}", mail.html);
        }
    }

    #[test]
    fn files_of_the_operator_replace_the_built_in_ones() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("verify-email.txt"), "Subject: Salut\n{{ url }}!").unwrap();
        std::fs::write(folder.path().join("notes.md"), "{{ not a template").unwrap();
        let templates = Templates::new("Acme", Some(folder.path())).unwrap();
        let data = serde_json::json!({ "url": "https://x" });
        let mail = templates.render("verify-email", data.as_object().unwrap()).unwrap();
        assert_eq!((mail.subject.as_str(), mail.text.as_str()), ("Salut", "https://x!"));
        assert!(mail.html.contains("Verify"), "the form without a file stays: {}", mail.html);

        std::fs::write(folder.path().join("verify-email.html"), "{{ url ").unwrap();
        let error = Templates::new("Acme", Some(folder.path())).err().unwrap().to_string();
        assert!(error.contains("verify-email.html is broken"), "{error}");
        let error = Templates::new("Acme", Some(Path::new("/no/such/folder"))).err().unwrap().to_string();
        assert!(error.contains("/no/such/folder cannot be read"), "{error}");
    }
}
