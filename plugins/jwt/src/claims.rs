//! The claims of a token: what it says about a user, for whom it is, and until when.

use crate::duration;
use crate::options::{Jwt, Options};
use crate::template;
use doorward_sdk::prelude::*;

pub const INVALID_CLAIM: ErrorCode = ErrorCode::new(
    400,
    "INVALID_CLAIM",
    "`exp`, `nbf` and `iat` are numbers or spans of time, `sub` and `jti` are text",
);

/// A longer picture, such as a data URL, is left out: headers and cookies of clients have room for 4 KB.
const LONGEST_IMAGE: usize = 2048;

/// Claims about the user of a session (`{"session": …, "user": …}`), before times and names are set.
pub fn about(session: &Value, options: &Jwt, now_secs: u64) -> Map<String, Value> {
    let mut claims = Map::from_iter([("iat".to_owned(), Value::from(now_secs))]);
    match &options.define_payload {
        Some(fields) => {
            claims.extend(
                fields.iter().filter_map(|(name, value)| Some((name.clone(), template::fill(value, session)?))),
            );
        }
        None => {
            let mut user = session.get("user").and_then(Value::as_object).cloned().unwrap_or_default();
            let is_long = |image: &Value| image.as_str().is_some_and(|image| image.len() > LONGEST_IMAGE);
            user.retain(|name, value| name != "image" || !is_long(&*value));
            claims.extend(user);
        }
    }
    let subject = options.get_subject.as_ref().and_then(|text| template::fill(&Value::from(text.as_str()), session));
    let subject = subject.or_else(|| session.pointer("/user/id").cloned());
    claims.insert("sub".to_owned(), subject.unwrap_or_default());
    claims
}

/// Adds who issues the token, for whom it is and until when, where `claims` does not say.
///
/// # Errors
/// 400 `INVALID_CLAIM` for a time that is none, or a subject that is no text.
pub fn complete(mut claims: Map<String, Value>, options: &Jwt, now_secs: u64) -> Result<Map<String, Value>> {
    let given = |name: &str| claims.get(name).filter(|value| !value.is_null()).cloned();
    let issued = match given("iat") {
        Some(value) => Some(value.as_f64().ok_or(INVALID_CLAIM)?),
        None => None,
    };
    let lifetime = duration::seconds(&options.expiration_time).unwrap_or_default();
    let expires = match given("exp") {
        Some(value) => time(&value, now_secs)?,
        None => number(issued.unwrap_or(now_secs as f64) + lifetime as f64),
    };
    let not_before = given("nbf").map(|value| time(&value, now_secs)).transpose()?;
    let issuer = given("iss").unwrap_or_else(|| Value::from(options.issuer()));
    let audience = given("aud").map_or_else(|| serde_json::to_value(options.audience()), Ok)?;
    if ["sub", "jti"].iter().any(|name| given(name).is_some_and(|value| !value.is_string())) {
        return Err(INVALID_CLAIM.into());
    }
    claims.insert("exp".to_owned(), expires);
    claims.insert("iss".to_owned(), issuer);
    claims.insert("aud".to_owned(), audience);
    if let Some(not_before) = not_before {
        claims.insert("nbf".to_owned(), not_before);
    }
    Ok(claims)
}

/// Whether a token with these claims, whose signature holds, is for us and of now. A token without an end is refused.
pub fn hold(claims: &Map<String, Value>, options: &Options, issuer: Option<&str>, now_secs: u64) -> bool {
    let now = now_secs as f64;
    let is_number_or_absent = |name: &str| claims.get(name).is_none_or(Value::is_number);
    let time = |name: &str| claims.get(name).and_then(Value::as_f64);
    let is_live = time("exp").is_some_and(|end| end > now && end <= LAST_SECOND);
    let has_begun = time("nbf").is_none_or(|begin| begin <= now);
    let own_issuer = options.jwt.issuer();
    let is_ours = claims.get("iss").and_then(Value::as_str) == Some(issuer.unwrap_or(&own_issuer));
    let audience = options.jwt.audience();
    let is_for_us = match claims.get("aud") {
        Some(Value::String(name)) => audience.contains(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(|name| audience.contains(name)),
        _ => false,
    };
    let has_subject = claims.get("sub").and_then(Value::as_str).is_some_and(|subject| !subject.is_empty());
    is_number_or_absent("iat")
        && is_number_or_absent("nbf")
        && is_live
        && has_begun
        && is_ours
        && is_for_us
        && has_subject
}

/// The end of the year 9999: no honest token lives longer.
const LAST_SECOND: f64 = 253_402_300_799.0;

fn time(value: &Value, now_secs: u64) -> Result<Value> {
    match value {
        Value::Number(_) => Ok(value.clone()),
        Value::String(text) => {
            let span = duration::seconds(text).ok_or(INVALID_CLAIM)?;
            Ok(Value::from(now_secs as i64 + span))
        }
        _ => Err(INVALID_CLAIM.into()),
    }
}

/// A whole number when it is one: `900`, not `900.0`.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 1e15 { Value::from(value as i64) } else { Value::from(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn completed(payload: Value) -> Result<Value> {
        let claims = payload.as_object().cloned().unwrap_or_default();
        complete(claims, &Jwt::default(), NOW).map(Value::Object)
    }

    #[test]
    fn a_token_says_who_it_is_about_and_for_whom() {
        let session = json!({ "user": { "id": "u1", "email": "ada@example.com" }, "session": { "userAgent": "x" } });
        let plain = about(&session, &Jwt::default(), NOW);
        assert_eq!(Value::Object(plain), json!({ "iat": NOW, "id": "u1", "email": "ada@example.com", "sub": "u1" }));
        let options = Jwt {
            define_payload: json!({ "mail": "{user.email}", "scope": "basic" }).as_object().cloned(),
            get_subject: Some("agent-{session.userAgent}".to_owned()),
            ..Jwt::default()
        };
        let defined = Value::Object(about(&session, &options, NOW));
        assert_eq!(defined, json!({ "iat": NOW, "mail": "ada@example.com", "scope": "basic", "sub": "agent-x" }));
    }

    #[test]
    fn what_a_payload_leaves_out_is_added() {
        let url = "http://localhost:3000";
        let cases = [
            (json!({ "sub": "x" }), json!({ "sub": "x", "exp": NOW + 900, "iss": url, "aud": url })),
            (json!({ "iat": 1000 }), json!({ "iat": 1000, "exp": 1900, "iss": url, "aud": url })),
            (json!({ "exp": "2h" }), json!({ "exp": NOW + 7200, "iss": url, "aud": url })),
            (json!({ "exp": 5 }), json!({ "exp": 5, "iss": url, "aud": url })),
            (
                json!({ "exp": null, "iss": "a", "aud": ["b"], "nbf": "1h" }),
                json!({ "exp": NOW + 900, "iss": "a", "aud": ["b"], "nbf": NOW + 3600 }),
            ),
        ];
        for (payload, expected) in cases {
            assert_eq!(completed(payload.clone()).expect("complete"), expected, "{payload}");
        }
        for payload in [json!({ "exp": {} }), json!({ "exp": "soon" }), json!({ "iat": "1h" }), json!({ "sub": 5 })] {
            assert_eq!(completed(payload.clone()).expect_err("refused").refusal().status, 400, "{payload}");
        }
    }

    #[test]
    fn a_token_holds_only_for_us_and_now() {
        let good =
            json!({ "sub": "u", "iss": "http://localhost:3000", "aud": "http://localhost:3000", "exp": NOW + 1 });
        let holds = |change: (&str, Value)| {
            let mut claims = good.as_object().cloned().unwrap_or_default();
            if change.1.is_null() {
                claims.remove(change.0)
            } else {
                claims.insert(change.0.to_owned(), change.1)
            };
            hold(&claims, &Options::default(), None, NOW)
        };
        for accepted in
            [("x", json!(1)), ("aud", json!(["a", "http://localhost:3000"])), ("nbf", json!(NOW)), ("iat", json!(1.5))]
        {
            assert!(holds(accepted.clone()), "{accepted:?}");
        }
        let refused = [
            ("exp", json!(NOW)),
            ("exp", json!("9999999999")),
            ("exp", json!(1e308)),
            ("exp", Value::Null),
            ("nbf", json!(NOW + 1)),
            ("nbf", json!("1")),
            ("iat", json!("1")),
            ("iss", json!("http://evil.example")),
            ("iss", json!(["http://localhost:3000"])),
            ("iss", Value::Null),
            ("aud", json!("other")),
            ("aud", json!(["other", 1])),
            ("aud", json!([])),
            ("aud", Value::Null),
            ("sub", Value::Null),
            ("sub", json!("")),
            ("sub", json!(5)),
        ];
        for change in refused {
            assert!(!holds(change.clone()), "{change:?}");
        }
    }
}
