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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    /// A server of a small site, and its port.
    fn served() -> (Arc<State>, u16) {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("site");
        std::fs::create_dir_all(inside.join("chapter")).unwrap();
        std::fs::write(folder.path().join("secret"), "secret").unwrap();
        std::fs::write(inside.join("index.html"), "<body>front</body>").unwrap();
        std::fs::write(inside.join("404.html"), "<body>not here</body>").unwrap();
        std::fs::write(inside.join("style.css"), "a {}").unwrap();
        std::fs::write(inside.join("chapter/index.html"), "<body>chapter</body>").unwrap();
        std::os::unix::fs::symlink(folder.path().join("secret"), inside.join("link")).unwrap();
        let site = Some(Site::read(&inside).unwrap());
        let state = Arc::new(State::new(Rendered { site, problems: Vec::new() }));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shown = Arc::clone(&state);
        std::thread::spawn(move || until_interrupted(listener, shown));
        (state, port)
    }

    /// What comes back for the first lines of a request.
    fn ask(port: u16, head: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(stream, "{head}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn get(port: u16, path: &str) -> String {
        ask(port, &format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}"))
    }

    #[test]
    fn a_page_comes_with_its_type_and_follows_the_book() {
        let (_state, port) = served();
        let front = get(port, "/");
        assert!(front.starts_with("HTTP/1.1 200 "), "{front}");
        assert!(front.contains("content-type: text/html; charset=utf-8\r\n"), "{front}");
        assert!(front.contains("default-src 'self'") && front.contains("nosniff"), "{front}");
        assert!(front.contains("<body>front<script src=\"/-/changes.js\""), "{front}");
        assert!(get(port, "/style.css?v=1").contains("content-type: text/css"));
        assert!(get(port, "/-/changes.js").contains("content-type: text/javascript"));
        assert!(get(port, "/chapter/").contains("<body>chapter"));
        let moved = get(port, "/chapter");
        assert!(moved.starts_with("HTTP/1.1 308 ") && moved.contains("location: /chapter/\r\n"));
        let head = ask(port, "HEAD / HTTP/1.1\r\nHost: 127.0.0.1");
        assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
    }

    #[test]
    fn what_is_not_in_the_book_is_not_found() {
        let (_state, port) = served();
        for path in [
            "/gone.html",
            "/../secret",
            "/%2e%2e/secret",
            "/..%2fsecret",
            "/chapter/../../secret",
            "//secret",
            "/link",
            "/%ff%00",
        ] {
            let answer = get(port, path);
            assert!(
                answer.starts_with("HTTP/1.1 404 ") && answer.contains("not here"),
                "{path}: {answer}"
            );
        }
    }

    #[test]
    fn nobody_else_reads_it_and_nobody_writes() {
        let (_state, port) = served();
        for host in
            ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "", "[::2]"]
        {
            let answer = ask(port, &format!("GET / HTTP/1.1\r\nHost: {host}"));
            assert!(answer.starts_with("HTTP/1.1 403 "), "{host}: {answer}");
        }
        assert!(ask(port, "GET / HTTP/1.1\r\nX: y").starts_with("HTTP/1.1 403 "), "no host at all");
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let answer =
                ask(port, &format!("{method} / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0"));
            assert!(
                answer.starts_with("HTTP/1.1 405 ") && answer.contains("allow: GET, HEAD"),
                "{answer}"
            );
        }
        let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}", "x".repeat(2 * MAX_HEAD));
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let _ = write!(stream, "{long}");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.starts_with(b"HTTP/1.1 431 "), "{}", String::from_utf8_lossy(&answer));
    }

    #[test]
    fn an_open_page_is_told_of_a_change_and_of_a_problem_and_the_last_good_book_stays() {
        let (state, port) = served();
        let first = get(port, "/-/changes?since=");
        assert!(first.contains("\"turn\":1,") && first.contains("\"problem\":null"), "{first}");

        let waiting = std::thread::spawn(move || get(port, "/-/changes?since=1"));
        state.show(Rendered { site: None, problems: vec!["page.md:3: gone".into()] });
        let told = waiting.join().unwrap();
        assert!(told.contains("\"turn\":2,") && told.contains("page.md:3: gone"), "{told}");
        assert!(told.contains("You see the last good state"), "{told}");
        assert!(get(port, "/").contains("<body>front"));

        state.show(Rendered { site: Some(Site::default()), problems: Vec::new() });
        let told = get(port, "/-/changes?since=2");
        let revision = |answer: &str| answer.split("revision").nth(1).map(str::to_owned);
        assert!(revision(&told) != revision(&first), "{told}");
        assert!(get(port, "/").contains("The book does not build"));
    }
}
