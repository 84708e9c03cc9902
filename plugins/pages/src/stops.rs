//! The pages that say one thing: what went wrong, or what is done, and what comes next.

use crate::frame::Frame;
use doorward_sdk::prelude::*;

/// What a stop is called, and where it leads.
struct Stop {
    title: &'static str,
    leads_to: Way,
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    SignIn,
    Account,
    NewLink,
    SignUp,
}

/// What stops of a kind are called, by the codes that lead there.
const STOPS: [(&str, Way, &[&str]); 9] = [
    ("error.denied", Way::SignIn, &["ACCESS_DENIED"]),
    (
        "error.expired",
        Way::SignIn,
        &["STATE_MISMATCH", "STATE_INVALID", "STATE_NOT_FOUND", "INVALID_TWO_FACTOR_COOKIE"],
    ),
    ("error.dead_link", Way::NewLink, &["INVALID_TOKEN", "TOKEN_EXPIRED"]),
    (
        "error.linked",
        Way::Account,
        &["ACCOUNT_ALREADY_LINKED_TO_DIFFERENT_USER", "SOCIAL_ACCOUNT_ALREADY_LINKED", "INVALID_USER"],
    ),
    (
        "error.address",
        Way::SignIn,
        &["EMAIL_NOT_FOUND", "EMAIL_DOES_NOT_MATCH", "EMAIL_NOT_VERIFIED", "USER_EMAIL_NOT_FOUND"],
    ),
    ("error.closed", Way::SignIn, &["SIGNUP_DISABLED", "NEW_USER_SIGNUP_DISABLED", "EMAIL_PASSWORD_SIGN_UP_DISABLED"]),
    ("error.banned", Way::SignIn, &["BANNED", "BANNED_USER"]),
    ("error.guarded", Way::Account, &["UNABLE_TO_LINK_ACCOUNT", "ACCOUNT_NOT_LINKED", "FAILED_TO_GET_USER_INFO"]),
    (
        "error.provider",
        Way::SignIn,
        &[
            "NO_CODE",
            "INVALID_CODE",
            "ISSUER_MISMATCH",
            "NONCE_BINDING_MISSING",
            "UNABLE_TO_GET_USER_INFO",
            "OAUTH_PROVIDER_NOT_FOUND",
            "INVALID_OAUTH_CONFIGURATION",
        ],
    ),
];

fn stop(code: &str) -> Stop {
    let known = STOPS.iter().find(|(_, _, codes)| codes.contains(&code));
    match known {
        Some((title, leads_to, _)) => Stop { title, leads_to: *leads_to },
        None if code == "UNABLE_TO_CREATE_USER" => Stop { title: "error.title", leads_to: Way::SignUp },
        None => Stop { title: "error.title", leads_to: Way::SignIn },
    }
}

/// A code as the message files have it. The reference writes some in small letters, and `'` for what has none.
fn normal(code: &str) -> String {
    let upper = code.to_ascii_uppercase();
    let upper = if upper == "EMAIL_DOESN'T_MATCH" { "EMAIL_DOES_NOT_MATCH".to_owned() } else { upper };
    upper.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').take(80).collect()
}

/// `/error`
///
/// # Errors
/// When the page cannot be drawn.
pub fn error(request: &Request, (): ()) -> Result<Response> {
    show(request, &request.query("error").unwrap_or_default())
}

/// The page of an error: what happened, what to do, and the code for support.
///
/// # Errors
/// When the page cannot be drawn.
pub fn show(request: &Request, code: &str) -> Result<Response> {
    let frame = Frame::of(request, "error")?;
    let normal = normal(code);
    let stop = stop(&normal);
    // At this page a wrong code is one that a provider gave, never one that a person typed.
    let key = if normal == "INVALID_CODE" { "INVALID_CODE_OF_PROVIDER" } else { normal.as_str() };
    let text = frame.language.find(&format!("code.{key}")).map(str::to_owned);
    let is_signed_in = request.session()?.is_some();
    let actions = actions(&frame, stop.leads_to, is_signed_in);
    let model = json!({
        "tone": "bad", "symbol": "alert", "code": code.chars().filter(|letter| !letter.is_control()).take(80).collect::<String>(),
        "text": text.unwrap_or_else(|| frame.say("code.UNKNOWN", &[])), "actions": actions,
    });
    frame.page("message.html", &frame.say(stop.title, &[]), model)
}

fn actions(frame: &Frame, way: Way, is_signed_in: bool) -> Vec<Value> {
    let action = |path: &str, label: &str| json!({ "href": site::page(path), "label": frame.say(label, &[]) });
    let account = || action("/account", "error.account");
    let sign_in = || action("/sign-in", "error.sign_in");
    match way {
        Way::NewLink if is_signed_in => vec![account()],
        Way::NewLink if frame.is("/emailAndPassword/resetPassword") => {
            vec![sign_in(), action("/forgot-password", "error.reset")]
        }
        Way::SignUp if !is_signed_in => vec![action("/sign-up", "sign_in.create"), sign_in()],
        _ if is_signed_in => vec![account()],
        _ => vec![sign_in()],
    }
}

/// `/signed-out`
///
/// # Errors
/// When the page cannot be drawn.
pub fn signed_out(request: &Request, (): ()) -> Result<Response> {
    let frame = Frame::of(request, "signed-out")?;
    done(
        &frame,
        "signed_out",
        "out",
        json!([{ "href": site::page("/sign-in"), "label": frame.say("signed_out.again", &[]) }]),
    )
}

/// `/goodbye`: after an account was deleted.
///
/// # Errors
/// When the page cannot be drawn.
pub fn goodbye(request: &Request, (): ()) -> Result<Response> {
    if let Some(code) = request.query("error") {
        return show(request, &code);
    }
    let frame = Frame::of(request, "goodbye")?;
    let (path, label) = if frame.is("/emailAndPassword/signUp") {
        ("/sign-up", "deleted.action")
    } else {
        ("/sign-in", "error.sign_in")
    };
    done(&frame, "deleted", "check-round", json!([{ "href": site::page(path), "label": frame.say(label, &[]) }]))
}

fn done(frame: &Frame, key: &str, symbol: &str, actions: Value) -> Result<Response> {
    let model =
        json!({ "tone": "good", "symbol": symbol, "text": frame.say(&format!("{key}.text"), &[]), "actions": actions });
    frame.page("message.html", &frame.say(&format!("{key}.title"), &[]), model)
}

/// `/new-address`: where the links lead that confirm another address, the first of two and the last.
///
/// # Errors
/// When the page cannot be drawn.
pub fn new_address(request: &Request, (): ()) -> Result<Response> {
    if let Some(code) = request.query("error") {
        return show(request, &code);
    }
    let frame = Frame::of(request, "new-address")?;
    let to = request.query("to").filter(|to| doorward_sdk::is_email(to)).unwrap_or_default();
    let session = request.session()?;
    let present = session.as_ref().and_then(|session| session.pointer("/user/email")?.as_str()).unwrap_or_default();
    let is_done = session.is_none() || present.eq_ignore_ascii_case(&to);
    let (title, text, tone, symbol) = if is_done {
        ("new_address.title", "new_address.text", "good", "check-round")
    } else {
        ("new_address.half_title", "new_address.half_text", "accent", "mail")
    };
    let action = json!([{ "href": site::page("/account"), "label": frame.say("new_address.action", &[]) }]);
    let model =
        json!({ "tone": tone, "symbol": symbol, "text": frame.say(text, &[("email", &to)]), "actions": action });
    frame.page("message.html", &frame.say(title, &[]), model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    #[test]
    fn every_code_that_leads_to_a_stop_has_a_text() {
        for (title, _, codes) in STOPS {
            for language in Language::ALL {
                assert!(language.find(title).is_some(), "{title}");
                for code in codes {
                    assert!(language.find(&format!("code.{code}")).is_some(), "{code}");
                }
            }
        }
    }

    #[test]
    fn codes_are_found_in_any_letters() {
        assert_eq!(normal("email_doesn't_match"), "EMAIL_DOES_NOT_MATCH");
        assert_eq!(normal("<script>state_mismatch"), "SCRIPTSTATE_MISMATCH");
        assert_eq!(stop(&normal("state_mismatch")).title, "error.expired");
        assert_eq!(stop("NEVER_HEARD").title, "error.title");
    }
}
