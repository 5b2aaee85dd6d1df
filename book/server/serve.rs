//! The site over HTTP, for this machine's browsers alone.

use crate::render::Rendered;
use crate::site::{self, Site};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// More browsers' tabs than a reader has open.
const CONNECTIONS: usize = 128;
/// How long a request's head may take, and how long an open page waits for a change at a time.
const PATIENCE: Duration = Duration::from_secs(20);
const MAX_HEAD: usize = 32 * 1024;

/// A page may load what is in the book and nothing else. mdBook's pages have scripts in them.
const POLICY: &str = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' \
                      'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'; \
                      form-action 'none'; frame-ancestors 'self'";

/// What is shown just now.
pub(crate) struct State(watch::Sender<Now>);

#[derive(Clone, Default)]
struct Now {
    turn: u64,
    /// The last one that could be built.
    site: Arc<Site>,
    problem: Option<String>,
}

impl State {
    pub(crate) fn new(rendered: Rendered) -> Self {
        let state = Self(watch::Sender::default());
        state.show(rendered);
        state
    }

    /// Shows another; where there is none, the last stays, and its reader is told.
    pub(crate) fn show(&self, rendered: Rendered) {
        self.0.send_modify(|now| {
            now.turn += 1;
            now.problem = (!rendered.problems.is_empty()).then(|| {
                let shown =
                    if rendered.site.is_some() { "" } else { "You see the last good state.\n\n" };
                format!(
                    "Something is wrong with the book. {shown}\n{}",
                    rendered.problems.join("\n")
                )
            });
            if let Some(site) = rendered.site {
                now.site = Arc::new(site);
            }
        });
    }
}

/// Serves until Ctrl-C.
pub(crate) fn until_interrupted(listener: TcpListener, state: Arc<State>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            ended = serve(listener, state) => ended,
            interrupted = tokio::signal::ctrl_c() => interrupted,
        }
    })
}

async fn serve(listener: TcpListener, state: Arc<State>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return Ok(()) };
        // Out of files, say: that passes, and an open page asks again.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let answer = service_fn(move |request| {
                let state = Arc::clone(&state);
                async move { Ok::<_, Infallible>(answer(&request, &state).await) }
            });
            // A browser that went away is no error of ours.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .max_buf_size(MAX_HEAD)
                .serve_connection(TokioIo::new(stream), answer)
                .await;
            drop(place);
        });
    }
}

async fn answer(request: &Request<Incoming>, state: &State) -> Response<Full<Bytes>> {
    if !is_for_this_machine(request) {
        return plain(
            StatusCode::FORBIDDEN,
            "This book is read on the machine it runs on: ask localhost.\n",
        );
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "A book can only be read.\n");
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    match request.uri().path() {
        "/-/changes" => changes(request.uri().query(), state).await,
        "/-/changes.js" => {
            let script = Bytes::from_static(include_bytes!("changes.js"));
            respond(StatusCode::OK, site::kind("changes.js"), script)
        }
        path => {
            let now = state.0.borrow().clone();
            page(path, &now)
        }
    }
}

/// A name that leads here, but is not this machine's, is how a web page elsewhere would have the
/// browser ask for it (DNS rebinding).
fn is_for_this_machine(request: &Request<Incoming>) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let name = host.map(|host| match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    });
    // The port is another where it is forwarded.
    matches!(name, Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// Answers when something is new to one who has seen that turn, or after a while.
async fn changes(query: Option<&str>, state: &State) -> Response<Full<Bytes>> {
    let seen = query.and_then(|query| query.strip_prefix("since=")?.parse().ok());
    let mut told = state.0.subscribe();
    let new = told.wait_for(|now| Some(now.turn) != seen);
    let _ = tokio::time::timeout(PATIENCE, new).await.map(|new| new.map(|_| ()));
    let now = state.0.borrow().clone();
    let body = serde_json::json!({
        "turn": now.turn,
        "revision": revision(&now.site),
        "problem": now.problem,
    });
    respond(StatusCode::OK, "application/json", body.to_string().into())
}

/// In letters: a browser's numbers are too short for it.
fn revision(site: &Site) -> String {
    format!("{:016x}", site.revision)
}

fn page(path: &str, now: &Now) -> Response<Full<Bytes>> {
    let decoded = percent_encoding::percent_decode_str(path.trim_start_matches('/'));
    let decoded = decoded.decode_utf8_lossy();
    let mut wanted = decoded.into_owned();
    if wanted.is_empty() || wanted.ends_with('/') {
        wanted.push_str("index.html");
    } else if now.site.file(&format!("{wanted}/index.html")).is_some() {
        // Its links are relative to the folder.
        let mut answer = plain(StatusCode::PERMANENT_REDIRECT, "");
        if let Ok(folder) = HeaderValue::from_str(&format!("/{}/", path.trim_matches('/'))) {
            answer.headers_mut().insert(header::LOCATION, folder);
        }
        return answer;
    }
    let (status, path, file) = match now.site.file(&wanted) {
        Some(file) => (StatusCode::OK, wanted.as_str(), file.clone()),
        None => match now.site.file("404.html") {
            Some(file) => (StatusCode::NOT_FOUND, "404.html", file.clone()),
            None => (StatusCode::NOT_FOUND, "404.html", Bytes::from_static(NOTHING_YET)),
        },
    };
    let kind = site::kind(path);
    let body = if kind.starts_with("text/html") { follows(&file, &now.site) } else { file };
    respond(status, kind, body)
}

/// Until the book builds for the first time.
const NOTHING_YET: &[u8] = b"<!DOCTYPE html><html lang=\"en\"><title>How Does That Token Work?</title>\
    <body><p>The book does not build. What is wrong stands below, and in the terminal.</p></body></html>";

/// The page, and in it the script that follows the book.
fn follows(page: &Bytes, site: &Site) -> Bytes {
    let Some(end) = page.windows(7).rposition(|window| window == b"</body>") else {
        return page.clone();
    };
    let script =
        format!("<script src=\"/-/changes.js\" data-revision=\"{}\"></script>", revision(site));
    [&page[..end], script.as_bytes(), &page[end..]].concat().into()
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    respond(status, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()))
}

fn respond(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
