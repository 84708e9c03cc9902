//! From a view model to HTML: the templates, with the texts of one language. Everything is escaped unless it is drawn here.

use crate::icons;
use crate::words::Language;
use doorward_sdk::prelude::Value;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Kwargs;
use minijinja::{AutoEscape, Environment, Error, ErrorKind};
use std::cell::Cell;

const TEMPLATES: [(&str, &str); 16] = [
    ("base.html", include_str!("../templates/base.html")),
    ("pieces.html", include_str!("../templates/pieces.html")),
    ("gate.html", include_str!("../templates/gate.html")),
    ("sign-in.html", include_str!("../templates/sign-in.html")),
    ("sign-up.html", include_str!("../templates/sign-up.html")),
    ("notices.html", include_str!("../templates/notices.html")),
    ("sent.html", include_str!("../templates/sent.html")),
    ("forgot.html", include_str!("../templates/forgot.html")),
    ("reset.html", include_str!("../templates/reset.html")),
    ("second-factor.html", include_str!("../templates/second-factor.html")),
    ("message.html", include_str!("../templates/message.html")),
    ("account.html", include_str!("../templates/account.html")),
    ("section.html", include_str!("../templates/section.html")),
    ("profile.html", include_str!("../templates/profile.html")),
    ("more.html", include_str!("../templates/more.html")),
    ("security.html", include_str!("../templates/security.html")),
];

std::thread_local! {
    /// The built-in templates. The component is built with them parsed: an instance has one thread.
    static BUILT_IN: Environment<'static> = parsed();
    /// The language of the page that is being drawn.
    static LANGUAGE: Cell<Language> = const { Cell::new(Language::English) };
}

/// Parses the built-in templates, so that they lie in the memory that every instance begins with.
pub fn prepare() {
    BUILT_IN.with(|_| ());
}

/// Fills a template. `own` are the operator's templates by name, each in place of a built-in one.
///
/// # Errors
/// What is wrong with a template: only one of the operator can be.
pub fn render(template: &str, language: Language, model: &Value, own: Vec<(String, String)>) -> Result<String, Error> {
    let model = minijinja::Value::from(minijinja::value::Serde(model));
    LANGUAGE.set(language);
    BUILT_IN.with(|built_in| {
        if own.is_empty() {
            return built_in.get_template(template)?.render(model);
        }
        let mut environment = built_in.clone();
        for (name, text) in own {
            environment.add_template_owned(name, text)?;
        }
        environment.get_template(template)?.render(model)
    })
}

fn parsed() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    // A test draws every template: only those of the operator can be wrong.
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    syntax.map(|syntax| environment.set_syntax(syntax)).unwrap_or_default();
    environment.add_function("t", |key: &str, values: Kwargs| say(LANGUAGE.get(), key, &values));
    environment.add_function("icon", icon);
    environment.add_function("mark", mark);
    environment.add_function("json", json);
    for (name, text) in TEMPLATES.iter().chain(crate::OWN.templates) {
        environment.add_template(name, text).unwrap_or_default();
    }
    environment
}

fn say(language: Language, key: &str, values: &Kwargs) -> Result<String, Error> {
    let names: Vec<&str> = values.args().collect();
    let texts = names.iter().map(|name| values.get::<minijinja::Value>(name).map(|value| value.to_string()));
    let texts = texts.collect::<Result<Vec<_>, _>>()?;
    let pairs: Vec<(&str, &str)> = names.iter().copied().zip(texts.iter().map(String::as_str)).collect();
    Ok(language.say(key, &pairs))
}

fn icon(name: &str) -> minijinja::Value {
    let shape = icons::shape(name);
    minijinja::Value::from_safe_string(format!(
        r#"<svg class="icon" viewBox="0 0 20 20" aria-hidden="true">{shape}</svg>"#
    ))
}

/// A value as JSON text, which is escaped as any text is.
fn json(value: minijinja::Value) -> Result<String, Error> {
    serde_json::to_string(&value).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}

/// The mark of a provider, or the first letter of its name.
fn mark(provider: &str, name: &str) -> minijinja::Value {
    let drawn = match icons::mark(provider) {
        Some(shape) => format!(r#"<svg class="icon solid" viewBox="0 0 20 20" aria-hidden="true">{shape}</svg>"#),
        None => {
            let letter = name.chars().find(|letter| letter.is_alphanumeric()).unwrap_or('?').to_uppercase();
            format!(
                r#"<svg class="icon solid" viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="9" opacity=".14"/><text x="10" y="14" text-anchor="middle" font-size="11" font-weight="600">{letter}</text></svg>"#
            )
        }
    };
    minijinja::Value::from_safe_string(drawn)
}
