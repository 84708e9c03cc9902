//! The row of a user with an authenticator app: seed, backup codes, wrong answers in a row.

use crate::errors::AUTHENTICATOR_UNREADABLE;
use crate::totp::Seed;
use doorward_sdk::prelude::*;
use serde::Deserialize;

const MODEL: &str = "twoFactor";

/// A row, as the reference stores it. It does not print itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Enrolment {
    pub id: String,
    /// Sealed.
    secret: String,
    pub backup_codes: String,
    /// None in rows of old releases, which count as verified.
    pub verified: Option<bool>,
    failed_verification_count: Option<u64>,
    /// ISO 8601.
    pub locked_until: Option<String>,
}

/// The table.
pub fn table() -> Table {
    Table::new(MODEL)
        .field(FieldRule::new("secret", FieldType::String).required().indexed().factor())
        .field(FieldRule::new("backupCodes", FieldType::String).required())
        .field(FieldRule::new("userId", FieldType::String).required().indexed().references("user"))
        .field(FieldRule::new("verified", FieldType::Boolean).default_value(true).factor())
        .field(FieldRule::new("failedVerificationCount", FieldType::Number).default_value(0))
        .field(FieldRule::new("lockedUntil", FieldType::Date))
        .credentials()
}

/// The user's row, verified or not.
pub fn of(user_id: &str) -> Result<Option<Enrolment>> {
    models::find_one(MODEL, eq("userId", user_id))
}

/// Writes `fields` into the present row, or into a new one of the user.
pub fn put(user_id: &str, present: Option<&Enrolment>, mut fields: Value) -> Result<()> {
    match present {
        Some(row) => set(eq("id", &row.id), &fields).map(drop),
        None => {
            fields["userId"] = user_id.into();
            models::insert::<Enrolment>(MODEL, &fields).map(drop)
        }
    }
}

/// Removes the user's row.
pub fn remove(user_id: &str) -> Result<()> {
    models::delete(MODEL, eq("userId", user_id)).map(drop)
}

/// The app was proven to work.
pub fn verify(id: &str) -> Result<()> {
    set(eq("id", id), &json!({ "verified": true })).map(drop)
}

/// Counts a wrong answer and returns how many there are in a row.
pub fn count(id: &str) -> Result<u64> {
    let row: Option<Enrolment> = models::increment(MODEL, eq("id", id), "failedVerificationCount", 1)?;
    Ok(row.and_then(|row| row.failed_verification_count).unwrap_or(u64::MAX))
}

/// Takes back one count beyond `most`, unless others forgot them all meanwhile.
pub fn uncount(id: &str, most: u64) -> Result<()> {
    let beyond = eq("id", id).and(gt("failedVerificationCount", most));
    models::increment::<Enrolment>(MODEL, beyond, "failedVerificationCount", -1).map(drop)
}

/// Begins a pause, unless there is one.
pub fn lock(id: &str, secs: u32) -> Result<()> {
    let until = clock::iso_text(clock::now_millis() + u64::from(secs) * 1000);
    set(eq("id", id).and(eq("lockedUntil", Value::Null)), &json!({ "lockedUntil": until })).map(drop)
}

/// Forgets the wrong answers and the pause; with `until`, only the pause that ends then.
pub fn unlock(id: &str, until: Option<&str>) -> Result<()> {
    let which = until.map_or_else(|| eq("id", id), |until| eq("id", id).and(eq("lockedUntil", until)));
    set(which, &json!({ "failedVerificationCount": 0, "lockedUntil": null })).map(drop)
}

/// New backup codes, whatever there was.
pub fn set_backup_codes(id: &str, column: &str) -> Result<()> {
    set(eq("id", id), &json!({ "backupCodes": column })).map(drop)
}

/// New backup codes in the place of `old`. False when those are there no more.
pub fn replace_backup_codes(id: &str, old: &str, column: &str) -> Result<bool> {
    set(eq("id", id).and(eq("backupCodes", old)), &json!({ "backupCodes": column })).map(|rows| !rows.is_empty())
}

fn set(which: Filter, fields: &Value) -> Result<Vec<Enrolment>> {
    models::update(MODEL, which, fields)
}

impl Enrolment {
    /// Whether its app was proven to work.
    pub fn is_active(&self) -> bool {
        self.verified != Some(false)
    }

    /// Wrong answers in a row.
    pub fn failures(&self) -> u64 {
        self.failed_verification_count.unwrap_or(0)
    }

    /// The seed in clear; a refusal when it was sealed under a secret that the server no longer has.
    pub fn seed(&self) -> Result<Seed> {
        let text = sealing::open(&self.secret)?;
        text.as_deref().and_then(Seed::of).ok_or_else(|| {
            log::error("the seed of a user's authenticator app cannot be opened: was the server's secret changed?");
            AUTHENTICATOR_UNREADABLE.into()
        })
    }
}
