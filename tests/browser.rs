//! The book and its token inspector in a real browser: what they look like, what they answer, and
//! that nothing leaves the inspector. Run by `.ci/run`; skipped, visibly, where there is no browser.
//!
//! To look for yourself: `BROWSER_SHOTS=FOLDER cargo test --test browser -- --ignored` leaves
//! pictures of each page there.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "inspector/cases.rs"]
mod cases;

use browser::{Browser, ColourScheme, Site};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

const INSPECTOR: &str =
    concat!("file://", env!("CARGO_MANIFEST_DIR"), "/book/src/02-jwt-anatomy/token-inspector.html");

/// A telephone and a desk.
const WIDTHS: [u32; 2] = [360, 1280];
const SCHEMES: [(ColourScheme, &str); 2] =
    [(ColourScheme::Light, "light"), (ColourScheme::Dark, "dark")];

/// Leaves a picture, if somebody wants to look.
fn shoot(browser: &Browser, name: &str) {
    if let Some(folder) = std::env::var_os("BROWSER_SHOTS") {
        std::fs::create_dir_all(&folder).unwrap();
        browser.screenshot(&Path::new(&folder).join(format!("{name}.png")), true).unwrap();
    }
}

/// What does not fit: elements that are wider than the page and can't be scrolled by themselves,
/// text that is cut off, drawings that leave their column.
const MISFITS: &str = r"
    const found = [];
    const page = document.documentElement;
    if (page.scrollWidth > innerWidth) found.push(`the page is ${page.scrollWidth} wide`);
    const name = (e) => `${e.tagName.toLowerCase()}.${e.getAttribute('class') ?? ''} ${(e.textContent ?? '').trim().slice(0, 40)}`;
    const main = document.querySelector('main');
    const column = main.getBoundingClientRect();
    for (const e of main.querySelectorAll('*')) {
      if (e.closest('[hidden], .unseen, dialog')) continue;
      const box = e.getBoundingClientRect();
      if (box.width === 0 || box.height === 0) continue;
      let scrolls = false;
      for (let up = e; up !== main && up; up = up.parentElement) {
        if (['auto', 'scroll'].includes(getComputedStyle(up).overflowX)) scrolls = true;
      }
      if (!scrolls && (box.right > column.right + 1 || box.left < column.left - 1)) {
        found.push(`${name(e)} reaches from ${box.left} to ${box.right}, the column to ${column.right}`);
      }
      const style = getComputedStyle(e);
      if (style.overflowX === 'hidden' && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0) {
        found.push(`${name(e)} is cut off`);
      }
    }
    for (const svg of main.querySelectorAll('svg')) {
      const frame = svg.getBoundingClientRect();
      for (const text of svg.querySelectorAll('text')) {
        const box = text.getBoundingClientRect();
        const out = box.right > frame.right + 1 || box.left < frame.left - 1 || box.bottom > frame.bottom + 1 || box.top < frame.top - 1;
        if (out) found.push(`the words ${text.textContent} leave their drawing`);
      }
    }
    return found;
";

fn misfits(browser: &Browser) -> Vec<Value> {
    browser.run(MISFITS, &[]).unwrap().as_array().unwrap().clone()
}

/// Presses a sample's button, and waits for what it shows.
fn press_sample(browser: &Browser, sample: &str) {
    let script = "
        const wanted = [...document.querySelectorAll('#samples button')]
          .find((button) => button.textContent === arguments[0]);
        wanted.click();";
    browser.run(script, &[sample.into()]).unwrap();
    settle(browser);
}

/// Verifying takes a few turns of the page's clock; until then it calls itself busy.
fn settle(browser: &Browser) {
    let script = "
        const result = document.getElementById('result');
        return new Promise((done) => {
          const look = () => (result.ariaBusy === 'false' ? done() : setTimeout(look, 10));
          look();
        });";
    browser.run(script, &[]).unwrap();
}

fn shown(browser: &Browser) -> String {
    let text = "return document.getElementById('result').innerText";
    browser.run(text, &[]).unwrap().as_str().unwrap().to_owned()
}

#[test]
#[ignore = "starts a real browser"]
fn in_a_browser_the_inspector_fits_every_width_and_theme() {
    let Some(browser) = Browser::start().unwrap() else { return };
    let mut wrong = Vec::new();
    for width in WIDTHS {
        for (scheme, name) in SCHEMES {
            browser.resize(width, 900).unwrap();
            browser.prefer(scheme).unwrap();
            browser.open(INSPECTOR).unwrap();
            shoot(&browser, &format!("inspector-{width}-{name}-empty"));
            browser.run("document.getElementById('key-details').open = true", &[]).unwrap();
            browser.click("#sample-keys").unwrap();
            let samples = "return [...document.querySelectorAll('#samples button')].map((b) => b.textContent)";
            let samples = browser.run(samples, &[]).unwrap();
            for sample in samples.as_array().unwrap() {
                let sample = sample.as_str().unwrap();
                press_sample(&browser, sample);
                let file = sample.replace(|c: char| !c.is_ascii_alphanumeric(), "");
                shoot(&browser, &format!("inspector-{width}-{name}-{file}"));
                wrong.extend(
                    misfits(&browser).into_iter().map(|what| (width, sample.to_owned(), what)),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(browser.console().unwrap(), Vec::<String>::new());
}

/// Each sample of a token: what the page makes of it with the samples' keys at hand.
#[test]
#[ignore = "starts a real browser"]
fn in_a_browser_good_and_bad_tokens_are_told_apart() {
    let Some(browser) = Browser::start().unwrap() else { return };
    browser.open(INSPECTOR).unwrap();
    let verified = || browser.run("return document.documentElement.dataset.verified", &[]).unwrap();

    press_sample(&browser, "bound");
    assert!(shown(&browser).starts_with("Read, not verified."), "{}", shown(&browser));
    assert_eq!(verified(), "not");

    browser.run("document.getElementById('key-details').open = true", &[]).unwrap();
    browser.click("#sample-keys").unwrap();
    settle(&browser);
    for (sample, state, words) in [
        ("bound", "fits", "The signature fits."),
        ("bound, expired", "fits", "An API server would refuse it all the same: expired."),
        ("bound, expired", "fits", "Over since"),
        ("a pod's, for a year", "fits", "extended-to-a-year"),
        ("legacy", "fits", "legacy-never-expires"),
        ("legacy", "fits", "It never expires."),
        ("another issuer's", "fits", "ECDSA on P-256"),
        ("in a header, quoted", "fits", "Sent as it was pasted, it would be refused."),
        ("tampered", "wrong", "not signed by this key, or changed since"),
        ("unsigned (none)", "wrong", "alg-none"),
        ("forged (HS256)", "wrong", "that is the classic forgery"),
        ("cut off", "not", "it breaks off in the claims"),
        ("static", "not", "A static token, as microk8s made them"),
        ("garbage", "not", "No token that this program knows."),
    ] {
        press_sample(&browser, sample);
        assert!(shown(&browser).contains(words), "{sample}: {words}: {}", shown(&browser));
        assert_eq!(verified(), state, "{sample}");
    }

    // By the keyboard: a letter more, and a letter less. A byte that changes shows at once.
    press_sample(&browser, "bound");
    browser.type_into("#pasted", "A").unwrap();
    settle(&browser);
    assert_ne!(verified(), "fits");
    browser.type_into("#pasted", "\u{e003}").unwrap(); // the backspace key
    settle(&browser);
    assert_eq!(verified(), "fits");
    // What is pasted anew is looked at now, whatever day the sample was looked at.
    let paste = "const pasted = document.getElementById('pasted'); pasted.select();
        document.execCommand('insertText', false, arguments[0]);
        pasted.dispatchEvent(new InputEvent('input', { inputType: 'insertFromPaste' }));";
    let token = "return document.getElementById('pasted').value";
    let token = browser.run(token, &[]).unwrap();
    browser.run(paste, &[token]).unwrap();
    settle(&browser);
    assert!(shown(&browser).contains("expired"), "{}", shown(&browser));

    // What is heard of it comes after the typing.
    browser.run("return new Promise((done) => setTimeout(done, 800))", &[]).unwrap();
    let said = browser.run("return document.getElementById('said').textContent", &[]).unwrap();
    assert!(said.as_str().unwrap().contains("expired"), "{said}");

    browser.click("#clear").unwrap();
    settle(&browser);
    assert_eq!(shown(&browser), "Nothing yet.");
    assert_eq!(browser.console().unwrap(), Vec::<String>::new());
}

/// The same cases as in node, and the same answers as the crate's.
#[test]
#[ignore = "starts a real browser"]
fn in_a_browser_the_page_says_what_the_crate_says() {
    let Some(browser) = Browser::start().unwrap() else { return };
    browser.open(INSPECTOR).unwrap();
    let cases = cases::all();
    let input: Value = cases.iter().map(|case| json!([case.text, case.at.to_string()])).collect();
    let script = format!(
        "{}\nconst sayings = JSON.parse(document.getElementById('sayings').textContent);
        return byThePage(sayings, arguments[0]);",
        cases::BY_THE_PAGE
    );
    let said = browser.run(&script, &[input]).unwrap();
    cases::assert_same(&cases, said.as_array().unwrap());
}

/// Everything by which a page can ask for something, tried from inside the inspector.
const ATTEMPTS: &str = r"
    const url = (name) => `${arguments[0]}${name}`;
    const tried = [];
    const attempt = async (name, what) => {
      tried.push(name);
      try { await what(url(name)); } catch {}
    };
    await attempt('fetch', (u) => fetch(u, { mode: 'no-cors' }));
    await attempt('xhr', (u) => new Promise((done) => {
      const request = new XMLHttpRequest();
      request.onloadend = done;
      request.open('GET', u);
      request.send();
    }));
    await attempt('beacon', (u) => navigator.sendBeacon(u, 'token'));
    await attempt('websocket', (u) => new WebSocket(u.replace('http', 'ws')));
    await attempt('eventsource', (u) => new EventSource(u));
    await attempt('worker', (u) => new Worker(u));
    await attempt('import', (u) => import(u));
    const add = (tag, properties) => {
      const element = Object.assign(document.createElement(tag), properties);
      document.body.append(element);
    };
    await attempt('image', (u) => add('img', { src: u }));
    await attempt('frame', (u) => add('iframe', { src: u, name: 'inner' }));
    await attempt('video', (u) => add('video', { src: u, autoplay: true }));
    await attempt('object', (u) => add('object', { data: u }));
    await attempt('style', (u) => add('link', { rel: 'stylesheet', href: u }));
    await attempt('prefetch', (u) => add('link', { rel: 'prefetch', href: u }));
    await attempt('preload', (u) => add('link', { rel: 'preload', as: 'image', href: u }));
    await attempt('script', (u) => add('script', { src: u }));
    await attempt('font', (u) => new FontFace('f', `url(${u})`).load());
    await attempt('form', (u) => {
      const form = Object.assign(document.createElement('form'), {
        action: u, method: 'post', target: 'inner',
      });
      document.body.append(form);
      form.submit();
    });
    await new Promise((done) => setTimeout(done, 1000));
    return tried;
";

#[test]
#[ignore = "starts a real browser"]
fn in_a_browser_no_request_leaves_the_inspector() {
    let Some(browser) = Browser::start().unwrap() else { return };
    let site =
        Site::serve(Path::new(INSPECTOR.trim_start_matches("file://")).parent().unwrap()).unwrap();
    let inspector = site.url("token-inspector.html");
    browser.open(&inspector).unwrap();
    browser.click("#sample-keys").unwrap_err(); // folded away
    for sample in ["bound", "tampered", "legacy", "garbage"] {
        press_sample(&browser, sample);
    }
    assert_eq!(browser.requests().unwrap(), [inspector]);
    assert_eq!(site.asked(), ["/token-inspector.html"]);
    assert_eq!(browser.console().unwrap(), Vec::<String>::new());

    // Nor if its own script wanted to.
    let attempts = format!("return (async () => {{ {ATTEMPTS} }})()");
    let attempts = attempts.replace("arguments[0]", &json!(site.url("")).to_string());
    let tried = browser.run(&attempts, &[]).unwrap();
    assert_eq!(tried.as_array().unwrap().len(), 17);
    assert_eq!(site.asked(), Vec::<String>::new());
    let forbidden = browser.console().unwrap();
    assert!(forbidden.iter().any(|line| line.contains("Content Security Policy")), "{forbidden:?}");

    // They are attempts: where nothing forbids them, they arrive.
    browser.open(&site.url("the-claims.md")).unwrap();
    browser.run(&attempts, &[]).unwrap();
    let arrived = site.asked();
    for name in ["fetch", "xhr", "beacon", "websocket", "image", "frame", "script", "form"] {
        assert!(arrived.contains(&format!("/{name}")), "{name} did not arrive: {arrived:?}");
    }

    // And nothing of a token is kept.
    browser.open(&site.url("token-inspector.html")).unwrap();
    press_sample(&browser, "bound");
    let kept =
        "return [localStorage.length, sessionStorage.length, document.cookie, location.hash]";
    assert_eq!(browser.run(kept, &[]).unwrap(), json!([0, 0, "", ""]));
    browser.open(&site.url("token-inspector.html")).unwrap();
    assert_eq!(browser.run("return document.getElementById('pasted').value", &[]).unwrap(), "");
}

/// Serves the book, which is rendered once: two tests look at it, maybe at the same time.
fn book() -> Site {
    static RENDERED: LazyLock<PathBuf> = LazyLock::new(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let rendered = std::process::Command::new(env!("CARGO"))
            .args(["run", "--quiet", "-p", "book", "--", "--build"])
            .current_dir(root)
            .output()
            .unwrap();
        assert!(rendered.status.success(), "{}", String::from_utf8_lossy(&rendered.stderr));
        root.join("target/book")
    });
    Site::serve(RENDERED.as_path()).unwrap()
}

/// The pages that SUMMARY lists, as addresses within the book.
fn pages() -> Vec<String> {
    let summary = include_str!("../book/src/SUMMARY.md");
    let links = summary.lines().filter_map(|line| line.split_once("](")?.1.split_once(')'));
    let pages = links.map(|(page, _)| page).filter(|page| !page.is_empty());
    pages.map(|page| page.replace("README.md", "index.html").replace(".md", ".html")).collect()
}

#[test]
#[ignore = "starts a real browser"]
fn in_a_browser_every_page_of_the_book_fits() {
    let Some(browser) = Browser::start().unwrap() else { return };
    let site = book();
    let pages = pages();
    assert!(pages.len() > 10, "{pages:?}");
    let mut wrong = Vec::new();
    for page in &pages {
        for width in WIDTHS {
            for (scheme, name) in SCHEMES {
                browser.resize(width, 900).unwrap();
                browser.prefer(scheme).unwrap();
                browser.open(&site.url(page)).unwrap();
                let file = page.trim_end_matches(".html").replace('/', "-");
                shoot(&browser, &format!("book-{file}-{width}-{name}"));
                let mut found = misfits(&browser);
                found.extend(browser.console().unwrap().into_iter().map(Value::from));
                let elsewhere = browser.requests().unwrap().into_iter();
                found.extend(
                    elsewhere.filter(|url| !url.starts_with(&site.url(""))).map(Value::from),
                );
                wrong
                    .extend(found.into_iter().map(|what| format!("{page} {width} {name}: {what}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} things:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
#[ignore = "starts a real browser"]
fn in_a_browser_the_inspector_works_on_its_page() {
    let Some(browser) = Browser::start().unwrap() else { return };
    let site = book();
    for width in WIDTHS {
        for (scheme, name) in SCHEMES {
            browser.resize(width, 900).unwrap();
            browser.prefer(scheme).unwrap();
            browser.open(&site.url("02-jwt-anatomy/the-inspector.html")).unwrap();
            browser.enter_frame("#inspector").unwrap();
            let dark = browser.run("return getComputedStyle(document.body).backgroundColor", &[]);
            let dark = dark.unwrap() == "rgb(20, 23, 28)";
            assert_eq!(dark, scheme == ColourScheme::Dark, "it is as dark as the page around it");
            let _before = browser.requests().unwrap();
            browser.run("document.getElementById('key-details').open = true", &[]).unwrap();
            browser.click("#sample-keys").unwrap();
            press_sample(&browser, "bound");
            assert!(shown(&browser).starts_with("The signature fits."), "{}", shown(&browser));
            assert_eq!(misfits(&browser), Vec::<Value>::new());
            // The book's own icon may be asked for as late as now.
            let mut requests = browser.requests().unwrap();
            requests.retain(|url| !url.starts_with(&site.url("favicon-")));
            assert_eq!(requests, Vec::<String>::new());
            let height = browser.run("return document.body.getBoundingClientRect().height", &[]);
            let height = height.unwrap().as_f64().unwrap();

            // The frame is as high as what it holds, so that there is one thing to scroll.
            browser.leave_frame().unwrap();
            let as_high = "
                const frame = document.getElementById('inspector');
                return new Promise((done) => {
                  const look = (left) => {
                    const near = Math.abs(frame.clientHeight - arguments[0]) < 3;
                    near || left === 0 ? done(frame.clientHeight) : setTimeout(look, 50, left - 1);
                  };
                  look(100);
                });";
            let frame = browser.run(as_high, &[height.into()]).unwrap().as_f64().unwrap();
            assert!((frame - height).abs() < 3.0, "{width} {name}: {frame} for {height}");
            shoot(&browser, &format!("embedded-{width}-{name}"));
            assert_eq!(browser.console().unwrap(), Vec::<String>::new());
        }
    }
}

/// A theme that the reader chose counts more than what the system prefers, which is light here as
/// long as nothing else is pretended.
#[test]
#[ignore = "starts a real browser"]
fn in_a_browser_the_inspector_follows_the_theme_of_its_page() {
    let Some(browser) = Browser::start().unwrap() else { return };
    let site = book();
    // The frame is told in a message, which comes when it comes.
    let background = "
        const colour = () => getComputedStyle(document.body).backgroundColor;
        return new Promise((done) => {
          const look = (left) =>
            colour() === arguments[0] || left === 0 ? done(colour()) : setTimeout(look, 50, left - 1);
          look(100);
        });";
    for (theme, colour) in [
        ("light", "rgb(255, 255, 255)"),
        ("rust", "rgb(255, 255, 255)"),
        ("coal", "rgb(20, 23, 28)"),
        ("navy", "rgb(20, 23, 28)"),
        ("ayu", "rgb(20, 23, 28)"),
    ] {
        browser.open(&site.url("02-jwt-anatomy/the-inspector.html")).unwrap();
        let choose = "document.documentElement.className = `js ${arguments[0]}`";
        browser.run(choose, &[theme.into()]).unwrap();
        browser.enter_frame("#inspector").unwrap();
        assert_eq!(browser.run(background, &[colour.into()]).unwrap(), colour, "{theme}");
    }
}
