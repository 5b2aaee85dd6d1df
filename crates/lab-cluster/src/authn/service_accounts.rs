//! Service account tokens, checked by the chapters: taken apart by [`jwt_anatomy`], their signature
//! by [`signing`], their issuer, audience and dates by [`expiry`]; and then, here, that what they
//! name still exists ([`jwt.go`][1], [`legacy.go`][2]).
//!
//! There are two kinds, told apart by their issuer: bound tokens, made on request, stored nowhere;
//! and legacy ones, whose one copy lies in a Secret.
//!
//! [1]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/serviceaccount/jwt.go
//! [2]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/serviceaccount/legacy.go

use crate::authn::bound_objects::{self, Lookup};
use crate::authn::{Answer, CREDENTIAL_ID, TokenAuthenticator};
use base64::{Engine, engine::general_purpose::STANDARD};
use expiry::Validator;
use hmac::{Hmac, KeyInit, Mac};
use jwt_anatomy::{Claims, KubernetesClaims, ServiceAccountName, UnverifiedToken};
use narration::Clock;
use sha2::Sha256;
use signing::{KeySet, SignedClaims};
use static_tokens::{Rejection, User, Verdict};
use std::collections::BTreeMap;
use std::sync::Arc;

const AUTO_GENERATED: &str = "Use tokens from the TokenRequest API or manually created \
    secret-based tokens instead of auto-generated secret-based tokens.";

/// Where a legacy token's Secret is marked as used today.
pub trait LastUsed: Send + Sync {
    /// Sets the label `kubernetes.io/legacy-token-last-used` of a Secret, and never fails the
    /// request that used it.
    fn mark_used(&self, namespace: &str, secret: &str, date: &str);
}

/// Tokens made on request: bound to an account, often to a pod, for a time.
pub struct BoundTokens {
    /// `--service-account-key-file`.
    pub keys: Arc<KeySet>,
    /// `--service-account-issuer` and `--api-audiences`.
    pub validator: Validator,
    /// Where the objects are that a token names.
    pub objects: Arc<dyn Lookup>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl TokenAuthenticator for BoundTokens {
    fn name(&self) -> &'static str {
        "bound token"
    }

    fn authenticate(&self, token: &[u8], audiences: &[String]) -> Answer {
        let Some(token) = jwt(token).filter(|token| self.validator.is_mine(token)) else {
            return Verdict::NotMine.into();
        };
        match self.check(&token, audiences) {
            Ok((user, audiences)) => {
                let verdict = Verdict::Authenticated(user);
                Answer { verdict, audiences, warnings: Vec::new() }
            }
            Err(why) => Verdict::Rejected(why).into(),
        }
    }
}

impl BoundTokens {
    fn check(
        &self,
        token: &UnverifiedToken,
        audiences: &[String],
    ) -> Result<(User, Vec<String>), Rejection> {
        let now = self.clock.now();
        let signed = self.keys.verify(token).map_err(rejection)?;
        let audiences = self.validator.check(&signed, audiences, now).map_err(rejection)?;
        let claims = signed.claims();
        let kubernetes = claims.kubernetes.clone().unwrap_or_default();
        bound_objects::check(&kubernetes, &*self.objects, now).map_err(rejection)?;
        Ok((user(claims, &kubernetes), audiences))
    }
}

/// The user that a bound token vouches for. Its name comes from `kubernetes.io`, not from `sub`.
fn user(claims: &Claims, kubernetes: &KubernetesClaims) -> User {
    let account = &kubernetes.service_account;
    let mut user = service_account(&kubernetes.namespace, &account.name, &account.uid);
    let mut tell = |key: &str, value: String| {
        user.extra.insert(format!("authentication.kubernetes.io/{key}"), vec![value]);
    };
    if let Some(pod) = &kubernetes.pod {
        tell("pod-name", pod.name.clone());
        tell("pod-uid", pod.uid.clone());
    }
    if let Some(node) = &kubernetes.node {
        tell("node-name", node.name.clone());
        tell("node-uid", node.uid.clone());
    }
    if !claims.token_id.is_empty() {
        user.extra.insert(CREDENTIAL_ID.into(), vec![format!("JTI={}", claims.token_id)]);
    }
    user
}

/// The user that a service account is: its name says so, its groups are of all accounts and of all
/// accounts of its namespace.
#[must_use]
pub fn service_account(namespace: &str, name: &str, uid: &str) -> User {
    User {
        name: format!("system:serviceaccount:{namespace}:{name}"),
        uid: uid.to_owned(),
        groups: vec![
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
        ],
        extra: BTreeMap::new(),
    }
}

/// Tokens that lie in a Secret, and have no end.
pub struct LegacyTokens {
    /// `--service-account-key-file`.
    pub keys: Arc<KeySet>,
    /// The legacy issuer, and `--api-audiences`: they are for the API server alone.
    pub validator: Validator,
    /// Where the Secret is, and the account.
    pub objects: Arc<dyn Lookup>,
    /// Who notes that the Secret was used today.
    pub last_used: Arc<dyn LastUsed>,
    /// What day it is.
    pub clock: Arc<dyn Clock>,
}

impl TokenAuthenticator for LegacyTokens {
    fn name(&self) -> &'static str {
        "legacy token"
    }

    fn authenticate(&self, token: &[u8], audiences: &[String]) -> Answer {
        let Some(unverified) = jwt(token).filter(|token| self.validator.is_mine(token)) else {
            return Verdict::NotMine.into();
        };
        match self.check(&unverified, token, audiences) {
            Ok(answer) => answer,
            Err(why) => Verdict::Rejected(why).into(),
        }
    }
}

impl LegacyTokens {
    fn check(
        &self,
        token: &UnverifiedToken,
        raw: &[u8],
        audiences: &[String],
    ) -> Result<Answer, Rejection> {
        let signed = self.keys.verify(token).map_err(rejection)?;
        // Neither exp nor nbf is looked at: a legacy token has none, and one that has is not asked.
        let claims = signed.claims();
        self.validator.check_issuer(claims).map_err(rejection)?;
        let audiences = self.validator.check_audiences(claims, audiences).map_err(rejection)?;
        let legacy = LegacyAccount::read(&signed)?;
        let secret = self
            .objects
            .secret(legacy.namespace, legacy.secret)
            .ok()
            .filter(|secret| secret["metadata"]["deletionTimestamp"].is_null())
            .ok_or_else(|| reject("Token has been invalidated"))?;
        let copy = secret["data"]["token"].as_str().unwrap_or_default();
        if !same(&STANDARD.decode(copy).unwrap_or_default(), raw) {
            return Err(reject("Token does not match server's copy"));
        }

        let LegacyAccount { namespace, name, uid, .. } = legacy;
        let account = self.objects.service_account(namespace, name).map_err(rejection)?;
        let metadata = &account["metadata"];
        if !metadata["deletionTimestamp"].is_null() {
            return Err(Rejection(format!("ServiceAccount {namespace}/{name} has been deleted")));
        }
        let today = metadata["uid"].as_str().unwrap_or_default();
        if today != uid {
            let why = format!("ServiceAccount UID ({today}) does not match claim ({uid})");
            return Err(Rejection(why));
        }

        self.note_use(&legacy, &secret);
        let label = "kubernetes.io/legacy-token-invalid-since";
        if secret["metadata"]["labels"][label].as_str().is_some_and(|since| !since.is_empty()) {
            let secret = legacy.secret;
            return Err(Rejection(format!(
                "the token in secret {namespace}/{secret} for service account {namespace}/{name} \
                 has been marked invalid. Use tokens from the TokenRequest API or manually created \
                 secret-based tokens, or remove the '{label}' label from the secret to temporarily \
                 allow use of this token"
            )));
        }
        let listed = account["secrets"].as_array().into_iter().flatten();
        let automatic = listed.into_iter().any(|secret| secret["name"] == legacy.secret);
        Ok(Answer {
            verdict: Verdict::Authenticated(service_account(namespace, name, uid)),
            audiences,
            warnings: automatic.then(|| AUTO_GENERATED.to_owned()).into_iter().collect(),
        })
    }

    fn note_use(&self, legacy: &LegacyAccount, secret: &serde_json::Value) {
        let now = self.clock.now();
        let day = |days| (now + chrono::TimeDelta::days(days)).format("%Y-%m-%d").to_string();
        let used = &secret["metadata"]["labels"]["kubernetes.io/legacy-token-last-used"];
        // Tomorrow counts as well, since the clocks of several API servers differ.
        if *used != day(0) && *used != day(1) {
            self.last_used.mark_used(legacy.namespace, legacy.secret, &day(0));
        }
    }
}

/// What a legacy token says: flat claims, each of which must be there.
struct LegacyAccount<'c> {
    namespace: &'c str,
    secret: &'c str,
    name: &'c str,
    uid: &'c str,
}

impl<'c> LegacyAccount<'c> {
    fn read(signed: &'c SignedClaims) -> Result<Self, Rejection> {
        let claims = signed.claims();
        let legacy = &claims.legacy;
        for (value, missing) in [
            (&claims.subject, "sub claim is missing"),
            (&legacy.namespace, "namespace claim is missing"),
            (&legacy.secret_name, "secretName claim is missing"),
            (&legacy.service_account_name, "serviceAccountName claim is missing"),
            (&legacy.service_account_uid, "serviceAccountUID claim is missing"),
        ] {
            if value.is_empty() {
                return Err(reject(missing));
            }
        }
        let subject = ServiceAccountName::from_username(&claims.subject);
        if !subject.is_ok_and(|subject| {
            subject.namespace == legacy.namespace && subject.name == legacy.service_account_name
        }) {
            return Err(reject("sub claim is invalid"));
        }
        Ok(Self {
            namespace: &legacy.namespace,
            secret: &legacy.secret_name,
            name: &legacy.service_account_name,
            uid: &legacy.service_account_uid,
        })
    }
}

/// A token of three parts. Anything else is somebody else's.
fn jwt(token: &[u8]) -> Option<UnverifiedToken<'_>> {
    UnverifiedToken::read(str::from_utf8(token).ok()?).ok()
}

/// Compares in a time that depends on neither: by fingerprints under a key nobody knows.
fn same(one: &[u8], other: &[u8]) -> bool {
    let mut key = [0; 64];
    if getrandom::fill(&mut key).is_err() {
        return false;
    }
    let mac = |bytes| Hmac::<Sha256>::new(&key.into()).chain_update(bytes);
    mac(one).verify(&mac(other).finalize().into_bytes()).is_ok()
}

fn reject(why: &str) -> Rejection {
    Rejection(why.to_owned())
}

fn rejection(why: impl std::fmt::Display) -> Rejection {
    Rejection(why.to_string())
}
