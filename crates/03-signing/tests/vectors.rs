//! Other people's test vectors: the RFCs' own examples, and Wycheproof's collection of everything
//! that verifiers got wrong before.
#![allow(clippy::unwrap_used, reason = "a test may")]

use jwt_anatomy::{UnverifiedToken, base64url};
use rsa::BoxedUint;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use signing::{Algorithm, KeySet, PublicKey, SignatureError, SigningKey};
use wycheproof::TestResult;

fn rfc(section: &str) -> (Value, String) {
    let examples: Value = serde_json::from_str(include_str!("vectors/rfc.json")).unwrap();
    let examples = examples.as_array().unwrap();
    let example = examples.iter().find(|example| example["where"] == section).unwrap();
    (example["key"].clone(), example["token"].as_str().unwrap().to_owned())
}

fn private_rsa(jwk: &Value) -> SigningKey {
    let number = |name: &str| {
        let bytes = base64url::decode(jwk[name].as_str().unwrap()).unwrap();
        BoxedUint::from_be_slice_vartime(&bytes)
    };
    let key = rsa::PrivateKey::from_components(number("n"), number("e"), number("d"), Vec::new());
    SigningKey::Rsa(key.unwrap())
}

/// Signature alone: the examples sign a novel, or a payload that is no JSON.
fn verify(key: &PublicKey, token: &str) -> Result<(), SignatureError> {
    let token = UnverifiedToken::read(token).unwrap();
    let algorithm = token.header().alg.parse().unwrap();
    key.verify(algorithm, token.signing_input().as_bytes(), token.signature())
}

#[test]
fn the_rfcs_examples_verify() {
    for section in ["7515, A.2", "7515, A.3", "7515, A.4", "7520, 4.1", "7520, 4.2", "7520, 4.3"] {
        let (key, token) = rfc(&format!("RFC {section}"));
        let key = PublicKey::from_jwk(&key).unwrap();
        assert_eq!(verify(&key, &token), Ok(()), "RFC {section}");

        // The same signature under another section's key, or over another text, is nothing.
        let (other, _) =
            rfc(if section == "7515, A.2" { "RFC 7520, 4.1" } else { "RFC 7515, A.2" });
        let other = PublicKey::from_jwk(&other).unwrap();
        assert!(verify(&other, &token).is_err(), "RFC {section}");
        let (header, rest) = token.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        assert!(verify(&key, &format!("{header}.e30.{signature}")).is_err(), "RFC {section}");
    }
}

#[test]
fn rs256_signatures_are_the_rfcs_to_the_byte() {
    for section in ["RFC 7515, A.2", "RFC 7520, 4.1"] {
        let (key, token) = rfc(section);
        let [header, payload, _] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
        let [header, payload] = [header, payload].map(|part| base64url::decode(part).unwrap());
        assert_eq!(private_rsa(&key).sign_parts(&header, &payload).unwrap(), token, "{section}");
    }
}

#[test]
fn the_joe_of_rfc_7515_passes_a_key_set_as_well() {
    // "iss": "joe", no kid: every key of the set is tried.
    let keys = ["RFC 7520, 4.1", "RFC 7515, A.3", "RFC 7515, A.2"]
        .map(|section| PublicKey::from_jwk(&rfc(section).0).unwrap());
    let set = KeySet::new(keys.to_vec());
    for (section, position) in [("RFC 7515, A.2", 2), ("RFC 7515, A.3", 1)] {
        let (_, token) = rfc(section);
        let signed = set.verify(&UnverifiedToken::read(&token).unwrap()).unwrap();
        assert_eq!(signed.claims().issuer, "joe");
        assert_eq!(signed.key_id(), keys[position].key_id());
    }
}

/// RFC 7638 names keys by a hash too, but by a hash of the JWK. Kubernetes' kid is not that one.
#[test]
fn the_thumbprint_of_rfc_7638_is_another_name() {
    let jwk = json!({
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    });
    let key = PublicKey::from_jwk(&jwk).unwrap();
    let printed = key.to_jwk();
    let thumbprint_input = format!(r#"{{"e":{},"kty":"RSA","n":{}}}"#, printed["e"], printed["n"]);
    let thumbprint = base64url::encode(&Sha256::digest(thumbprint_input));

    assert_eq!(thumbprint, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    // What openssl says: pkey -pubin -outform DER, then dgst -sha256 -binary, then base64url.
    assert_eq!(key.key_id(), "rTIyDPbFltiEsFOBulc6uo3dV0m03o9KI6efmondrrI");
    assert_eq!(printed["kid"], key.key_id());
}

/// Asks every question of some sets of Wycheproof's. Gives how many there were, and those that got
/// another answer than the listed one. `Acceptable`, which leaves the answer open, counts as no:
/// those are PKCS #1 signatures without the NULL of RFC 8017 (A.2.4), and Go refuses them.
macro_rules! wycheproof {
    ($module:ident: $($set:ident as $algorithm:ident),+ $(,)?) => {{
        use wycheproof::$module::{TestName, TestSet};
        let mut asked = 0;
        let mut misses: Vec<String> = Vec::new();
        for (name, algorithm) in [$((TestName::$set, Algorithm::$algorithm)),+] {
            for group in TestSet::load(name).unwrap().test_groups {
                let key = PublicKey::all_from_pem(group.pem.as_bytes()).unwrap().remove(0);
                for test in group.tests {
                    let signature = widened(algorithm, &key, &test.sig);
                    let accepted = key.verify(algorithm, &test.msg, &signature).is_ok();
                    if accepted != (test.result == TestResult::Valid) {
                        misses.push(format!("{name:?}, {}: {}", test.tc_id, test.comment));
                    }
                    asked += 1;
                }
            }
        }
        (asked, misses)
    }};
}

/// Wycheproof writes `r` and `s` in the width of the curve, a token in that of its algorithm.
fn widened(algorithm: Algorithm, key: &PublicKey, signature: &[u8]) -> Vec<u8> {
    let (PublicKey::P256(_), Algorithm::ES512, 64) = (key, algorithm, signature.len()) else {
        return signature.to_vec();
    };
    let zeros = [0; 66 - 32];
    let (r, s) = signature.split_at(32);
    [&zeros, r, &zeros, s].concat()
}

#[test]
fn wycheproof_rsa_pkcs1() {
    let (asked, misses) = wycheproof!(
        rsa_pkcs1_verify: Rsa2048Sha256 as RS256, Rsa3072Sha256 as RS256, Rsa4096Sha256 as RS256,
        Rsa8192Sha256 as RS256, Rsa2048Sha384 as RS384, Rsa3072Sha384 as RS384,
        Rsa4096Sha384 as RS384, Rsa8192Sha384 as RS384, Rsa2048Sha512 as RS512,
        Rsa3072Sha512 as RS512, Rsa4096Sha512 as RS512, Rsa8192Sha512 as RS512,
    );
    assert_eq!(misses, [""; 0]);
    assert_eq!(asked, 3106);
}

#[test]
fn wycheproof_rsa_pss() {
    let (asked, misses) = wycheproof!(
        rsa_pss_verify: RsaPss2048Sha256Mgf1SaltLen0 as PS256,
        RsaPss2048Sha256Mgf1SaltLen32 as PS256, RsaPss3072Sha256Mgf1SaltLen32 as PS256,
        RsaPss4096Sha256Mgf1SaltLen32 as PS256, RsaPss2048Sha384Mgf1SaltLen48 as PS384,
        RsaPss4096Sha384Mgf1SaltLen48 as PS384, RsaPss4096Sha512Mgf1SaltLen32 as PS512,
        RsaPss4096Sha512Mgf1SaltLen64 as PS512,
    );
    // These sets fix the length of the salt. The real server does not, so it takes what they list
    // as too long or too short a salt.
    let (salt, others): (Vec<_>, Vec<_>) =
        misses.into_iter().partition(|miss| miss.contains(": s_len changed to "));
    assert_eq!(others, [""; 0]);
    assert_eq!((asked, salt.len()), (1065, 49));
}

#[test]
fn wycheproof_ecdsa_p256() {
    let (asked, misses) = wycheproof!(ecdsa: EcdsaSecp256r1Sha256P1363 as ES256);
    assert_eq!(misses, [""; 0]);
    assert_eq!(asked, 262);
}

#[test]
fn wycheproof_ecdsa_p384() {
    let (asked, misses) = wycheproof!(ecdsa: EcdsaSecp384r1Sha384P1363 as ES384);
    assert_eq!(misses, [""; 0]);
    assert_eq!(asked, 280);
}

#[test]
fn wycheproof_ecdsa_p521() {
    let (asked, misses) = wycheproof!(ecdsa: EcdsaSecp521r1Sha512P1363 as ES512);
    assert_eq!(misses, [""; 0]);
    assert_eq!(asked, 318);
}

/// See [`PublicKey::algorithms`].
#[test]
fn wycheproof_ecdsa_of_a_small_curve_under_the_name_of_a_large_one() {
    let (asked, misses) = wycheproof!(ecdsa: EcdsaSecp256r1Sha512P1363 as ES512);
    assert_eq!(misses, [""; 0]);
    assert_eq!(asked, 332);
}

/// X.509 and TLS write an ECDSA signature as DER. A token never does (RFC 7518, section 3.4).
#[test]
fn wycheproof_ecdsa_in_der_is_no_signature_here() {
    use wycheproof::ecdsa::{TestName, TestSet};
    for (name, algorithm) in [
        (TestName::EcdsaSecp256r1Sha256, Algorithm::ES256),
        (TestName::EcdsaSecp384r1Sha384, Algorithm::ES384),
        (TestName::EcdsaSecp521r1Sha512, Algorithm::ES512),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::all_from_pem(group.pem.as_bytes()).unwrap().remove(0);
            for test in group.tests {
                let verdict = key.verify(algorithm, &test.msg, &test.sig);
                assert!(verdict.is_err(), "{name:?}, {}: {}", test.tc_id, test.comment);
            }
        }
    }
}
