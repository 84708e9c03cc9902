//! `GET` and `POST /callback/:id`: where a provider sends the browser back to.
//!
//! Invariant: an error leads to a page, and nothing is signed in or linked before the state was redeemed, the code exchanged
//! and the ID token verified.

use crate::begin::{self, Way};
use crate::identity::Identity;
use crate::link;
use crate::options::{self, AccountOptions};
use crate::sign_in::{self, Admission, Wish};
use crate::state::{Begin, Fault, State};
use crate::token_endpoint::Exchange;
use doorward_sdk::encoded;
use doorward_sdk::prelude::*;

/// What a provider says, in the order in which it is passed on.
pub struct Answer([(&'static str, Option<String>); 7]);

const FIELDS: [&str; 7] = ["code", "error", "device_id", "error_description", "state", "user", "iss"];

impl Input for Answer {
    fn read(fields: &mut Fields<'_>) -> Self {
        fields.may_be_absent();
        Answer(FIELDS.map(|name| (name, fields.optional(name))))
    }
}

impl Answer {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| *own == name)?.1.as_deref()
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// The same text, unless it is empty.
    fn some(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|text| !text.is_empty())
    }
}

/// Where the browser goes with an error, and which.
struct Failed {
    page: String,
    code: String,
    description: Option<String>,
}

/// `response_mode=form_post`: the browser comes again with the cookies that it keeps from other sites' forms.
pub fn post(request: &Request, body: Answer) -> Result<Response> {
    let query: Answer = request.query_input()?;
    let pairs =
        body.0.into_iter().zip(query.0).filter_map(|((name, posted), (_, asked))| Some((name, asked.or(posted)?)));
    let pairs: Vec<(&str, String)> = pairs.collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let id = request.param("id").unwrap_or_default();
    // Whoever calls this chooses the id: it goes into a header.
    let address = links::endpoint(&format!("/callback/{}", encoded(&id)));
    Ok(Response::redirect(format!("{address}?{}", links::query(&pairs))))
}

pub fn get(request: &Request, answer: Answer) -> Result<Response> {
    let id = request.param("id").unwrap_or_default();
    if answer.get("state").is_none()
        && answer.some("code").is_some()
        && let Some(response) = begun_by_provider(&id)?
    {
        return Ok(response);
    }
    let Some(state) = answer.some("state") else { return shown(options::error_page()?, "state_not_found", None) };
    let kept = match State::redeem(state)? {
        Ok(kept) => kept,
        Err(Fault { code, error_url }) => return shown(error_url.map_or_else(options::error_page, Ok)?, code, None),
    };
    let page = kept.error_page()?;
    match finish(&id, &answer, &kept) {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(code)) => shown(page, &code, None),
        Err(error) => refused(page, error),
    }
}

type Finished = std::result::Result<Response, String>;

fn finish(id: &str, answer: &Answer, kept: &State) -> Result<Finished> {
    if let Some(error) = answer.some("error") {
        let failed = Failed {
            page: kept.error_page()?,
            code: error.to_owned(),
            description: answer.some("error_description").map(str::to_owned),
        };
        return Ok(Ok(failed.response()));
    }
    let failed = |code: &str| Ok(Err(code.to_owned()));
    let Some(code) = answer.some("code") else { return failed("no_code") };
    let Ok(Some(client)) = options::client(id) else { return failed("oauth_provider_not_found") };
    if !kept.is_for(id) {
        return failed("state_mismatch");
    }
    if let (Some(told), Some(issuer)) = (answer.some("iss"), client.issuer())
        && told != issuer
    {
        return failed("issuer_mismatch");
    }
    if client.uses_nonce() && kept.id_token_nonce.is_none() {
        return failed("nonce_binding_missing");
    }
    let exchanged = client.exchange_code(Exchange {
        code: code.to_owned(),
        code_verifier: kept.code_verifier.clone(),
        redirect_uri: &begin::callback_url(&client),
        device_id: answer.text("device_id"),
    });
    let Ok(Some(tokens)) = exchanged else { return failed("invalid_code") };
    let form_user: Option<Value> = answer.some("user").and_then(|text| serde_json::from_str(text).ok());
    let Some(identity) = Identity::of_code(&client, tokens, kept.id_token_nonce.as_deref(), form_user.as_ref())? else {
        return failed("unable_to_get_user_info");
    };
    match &kept.link {
        Some(link) => match link::after_redirect(&identity, link, &AccountOptions::read()?.account_linking)? {
            Some(code) => Ok(Err(code)),
            None => Ok(Ok(Response::redirect(kept.callback_url.clone()))),
        },
        None => signed_in(&identity, kept),
    }
}

fn signed_in(identity: &Identity<'_>, kept: &State) -> Result<Finished> {
    let Some(email) = identity.email() else { return Ok(Err("email_not_found".to_owned())) };
    let wish = Wish {
        callback_url: Some(&kept.callback_url),
        request_sign_up: kept.request_sign_up == Some(true),
        may_override: true,
    };
    let (user, is_new) = match sign_in::admit(identity, &email, &wish)? {
        Admission::User { user, is_new } => (user, is_new),
        Admission::Refused(reason) => return Ok(Err(reason.replace(' ', "_"))),
    };
    if let Err(error) = sign_in::open(identity, &user) {
        return links::challenge_at(&links::absolute(&kept.callback_url), error).map(Ok);
    }
    let welcome = kept.new_user_url.as_ref().filter(|_| is_new);
    Ok(Ok(Response::redirect(welcome.unwrap_or(&kept.callback_url).clone())))
}

/// A provider that sends users without being asked: the sign-in begins here.
fn begun_by_provider(id: &str) -> Result<Option<Response>> {
    let Ok(Some(client)) = options::client(id) else { return Ok(None) };
    if client.settings.flag("allow_idp_initiated") != Some(true) {
        return Ok(None);
    }
    Ok(Some(Response::redirect(begin::authorization_url(&client, Begin::default(), &Way::default())?)))
}

/// What a rule or a hook refuses is told on the page, too.
fn refused(page: String, error: Error) -> Result<Response> {
    match error {
        Error::Host(HostError::Refused(ApiError { code: Some(code), message, .. }))
        | Error::Api(ApiError { status: 400..=499, code: Some(code), message }) => shown(page, &code, message),
        other => Err(other),
    }
}

fn shown(page: String, code: &str, description: Option<String>) -> Result<Response> {
    Ok(Failed { page, code: code.to_owned(), description }.response())
}

impl Failed {
    fn response(&self) -> Response {
        let mut pairs = vec![("error", self.code.as_str())];
        pairs.extend(self.description.as_deref().map(|text| ("error_description", text)));
        Response::redirect(with_pairs(&self.page, &pairs))
    }
}

/// The URL with more parameters behind those that it has, which stay as they are written.
fn with_pairs(url: &str, pairs: &[(&str, &str)]) -> String {
    let (rest, fragment) = url.split_once('#').map_or((url, String::new()), |(rest, end)| (rest, format!("#{end}")));
    let mark = match rest.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{rest}{mark}{}{fragment}", links::query(pairs))
}

#[cfg(test)]
mod tests {
    use crate::plugin;
    use crate::testing::{come_back, counts, parameter, url, world};
    use doorward_sdk::fake::{self, RawRequest};
    use doorward_sdk::prelude::*;

    #[test]
    fn a_new_user_is_welcomed_and_a_known_one_comes_home() {
        let provider = world(json!({}), json!({}));
        assert_eq!(provider.sign_in(json!({ "newUserCallbackURL": "/welcome" })), "/welcome");
        assert_eq!(provider.sign_in(json!({ "newUserCallbackURL": "/welcome" })), "/home");
        assert_eq!(counts(), [1, 1, 2]);
        let account = fake::with(|world| world.accounts[0].clone());
        assert_eq!((&account["accountId"], &account["providerId"]), (&json!("sub-1"), &json!("wire")));
        assert_eq!(account["scope"], json!("openid,email"));
        let sent = fake::with(|world| world.http_sent.clone());
        let exchange = sent.iter().find(|request| request.url == url("/token")).expect("exchange");
        let form = String::from_utf8(exchange.body.clone().expect("form")).expect("text");
        assert!(form.starts_with("grant_type=authorization_code&code=code-1&code_verifier="), "{form}");
        assert!(form.ends_with("&client_id=client&client_secret=hush"), "{form}");
    }

    #[test]
    fn what_the_provider_says_wrong_signs_nobody_in() {
        let good = json!({ "sub": "sub-1", "email": "ada@example.com", "email_verified": true });
        for (claims, code) in [
            (json!({ "sub": "" }), "unable_to_get_user_info"),
            (json!({ "sub": "undefined" }), "unable_to_get_user_info"),
            (json!({ "sub": "null" }), "unable_to_get_user_info"),
            (json!({ "sub": null }), "unable_to_get_user_info"),
            (json!({ "sub": 7 }), "unable_to_get_user_info"),
            (json!({ "iss": "https://evil.example.net" }), "unable_to_get_user_info"),
            (json!({ "aud": "somebody" }), "unable_to_get_user_info"),
            (json!({ "aud": null }), "unable_to_get_user_info"),
            (json!({ "exp": 1 }), "unable_to_get_user_info"),
            (json!({ "exp": null }), "unable_to_get_user_info"),
            (json!({ "iat": null }), "unable_to_get_user_info"),
            (json!({ "nbf": 99_999_999_999_u64 }), "unable_to_get_user_info"),
            (json!({ "exp": 1e308 }), "unable_to_get_user_info"),
            (json!({ "exp": 99_999_999_999_u64 }), "unable_to_get_user_info"),
            (json!({ "iat": -1e308 }), "unable_to_get_user_info"),
            (json!({ "azp": "somebody" }), "unable_to_get_user_info"),
            (json!({ "azp": 7 }), "unable_to_get_user_info"),
            (json!({ "aud": ["client", "somebody"], "azp": "somebody" }), "unable_to_get_user_info"),
        ] {
            let mut provider = world(json!({}), json!({}));
            provider.claims = good.clone();
            for (name, value) in claims.as_object().expect("claims") {
                provider.claims[name] = value.clone();
            }
            // `token` puts its own claims first, so that these replace them.
            assert_eq!(provider.sign_in(json!({})), format!("/oops?error={code}"), "{claims}");
            assert_eq!(counts(), [0, 0, 0], "{claims}");
        }
    }

    #[test]
    fn a_token_that_we_asked_for_signs_in() {
        for claims in [json!({ "azp": "client" }), json!({ "aud": ["client", "somebody"], "azp": "client" })] {
            let mut provider = world(json!({}), json!({}));
            for (name, value) in claims.as_object().expect("claims") {
                provider.claims[name] = value.clone();
            }
            assert_eq!(provider.sign_in(json!({})), "/home", "{claims}");
        }
    }

    #[test]
    fn only_the_claim_itself_and_only_true_vouches_for_an_address() {
        for (told, is_verified) in [
            (json!({ "email_verified": true }), true),
            (json!({ "email_verified": "true" }), false),
            (json!({ "email_verified": 1 }), false),
            (json!({ "email_verified": null, "emailVerified": true }), false),
            (json!({ "email_verified": false, "emailVerified": true }), false),
            (json!({ "email_verified": "false", "verified": true }), false),
        ] {
            let mut provider = world(json!({}), json!({}));
            for (name, value) in told.as_object().expect("claims") {
                provider.claims[name] = value.clone();
            }
            assert_eq!(provider.sign_in(json!({})), "/home", "{told}");
            let user = users::find_by_email("ada@example.com").expect("store").expect("user");
            assert_eq!(user.is_email_verified(), is_verified, "{told}");
        }
    }

    #[test]
    fn no_other_letter_becomes_one_of_somebody_elses_address() {
        let mut provider = world(json!({}), json!({}));
        let kate = users::create(&json!({ "email": "kate@example.com", "emailVerified": true })).expect("user");
        provider.claims["email"] = json!("\u{212a}ate@example.com");
        provider.sign_in(json!({}));
        assert!(fake::with(|world| !world.sessions.contains(&kate.id())));
    }

    #[test]
    fn a_request_sets_no_parameter_that_replaces_others() {
        world(json!({}), json!({}));
        for name in ["request", "request_uri", "response_mode", "state", "scope"] {
            let body = json!({ "provider": "wire", "additionalParams": { name: "x" } });
            let refusal = RawRequest::post("/sign-in/social", &body).send(&plugin()).expect_err("refused").refusal();
            assert_eq!(refusal.status, 400, "{name}");
        }
    }

    #[test]
    fn an_unsigned_or_foreign_token_signs_nobody_in() {
        let mut provider = world(json!({}), json!({}));
        let part = |value: Value| crypto::base64url(value.to_string().as_bytes());
        let body = provider.token(json!({})).split('.').nth(1).expect("claims").to_owned();
        let elsewhere = world(json!({}), json!({})).token(json!({ "nonce": "n" }));
        for token in [
            format!("{}.{body}.", part(json!({ "alg": "none" }))),
            format!("{}.{body}.AAAA", part(json!({ "alg": "HS256", "kid": "key-1" }))),
            format!("{}.{body}.AAAA", part(json!({ "alg": "RS256", "kid": "key-9" }))),
            elsewhere,
            "garbage".to_owned(),
        ] {
            provider = world(json!({}), json!({}));
            provider.id_token = Some(token.clone());
            assert_eq!(provider.sign_in(json!({})), "/oops?error=unable_to_get_user_info", "{token}");
            assert_eq!(counts(), [0, 0, 0]);
        }
    }

    #[test]
    fn without_the_keys_nobody_is_signed_in() {
        let provider = world(json!({}), json!({}));
        fake::answer_http(&url("/jwks"), 503, "{}");
        assert_eq!(provider.sign_in(json!({})), "/oops?error=unable_to_get_user_info");
        assert_eq!(counts(), [0, 0, 0]);
    }

    #[test]
    fn a_state_is_for_one_answer_of_one_provider_in_one_browser() {
        let provider = world(json!({}), json!({}));
        let wish = json!({ "provider": "wire", "callbackURL": "/home", "errorCallbackURL": "/oops?a=1" });
        let state = provider.begin("/sign-in/social", wish.clone());
        let query = [("code", "c"), ("state", state.as_str())];
        let cookie = fake::with(|world| world.cookies.remove("state")).expect("cookie");
        assert_eq!(come_back("wire", &query), "/oops?a=1&error=state_mismatch", "another browser");
        fake::with(|world| world.cookies.insert("state".to_owned(), "another".to_owned()));
        assert_eq!(come_back("wire", &query), "/oops?a=1&error=state_mismatch", "another sign-in");
        fake::with(|world| world.cookies.insert("state".to_owned(), cookie.clone()));
        assert_eq!(come_back("other", &query), "/oops?a=1&error=state_mismatch", "another provider");
        fake::with(|world| world.cookies.insert("state".to_owned(), cookie.clone()));
        assert_eq!(come_back("wire", &query), "http://localhost:3000/api/auth/error?error=state_mismatch", "spent");
        assert_eq!(counts(), [0, 0, 0]);
        let state = provider.begin("/sign-in/social", wish);
        fake::with(|world| world.now_millis += 601_000);
        let late = come_back("wire", &[("code", "c"), ("state", &state)]);
        assert!(late.ends_with("error=state_mismatch"), "{late}");
    }

    #[test]
    fn a_state_in_a_cookie_is_redeemed_once() {
        let provider = world(json!({}), json!({ "store_state_strategy": "cookie" }));
        let wish = json!({ "provider": "wire", "callbackURL": "/home", "errorCallbackURL": "/oops" });
        let state = provider.begin("/sign-in/social", wish);
        let cookie = fake::with(|world| world.cookies["oauth_state"].clone());
        let query = [("code", "c"), ("state", state.as_str())];
        assert_eq!(come_back("wire", &[("code", "c"), ("state", "x")]), "/oops?error=state_mismatch");
        assert_eq!(come_back("wire", &query), "/home");
        assert!(come_back("wire", &query).ends_with("error=state_mismatch"), "the cookie is gone");
        fake::with(|world| world.cookies.insert("oauth_state".to_owned(), cookie));
        assert_eq!(come_back("wire", &query), "/oops?error=state_mismatch", "it was kept");
        fake::with(|world| world.cookies.insert("oauth_state".to_owned(), "AAAA".to_owned()));
        assert!(come_back("wire", &query).ends_with("error=state_invalid"));
        assert_eq!(counts(), [1, 1, 1]);
    }

    #[test]
    fn two_sign_ins_begun_in_one_browser_are_each_finished_once() {
        for strategy in ["database", "cookie"] {
            let provider = world(json!({}), json!({ "store_state_strategy": strategy }));
            let wish = |page: &str| json!({ "provider": "wire", "callbackURL": page, "errorCallbackURL": "/oops" });
            let nonce_of = |page: &str| {
                let answer = RawRequest::post("/sign-in/social", &wish(page)).send(&plugin()).expect("begun");
                let url = fake::body(&answer)["url"].as_str().expect("url").to_owned();
                (parameter(&url, "state"), parameter(&url, "nonce"))
            };
            let begun = [nonce_of("/first"), nonce_of("/second"), nonce_of("/third")];
            for (index, page) in [(1, "/second"), (0, "/first"), (2, "/third")] {
                let (state, nonce) = &begun[index];
                let tokens = json!({ "access_token": "at", "id_token": provider.token(json!({ "nonce": nonce })) });
                fake::answer_http(&url("/token"), 200, &tokens.to_string());
                let query = [("code", "c"), ("state", state.as_str())];
                assert_eq!(come_back("wire", &query), page, "{strategy}");
                assert!(come_back("wire", &query).contains("error=state_"), "{strategy}: {page} again");
            }
            let cookies = fake::with(|world| world.cookies.clone());
            assert!(!cookies.contains_key("state") && !cookies.contains_key("oauth_state"), "{cookies:?}");
        }
    }

    #[test]
    fn data_of_the_request_is_no_state() {
        let provider = world(json!({}), json!({}));
        let victim = users::create(&json!({ "email": "victim@example.com", "emailVerified": true })).expect("user");
        let link = json!({ "userId": victim.id(), "email": "ada@example.com" });
        let data = json!({ "link": link, "callbackURL": "https://evil.example.net", "expiresAt": 9e15, "plan": "pro" });
        assert_eq!(provider.sign_in(json!({ "additionalData": data })), "/home");
        assert!(fake::with(|world| world.accounts[0]["userId"] != json!(victim.id())));
    }

    #[test]
    fn a_form_is_sent_round_and_what_the_url_says_goes_first() {
        world(json!({}), json!({}));
        let body = json!({ "state": "s", "code": "c d", "evil": "x" });
        let answer = RawRequest::post("/callback/wire", &body).send(&plugin()).expect("answer");
        let expected = "http://localhost:3000/api/auth/callback/wire?code=c+d&state=s";
        assert_eq!(fake::header(&answer, "location").as_deref(), Some(expected));
        for body in [json!({ "code": 1 }), json!([])] {
            let refusal = RawRequest::post("/callback/wire", &body).send(&plugin()).expect_err("refused").refusal();
            assert_eq!((refusal.status, refusal.code.as_deref()), (400, Some("VALIDATION_ERROR")));
        }
    }

    #[test]
    fn errors_are_shown_behind_what_the_page_has() {
        let cases = [
            ("/oops", "/oops?error=x"),
            ("/oops?a=%20b", "/oops?a=%20b&error=x"),
            ("/oops?", "/oops?error=x"),
            ("https://a.example/o#top", "https://a.example/o?error=x#top"),
        ];
        for (page, expected) in cases {
            assert_eq!(super::with_pairs(page, &[("error", "x")]), expected);
        }
    }
    /// Whoever calls it chooses the id, and a header holds no byte of it as it came.
    #[test]
    fn an_id_that_is_no_word_stands_encoded_in_the_address() {
        world(json!({}), json!({}));
        let answer =
            RawRequest::post("/callback/\u{fc}\u{3401}", &json!({ "state": "s" })).send(&plugin()).expect("answer");
        let expected = "http://localhost:3000/api/auth/callback/%C3%BC%E3%90%81?state=s";
        assert_eq!(fake::header(&answer, "location"), Some(expected.to_owned()));
    }
}
