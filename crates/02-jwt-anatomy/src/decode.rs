//! From the payload's JSON to [`Claims`], as the API server decodes it: [`jwt.Claims`][1] first,
//! then what Kubernetes adds, [for bound tokens][2] or [for legacy ones][3].
//!
//! What is decoded is checked: its type, its numbers, its names for duplicates. What nobody asks
//! for is passed over unread. Go goes on after some mistakes and stops at others, and then reports
//! the one it stopped at, else the first; the texts are the real server's, so the order is too.
//!
//! [1]: https://github.com/go-jose/go-jose/blob/v2.6.3/jwt/claims.go
//! [2]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/serviceaccount/claims.go
//! [3]: https://github.com/kubernetes/kubernetes/blob/v1.37.2/pkg/serviceaccount/legacy.go

use crate::json::{self, Node};
use crate::{Claims, ClaimsError, KubernetesClaims, LEGACY_ISSUER, LegacyClaims, ObjectRef};
use std::collections::BTreeMap;

type Members = [(String, Node)];

pub(crate) fn parse(payload: &[u8]) -> Result<Claims, ClaimsError> {
    let mut decoder = Decoder::default();
    let payload = json::parse(payload)?;
    let members = decoder.object("", &payload, "jwt.Claims")?.unwrap_or_default();
    let mut claims = decoder.public(members)?;
    decoder.finish()?;

    // Which of the two private sets is read, the issuer decides. The other is shown if it is well
    // formed, and otherwise no concern of the server's.
    let legacy = Decoder::default().legacy(members);
    let kubernetes = Decoder::default().kubernetes(members);
    if claims.issuer == LEGACY_ISSUER {
        claims.legacy = legacy?;
        claims.kubernetes = kubernetes.ok().flatten();
    } else {
        claims.legacy = legacy.unwrap_or_default();
        claims.kubernetes = kubernetes?;
    }
    if let serde_json::Value::Object(raw) = payload.lenient() {
        claims.raw = raw;
    }
    Ok(claims)
}

/// Goes through one document as Go does. A mistake it can step over waits in `saved`.
#[derive(Default)]
struct Decoder {
    saved: Option<ClaimsError>,
}

impl Decoder {
    fn finish(self) -> Result<(), ClaimsError> {
        self.saved.map_or(Ok(()), Err)
    }

    fn public(&mut self, members: &Members) -> Result<Claims, ClaimsError> {
        let mut claims = Claims::default();
        for member in json::distinct(members) {
            let (name, node) = member?;
            match name {
                "iss" => self.text(name, node, &mut claims.issuer)?,
                "sub" => self.text(name, node, &mut claims.subject)?,
                "jti" => self.text(name, node, &mut claims.token_id)?,
                "aud" => claims.audiences = audiences(node)?,
                "exp" => claims.expires_at = date(name, node)?,
                "nbf" => claims.not_before = date(name, node)?,
                "iat" => claims.issued_at = date(name, node)?,
                _ => {}
            }
        }
        Ok(claims)
    }

    fn legacy(mut self, members: &Members) -> Result<LegacyClaims, ClaimsError> {
        let mut claims = LegacyClaims::default();
        for member in json::distinct(members) {
            let (name, node) = member?;
            let field = match name.strip_prefix("kubernetes.io/serviceaccount/") {
                Some("namespace") => &mut claims.namespace,
                Some("secret.name") => &mut claims.secret_name,
                Some("service-account.name") => &mut claims.service_account_name,
                Some("service-account.uid") => &mut claims.service_account_uid,
                _ => continue,
            };
            self.text(name, node, field)?;
        }
        self.finish()?;
        Ok(claims)
    }

    fn kubernetes(mut self, members: &Members) -> Result<Option<KubernetesClaims>, ClaimsError> {
        let Some((_, node)) = members.iter().find(|(name, _)| name == "kubernetes.io") else {
            return Ok(None);
        };
        let at = "kubernetes.io";
        let Some(members) = self.object(at, node, "serviceaccount.kubernetes")? else {
            return self.finish().map(|()| None);
        };
        let mut claims = KubernetesClaims::default();
        for member in json::distinct(members) {
            let (name, node) = member?;
            let at = &format!("{at}.{name}");
            match name {
                "namespace" => self.text(at, node, &mut claims.namespace)?,
                "serviceaccount" => {
                    claims.service_account = self.object_ref(at, node)?.unwrap_or_default();
                }
                "pod" => claims.pod = self.object_ref(at, node)?,
                "secret" => claims.secret = self.object_ref(at, node)?,
                "node" => claims.node = self.object_ref(at, node)?,
                "validatingwebhookconfiguration" => {
                    claims.validating_webhook = self.object_ref(at, node)?;
                }
                "mutatingwebhookconfiguration" => {
                    claims.mutating_webhook = self.object_ref(at, node)?;
                }
                "attestations" => claims.attestations = self.attestations(at, node)?,
                "warnafter" => claims.warn_after = date(at, node)?,
                _ => {}
            }
        }
        self.finish()?;
        Ok(Some(claims))
    }

    fn object_ref(&mut self, at: &str, node: &Node) -> Result<Option<ObjectRef>, ClaimsError> {
        let Some(members) = self.object(at, node, "serviceaccount.ref")? else {
            return Ok(None);
        };
        let mut reference = ObjectRef::default();
        for member in json::distinct(members) {
            let (name, node) = member?;
            let at = &format!("{at}.{name}");
            match name {
                "name" => self.text(at, node, &mut reference.name)?,
                "uid" => self.text(at, node, &mut reference.uid)?,
                _ => {}
            }
        }
        Ok(Some(reference))
    }

    fn attestations(
        &mut self,
        at: &str,
        node: &Node,
    ) -> Result<BTreeMap<String, Vec<String>>, ClaimsError> {
        let members = self.object(at, node, "map[string]authentication.AttestationValue")?;
        let mut attestations = BTreeMap::new();
        for member in json::distinct(members.unwrap_or_default()) {
            let (name, node) = member?;
            let mut values = Vec::new();
            match node {
                Node::Null => {}
                Node::Array(items) => {
                    for item in items {
                        let mut value = String::new();
                        self.text(&format!("{at}.{name}"), item, &mut value)?;
                        values.push(value);
                    }
                }
                other => self.mismatch(at, other, "authentication.AttestationValue")?,
            }
            attestations.insert(name.to_owned(), values);
        }
        Ok(attestations)
    }

    /// A string, into `field`; `null` leaves it as it is.
    fn text(&mut self, at: &str, node: &Node, field: &mut String) -> Result<(), ClaimsError> {
        match node {
            Node::String(text) => field.clone_from(text),
            Node::Null => {}
            other => self.mismatch(at, other, "string")?,
        }
        Ok(())
    }

    /// The members of an object; `null` is none.
    fn object<'n>(
        &mut self,
        at: &str,
        node: &'n Node,
        wanted: &'static str,
    ) -> Result<Option<&'n Members>, ClaimsError> {
        match node {
            Node::Object(members) => Ok(Some(members)),
            Node::Null => Ok(None),
            other => self.mismatch(at, other, wanted).map(|()| None),
        }
    }

    /// The wrong type: Go stops at a number, and goes on after anything else.
    fn mismatch(&mut self, at: &str, node: &Node, wanted: &'static str) -> Result<(), ClaimsError> {
        let error = ClaimsError::Type { claim: at.to_owned(), found: node.kind(), wanted };
        if matches!(node, Node::Number(_)) {
            return Err(error);
        }
        self.saved.get_or_insert(error);
        Ok(())
    }
}

/// Seconds since 1970 began. A fraction is cut off; `null` is no date.
fn date(at: &str, node: &Node) -> Result<Option<i64>, ClaimsError> {
    let wrong = || ClaimsError::Date { claim: at.to_owned() };
    match node {
        Node::Null => Ok(None),
        Node::Number(text) => {
            let seconds = text.parse::<f64>().ok().filter(|seconds| seconds.is_finite());
            Ok(Some(whole_seconds(seconds.ok_or_else(wrong)?)))
        }
        _ => Err(wrong()),
    }
}

/// What a float becomes that no 64-bit integer can hold is left to the machine by Go. On amd64 it
/// is the smallest integer: a token whose `exp` is 1e300 expired long ago.
fn whole_seconds(seconds: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    #[expect(clippy::cast_possible_truncation, reason = "that is what Go does")]
    if (-LIMIT..LIMIT).contains(&seconds) { seconds as i64 } else { i64::MIN }
}

fn audiences(node: &Node) -> Result<Vec<String>, ClaimsError> {
    node.clone().strict()?; // inside `aud` everything is looked at
    let text = |item: &Node| match item {
        Node::String(text) => Ok(text.clone()),
        _ => Err(ClaimsError::Audience),
    };
    match node {
        Node::Array(items) => items.iter().map(text).collect(),
        other => Ok(vec![text(other)?]),
    }
}
