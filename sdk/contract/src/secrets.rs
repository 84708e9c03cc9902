//! The one list of fields that are secret, wherever they stand: in requests and answers, in mails and in events.

/// Names of fields whose values prove who someone is, in the core and in the protocols that it speaks. A plugin adds its
/// own in `secrets` of its manifest. Case, `_` and `-` make no difference.
pub const SECRET_FIELDS: [&str; 26] = [
    "password",
    "newPassword",
    "currentPassword",
    "oldPassword",
    "confirmPassword",
    "token",
    "code",
    "secret",
    "otp",
    "idToken",
    "accessToken",
    "refreshToken",
    "sessionToken",
    "resetToken",
    "bearerToken",
    "clientSecret",
    "clientAssertion",
    "codeVerifier",
    "backupCode",
    "backupCodes",
    "totpURI",
    "privateKey",
    "apiKey",
    "cookie",
    "authorization",
    "set-cookie",
];

/// A name as names are compared: `new_password` and `newPassword` are one.
pub fn folded_name(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    folded.extend(name.chars().filter(|letter| !matches!(letter, '_' | '-')).flat_map(char::to_lowercase));
    folded
}

/// Whether a field by this name sounds as if it held a secret: then it is to be declared, or be an exception by name.
pub fn sounds_secret(name: &str) -> bool {
    const ENDINGS: [&str; 9] =
        ["password", "token", "tokens", "secret", "code", "codes", "otp", "privatekey", "verifier"];
    let name = folded_name(name);
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}
