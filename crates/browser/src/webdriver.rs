//! A session of `WebDriver`: one POST of JSON after the other.

use crate::Error;
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// The driver answers nothing while a page loads or a script runs; those have 30 seconds.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Session {
    port: u16,
    id: String,
}

impl Session {
    pub(crate) fn new(port: u16, capabilities: &Value) -> Result<Self, Error> {
        let answer = request(port, "POST", "/session", capabilities)?;
        let id = answer["sessionId"].as_str().unwrap_or_default().to_owned();
        Ok(Self { port, id })
    }

    /// Sends a command of the session, and gives what is in its answer.
    pub(crate) fn post(&self, command: &str, arguments: &Value) -> Result<Value, Error> {
        request(self.port, "POST", &format!("/session/{}/{command}", self.id), arguments)
    }

    pub(crate) fn end(&self) -> Result<(), Error> {
        request(self.port, "DELETE", &format!("/session/{}", self.id), &json!({})).map(drop)
    }
}

fn request(port: u16, method: &str, path: &str, body: &Value) -> Result<Value, Error> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let body = body.to_string();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let body = body_of(BufReader::new(stream))?;
    let mut answer: Value = serde_json::from_slice(&body)?;
    let value = answer["value"].take();
    match value["error"].as_str() {
        Some(error) => {
            // Its message goes on with a stack of the browser's own functions.
            let message = value["message"].as_str().unwrap_or_default();
            let message = message.lines().next().unwrap_or_default();
            Err(Error::Refused(format!("{error}: {message}")))
        }
        None => Ok(value),
    }
}

/// The driver keeps the connection, so what its answer's head says is how long the body is.
fn body_of(mut answer: impl BufRead) -> io::Result<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        answer.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    answer.read_exact(&mut body)?;
    Ok(body)
}
