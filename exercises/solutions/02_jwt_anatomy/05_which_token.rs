//! Which token is this? The solution, and why.

use crate::{Account, Kind, bytes};
use serde_json::Value;

/// The service account that a subject names; `None` when it names none.
#[must_use]
pub fn account(subject: &str) -> Option<Account> {
    // All the pieces at once: who cuts off the prefix and takes what follows finds an account in
    // "system:serviceaccount:media:jellyfin:admin" too, and may find another one than the next reader.
    match subject.split(':').collect::<Vec<_>>()[..] {
        ["system", "serviceaccount", namespace, name]
            if !namespace.is_empty() && !name.is_empty() =>
        {
            Some(Account { namespace: namespace.to_owned(), name: name.to_owned() })
        }
        _ => None,
    }
}

/// What kind of token this looks like.
#[must_use]
pub fn kind(token: &str) -> Kind {
    let Some(claims) = claims(token) else {
        return Kind::NoJwt;
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let subject = text(&claims["sub"]);
    // The issuer comes first, as in the API server: each of its verifiers takes the tokens of its own
    // issuer, whatever else is in them. What decides is never the subject, which any issuer may write.
    if claims["iss"] == "kubernetes/serviceaccount" {
        // Flat claims: the whole of it, with slash and dots, is the name of one claim.
        let secret = text(&claims["kubernetes.io/serviceaccount/secret.name"]);
        Kind::Legacy { account: subject.as_deref().and_then(account), secret }
    } else if claims["kubernetes.io"].is_object() {
        // Nested claims. To index a Value where nothing is gives null, and null is no text.
        let pod = text(&claims["kubernetes.io"]["pod"]["name"]);
        Kind::Bound { account: subject.as_deref().and_then(account), pod }
    } else {
        Kind::Foreign { subject: subject.unwrap_or_default() }
    }
}

/// The claims, if it is a token that has any.
fn claims(token: &str) -> Option<Value> {
    let [_header, payload, _signature] = token.split('.').collect::<Vec<_>>()[..] else {
        return None;
    };
    let claims: Value = serde_json::from_slice(&bytes(payload)?).ok()?;
    claims.is_object().then_some(claims)
}
