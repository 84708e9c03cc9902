//! What the operator may set, and what the server does not start with.

use serde_json::{Value, json};
use social::providers::{self, ClientAuth, Settings};
use std::collections::BTreeMap;

fn settings(value: Value) -> Settings {
    serde_json::from_value(value).expect("settings")
}

fn fault(id: &str, value: Value) -> Option<String> {
    providers::fault(&BTreeMap::from([(id.to_owned(), settings(value))]))
}

#[test]
fn what_does_not_fit_is_told() {
    let cases = [
        ("github", json!({}), "`providers.github`: `client_id` is missing"),
        ("github", json!({ "client_id": "" }), "`providers.github`: `client_id` is missing"),
        ("github", json!({ "client_id": [] }), "`providers.github`: `client_id` is missing"),
        ("tiktok", json!({ "client_id": "a" }), "`providers.tiktok`: `client_key` is missing"),
        (
            "github",
            json!({ "client_id": "a", "tenant_id": "b" }),
            "`providers.github`: GitHub has no setting `tenant_id`",
        ),
        ("google", json!({ "client_id": "a", "hd": 7 }), "`providers.google`: `hd` is text"),
        (
            "google",
            json!({ "client_id": "a", "access_type": "always" }),
            "`providers.google`: `access_type` is one of \"offline\", \"online\"",
        ),
        (
            "cognito",
            json!({ "client_id": "a", "domain": "a.example", "region": "eu-west-1" }),
            "`providers.cognito`: Cognito needs `user_pool_id`",
        ),
        (
            "cognito",
            json!({ "client_id": "a", "domain": "a.example/x?", "region": "eu-west-1", "user_pool_id": "p" }),
            "`providers.cognito`: `domain` is a host name",
        ),
        (
            "gitlab",
            json!({ "client_id": "a", "issuer": "javascript:alert(1)" }),
            "`providers.gitlab`: `issuer` is a URL that begins with https://",
        ),
        (
            "gitlab",
            json!({ "client_id": "a", "issuer": "https://gitlab.com@evil.example" }),
            "`providers.gitlab`: `issuer` is a URL that begins with https://",
        ),
        ("zoom", json!({ "client_id": "a", "pkce": "no" }), "`providers.zoom`: `pkce` is true or false"),
        (
            "microsoft-entra-id",
            json!({ "client_id": "a", "tenant_id": "common" }),
            "`providers.microsoft-entra-id`: `tenant_id` is a UUID",
        ),
        (
            "sso",
            json!({ "client_id": "a", "authorization_url": "https://sso.example/authorize" }),
            "`providers.sso`: it is no provider of the table, and `discovery_url` or `authorization_url` and `token_url` are missing",
        ),
        ("sso", json!({ "client_id": "a", "preset": "githubb" }), "`providers.sso`: there is no preset \"githubb\""),
        ("a/b", json!({ "client_id": "a" }), "`providers.a/b`: a name has letters, digits, `-`, `_` and `.`"),
        (
            "credential",
            json!({ "client_id": "a" }),
            "`providers.credential`: this is the name of another way to sign in",
        ),
        (
            "vercel",
            json!({ "client_id": "a", "token_endpoint_auth": { "method": "client_secret_basic" } }),
            "`providers.vercel`: `client_secret_basic` needs `client_secret`",
        ),
        (
            "vercel",
            json!({ "client_id": "a", "client_secret": "b", "token_endpoint_auth": { "method": "none" } }),
            "`providers.vercel`: `none` does not go with `client_secret`",
        ),
        (
            "cloudflare",
            json!({ "client_id": "a", "token_endpoint_auth": { "method": "private_key_jwt" } }),
            "`providers.cloudflare`: the token endpoint's method `private_key_jwt` is not supported",
        ),
        (
            "github",
            json!({ "client_id": "a", "map_profile_to_user": { "id": "login" } }),
            "`providers.github`: `map_profile_to_user` does not say who somebody is: `id` stays the provider's",
        ),
    ];
    for (id, value, expected) in cases {
        assert_eq!(fault(id, value.clone()).as_deref(), Some(expected), "{id} {value}");
    }
}

#[test]
fn what_fits_is_taken() {
    let cases = [
        ("github", json!({ "client_id": "a" })),
        ("google", json!({ "client_id": ["a", "b"], "hd": "*", "include_granted_scopes": false })),
        ("tiktok", json!({ "client_key": "a", "client_secret": "b" })),
        ("line-jp", json!({ "preset": "line", "client_id": "a" })),
        ("sso", json!({ "client_id": "a", "discovery_url": "https://sso.example/.well-known/openid-configuration" })),
        (
            "sso",
            json!({
                "client_id": "a", "authorization_url": "https://sso.example/a", "token_url": "https://sso.example/t",
                "user_info_url": "https://sso.example/u", "scopes": ["x"], "pkce": false, "override_user_info": true,
                "token_url_params": { "audience": "x" }, "authentication": "post",
            }),
        ),
        ("microsoft-entra-id", json!({ "client_id": "a", "tenant_id": "3F2504E0-4F89-11D3-9A0C-0305E82C3301" })),
        ("discord", json!({ "client_id": "a", "permissions": 2048 })),
    ];
    for (id, value) in cases {
        assert_eq!(fault(id, value.clone()), None, "{id} {value}");
    }
}

#[test]
fn a_provider_that_is_off_is_none() {
    assert!(providers::open("github", &settings(json!({ "client_id": "a", "enabled": false }))).is_none());
    assert!(providers::open("github", &settings(json!({ "client_id": "a", "enabled": true }))).is_some());
}

#[test]
fn a_preset_lends_its_entry_to_another_name() {
    let client =
        providers::open("line-jp", &settings(json!({ "preset": "line", "client_id": "a" }))).expect("a client");
    assert_eq!((client.id.as_str(), client.provider.id), ("line-jp", "line"));
}

#[test]
fn clients_authenticate_as_the_provider_wants_it() {
    let cases = [
        ("github", json!({ "client_secret": "s" }), ClientAuth::Post, ClientAuth::Post),
        ("github", json!({}), ClientAuth::IdAlone, ClientAuth::IdAlone),
        ("notion", json!({ "client_secret": "s" }), ClientAuth::Basic, ClientAuth::Post),
        ("twitter", json!({ "client_secret": "s" }), ClientAuth::Basic, ClientAuth::Basic),
        ("cloudflare", json!({ "client_secret": "s" }), ClientAuth::Basic, ClientAuth::Basic),
        ("cloudflare", json!({}), ClientAuth::IdAlone, ClientAuth::IdAlone),
        ("wechat", json!({ "client_secret": "s" }), ClientAuth::Post, ClientAuth::IdAlone),
        (
            "vercel",
            json!({ "client_secret": "s", "token_endpoint_auth": { "method": "client_secret_basic" } }),
            ClientAuth::Basic,
            ClientAuth::Basic,
        ),
        (
            "sso",
            json!({ "client_secret": "s", "authentication": "basic", "authorization_url": "https://a", "token_url": "https://b" }),
            ClientAuth::Basic,
            ClientAuth::Basic,
        ),
    ];
    for (id, mut value, exchange, refresh) in cases {
        value["client_id"] = json!("a");
        let client = providers::open(id, &settings(value)).expect("a client");
        assert!(client.client_auth() == exchange && client.refresh_auth() == refresh, "{id}");
    }
}

#[test]
fn a_secret_that_is_needed_is_asked_for() {
    for id in ["apple", "atlassian", "facebook", "figma", "google", "paybin", "paypal", "salesforce"] {
        let client = providers::open(id, &settings(json!({ "client_id": "a" }))).expect("a client");
        let error = client.authorization_url(&providers::Authorization::default()).expect_err("no URL");
        assert!(format!("{error:?}").contains("CLIENT_ID_AND_SECRET_REQUIRED"), "{id}: {error:?}");
    }
}

#[test]
fn fields_of_the_user_come_from_where_the_operator_says() {
    let cases = [
        (json!({ "name": "login" }), json!({ "name": "ada" })),
        (json!({ "name": "{login} ({company.name})" }), json!({ "name": "ada (ACME)" })),
        (json!({ "name": "missing" }), json!({ "name": "Ada" })),
        (json!({ "plan": "plan.name", "followers": "followers" }), json!({ "plan": "pro", "followers": 7 })),
        (json!({ "role": true }), json!({ "role": true })),
        // The provider vouches for its own address alone.
        (json!({ "email": "other_email" }), json!({ "email": "other@example.com", "email_verified": false })),
        (json!({ "email": "email" }), json!({ "email": "ada@example.com", "email_verified": true })),
        (
            json!({ "email": "other_email", "emailVerified": "other_verified" }),
            json!({ "email": "other@example.com", "email_verified": true }),
        ),
        (json!({ "email_verified": "word" }), json!({ "email_verified": false })),
    ];
    let answer = json!({
        "sub": "1", "name": "Ada", "email": "ada@example.com", "email_verified": true, "login": "ada",
        "company": { "name": "ACME" }, "plan": { "name": "pro" }, "followers": 7, "other_email": "other@example.com",
        "other_verified": true, "word": "true",
    });
    for (map, expected) in cases {
        doorward_sdk::fake::reset();
        doorward_sdk::fake::answer_http("https://huggingface.co/oauth/userinfo", 200, &answer.to_string());
        let settings = settings(json!({ "client_id": "a", "map_profile_to_user": map }));
        let client = providers::open("huggingface", &settings).expect("a client");
        let tokens = providers::Tokens { access_token: Some("access"), ..Default::default() };
        let profile = client.user_info(&tokens).expect("the host works").expect("a profile");
        let mut seen =
            json!({ "name": profile.name, "email": profile.email, "email_verified": profile.email_verified });
        for (name, value) in profile.extra {
            seen[name] = value;
        }
        for (name, value) in expected.as_object().into_iter().flatten() {
            assert_eq!(seen[name], *value, "{map}: {name}");
        }
    }
}
