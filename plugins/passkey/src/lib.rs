//! Sign in with a passkey: registration, authentication, and the list of a user's own.
//!
//! Flat: one file per route, and one per part of a ceremony.

mod authenticate_options;
mod cards;
mod challenge;
mod delete_passkey;
mod errors;
mod list_user_passkeys;
mod options;
mod passkey;
mod register_options;
#[cfg(test)]
mod testing;
mod update_passkey;
mod verify_authentication;
mod verify_registration;

use doorward_sdk::prelude::*;
use options::Options;

doorward_sdk::plugin!(plugin);

/// The whole plugin: its options, its endpoints, its table, and what else it may touch.
pub fn plugin() -> Plugin {
    let plugin = Plugin::new("passkey", env!("CARGO_PKG_VERSION"))
        .options::<Options>()
        .route(
            Route::get("/passkey/generate-register-options", register_options::register_options)
                .summary("Begins to register a passkey")
                .answers(schema::any_object)
                .refuses(&[ErrorCode::UNAUTHORIZED, ErrorCode::SESSION_NOT_FRESH, errors::RESOLVE_USER_REQUIRED]),
        )
        .route(
            Route::post("/passkey/verify-registration", verify_registration::verify_registration)
                .summary("Registers a passkey")
                .answers(schema::any_object)
                .refuses(verify_registration::REFUSALS),
        )
        .route(
            Route::get("/passkey/generate-authenticate-options", authenticate_options::authenticate_options)
                .summary("Begins a sign-in with a passkey")
                .answers(schema::any_object),
        )
        .route(
            Route::post("/passkey/verify-authentication", verify_authentication::verify_authentication)
                .summary("Signs in with a passkey")
                .refuses(verify_authentication::REFUSALS)
                .signs_in(),
        )
        .route(
            Route::get("/passkey/list-user-passkeys", list_user_passkeys::list_user_passkeys)
                .summary("Lists the user's passkeys")
                .answers(|| schema::list(schema::any_object()))
                .refuses(&[ErrorCode::UNAUTHORIZED]),
        )
        .route(
            Route::post("/passkey/update-passkey", update_passkey::update_passkey)
                .summary("Renames a passkey")
                .answers(|| schema::object(&[("passkey", schema::any_object())]))
                .refuses(&[ErrorCode::UNAUTHORIZED, errors::NO_SUCH_PASSKEY, errors::NOT_ALLOWED]),
        )
        .route(
            Route::post("/passkey/delete-passkey", delete_passkey::delete_passkey)
                .summary("Deletes a passkey")
                .answers(|| schema::object(&[("status", schema::boolean())]))
                .refuses(&[ErrorCode::UNAUTHORIZED, errors::NO_SUCH_PASSKEY, errors::LAST_PASSKEY]),
        )
        .cookie(CookieRule::prefixed(options::COOKIE).or_option("advanced.web_authn_challenge_cookie"))
        .verifications(challenge::PREFIX)
        .table(passkey::table())
        .contribute(Contribution::new("sign-in.methods", "Passkey", cards::sign_in).order(20))
        .contribute(Contribution::new("account.security", "Passkeys", cards::list).order(30).signed_in())
        .contribute(Contribution::new("admin.user", "Passkeys", cards::of_user).order(30).signed_in());
    errors::ALL.into_iter().fold(plugin, Plugin::error)
}
