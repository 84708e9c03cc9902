//! JSON Web Tokens about the signed-in user, for services that know this server only by its published keys.
//!
//! Flat: one file per route, and one per part of a key's life.

mod claims;
mod duration;
mod functions;
mod header;
mod jwks;
mod key;
mod mint;
mod options;
mod signing;
mod template;
#[cfg(test)]
mod tests;
mod token;
mod verify;

use doorward_sdk::prelude::*;
use options::Options;

doorward_sdk::plugin!(plugin);

/// The whole plugin: its options, its table, its endpoints, its header and its functions for the application's backend.
pub fn plugin() -> Plugin {
    Plugin::new("jwt", env!("CARGO_PKG_VERSION"))
        .options_without(Options::fault)
        .table(
            Table::new(key::TABLE)
                .field(FieldRule::new("publicKey", FieldType::String).required())
                .field(FieldRule::new("privateKey", FieldType::String).required())
                .field(FieldRule::new("createdAt", FieldType::Date).required())
                .field(FieldRule::new("expiresAt", FieldType::Date))
                .field(FieldRule::new("alg", FieldType::String))
                .field(FieldRule::new("crv", FieldType::String)),
        )
        .route(
            Route::get("/jwks", jwks::jwks)
                .summary("Shows the public keys")
                .answers(|| schema::object(&[("keys", schema::list(schema::any_object()))]))
                .or_option("jwks.jwks_path"),
        )
        .route(
            Route::get("/token", token::token)
                .summary("Makes a signed token of the session")
                .answers(|| schema::object(&[("token", schema::text())]))
                .refuses(&[ErrorCode::UNAUTHORIZED, claims::INVALID_CLAIM]),
        )
        .after(
            On::path("/get-session")
                .when_signed_in()
                .unless_option("disable_setting_jwt_header")
                .reads_request()
                .changes_answer(),
            header::set_header,
        )
        .function(
            Function::new("sign-jwt", functions::sign_jwt)
                .summary("Signs a token")
                .answers(|| schema::object(&[("token", schema::text())]))
                .refuses(&[functions::INVALID_OPTIONS, claims::INVALID_CLAIM]),
        )
        .function(
            Function::new("verify-jwt", functions::verify_jwt)
                .summary("Verifies a token")
                .answers(|| schema::object(&[("payload", json!({ "type": ["object", "null"] }))])),
        )
        .secret("set-auth-jwt")
        .error(claims::INVALID_CLAIM)
}
