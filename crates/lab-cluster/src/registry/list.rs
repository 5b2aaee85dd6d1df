//! Lists: which objects, in pages. A page ends in a `continue` token that says after which key the
//! next one begins ([chunks][1]). The real server shows all pages as of the first one's revision;
//! the lab keeps no history, so a later page shows what is there when it is asked for.
//!
//! [1]: https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks

use super::field_selector::FieldSelector;
use super::go;
use super::kinds::ResourceKind;
use super::label_selector::LabelSelector;
use super::world::{self, World};
use crate::status::Refusal;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;

/// Which objects of a kind, and how many at a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// `app=web,tier!=db`; empty for all.
    pub label_selector: String,
    /// `metadata.name=x`; empty for all.
    pub field_selector: String,
    /// At most so many; 0 for all.
    pub limit: u64,
    /// Where the page before ended: its `metadata.continue`.
    pub continue_token: String,
}

/// A page of objects. Serialises as the `List` object that a client gets, without copying what is
/// in it.
#[derive(Clone)]
pub struct List {
    /// Of what.
    pub kind: &'static ResourceKind,
    /// The revision that this page shows.
    pub resource_version: String,
    /// Where the next page begins; empty when this was the last.
    pub continue_token: String,
    /// How many come after this page, if that was counted.
    pub remaining: Option<u64>,
    /// The objects, by namespace and name.
    pub items: Vec<Arc<Value>>,
}

/// Without the objects: some of them are secrets.
impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}List of {}", self.kind.kind, self.items.len())
    }
}

impl List {
    /// The list as one JSON object. It copies every item: to send a list, serialise it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The list's own metadata.
    #[must_use]
    pub fn metadata(&self) -> Value {
        let mut metadata = json!({"resourceVersion": self.resource_version});
        if !self.continue_token.is_empty() {
            metadata["continue"] = self.continue_token.as_str().into();
        }
        if let Some(remaining) = self.remaining {
            metadata["remainingItemCount"] = remaining.into();
        }
        metadata
    }
}

impl Serialize for List {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_map(Some(4))?;
        list.serialize_entry("kind", &format!("{}List", self.kind.kind))?;
        list.serialize_entry("apiVersion", &self.kind.api_version())?;
        list.serialize_entry("metadata", &self.metadata())?;
        list.serialize_entry("items", &Items(&self.items))?;
        list.end()
    }
}

struct Items<'l>(&'l [Arc<Value>]);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut items = serializer.serialize_seq(Some(self.0.len()))?;
        for item in self.0 {
            items.serialize_element(&Item(item))?;
        }
        items.end()
    }
}

/// An object in a list says neither its kind nor its apiVersion: the list has said both.
struct Item<'l>(&'l Value);

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fields = self.0.as_object().into_iter().flatten();
        serializer
            .collect_map(fields.filter(|(name, _)| !matches!(name.as_str(), "kind" | "apiVersion")))
    }
}

/// Looks for the objects of a kind, in a namespace or, when that is empty, in all of them.
pub(super) fn list(
    world: &World,
    kind: &'static ResourceKind,
    namespace: &str,
    options: &ListOptions,
) -> Result<List, Refusal> {
    let labels = LabelSelector::parse(&options.label_selector).map_err(Refusal::bad_request)?;
    let fields =
        FieldSelector::parse(kind, &options.field_selector).map_err(Refusal::bad_request)?;
    let prefix = world::prefix(namespace);
    let start = match options.continue_token.as_str() {
        "" => Start { revision: None, key: String::new() },
        token => Start::decode(token, &prefix)
            .map_err(|why| Refusal::bad_request(format!("invalid continue token: {why}")))?,
    };
    let mut list = List {
        kind,
        resource_version: start.revision.unwrap_or(world.revision).to_string(),
        continue_token: String::new(),
        remaining: None,
        items: Vec::new(),
    };
    let matches = |object: &Value| labels.matches(object) && fields.matches(object);

    // One name in one namespace: no need to look at the others.
    if let Some(name) = fields.name()
        && kind.namespaced != namespace.is_empty()
    {
        let found = world.get(kind, &world::key(namespace, name));
        list.items.extend(found.filter(|object| matches(object)).cloned());
        return Ok(list);
    }

    let limit = if options.limit == 0 { u64::MAX } else { options.limit };
    let mut objects = world.range(kind, &prefix, &start.key).peekable();
    while let Some((key, object)) = objects.next() {
        if !matches(object) {
            continue;
        }
        list.items.push(Arc::clone(object));
        if list.items.len() as u64 == limit && objects.peek().is_some() {
            list.continue_token = continue_token(&list.resource_version, &key[prefix.len()..]);
            if labels.is_everything() && fields.is_everything() {
                list.remaining = Some(objects.count() as u64);
            }
            break;
        }
    }
    Ok(list)
}

/// `{"v":"meta.k8s.io/v1","rv":7,"start":"/default/web\u0000"}`: the first key that may follow.
fn continue_token(revision: &str, last: &str) -> String {
    let token = format!(r#"{{"v":"meta.k8s.io/v1","rv":{revision},"start":"/{last}\u0000"}}"#);
    URL_SAFE_NO_PAD.encode(token)
}

/// What a token says.
struct Start {
    /// The revision of the first page.
    revision: Option<u64>,
    /// The first key to look at.
    key: String,
}

impl Start {
    fn decode(token: &str, prefix: &str) -> Result<Self, String> {
        let invalid = |why: &str| format!("continue key is not valid: {why}");
        let bytes = URL_SAFE_NO_PAD.decode(token.trim_end_matches('=')).map_err(|error| {
            let at = match error {
                base64::DecodeError::InvalidByte(at, _) => at,
                _ => token.len() / 4 * 4,
            };
            invalid(&format!("illegal base64 data at input byte {at}"))
        })?;
        let text = String::from_utf8_lossy(&bytes);
        let token: Value = serde_json::from_str(&text)
            .map_err(|error| invalid(&go::json_error(&bytes, &error)))?;
        match token["v"].as_str() {
            Some("meta.k8s.io/v1") => {}
            version => {
                let version = version.unwrap_or_default();
                return Err(invalid(&format!(
                    "server does not recognize this encoded version {version}"
                )));
            }
        }
        let start = token["start"].as_str().unwrap_or_default();
        if token["rv"] == 0 || token["rv"].is_null() {
            return Err(invalid(
                "incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
            ));
        }
        if start.is_empty() {
            return Err(invalid("encoded start key empty (version meta.k8s.io/v1)"));
        }
        if start.split('/').any(|part| part == "..") {
            return Err(invalid(start));
        }
        let key = format!("{prefix}{}", start.trim_start_matches('/'));
        Ok(Self { revision: token["rv"].as_u64(), key })
    }
}
