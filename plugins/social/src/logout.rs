//! Around `POST /sign-out`: the provider's own page for signing out, when it has one.
//!
//! Source: OpenID Connect RP-Initiated Logout 1.0 §2.

use crate::options::Options;
use crate::providers::Client;
use doorward_sdk::prelude::*;
use std::cell::RefCell;

thread_local! {
    /// From before the session ended until after: one instance serves one request.
    static PAGE: RefCell<Option<Page>> = const { RefCell::new(None) };
}

struct Page {
    url: String,
    redirects: bool,
}

struct SignOut {
    callback_url: Option<String>,
    disable_redirect: bool,
    state: Option<String>,
}

impl Input for SignOut {
    fn read(fields: &mut Fields<'_>) -> Self {
        fields.may_be_absent();
        SignOut {
            callback_url: fields.optional("callbackURL"),
            disable_redirect: fields.optional("disableRedirect").unwrap_or_default(),
            state: fields.optional("state"),
        }
    }
}

/// Looks for the page while the session still says who the user is. Its failure keeps nobody signed in.
pub fn before(request: &Request) -> Result<Flow> {
    let input: SignOut = request.body_input()?;
    let page = page(&input).unwrap_or_else(|error| {
        log::error(&format!("no provider's page for signing out was found: {error:?}"));
        None
    });
    PAGE.set(page);
    Ok(Flow::Proceed)
}

pub fn after(_request: &Request, reply: &Reply) -> Result<()> {
    let Some(page) = PAGE.take().filter(|_| reply.status() == 200) else { return Ok(()) };
    if page.redirects {
        reply.set_header("location", &page.url)?;
    }
    reply.set_body(&json!({ "success": true, "url": page.url, "redirect": page.redirects }))
}

fn page(input: &SignOut) -> Result<Option<Page>> {
    let options: Options = config::options()?;
    let ids: Vec<String> = options.with_logout().map(str::to_owned).collect();
    let Some(session) = (if ids.is_empty() { None } else { sessions::current()? }) else { return Ok(None) };
    let mut accounts = accounts::list_of_user(&session.user.id())?;
    let changed = |account: &accounts::Account| account.text("updatedAt").map(str::to_owned);
    accounts.sort_by_key(|account| std::cmp::Reverse(changed(account)));
    let mut seen: Vec<&str> = Vec::new();
    for account in &accounts {
        let id = account.provider_id();
        if seen.contains(&id) || !ids.iter().any(|known| known == id) {
            continue;
        }
        seen.push(id);
        let Some(client) = options.client(id) else { continue };
        if let Some(url) = url(&client, account.text("idToken"), input) {
            return Ok(Some(Page { url, redirects: !input.disable_redirect }));
        }
    }
    Ok(None)
}

fn url(client: &Client, id_token: Option<&str>, input: &SignOut) -> Option<String> {
    let mut url = client.value("end_session_endpoint")?;
    if let Some(token) = id_token {
        url = links::with_query(&url, "id_token_hint", token);
    }
    let own = client.settings.text("post_logout_redirect_uri");
    let client_id = client.settings.client_id.primary();
    match input.callback_url.clone().filter(|target| !target.is_empty()).or(own) {
        Some(target) => {
            url = links::with_query(&url, "post_logout_redirect_uri", &links::absolute(&target));
            url = links::with_query(&url, "client_id", client_id);
            if let Some(state) = input.state.as_deref().filter(|state| !state.is_empty()) {
                url = links::with_query(&url, "state", state);
            }
        }
        None if id_token.is_none() => url = links::with_query(&url, "client_id", client_id),
        None => {}
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use crate::plugin;
    use crate::testing::{ISSUER, world};
    use doorward_sdk::fake::{self, RawReply, RawRequest};
    use doorward_sdk::prelude::*;

    fn sign_out(body: Value) -> Option<Value> {
        let request = RawRequest::post("/sign-out", &body);
        assert!(request.run_before(&plugin()).expect("hook").is_none());
        let reply = RawReply::with_body(&json!({ "success": true }));
        request.run_after(&plugin(), &reply).expect("hook");
        reply.json_body()
    }

    #[test]
    fn the_providers_page_is_told_and_without_one_nothing_changes() {
        let provider = world(json!({}), json!({}));
        assert_eq!(sign_out(json!({})), Some(json!({ "success": true })), "nobody is signed in");
        provider.sign_in(json!({}));
        let user = users::find_by_email("ada@example.com").expect("store").expect("user");
        fake::sign_in(&user);
        let told = sign_out(json!({ "callbackURL": "/bye", "state": "s" })).expect("body");
        let url = told["url"].as_str().expect("url");
        assert!(url.starts_with(&format!("{ISSUER}/logout?id_token_hint=")), "{url}");
        assert!(
            url.ends_with("&post_logout_redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fbye&client_id=client&state=s")
        );
        assert_eq!(told["redirect"], json!(true));
        assert_eq!(sign_out(json!({ "disableRedirect": true })).expect("body")["redirect"], json!(false));
        fake::with(|world| {
            world.cached.clear();
            world.http_answers.clear();
        });
        assert_eq!(sign_out(json!({})), Some(json!({ "success": true })), "the provider is away");
    }
}
