//! Where is it stored? Look into every object of the cluster, and see.
//!
//! A token is known by its last part: no other token has this signature, so every copy of the
//! token, whole or taken apart, holds it. Secrets keep their values in base64, so what is base64 is
//! looked into as well.

use crate::{BearerToken, Failure, PAGE, in_time};
use base64::{Engine, engine::general_purpose::STANDARD};
use kube::Client;
use kube::core::params::ListParams;
use kube::core::{Request, Status};
use serde_json::Value;

/// What a search found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Each kind that was read, and how many objects it has.
    pub read: Vec<Read>,
    /// Each kind that could not be, and why.
    pub unread: Vec<Unread>,
    /// Objects that hold a copy: `secrets kube-system/backdoor`.
    pub copies: Vec<String>,
}

/// A kind of object that was searched.
#[derive(Debug, PartialEq, Eq)]
pub struct Read {
    /// Its name in a URL, with its group: `secrets`, `roles.rbac.authorization.k8s.io`.
    pub kind: String,
    /// How many there are.
    pub objects: usize,
}

/// A kind of object that could not be searched.
#[derive(Debug, PartialEq, Eq)]
pub struct Unread {
    /// As [`Read::kind`].
    pub kind: String,
    /// What the server said.
    pub why: String,
}

impl Search {
    /// How many objects were looked into.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.read.iter().map(|read| read.objects).sum()
    }
}

/// Searches all objects of all kinds that `client` may list, 500 at a time. A kind that it may not
/// list, or whose server is down, is noted and passed over.
///
/// # Errors
/// When the server stops answering, or does not say which kinds it has.
pub async fn search(client: &Client, token: &BearerToken) -> Result<Search, Failure> {
    let needle = needle(token);
    let mut found = Search::default();
    for kind in kinds(client, &mut found).await? {
        match search_kind(client, &kind, needle, &mut found.copies).await {
            Ok(objects) => found.read.push(Read { kind: kind.name(), objects }),
            Err(Failure::Refused(status)) => {
                found.unread.push(Unread { kind: kind.name(), why: why(&status) });
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(found)
}

/// The signature of a JWT, the whole of any other token.
fn needle(token: &BearerToken) -> &str {
    match token.secret().rsplit_once('.') {
        Some((_, signature)) if signature.len() >= 32 => signature,
        _ => token.secret(),
    }
}

/// A kind of object that can be listed.
struct Kind {
    /// `/api/v1`, `/apis/rbac.authorization.k8s.io/v1`.
    base: String,
    group: String,
    plural: String,
}

impl Kind {
    fn name(&self) -> String {
        if self.group.is_empty() {
            self.plural.clone()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }
}

/// Every kind the server says it has, each group in the version that it prefers. A group whose own
/// server is down goes to the unread.
async fn kinds(client: &Client, found: &mut Search) -> Result<Vec<Kind>, Failure> {
    let core = in_time(client.list_core_api_resources("v1")).await?;
    let mut lists = vec![("/api/v1".to_owned(), String::new(), core)];
    for group in in_time(client.list_api_groups()).await?.groups {
        let preferred = group.preferred_version.or_else(|| group.versions.first().cloned());
        let Some(version) = preferred.map(|version| version.group_version) else {
            continue;
        };
        match in_time(client.list_api_group_resources(&version)).await {
            Ok(list) => lists.push((format!("/apis/{version}"), group.name, list)),
            Err(Failure::Refused(status)) => {
                found.unread.push(Unread { kind: group.name, why: why(&status) });
            }
            Err(failure) => return Err(failure),
        }
    }

    let mut kinds = Vec::new();
    for (base, group, list) in lists {
        for resource in list.resources {
            let part_of_another = resource.name.contains('/');
            if !part_of_another && resource.verbs.iter().any(|verb| verb == "list") {
                let (base, group) = (base.clone(), group.clone());
                kinds.push(Kind { base, group, plural: resource.name });
            }
        }
    }
    Ok(kinds)
}

async fn search_kind(
    client: &Client,
    kind: &Kind,
    needle: &str,
    copies: &mut Vec<String>,
) -> Result<usize, Failure> {
    let mut objects = 0;
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let request = Request::new(format!("{}/{}", kind.base, kind.plural)).list(&page);
        let request = request.map_err(|error| Failure::Other(error.to_string()))?;
        let list: Value = in_time(client.request(request)).await?;
        for object in list["items"].as_array().into_iter().flatten() {
            objects += 1;
            if holds(object, needle) {
                copies.push(format!("{} {}", kind.name(), place(object)));
            }
        }
        match list["metadata"]["continue"].as_str() {
            None | Some("") => return Ok(objects),
            Some(more) => page = page.continue_token(more),
        }
    }
}

/// Does a text anywhere in it hold the needle, as it is or in base64?
fn holds(value: &Value, needle: &str) -> bool {
    match value {
        Value::String(text) => {
            text.contains(needle)
                || STANDARD.decode(text.trim()).is_ok_and(|bytes| {
                    bytes.windows(needle.len()).any(|part| part == needle.as_bytes())
                })
        }
        Value::Array(items) => items.iter().any(|item| holds(item, needle)),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains(needle) || holds(value, needle))
        }
        _ => false,
    }
}

fn place(object: &Value) -> String {
    let name = object["metadata"]["name"].as_str().unwrap_or("without a name");
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    }
}

fn why(status: &Status) -> String {
    format!("{} {}", status.code, status.reason).trim_end().to_owned()
}
