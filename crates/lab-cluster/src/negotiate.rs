//! How an answer looks: JSON or YAML, indented for a person's tool, with the headers of the real
//! server.

use crate::decode::MEDIA_TYPES;
use crate::registry::List;
use crate::request_info::Query;
use crate::status::Refusal;
use crate::watching::Answer;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, RETRY_AFTER, USER_AGENT, WARNING,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write;
use std::sync::Arc;
use tokio::sync::mpsc;

const AUDIT_ID: HeaderName = HeaderName::from_static("audit-id");

/// What an answer holds.
pub enum Content {
    /// An object, as the store has it.
    Object(Arc<Value>),
    /// An object made for this answer.
    Value(Value),
    /// A list of objects.
    List(List),
    /// What happens, as it happens.
    Watch(mpsc::Receiver<Bytes>),
    /// A document of another type than JSON, whatever the client accepts.
    Document {
        /// Its media type.
        media_type: &'static str,
        /// How long it may be kept, if it may.
        cache_control: Option<&'static str>,
        /// Its bytes.
        text: String,
    },
}

/// An answer, before it is written for this client.
pub struct Reply {
    /// 200, 201, ...
    pub status: u16,
    /// What it says.
    pub content: Content,
    /// Sentences for `Warning` headers.
    pub warnings: Vec<String>,
}

impl Reply {
    /// An answer without warnings.
    #[must_use]
    pub fn new(status: u16, content: Content) -> Self {
        Self { status, content, warnings: Vec::new() }
    }

    /// Plain text, for the few paths that are not for programs.
    #[must_use]
    pub fn text(status: u16, text: &str) -> Self {
        let media_type = "text/plain; charset=utf-8";
        Self::new(
            status,
            Content::Document { media_type, cache_control: None, text: text.to_owned() },
        )
    }

    /// 429: there is as much of this as there may be. The client waits a second ([`respond`] says
    /// so), and asks again. A sentence and no `Status`, as from the real server.
    #[must_use]
    pub fn too_many_requests() -> Self {
        Self::text(429, "Too many requests, please try again later.\n")
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.code, Content::Value(refusal.to_status()))
    }
}

/// The forms a client may want an object in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One line, for programs.
    Json,
    /// Indented, for people.
    PrettyJson,
    /// YAML, its keys sorted.
    Yaml,
}

impl Form {
    /// The form that these headers and this query ask for; the first acceptable one counts.
    ///
    /// # Errors
    /// 406 when there is none: a table of an unknown version, say.
    pub fn wanted(headers: &HeaderMap, query: &Query) -> Result<Self, Refusal> {
        let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        let person = agent.is_some_and(|agent| {
            ["curl/", "Wget/", "Mozilla/"].iter().any(|tool| agent.starts_with(tool))
        });
        let pretty = query.get("pretty").map_or(person, |_| query.is_true("pretty"));
        let json = if pretty { Self::PrettyJson } else { Self::Json };

        let Some(accept) = headers.get(ACCEPT).and_then(|value| value.to_str().ok()) else {
            return Ok(json);
        };
        for range in by_quality(accept) {
            let mut words = range.split(';').map(str::trim);
            let media_type = words.next().unwrap_or_default();
            // What is transformed comes as JSON; an unknown one is not on offer: the next may be.
            let on_offer = words.all(|word| match word.split_once('=') {
                Some(("as" | "g" | "v", _)) => View::of(range).is_some(),
                Some(("stream", schema)) => matches!(schema, "watch" | ""),
                _ => true,
            });
            if !on_offer {
                continue;
            }
            match media_type {
                "" | "*/*" | "application/*" | "application/json" => return Ok(json),
                "application/yaml" => return Ok(Self::Yaml),
                _ => {}
            }
        }
        Err(Refusal::no_such_form(&MEDIA_TYPES))
    }

    fn write(self, value: &impl Serialize) -> Result<String, Refusal> {
        let failed = |error: &dyn std::error::Error| Refusal::internal(error.to_string());
        match self {
            Self::Json => serde_json::to_string(value).map(|text| go_escaped(text) + "\n"),
            Self::PrettyJson => serde_json::to_string_pretty(value).map(go_escaped),
            Self::Yaml => {
                let mut value = serde_json::to_value(value).map_err(|error| failed(&error))?;
                value.sort_all_objects();
                return serde_saphyr::to_string(&value).map_err(|error| failed(&error));
            }
        }
        .map_err(|error| failed(&error))
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Json | Self::PrettyJson => "application/json",
            Self::Yaml => "application/yaml",
        }
    }
}

/// The ranges of an `Accept` header, the best first: `q=` says how good, and is 1 where it is missing.
fn by_quality(accept: &str) -> Vec<&str> {
    let quality = |range: &str| {
        let said = range.split(';').find_map(|word| word.trim().strip_prefix("q="));
        said.and_then(|said| said.parse::<f64>().ok()).unwrap_or(1.0)
    };
    let mut ranges: Vec<&str> = accept.split(',').collect();
    ranges.sort_by(|one, other| quality(other).total_cmp(&quality(one)));
    ranges
}

/// What a client may want to have made of an object, instead of the object
/// ([kubernetes.io][1]).
///
/// [1]: https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Cells, as `kubectl get` prints them.
    Table,
    /// The metadata alone, of one object.
    Metadata,
    /// And of a list of them.
    MetadataOfAll,
}

impl View {
    /// The view that these headers ask for first, if it is one.
    #[must_use]
    pub fn wanted(headers: &HeaderMap) -> Option<Self> {
        let accept = headers.get(ACCEPT)?.to_str().ok()?;
        let plain = |range: &str| !range.contains("as=");
        let mut ranges = by_quality(accept).into_iter();
        let first = ranges.find(|range| plain(range) || Self::of(range).is_some())?;
        Self::of(first)
    }

    /// `application/json;as=Table;v=v1;g=meta.k8s.io`.
    fn of(range: &str) -> Option<Self> {
        let mut words = range.split(';').map(str::trim);
        if words.next() != Some("application/json") {
            return None;
        }
        let words: Vec<&str> = words.collect();
        if !words.contains(&"v=v1") || !words.contains(&"g=meta.k8s.io") {
            return None;
        }
        words.iter().find_map(|word| match *word {
            "as=Table" => Some(Self::Table),
            "as=PartialObjectMetadata" => Some(Self::Metadata),
            "as=PartialObjectMetadataList" => Some(Self::MetadataOfAll),
            _ => None,
        })
    }
}

/// JSON as Go writes it: safe to stand in a web page. These characters only occur in texts, and
/// rarely: what has none of them is given back as it came.
pub(crate) fn go_escaped(json: String) -> String {
    const UNSAFE: [char; 5] = ['<', '>', '&', '\u{2028}', '\u{2029}'];
    let Some(first) = json.find(UNSAFE) else { return json };
    let mut escaped = String::with_capacity(json.len() + 64);
    escaped.push_str(&json[..first]);
    for c in json[first..].chars() {
        if UNSAFE.contains(&c) {
            let _ = write!(escaped, "\\u{:04x}", u32::from(c)); // into a String: it can't fail
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Whether a client names this very type, its parameters in any order.
#[must_use]
pub fn wants(headers: &HeaderMap, media_type: &str) -> bool {
    let words = |range: &str| {
        let mut words: Vec<_> = range.split(';').map(|word| word.trim().to_owned()).collect();
        words.sort_unstable();
        words
    };
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|range| words(range) == words(media_type))
}

/// Refuses a client that names none of these types. This is what the real server's router does, and
/// it compares letter by letter: `*/*` is everything to it, and `application/*` nothing
/// ([`route.go`][1]).
///
/// # Errors
/// 406.
///
/// [1]: https://github.com/emicklei/go-restful/blob/v3.13.0/route.go
pub fn routed(headers: &HeaderMap, media_types: &[&str]) -> Result<(), Refusal> {
    let accepted = accepts(headers, |range| range == "*/*" || media_types.contains(&range));
    if accepted { Ok(()) } else { Err(Refusal::not_acceptable(media_types)) }
}

/// Refuses a client that takes no document of this type.
///
/// # Errors
/// 406.
pub fn offered(headers: &HeaderMap, media_type: &str) -> Result<(), Refusal> {
    let family = media_type.split('/').next().unwrap_or_default();
    let accepted = accepts(headers, |range| {
        range.replace('@', ".") == media_type || range == "*/*" || range == format!("{family}/*")
    });
    if accepted { Ok(()) } else { Err(Refusal::not_acceptable(&[media_type])) }
}

/// Whether one of the ranges that a client accepts will do. Who says nothing takes everything.
fn accepts(headers: &HeaderMap, will_do: impl Fn(&str) -> bool) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else { return true };
    accept.split(',').any(|range| will_do(range.split(';').next().unwrap_or_default().trim()))
}

/// Writes an answer. `audit_id` is what the log would call the request.
#[must_use]
pub fn respond(reply: Reply, form: Form, audit_id: &str) -> Response<Answer> {
    let mut cache = "no-cache, private";
    let mut media_type = form.media_type();
    let whole = |text: String| Answer::Whole(Full::new(Bytes::from(text)));
    let retry_after = match &reply.content {
        Content::Value(value) => value["details"]["retryAfterSeconds"].as_u64(),
        _ => (reply.status == 429).then_some(1),
    };
    let written = match reply.content {
        Content::Object(object) => form.write(&*object).map(whole),
        Content::Value(value) => form.write(&value).map(whole),
        Content::List(list) => form.write(&list).map(whole),
        Content::Watch(lines) => {
            media_type = Form::Json.media_type();
            Ok(Answer::Lines(lines, None))
        }
        Content::Document { media_type: its_own, cache_control, text } => {
            media_type = its_own;
            cache = cache_control.unwrap_or(cache);
            Ok(whole(text))
        }
    };
    let (status, body) = match written {
        Ok(body) => (reply.status, body),
        Err(refusal) => (refusal.code, whole(refusal.to_status().to_string())),
    };

    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Ok(audit_id) = HeaderValue::from_str(audit_id) {
        headers.insert(AUDIT_ID, audit_id);
    }
    if let Some(seconds) = retry_after {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    if media_type.starts_with("text/plain") {
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    for warning in &reply.warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            headers.append(WARNING, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_would_take_for_a_tag_is_escaped_and_all_else_is_as_it_was() {
        let plain = String::from(r#"{"name":"Zoë \n \u0000 🔑","n":[1,null]}"#);
        let (address, text) = (plain.as_ptr(), plain.clone());
        let same = go_escaped(plain);
        assert_eq!((same.as_ptr(), same), (address, text), "nothing is copied");
        let escaped = go_escaped("ë<b>&amp;\u{2028}\u{2029}é".to_owned());
        assert_eq!(escaped, "ë\\u003cb\\u003e\\u0026amp;\\u2028\\u2029é");
    }
}
