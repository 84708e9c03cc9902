//! Sign in with a name in place of an address, and show another one to people.

mod available;
mod errors;
mod names;
mod options;
mod sign_in;

use doorward_sdk::prelude::*;
use options::Options;

doorward_sdk::plugin!(plugin);

/// The whole plugin: its options, fields, endpoints, and what it does with names.
pub fn plugin() -> Plugin {
    let plugin = Plugin::new("username", env!("CARGO_PKG_VERSION"))
        .options::<Options>()
        .user_field(FieldRule::new(names::NAME, FieldType::String).unique_or(errors::TAKEN).input())
        .user_field(FieldRule::new(names::DISPLAY, FieldType::String).input().when_option("display_username"))
        .route(
            Route::post("/sign-in/username", sign_in::sign_in)
                .summary("Signs in with a user name and a password")
                .refuses(sign_in::REFUSALS)
                .signs_in(),
        )
        .route(
            Route::post("/is-username-available", available::is_available)
                .summary("Tells whether a user name is free")
                .answers(|| schema::object(&[("available", schema::boolean())]))
                .refuses(available::REFUSALS),
        )
        .before(On::path("/sign-up/email").reads_request().changes_request(), names::before_sign_up)
        .before(On::path("/update-user").reads_request(), names::before_update)
        .event(Event::before("user", Action::Create, names::on_create))
        .event(Event::before("user", Action::Update, names::on_update));
    errors::ALL.into_iter().fold(plugin, Plugin::error)
}
