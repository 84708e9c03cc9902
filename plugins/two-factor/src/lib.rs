//! A second factor for every way to sign in: authenticator app, mailed code, backup codes, trusted devices.
//!
//! Flat: one file per route, and one per kind of second factor.

mod backup_codes;
mod caller;
mod card;
mod challenge;
mod disable;
mod enable;
mod enrolment;
mod errors;
mod functions;
mod gate;
mod generate_backup_codes;
mod get_totp_uri;
mod lockout;
mod mailed_code;
mod options;
mod password;
mod replacement;
mod send_otp;
#[cfg(test)]
mod testing;
mod totp;
mod trusted_devices;
mod verify_backup_code;
mod verify_otp;
mod verify_totp;

use doorward_sdk::prelude::*;
use options::Options;

doorward_sdk::plugin!(plugin);

/// The field of users that says whether they have a second factor.
const ENABLED: &str = "twoFactorEnabled";

/// The whole plugin: its options, its gate, its endpoints and what they may touch.
pub fn plugin() -> Plugin {
    let plugin = Plugin::new("two-factor", env!("CARGO_PKG_VERSION"))
        .options::<Options>()
        .gate(gate::check)
        .gate_when_user(ENABLED)
        .event(Event::after("account", Action::Update, trusted_devices::after_account_update))
        .function(
            Function::new("view-backup-codes", functions::view_backup_codes)
                .summary("Shows the backup codes of a user")
                .answers(|| {
                    schema::object(&[("status", schema::boolean()), ("backupCodes", schema::list(schema::text()))])
                })
                .refuses(&[errors::BACKUP_CODES_NOT_ENABLED, errors::BACKUP_CODES_HASHED, errors::INVALID_BACKUP_CODE]),
        )
        .function(
            Function::new("generate-totp", functions::generate_totp)
                .summary("Makes the code of this moment")
                .answers(|| schema::object(&[("code", schema::text())]))
                .refuses(&[errors::TOTP_SWITCHED_OFF]),
        )
        .cookie(CookieRule::prefixed(challenge::COOKIE))
        .cookie(CookieRule::prefixed(trusted_devices::COOKIE))
        .cookie(CookieRule::prefixed(trusted_devices::OWN_COOKIES).all_that_begin_so())
        .user_field(FieldRule::new(ENABLED, FieldType::Boolean).default_value(false).credential())
        .table(enrolment::table())
        .table(trusted_devices::table())
        .verifications("2fa-")
        .verifications(trusted_devices::PREFIX)
        .mail(mailed_code::MAIL)
        .contribute(
            Contribution::new("account.security", "Two-factor authentication", card::card).order(20).signed_in(),
        )
        .contribute(Contribution::new("admin.user", "Two-factor authentication", card::of_user).order(20).signed_in());
    let plugin =
        limited(plugin, "/two-factor/enable", enable::enable, "Begins to set up a second factor", enable::REFUSALS);
    let plugin =
        limited(plugin, "/two-factor/disable", disable::disable, "Removes the second factor", disable::REFUSALS);
    let plugin = limited(
        plugin,
        "/two-factor/get-totp-uri",
        get_totp_uri::get_totp_uri,
        "Shows the address of the authenticator app's seed",
        get_totp_uri::REFUSALS,
    );
    let plugin = limited(
        plugin,
        "/two-factor/verify-totp",
        verify_totp::verify_totp,
        "Proves the second factor with a code of the app",
        verify_totp::REFUSALS,
    );
    let plugin = limited(plugin, "/two-factor/send-otp", send_otp::send_otp, "Mails a code", send_otp::REFUSALS);
    let plugin = limited(
        plugin,
        "/two-factor/verify-otp",
        verify_otp::verify_otp,
        "Proves the second factor with a mailed code",
        verify_otp::REFUSALS,
    );
    let plugin = limited(
        plugin,
        "/two-factor/verify-backup-code",
        verify_backup_code::verify_backup_code,
        "Proves the second factor with a backup code",
        verify_backup_code::REFUSALS,
    );
    let plugin = limited(
        plugin,
        "/two-factor/generate-backup-codes",
        generate_backup_codes::generate_backup_codes,
        "Makes new backup codes",
        generate_backup_codes::REFUSALS,
    );
    errors::ALL.into_iter().fold(plugin, Plugin::error)
}

/// An endpoint at which guesses are limited.
fn limited<I: Input>(
    plugin: Plugin,
    path: &'static str,
    handler: fn(&Request<'_>, I) -> Result<Response>,
    summary: &'static str,
    refusals: &'static [ErrorCode],
) -> Plugin {
    plugin.route(Route::post(path, handler).summary(summary).refuses(refusals)).rate_limit(RateRule::new(path, 3, 10))
}
