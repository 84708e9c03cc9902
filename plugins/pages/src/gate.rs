//! The pages before an account: sign-in, sign-up, a forgotten password, the second factor, and where links come back to.

use crate::frame::{Frame, local};
use crate::stops;
use doorward_sdk::encoded;
use doorward_sdk::prelude::*;

/// `/`: leads to the sign-in page or to the account. Failed links and refused sign-ins end here too.
///
/// # Errors
/// When the session cannot be read.
pub fn home(request: &Request, (): ()) -> Result<Response> {
    if let Some(stop) = stop(request)? {
        return Ok(stop);
    }
    let place = if request.session()?.is_some() { "/account" } else { "/sign-in" };
    Ok(Response::redirect(site::page(place)))
}

/// `/continue`: where a link in a mail or another service sends the browser. It goes on, or says what stands in the way.
///
/// # Errors
/// When the session cannot be read.
pub fn go_on(request: &Request, (): ()) -> Result<Response> {
    if let Some(stop) = stop(request)? {
        return Ok(stop);
    }
    let target = request.query("to").filter(|to| local(to).is_some()).unwrap_or_else(|| site::page("/account"));
    if request.session()?.is_some() {
        return Ok(Response::redirect(target));
    }
    Ok(Response::redirect(format!("{}?done=verified&callbackURL={}", site::page("/sign-in"), encoded(&target))))
}

/// A second factor that is asked for, or an error, in the query of a page that a link came back to.
fn stop(request: &Request) -> Result<Option<Response>> {
    if request.query("twoFactorRedirect").as_deref() == Some("true") {
        let methods = request.query("twoFactorMethods").unwrap_or_default();
        let target = request.query("to").filter(|to| local(to).is_some());
        return Ok(Some(Response::redirect(second_factor_page(&methods, target.as_deref()))));
    }
    request.query("error").map(|code| stops::show(request, &code)).transpose()
}

fn second_factor_page(methods: &str, target: Option<&str>) -> String {
    let target = target.map(|target| format!("&callbackURL={}", encoded(target))).unwrap_or_default();
    format!("{}?methods={}{target}", site::page("/two-factor"), encoded(methods))
}

/// `/sign-in`
///
/// # Errors
/// When a section cannot be asked for.
pub fn sign_in(request: &Request, (): ()) -> Result<Response> {
    let callback = request.query("callbackURL").unwrap_or_default();
    let target = local(&callback);
    // A page that needs a session was the target of a sign-in that wants its second factor.
    let asked = target.and_then(|target| target.split_once('?'));
    if let Some((place, query)) = asked
        && query.split('&').any(|pair| pair == "twoFactorRedirect=true")
    {
        let methods = query.split('&').find_map(|pair| pair.strip_prefix("twoFactorMethods=")).unwrap_or_default();
        let methods: String = methods.replace("%2C", ",").replace("%2c", ",");
        return Ok(Response::redirect(second_factor_page(&methods, Some(place))));
    }
    let stays = ["add", "fresh"].iter().any(|name| request.query(name).is_some());
    if !stays && request.session()?.is_some() {
        return Ok(Response::redirect(target.map_or_else(|| site::page("/account"), str::to_owned)));
    }
    // So was the target of a link that could not be followed.
    if let Some(code) = asked.and_then(|(_, query)| query.split('&').find_map(|pair| pair.strip_prefix("error="))) {
        return stops::show(request, code);
    }
    let frame = Frame::of(request, "sign-in")?;
    let mut model = json!({
        "password": frame.is("/emailAndPassword/enabled"),
        "reset": frame.is("/emailAndPassword/resetPassword"),
        "sign_up": frame.is("/emailAndPassword/signUp"),
        "username": frame.has_plugin("username"),
        "last_used_cookie": frame.public_option("last-login-method", "cookie_name"),
        "ways": frame.sections("sign-in.methods")?,
        "providers": providers(&frame),
        "notices": frame.sections("sign-in.notice")?,
        "notice": notice(&frame, target.is_some()),
        "email": request.query("email").filter(|email| doorward_sdk::is_email(email)),
    });
    keep_target(&mut model, &callback);
    frame.page("sign-in.html", &frame.say("sign_in.title", &[]), model)
}

/// The pages that a person goes to instead keep where they wanted to go.
fn keep_target(model: &mut Value, callback: &str) {
    let query = if callback.is_empty() { String::new() } else { format!("?callbackURL={}", encoded(callback)) };
    let with = |path: &str| format!("{}{query}", site::page(path));
    let links = json!({ "sign_in": with("/sign-in"), "sign_up": with("/sign-up"), "forgot": with("/forgot-password") });
    if let Some(model) = model.as_object_mut() {
        model.insert("links".to_owned(), links);
    }
}

/// Why the person is here.
fn notice(frame: &Frame, is_sent: bool) -> Option<Value> {
    let has = |name: &str| frame.request.query(name).is_some();
    let done = frame.request.query("done");
    let (tone, text, more) = match done.as_deref() {
        Some("password") => ("good", "sign_in.password_changed", Some("sign_in.password_changed_more")),
        Some("verified") => ("good", "sign_in.verified", Some("sign_in.verified_more")),
        _ if has("ended") => ("", "sign_in.ended", Some("sign_in.ended_more")),
        _ if has("fresh") => ("", "sign_in.fresh", None),
        _ if has("add") => ("", "sign_in.add", None),
        _ if is_sent => ("", "sign_in.needed", None),
        _ => return None,
    };
    Some(json!({ "tone": tone, "text": frame.say(text, &[]), "more": more.map(|key| frame.say(key, &[])) }))
}

/// The providers that are set up, each with the mark that it is known by.
pub fn providers(frame: &Frame) -> Vec<Value> {
    let listed = frame.site.get("providers").and_then(Value::as_array);
    let shown = listed.into_iter().flatten().map(|provider| {
        let id = provider.get("id").and_then(Value::as_str).unwrap_or_default();
        let mark = provider.get("preset").and_then(Value::as_str).unwrap_or(id);
        let mark = if mark.starts_with("microsoft") { "microsoft" } else { mark };
        json!({ "id": id, "name": provider.get("name"), "mark": mark })
    });
    shown.collect()
}

/// `/sign-up`
///
/// # Errors
/// When a section cannot be asked for.
pub fn sign_up(request: &Request, (): ()) -> Result<Response> {
    let frame = Frame::of(request, "sign-up")?;
    if !frame.is("/emailAndPassword/signUp") {
        return stops::show(request, "signup_disabled");
    }
    let mut model = json!({
        "minimum": minimum(&frame),
        "username": frame.has_plugin("username"),
        "fields": additional_fields(&frame),
        "providers": providers(&frame),
        "notices": frame.sections("sign-up.notice")?,
        "email": request.query("email").filter(|email| doorward_sdk::is_email(email)),
    });
    keep_target(&mut model, &request.query("callbackURL").unwrap_or_default());
    frame.page("sign-up.html", &frame.say("sign_up.title", &[]), model)
}

/// How many characters a password has at least.
pub fn minimum(frame: &Frame) -> u64 {
    frame.site.pointer("/emailAndPassword/minPasswordLength").and_then(Value::as_u64).unwrap_or(8)
}

/// The operator's own fields that people fill in, with a name that people read.
fn additional_fields(frame: &Frame) -> Vec<Value> {
    let listed = frame.site.get("additionalFields").and_then(Value::as_array);
    let is_asked = |field: &&Value| field.get("input").and_then(Value::as_bool) != Some(false);
    let shown = listed.into_iter().flatten().filter(is_asked).filter_map(|field| {
        let name = field.get("name")?.as_str()?;
        let kind = field.get("type")?;
        // Lists and objects have no field that people could fill in.
        let is_list = kind.as_str().is_some_and(|kind| kind.ends_with("[]") || kind == "json");
        let is_required = field.get("required").and_then(Value::as_bool) == Some(true);
        (!is_list).then(|| {
            json!({
                "name": name, "label": crate::words::worded(name), "type": kind.as_str().unwrap_or("string"),
                "options": kind.as_array().or_else(|| field.get("options")?.as_array()), "required": is_required,
            })
        })
    });
    shown.collect()
}

/// `/forgot-password`
///
/// # Errors
/// When the page cannot be drawn.
pub fn forgot(request: &Request, (): ()) -> Result<Response> {
    let frame = Frame::of(request, "forgot-password")?;
    if !frame.is("/emailAndPassword/resetPassword") {
        return stops::show(request, "RESET_PASSWORD_DISABLED");
    }
    let mut model = json!({ "email": request.query("email").filter(|email| doorward_sdk::is_email(email)) });
    keep_target(&mut model, &request.query("callbackURL").unwrap_or_default());
    frame.page("forgot.html", &frame.say("forgot.title", &[]), model)
}

/// `/reset-password`: where the link in the mail leads, with its token.
///
/// # Errors
/// When the page cannot be drawn.
pub fn reset(request: &Request, (): ()) -> Result<Response> {
    let frame = Frame::of(request, "reset-password")?;
    let Some(token) = request.query("token").filter(|_| request.query("error").is_none()) else {
        let again = json!([
            { "href": site::page("/forgot-password"), "label": frame.say("reset.again", &[]) },
            { "href": site::page("/sign-in"), "label": frame.say("error.sign_in", &[]) },
        ]);
        let model =
            json!({ "tone": "warn", "symbol": "time", "text": frame.say("reset.dead_text", &[]), "actions": again });
        return frame.page("message.html", &frame.say("reset.dead_title", &[]), model);
    };
    let model = json!({ "token": token, "minimum": minimum(&frame) });
    frame.page("reset.html", &frame.say("reset.title", &[]), model)
}

/// `/two-factor`: the second step of a sign-in.
///
/// # Errors
/// When the page cannot be drawn.
pub fn second_factor(request: &Request, (): ()) -> Result<Response> {
    let frame = Frame::of(request, "two-factor")?;
    let given = request.query("methods").unwrap_or_default();
    let mut methods: Vec<&str> =
        ["totp", "otp"].into_iter().filter(|known| given.split(',').any(|way| way == *known)).collect();
    if methods.is_empty() {
        methods.push("totp");
    }
    if methods.contains(&"totp") {
        methods.push("backup");
    }
    let mut model = json!({ "methods": methods, "digits": 6 });
    keep_target(&mut model, &request.query("callbackURL").unwrap_or_default());
    frame.page("second-factor.html", &frame.say("second.title", &[]), model)
}
