//! From a view model to HTML: the templates, with the texts of one language. Everything is escaped unless it is drawn here.

use crate::icons;
use crate::words::Language;
use doorward_sdk::prelude::Value;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Kwargs;
use minijinja::{AutoEscape, Environment, Error};

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

/// Fills a template. `own` gives the operator's text of a template; where there is none, the built-in one is used.
///
/// # Errors
/// What is wrong with a template: only one of the operator can be.
pub fn render(
    template: &str,
    language: Language,
    model: &Value,
    own: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_loader(move |name| Ok(own(name).or_else(|| built_in(name).map(str::to_owned))));
    environment.add_function("t", move |key: &str, values: Kwargs| say(language, key, &values));
    environment.add_function("icon", icon);
    environment.add_function("mark", mark);
    environment.get_template(template)?.render(minijinja::Value::from(minijinja::value::Serde(model)))
}

fn built_in(name: &str) -> Option<&'static str> {
    TEMPLATES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
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
