//! A picture of each user: uploaded, made small and square, and served at an address of its own.

mod errors;
mod options;
mod picture;
mod remove;
mod row;
mod serve;
#[cfg(test)]
mod testing;
mod upload;

use doorward_sdk::prelude::*;
use options::Options;

doorward_sdk::plugin!(plugin);

/// The whole plugin: its endpoints, its table, and what else it may touch.
pub fn plugin() -> Plugin {
    let plugin = Plugin::new("avatar", env!("CARGO_PKG_VERSION"))
        .options_without::<Options>(options::fault)
        .public_option("max_pixels")
        .route(
            Route::post("/avatar", upload::upload)
                .accepts(&["image/*", "application/octet-stream"])
                .summary("Makes a picture the user's")
                .reads(|| schema::object(&[("image", schema::text())]))
                .answers(|| schema::object(&[("image", schema::text())]))
                .refuses(upload::REFUSALS),
        )
        .route(
            Route::delete("/avatar", remove::remove)
                .summary("Removes the user's picture")
                .answers(|| schema::object(&[("status", schema::boolean())]))
                .refuses(&[ErrorCode::UNAUTHORIZED]),
        )
        .route(
            Route::get("/avatar/:name", serve::serve)
                .summary("Shows a picture, to anyone who has its address")
                .refuses(&[ErrorCode::NOT_FOUND]),
        )
        .rate_limit(RateRule::new("/avatar", 20, 60))
        .updates_users(&["image"])
        .table(row::table());
    errors::ALL.into_iter().fold(plugin, Plugin::error)
}
