//! What holds for every token.
#![allow(clippy::unwrap_used, reason = "a test may")]

use jwt_anatomy::{UnverifiedToken, base64url};
use proptest::prelude::*;
use serde_json::{Value, json};
use signing::{
    Algorithm, KeySet, PublicKey, Reason, SignError, SignatureError, SigningKey, by_library,
    samples,
};
use std::sync::LazyLock;

/// One key of each type.
static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    let files: Value = serde_json::from_str(include_str!("vectors/key-files.json")).unwrap();
    let files = files.as_array().unwrap();
    ["RSA, PKCS #1", "P-256, SEC 1", "P-384, SEC 1", "P-521, SEC 1"]
        .map(|name| files.iter().find(|file| file["file"] == name).unwrap())
        .map(|file| SigningKey::from_pem(file["text"].as_str().unwrap().as_bytes()).unwrap())
        .to_vec()
});

/// Their public halves, and what each of them signed. Made once: in a debug build the larger curves
/// take their time.
static PUBLIC: LazyLock<Vec<PublicKey>> =
    LazyLock::new(|| KEYS.iter().map(SigningKey::public_key).collect());
static TOKENS: LazyLock<Vec<String>> = LazyLock::new(|| KEYS.iter().map(a_token).collect());

fn all_keys() -> KeySet {
    KeySet::new(PUBLIC.clone())
}

fn verify(keys: &KeySet, token: &str) -> Result<Value, SignatureError> {
    let token = UnverifiedToken::read(token).unwrap();
    keys.verify(&token).map(|signed| Value::Object(signed.claims().raw.clone()))
}

fn a_token(key: &SigningKey) -> String {
    key.sign(&json!({"sub": "system:serviceaccount:default:default", "exp": 1_664_705_605}))
        .unwrap()
}

/// Claims as a reader may come up with: any JSON below, any text.
fn claims() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[<>&\u{2028}\u{2029}\u{7f}\u{8}\u{c}\\\\\"/]{0,6}".prop_map(Value::from),
        Just(Value::Null),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z<&]{0,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    prop::collection::vec(("x-[a-zA-Z]{1,5}", value), 0..5)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_signed_comes_back(claims in claims(), key in 0_usize..2) {
        let token = KEYS[key].sign(&claims).unwrap();
        prop_assert_eq!(verify(&all_keys(), &token), Ok(claims));
    }

    #[test]
    fn no_other_letter_stands_for_the_same_token(key in 0_usize..4, at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_-]") {
        let token = &TOKENS[key];
        let at = at.index(token.len());
        let mut forged = token.clone();
        forged.replace_range(at..=at, &letter);
        prop_assume!(forged != *token && !token[at..].starts_with('.'));
        match UnverifiedToken::read(&forged) {
            Err(_) => {}
            // The same bytes in another spelling: the last letter of a part has bits to spare.
            Ok(read) if same_bytes(token, &forged) => {
                prop_assert!(at == token.len() - 1 || token[at + 1..].starts_with('.'));
                prop_assert!(all_keys().verify(&read).is_ok());
            }
            Ok(read) => prop_assert!(all_keys().verify(&read).is_err()),
        }
    }

    #[test]
    fn every_bit_of_a_signature_counts(key in 0_usize..4, bit in any::<prop::sample::Index>()) {
        let (public, token) = (&PUBLIC[key], UnverifiedToken::read(&TOKENS[key]).unwrap());
        let algorithm = KEYS[key].algorithm();
        let mut signature = token.signature().to_vec();
        let bit = bit.index(8 * signature.len());
        signature[bit / 8] ^= 1 << (bit % 8);
        let verdict = public.verify(algorithm, token.signing_input().as_bytes(), &signature);
        prop_assert_eq!(verdict, Err(SignatureError::Cryptography(Reason::Wrong)));
    }

    #[test]
    fn a_signature_has_one_length(key in 0_usize..4, length in 0_usize..600) {
        let (public, algorithm) = (&PUBLIC[key], KEYS[key].algorithm());
        let right = [256, 64, 96, 132][key];
        let length_is_wrong = Reason::Length { have: length, want: right };
        let expected = if length == right { Reason::Wrong } else { length_is_wrong };
        let verdict = public.verify(algorithm, b"text", &vec![1; length]);
        prop_assert_eq!(verdict, Err(SignatureError::Cryptography(expected)));
    }

    #[test]
    fn an_unknown_algorithm_is_none(name in "\\PC{0,12}") {
        prop_assume!(!Algorithm::ALL.iter().any(|algorithm| algorithm.name() == name));
        prop_assert!(name.parse::<Algorithm>().is_err());
    }
}

fn same_bytes(one: &str, other: &str) -> bool {
    let bytes =
        |token: &str| token.split('.').map(|part| base64url::decode(part).ok()).collect::<Vec<_>>();
    bytes(one) == bytes(other)
}

/// For each key, the whole table of who may check what.
#[test]
fn a_signature_is_checked_by_its_own_algorithm_alone() {
    for (index, key) in KEYS.iter().enumerate() {
        let token = UnverifiedToken::read(&TOKENS[index]).unwrap();
        let input = token.signing_input().as_bytes();
        for algorithm in Algorithm::ALL {
            for (other_index, other) in PUBLIC.iter().enumerate() {
                let verdict = other.verify(algorithm, input, token.signature());
                let right = index == other_index && algorithm == key.algorithm();
                assert_eq!(
                    verdict.is_ok(),
                    right,
                    "{key:?} signed, {other:?} checks by {algorithm}"
                );
            }
        }
    }
}

/// A P-256 signature under the name ES512 has leading zeros, and they are part of it.
#[test]
fn the_leading_zeros_of_a_small_curve_are_checked() {
    let recording: Value =
        serde_json::from_str(include_str!("vectors/kube-apiserver-1.37.2.json")).unwrap();
    let keys: Vec<PublicKey> = recording["keys"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|pem| PublicKey::all_from_pem(pem.as_str().unwrap().as_bytes()).unwrap())
        .collect();
    let cases = recording["cases"].as_array().unwrap();
    for (case, width) in [("ES384 by a key on P256", 48), ("ES512 by a key on P384", 66)] {
        let case = cases.iter().find(|entry| entry["case"] == case).unwrap();
        let token = UnverifiedToken::read(case["token"].as_str().unwrap()).unwrap();
        let key = keys.iter().find(|key| Some(key.key_id()) == token.header().key_id).unwrap();
        let verify = |signature: &[u8]| {
            let algorithm = token.header().alg.parse().unwrap();
            key.verify(algorithm, token.signing_input().as_bytes(), signature)
        };
        assert_eq!(verify(token.signature()), Ok(()));
        for zero in [0, 15, width, width + 15] {
            let mut signature = token.signature().to_vec();
            assert_eq!(signature[zero], 0);
            signature[zero] = 1;
            assert_eq!(verify(&signature), Err(SignatureError::Cryptography(Reason::Wrong)));
        }
    }
}

#[test]
fn algorithms_have_their_names_and_no_others() {
    let names: Vec<String> = Algorithm::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(names.join(" "), "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512");
    for algorithm in Algorithm::ALL {
        assert_eq!(algorithm.name().parse(), Ok(algorithm));
    }
    for name in ["", "none", "HS256", "HS384", "HS512", "rs256", "RS256 ", " RS256", "EdDSA"] {
        assert_eq!(name.parse::<Algorithm>().unwrap_err().0, name);
    }
}

/// The real server's token for an audience with everything in it that Go escapes.
#[test]
fn claims_are_written_as_go_writes_them() {
    let audience = "a&b<c>\u{2028}\u{8}\u{c}\u{7f}\u{1}\"\\/é\n\t😀";
    let token =
        samples::lab_key().sign(&json!({"sub": 1, "aud": [audience], "b": {"z": 1, "a": 2}}));
    let token = token.unwrap();
    let payload = base64url::decode(token.split('.').nth(1).unwrap()).unwrap();
    assert_eq!(
        String::from_utf8(payload).unwrap(),
        "{\"aud\":[\"a\\u0026b\\u003cc\\u003e\\u2028\\u0008\\u000c\u{7f}\\u0001\\\"\\\\/é\\n\\t😀\"],\
         \"b\":{\"a\":2,\"z\":1},\"sub\":1}"
    );
}

#[test]
fn a_header_is_alg_and_kid_and_nothing_else() {
    let key = samples::lab_key();
    let token = key.sign_payload(b"not even JSON").unwrap();
    let header = base64url::decode(token.split('.').next().unwrap()).unwrap();
    let kid = key.public_key().key_id();
    assert_eq!(String::from_utf8(header).unwrap(), format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#));

    // It is signed, so the signature is right; but it claims nothing.
    let keys = KeySet::new(vec![key.public_key()]);
    let error = keys.verify(&UnverifiedToken::read(&token).unwrap()).unwrap_err();
    assert!(matches!(error, SignatureError::Claims(_)));
    assert_eq!(error.reason(), None);
}

#[test]
fn claims_are_an_object() {
    for claims in [json!(null), json!([]), json!("sub"), json!(1)] {
        assert!(matches!(samples::lab_key().sign(&claims), Err(SignError::NotAnObject)));
    }
    let unwritable = std::collections::HashMap::from([((1, 2), 3)]);
    assert!(matches!(samples::lab_key().sign(&unwritable), Err(SignError::Json(_))));
}

#[test]
fn kid_picks_the_key_and_nothing_tries_all() {
    let key = &KEYS[0];
    let other = KeySet::new(PUBLIC[1..].to_vec());
    let with_kid = |kid: Value| {
        let header = json!({"alg": "RS256", "kid": kid}).to_string();
        key.sign_parts(header.as_bytes(), b"{}").unwrap()
    };
    let named = key.public_key().key_id();
    for kid in [json!(named), json!(""), json!(null)] {
        let token = with_kid(kid.clone());
        let signed = all_keys();
        let signed = signed.verify(&UnverifiedToken::read(&token).unwrap()).unwrap();
        assert_eq!(signed.key_id(), named, "{kid}");
    }
    // Another key's name, though the right key is there too.
    let token = with_kid(json!(PUBLIC[1].key_id()));
    assert_eq!(
        verify(&all_keys(), &token),
        Err(SignatureError::Cryptography(Reason::OtherKeyType {
            algorithm: Algorithm::RS256,
            key: "ECDSA, P-256".to_owned()
        }))
    );
    assert_eq!(verify(&other, &with_kid(json!(named))), Err(SignatureError::NoKeysFound));
    assert_eq!(verify(&KeySet::default(), &with_kid(json!(""))), Err(SignatureError::NoKeysFound));
    // One objection for each key that was tried, and each message once.
    let error = verify(&other, &with_kid(json!(""))).unwrap_err();
    assert!(matches!(&error, SignatureError::Several(objections) if objections.len() == 3));
    assert_eq!(error.to_string(), "go-jose/go-jose: error in cryptographic primitive");
    // They do not agree: each names its own type.
    assert_eq!(error.reason(), None);
    assert!(other.get(&named).is_none());
    assert_eq!(all_keys().get(&named), Some(&key.public_key()));
}

#[test]
fn different_objections_are_listed_in_brackets() {
    let keys = KeySet::new(vec![PUBLIC[1].clone(), PUBLIC[0].clone()]);
    let token = KEYS[0].sign_parts(br#"{"alg":"RS256"}"#, br#"{"exp":"soon"}"#).unwrap();
    assert_eq!(
        verify(&keys, &token).unwrap_err().to_string(),
        "[go-jose/go-jose: error in cryptographic primitive, \
         go-jose/go-jose/jwt: expected number value to unmarshal NumericDate]"
    );
}

#[test]
fn an_extension_that_nobody_knows_is_refused() {
    let keys = KeySet::new(vec![PUBLIC[0].clone()]);
    let verdict = |header: &str| {
        let token = KEYS[0].sign_parts(header.as_bytes(), b"{}").unwrap();
        verify(&keys, &token).map(drop)
    };
    assert_eq!(verdict(r#"{"alg":"RS256","crit":["b64"]}"#), Ok(()));
    assert_eq!(
        verdict(r#"{"alg":"RS256","crit":["b64","exp"]}"#)
            .unwrap_err()
            .reason()
            .unwrap()
            .to_string(),
        "the header calls \"exp\" critical, and nobody here knows what that is"
    );
    assert!(matches!(verdict(r#"{"alg":"RS256","crit":"b64"}"#), Err(SignatureError::Header(_))));
}

#[test]
fn a_certificates_key_checks_no_token_of_the_pair_beside_it() {
    let ca = PublicKey::all_from_pem(samples::CA_CRT.as_bytes()).unwrap();
    let token = a_token(&samples::lab_key());
    assert_eq!(verify(&KeySet::new(ca.clone()), &token), Err(SignatureError::NoKeysFound));
    let token = UnverifiedToken::read(&token).unwrap();
    let input = token.signing_input().as_bytes();
    assert!(ca[0].verify(Algorithm::RS256, input, token.signature()).is_err());
}

mod the_library {
    use super::{KEYS, Value, a_token, base64url, by_library, json, samples};
    use jsonwebtoken::errors::ErrorKind;

    #[test]
    fn makes_the_same_token() {
        let key = samples::lab_key();
        let claims = json!({"aud": ["x"], "exp": 1, "kubernetes.io": {"namespace": "default"}});
        assert_eq!(by_library::sign(&key, &claims).unwrap(), key.sign(&claims).unwrap());
    }

    #[test]
    fn checks_the_signature_and_nothing_else() {
        let key = samples::lab_key();
        let public = key.public_key();
        // No exp, and an audience that nobody asked for: by its defaults the library refuses both.
        let claims = json!({"aud": ["x"], "nbf": 9_999_999_999_i64});
        assert_eq!(by_library::verify(&public, &key.sign(&claims).unwrap()).unwrap(), claims);

        let kind = |token: &str| by_library::verify(&public, token).unwrap_err().into_kind();
        let token = a_token(&key);
        let [header, _, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
        let forged = format!("{header}.{}.{signature}", base64url::encode(b"{}"));
        assert_eq!(kind(&forged), ErrorKind::InvalidSignature);
        assert_eq!(kind(&a_token(&KEYS[0])), ErrorKind::InvalidSignature);
        let other = key.sign_parts(br#"{"alg":"RS512"}"#, b"{}").unwrap();
        assert_eq!(kind(&other), ErrorKind::InvalidAlgorithm);
        assert_eq!(kind("token"), ErrorKind::InvalidToken);
    }

    #[test]
    fn is_shown_with_rsa_alone() {
        let elliptic = &KEYS[1];
        let error = by_library::sign(elliptic, &Value::Null).unwrap_err();
        assert_eq!(error.into_kind(), ErrorKind::InvalidKeyFormat);
        let error = by_library::verify(&elliptic.public_key(), "token").unwrap_err();
        assert_eq!(error.into_kind(), ErrorKind::InvalidKeyFormat);
    }
}
