//! What people do to a server that they do not like, on loopback, in bounded amounts. Each time the
//! others must still be answered, the memory must come back, and the log must hold no secret.

#![allow(clippy::unwrap_used, reason = "tests")]
#![cfg(unix)]

mod common;

use common::running::{Connector, Running};
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_rustls::client::TlsStream;

/// The administrator's token in these tests. It must never be in a log.
const TOKEN: &str = "s3cret-0f-the-abuse-tests";
/// How long anybody else may have to wait: much, for a debug build on a busy machine, and far less
/// than any of the time-outs.
const PATIENCE: Duration = Duration::from_secs(8);
/// How much larger than before the server may stay: what the allocator keeps for the next time. glibc
/// keeps nearly all that a thousand connections took, 25 to 35 MiB; that the second thousand fit into
/// it is a check of its own.
const KEPT_KILOBYTES: u64 = 48 * 1024;

/// A lab that knows [`TOKEN`] and traces every request.
fn lab(folder: &Path) -> Running {
    Running::start(folder, &flags(folder))
}

fn flags(folder: &Path) -> [&'static str; 2] {
    let tokens = folder.join("tokens.csv");
    std::fs::write(&tokens, format!("{TOKEN},admin,u1,system:masters\n")).unwrap();
    let flag = format!("--token-auth-file={}", tokens.display());
    [String::leak(flag), "--trace"]
}

fn request(method: &str, path: &str, token: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: lab\r\nauthorization: Bearer {token}\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

/// The status of the next answer, and all of it.
async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(u16, String)> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            return Ok((head[9..12].parse().unwrap(), text.into_owned()));
        }
    }
}

/// What comes after the headers.
fn json(answer: &str) -> serde_json::Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// Asks on a new connection, as an honest client does.
async fn ask(connector: &Connector, method: &str, path: &str, body: &str) -> (u16, String) {
    let since = Instant::now();
    let answer = timeout(Duration::from_secs(60), try_to_ask(connector, method, path, body)).await;
    assert!(since.elapsed() < PATIENCE, "an honest client waited {:?}", since.elapsed());
    answer.unwrap().unwrap()
}

async fn try_to_ask(
    connector: &Connector,
    method: &str,
    path: &str,
    body: &str,
) -> io::Result<(u16, String)> {
    let mut stream = connector.connect().await?;
    stream.write_all(request(method, path, TOKEN, body).as_bytes()).await?;
    answer(&mut stream).await
}

/// Somebody who asks again and again while others misbehave.
struct Bystander {
    done: Arc<AtomicBool>,
    asking: JoinHandle<u32>,
}

impl Bystander {
    fn of(lab: &Running) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let (connector, enough) = (lab.connector(&["http/1.1"]), done.clone());
        let asking = tokio::spawn(async move {
            let mut answers = 0;
            while !enough.load(Ordering::Relaxed) || answers == 0 {
                let (status, _) = ask(&connector, "GET", "/api/v1/namespaces/default", "").await;
                assert_eq!(status, 200);
                answers += 1;
                sleep(Duration::from_millis(50)).await;
            }
            answers
        });
        Self { done, asking }
    }

    /// Was answered each time, and soon.
    async fn leave_content(self) {
        self.done.store(true, Ordering::Relaxed);
        assert!(self.asking.await.unwrap() > 0);
    }
}

/// Waits until the server is about as small as it was. Without a /proc there is nothing to see.
async fn shrinks(lab: &Running, before: Option<u64>) {
    let Some(before) = before else { return };
    let mut now = 0;
    for _ in 0..100 {
        now = lab.kilobytes("VmRSS").unwrap();
        if now < before + KEPT_KILOBYTES {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    let peak = lab.kilobytes("VmHWM").unwrap();
    panic!("{before} kB before, {peak} kB at most, and still {now} kB after");
}

/// It runs, no part of it has panicked, and its log holds none of these.
fn is_well(lab: &mut Running, secrets: &[&str]) {
    assert!(!lab.has_ended(), "{}", lab.log());
    let log = lab.log();
    assert!(log.contains("GET /api/v1/namespaces/default -> 200"), "it traces");
    assert!(!log.contains("panicked"), "{log}");
    for secret in secrets.iter().chain(&[TOKEN]) {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
}

/// Some requests, so that what is allocated once is allocated.
async fn warm_up(lab: &Running) -> Option<u64> {
    let connector = lab.connector(&["http/1.1"]);
    for _ in 0..20 {
        ask(&connector, "GET", "/api/v1/namespaces/default", "").await;
    }
    lab.kilobytes("VmRSS")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "abuse: a thousand connections"]
async fn a_thousand_connections_that_have_asked_and_stay() {
    let folder = TempDir::new().unwrap();
    let mut lab = lab(folder.path());
    let before = warm_up(&lab).await;
    let bystander = Bystander::of(&lab);

    let connector = lab.connector(&["http/1.1"]);
    let mut peaks = Vec::new();
    for _ in 0..2 {
        let mut clients = JoinSet::new();
        for _ in 0..20 {
            clients.spawn(fifty_who_stay(connector.clone()));
        }
        let idle: Vec<_> = clients.join_all().await.into_iter().flatten().collect();
        assert_eq!(idle.len(), 1000);
        ask(&connector, "GET", "/api", "").await;
        peaks.extend(lab.kilobytes("VmHWM"));
        drop(idle);
        while lab.open_files().is_some_and(|files| files > 100) {
            sleep(Duration::from_millis(50)).await;
        }
    }
    bystander.leave_content().await;
    if let (Some(before), &[first, second]) = (before, peaks.as_slice()) {
        let each = (first - before) / 1000;
        assert!(each < 100, "{each} kB for each idle connection");
        assert!(
            second < first + 16 * 1024,
            "the second thousand find no room: {first}, {second} kB"
        );
    }
    shrinks(&lab, before).await;
    is_well(&mut lab, &[]);
}

async fn fifty_who_stay(connector: Connector) -> Vec<TlsStream<TcpStream>> {
    let mut idle = Vec::new();
    for _ in 0..50 {
        let mut stream = connector.connect().await.unwrap();
        stream.write_all(request("GET", "/api", TOKEN, "").as_bytes()).await.unwrap();
        assert_eq!(answer(&mut stream).await.unwrap().0, 200);
        idle.push(stream);
    }
    idle
}

/// A way to hang: what it is, ALPN or plain TCP, what is sent first, whether more follows a byte a
/// second, and after how many seconds the server lets go.
type Hanging<'h> = (&'h str, Option<&'h [&'h str]>, Vec<u8>, bool, u64);

/// Sends, then a byte a second for ever; answers how long the server bore it, and what it said.
async fn slowly(
    mut stream: impl AsyncRead + tokio::io::AsyncWrite + Unpin,
    first: Vec<u8>,
    trickle: bool,
) -> (Duration, Vec<u8>) {
    let since = Instant::now();
    let mut said = Vec::new();
    let _ = stream.write_all(&first).await;
    loop {
        match timeout(Duration::from_secs(1), stream.read_buf(&mut said)).await {
            Ok(Ok(0) | Err(_)) => break,
            Err(_) if trickle => {
                if stream.write_all(b"x").await.is_err() {
                    break;
                }
            }
            Ok(Ok(_)) | Err(_) => {}
        }
        if since.elapsed() > Duration::from_secs(60) {
            break;
        }
    }
    (since.elapsed(), said)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "abuse: waits for time-outs of up to 30 seconds"]
async fn who_hangs_is_let_go() {
    let folder = TempDir::new().unwrap();
    let mut lab = lab(folder.path());
    let before = warm_up(&lab).await;
    let bystander = Bystander::of(&lab);

    let hello = [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(), &[7; 40]].concat();
    let headers = b"GET /api HTTP/1.1\r\nhost: lab\r\nx-slow: ".to_vec();
    let whole = request("POST", "/api/v1/namespaces/default/configmaps", TOKEN, &"x".repeat(1000));
    let body = whole.as_bytes()[..whole.len() - 1000].to_vec();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM".to_vec();
    let h2_headers = [PREFACE, &frame(1, 0, 1, &GET_ROOT[..2])].concat();
    let cases: [Hanging; 8] = [
        ("half-open TLS", None, Vec::new(), false, 10),
        ("half a ClientHello", None, hello, true, 10),
        ("silence in HTTP/1.1", Some(&["http/1.1"]), Vec::new(), false, 15),
        ("silence in no protocol", Some(&[]), Vec::new(), false, 15),
        ("half a preface", Some(&["h2"]), preface, false, 15),
        ("half the headers in HTTP/2", Some(&["h2"]), h2_headers, false, 15),
        ("slow headers", Some(&[]), headers, true, 15),
        ("slow body", Some(&[]), body, true, 30),
    ];
    let mut hanging = JoinSet::new();
    for (what, protocols, first, trickle, seconds) in cases {
        for _ in 0..25 {
            let first = first.clone();
            match protocols {
                None => {
                    let stream = TcpStream::connect(lab.address).await.unwrap();
                    hanging.spawn(async move {
                        let (bore, said) = slowly(stream, first, trickle).await;
                        (what, bore, seconds, said)
                    });
                }
                Some(protocols) => {
                    let stream = lab.connector(protocols).connect().await.unwrap();
                    hanging.spawn(async move {
                        let (bore, said) = slowly(stream, first, trickle).await;
                        (what, bore, seconds, said)
                    });
                }
            }
        }
    }
    for (what, bore, seconds, said) in hanging.join_all().await {
        assert!(bore < Duration::from_secs(seconds) + PATIENCE, "{what}: {bore:?}");
        if what == "slow body" {
            assert!(bore > Duration::from_secs(25), "{what}: {bore:?}");
            let said = String::from_utf8_lossy(&said).into_owned();
            assert!(said.contains("the body of the request took too long"), "{said}");
        }
    }

    bystander.leave_content().await;
    shrinks(&lab, before).await;
    is_well(&mut lab, &[]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "abuse: more connections than there is room for"]
async fn a_full_house_makes_room() {
    let folder = TempDir::new().unwrap();
    let mut lab = Running::with_few_files(200, folder.path(), &flags(folder.path()));
    warm_up(&lab).await;
    for protocols in [None, Some(["http/1.1"]), Some(["h2"])] {
        let mut silent = Vec::new();
        let mut shaking_hands = JoinSet::new();
        for _ in 0..300 {
            match protocols {
                None => silent.push(TcpStream::connect(lab.address).await.unwrap()),
                Some(protocols) => {
                    let connector = lab.connector(&protocols);
                    shaking_hands.spawn(async move { connector.connect().await });
                }
            }
        }
        let stay = shaking_hands.join_all().await;
        let connector = lab.connector(&["http/1.1"]);
        let since = Instant::now();
        // On a busy machine it may be shown the door before it has asked. Then it comes again.
        let asking = || try_to_ask(&connector, "GET", "/api/v1/namespaces/default", "");
        while !asking().await.is_ok_and(|(status, _)| status == 200) {}
        assert!(since.elapsed() < PATIENCE, "{protocols:?}: {:?}", since.elapsed());
        drop((silent, stay));
    }
    is_well(&mut lab, &[]);
}

/// Bytes that look random, and are the same in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_be_bytes()[0]).collect()
    }

    fn pick<'p>(&mut self, from: &[&'p str]) -> &'p str {
        from[usize::try_from(self.next() % from.len() as u64).unwrap()]
    }
}

/// A request that nobody should send, and that HTTP allows.
fn nonsense(noise: &mut Noise, jwt: &str) -> String {
    let method = noise.pick(&["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"]);
    let path = noise.pick(&[
        "/api/v1/namespaces/default/configmaps/a%00b",
        "/api/v1/namespaces/%2e%2e/%2e%2e/secrets?watch=0&limit=-1",
        "/api/v1/pods?continue=%ff%fe&labelSelector=((((",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/%F0%9F%92%A9",
        "/api/v1/namespaces/default/serviceaccounts/default/token/token/token",
        "//////",
        "/openapi/v3/../../../etc/passwd",
    ]);
    let token = match noise.next() % 5 {
        0 => TOKEN.to_owned(),
        1 => format!("{}x", &jwt[..jwt.len() - 3]),
        2 => format!("{jwt}.{jwt}"),
        3 => "eyJhbGciOiJub25lIn0.e30.".to_owned(),
        _ => ".".repeat(3000),
    };
    let body = noise.pick(&[
        "",
        "{",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        r#"{"metadata":{"name":"UPPER","labels":{"a":[]}},"kind":7}"#,
        "k8s\0\u{0}\u{7f}\u{1}",
        "- a\n- &x [*x, *x]\n",
    ]);
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: lab\r\n");
    let scheme = noise.pick(&["Bearer", "bearer", "Basic", "Bearer ", ""]);
    let kind = noise.pick(&[
        "application/json",
        "application/yaml",
        "application/vnd.kubernetes.protobuf",
        "application/merge-patch+json",
        "text/plain; charset",
    ]);
    let length = body.len();
    write!(
        text,
        "authorization: {scheme} {token}\r\ncontent-type: {kind}\r\naccept: {kind};as=Table\r\n\
         impersonate-group: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    text
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "abuse: 20 000 requests"]
async fn twenty_thousand_requests_of_garbage() {
    let folder = TempDir::new().unwrap();
    let mut lab = lab(folder.path());
    let connector = lab.connector(&["http/1.1"]);
    let path = "/api/v1/namespaces/default/serviceaccounts/default/token";
    let (status, body) = ask(&connector, "POST", path, "{}").await;
    assert_eq!(status, 201, "{body}");
    let jwt: Arc<str> = json(&body)["status"]["token"].as_str().unwrap().into();
    let before = warm_up(&lab).await;
    let bystander = Bystander::of(&lab);

    let mut senders = JoinSet::new();
    for seed in 1..=8 {
        let (connector, jwt, address) = (connector.clone(), jwt.clone(), lab.address);
        senders.spawn(async move {
            let mut noise = Noise(seed * 0x9e37_79b9);
            // No TLS at all.
            for _ in 0..250 {
                let mut stream = TcpStream::connect(address).await.unwrap();
                let _ = stream.write_all(&noise.bytes(200)).await;
                let _ = stream.read(&mut [0; 64]).await;
            }
            // TLS, and no HTTP.
            for _ in 0..50 {
                let mut stream = connector.connect().await.unwrap();
                let _ = stream.write_all(&noise.bytes(200)).await;
                let _ = stream.write_all(b"\r\n\r\n").await;
                let _ = stream.read(&mut [0; 64]).await;
            }
            // HTTP, and no sense: each is answered, and none breaks anything.
            for _ in 0..22 {
                let mut stream = connector.connect().await.unwrap();
                for _ in 0..100 {
                    let asked = nonsense(&mut noise, &jwt);
                    stream.write_all(asked.as_bytes()).await.unwrap();
                    let answered = answer(&mut stream).await;
                    let (status, body) = answered.unwrap_or_else(|why| panic!("{why}: {asked}"));
                    assert!(status < 500, "{body} to {asked}");
                    if body.contains("\r\nconnection: close\r\n") {
                        stream = connector.connect().await.unwrap();
                    }
                }
            }
        });
    }
    assert_eq!(senders.join_all().await.len(), 8);

    bystander.leave_content().await;
    shrinks(&lab, before).await;
    let signature = jwt.rsplit('.').next().unwrap();
    is_well(&mut lab, &[&jwt, signature, &signature[..40]]);
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// `GET https://lab/` in HPACK: three entries of its static table, and a name of one's own.
const GET_ROOT: &[u8] = b"\x82\x87\x84\x41\x03lab";

/// The frames of the nth thing that is sent.
type Flood = fn(u32) -> Vec<u8>;

/// The nth stream of a client.
fn odd(n: u32) -> u32 {
    n * 2 + 1
}

/// The nth GET: `END_STREAM` and `END_HEADERS`.
fn get(n: u32) -> Vec<u8> {
    frame(1, 5, odd(n), GET_ROOT)
}

/// A frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "abuse: HTTP/2 floods"]
async fn resets_and_other_floods_of_http2() {
    let folder = TempDir::new().unwrap();
    let mut lab = lab(folder.path());
    let before = warm_up(&lab).await;
    let bystander = Bystander::of(&lab);

    let floods: [(&str, Flood); 6] = [
        // CVE-2023-44487
        ("resets", |n| [get(n), frame(3, 0, odd(n), &[0, 0, 0, 8])].concat()),
        ("streams, answers not read", get),
        ("pings", |_| frame(6, 0, 0, &[0; 8])),
        ("settings", |_| frame(4, 0, 0, &[])),
        // CVE-2024-27316
        ("continuations", |n| match n {
            0 => frame(1, 1, 1, GET_ROOT),
            _ => frame(9, 0, 1, b"\x40\x01a\x01b"),
        }),
        // CVE-2025-8671: the client makes the server reset.
        ("resets by the server", |n| [get(n), frame(8, 0, odd(n), &[0; 4])].concat()),
    ];
    let mut flooding = JoinSet::new();
    for (what, flood) in floods {
        for _ in 0..2 {
            let mut stream = lab.connector(&["h2"]).connect().await.unwrap();
            stream.write_all(PREFACE).await.unwrap();
            let frames: Vec<Vec<u8>> = (0..20)
                .map(|part| (part * 1000..(part + 1) * 1000).flat_map(flood).collect())
                .collect();
            flooding.spawn(async move {
                let mut sent = 0;
                for part in frames {
                    // Whoever reads nothing may be left waiting, or thrown out.
                    match timeout(Duration::from_secs(2), stream.write_all(&part)).await {
                        Ok(Ok(())) => sent += 1000,
                        _ => break,
                    }
                }
                (what, sent, stream)
            });
        }
    }
    let streams = flooding.join_all().await;
    for (what, sent, _) in &streams {
        println!("{what}: {sent} sent");
    }
    ask(&lab.connector(&["http/1.1"]), "GET", "/api", "").await;
    drop(streams);

    bystander.leave_content().await;
    shrinks(&lab, before).await;
    is_well(&mut lab, &[]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "abuse: big answers that nobody reads"]
async fn who_asks_and_never_reads_costs_little() {
    let folder = TempDir::new().unwrap();
    let mut lab = lab(folder.path());
    let before = warm_up(&lab).await;
    let bystander = Bystander::of(&lab);

    let asked = request("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles", TOKEN, "");
    let many = asked.repeat(300);
    let mut streams = Vec::new();
    for _ in 0..30 {
        let mut stream = lab.connector(&["http/1.1"]).connect().await.unwrap();
        let _ = timeout(Duration::from_millis(20), stream.write_all(many.as_bytes())).await;
        streams.push(stream);
    }
    ask(&lab.connector(&["http/1.1"]), "GET", "/api", "").await;
    if let (Some(before), Some(peak)) = (before, lab.kilobytes("VmHWM")) {
        let each = peak.saturating_sub(before) / 30;
        assert!(each < 3 * 1024, "{each} kB for each client that does not read");
    }
    drop(streams);

    bystander.leave_content().await;
    shrinks(&lab, before).await;
    is_well(&mut lab, &[]);
}

/// A write waits for the disk. Nobody else has to.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "abuse: as many writes as go"]
async fn who_reads_does_not_wait_for_who_writes() {
    let folder = TempDir::new().unwrap();
    let mut lab = lab(folder.path());
    let before = warm_up(&lab).await;
    let bystander = Bystander::of(&lab);
    let connector = lab.connector(&["http/1.1"]);
    let mut writers = JoinSet::new();
    for writer in 0..50 {
        let connector = connector.clone();
        writers.spawn(async move {
            let mut stream = connector.connect().await.unwrap();
            for number in 0..10 {
                let body = format!(r#"{{"metadata":{{"name":"note-{writer}-{number}"}}}}"#);
                let path = "/api/v1/namespaces/default/configmaps";
                stream.write_all(request("POST", path, TOKEN, &body).as_bytes()).await.unwrap();
                let (status, body) = answer(&mut stream).await.unwrap();
                assert_eq!(status, 201, "{body}");
            }
        });
    }
    assert_eq!(writers.join_all().await.len(), 50);
    bystander.leave_content().await;
    shrinks(&lab, before).await;
    is_well(&mut lab, &[]);
}
