//! That the browser sees what tests rely on it to see: a test that finds nothing wrong is worth as
//! much as what it would have found.
#![allow(clippy::unwrap_used, reason = "a test may")]

use browser::{Browser, ColourScheme, Site};
use std::fs;

#[test]
#[ignore = "starts a real browser"]
fn in_a_browser_requests_errors_and_colours_are_seen() {
    let Some(browser) = Browser::start().unwrap() else { return };
    let folder = tempfile::tempdir().unwrap();
    let page = "<!doctype html><link rel=icon href=data:,><title>outer</title>
        <iframe sandbox=allow-scripts src=inner.html></iframe>";
    let inner = "<!doctype html><title>inner</title><input id=name>
        <script>var answered = fetch('/from-a-sandbox', { mode: 'no-cors' })</script>";
    fs::write(folder.path().join("index.html"), page).unwrap();
    fs::write(folder.path().join("inner.html"), inner).unwrap();
    let site = Site::serve(folder.path()).unwrap();

    browser.resize(360, 700).unwrap();
    browser.open(&site.url("index.html")).unwrap();
    assert_eq!(browser.run("return document.title", &[]).unwrap(), "outer");
    assert_eq!(browser.run("return innerWidth", &[]).unwrap(), 360);
    for (scheme, dark) in [(ColourScheme::Dark, true), (ColourScheme::Light, false)] {
        browser.prefer(scheme).unwrap();
        let script = "return matchMedia('(prefers-color-scheme: dark)').matches";
        assert_eq!(browser.run(script, &[]).unwrap(), dark);
    }

    browser.enter_frame("iframe").unwrap();
    browser.run("return answered.then(() => true)", &[]).unwrap();
    browser.type_into("#name", "web-0").unwrap();
    let typed = browser.run("return document.getElementById('name').value", &[]).unwrap();
    assert_eq!(typed, "web-0");
    browser.leave_frame().unwrap();
    assert_eq!(browser.run("return document.title", &[]).unwrap(), "outer");

    // What a frame asks for is seen as well, by the browser and by the site.
    let from_the_sandbox = site.url("from-a-sandbox");
    assert!(browser.requests().unwrap().contains(&from_the_sandbox));
    assert!(site.asked().contains(&"/from-a-sandbox".to_owned()));
    assert!(browser.requests().unwrap().is_empty(), "each is told once");

    // It answered 404, and that is in the console; so is an exception.
    assert!(browser.console().unwrap().iter().any(|line| line.contains("from-a-sandbox")));
    browser.run("setTimeout(() => { throw new Error('a mistake') })", &[]).unwrap();
    browser.run("return new Promise((done) => setTimeout(done, 100))", &[]).unwrap();
    assert!(browser.console().unwrap().iter().any(|line| line.contains("a mistake")));
    assert!(browser.run("throw new Error('another')", &[]).is_err());

    let shot = folder.path().join("shot.png");
    browser.screenshot(&shot, true).unwrap();
    assert!(fs::read(&shot).unwrap().starts_with(b"\x89PNG"));
}
