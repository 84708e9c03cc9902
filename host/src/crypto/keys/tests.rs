//! Keys against the standards' examples, and against everything that is not quite a token.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::jwk::Jwk;
use super::jws::payload;
use super::scheme::Scheme;
use super::*;
use crate::crypto::random::SystemRandom;
use crate::crypto::seal::Secrets;
use crate::crypto::secret::Secret;
use crate::crypto::{base64_url, from_base64_url};

const ALL: [Algorithm; 5] = [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es512, Algorithm::Rs256, Algorithm::Ps256];

/// RFC 7515, appendix A.2.
const RSA: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB","d":"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ","p":"4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc","q":"uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc","dp":"BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0","dq":"h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU","qi":"IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U"}"#;
const RSA_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
/// The claims of the tokens of appendices A.2 and A.3.
const CLAIMS: &str = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
/// Appendix A.3.
const P256: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
const P256_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
/// Appendix A.4.
const P521: &str = r#"{"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2","d":"AY5pb7A0UFiB3RELSD64fTLOSV_jazdF7fLYyuTw8lOfRhWg6Y6rUrPAxerEzgdRhajnu0ferB0d53vM9mE15j2C"}"#;
const P521_TOKEN: &str = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
/// RFC 8037, appendices A.1 and A.4.
const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const ED_TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

fn ring() -> KeyRing {
    let secrets = Secrets::new(Vec::new(), Some(Secret::new("a secret of the server 0123456789".to_owned())));
    KeyRing::new(Arc::new(secrets), Arc::new(SystemRandom))
}

#[test]
fn the_standards_tokens_hold() {
    for (jwk, algorithm, token, text) in [
        (RSA, Algorithm::Rs256, RSA_TOKEN, CLAIMS),
        (P256, Algorithm::Es256, P256_TOKEN, CLAIMS),
        (P521, Algorithm::Es512, P521_TOKEN, "Payload"),
        (ED, Algorithm::EdDsa, ED_TOKEN, "Example of Ed25519 signing"),
    ] {
        let key = Jwk::parse(jwk).unwrap().verifier(Scheme::named(algorithm.name()).unwrap()).unwrap();
        assert_eq!(payload(&key, algorithm.name(), token).unwrap(), text.as_bytes(), "{algorithm:?}");
        let (message, signature) = token.rsplit_once('.').unwrap();
        let mut bytes = from_base64_url(signature).unwrap();
        bytes[7] ^= 1;
        assert_eq!(
            payload(&key, algorithm.name(), &format!("{message}.{}", base64_url(&bytes))),
            None,
            "{algorithm:?}"
        );
    }
    assert_eq!(verify(RSA, Algorithm::Rs256, RSA_TOKEN).unwrap().unwrap(), CLAIMS);
    assert_eq!(verify(ED, Algorithm::EdDsa, ED_TOKEN).unwrap(), None, "claims are an object");
}

#[test]
fn deterministic_signatures_are_the_standards() {
    let signed = |jwk, algorithm, token: &str| {
        let (message, signature) = token.rsplit_once('.').unwrap();
        let made = SigningKey::parse(jwk, algorithm).unwrap().signature(algorithm, message.as_bytes()).unwrap();
        assert_eq!(base64_url(&made), signature);
    };
    signed(RSA, Algorithm::Rs256, RSA_TOKEN);
    signed(ED, Algorithm::EdDsa, ED_TOKEN);
    assert_eq!(ring().sign(RSA, Algorithm::Rs256, "{}", CLAIMS).unwrap(), RSA_TOKEN);
}

#[test]
fn what_is_generated_signs_and_verifies() {
    let ring = ring();
    for algorithm in ALL {
        for is_sealed in [true, false] {
            let pair = ring.generate(algorithm, None, is_sealed).unwrap();
            let public: Json = serde_json::from_str(&pair.public).unwrap();
            for secret in ["d", "p", "q", "dp", "dq", "qi", "k", "kid", "alg"] {
                assert!(public.get(secret).is_none(), "{algorithm:?}: {secret}");
            }
            assert_eq!(pair.private.expose().starts_with('"'), is_sealed);
            for _ in 0..2 {
                let token = ring.sign(pair.private.expose(), algorithm, r#"{"kid":"1"}"#, r#"{"sub":"a"}"#).unwrap();
                assert_eq!(verify(&pair.public, algorithm, &token).unwrap().unwrap(), r#"{"sub":"a"}"#);
                let header = from_base64_url(token.split('.').next().unwrap()).unwrap();
                let header: Json = serde_json::from_slice(&header).unwrap();
                assert_eq!(header, json!({ "alg": algorithm.name(), "kid": "1" }));
            }
        }
    }
    assert!(matches!(ring.generate(Algorithm::Rs256, Some(1024), true), Err(KeyError::Size)));
}

#[test]
fn a_key_of_another_kind_is_refused() {
    for (jwk, own) in [(ED, &ALL[..1]), (P256, &ALL[1..2]), (P521, &ALL[2..3]), (RSA, &ALL[3..])] {
        for algorithm in ALL {
            let fits = own.contains(&algorithm);
            assert_eq!(ring().sign(jwk, algorithm, "{}", "{}").is_ok(), fits, "{algorithm:?}");
            assert_eq!(verify(jwk, algorithm, RSA_TOKEN).is_ok(), fits, "{algorithm:?}");
        }
    }
    let with = |name: &str, value: &str| {
        let mut jwk: Json = serde_json::from_str(P256).unwrap();
        jwk[name] = value.into();
        jwk.to_string()
    };
    for (name, value) in [
        ("alg", "ES512"),
        ("alg", "none"),
        ("use", "enc"),
        ("kty", "oct"),
        ("crv", "P-384"),
        ("x", ""),
        ("x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVE"),
        ("y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1"),
        ("y", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
    ] {
        assert!(verify(&with(name, value), Algorithm::Es256, P256_TOKEN).is_err(), "{name} {value}");
        assert!(ring().sign(&with(name, value), Algorithm::Es256, "{}", "{}").is_err(), "{name} {value}");
    }
    let other = with("d", "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LM");
    assert!(ring().sign(&other, Algorithm::Es256, "{}", "{}").is_err(), "its halves do not fit");
    assert!(verify(&with("alg", "ES256"), Algorithm::Es256, P256_TOKEN).unwrap().is_some());
}

#[test]
fn small_rsa_keys_verify_nothing() {
    let jwk = json!({ "kty": "RSA", "e": "AQAB", "n": base64_url(&[0xff; 64]) }).to_string();
    assert!(!matches!(verify(&jwk, Algorithm::Rs256, RSA_TOKEN), Ok(Some(_))));
}

#[test]
fn keys_that_protect_nothing_verify_nothing() {
    let zero_point = base64_url(&[0; 32]);
    let token = |signature: &[u8]| {
        format!("{}.{}.{}", base64_url(br#"{"alg":"EdDSA"}"#), base64_url(b"{}"), base64_url(signature))
    };
    for x in [zero_point, base64_url(&[&[1][..], &[0; 31]].concat())] {
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x }).to_string();
        // R of the neutral element, S = 0.
        let forged = token(&[&[1][..], &[0; 63]].concat());
        assert!(verify(&jwk, Algorithm::EdDsa, &forged).is_err(), "{x}");
    }
    let ed448 = ED.replace("Ed25519", "Ed448");
    assert!(verify(&ed448, Algorithm::EdDsa, ED_TOKEN).is_err());
    for e in ["AQ", "AAE", "Ag", "AA"] {
        let jwk = json!({ "kty": "RSA", "e": e, "n": base64_url(&[0xff; 256]) }).to_string();
        assert!(verify(&jwk, Algorithm::Rs256, RSA_TOKEN).is_err(), "{e}");
        assert!(verify(&jwk, Algorithm::Ps256, RSA_TOKEN).is_err(), "{e}");
    }
}

/// Group JWT of the red team: a header that wants to decide, and what is no compact JWS.
#[test]
fn crafted_tokens_do_not_hold() {
    let key = SigningKey::parse(P256, Algorithm::Es256).unwrap();
    let signed = |header: &str| {
        let message = format!("{}.{}", base64_url(header.as_bytes()), base64_url(b"{}"));
        let signature = key.signature(Algorithm::Es256, message.as_bytes()).unwrap();
        format!("{message}.{}", base64_url(&signature))
    };
    let holds = |token: &str| verify(P256, Algorithm::Es256, token).unwrap().is_some();
    assert!(
        holds(&signed(r#"{"alg":"ES256","jwk":{},"jku":"https://example.com"}"#)),
        "others' keys are not looked at"
    );
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"ES512"}"#,
        r#"{"alg":["ES256"]}"#,
        r#"{"alg":"ES256","crit":["exp"]}"#,
        r#"{"alg":"ES256","b64":false}"#,
        r#"{}"#,
        r#"[]"#,
        r#""#,
        r#"{"alg":"ES256""#,
    ] {
        assert!(!holds(&signed(header)), "{header}");
    }
    let good = signed(r#"{"alg":"ES256"}"#);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let zeroes = base64_url(&[0; 64]);
    let der = base64_url(&[0x30, 6, 2, 1, 1, 2, 1, 1]);
    for bad in [
        format!("{message}."),
        format!("{message}.{zeroes}"),
        format!("{message}.{der}"),
        format!("{message}.{signature}="),
        format!("{message}.{signature}A"),
        format!("{good}.{signature}"),
        format!(" {good}"),
        message.to_owned(),
        String::new(),
        "..".to_owned(),
        ".".repeat(1_000_000),
        json!({ "payload": "e30", "signature": signature }).to_string(),
    ] {
        assert!(!holds(&bad), "{bad:.80}");
    }
}

#[test]
fn what_cannot_be_signed_is_refused() {
    let sign = |header: &str, claims: &str| ring().sign(ED, Algorithm::EdDsa, header, claims);
    assert!(sign(r#"{"alg":"EdDSA","typ":"JWT"}"#, "{}").is_ok());
    for header in [r#"{"alg":"none"}"#, r#"{"crit":["b64"]}"#, r#"{"b64":false}"#, "[]", "", "{"] {
        assert!(matches!(sign(header, "{}"), Err(KeyError::Token(_))), "{header}");
    }
    for claims in ["", "[]", "1", "{", "{}x"] {
        assert!(matches!(sign("{}", claims), Err(KeyError::Token(_))), "{claims}");
    }
    assert!(matches!(ring().sign("\"00\"", Algorithm::EdDsa, "{}", "{}"), Err(KeyError::Sealed)));
    assert!(matches!(ring().sign("{}", Algorithm::EdDsa, "{}", "{}"), Err(KeyError::OtherKind(_))));
    assert!(matches!(ring().sign("nonsense", Algorithm::EdDsa, "{}", "{}"), Err(KeyError::Malformed(_))));
}

#[test]
fn keys_of_others_verify_by_the_algorithms_name() {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA384, RSA_PSS_SHA512, RsaKeyPair,
    };
    let token = |name: &str, sign: &dyn Fn(&[u8]) -> Vec<u8>| {
        let message =
            format!("{}.{}", base64_url(format!(r#"{{"alg":"{name}"}}"#).as_bytes()), base64_url(br#"{"sub":"u"}"#));
        format!("{message}.{}", base64_url(&sign(message.as_bytes())))
    };
    let random = SystemRandom::new();
    let curve = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let point = curve.public_key().as_ref();
    let (x, y) = (base64_url(&point[1..49]), base64_url(&point[49..]));
    let curve_jwk = format!(r#"{{"kty":"EC","crv":"P-384","x":"{x}","y":"{y}"}}"#);
    let es384 = token("ES384", &|message| curve.sign(&random, message).unwrap().as_ref().to_vec());
    let rsa = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let (n, e) = (rsa.public_key().modulus(), rsa.public_key().exponent());
    let (n, e) = (base64_url(n.big_endian_without_leading_zero()), base64_url(e.big_endian_without_leading_zero()));
    let rsa_jwk = format!(r#"{{"kty":"RSA","n":"{n}","e":"{e}"}}"#);
    let signed = |encoding: &'static dyn aws_lc_rs::signature::RsaEncoding, message: &[u8]| {
        let mut signature = vec![0; rsa.public_modulus_len()];
        rsa.sign(encoding, &random, message, &mut signature).unwrap();
        signature
    };
    let rs384 = token("RS384", &|message| signed(&RSA_PKCS1_SHA384, message));
    let ps512 = token("PS512", &|message| signed(&RSA_PSS_SHA512, message));
    for (jwk, name, token) in [(&curve_jwk, "ES384", &es384), (&rsa_jwk, "RS384", &rs384), (&rsa_jwk, "PS512", &ps512)]
    {
        assert_eq!(verify_named(jwk, name, token).unwrap().as_deref(), Some(r#"{"sub":"u"}"#), "{name}");
        let (message, _) = token.rsplit_once('.').unwrap();
        assert_eq!(verify_named(jwk, name, &format!("{message}.AAAA")).unwrap(), None, "{name}");
    }
    assert_eq!(verify_named(&rsa_jwk, "RS512", &rs384).unwrap(), None, "the token names another");
    let fault = |jwk: &str, name: &str| verify_named(jwk, name, &es384).unwrap_err().to_string();
    assert_eq!(fault(&rsa_jwk, "ES384"), "the key is not one for ES384");
    assert_eq!(fault(&curve_jwk, "ES256"), "the key is not one for ES256");
    for name in ["none", "HS256", "es384", ""] {
        assert!(fault(&curve_jwk, name).contains("is no algorithm: there are EdDSA, ES256"), "{name}");
    }
}
