//! Keys in every form a reader may have them in.
#![allow(clippy::unwrap_used, reason = "a test may")]

use jwt_anatomy::{UnverifiedToken, base64url};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;
use signing::{Algorithm, Instead, KeyError, KeySet, PublicKey, SignError, SigningKey, samples};

/// A file, and what Kubernetes reads in it: `ParsePublicKeysPEM` and `ParsePrivateKeyPEM` of
/// client-go 0.37.2, asked by a small Go program; each key by its kid. openssl made the keys for
/// this test.
#[derive(Deserialize)]
struct KeyFile {
    file: String,
    text: String,
    public: Vec<String>,
    private: Option<String>,
}

fn key_files() -> Vec<KeyFile> {
    serde_json::from_str(include_str!("vectors/key-files.json")).unwrap()
}

fn key_file(name: &str) -> String {
    key_files().into_iter().find(|file| file.file == name).unwrap().text
}

fn signing_key(name: &str) -> SigningKey {
    SigningKey::from_pem(key_file(name).as_bytes()).unwrap()
}

#[test]
fn a_file_holds_the_keys_that_kubernetes_reads_in_it() {
    // Go reads these, and the API server could not sign with them: it knows no such algorithm.
    const PASSED_OVER: [&str; 3] = ["RSA of three primes", "P-224, SEC 1", "Ed25519, private"];

    let files = key_files();
    for file in files.iter().filter(|file| !PASSED_OVER.contains(&file.file.as_str())) {
        let keys = PublicKey::all_from_pem(file.text.as_bytes()).unwrap_or_default();
        let names: Vec<String> = keys.iter().map(PublicKey::key_id).collect();
        assert_eq!(names, file.public, "public keys of {:?}", file.file);

        let key = SigningKey::from_pem(file.text.as_bytes()).ok();
        let name = key.map(|key| key.public_key().key_id());
        assert_eq!(name, file.private, "the private key of {:?}", file.file);
    }
    for name in PASSED_OVER {
        let text = key_file(name);
        let nothing = Instead::Other;
        assert_eq!(
            PublicKey::all_from_pem(text.as_bytes()),
            Err(KeyError::NoPublicKey(nothing)),
            "{name}"
        );
        assert!(SigningKey::from_pem(text.as_bytes()).is_err(), "{name}");
    }
    assert_eq!(files.len(), 71);
}

#[test]
fn a_file_without_a_key_comes_with_advice() {
    for (file, public, private) in [
        ("nothing", Instead::NoPem, Instead::NoPem),
        ("cut off", Instead::NoPem, Instead::NoPem),
        ("JSON", Instead::Json, Instead::Json),
        ("an SSH key", Instead::Ssh, Instead::Ssh),
        ("RSA, PKCS #1, encrypted", Instead::Encrypted, Instead::Encrypted),
        ("RSA, PKCS #8, encrypted", Instead::Encrypted, Instead::Encrypted),
        ("RSA, PKCS #1 public", Instead::Pkcs1Public, Instead::Pkcs1Public),
        ("Ed25519, public", Instead::Other, Instead::Other),
        ("a certificate request", Instead::Other, Instead::Other),
    ] {
        let text = key_file(file);
        let error = PublicKey::all_from_pem(text.as_bytes()).unwrap_err();
        assert_eq!(error.advice(), Some(public), "{file}");
        assert_eq!(error.to_string(), "data does not contain any valid RSA or ECDSA public keys");
        let error = SigningKey::from_pem(text.as_bytes()).unwrap_err();
        assert_eq!(error.advice(), Some(private), "{file}");
        assert_eq!(error.to_string(), "data does not contain a valid RSA or ECDSA private key");
    }
    let error = PublicKey::all_from_pem(key_file("P-384, PKCS #8").as_bytes()).unwrap_err();
    assert_eq!(error.advice(), Some(Instead::Pkcs8Elliptic));
    let error = SigningKey::from_pem(key_file("RSA, SubjectPublicKeyInfo").as_bytes()).unwrap_err();
    assert_eq!(error.advice(), Some(Instead::PublicOnly));
}

#[test]
fn each_type_of_key_signs_its_algorithm_and_is_written_and_read_again() {
    for (file, kind, algorithm, label) in [
        ("RSA, PKCS #8", "RSA, 2048 bits", Algorithm::RS256, "RSA PRIVATE KEY"),
        ("P-256, PKCS #8", "ECDSA, P-256", Algorithm::ES256, "EC PRIVATE KEY"),
        ("P-384, PKCS #8", "ECDSA, P-384", Algorithm::ES384, "EC PRIVATE KEY"),
        ("P-521, PKCS #8", "ECDSA, P-521", Algorithm::ES512, "EC PRIVATE KEY"),
    ] {
        let key = signing_key(file);
        let public = key.public_key();
        assert_eq!(key.algorithm(), algorithm);
        assert_eq!(public.algorithms()[0], algorithm);
        assert_eq!(public.kind(), kind);

        let pem = key.to_pem();
        assert!(pem.starts_with(&format!("-----BEGIN {label}-----\n")), "{file}");
        assert_eq!(SigningKey::from_pem(pem.as_bytes()).unwrap().public_key(), public);
        // What the server writes, it can also check with.
        assert_eq!(PublicKey::all_from_pem(pem.as_bytes()), Ok(vec![public.clone()]));
        assert_eq!(PublicKey::all_from_pem(public.to_pem().as_bytes()), Ok(vec![public.clone()]));
        assert_eq!(PublicKey::from_jwk(&public.to_jwk()), Ok(public.clone()));

        let token = key.sign(&json!({"sub": "me"})).unwrap();
        let token = jwt_anatomy::UnverifiedToken::read(&token).unwrap();
        assert_eq!(token.header().alg, algorithm.name());
        assert_eq!(KeySet::new(vec![public]).verify(&token).unwrap().claims().subject, "me");
    }
}

#[test]
fn a_short_rsa_key_neither_signs_nor_checks() {
    let key = signing_key("RSA of 512 bits");
    assert!(matches!(key.sign(&json!({})), Err(SignError::ShortKey)));
    let error = key.public_key().verify(Algorithm::RS256, b"text", &[0; 64]).unwrap_err();
    assert_eq!(error.to_string(), "go-jose/go-jose: error in cryptographic primitive");
    assert_eq!(
        error.reason().unwrap().to_string(),
        "an RSA key of 512 bits is too short to be trusted; the least is 1024"
    );
}

#[test]
fn an_rsa_key_of_1024_bits_is_just_long_enough() {
    let key = signing_key("RSA of 1024 bits");
    let token = key.sign(&json!({})).unwrap();
    let token = jwt_anatomy::UnverifiedToken::read(&token).unwrap();
    assert!(KeySet::new(vec![key.public_key()]).verify(&token).is_ok());
}

/// Go works with exponents of 31 bits at most; the size of the modulus only this crate limits.
#[test]
fn an_rsa_key_has_numbers_of_bearable_size() {
    let read = |n: &[u8], e: &[u8]| {
        let [n, e] = [n, e].map(base64url::encode);
        PublicKey::from_jwk(&json!({"kty": "RSA", "n": n, "e": e})).is_ok()
    };
    let modulus = [0xff; 256];
    assert!(read(&modulus, &[1, 0, 1]));
    assert!(read(&modulus, &[0, 0, 0, 0, 0, 1, 0, 1]));
    assert!(read(&modulus, &[0x7f, 0xff, 0xff, 0xff]));
    assert!(!read(&modulus, &[0x80, 0, 0, 1]));
    assert!(!read(&modulus, &[1, 0, 0, 0, 1]));
    assert!(!read(&modulus, &[1]));
    assert!(read(&[0xff; 2048], &[1, 0, 1]));
    assert!(!read(&[0xff; 2049], &[1, 0, 1]));
    assert!(read(&[[0].as_slice(), &[0xff; 2048]].concat(), &[1, 0, 1]));
}

#[test]
fn a_new_key_has_2048_bits_and_is_another_one() {
    let key = SigningKey::generate();
    assert_eq!(key.public_key().kind(), "RSA, 2048 bits");
    assert_ne!(key.public_key(), samples::lab_key().public_key());
}

#[test]
fn debug_shows_no_private_half() {
    for file in ["RSA, PKCS #1", "P-256, SEC 1", "P-384, SEC 1", "P-521, SEC 1"] {
        let key = signing_key(file);
        let kid = key.public_key().key_id();
        let what = key.public_key().kind();
        assert_eq!(
            format!("{key:?}"),
            format!("SigningKey(the private half of PublicKey({what}, kid {kid}))")
        );
    }
}

/// A real server's `/openid/v1/jwks` for the keys of `kube-apiserver-1.37.2.json`, word for word.
#[test]
fn the_set_of_keys_is_printed_as_the_real_server_prints_it() {
    let recording: serde_json::Value =
        serde_json::from_str(include_str!("vectors/kube-apiserver-1.37.2.json")).unwrap();
    let pem: String =
        recording["keys"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
    let set = KeySet::new(PublicKey::all_from_pem(pem.as_bytes()).unwrap());
    let printed = set.to_jwks().to_string();
    assert_eq!(printed, include_str!("vectors/jwks-1.37.2.json").trim_end());
    assert_eq!(KeySet::from_jwks(printed.as_bytes()), Ok(set));
}

#[test]
fn a_jwks_is_read_with_care() {
    let good = samples::lab_key().public_key();
    let set =
        |keys: serde_json::Value| KeySet::from_jwks(json!({"keys": keys}).to_string().as_bytes());
    let with = |name: &str, value: serde_json::Value| {
        let mut jwk = good.to_jwk();
        jwk[name] = value;
        jwk
    };

    // A kid of its own, as other issuers give; none at all; labels that do not matter.
    assert!(set(json!([with("kid", json!("2024-06"))])).unwrap().get("2024-06").is_some());
    assert!(set(json!([with("kid", json!(null))])).unwrap().get(&good.key_id()).is_some());
    assert!(set(json!([with("alg", json!("ES256"))])).is_ok());
    // Keys of other kinds and for other ends are passed over, as long as one is left.
    let others = json!([{"kty": "oct", "k": "AAAA"}, {"kty": "OKP", "crv": "Ed25519", "x": "AA"}, with("use", json!("enc")), 7]);
    let mut with_good = others.as_array().unwrap().clone();
    with_good.push(good.to_jwk());
    assert_eq!(set(json!(with_good)).unwrap().keys().collect::<Vec<_>>(), [&good]);

    let message = |keys: serde_json::Value| set(keys).unwrap_err().to_string();
    let start = "this is no JSON Web Key Set: ";
    assert_eq!(message(json!([])), format!("{start}its list `keys` holds no key for signatures"));
    assert_eq!(
        message(json!([with("use", json!("enc"))])),
        format!("{start}its list `keys` holds no key for signatures")
    );
    assert_eq!(
        message(json!([{"kty": "oct"}])),
        format!("{start}a key of type \"oct\" checks no tokens")
    );
    assert_eq!(message(json!([with("n", json!(null))])), format!("{start}a key has no `n`"));
    assert_eq!(message(json!([with("e", json!(""))])), format!("{start}a key has no `e`"));
    assert_eq!(
        message(json!([with("e", json!("AA"))])),
        format!("{start}the numbers of a key make no key")
    );
    assert_eq!(
        message(json!([with("n", json!("A+A="))])),
        format!(
            "{start}a key's `n` is not base64url: '+', character 2 of the part, is not one of A-Z, a-z, 0-9, - and _"
        )
    );
    let p256 = signing_key("P-256, SEC 1").public_key().to_jwk();
    let mut off_the_curve = p256.clone();
    off_the_curve["y"] = p256["x"].clone();
    assert_eq!(message(json!([off_the_curve])), format!("{start}the numbers of a key make no key"));
    let mut other_curve = p256.clone();
    other_curve["crv"] = json!("P-384");
    assert_eq!(message(json!([other_curve])), format!("{start}the numbers of a key make no key"));

    let message = |text: &str| KeySet::from_jwks(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(message("{}"), format!("{start}it has no list `keys`"));
    assert_eq!(message(r#"{"keys": {}}"#), format!("{start}it has no list `keys`"));
    assert_eq!(
        message(r#"{"keys": [], "keys": []}"#),
        format!("{start}json: duplicate key 'keys' in object")
    );
    assert_eq!(message(""), format!("{start}the JSON ends too early, after 0 bytes"));
}

proptest! {
    #[test]
    fn no_file_makes_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = PublicKey::all_from_pem(&bytes);
        let _ = SigningKey::from_pem(&bytes);
        let _ = KeySet::from_jwks(&bytes);
    }

    #[test]
    fn no_block_makes_a_parser_panic(file in 0_usize..71, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = key_files().swap_remove(file).text.into_bytes();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = PublicKey::all_from_pem(&bytes);
        let _ = SigningKey::from_pem(&bytes);
    }

    #[test]
    fn no_numbers_make_a_parser_panic(n in "[A-Za-z0-9_-]{0,40}", e in "[A-Za-z0-9_-]{0,12}", x in "[A-Za-z0-9_-]{43}") {
        for jwk in [
            json!({"kty": "RSA", "n": n, "e": e}),
            json!({"kty": "EC", "crv": "P-256", "x": x, "y": x}),
            json!({"kty": "EC", "crv": "P-521", "x": n, "y": e}),
        ] {
            if let Ok(key) = PublicKey::from_jwk(&jwk) {
                prop_assert!(key.verify(Algorithm::RS256, b"text", &[1; 256]).is_err());
                prop_assert!(key.verify(Algorithm::ES256, b"text", &[1; 64]).is_err());
            }
        }
    }
}

/// The key of RFC 7517, appendix A.1, and what its header is worth with another `y`.
#[test]
fn a_key_that_a_header_brings_along_has_to_be_one() {
    let whole = |header: &str| {
        let token = format!("{}.e30.", base64url::encode(header.as_bytes()));
        signing::brings_whole_keys(UnverifiedToken::read(&token).unwrap().header())
    };
    let x = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
    let y = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
    let jwk = |y| format!(r#"{{"jwk":{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}}}"#);
    assert!(whole(&jwk(y)));
    assert!(!whole(&jwk(x)), "it lies on no curve");
    assert!(whole("{}") && whole(r#"{"jwk":null,"x5c":[]}"#));
    assert!(whole(r#"{"jwk":{"kty":"RSA","n":"AQ","e":"AQAB"}}"#), "Go does not look closer");
    assert!(!whole(r#"{"x5c":["MAA="]}"#), "an empty sequence is no certificate");
}
