//! What is odd about a token: a list, one entry an oddity, from the header to the dates.
//!
//! Each entry has a code that stays the same from version to version, says how much it matters and
//! what it means, and finds itself in a token. Nothing here needs a key: these are the things that
//! can be seen by looking. What they say about the API server was asked of one (1.37.2).

use crate::dates::{self, Zone, show};
use crate::json::{self, JsonError};
use crate::{
    Claims, ClaimsError, KubernetesClaims, Life, ServiceAccountName, TokenKind, UnverifiedHeader,
    UnverifiedToken,
};
use serde_json::Value;
use std::fmt::{self, Display};

/// The API server grants this many seconds at both ends of a token's life; chapter 4 has more.
const LEEWAY: i64 = 60;
const DAY: i64 = 86_400;

/// How much an oddity matters. The gravest come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// The API server refuses the token for this, whoever signed it.
    Refused,
    /// The token works, and is good for more or for longer than its owner may think.
    Risk,
    /// The token works, but Kubernetes would not have written it so.
    Unusual,
    /// All is well, and worth an explanation.
    Note,
}

impl Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "refused",
            Self::Risk => "risk",
            Self::Unusual => "unusual",
            Self::Note => "note",
        })
    }
}

/// An entry of the [`CATALOGUE`].
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Its name, for programs: never reused, never renamed.
    pub code: &'static str,
    /// How much it matters.
    pub weight: Weight,
    /// What it means, whatever the token.
    pub meaning: &'static str,
    find: fn(&Sight) -> Option<String>,
}

/// Something odd that was found in a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oddity {
    /// The code of its [`Kind`].
    pub code: &'static str,
    /// How much it matters.
    pub weight: Weight,
    /// What it means, whatever the token.
    pub meaning: &'static str,
    /// What it is in this token.
    pub detail: String,
}

/// What is odd about `token` at a moment (seconds since 1970), the gravest first.
#[must_use]
pub fn of(token: &UnverifiedToken, at: i64) -> Vec<Oddity> {
    let claims = token.unverified_claims();
    let sight = Sight { token, kind: token.unverified_kind(), claims: &claims, at };
    let mut found: Vec<_> = CATALOGUE
        .iter()
        .filter_map(|&Kind { code, weight, meaning, find }| {
            find(&sight).map(|detail| Oddity { code, weight, meaning, detail })
        })
        .collect();
    found.sort_by_key(|oddity| oddity.weight);
    found
}

/// A token as the entries look at it.
struct Sight<'a> {
    token: &'a UnverifiedToken<'a>,
    kind: TokenKind,
    claims: &'a Result<Claims, ClaimsError>,
    at: i64,
}

impl<'a> Sight<'a> {
    fn header(&self) -> &UnverifiedHeader {
        self.token.header()
    }

    fn claims(&self) -> Option<&'a Claims> {
        self.claims.as_ref().ok()
    }

    fn claims_of(&self, kind: TokenKind) -> Option<&'a Claims> {
        self.claims().filter(|_| self.kind == kind)
    }

    /// The claims of a bound token.
    fn bound(&self) -> Option<&'a Claims> {
        self.claims_of(TokenKind::Bound)
    }

    /// The claims of a legacy token.
    fn legacy(&self) -> Option<&'a Claims> {
        self.claims_of(TokenKind::Legacy)
    }

    /// Claims whose dates the API server looks at: not those of a legacy token.
    fn dated(&self) -> Option<&'a Claims> {
        self.claims().filter(|_| self.kind != TokenKind::Legacy)
    }

    fn kubernetes(&self) -> Option<&'a KubernetesClaims> {
        self.bound()?.kubernetes.as_ref()
    }

    fn by_kubernetes(&self) -> bool {
        self.kind != TokenKind::Other
    }
}

fn found(is: bool, detail: impl FnOnce() -> String) -> Option<String> {
    is.then(detail)
}

fn utc(seconds: i64) -> String {
    show(seconds, &Zone::utc())
}

/// Names in a row, for a detail; nothing when there are none.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> Option<String> {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn duplicate_anywhere(payload: &[u8]) -> Option<String> {
    match json::parse_strict(payload) {
        Err(JsonError::DuplicateKey(name)) => Some(name),
        _ => None,
    }
}

/// The names that something reads: the registered ones, and those of Kubernetes.
const KNOWN_CLAIMS: [&str; 8] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "kubernetes.io"];
const LEGACY_CLAIMS: &str = "kubernetes.io/serviceaccount/";
const KEY_MEMBERS: [&str; 6] = ["jwk", "jku", "x5c", "x5u", "x5t", "x5t#S256"];

/// Beyond this, seconds since the year 1 no longer fit Go's clock, which then runs backwards.
const GO_CLOCK_ENDS: i64 = i64::MAX - 62_135_596_800;
/// 1 January 5138 in seconds; in milliseconds, 3 March 1973.
const LOOKS_LIKE_MILLISECONDS: std::ops::Range<i64> = 100_000_000_000..100_000_000_000_000;

/// Every oddity there is.
pub static CATALOGUE: &[Kind] = &[
    Kind {
        code: "alg-missing",
        weight: Weight::Refused,
        meaning: "Without an algorithm no signature fits.",
        find: |t| found(t.header().alg.is_empty(), || "the header has no `alg`".into()),
    },
    Kind {
        code: "alg-none",
        weight: Weight::Refused,
        meaning: "It says that it need not be signed. A verifier that believes it lets anyone in; \
                  the API server does not.",
        find: |t| {
            let alg = &t.header().alg;
            found(alg.eq_ignore_ascii_case("none"), || format!("`alg` is {alg:?}"))
        },
    },
    Kind {
        code: "alg-hmac",
        weight: Weight::Refused,
        meaning: "HS means one secret that both signs and verifies. The API server has key pairs, \
                  and takes no public key for a secret: that is the classic forgery.",
        find: |t| {
            let alg = &t.header().alg;
            let hmac = ["HS256", "HS384", "HS512"].contains(&alg.as_str());
            found(hmac, || format!("`alg` is {alg:?}"))
        },
    },
    Kind {
        code: "alg-unknown",
        weight: Weight::Refused,
        meaning: "The API server verifies RS, PS and ES, each with 256, 384 or 512, in capitals.",
        find: |t| {
            let alg = t.header().alg.as_str();
            let family = alg.get(..2).unwrap_or("");
            let known = ["RS", "PS", "ES", "HS"].contains(&family)
                && ["256", "384", "512"].contains(&&alg[2..]);
            let reported = alg.is_empty() || alg.eq_ignore_ascii_case("none");
            found(!known && !reported, || format!("`alg` is {alg:?}"))
        },
    },
    Kind {
        code: "alg-unusual",
        weight: Weight::Unusual,
        meaning: "The API server verifies it, but signs RS256 itself, or ES256, ES384, ES512.",
        find: |t| {
            let alg = &t.header().alg;
            let unusual = ["RS384", "RS512", "PS256", "PS384", "PS512"].contains(&alg.as_str());
            found(t.by_kubernetes() && unusual, || format!("`alg` is {alg:?}"))
        },
    },
    Kind {
        code: "kid-missing",
        weight: Weight::Unusual,
        meaning: "It does not say which key signed it, so the API server tries all it has.",
        find: |t| {
            let none = t.header().key_id.as_ref().is_none_or(String::is_empty);
            found(none, || "the header has no `kid`".into())
        },
    },
    Kind {
        code: "crit-unknown",
        weight: Weight::Refused,
        meaning: "`crit` names what a verifier must understand or else refuse. The API server \
                  understands `b64` alone.",
        find: |t| match t.header().critical() {
            Ok(names) => listed(names.iter().map(String::as_str).filter(|name| *name != "b64"))
                .map(|names| format!("`crit` names {names}")),
            Err(error) => Some(format!("`crit` is no list of names ({error})")),
        },
    },
    Kind {
        code: "payload-signed-raw",
        weight: Weight::Unusual,
        meaning: "The signature is over the claims themselves, not over their base64url. No \
                  issuer of JWTs does that, yet the API server accepts it.",
        find: |t| found(!t.header().payload_is_encoded(), || "the header says `b64` false".into()),
    },
    Kind {
        code: "key-in-header",
        weight: Weight::Unusual,
        meaning: "It brings along, or points to, the key that is to verify it. The API server pays \
                  no heed; a verifier that does believes any stranger.",
        find: |t| {
            let raw = &t.header().raw;
            listed(KEY_MEMBERS.into_iter().filter(|name| raw.contains_key(*name)))
                .map(|names| format!("the header has {names}"))
        },
    },
    Kind {
        code: "header-extra",
        weight: Weight::Note,
        meaning: "Kubernetes writes `alg` and `kid` and nothing else. The API server ignores more.",
        find: |t| {
            let reported = |name: &str| {
                ["alg", "kid", "crit", "b64"].contains(&name) || KEY_MEMBERS.contains(&name)
            };
            let names = t.header().raw.keys().map(String::as_str).filter(|name| !reported(name));
            listed(names)
                .filter(|_| t.by_kubernetes())
                .map(|names| format!("the header has {names}"))
        },
    },
    Kind {
        code: "signature-missing",
        weight: Weight::Refused,
        meaning: "Anyone can write the first two parts. Was the token cut off when it was copied?",
        find: |t| found(t.token.signature().is_empty(), || "nothing follows the second dot".into()),
    },
    Kind {
        code: "signature-length",
        weight: Weight::Refused,
        meaning: "An ES signature has one length for each curve: two numbers side by side. Another \
                  length is a cut copy, or the form that OpenSSL writes (DER).",
        find: |t| {
            let wanted = match t.header().alg.as_str() {
                "ES256" => 64,
                "ES384" => 96,
                "ES512" => 132,
                _ => return None,
            };
            let length = t.token.signature().len();
            found(length != 0 && length != wanted, || format!("{length} bytes, not {wanted}"))
        },
    },
    Kind {
        code: "signature-length-unusual",
        weight: Weight::Unusual,
        meaning: "An RSA signature is as long as its key: 256, 384 or 512 bytes for 2048, 3072 or \
                  4096 bits. Was the token cut off when it was copied?",
        find: |t| {
            let length = t.token.signature().len();
            let rsa = t.header().alg.starts_with("RS") || t.header().alg.starts_with("PS");
            let usual = [0, 256, 384, 512].contains(&length);
            found(rsa && !usual, || format!("it has {length} bytes"))
        },
    },
    Kind {
        code: "written-otherwise",
        weight: Weight::Note,
        meaning: "It is not written as its issuer wrote it, yet it means the same: one token can \
                  have several texts. So nobody can block a token by its text.",
        find: |t| {
            found(!t.token.is_canonical(), || {
                "bits are left over at the end of a part, or white \
                                               space lies in it"
                    .into()
            })
        },
    },
    Kind {
        code: "claims-not-json",
        weight: Weight::Refused,
        meaning: "The second part has to be a JSON object.",
        find: |t| match t.claims {
            Err(ClaimsError::Json(JsonError::DuplicateKey(_))) => None,
            Err(ClaimsError::Json(error)) => Some(error.to_string()),
            Err(ClaimsError::Type { claim, found, .. }) if claim.is_empty() => {
                Some(format!("it is a JSON {found}"))
            }
            _ => None,
        },
    },
    Kind {
        code: "duplicate-key",
        weight: Weight::Refused,
        meaning: "A name that stands twice lets two readers see two different tokens.",
        find: |t| match t.claims {
            Err(ClaimsError::Json(JsonError::DuplicateKey(name))) => Some(format!("{name:?}")),
            _ => None,
        },
    },
    Kind {
        code: "claim-of-wrong-type",
        weight: Weight::Refused,
        meaning: "The API server reads claims by their type. A date is a number; a text is no \
                  date, even with a number in it.",
        find: |t| match t.claims {
            Err(error) => error
                .claim()
                .filter(|claim| !claim.is_empty())
                .map(|claim| format!("`{claim}`; its log would say: {error}")),
            Ok(_) => None,
        },
    },
    Kind {
        code: "duplicate-key-unread",
        weight: Weight::Note,
        meaning: "A name stands twice where the API server does not look. Another reader may.",
        find: |t| {
            t.claims()?;
            duplicate_anywhere(t.token.payload()).map(|name| format!("{name:?}"))
        },
    },
    Kind {
        code: "claim-in-other-case",
        weight: Weight::Risk,
        meaning: "Capitals count in names: this claim is not the one it looks like, and is not read.",
        find: |t| {
            let other_case = |name: &&str| {
                KNOWN_CLAIMS.iter().any(|k| k.eq_ignore_ascii_case(name) && k != name)
            };
            listed(t.claims()?.raw.keys().map(String::as_str).filter(other_case))
        },
    },
    Kind {
        code: "iss-missing",
        weight: Weight::Refused,
        meaning: "By `iss` the API server sees whether a token is its own. This one is nobody's.",
        find: |t| found(t.claims()?.issuer.is_empty(), || "no `iss`".into()),
    },
    Kind {
        code: "iss-not-https",
        weight: Weight::Note,
        meaning: "Only an https issuer can publish its keys, for others to verify its tokens.",
        find: |t| {
            let issuer = &t.bound()?.issuer;
            let plain = !issuer.is_empty() && !issuer.starts_with("https://");
            found(plain, || format!("`iss` is {issuer:?}"))
        },
    },
    Kind {
        code: "account-without-proof",
        weight: Weight::Refused,
        meaning: "`sub` names a service account, but the claims that Kubernetes reads are missing. \
                  Some other issuer wrote this.",
        find: |t| {
            let claims = t.claims_of(TokenKind::Other)?;
            let account = ServiceAccountName::from_username(&claims.subject).ok()?;
            Some(format!("`{account}`, of {:?}", claims.issuer))
        },
    },
    Kind {
        code: "sub-missing",
        weight: Weight::Unusual,
        meaning: "Kubernetes writes the account's user name here, although it reads the account \
                  from `kubernetes.io`.",
        find: |t| found(t.bound()?.subject.is_empty(), || "no `sub`".into()),
    },
    Kind {
        code: "sub-is-no-account",
        weight: Weight::Unusual,
        meaning: "Kubernetes writes system:serviceaccount:NAMESPACE:NAME. It goes by \
                  `kubernetes.io` alone, so the token is judged as if this were right.",
        find: |t| {
            let subject = &t.bound()?.subject;
            let no_account = ServiceAccountName::from_username(subject).is_err();
            found(!subject.is_empty() && no_account, || format!("`sub` is {subject:?}"))
        },
    },
    Kind {
        code: "sub-disagrees",
        weight: Weight::Risk,
        meaning: "Two accounts in one token. The API server goes by `kubernetes.io`; a program \
                  that goes by `sub` takes the bearer for somebody else.",
        find: |t| {
            let subject = ServiceAccountName::from_username(&t.bound()?.subject).ok()?;
            let account = ServiceAccountName {
                namespace: t.kubernetes()?.namespace.clone(),
                name: t.kubernetes()?.service_account.name.clone(),
            };
            found(subject != account, || format!("`sub` is {subject}, `kubernetes.io` {account}"))
        },
    },
    Kind {
        code: "account-incomplete",
        weight: Weight::Refused,
        meaning: "The API server looks the account up by namespace, name and uid.",
        find: |t| {
            let kubernetes = t.kubernetes()?;
            let account = &kubernetes.service_account;
            let parts = [
                ("namespace", &kubernetes.namespace),
                ("serviceaccount.name", &account.name),
                ("serviceaccount.uid", &account.uid),
            ];
            listed(parts.into_iter().filter(|(_, text)| text.is_empty()).map(|(name, _)| name))
                .map(|names| format!("`kubernetes.io` has no {names}"))
        },
    },
    Kind {
        code: "bound-twice",
        weight: Weight::Unusual,
        meaning: "Kubernetes binds a token to a pod (and its node), a Secret or a node. All that \
                  is named here has to exist.",
        find: |t| {
            let k = t.kubernetes()?;
            let other = k.pod.is_some() || k.node.is_some();
            found(k.secret.is_some() && other, || "it names a Secret and something else".into())
        },
    },
    Kind {
        code: "bound-to-webhook",
        weight: Weight::Refused,
        meaning: "Such tokens are alpha in 1.37: refused, unless the API server runs with the \
                  feature gate APIServerWebhookAuthenticationToken.",
        find: |t| {
            let k = t.kubernetes()?;
            let webhook = k.validating_webhook.is_some() || k.mutating_webhook.is_some();
            found(webhook, || "it names a webhook configuration".into())
        },
    },
    Kind {
        code: "jti-missing",
        weight: Weight::Note,
        meaning: "Since 1.30 each token has an id, by which the audit log can follow it. This one \
                  is older, or somebody else's work.",
        find: |t| found(t.bound()?.token_id.is_empty(), || "no `jti`".into()),
    },
    Kind {
        code: "claims-extra",
        weight: Weight::Note,
        meaning: "Kubernetes writes no such claim, and the API server reads none.",
        find: |t| {
            let unknown = |name: &&str| {
                !KNOWN_CLAIMS.iter().any(|known| known.eq_ignore_ascii_case(name))
                    && !name.starts_with(LEGACY_CLAIMS)
            };
            let names = t.claims()?.raw.keys().map(String::as_str).filter(unknown);
            listed(names).filter(|_| t.by_kubernetes())
        },
    },
    Kind {
        code: "legacy-never-expires",
        weight: Weight::Risk,
        meaning: "It is good for as long as its Secret exists. To end it, delete the Secret; better, \
                  use a token that ends by itself: kubectl create token.",
        find: |t| {
            let claims = t.legacy()?;
            found(claims.expires_at.is_none(), || {
                format!("Secret `{}/{}`", claims.legacy.namespace, claims.legacy.secret_name)
            })
        },
    },
    Kind {
        code: "legacy-exp-unread",
        weight: Weight::Risk,
        meaning: "It is a legacy token, and of those the API server does not read `exp`: it goes on \
                  being good.",
        find: |t| t.legacy()?.expires_at.map(|end| format!("`exp` is {}", utc(end))),
    },
    Kind {
        code: "legacy-incomplete",
        weight: Weight::Refused,
        meaning: "A legacy token has to name its namespace, Secret, account and the account's uid.",
        find: |t| {
            let Claims { subject, legacy, .. } = t.legacy()?;
            let parts = [
                ("sub", subject),
                ("namespace", &legacy.namespace),
                ("secret.name", &legacy.secret_name),
                ("service-account.name", &legacy.service_account_name),
                ("service-account.uid", &legacy.service_account_uid),
            ];
            listed(parts.into_iter().filter(|(_, text)| text.is_empty()).map(|(name, _)| name))
                .map(|names| format!("it has no {names}"))
        },
    },
    Kind {
        code: "legacy-sub-disagrees",
        weight: Weight::Refused,
        meaning: "In a legacy token `sub` has to be the account that the other claims name.",
        find: |t| {
            let Claims { subject, legacy, .. } = t.legacy()?;
            let account = ServiceAccountName {
                namespace: legacy.namespace.clone(),
                name: legacy.service_account_name.clone(),
            };
            let same = ServiceAccountName::from_username(subject).is_ok_and(|s| s == account);
            found(!subject.is_empty() && !same, || format!("`sub` is {subject:?}, not {account}"))
        },
    },
    Kind {
        code: "legacy-by-other-issuer",
        weight: Weight::Refused,
        meaning: "It has the claims of a legacy token, but not the issuer by which the API server \
                  knows one, kubernetes/serviceaccount.",
        find: |t| {
            let issuer = &t.legacy()?.issuer;
            let other = !issuer.is_empty() && issuer != crate::LEGACY_ISSUER;
            found(other, || format!("`iss` is {issuer:?}"))
        },
    },
    Kind {
        code: "expired",
        weight: Weight::Refused,
        meaning: "It is over, and no one can make it longer. Ask for a new one.",
        find: |t| {
            let end = t.dated()?.expires_at.filter(|end| in_order(*end))?;
            found(t.at > end.saturating_add(LEEWAY), || format!("since {}", utc(end)))
        },
    },
    Kind {
        code: "exp-zero",
        weight: Weight::Refused,
        meaning: "0 is 1 January 1970, not for ever.",
        find: |t| found(t.dated()?.expires_at == Some(0), || "`exp` is 0".into()),
    },
    Kind {
        code: "exp-beyond-clock",
        weight: Weight::Refused,
        meaning: "So large a number overflows the server's clock, which takes it for the past.",
        find: |t| {
            let end = t.bound()?.expires_at.filter(|end| !in_order(*end))?;
            Some(format!("`exp` is read as {end}"))
        },
    },
    Kind {
        code: "exp-missing",
        weight: Weight::Risk,
        meaning: "If it is signed, the API server accepts it for ever. Kubernetes never issues a bound token \
                  so.",
        find: |t| found(t.bound()?.expires_at.is_none(), || "no `exp`".into()),
    },
    Kind {
        code: "exp-in-milliseconds",
        weight: Weight::Risk,
        meaning: "Dates in tokens are seconds. This one looks like milliseconds, and so it lies \
                  thousands of years off.",
        find: |t| {
            let end = t.dated()?.expires_at.filter(|end| LOOKS_LIKE_MILLISECONDS.contains(end))?;
            Some(format!("`exp` is {end}: {}", utc(end)))
        },
    },
    Kind {
        code: "long-life",
        weight: Weight::Risk,
        meaning: "Who copies it can use it until then. It ends earlier only with the account, or \
                  with the pod or Secret it is bound to.",
        find: |t| {
            let claims = t.dated()?;
            let end = claims
                .expires_at
                .filter(|end| in_order(*end) && !LOOKS_LIKE_MILLISECONDS.contains(end))?;
            let life = Life::whole(claims).unwrap_or(end.saturating_sub(t.at));
            let extended = t.kubernetes().is_some_and(|k| k.warn_after.is_some());
            found(life > 31 * DAY && !extended, || match life / (365 * DAY) {
                0 | 1 => dates::span(life),
                years => format!("{}: {years} years", dates::span(life)),
            })
        },
    },
    Kind {
        code: "extended-to-a-year",
        weight: Weight::Note,
        meaning: "It was asked for as a pod's token of 3607 seconds. For programs that read their \
                  token file only once, the API server makes such a token good for a year, and \
                  after `warnafter` notes each use in its audit log. The kubelet replaces it \
                  within the hour. --service-account-extend-token-expiration=false turns it off.",
        find: |t| {
            let from = t.kubernetes()?.warn_after?;
            let late = if t.at > from { ", which has passed" } else { "" };
            Some(format!("`warnafter` is {}{late}", utc(from)))
        },
    },
    Kind {
        code: "not-yet-valid",
        weight: Weight::Refused,
        meaning: "It begins to be good later. Is a clock wrong?",
        find: |t| {
            let start = t.dated()?.not_before.filter(|start| in_order(*start))?;
            found(t.at.saturating_add(LEEWAY) < start, || format!("not before {}", utc(start)))
        },
    },
    Kind {
        code: "issued-in-future",
        weight: Weight::Refused,
        meaning: "It was made later than now. Is a clock wrong?",
        find: |t| {
            let made = t.bound()?.issued_at.filter(|made| in_order(*made))?;
            found(t.at.saturating_add(LEEWAY) < made, || format!("made {}", utc(made)))
        },
    },
    Kind {
        code: "within-leeway",
        weight: Weight::Note,
        meaning: "The API server grants 60 seconds at both ends, since clocks differ.",
        find: |t| {
            let claims = t.bound()?;
            let end = claims.expires_at.filter(|end| in_order(*end));
            let late = end.is_some_and(|end| {
                (end.saturating_add(1)..=end.saturating_add(LEEWAY)).contains(&t.at)
            });
            let early = [claims.not_before, claims.issued_at]
                .into_iter()
                .flatten()
                .any(|start| t.at < start && start <= t.at.saturating_add(LEEWAY));
            found(late || early, || "a moment too early, or too late".into())
        },
    },
    Kind {
        code: "never-valid",
        weight: Weight::Refused,
        meaning: "It ends before it begins.",
        find: |t| {
            let (start, end) = lifetime(t.dated()?)?;
            let apart = start.saturating_sub(end) > 2 * LEEWAY;
            found(apart, || format!("from {} to {}", utc(start), utc(end)))
        },
    },
    Kind {
        code: "barely-valid",
        weight: Weight::Unusual,
        meaning: "It ends before it begins. Only the leeway of 60 seconds makes it good at all.",
        find: |t| {
            let (start, end) = lifetime(t.dated()?)?;
            let apart = start.saturating_sub(end);
            let barely = (1..=2 * LEEWAY).contains(&apart);
            found(barely, || format!("from {} to {}", utc(start), utc(end)))
        },
    },
    Kind {
        code: "iat-missing",
        weight: Weight::Note,
        meaning: "Kubernetes writes when a token was made. Without it nobody sees how long it was \
                  made for.",
        find: |t| found(t.bound()?.issued_at.is_none(), || "no `iat`".into()),
    },
    Kind {
        code: "nbf-missing",
        weight: Weight::Note,
        meaning: "Kubernetes writes from when on a token is good. Without it, from ever.",
        find: |t| found(t.bound()?.not_before.is_none(), || "no `nbf`".into()),
    },
    Kind {
        code: "nbf-is-not-iat",
        weight: Weight::Note,
        meaning: "A token of Kubernetes is good from the second it is made: `nbf` is `iat`.",
        find: |t| {
            let (start, made) = (t.bound()?.not_before?, t.bound()?.issued_at?);
            found(start != made, || {
                format!("they are {} apart", dates::span(start.saturating_sub(made)))
            })
        },
    },
    Kind {
        code: "date-with-fraction",
        weight: Weight::Unusual,
        meaning: "Allowed, but Kubernetes writes whole seconds. The API server cuts the rest off.",
        find: |t| {
            let raw = &t.claims()?.raw;
            let fraction = |name: &&str| {
                raw.get(*name).and_then(Value::as_f64).is_some_and(|seconds| seconds.fract() != 0.0)
            };
            listed(["exp", "nbf", "iat"].into_iter().filter(fraction))
        },
    },
    Kind {
        code: "aud-missing",
        weight: Weight::Unusual,
        meaning: "It names no one who may accept it. The API server takes that to mean itself.",
        find: |t| found(t.bound()?.audiences.is_empty(), || "no `aud`".into()),
    },
    Kind {
        code: "aud-is-text",
        weight: Weight::Note,
        meaning: "One audience may be written as a text. Kubernetes always writes a list.",
        find: |t| found(t.bound()?.raw.get("aud")?.is_string(), || "`aud` is no list".into()),
    },
    Kind {
        code: "aud-not-the-server",
        weight: Weight::Note,
        meaning: "Unless told otherwise (--api-audiences), the API server answers to the name of \
                  its issuer. This token is for somebody else: the API server says 401.",
        find: |t| {
            let Claims { audiences, issuer, .. } = t.bound()?;
            let elsewhere =
                !audiences.is_empty() && !issuer.is_empty() && !audiences.contains(issuer);
            found(elsewhere, || format!("`aud` is {audiences:?}, `iss` {issuer:?}"))
        },
    },
    Kind {
        code: "aud-several",
        weight: Weight::Note,
        meaning: "Each of them can use it at all the others.",
        find: |t| {
            let count = t.bound()?.audiences.len();
            found(count > 1, || format!("{count} audiences"))
        },
    },
];

/// Whether the server's clock can reach a date without running over.
fn in_order(date: i64) -> bool {
    (i64::MIN + 1..=GO_CLOCK_ENDS).contains(&date)
}

/// From the later of `nbf` and `iat` to `exp`; of an `exp` of 0 another entry tells.
fn lifetime(claims: &Claims) -> Option<(i64, i64)> {
    let start = claims.not_before.max(claims.issued_at)?;
    Some((start, claims.expires_at.filter(|end| in_order(*end) && *end != 0)?))
}
