//! A rendered book, in memory: what is not in it can't be asked for.

use hyper::body::Bytes;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;

/// All files of a rendered book, by the path that a browser asks for, without the first `/`.
#[derive(Debug, Default)]
pub(crate) struct Site {
    files: BTreeMap<String, Bytes>,
    /// Another for every other book.
    pub(crate) revision: u64,
}

impl Site {
    /// Reads a folder.
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        read(folder, "", &mut files)?;
        let mut hasher = DefaultHasher::new();
        files.hash(&mut hasher);
        Ok(Self { files, revision: hasher.finish() })
    }

    pub(crate) fn file(&self, path: &str) -> Option<&Bytes> {
        self.files.get(path)
    }

    /// The first file whose path begins so: mdBook puts a hash before the ending.
    #[cfg(test)]
    pub(crate) fn beginning_with(&self, path: &str) -> Option<String> {
        let (_, bytes) = self.files.iter().find(|(name, _)| name.starts_with(path))?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    /// The pages as text, and of the others only that they are there: for the check of links.
    pub(crate) fn texts(&self) -> BTreeMap<String, Option<String>> {
        let text = |(path, bytes): (&String, &Bytes)| {
            let is_page = kind(path).starts_with("text/html");
            (path.clone(), is_page.then(|| String::from_utf8_lossy(bytes).into_owned()))
        };
        self.files.iter().map(text).collect()
    }
}

fn read(folder: &Path, under: &str, files: &mut BTreeMap<String, Bytes>) -> io::Result<()> {
    for entry in folder.read_dir()? {
        let entry = entry?;
        let path = format!("{under}{}", entry.file_name().to_string_lossy());
        // A link is not followed: it could lead anywhere.
        let kind = entry.file_type()?;
        if kind.is_dir() {
            read(&entry.path(), &format!("{path}/"), files)?;
        } else if kind.is_file() {
            files.insert(path, std::fs::read(entry.path())?.into());
        }
    }
    Ok(())
}

/// The content type, by the ending.
pub(crate) fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
