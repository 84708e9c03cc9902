//! Ceremonies by a software authenticator, and every way in which one can be wrong.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value as Json, json};

use super::*;
use crate::crypto::{base64_url, sha256};

const PARTY: &str = "example.com";
const CHALLENGE: &str = "fXfCQ-MWmIbcj0t3xaVzlbuZ0zPXgOE4blA065WSZco";
const ID: &[u8] = b"credential of the tests";

/// Present, verified, may be backed up, with a credential.
const NEW: u8 = 0b0100_1101;
/// Present and verified.
const KNOWN: u8 = 0b0000_1101;

enum Key {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(Box<RsaKeyPair>),
}

impl Key {
    fn all() -> [Self; 3] {
        [
            Self::es256(),
            Self::EdDsa(Ed25519KeyPair::generate().unwrap()),
            Self::Rs256(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())),
        ]
    }

    fn es256() -> Self {
        Self::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
    }

    fn cose(&self) -> Vec<u8> {
        match self {
            Self::Es256(key) => es256_key(key.public_key().as_ref()),
            Self::EdDsa(key) => [b"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20", key.public_key().as_ref()].concat(),
            Self::Rs256(key) => {
                let n = key.public_key().modulus();
                let n = n.big_endian_without_leading_zero();
                [b"\xa4\x01\x03\x03\x39\x01\x00\x20\x59\x01\x00", n, b"\x21\x43\x01\x00\x01"].concat()
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Es256(key) => key.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Self::EdDsa(key) => key.sign(message).as_ref().to_vec(),
            Self::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
        }
    }
}

/// A COSE key from an uncompressed point.
fn es256_key(point: &[u8]) -> Vec<u8> {
    let (x, y) = point[1..].split_at(32);
    [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", x, b"\x22\x58\x20", y].concat()
}

/// What one ceremony sends; each test changes one thing.
struct Ceremony {
    key: Key,
    /// The key that the answer shows, when it is not the one that signs.
    shown: Option<Vec<u8>>,
    client_data: Json,
    party: &'static str,
    flags: u8,
    counter: u32,
    /// Behind the authenticator data.
    tail: &'static [u8],
    /// The attestation's format, and its statement in CBOR.
    attestation: (&'static str, Vec<u8>),
    id: Vec<u8>,
    kind: &'static str,
}

impl Ceremony {
    fn new(kind: &'static str, flags: u8, key: Key) -> Self {
        let client_data = json!({
            "type": kind, "challenge": CHALLENGE, "origin": "https://example.com", "crossOrigin": false,
        });
        let (attestation, id) = (("none", vec![0xa0]), ID.to_vec());
        Self { key, shown: None, client_data, party: PARTY, flags, counter: 1, tail: b"", attestation, id, kind }
    }

    fn create() -> Self {
        Self::new("webauthn.create", NEW, Key::es256())
    }

    fn get() -> Self {
        Self::new("webauthn.get", KNOWN, Key::es256())
    }

    fn data(&self) -> Vec<u8> {
        let counter = self.counter.to_be_bytes();
        let mut data = [&sha256(self.party.as_bytes())[..], &[self.flags], &counter].concat();
        if self.flags & 1 << 6 != 0 && self.kind == "webauthn.create" {
            let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
            let key = self.shown.clone().unwrap_or_else(|| self.key.cose());
            data.extend([&[7; 16][..], &length, &self.id, &key].concat());
        }
        [&data, self.tail].concat()
    }

    fn message(&self) -> Vec<u8> {
        [&self.data()[..], &sha256(self.client_data.to_string().as_bytes())].concat()
    }

    fn answer(&self) -> Json {
        let client_data = base64_url(self.client_data.to_string().as_bytes());
        let response = if self.kind == "webauthn.create" {
            let data = self.data();
            let length = u16::try_from(data.len()).unwrap().to_be_bytes();
            let (format, statement) = &self.attestation;
            let format = [&[0x60 | u8::try_from(format.len()).unwrap()], format.as_bytes()].concat();
            let object =
                [b"\xa3\x63fmt", &format[..], b"\x67attStmt", statement, b"\x68authData\x59", &length, &data].concat();
            json!({ "clientDataJSON": client_data, "attestationObject": base64_url(&object) })
        } else {
            let signature = base64_url(&self.key.sign(&self.message()));
            json!({
                "clientDataJSON": client_data, "authenticatorData": base64_url(&self.data()), "signature": signature,
            })
        };
        let id = base64_url(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {} })
    }

    fn register(&self) -> Checked<Registration> {
        expecting(false, |expected| verify_registration(expected, &self.answer().to_string()))
    }

    fn assert_after(&self, counter: u32) -> Checked<Assertion> {
        self.assert_with(&self.answer(), &self.key.cose(), counter)
    }

    fn assert_with(&self, answer: &Json, public_key: &[u8], counter: u32) -> Checked<Assertion> {
        let id = base64_url(ID);
        let credential = Credential { id: &id, public_key, counter };
        expecting(false, |expected| verify_assertion(expected, &credential, &answer.to_string()))
    }
}

fn expecting<T>(user_verification: bool, check: impl FnOnce(&Expected<'_>) -> T) -> T {
    let origins = ["https://example.com".to_owned(), "https://app.example.com".to_owned()];
    check(&Expected { party_id: PARTY, origins: &origins, challenge: CHALLENGE, user_verification })
}

#[test]
fn every_offered_algorithm_registers_and_signs_in() {
    for key in Key::all() {
        let mut ceremony = Ceremony::new("webauthn.create", NEW, key);
        let registered = ceremony.register().unwrap();
        let expected = Registration {
            credential_id: base64_url(ID),
            public_key: ceremony.key.cose(),
            counter: 1,
            is_multi_device: true,
            is_backed_up: false,
            user_verified: true,
            aaguid: "07070707-0707-0707-0707-070707070707".to_owned(),
        };
        assert_eq!(registered, expected);
        ceremony = Ceremony::new("webauthn.get", KNOWN, ceremony.key);
        ceremony.counter = 2;
        let asserted = ceremony.assert_after(registered.counter).unwrap();
        assert_eq!(asserted, Assertion { counter: 2, is_backed_up: false, user_verified: true });
    }
}

#[test]
fn a_statement_of_the_credential_itself_must_hold() {
    for (algorithm, key) in [(b"\x26", Key::es256()), (b"\x27", Key::EdDsa(Ed25519KeyPair::generate().unwrap()))] {
        let mut ceremony = Ceremony::new("webauthn.create", NEW, key);
        let signature = ceremony.key.sign(&ceremony.message());
        let statement = |signature: &[u8]| {
            let length = u8::try_from(signature.len()).unwrap();
            [b"\xa2\x63alg", &algorithm[..], b"\x63sig\x58", &[length], signature].concat()
        };
        ceremony.attestation = ("packed", statement(&signature));
        assert!(ceremony.register().is_ok());
        let other = ceremony.key.sign(b"something else");
        for bad in [statement(&other), b"\xa0".to_vec(), b"\x01".to_vec()] {
            ceremony.attestation = ("packed", bad);
            assert_eq!(ceremony.register(), Err(Refused::Answer("the attestation does not hold")));
        }
    }
}

#[test]
fn a_statement_with_nothing_behind_it_is_refused() {
    for (format, statement) in [
        ("none", b"\xa1\x01\x02".to_vec()),
        ("fido-u2f", vec![0xa0]),
        ("android-safetynet", vec![0xa0]),
        ("x", vec![0xa0]),
    ] {
        let mut ceremony = Ceremony::create();
        ceremony.attestation = (format, statement);
        assert!(ceremony.register().is_err(), "{format}");
    }
}

/// Of a security key, with the certificate of its maker.
#[test]
fn a_security_keys_certificate_holds() {
    let answer = include_str!("security_key.json");
    let origins = ["http://localhost:8080".to_owned()];
    let expected = |origins| Expected { party_id: "localhost", origins, challenge: CHALLENGE, user_verification: true };
    let registered = verify_registration(&expected(&origins), answer).unwrap();
    assert_eq!(registered.aaguid, "2fc0579f-8113-47ea-b116-bb5a8db9202a");
    assert_eq!((registered.counter, registered.is_multi_device, registered.public_key.len()), (1, false, 77));
    // One bit of the signature.
    let changed = answer.replacen("EYwRAIgZEq9", "EYwRAIgZEq8", 1);
    assert_ne!(changed, answer);
    assert!(verify_registration(&expected(&origins), &changed).is_err());
}

/// PK-2 of the red team.
#[test]
fn only_the_pages_that_may_ask_ask() {
    let origins = [
        json!("https://badexample.com"),
        json!("http://example.com"),
        json!("https://example.com:8443"),
        json!("https://example.com.evil"),
        json!("https://www.example.com"),
        json!("https://example.com/"),
        json!("https://EXAMPLE.com"),
        json!("null"),
        json!(""),
        json!(null),
        json!(["https://example.com"]),
    ];
    for mut ceremony in [Ceremony::create(), Ceremony::get()] {
        let holds = |ceremony: &Ceremony| match ceremony.kind {
            "webauthn.create" => ceremony.register().is_ok(),
            _ => ceremony.assert_after(0).is_ok(),
        };
        assert!(holds(&ceremony));
        for origin in &origins {
            ceremony.client_data["origin"] = origin.clone();
            assert!(!holds(&ceremony), "{origin}");
        }
        ceremony.client_data["origin"] = json!("https://app.example.com");
        assert!(holds(&ceremony));
        for (name, bad, good) in [
            ("crossOrigin", json!(true), json!(false)),
            ("crossOrigin", json!("false"), json!(false)),
            ("tokenBinding", json!({ "status": "present", "id": "x" }), json!({ "status": "supported" })),
            ("tokenBinding", json!("x"), json!({ "status": "not-supported" })),
            ("topOrigin", json!("https://example.com"), Json::Null),
            ("challenge", json!(format!("{CHALLENGE}=")), json!(CHALLENGE)),
            ("challenge", json!(""), json!(CHALLENGE)),
            ("type", json!("webauthn.other"), json!(ceremony.kind)),
        ] {
            ceremony.client_data[name] = bad;
            assert!(!holds(&ceremony), "{name}");
            ceremony.client_data[name] = good;
            if name == "topOrigin" {
                ceremony.client_data.as_object_mut().unwrap().remove(name);
            }
            assert!(holds(&ceremony), "{name}");
        }
    }
}

/// PK-3 of the red team.
#[test]
fn what_the_authenticator_must_say() {
    // Nobody present; backed up without being able to; extensions without data.
    for flags in [0b0100_1100, 0b0101_0101, 0b1100_1101] {
        assert!(Ceremony { flags, ..Ceremony::create() }.register().is_err(), "{flags:b}");
        let flags = flags & !(1 << 6);
        assert!(Ceremony { flags, ..Ceremony::get() }.assert_after(0).is_err(), "{flags:b}");
    }
    // A credential that is announced and not there, and one that is missing.
    assert!(Ceremony { flags: KNOWN | 1 << 6, ..Ceremony::get() }.assert_after(0).is_err());
    assert!(Ceremony { flags: KNOWN, ..Ceremony::create() }.register().is_err());
    for (flags, tail, holds) in [
        (0, &b"\x00"[..], false),
        (1 << 7, b"\xa0", true),
        (1 << 7, b"\xa1\x63abc\xf5", true),
        (1 << 7, b"\x01", false),
        (1 << 7, b"\xa0\x00", false),
    ] {
        let registered = Ceremony { flags: NEW | flags, tail, ..Ceremony::create() }.register();
        let asserted = Ceremony { flags: KNOWN | flags, tail, ..Ceremony::get() }.assert_after(0);
        assert_eq!((registered.is_ok(), asserted.is_ok()), (holds, holds), "{tail:x?}");
    }
    for party in ["badexample.com", "app.example.com", "EXAMPLE.COM", ""] {
        assert!(Ceremony { party, ..Ceremony::create() }.register().is_err(), "{party}");
        assert!(Ceremony { party, ..Ceremony::get() }.assert_after(0).is_err(), "{party}");
    }
}

#[test]
fn verification_of_the_person_can_be_demanded() {
    for (flags, holds) in [(NEW, true), (NEW & !(1 << 2), false)] {
        let ceremony = Ceremony { flags, ..Ceremony::create() };
        let answer = ceremony.answer().to_string();
        assert_eq!(expecting(true, |expected| verify_registration(expected, &answer)).is_ok(), holds);
        assert_eq!(ceremony.register().unwrap().user_verified, holds);
    }
    let ceremony = Ceremony { flags: 1, ..Ceremony::get() };
    let (answer, id, key) = (ceremony.answer().to_string(), base64_url(ID), ceremony.key.cose());
    let credential = Credential { id: &id, public_key: &key, counter: 0 };
    assert!(expecting(true, |expected| verify_assertion(expected, &credential, &answer)).is_err());
    assert!(!expecting(false, |expected| verify_assertion(expected, &credential, &answer)).unwrap().user_verified);
}

/// PK-4 of the red team.
#[test]
fn a_counter_that_goes_back_is_a_copy() {
    for (stored, sent, holds) in
        [(10, 11, true), (10, 10, false), (10, 9, false), (10, 0, false), (0, 0, true), (0, 1, true)]
    {
        let ceremony = Ceremony { counter: sent, ..Ceremony::get() };
        assert_eq!(ceremony.assert_after(stored).is_ok(), holds, "{stored} {sent}");
    }
}

#[test]
fn a_ceremony_is_not_another() {
    let mut created = Ceremony::create();
    created.client_data["type"] = json!("webauthn.get");
    assert!(created.register().is_err());
    let get = Ceremony::get();
    let mut answer = get.answer();
    let key = get.key.cose();
    assert!(get.assert_with(&answer, &key, 0).is_ok());
    assert!(get.assert_with(&answer, &Key::es256().cose(), 0).is_err(), "another's key");
    answer["id"] = json!(base64_url(b"another"));
    assert!(get.assert_with(&answer, &key, 0).is_err());
    answer["rawId"] = answer["id"].clone();
    assert!(get.assert_with(&answer, &key, 0).is_err(), "another credential");
}

#[test]
fn malformed_answers_are_refused() {
    let get = Ceremony::get();
    let key = get.key.cose();
    for (pointer, value) in [
        ("/type", json!("password")),
        ("/response", json!(null)),
        ("/response/signature", json!("")),
        ("/response/signature", json!("AA==")),
        ("/response/signature", json!(1)),
        ("/response/clientDataJSON", json!("e30")),
        ("/response/clientDataJSON", json!("AA")),
        ("/response/authenticatorData", json!("AA")),
        ("/id", json!("")),
    ] {
        let mut answer = get.answer();
        *answer.pointer_mut(pointer).unwrap() = value;
        assert!(get.assert_with(&answer, &key, 0).is_err(), "{pointer}");
    }
    for text in ["", "[]", "null", "{", "{}"] {
        assert!(expecting(false, |expected| verify_registration(expected, text)).is_err(), "{text}");
    }
    let mut long = get.answer();
    let signature = [get.key.sign(&get.message()), vec![0]].concat();
    long["response"]["signature"] = json!(base64_url(&signature));
    assert!(get.assert_with(&long, &key, 0).is_err(), "bytes behind the signature");
}

/// PK-7 of the red team.
#[test]
fn keys_that_are_none_are_refused() {
    let good = Key::es256().cose();
    let mut off_curve = good.clone();
    off_curve[76] ^= 1;
    let small = [&b"\xa4\x01\x03\x03\x39\x01\x00\x20\x58\x40"[..], &[0xff; 64], b"\x21\x43\x01\x00\x01"].concat();
    let p384 = [b"\xa5\x01\x02\x03\x38\x22\x20\x02\x21\x58\x20", &good[10..42], b"\x22\x58\x20", &good[45..]].concat();
    let mixed = [b"\xa4\x01\x01\x03\x26\x20\x06\x21\x58\x20", &good[10..42]].concat();
    for key in [vec![], vec![0], vec![0xa0], good[..76].to_vec(), off_curve, small, p384, mixed] {
        let ceremony = Ceremony { shown: Some(key.clone()), ..Ceremony::create() };
        assert!(ceremony.register().is_err(), "{key:x?}");
        let get = Ceremony::get();
        assert!(get.assert_with(&get.answer(), &key, 0).is_err(), "{key:x?}");
    }
}
