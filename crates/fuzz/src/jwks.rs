//! Lists of keys, as another server publishes them.

use crate::json;
use crate::seeds::SIGNED;
use jwt_anatomy::UnverifiedToken;
use serde_json::Value;
use signing::{KeySet, PublicKey};

/// Reads a JSON Web Key Set.
///
/// - Twice the same, and again the same when it is published anew.
/// - Each key of it is found under its name, and under no other.
/// - It holds as many keys for signatures as the document has at most.
/// - It verifies a token only if it holds the key that signed it, and no token that is not signed.
pub fn jwks(input: &[u8]) {
    json::law(input);
    let read = KeySet::from_jwks(input);
    let again = KeySet::from_jwks(input);
    let Ok(set) = read else {
        assert_eq!(read.err().map(|why| why.to_string()), again.err().map(|why| why.to_string()));
        return;
    };
    assert_eq!(again.ok().as_ref(), Some(&set));

    let keys: Vec<_> = set.keys().cloned().collect();
    let published = KeySet::from_jwks(set.to_jwks().to_string().as_bytes()).expect("our own list");
    assert!(published.keys().eq(&keys), "{published:?} is not {set:?}");
    assert_eq!(published, KeySet::new(keys.clone()));
    for key in &keys {
        assert_eq!(published.get(&key.key_id()), Some(key));
        assert_eq!(PublicKey::from_jwk(&key.to_jwk()).ok().as_ref(), Some(key));
    }

    if let Ok(document) = serde_json::from_slice::<Value>(input) {
        let listed = document["keys"].as_array().map_or(0, Vec::len);
        assert!(!keys.is_empty() && keys.len() <= listed, "{} of {listed}", keys.len());
    }

    for (text, signer) in SIGNED.iter() {
        let token = UnverifiedToken::read(text).expect("a token");
        if let Ok(signed) = set.verify(&token) {
            assert!(keys.contains(signer), "{signed:?}: {set:?} can't know that");
        }
    }
}
