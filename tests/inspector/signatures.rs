//! Tokens and keys, and whether one fits the other: by the crate signing, and by the page.

use jwt_anatomy::{UnverifiedToken, recognise};
use serde_json::{Value, json};
use signing::{KeySet, PublicKey, SignatureError, samples};

/// A token, and the keys it is checked with, as they would be pasted.
pub(crate) struct Case {
    name: String,
    token: String,
    keys: String,
    fits: bool,
}

impl Case {
    fn new(name: &str, token: &str, keys: &str, set: &KeySet) -> Self {
        // Only what is recognised as a token comes as far as a key.
        let seen = recognise(token);
        let fits = seen.token().is_some_and(|text| {
            let token = UnverifiedToken::read(text).unwrap();
            signature_fits(set.verify(&token).err())
        });
        Self { name: name.to_owned(), token: token.to_owned(), keys: keys.to_owned(), fits }
    }
}

/// Claims that can't be read were signed all the same.
fn signature_fits(error: Option<SignatureError>) -> bool {
    match error {
        None | Some(SignatureError::Claims(_)) => true,
        Some(SignatureError::Several(all)) => all.into_iter().any(|one| signature_fits(Some(one))),
        Some(_) => false,
    }
}

/// What a real API server was asked, what the RFCs show, and keys in each form.
pub(crate) fn all() -> Vec<Case> {
    let asked = include_str!("../../crates/03-signing/tests/vectors/kube-apiserver-1.37.2.json");
    let asked: Value = serde_json::from_str(asked).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let pems: String = asked["keys"].as_array().unwrap().iter().map(text).collect();
    let set = KeySet::new(PublicKey::all_from_pem(pems.as_bytes()).unwrap());
    let mut cases: Vec<Case> = asked["cases"]
        .as_array()
        .unwrap()
        .iter()
        // The browser has to be told the length of a salt, and is told the one that the RFC wants.
        .filter(|case| !text(&case["case"]).contains("salt"))
        .map(|case| Case::new(&text(&case["case"]), &text(&case["token"]), &pems, &set))
        .collect();

    let rfc: Vec<Value> =
        serde_json::from_str(include_str!("../../crates/03-signing/tests/vectors/rfc.json"))
            .unwrap();
    for case in &rfc {
        let jwks = json!({ "keys": [case["key"]] }).to_string();
        let set = KeySet::from_jwks(jwks.as_bytes()).unwrap();
        cases.push(Case::new(&text(&case["where"]), &text(&case["token"]), &jwks, &set));
    }

    let lab = samples::lab_key();
    let token = lab.sign_payload(jwt_anatomy::sample::CLAIMS_OF_2022.as_bytes()).unwrap();
    let set = KeySet::new(vec![lab.public_key()]);
    let stranger = KeySet::new(PublicKey::all_from_pem(samples::CA_CRT.as_bytes()).unwrap());
    let jwks = set.to_jwks().to_string();
    let changed = token.replacen("eyJhdWQi", "eyJhdWQj", 1);
    for (name, token, keys, set) in [
        ("a public key", &token, lab.public_key().to_pem(), &set),
        ("a set of keys", &token, jwks.clone(), &set),
        ("a certificate", &token, samples::CA_CRT.to_owned(), &stranger),
        ("a changed token", &changed, jwks, &set),
    ] {
        cases.push(Case::new(name, token, &keys, set));
    }
    cases
}

pub(crate) fn input(cases: &[Case]) -> Value {
    cases.iter().map(|case| json!([case.token, case.keys])).collect()
}

/// For each token what the page says of its signature: the body of an async function.
pub(crate) const BY_THE_PAGE: &str = r"
  const { inspect, verify } = inspector(sayings);
  const all = [];
  for (const [text, keys] of input) {
    const { token } = inspect(text, 0n);
    all.push(token ? await verify(token, keys) : { state: 'wrong', says: 'no token' });
  }
  return all;
";

/// Both found the same signatures to fit; and there were some of either sort.
pub(crate) fn assert_same(cases: &[Case], by_the_page: &[Value]) {
    assert_eq!(cases.len(), by_the_page.len());
    assert!(cases.iter().any(|case| case.fits) && cases.iter().any(|case| !case.fits));
    for (case, page) in cases.iter().zip(by_the_page) {
        assert_ne!(page["state"], "unusable", "{}: {page}", case.name);
        assert_eq!(page["state"] == "fits", case.fits, "{}: {page}", case.name);
    }
}
