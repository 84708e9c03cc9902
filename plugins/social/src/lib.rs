//! Sign in with other providers: OAuth 2.0 and OpenID Connect.
//!
//! Flat: one file per route, and one per step of a sign-in.

mod account_info;
mod begin;
mod callback;
mod card;
mod errors;
mod hex;
mod id_token;
mod identity;
mod link;
mod link_social;
mod logout;
mod options;
pub mod providers;
mod selection;
mod sign_in;
mod sign_in_social;
mod state;
#[cfg(test)]
mod testing;
mod token_endpoint;
mod tokens;
mod use_once;

use doorward_sdk::prelude::*;
use options::Options;

doorward_sdk::plugin!(plugin);

/// The whole plugin: its options, its endpoints and what they may touch.
pub fn plugin() -> Plugin {
    let plugin = Plugin::new("social", env!("CARGO_PKG_VERSION"))
        .options_without::<Options>(Options::fault)
        .route(
            Route::post("/sign-in/social", sign_in_social::sign_in_social)
                .summary("Begins a sign-in with a provider")
                .refuses(errors::OF_PROVIDERS)
                .refuses(sign_in_social::REFUSALS)
                .signs_in(),
        )
        .route(
            Route::get("/callback/:id", callback::get)
                .summary("Takes the answer of a provider")
                .refuses(&[providers::NO_ENDPOINT, providers::SECRET_NEEDED])
                .redirects(),
        )
        .route(
            Route::post("/callback/:id", callback::post)
                .summary("Takes the answer of a provider that posts it")
                .redirects()
                .accepts_form(),
        )
        .route(
            Route::post("/link-social", link_social::link_social)
                .summary("Links an account at a provider")
                .refuses(errors::OF_PROVIDERS)
                .refuses(link_social::REFUSALS),
        )
        .route(
            Route::post("/get-access-token", tokens::get_access_token)
                .summary("Shows a valid access token of a provider")
                .answers(schema::any_object)
                .refuses(&[errors::ACCOUNT_NOT_FOUND, errors::PROVIDER_NOT_SUPPORTED, errors::NO_VALID_TOKEN]),
        )
        .route(
            Route::post("/refresh-token", tokens::refresh_token)
                .summary("Renews the tokens of a provider")
                .answers(schema::any_object)
                .refuses(tokens::REFUSALS_OF_REFRESH),
        )
        .route(
            Route::get("/account-info", account_info::account_info)
                .summary("Asks the provider about the user")
                .answers(|| json!({ "type": ["object", "null"] }))
                .refuses(account_info::REFUSALS),
        )
        .route(
            Route::post("/account-info", account_info::account_info)
                .summary("Asks the provider about the user")
                .answers(|| json!({ "type": ["object", "null"] }))
                .refuses(account_info::REFUSALS),
        )
        .contribute(Contribution::new("admin.user", "Linked accounts", card::card).order(15).signed_in())
        .before(On::path("/sign-out").when_method(&["POST"]).reads_request(), logout::before)
        .after(On::path("/sign-out").when_method(&["POST"]).changes_answer(), logout::after)
        .cookie(CookieRule::prefixed(state::BINDING))
        .cookie(CookieRule::prefixed(state::SEALED))
        .verifications(state::PREFIX)
        .creates_users_with(&["*"])
        .updates_users(&["*"]);
    providers::hosts().into_iter().fold(plugin, Plugin::http_host)
}
