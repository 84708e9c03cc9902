//! The pages of an account: profile, security, and those of plugins.

use crate::administration::entrance;
use crate::frame::{Frame, drawn};
use crate::gate::{minimum, providers};
use crate::sections::take_warning;
use crate::stops;
use doorward_sdk::prelude::*;

/// `/account`
///
/// # Errors
/// When the session or a section cannot be read.
pub fn profile(request: &Request, (): ()) -> Result<Response> {
    let frame = Frame::of(request, "profile")?;
    let mut model = common(&frame, "profile")?;
    add(
        &mut model,
        json!({
            "change_email": frame.is("/user/changeEmail"),
            "verification": frame.is("/sendsMail"),
            "delete": frame.is("/user/deleteUser"),
            "username": frame.has_plugin("username"),
            "avatar": frame.has_plugin("avatar"),
            "providers": providers(&frame),
            "sections": frame.sections("account.profile")?,
        }),
    );
    frame.page("profile.html", &frame.say("account.profile", &[]), model)
}

/// `/account/security`: what is wrong first, then the ways in, then where the person is signed in.
///
/// # Errors
/// When the session or a section cannot be read.
pub fn security(request: &Request, (): ()) -> Result<Response> {
    let frame = Frame::of(request, "security")?;
    let mut model = common(&frame, "security")?;
    let mut sections = frame.sections("account.security")?;
    let mut attention: Vec<Value> = sections.iter_mut().filter_map(|section| warning(&frame, section)).collect();
    if frame.is("/sendsMail") && model.pointer("/user/verified") == Some(&json!(false)) {
        attention.push(json!({
            "icon": "mail", "title": frame.say("security.verify_title", &[]), "text": frame.say("security.verify_text", &[]),
            "label": frame.say("security.verify_action", &[]), "resend": true,
        }));
    }
    add(
        &mut model,
        json!({
            "password": frame.is("/emailAndPassword/enabled"),
            "reset": frame.is("/emailAndPassword/resetPassword"),
            "minimum": minimum(&frame),
            "attention": attention,
            "sections": sections,
        }),
    );
    frame.page("security.html", &frame.say("account.security", &[]), model)
}

fn warning(frame: &Frame, section: &mut Value) -> Option<Value> {
    let warning = take_warning(section)?;
    let plugin = section.get("plugin")?.as_str()?.to_owned();
    Some(json!({
        "icon": "shield", "title": warning.get("text"), "href": format!("#{plugin}"), "opens": plugin,
        "label": frame.say("security.look", &[]),
    }))
}

/// `/account/more/:plugin`: a page that a plugin adds to the account.
///
/// # Errors
/// When the section cannot be asked for.
pub fn more(request: &Request, (): ()) -> Result<Response> {
    let frame = Frame::of(request, "more")?;
    let plugin = request.param("plugin").unwrap_or_default();
    let Some(found) = sections::ask_one("account.page", &plugin, &frame.asking())? else {
        return Ok(stops::show(request, "NOT_FOUND")?.status(404));
    };
    let mut model = common(&frame, &plugin)?;
    add(&mut model, json!({ "sections": [drawn(&found)], "about": "" }));
    frame.page("more.html", &found.title, model)
}

/// What every page of an account has: the person, the navigation, and whether someone acts as them.
fn common(frame: &Frame, view: &str) -> Result<Value> {
    let session = frame.request.session()?.ok_or(ErrorCode::UNAUTHORIZED)?;
    let user = |name: &str| session.get("user").and_then(|user| user.get(name)).cloned().unwrap_or_default();
    let text = |name: &str| user(name).as_str().unwrap_or_default().to_owned();
    let own = |name: &str| session.get("session").and_then(|session| session.get(name)).cloned().unwrap_or_default();
    let id = text("id");
    let email = text("email");
    // A long address is broken before the host, if anywhere.
    let (email_name, email_host) = email.split_at(email.rfind('@').unwrap_or_default());
    let name = Some(text("name")).filter(|name| !name.trim().is_empty()).unwrap_or_else(|| email.clone());
    let is_acting = own("impersonatedBy").is_string();
    let has_administration = frame.has_plugin("admin-pages") && !is_acting;
    Ok(json!({
        "administration": if has_administration { entrance(session.get("user").unwrap_or(&Value::Null))? } else { None },
        "user": {
            "name": name, "initials": initials(&name), "email": email, "email_name": email_name, "email_host": email_host, "verified": user("emailVerified"),
            "created": user("createdAt"), "image": shown_image(frame, &text("image")),
            "username": user("username"),
        },
        "session": own("id"),
        "acting": is_acting,
        "several": frame.has_plugin("multi-session"),
        "has_password": passwords::exists(&id)?,
        "about": frame.say(&format!("{view}.about"), &[]),
        "nav": navigation(frame, view)?,
    }))
}

fn navigation(frame: &Frame, view: &str) -> Result<Vec<Value>> {
    let entry = |id: &str, path: &str, icon: &str, label: String| json!({ "id": id, "href": site::page(path), "icon": icon, "label": label, "is_here": id == view });
    let mut entries = vec![
        entry("profile", "/account", "user", frame.say("account.profile", &[])),
        entry("security", "/account/security", "shield", frame.say("account.security", &[])),
    ];
    for other in sections::contributors("account.page")? {
        entries.push(entry(&other.plugin, &format!("/account/more/{}", other.plugin), "list", other.title));
    }
    Ok(entries)
}

/// The path of a picture of this server. Pictures from elsewhere are not loaded: the initials stand in their place.
fn shown_image<'a>(frame: &Frame, image: &'a str) -> Option<&'a str> {
    let own = frame.site.get("baseURL").and_then(Value::as_str).filter(|own| !own.is_empty());
    crate::frame::local(own.and_then(|own| image.strip_prefix(own)).unwrap_or(image))
}

fn initials(name: &str) -> String {
    let words = name.split_whitespace().filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()));
    words.take(2).flat_map(char::to_uppercase).collect()
}

fn add(model: &mut Value, more: Value) {
    if let (Some(model), Value::Object(more)) = (model.as_object_mut(), more) {
        model.extend(more);
    }
}
