//! Looks whether a section is one, and writes the addresses of what it leads to.

use super::{Button, Form, FormField, Notice, OutcomeKind, Row, Section, Target};

const MOST_ROWS: usize = 500;
const MOST_FORMS: usize = 20;
const MOST_FIELDS: usize = 40;
const MOST_ITEMS: usize = 100;
const LONGEST_TEXT: usize = 2000;
const LONGEST_HTML: usize = 32 << 10;
/// Forms that follow forms.
const DEEPEST: usize = 4;

/// What the plugin of a section has: nothing else can be led to.
pub trait Places {
    /// Its id.
    fn plugin(&self) -> &str;
    /// The whole path of an own page.
    fn page(&self, path: &str) -> Option<String>;
    /// The whole path of an own endpoint.
    fn route(&self, method: &str, path: &str) -> Option<String>;
    /// The whole path of an own asset.
    fn asset(&self, name: &str) -> Option<String>;
    /// Whether it may run scripts.
    fn may_script(&self) -> bool;
}

impl Section {
    /// Checks everything in it and fills in every `href`. Scripts become their addresses.
    ///
    /// # Errors
    /// What is wrong, for the log.
    pub fn settle(&mut self, places: &impl Places) -> Result<(), String> {
        text("the title", &self.title)?;
        optional("the intro", self.intro.as_deref())?;
        optional("what is said of an empty list", self.empty.as_deref())?;
        self.notice.iter().try_for_each(notice)?;
        most("facts", self.facts.len(), MOST_ITEMS)?;
        for fact in &self.facts {
            text("a fact", &fact.label)?;
            text("a fact", &fact.value)?;
        }
        most("rows", self.rows.len(), MOST_ROWS)?;
        self.rows.iter_mut().try_for_each(|row| settle_row(row, places))?;
        most("forms", self.forms.len(), MOST_FORMS)?;
        self.forms.iter_mut().try_for_each(|form| settle_form(form, places, 0))?;
        settle_actions(&mut self.actions, places)?;
        self.settle_scripts(places)
    }

    fn settle_scripts(&mut self, places: &impl Places) -> Result<(), String> {
        if (self.html.is_some() || !self.scripts.is_empty()) && !places.may_script() {
            return Err("it has markup or scripts, and `page-scripts` is not granted".to_owned());
        }
        if self.html.as_ref().is_some_and(|html| html.len() > LONGEST_HTML) {
            return Err(format!("its markup is longer than {LONGEST_HTML} bytes"));
        }
        most("scripts", self.scripts.len(), MOST_ITEMS)?;
        for script in &mut self.scripts {
            let address = places.asset(script).filter(|_| is_script(script));
            *script = address.ok_or_else(|| format!("it has no module `{script:.64}` among its assets"))?;
        }
        Ok(())
    }
}

fn is_script(name: &str) -> bool {
    name.ends_with(".js")
}

fn settle_row(row: &mut Row, places: &impl Places) -> Result<(), String> {
    text("a row's title", &row.title)?;
    optional("a row's detail", row.detail.as_deref())?;
    optional_name("a row's icon", row.icon.as_deref())?;
    row.badge.iter().try_for_each(notice)?;
    most("times of a row", row.times.len(), MOST_ITEMS)?;
    for time in &row.times {
        text("a time", &time.label)?;
        text("a time", &time.at)?;
    }
    settle_actions(&mut row.actions, places)
}

fn settle_actions(actions: &mut [Button], places: &impl Places) -> Result<(), String> {
    most("actions", actions.len(), MOST_ITEMS)?;
    actions.iter_mut().try_for_each(|action| settle_action(action, places, 0))
}

fn settle_form(form: &mut Form, places: &impl Places, depth: usize) -> Result<(), String> {
    if depth > DEEPEST {
        return Err("its forms follow each other without an end".to_owned());
    }
    name("a form's id", &form.id)?;
    optional("a form's title", form.title.as_deref())?;
    optional("a form's intro", form.intro.as_deref())?;
    most("fields of a form", form.fields.len(), MOST_FIELDS)?;
    form.fields.iter().try_for_each(field)?;
    if !matches!(form.submit.to, Target::Post { .. } | Target::Script { .. }) {
        return Err(format!("the form `{}` does not post", form.id));
    }
    settle_action(&mut form.submit, places, depth)
}

fn field(field: &FormField) -> Result<(), String> {
    name("a field's name", &field.name)?;
    text("a field's label", &field.label)?;
    optional("a field's hint", field.hint.as_deref())?;
    let value = field.value.as_ref();
    if value.is_some_and(|value| value.is_array() || value.is_object()) {
        return Err(format!("the value of the field `{}` is neither a text, a number nor a truth", field.name));
    }
    optional("a field's value", value.and_then(serde_json::Value::as_str))?;
    most("choices", field.choices.len(), MOST_ROWS)?;
    for choice in &field.choices {
        text("a choice", &choice.value)?;
        text("a choice", &choice.label)?;
    }
    let is_token = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || b"- ".contains(&byte));
    match field.autocomplete.as_deref() {
        Some(tokens) if tokens.len() > 64 || !is_token(tokens) => Err("`autocomplete` has words of HTML".to_owned()),
        _ => Ok(()),
    }
}

fn settle_action(action: &mut Button, places: &impl Places, depth: usize) -> Result<(), String> {
    text("an action's label", &action.label)?;
    optional_name("an action's icon", action.icon.as_deref())?;
    most("values of an action", action.values.len(), MOST_FIELDS)?;
    if let Some(confirm) = &action.confirm {
        text("a question", &confirm.title)?;
        optional("a question's text", confirm.text.as_deref())?;
        optional("a question's word", confirm.word.as_deref())?;
    }
    settle_target(&mut action.to, places)?;
    let then = &mut action.then;
    optional("what an action says", then.says.as_deref())?;
    most("shown fields", then.shows.len(), MOST_FIELDS)?;
    for shown in &then.shows {
        name("a shown field", &shown.field)?;
        text("a shown field", &shown.label)?;
    }
    then.href = match (then.kind, &then.path) {
        (OutcomeKind::Page, Some(path)) => found("page", path, |path| places.page(path))?,
        (OutcomeKind::Page, None) => return Err("an action ends at a page that has no path".to_owned()),
        _ => String::new(),
    };
    then.next.iter_mut().try_for_each(|form| settle_form(form, places, depth + 1))
}

fn settle_target(target: &mut Target, places: &impl Places) -> Result<(), String> {
    match target {
        Target::Page { path, href } => *href = found("page", path, |path| places.page(path))?,
        Target::Route { path, href } => *href = found("GET route", path, |path| places.route("GET", path))?,
        Target::Post { path, href } => *href = found("POST route", path, |path| places.route("POST", path))?,
        Target::Here { query, href } => {
            let pair =
                |(name, value): (&String, &String)| format!("{}.{}={}", places.plugin(), encoded(name), encoded(value));
            *href = format!("?{}", query.iter().map(pair).collect::<Vec<_>>().join("&"));
        }
        Target::Slot { slot } if !crate::is_slot(slot) => return Err(format!("`{slot:.64}` is no slot")),
        Target::Slot { .. } => {}
        Target::Script { name: script } => {
            name("a script's action", script)?;
            if !places.may_script() {
                return Err("it leads to a script, and `page-scripts` is not granted".to_owned());
            }
        }
    }
    Ok(())
}

/// The whole address of `path`, which may have a query. A browser reads it as it stands here: no step up, no other host.
fn found(what: &str, path: &str, find: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let (place, query) = path.split_once('?').map_or((path, None), |(place, query)| (place, Some(query)));
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/".contains(&byte);
    let is_step = |part: &str| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    let is_plain = place.bytes().all(is_letter) && !place.split('/').any(is_step);
    let is_query = |query: &str| query.bytes().all(|byte| is_letter(byte) || byte == b'?');
    let found = find(place).filter(|_| is_plain && query.is_none_or(is_query));
    let found = found.ok_or_else(|| format!("it leads to `{path:.100}`, which is no {what} of its own"))?;
    Ok(query.map_or_else(|| found.clone(), |query| format!("{found}?{query}")))
}

/// A text as it stands in a query: everything but letters, digits and `-_.~` is escaped.
///
/// ```
/// # use doorward_contract as doorward_sdk;
/// use doorward_sdk::encoded;
/// let download = format!("/files/{}", encoded("März & April.pdf"));
/// assert_eq!(download, "/files/M%C3%A4rz%20%26%20April.pdf");
/// ```
pub fn encoded(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => safe.push(char::from(byte)),
            byte => safe.push_str(&format!("%{byte:02X}")),
        }
    }
    safe
}

fn notice(notice: &Notice) -> Result<(), String> {
    text("a notice", &notice.text)
}

fn optional(what: &str, value: Option<&str>) -> Result<(), String> {
    value.map_or(Ok(()), |value| text(what, value))
}

fn text(what: &str, value: &str) -> Result<(), String> {
    let is_control = |letter: char| letter.is_control() && letter != '\n';
    if value.chars().count() > LONGEST_TEXT || value.contains(is_control) {
        return Err(format!("{what} has more than {LONGEST_TEXT} characters, or a control character"));
    }
    Ok(())
}

fn optional_name(what: &str, value: Option<&str>) -> Result<(), String> {
    value.map_or(Ok(()), |value| name(what, value))
}

/// What stands in an attribute of the page.
fn name(what: &str, value: &str) -> Result<(), String> {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_name = !value.is_empty() && value.len() <= 64 && value.bytes().all(is_letter);
    if is_name { Ok(()) } else { Err(format!("{what} is `{value:.64}`: a name has letters, digits, `-`, `_` and `.`")) }
}

fn most(what: &str, count: usize, most: usize) -> Result<(), String> {
    if count > most { Err(format!("it has {count} {what}, and {most} are the most")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use crate::PathPattern;

    struct Own {
        may_script: bool,
    }

    impl Places for Own {
        fn plugin(&self) -> &str {
            "waitlist"
        }

        fn page(&self, path: &str) -> Option<String> {
            PathPattern::new("/list/:id").matches(path).then(|| format!("/pages{path}"))
        }

        fn route(&self, method: &str, path: &str) -> Option<String> {
            let is_own = method == "POST" && PathPattern::new("/waitlist/:what").matches(path);
            is_own.then(|| format!("/api/auth{path}"))
        }

        fn asset(&self, name: &str) -> Option<String> {
            ["app.js", "app.css"].contains(&name).then(|| format!("/_assets/waitlist/1/{name}"))
        }

        fn may_script(&self) -> bool {
            self.may_script
        }
    }

    fn settled(mut section: Section) -> Result<Section, String> {
        section.settle(&Own { may_script: false }).map(|()| section)
    }

    fn to(target: Target) -> Result<Section, String> {
        settled(Section::titled("x").action(Button::new("Go", target)))
    }

    #[test]
    fn addresses_are_the_plugins_own() {
        let href = |target: Target| match to(target).unwrap().actions.remove(0).to {
            Target::Page { href, .. } | Target::Here { href, .. } | Target::Post { href, .. } => href,
            other => panic!("{other:?}"),
        };
        assert_eq!(href(Target::page("/list/7?a=b")), "/pages/list/7?a=b");
        assert_eq!(href(Target::post("/waitlist/invite")), "/api/auth/waitlist/invite");
        assert_eq!(href(Target::here(&[("page", "2&x=y")])), "?waitlist.page=2%26x%3Dy");
        for target in [
            Target::page("/account"),
            Target::page("//evil.example/list"),
            Target::page("/list/.."),
            Target::page("/list/%2E%2e"),
            Target::page("/list/\\evil"),
            Target::page("/list/a\tb"),
            Target::page("/list/1?a=\"><script>"),
            Target::page("javascript:alert(1)"),
            Target::route("/waitlist/list"),
            Target::post("/delete-user"),
            Target::post("/waitlist/.."),
            Target::post("https://evil.example/waitlist/x"),
            Target::slot("no slot"),
            Target::script("go"),
        ] {
            assert!(to(target.clone()).is_err(), "{target:?}");
        }
    }

    #[test]
    fn scripts_and_markup_need_the_grant() {
        let with_html = Section::titled("x").html("<b>x</b>");
        let with_script = Section::titled("x").script("app.js").action(Button::new("Go", Target::script("go")));
        assert!(settled(with_html.clone()).is_err() && settled(with_script.clone()).is_err());
        let granted = |mut section: Section| section.settle(&Own { may_script: true }).map(|()| section);
        assert_eq!(granted(with_html).unwrap().html.as_deref(), Some("<b>x</b>"));
        assert_eq!(granted(with_script).unwrap().scripts, ["/_assets/waitlist/1/app.js"]);
        for other in ["app.css", "../app.js", "https://evil.example/app.js"] {
            assert!(granted(Section::titled("x").script(other)).is_err(), "{other}");
        }
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let post = || Button::new("Go", Target::post("/waitlist/invite"));
        assert!(settled(Section::titled("a".repeat(2001))).is_err());
        assert!(settled(Section::titled("a\u{0}")).is_err());
        assert!(settled(Section::titled("x").rows(vec![Row::new("a"); 501])).is_err());
        assert!(settled(Section::titled("x").rows(vec![Row::new("a"); 500])).is_ok());
        let form = |submit| Form::new("invite", submit);
        assert!(settled(Section::titled("x").form(form(post()))).is_ok());
        assert!(settled(Section::titled("x").form(form(Button::new("Go", Target::page("/list/1"))))).is_err());
        let field = |name: &str| {
            Section::titled("x").form(form(post()).field(FormField::new(name, "E-mail", InputKind::Email)))
        };
        assert!(settled(field("email")).is_ok() && settled(field("a\" onfocus=\"x")).is_err());
        let endless = (0..6).fold(form(post()), |next, _| form(post().then_form(next)));
        assert!(settled(Section::titled("x").form(endless)).is_err());
    }

    #[test]
    fn what_is_left_out_is_left_out_of_the_json() {
        let row = Row::new("ada@example.com").badge(Tone::Good, "Invited");
        let json = serde_json::to_string(&Section::titled("Waitlist").row(row)).unwrap();
        let expected =
            r#"{"title":"Waitlist","rows":[{"title":"ada@example.com","badge":{"tone":"good","text":"Invited"}}]}"#;
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<Section>(expected).unwrap().rows.len(), 1);
        let script = serde_json::to_string(&Button::new("Go", Target::post("/a"))).unwrap();
        assert_eq!(script, r#"{"label":"Go","to":{"kind":"post","path":"/a"},"style":"secondary"}"#);
    }
}
