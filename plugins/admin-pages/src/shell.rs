//! What every page of the administration has: the frame, who looks, the menu; and what is shown to who may not look.

use crate::administration::PAGES;
use crate::frame::Frame;
use doorward_sdk::prelude::*;

/// Why a page is not drawn.
pub enum Stop {
    /// It is not there, or not for who looks: they learn no more than that.
    Hidden,
    /// An endpoint behind it did not answer as it should.
    Failed { status: u16, code: String },
    /// The plugin itself failed.
    Broken(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

/// One page that is being answered.
pub struct Shell<'r, 'q> {
    pub frame: Frame<'r, 'q>,
    pub request: &'r Request<'q>,
    view: &'static str,
    user: Value,
    session: Value,
    is_acting: bool,
}

/// Answers a page: what `draw` makes, or what is shown in its place.
///
/// # Errors
/// When the session cannot be read, or a template of the operator is wrong.
pub fn show(
    request: &Request,
    view: &'static str,
    draw: impl FnOnce(&Shell) -> Result<Response, Stop>,
) -> Result<Response> {
    let session = request.session()?.ok_or(ErrorCode::UNAUTHORIZED)?;
    let part = |name: &str| session.pointer(name).cloned().unwrap_or_default();
    let is_acting = part("/session/impersonatedBy").is_string();
    let shell = Shell {
        frame: Frame::of(request, view)?,
        request,
        view,
        user: part("/user"),
        session: part("/session"),
        is_acting,
    };
    if is_acting {
        return shell.stop("stop.acting", 403, "");
    }
    match draw(&shell) {
        Ok(response) => Ok(response),
        Err(Stop::Hidden) => shell.stop("stop.hidden", 404, ""),
        Err(Stop::Failed { status, code }) => shell.stop("stop.failed", if status == 429 { 429 } else { 502 }, &code),
        Err(Stop::Broken(error)) => Err(error),
    }
}

impl Shell<'_, '_> {
    /// A text of the message files.
    pub fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.frame.say(key, values)
    }

    /// What a `GET` endpoint answers to who looks.
    ///
    /// # Errors
    /// `Hidden` when it is not there or not for them.
    pub fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, Stop> {
        let answer = endpoints::get(path, query)?;
        match answer.status() {
            200..300 => Ok(answer.into_body()),
            401 | 403 | 404 => Err(Stop::Hidden),
            status => Err(Stop::Failed { status, code: answer.code().unwrap_or_default().to_owned() }),
        }
    }

    /// As [`Shell::get`]; nothing when it is not there or not for them.
    ///
    /// # Errors
    /// When the endpoint fails.
    pub fn seek(&self, path: &str, query: &[(&str, &str)]) -> Result<Option<Value>, Stop> {
        match self.get(path, query) {
            Ok(found) => Ok(Some(found)),
            Err(Stop::Hidden) => Ok(None),
            Err(stop) => Err(stop),
        }
    }

    /// Where the endpoints of operators stand, as browsers see it.
    pub fn operators(&self) -> &str {
        self.frame.site.get("operatorPath").and_then(Value::as_str).unwrap_or("/api")
    }

    /// The id of who looks.
    pub fn own_id(&self) -> &str {
        self.user.get("id").and_then(Value::as_str).unwrap_or_default()
    }

    /// The id of the session in which they look.
    pub fn own_session(&self) -> &str {
        self.session.get("id").and_then(Value::as_str).unwrap_or_default()
    }

    /// The page.
    ///
    /// # Errors
    /// When a template of the operator is wrong.
    pub fn page(&self, template: &str, title: &str, more: Value) -> Result<Response, Stop> {
        let mut model = self.common()?;
        if let (Some(model), Value::Object(more)) = (model.as_object_mut(), more) {
            model.extend(more);
        }
        Ok(self.frame.page(template, title, model)?)
    }

    fn common(&self) -> Result<Value> {
        let text = |name: &str| self.user.get(name).and_then(Value::as_str).unwrap_or_default();
        let name = Some(text("name")).filter(|name| !name.trim().is_empty()).unwrap_or_else(|| text("email"));
        Ok(json!({
            "user": { "id": text("id"), "name": name, "initials": initials(name), "email": text("email"),
                "image": crate::frame::local(text("image")) },
            "acting": self.is_acting,
            "nav": self.nav()?,
            "api": site::route(""),
            "operators": self.operators(),
        }))
    }

    fn nav(&self) -> Result<Vec<Value>> {
        let entry = |id: &str, path: &str, icon: &str, label: String| json!({ "id": id, "href": site::page(path), "icon": icon, "label": label, "is_here": id == self.view });
        let mut entries = Vec::new();
        for (id, path, icon, permission) in PAGES {
            if permissions::allows(permission)? {
                entries.push(entry(id, path, icon, self.say(&format!("admin.{id}"), &[])));
            }
        }
        for other in sections::contributors("admin.page")? {
            entries.push(entry(&other.plugin, &format!("/admin/more/{}", other.plugin), "list", other.title));
        }
        Ok(entries)
    }

    /// One sentence in the place of a page.
    fn stop(&self, key: &str, status: u16, code: &str) -> Result<Response> {
        let part = |name: &str| self.say(&format!("{key}_{name}"), &[]);
        let account = json!({ "href": site::page("/account"), "label": self.say("stop.account", &[]) });
        let again = json!({ "href": "", "label": self.say("stop.again", &[]) });
        let name = self.user.get("name").and_then(Value::as_str).unwrap_or_default();
        let model = json!({
            "acting_as": self.is_acting.then_some(name),
            "text": part("text"), "code": code, "tone": "", "symbol": "info",
            "actions": if status == 502 || status == 429 { vec![again, account] } else { vec![account] },
        });
        Ok(self.frame.page("message.html", &part("title"), model)?.status(status))
    }
}

/// The first letters of a name.
pub fn initials(name: &str) -> String {
    let words = name.split_whitespace().filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()));
    words.take(2).flat_map(char::to_uppercase).collect()
}
