//! What the tests of several files begin with.

use crate::challenge::{self, FirstFactor};
use crate::totp::Seed;
use doorward_sdk::fake::{self, RawRequest};
use doorward_sdk::prelude::*;

/// The seed of the user that [`enrolled`] makes.
pub const SEED: &str = "12345678901234567890123456789012";

/// An empty world with one user, `user-1`, who has an authenticator app and the backup code `aaaaa-11111`.
pub fn enrolled(options: &str) {
    fake::reset();
    fake::with(|world| world.options = options.to_owned());
    users::create(&json!({ "email": "ada@example.com", "twoFactorEnabled": true })).expect("user");
    let row = json!({
        "userId": "user-1",
        "secret": sealing::seal(SEED).expect("sealed"),
        "backupCodes": sealing::seal(r#"["aaaaa-11111","bbbbb-22222"]"#).expect("sealed"),
        "verified": true,
        "failedVerificationCount": 0,
        "lockedUntil": null,
    });
    models::insert::<Value>("twoFactor", &row).expect("row");
}

/// The code that the user's app shows now, or some steps from now.
pub fn code(steps: i64) -> String {
    let now = clock::now_millis() / 1000;
    let seed = Seed::of(SEED).expect("seed");
    seed.code(&crate::options::TotpOptions::default(), now.saturating_add_signed(30 * steps))
}

/// The password was right: a challenge waits in the browser.
pub fn challenged() {
    fake::with(|world| world.session = None);
    challenge::begin("user-1", FirstFactor::Other, 600).expect("challenge");
}

/// Calls an endpoint: the body of the answer, or status and code of the refusal.
pub fn post(path: &str, body: &Value) -> std::result::Result<Value, String> {
    match RawRequest::post(path, body).send(&crate::plugin()) {
        Ok(answer) => Ok(answer.body().expect("body")),
        Err(error) => {
            let refusal = error.refusal();
            Err(format!("{} {}", refusal.status, refusal.code.unwrap_or_default()))
        }
    }
}
