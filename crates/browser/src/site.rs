//! A folder on loopback, for a browser to open.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Serves the files of a folder until the process ends, and remembers each request: what reached
/// it is known even if a browser should keep quiet about it.
pub struct Site {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// Begins to serve `folder`.
    ///
    /// # Errors
    /// When there is no such folder, or no port.
    pub fn serve(folder: impl AsRef<Path>) -> io::Result<Self> {
        let folder = folder.as_ref().canonicalize()?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let site = Self { address: listener.local_addr()?, asked: Arc::default() };
        let asked = Arc::clone(&site.asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (folder, asked) = (folder.clone(), Arc::clone(&asked));
                std::thread::spawn(move || answer(stream, &folder, &asked));
            }
        });
        Ok(site)
    }

    /// The address of a file of the folder.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// The paths that were asked for since the last call.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().map(|mut asked| std::mem::take(&mut *asked)).unwrap_or_default()
    }
}

fn answer(mut stream: TcpStream, folder: &Path, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut line = String::new();
    let mut reader = BufReader::new(&stream);
    reader.read_line(&mut line)?;
    // The rest of the head says nothing that is wanted here.
    let mut rest = String::new();
    while reader.read_line(&mut rest)? > 2 {
        rest.clear();
    }
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    if let Ok(mut asked) = asked.lock() {
        asked.push(target.clone());
    }
    let path = target.split(['?', '#']).next().unwrap_or_default().trim_start_matches('/');
    let (status, body) = match file(folder, path).and_then(fs::read) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", b"no such file\n".to_vec()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        media_type(path),
        body.len()
    )?;
    stream.write_all(&body)
}

/// The file of this name, if it lies in the folder.
fn file(folder: &Path, path: &str) -> io::Result<PathBuf> {
    let mut file = folder.join(path).canonicalize()?;
    if file.is_dir() {
        file.push("index.html");
    }
    if file.starts_with(folder) { Ok(file) } else { Err(io::ErrorKind::NotFound.into()) }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css",
        "js" => "text/javascript",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "text/html; charset=utf-8",
    }
}
