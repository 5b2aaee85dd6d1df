//! See the crate's documentation.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark's set-up")]
#![allow(clippy::wildcard_imports, reason = "a module is a heading of the table")]

use chrono::{DateTime, Utc};
use divan::{Bencher, black_box};
use expiry::Validator;
use jwt_anatomy::UnverifiedToken;
use lab_cluster::authn::Credentials;
use lab_cluster::{LabCluster, Options, Trace};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rsa::pkcs1::EncodeRsaPublicKey;
use serde_json::{Value, json};
use signing::{KeySet, SigningKey, samples};
use static_tokens::{Authenticator, TokenFile};
use std::collections::HashMap;

const ISSUER: &str = "https://kubernetes.default.svc";

fn main() {
    divan::main();
}

/// A token of the account `default`, for an hour from `now`.
fn token(now: DateTime<Utc>, uid: &str) -> String {
    let issued = now.timestamp();
    let claims = json!({
        "aud": [ISSUER], "exp": issued + 3600, "iat": issued, "iss": ISSUER, "jti": "b1",
        "kubernetes.io": {
            "namespace": "default", "serviceaccount": {"name": "default", "uid": uid},
        },
        "nbf": issued, "sub": "system:serviceaccount:default:default",
    });
    samples::lab_key().sign(&claims).unwrap()
}

mod a_token_is_read {
    use super::*;

    #[divan::bench]
    fn by_jwt_anatomy(bencher: Bencher) {
        let token = token(Utc::now(), "u1");
        bencher.bench(|| UnverifiedToken::read(black_box(&token)).unwrap().unverified_claims());
    }

    #[divan::bench]
    fn by_jsonwebtoken(bencher: Bencher) {
        let token = token(Utc::now(), "u1");
        bencher.bench(|| {
            jsonwebtoken::dangerous::insecure_decode::<Value>(black_box(token.as_str())).unwrap()
        });
    }
}

mod a_signature_is_checked {
    use super::*;

    #[divan::bench]
    fn with_rsa(bencher: Bencher) {
        let token = token(Utc::now(), "u1");
        let keys = KeySet::new(vec![samples::lab_key().public_key()]);
        let token = UnverifiedToken::read(&token).unwrap();
        bencher.bench(|| keys.verify(black_box(&token)).unwrap());
    }

    #[divan::bench]
    fn with_ring(bencher: Bencher) {
        let token = token(Utc::now(), "u1");
        let SigningKey::Rsa(key) = samples::lab_key() else { panic!("the lab's key is RSA") };
        let key = key.to_public_key().to_pkcs1_der().unwrap();
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.as_bytes());
        let token = UnverifiedToken::read(&token).unwrap();
        bencher.bench(|| {
            key.verify(black_box(token.signing_input().as_bytes()), token.signature()).unwrap();
        });
    }
}

#[divan::bench]
fn the_claims_are_checked(bencher: Bencher) {
    let now = Utc::now();
    let token = token(now, "u1");
    let claims = UnverifiedToken::read(&token).unwrap().unverified_claims().unwrap();
    let validator = Validator::new(vec![ISSUER.to_owned()], Vec::new());
    bencher.bench(|| validator.check_unverified(black_box(&claims), &[], now).unwrap());
}

mod a_line_is_found {
    use super::*;

    const LINES: [usize; 3] = [10, 10_000, 1_000_000];

    fn named(line: usize) -> String {
        format!("k7Qw2nXcV9bTzLr4-{line:08}")
    }

    #[divan::bench(args = LINES)]
    fn by_token_file(bencher: Bencher, lines: usize) {
        let text: String =
            (0..lines).flat_map(|line| [named(line), format!(",user-{line},u-{line}\n")]).collect();
        let file = TokenFile::parse("known_tokens.csv", text.as_bytes()).unwrap();
        let wanted = named(lines / 2);
        bencher.bench(|| file.authenticate(black_box(wanted.as_bytes())));
    }

    #[divan::bench(args = LINES)]
    fn by_a_map_of_tokens(bencher: Bencher, lines: usize) {
        let map: HashMap<String, [String; 2]> = (0..lines)
            .map(|line| (named(line), [format!("user-{line}"), format!("u-{line}")]))
            .collect();
        let wanted = named(lines / 2);
        bencher.bench(|| map.get(black_box(wanted.as_str())).cloned());
    }
}

/// Header, look-up of the account, signature, claims, groups. A yes is remembered for ten seconds, as
/// in the real server; so the first is a token that was changed, and the second one that is good.
mod a_whole_authentication {
    use super::*;

    fn bench(bencher: Bencher, change: impl Fn(String) -> String) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let options = Options { signing_key: Some(samples::lab_key()), ..Options::embedded() };
        let cluster = runtime.block_on(LabCluster::start(options)).unwrap();
        let account = cluster.registry().get(
            &lab_cluster::registry::kinds::SERVICE_ACCOUNTS,
            "default",
            "default",
        );
        let uid = account.unwrap()["metadata"]["uid"].as_str().unwrap().to_owned();
        let header = change(format!("Bearer {}", token(Utc::now(), &uid)));
        bencher.bench_local(|| {
            let credentials =
                Credentials { certificates: &[], authorization: Some(header.as_bytes()) };
            cluster.chain().authenticate(credentials, &[], &mut Trace::default()).is_ok()
        });
        runtime.block_on(cluster.shutdown());
    }

    #[divan::bench]
    fn refused_for_its_signature(bencher: Bencher) {
        bench(bencher, |header| header[..header.len() - 8].to_owned() + "AAAAAAAA");
    }

    #[divan::bench]
    fn remembered(bencher: Bencher) {
        bench(bencher, |header| header);
    }
}
