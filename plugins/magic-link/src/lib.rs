//! Sign in with a link in a mail: `POST /sign-in/magic-link` sends it, `GET /magic-link/verify` redeems it.

mod card;
mod link;
mod options;
mod send;
mod verify;

use doorward_sdk::prelude::*;
use options::Options;

doorward_sdk::plugin!(plugin);

/// The whole plugin: its options, its two endpoints and what they may touch.
pub fn plugin() -> Plugin {
    Plugin::new("magic-link", env!("CARGO_PKG_VERSION"))
        .options::<Options>()
        .route(
            Route::post("/sign-in/magic-link", send::send)
                .summary("Mails a link that signs in")
                .answers(|| schema::object(&[("status", schema::boolean())]))
                .signs_in(),
        )
        .route(
            Route::get("/magic-link/verify", verify::verify)
                .summary("Signs in with the token of a mailed link")
                .redirects_to(&["callbackURL", "newUserCallbackURL", "errorCallbackURL"]),
        )
        .rate_limit(RateRule::new("/sign-in/magic-link", 5, 60).or_option("rate_limit"))
        .rate_limit(RateRule::new("/magic-link/verify", 5, 60).or_option("rate_limit"))
        .verifications("magic-link:")
        .creates_users_with(&["email", "name", "emailVerified"])
        .mail("magic-link")
        .contribute(Contribution::new("sign-in.methods", "Magic link", card::card).order(40))
}
