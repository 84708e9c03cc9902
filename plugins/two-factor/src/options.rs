//! What the operator can set.

use doorward_sdk::config;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// Plugin and way: a passkey with a fingerprint or a PIN is two factors already; who impersonates someone has none of theirs.
const EXEMPT: [(&str, &str); 2] = [("passkey", "passkey"), ("admin", "impersonation")];
/// Plugins whose ways to sign in are theirs alone, so that a list of ways can leave them out. Any other plugin could call
/// its way as it likes.
const KNOWN: [&str; 5] = ["admin", "magic-link", "passkey", "social", "username"];
/// In `enforce_on`: every way to sign in that is not exempt.
const ALL: &str = "*";

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The name that authenticator apps show; none is the application's.
    pub issuer: Option<String>,
    /// Ways to sign in that need a second factor: names as `email`, `magic-link` or a provider's id; `*` is all but
    /// `passkey` and `impersonation`.
    pub enforce_on: Vec<String>,
    /// Lets a code of an authenticator app be used again while it is valid.
    pub allow_code_reuse: bool,
    pub totp_options: TotpOptions,
    pub otp_options: OtpOptions,
    pub backup_code_options: BackupCodeOptions,
    /// Switches the second factor on at once, without a first code.
    pub skip_verification_on_enable: bool,
    /// Users without a password need none for what otherwise asks for it.
    pub allow_passwordless: bool,
    /// Seconds that a sign-in waits for its second factor.
    #[serde(deserialize_with = "at_least_one")]
    pub two_factor_cookie_max_age: u64,
    /// Seconds that a device is trusted after its last sign-in.
    #[serde(deserialize_with = "at_least_one")]
    pub trust_device_max_age: u64,
    pub account_lockout: AccountLockout,
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TotpOptions {
    /// 6 to 8.
    #[serde(deserialize_with = "six_to_eight")]
    pub digits: u8,
    /// Seconds that a code is shown.
    #[serde(deserialize_with = "up_to_an_hour")]
    pub period: u32,
    pub disable: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OtpOptions {
    /// Whether codes are mailed; needs `[mail]`.
    pub send_otp: bool,
    /// Minutes that a code is valid.
    #[serde(deserialize_with = "at_least_one")]
    pub period: u64,
    #[serde(deserialize_with = "four_to_twelve")]
    pub digits: u32,
    /// Wrong answers to one mailed code.
    pub allowed_attempts: u32,
    pub store_otp: StoreOtp,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreOtp {
    Plain,
    Hashed,
    Encrypted,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackupCodeOptions {
    #[serde(deserialize_with = "up_to_a_hundred")]
    pub amount: u32,
    /// Letters and digits of a code, without its hyphen.
    #[serde(deserialize_with = "six_to_sixty_four")]
    pub length: u32,
    pub store_backup_codes: StoreBackupCodes,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreBackupCodes {
    /// Hashed, and the hashes encrypted: nobody can read a code again.
    Hashed,
    /// Encrypted: `view-backup-codes` can show them.
    Encrypted,
    Plain,
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountLockout {
    pub enabled: bool,
    /// Wrong codes in a row, over all sign-ins and kinds of codes.
    #[serde(deserialize_with = "at_least_one")]
    pub max_failed_attempts: u64,
    #[serde(deserialize_with = "up_to_a_year")]
    pub duration_seconds: u32,
}

impl Options {
    /// Whether who signed in by `method` owes a second factor; `plugin` signed them in, or the core.
    pub fn enforces(&self, plugin: Option<&str>, method: &str) -> bool {
        let lists = |name: &str| self.enforce_on.iter().any(|listed| listed == name);
        let is_exempt = plugin.is_some_and(|plugin| EXEMPT.contains(&(plugin, method)));
        let is_known = plugin.is_none_or(|plugin| KNOWN.contains(&plugin));
        lists(method) || !is_known || (lists(ALL) && !is_exempt)
    }
}

impl Options {
    /// The name that authenticator apps show.
    pub fn issuer(&self) -> String {
        self.issuer.clone().unwrap_or_else(config::app_name)
    }
}

impl OtpOptions {
    /// Whether codes are mailed.
    pub fn is_on(&self) -> bool {
        self.send_otp && config::sends_mail()
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            issuer: None,
            enforce_on: vec![ALL.to_owned()],
            allow_code_reuse: false,
            totp_options: TotpOptions::default(),
            otp_options: OtpOptions::default(),
            backup_code_options: BackupCodeOptions::default(),
            skip_verification_on_enable: false,
            allow_passwordless: false,
            two_factor_cookie_max_age: 10 * 60,
            trust_device_max_age: 30 * 24 * 60 * 60,
            account_lockout: AccountLockout::default(),
        }
    }
}

impl Default for TotpOptions {
    fn default() -> Self {
        TotpOptions { digits: 6, period: 30, disable: false }
    }
}

impl Default for OtpOptions {
    fn default() -> Self {
        OtpOptions { send_otp: true, period: 3, digits: 6, allowed_attempts: 5, store_otp: StoreOtp::Encrypted }
    }
}

impl Default for BackupCodeOptions {
    fn default() -> Self {
        BackupCodeOptions { amount: 10, length: 10, store_backup_codes: StoreBackupCodes::Hashed }
    }
}

impl Default for AccountLockout {
    fn default() -> Self {
        AccountLockout { enabled: true, max_failed_attempts: 10, duration_seconds: 15 * 60 }
    }
}

fn within<'de, D, N>(deserializer: D, least: N, most: N, what: &str) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: Deserialize<'de> + PartialOrd,
{
    let number = N::deserialize(deserializer)?;
    if number < least || number > most {
        return Err(D::Error::custom(what));
    }
    Ok(number)
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    // A century is enough for any of these, and keeps times in range.
    within(deserializer, 1, 3_153_600_000, "a time or a number of attempts is at least 1")
}

fn up_to_a_year<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(deserializer, 1, 31_536_000, "a pause lasts 1 second to a year")
}

fn up_to_an_hour<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(deserializer, 1, 3600, "a code is shown for 1 second to an hour")
}

fn six_to_eight<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    within(deserializer, 6, 8, "codes of an authenticator app have 6 to 8 digits")
}

fn four_to_twelve<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(deserializer, 4, 12, "mailed codes have 4 to 12 digits")
}

fn up_to_a_hundred<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(deserializer, 1, 100, "there are 1 to 100 backup codes")
}

fn six_to_sixty_four<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    within(deserializer, 6, 64, "backup codes have 6 to 64 letters and digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Options, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for (json, part) in [
            (r#"{"totp_options":{"digits":9}}"#, "6 to 8 digits"),
            (r#"{"totp_options":{"period":0}}"#, "1 second to an hour"),
            (r#"{"otp_options":{"digits":3}}"#, "4 to 12"),
            (r#"{"otp_options":{"store_otp":"clear"}}"#, "unknown variant"),
            (r#"{"backup_code_options":{"length":5}}"#, "6 to 64"),
            (r#"{"account_lockout":{"max_failed_attempts":0}}"#, "at least 1"),
            (r#"{"issuers":"x"}"#, "unknown field"),
        ] {
            let error = parse(json).err().expect(json);
            assert!(error.contains(part), "{error}");
        }
        assert!(parse("{}").is_ok());
    }

    #[test]
    fn new_ways_to_sign_in_are_challenged_by_default() {
        let by_default = Options::default();
        for (plugin, method, owes) in [
            (None, "email", true),
            (Some("magic-link"), "magic-link", true),
            (Some("social"), "google", true),
            (Some("passkey"), "passkey", false),
            (Some("passkey"), "passkey-presence", true),
            (Some("admin"), "impersonation", false),
            (Some("hostile"), "passkey", true),
            (Some("social"), "passkey", true),
            (Some("admin"), "passkey", true),
            (None, "passkey", true),
        ] {
            assert_eq!(by_default.enforces(plugin, method), owes, "{plugin:?} {method}");
        }
        let passwords_only = parse(r#"{"enforce_on":["email","username"]}"#).expect("options");
        assert!(passwords_only.enforces(None, "email"));
        assert!(!passwords_only.enforces(Some("magic-link"), "magic-link"));
        assert!(passwords_only.enforces(Some("hostile"), "magic-link"), "the name of a way is not the way");
        let strict = parse(r#"{"enforce_on":["*","passkey"]}"#).expect("options");
        assert!(strict.enforces(Some("passkey"), "passkey"));
    }
}
