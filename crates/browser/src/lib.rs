//! A real Chromium for tests, without a window. No chapter depends on it.
//!
//! It is driven by the distribution's `chromedriver` (`apt-get install chromium chromium-driver`),
//! over [WebDriver](https://www.w3.org/TR/webdriver2/): JSON in HTTP on loopback, for which a page
//! of code does. [`Site`] serves a folder and remembers who asked for what.
//!
//! ```no_run
//! use browser::{Browser, ColourScheme, Site};
//!
//! let site = Site::serve("target/book")?;
//! let Some(browser) = Browser::start()? else { return Ok(()) }; // says that there is none
//! browser.resize(360, 800)?;
//! browser.prefer(ColourScheme::Dark)?;
//! browser.open(&site.url("index.html"))?;
//! assert_eq!(browser.run("return document.title", &[])?, "How Does That Token Work?");
//! assert!(browser.console()?.is_empty());
//! for url in browser.requests()? {
//!     assert!(url.starts_with(&site.url("")));
//! }
//! # Ok::<(), browser::Error>(())
//! ```

mod site;
mod webdriver;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use webdriver::Session;

pub use site::Site;

/// What went wrong between a test and its browser.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The driver, or the connection to it.
    #[error("the browser's driver: {0}")]
    Io(#[from] io::Error),
    /// The answer is no JSON.
    #[error("the browser's driver answers what nobody can read: {0}")]
    Json(#[from] serde_json::Error),
    /// The driver refused a command, or a script failed.
    #[error("the browser says: {0}")]
    Refused(String),
}

/// What a reader has set in the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourScheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// One browser with one page, thrown away with its profile when it is dropped.
pub struct Browser {
    session: Session,
    driver: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one. `None`, and a visible line, where there is no `chromedriver`.
    ///
    /// # Errors
    /// When there is one, and it does not start.
    pub fn start() -> Result<Option<Self>, Error> {
        let driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut driver = match driver {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Past the harness, which keeps the words of tests that pass to itself.
                let mut stderr = io::stderr();
                let without = "skipped: no browser here (apt-get install chromium chromium-driver)";
                writeln!(stderr, "{without}")?;
                return Ok(None);
            }
            driver => driver?,
        };
        let profile = tempfile::tempdir()?;
        let session =
            port(&mut driver).and_then(|port| Session::new(port, &capabilities(profile.path())));
        match session {
            Ok(session) => Ok(Some(Self { session, driver, _profile: profile })),
            Err(error) => {
                driver.kill()?;
                driver.wait()?;
                Err(error)
            }
        }
    }

    /// Opens a page, and comes back when it has loaded.
    ///
    /// # Errors
    /// When nobody serves it.
    pub fn open(&self, url: &str) -> Result<(), Error> {
        self.session.post("url", &json!({ "url": url })).map(drop)
    }

    /// Runs the body of a function in the page; `arguments` are its arguments. A promise that it
    /// gives is waited for.
    ///
    /// # Errors
    /// When it throws, or takes longer than half a minute.
    pub fn run(&self, script: &str, arguments: &[Value]) -> Result<Value, Error> {
        self.session.post("execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// Makes the page this many CSS pixels wide and high.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn resize(&self, width: u32, height: u32) -> Result<(), Error> {
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics)
    }

    /// What `prefers-color-scheme` says from now on.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn prefer(&self, scheme: ColourScheme) -> Result<(), Error> {
        let value = match scheme {
            ColourScheme::Light => "light",
            ColourScheme::Dark => "dark",
        };
        let feature = json!({ "name": "prefers-color-scheme", "value": value });
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": [feature] }))
    }

    /// Goes into the frame that a CSS selector finds; [`Browser::run`] then runs there.
    ///
    /// # Errors
    /// When there is no such frame.
    pub fn enter_frame(&self, selector: &str) -> Result<(), Error> {
        let find = json!({ "using": "css selector", "value": selector });
        let frame = self.session.post("element", &find)?;
        self.session.post("frame", &json!({ "id": frame })).map(drop)
    }

    /// Goes back to the page itself.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn leave_frame(&self) -> Result<(), Error> {
        self.session.post("frame", &json!({ "id": null })).map(drop)
    }

    /// Types into the element that a CSS selector finds, key by key, as a reader would.
    ///
    /// # Errors
    /// When there is no such element, or nobody can type into it.
    pub fn type_into(&self, selector: &str, text: &str) -> Result<(), Error> {
        self.on_element(selector, "value", &json!({ "text": text }))
    }

    /// Clicks on the element that a CSS selector finds, scrolling to it first.
    ///
    /// # Errors
    /// When there is no such element, or something lies over it.
    pub fn click(&self, selector: &str) -> Result<(), Error> {
        self.on_element(selector, "click", &json!({}))
    }

    fn on_element(&self, selector: &str, command: &str, arguments: &Value) -> Result<(), Error> {
        let find = json!({ "using": "css selector", "value": selector });
        let element = self.session.post("element", &find)?;
        let id = element.as_object().and_then(|object| object.values().next()?.as_str());
        let id = id.ok_or_else(|| Error::Refused(format!("no element, but {element}")))?;
        self.session.post(&format!("element/{id}/{command}"), arguments).map(drop)
    }

    /// Warnings and errors in the console since the last call: exceptions, what a policy forbade,
    /// files that are not there.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn console(&self) -> Result<Vec<String>, Error> {
        let entries = self.log("browser")?;
        let grave = |entry: &&Value| ["WARNING", "SEVERE"].iter().any(|w| entry["level"] == *w);
        Ok(entries.iter().filter(grave).map(|entry| text(&entry["message"])).collect())
    }

    /// The address of each request that the page and its frames made since the last call, whatever
    /// became of it. Pages themselves are included; what never leaves the browser is not.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn requests(&self) -> Result<Vec<String>, Error> {
        let mut urls = Vec::new();
        for entry in self.log("performance")? {
            let event: Value = serde_json::from_str(&text(&entry["message"]))?;
            let event = &event["message"];
            let url = match event["method"].as_str() {
                Some("Network.requestWillBeSent") => &event["params"]["request"]["url"],
                Some("Network.webSocketCreated" | "Network.webTransportCreated") => {
                    &event["params"]["url"]
                }
                _ => continue,
            };
            urls.push(text(url));
        }
        // What stays within the browser, its own first page among it.
        let inside = ["data:", "blob:", "chrome:"];
        urls.retain(|url| !inside.iter().any(|scheme| url.starts_with(scheme)));
        Ok(urls)
    }

    /// Writes the page as it looks, as a PNG: what fits the window, or all of it.
    ///
    /// # Errors
    /// Those of the driver, and of the file.
    pub fn screenshot(&self, file: &Path, whole: bool) -> Result<(), Error> {
        let arguments = json!({ "format": "png", "captureBeyondViewport": whole });
        let shot = if whole {
            let size = "const page = document.documentElement;
                return { x: 0, y: 0, scale: 1, width: innerWidth, height: page.scrollHeight };";
            let clip = self.run(size, &[])?;
            let mut arguments = arguments;
            arguments["clip"] = clip;
            self.devtools_answer("Page.captureScreenshot", &arguments)?
        } else {
            self.devtools_answer("Page.captureScreenshot", &arguments)?
        };
        let png = STANDARD.decode(text(&shot["data"])).map_err(io::Error::other)?;
        Ok(std::fs::write(file, png)?)
    }

    /// A command of the [DevTools protocol](https://chromedevtools.github.io/devtools-protocol/),
    /// for what is not listed here.
    ///
    /// # Errors
    /// When Chromium refuses it.
    pub fn devtools_answer(&self, command: &str, arguments: &Value) -> Result<Value, Error> {
        self.session.post("goog/cdp/execute", &json!({ "cmd": command, "params": arguments }))
    }

    fn devtools(&self, command: &str, arguments: &Value) -> Result<(), Error> {
        self.devtools_answer(command, arguments).map(drop)
    }

    fn log(&self, kind: &str) -> Result<Vec<Value>, Error> {
        let log = self.session.post("se/log", &json!({ "type": kind }))?;
        Ok(log.as_array().cloned().unwrap_or_default())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver closes the browser when its session ends; then it may go too.
        let _closed = self.session.end();
        let _killed = self.driver.kill();
        let _reaped = self.driver.wait();
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The driver chooses its port and prints it.
fn port(driver: &mut Child) -> Result<u16, Error> {
    let output = driver.stdout.take().ok_or_else(|| io::Error::other("it has no output"))?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        let number = line.split_once("successfully on port ").map(|(_, rest)| rest);
        if let Some(port) = number.and_then(|rest| rest.trim_end_matches('.').parse().ok()) {
            return Ok(port);
        }
    }
    Err(io::Error::other("it ended before it said on which port it listens").into())
}

/// Without a window, without whatever a browser does on its own account, and with its logs kept.
/// Pages and scripts come from the tests alone, so the browser's own sandbox, which needs what a
/// container often lacks, is left off. And a frame with the attribute `sandbox` would get a process
/// of its own, whose requests the driver does not log.
fn capabilities(profile: &Path) -> Value {
    let arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--hide-scrollbars",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-features=IsolateSandboxedIframes",
        "--lang=en-GB",
        &format!("--user-data-dir={}", profile.display()),
    ];
    json!({
        "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            // The lab cluster's certificate is its own; a reader is warned, and goes on.
            "acceptInsecureCerts": true,
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "timeouts": { "script": 30_000, "pageLoad": 30_000 },
        } }
    })
}
