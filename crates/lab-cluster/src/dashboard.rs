//! The dashboard: a small web page at the server's own address, `/dashboard/`. Paste a token, and
//! it shows what that token is and what the API lets its bearer see.
//!
//! The page is a client like any other. What is served here, to anybody, is four files that never
//! change; all that the page shows it gets from the API, with the `Authorization` header that the
//! reader's token makes. The token stays in the page's memory. Should something in the cluster have
//! been named `<script>`, the page has no way to run it: it writes texts, never HTML, and its
//! [policy](POLICY) forbids every script, style and connection but the server's own.
//!
//! Besides its files the page needs one thing that a real API server does not have: why a request
//! was answered as it was. That is a [`Trace`]: what each authenticator said of the credential, who
//! that makes the sender, and which rule allowed or forbade what they asked; a reader of a real
//! server finds it in that server's log, if at all. A request with the header `Lab-Trace: yes` gets
//! its own back in a header of that name, as JSON, and nobody else's. It is told to whoever sends
//! such a request from this machine, whoever they are: also to one who is refused with a 401, whom
//! the answer itself tells nothing. So it is not told to other machines, nor to a page from
//! elsewhere. A request without the header is answered as if there were no dashboard.
//!
//! ```text
//! $ curl -sk -o /dev/null -D - -H 'Lab-Trace: yes' https://127.0.0.1:16443/api | grep -i lab-trace
//! lab-trace: {"time":"2026-11-23T12:00:00.000Z","authenticators":[...],"user":null,...}
//! ```
//!
//! `--dashboard=false` leaves out both.

use crate::api::Peer;
use crate::trace::Trace;
use crate::watching::Answer;
use chrono::SecondsFormat;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use narration::Clock;
use serde_json::json;
use std::fmt::Write;
use std::net::IpAddr;
use std::sync::Arc;

/// Where the page is.
pub const PATH: &str = "/dashboard/";

/// What the page may load, and talk to: its own files and the API beside them. It can't be framed,
/// can't send a form anywhere, and no text can become a script.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The header that asks for the trace of its own request, and brings it.
pub const LAB_TRACE: HeaderName = HeaderName::from_static("lab-trace");

/// Browsers give up on an answer whose headers are too long; the trace is not worth that.
const MAX_TRACE_BYTES: usize = 32 << 10;

const FILES: [(&str, &str, &str); 7] = [
    ("", "text/html; charset=utf-8", include_str!("dashboard/index.html")),
    ("style.css", "text/css; charset=utf-8", include_str!("dashboard/style.css")),
    ("icon.svg", "image/svg+xml", include_str!("dashboard/icon.svg")),
    ("page.js", "text/javascript; charset=utf-8", include_str!("dashboard/page.js")),
    ("show.js", "text/javascript; charset=utf-8", include_str!("dashboard/show.js")),
    ("api.js", "text/javascript; charset=utf-8", include_str!("dashboard/api.js")),
    ("token.js", "text/javascript; charset=utf-8", include_str!("dashboard/token.js")),
];

/// The page's files, and the trace for whoever asks for it.
pub struct Dashboard {
    /// The address that the server listens on.
    pub address: IpAddr,
    /// What time it is for the server: the page counts down by this clock, not by the browser's.
    pub clock: Arc<dyn Clock>,
}

impl Dashboard {
    /// The answer, if one of the page's files is asked for. Everything else is the API's.
    #[must_use]
    pub fn page(&self, request: &Parts) -> Option<Response<Answer>> {
        let path = request.uri.path();
        let mut answer = if path == PATH.trim_end_matches('/') {
            let mut moved = plain(StatusCode::PERMANENT_REDIRECT, "It is at /dashboard/.\n");
            moved.headers_mut().insert(LOCATION, HeaderValue::from_static(PATH));
            moved
        } else {
            let name = path.strip_prefix(PATH)?;
            let (_, media_type, text) = FILES.iter().find(|(file, ..)| *file == name)?;
            file(StatusCode::OK, media_type, text)
        };
        if !self.is_addressed(request) {
            let why = "The dashboard answers only those who come to the lab by its address, \
                       127.0.0.1, [::1] or localhost: not by a name that somebody else controls.\n";
            answer = plain(StatusCode::MISDIRECTED_REQUEST, why);
        } else if ![Method::GET, Method::HEAD].contains(&request.method) {
            answer = plain(StatusCode::METHOD_NOT_ALLOWED, "These are files: GET them.\n");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        Some(answer)
    }

    /// Adds the trace of a request to its answer, if the request asked for it.
    pub fn explain(&self, request: &Parts, trace: &Trace, answer: &mut HeaderMap) {
        let asked = request.headers.get(LAB_TRACE).is_some_and(|value| value == "yes");
        // A trace says what a real server keeps in its log. It is for who sits at this machine.
        let near = request
            .extensions
            .get::<Peer>()
            .is_some_and(|Peer(peer)| peer.to_canonical().is_loopback());
        if asked && near && self.is_addressed(request) {
            answer.insert(LAB_TRACE, self.in_a_header(trace));
        }
    }

    /// Whether the request came to the address of this machine. A page from elsewhere whose *name*
    /// was made to lead here (DNS rebinding) is told apart by that name: it stands in the request.
    fn is_addressed(&self, request: &Parts) -> bool {
        let mut hosts = request.headers.get_all(HOST).iter().map(HeaderValue::as_bytes);
        let (first, more) = (hosts.next(), hosts.next());
        // HTTP/2 has it in the address.
        let named = request.uri.authority().map(|authority| authority.as_str().as_bytes());
        more.is_none()
            && (first.is_some() || named.is_some())
            && first.into_iter().chain(named).all(|host| self.is_own(host))
    }

    fn is_own(&self, host: &[u8]) -> bool {
        let Ok(authority) = Authority::try_from(host) else { return false };
        let name = authority.host();
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        !authority.as_str().contains('@')
            && (name.eq_ignore_ascii_case("localhost")
                || address.is_ok_and(|address| address.is_loopback() || address == self.address))
    }

    /// JSON in ASCII: fit for a header, and for the eye. What the request was its sender knows.
    fn in_a_header(&self, trace: &Trace) -> HeaderValue {
        let time = self.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let authenticators: Vec<_> = trace
            .authenticators
            .iter()
            .map(|opinion| json!({ "name": opinion.authenticator, "said": opinion.said }))
            .collect();
        let whole = ascii(&json!({
            "time": time,
            "authenticators": authenticators,
            "user": trace.user,
            "impersonation": trace.impersonation,
            "authorizer": trace.authorizer,
        }));
        let text = if whole.len() > MAX_TRACE_BYTES {
            ascii(&json!({ "time": time, "leftOut": "longer than a header should be" }))
        } else {
            whole
        };
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("{}"))
    }
}

/// JSON with everything beyond ASCII escaped, as JSON allows.
fn ascii(value: &serde_json::Value) -> String {
    let mut escaped = String::new();
    for c in value.to_string().chars() {
        if matches!(c, ' '..='~') {
            escaped.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}"); // into a String: it can't fail
            }
        }
    }
    escaped
}

fn plain(status: StatusCode, text: &'static str) -> Response<Answer> {
    file(status, "text/plain; charset=utf-8", text)
}

fn file(status: StatusCode, media_type: &'static str, text: &'static str) -> Response<Answer> {
    let mut response = Response::new(Answer::Whole(Full::new(Bytes::from_static(text.as_bytes()))));
    *response.status_mut() = status;
    let headers = [
        (CONTENT_TYPE, media_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use http::Request;
    use narration::ManualClock;

    fn dashboard() -> Dashboard {
        let address = "192.168.1.5".parse().unwrap();
        Dashboard { address, clock: Arc::new(ManualClock::at_unix(1_795_435_200)) }
    }

    fn request(target: &str, hosts: &[&str]) -> Parts {
        let mut request = Request::builder().uri(target);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn only_who_comes_by_address_is_served() {
        let status = |target: &str, hosts: &[&str]| {
            dashboard().page(&request(target, hosts)).unwrap().status().as_u16()
        };
        for own in [
            "127.0.0.1:16443",
            "127.0.0.1",
            "127.8.9.1:1",
            "[::1]:16443",
            "localhost:16443",
            "LOCALHOST",
            "192.168.1.5:16443",
        ] {
            assert_eq!(status(PATH, &[own]), 200, "{own}");
            assert_eq!(status(&format!("https://{own}{PATH}"), &[]), 200, "{own} by HTTP/2");
        }
        for other in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.1@evil.example",
            "evil.example@127.0.0.1",
            "192.168.1.6",
            "0.0.0.0",
            "[::2]",
            "127.0.0.1 evil.example",
            "127.0.0.1, evil.example",
            "2130706433",
        ] {
            assert_eq!(status(PATH, &[other]), 421, "{other}");
        }
        assert_eq!(status(PATH, &[]), 421, "no Host at all");
        assert_eq!(status(PATH, &["localhost", "evil.example"]), 421);
        assert_eq!(status(PATH, &["localhost", "localhost"]), 421);
        assert_eq!(status(&format!("https://evil.example{PATH}"), &["localhost"]), 421);
        assert_eq!(status(&format!("https://localhost{PATH}"), &["evil.example"]), 421);
    }

    #[test]
    fn a_trace_is_told_on_this_machine_alone() {
        let told_to = |peer: Option<&str>| {
            let mut request = request("/api", &["localhost"]);
            request.headers.insert(LAB_TRACE, HeaderValue::from_static("yes"));
            if let Some(peer) = peer {
                request.extensions.insert(Peer(peer.parse().unwrap()));
            }
            let mut answer = HeaderMap::new();
            dashboard().explain(&request, &Trace::default(), &mut answer);
            answer.contains_key(LAB_TRACE)
        };
        // An IPv4 client of a socket that listens on IPv6 has an address of both.
        for near in ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"] {
            assert!(told_to(Some(near)), "{near}");
        }
        for far in ["192.168.1.5", "192.168.1.6", "10.0.0.1", "::ffff:192.168.1.5", "fe80::1", "::"]
        {
            assert!(!told_to(Some(far)), "{far}");
        }
        assert!(!told_to(None), "nobody knows from where");
    }

    #[test]
    fn a_path_that_is_no_file_is_the_apis() {
        for path in [
            "/",
            "/api",
            "/dashboardx",
            "/dashboard/x",
            "/dashboard/index.html",
            "/dashboard//",
            "/dashboard/../api",
            "/dashboard/%70age.js",
            "/api/dashboard/",
        ] {
            assert!(dashboard().page(&request(path, &["localhost"])).is_none(), "{path}");
        }
    }

    #[test]
    fn a_trace_is_ascii_and_bounded() {
        let mut trace = Trace {
            user: Some("Ünïcode 🔑\u{7f}\r\nSet-Cookie: x".into()),
            ..Trace::default()
        };
        let text = dashboard().in_a_header(&trace);
        let text = text.to_str().unwrap();
        let read: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(read["user"], trace.user.clone().unwrap());
        assert_eq!(read["time"], "2026-11-23T12:00:00.000Z");

        trace.user = Some("x".repeat(MAX_TRACE_BYTES));
        let text = dashboard().in_a_header(&trace);
        assert!(text.to_str().unwrap().contains("leftOut"), "{text:?}");
    }

    #[test]
    fn the_files_write_texts_and_load_nothing_from_elsewhere() {
        for (name, _, text) in FILES {
            for forbidden in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "Function(",
                "localStorage",
                "sessionStorage",
                "indexedDB",
                "document.cookie",
                "style=\"",
                "onclick=",
            ] {
                assert!(!text.contains(forbidden), "{name} has {forbidden}");
            }
            let elsewhere = text.matches("https://").count() + text.matches("http://").count();
            let known = text.matches("href=\"https://").count()
                + text.matches("xmlns=\"http://www.w3.org/").count();
            assert_eq!(elsewhere, known, "{name} names an address other than in a link");
            for link in text.split("<a ").skip(1) {
                let tag = link.split('>').next().unwrap();
                if tag.contains("https://") {
                    assert!(tag.contains("rel=\"noreferrer\""), "{name}: {tag}");
                }
            }
        }
    }
}
