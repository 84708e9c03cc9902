//! Signatures of cookies: under the reference's key for values of its known forms, under a key of their own for all others.
//!
//! Invariant: the reference's key also protects mail links and cached sessions, so nothing that a caller or a plugin can
//! choose freely is signed with it. No form below is the text of a token or of a cached session.

use crate::crypto::purpose::Purpose;
use crate::crypto::seal::Secrets;
use crate::crypto::secret::Secret;
use crate::crypto::{MacKey, base64, constant_time_eq};
use crate::http::encode_component;

/// The form of a value that the reference's key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A session's token, or another random text of letters, digits, `-` and `_`.
    Token,
    /// `true`.
    True,
    /// `2fa-` and 20 letters.
    SecondFactor,
    /// A keyed hash, `!trust-device-` and 32 letters.
    TrustedDevice,
    /// A session's token, `:`, and `true` or nothing.
    AdminSession,
}

/// The cookies of official plugins that the reference's clients have: plugin, name in its manifest, form of the value.
pub const OF_OFFICIAL_PLUGINS: [(&str, &str, Form); 6] = [
    ("admin", "admin_session", Form::AdminSession),
    ("multi-session", "session_token_multi-", Form::Token),
    ("passkey", "better-auth-passkey", Form::Token),
    ("social", "state", Form::Token),
    ("two-factor", "trust_device", Form::TrustedDevice),
    ("two-factor", "two_factor", Form::SecondFactor),
];

impl Form {
    /// The form of an official plugin's cookie, if the reference has that cookie.
    pub fn of(plugin: &str, name: &str) -> Option<Self> {
        let mut known = OF_OFFICIAL_PLUGINS.iter();
        known.find(|(owner, cookie, _)| *owner == plugin && *cookie == name).map(|(_, _, form)| *form)
    }

    fn fits(self, value: &str) -> bool {
        match self {
            Self::Token => is_random(value),
            Self::True => value == "true",
            Self::SecondFactor => value.strip_prefix("2fa-").is_some_and(|end| is_random(end) && end.len() == 20),
            Self::TrustedDevice => value
                .split_once("!trust-device-")
                .is_some_and(|(mac, end)| is_random(mac) && mac.len() == 43 && is_random(end) && end.len() == 32),
            Self::AdminSession => {
                value.split_once(':').is_some_and(|(token, brief)| is_random(token) && matches!(brief, "" | "true"))
            }
        }
    }
}

fn is_random(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !text.is_empty() && text.bytes().all(is_letter)
}

/// Signs and checks the values of one kind of cookie.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The first one signs.
    keys: Vec<MacKey>,
    form: Option<Form>,
}

impl Signer {
    /// With the reference's key, for values of one form alone.
    pub fn reference(secrets: &Secrets, form: Form) -> Self {
        let raw = |secret: &Secret<String>| MacKey::new(secret.expose().as_bytes());
        Self { keys: secrets.iter().map(raw).collect(), form: Some(form) }
    }

    /// With a key that is good for this purpose alone.
    pub fn own(secrets: &Secrets, purpose: Purpose<'_>) -> Self {
        let own = |secret: &Secret<String>| MacKey::new(purpose.key(secret).expose());
        Self { keys: secrets.iter().map(own).collect(), form: None }
    }

    /// `encodeURIComponent(value + "." + base64(HMAC-SHA256(key, value)))`; none for a value of another form.
    pub fn sign(&self, value: &str) -> Option<String> {
        let key = self.keys.first().filter(|_| self.accepts(value))?;
        Some(encode_component(&format!("{value}.{}", signature(key, value))))
    }

    /// The value of a signed, URL-decoded cookie, if its form is right and its signature is valid under any of the
    /// secrets. The reference accepts only the current secret, so a new one signs everybody out.
    pub fn verify<'a>(&self, signed: &'a str) -> Option<&'a str> {
        let (value, given) = signed.rsplit_once('.')?;
        let is_right = |key| constant_time_eq(given.as_bytes(), signature(key, value).as_bytes());
        (!value.is_empty() && self.accepts(value) && self.keys.iter().any(is_right)).then_some(value)
    }

    fn accepts(&self, value: &str) -> bool {
        self.form.is_none_or(|form| form.fits(value))
    }
}

fn signature(key: &MacKey, value: &str) -> String {
    base64(&key.mac(value.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::seal::VersionedSecret;
    use crate::crypto::{base64_url, hmac_sha256};
    use crate::http::decode_component;

    const SECRET: &str = "wire-contract-secret-0123456789-abcdefghijklmnop";

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    fn single() -> Secrets {
        Secrets::new(Vec::new(), Some(secret(SECRET)))
    }

    #[test]
    fn signatures_are_the_references() {
        let signer = Signer::reference(&single(), Form::Token);
        // printf abc | openssl dgst -sha256 -hmac <secret> -binary | base64
        let signed = signer.sign("abc").unwrap();
        assert_eq!(signed, "abc.ocL%2BN2tiV5nJAkkkcMyeA2xW1gn260MLXlTB5GV3pB0%3D");
        let plain = decode_component(&signed);
        assert_eq!(signer.verify(&plain), Some("abc"));
        for bad in ["abc", "abc.", "abc.abc", &plain.replace("abc.", "abd."), &plain[..plain.len() - 1], ".x"] {
            assert_eq!(signer.verify(bad), None, "{bad}");
        }
    }

    #[test]
    fn older_secrets_verify_and_do_not_sign() {
        let version = VersionedSecret { version: 2, secret: secret("new-secret-0123456789-0123456789") };
        let rotated = Secrets::new(vec![version], Some(secret(SECRET)));
        let own = |secrets: &Secrets| Signer::own(secrets, Purpose::PluginCookie("a", "b"));
        let reference = |secrets: &Secrets| Signer::reference(secrets, Form::Token);
        for (old, new) in [(own(&single()), own(&rotated)), (reference(&single()), reference(&rotated))] {
            let signed = |signer: &Signer| decode_component(&signer.sign("abc").unwrap());
            assert_eq!(new.verify(&signed(&old)), Some("abc"));
            assert_eq!(new.verify(&signed(&new)), Some("abc"));
            assert_eq!(old.verify(&signed(&new)), None);
        }
    }

    #[test]
    fn a_signature_is_good_for_its_own_plugin_and_cookie_alone() {
        let secrets = single();
        let own = |plugin, cookie| Signer::own(&secrets, Purpose::PluginCookie(plugin, cookie));
        let signed = decode_component(&own("a", "theme").sign("abc").unwrap());
        assert_eq!(own("a", "theme").verify(&signed), Some("abc"));
        let others = [own("a", "other"), own("b", "theme"), Signer::reference(&secrets, Form::Token)];
        assert!(others.iter().all(|other| other.verify(&signed).is_none()));
    }

    #[test]
    fn the_references_key_signs_known_forms_alone() {
        let letters = |count| "a".repeat(count);
        let device = format!("{}!trust-device-{}", letters(43), letters(32));
        for (form, value) in [
            (Form::Token, letters(32)),
            (Form::True, "true".to_owned()),
            (Form::SecondFactor, format!("2fa-{}", letters(20))),
            (Form::TrustedDevice, device.clone()),
            (Form::AdminSession, format!("{}:true", letters(32))),
            (Form::AdminSession, format!("{}:", letters(32))),
        ] {
            assert!(form.fits(&value), "{value}");
        }
        let header = base64_url(br#"{"alg":"HS256"}"#);
        let claims = base64_url(br#"{"email":"a@example.com","exp":9999999999}"#);
        let token = format!("{header}.{claims}");
        let copy = r#"{"session":{},"user":{},"updatedAt":1,"version":"1","expiresAt":9999999999999}"#;
        for form in [Form::Token, Form::True, Form::SecondFactor, Form::TrustedDevice, Form::AdminSession] {
            let signer = Signer::reference(&single(), form);
            for value in [&token, copy, "", "known-device!1", "doorward plugin jwt", "doorward compiled plugins", "x y"]
            {
                assert_eq!(signer.sign(value), None, "{form:?}: {value}");
                let signed = format!("{value}.{}", base64(&hmac_sha256(SECRET.as_bytes(), value.as_bytes())));
                assert_eq!(signer.verify(&signed), None, "{form:?}: {value}");
            }
        }
        for value in [format!("{device}a"), device.replace('!', "."), format!("2fa-{}", letters(21))] {
            assert!(!Form::TrustedDevice.fits(&value) && !Form::SecondFactor.fits(&value), "{value}");
        }
    }
}
