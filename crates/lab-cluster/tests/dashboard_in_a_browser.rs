//! The dashboard as a person meets it, in Chromium: with an administrator's token, a limited one,
//! one whose time runs out, and garbage. `DASHBOARD_SCREENSHOTS=folder` keeps pictures to look at.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use browser::{Browser, ColourScheme};
use common::{Lab, NOON};
use lab_cluster::dashboard::PATH;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

const RBAC: &str = "--authorization-mode=RBAC";

/// A browser with the page of a lab open in it.
struct Visit {
    browser: Browser,
    lab: Lab,
    runtime: tokio::runtime::Runtime,
}

impl Visit {
    /// `None` where there is no browser.
    fn to(flags: &[&str]) -> Option<Self> {
        let browser = Browser::start().unwrap()?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.unwrap();
        let lab = runtime.block_on(Lab::start(flags));
        browser.open(&format!("https://{}{PATH}", lab.cluster.address())).unwrap();
        Some(Self { browser, lab, runtime })
    }

    fn admin(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.runtime.block_on(self.lab.admin(method, path, &body));
        assert!(answer.status < 300, "{method} {path}: {}", answer.text);
        answer.json()
    }

    fn token(&self, namespace: &str, account: &str) -> String {
        self.runtime.block_on(self.lab.token(namespace, account, "{}"))
    }

    fn run(&self, script: &str) -> Value {
        self.browser.run(script, &[]).unwrap()
    }

    /// What can be read on the page, or in one part of it.
    fn text(&self, selector: &str) -> String {
        let script = "return document.querySelector(arguments[0]).innerText";
        let text = self.browser.run(script, &[selector.into()]).unwrap();
        text.as_str().unwrap().to_owned()
    }

    /// Types and submits by keyboard alone.
    fn sign_in(&self, token: &str) {
        self.browser.type_into("#token", token).unwrap();
        self.browser.type_into("#token", "\u{e007}").unwrap();
    }

    /// Waits until a part of the page says something.
    fn wait_for(&self, selector: &str, words: &str) {
        let since = Instant::now();
        while !self.text(selector).contains(words) {
            let page = self.text("body");
            assert!(
                since.elapsed() < Duration::from_secs(20),
                "no {words:?} in {selector}: {page}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Nothing went wrong in the console but these refusals, nothing was asked elsewhere, nothing
    /// was kept, and no address has the token in it.
    fn was_clean(&self, refusals: &[u16], token: &str) {
        for line in self.browser.console().unwrap() {
            let known = refusals.iter().any(|status| {
                line.contains(&format!("the server responded with a status of {status}"))
            });
            assert!(known, "{line}");
        }
        let here = format!("https://{}/", self.lab.cluster.address());
        let requests = self.browser.requests().unwrap();
        assert!(requests.len() > 5, "{requests:?}");
        for url in requests {
            assert!(url.starts_with(&here), "{url}");
            assert!(token.is_empty() || !url.contains(token), "{url}");
        }
        let kept = self.run(
            "return [localStorage.length, sessionStorage.length, document.cookie.length,
                     location.search.length, location.hash.length]",
        );
        assert_eq!(kept, json!([0, 0, 0, 0, 0]));
        let page = self.run("return document.documentElement.outerHTML + document.title");
        assert!(token.is_empty() || !page.as_str().unwrap().contains(token), "in the page");
    }

    /// As a phone and as a desktop show it, by day and by night: nothing sticks out.
    fn looks(&self, name: &str) {
        for (width, height) in [(360, 740), (1280, 900)] {
            for scheme in [ColourScheme::Light, ColourScheme::Dark] {
                self.browser.resize(width, height).unwrap();
                self.browser.prefer(scheme).unwrap();
                let sticking_out = self.run(
                    "const page = document.documentElement;
                     return [...document.querySelectorAll('body *')]
                       .filter((e) => !e.closest('.only-spoken, datalist, noscript, thead'))
                       .filter((e) => e.getBoundingClientRect().right > page.clientWidth + 1)
                       .map((e) => e.outerHTML.slice(0, 120))
                       .concat(page.scrollWidth > page.clientWidth ? ['the page'] : [])",
                );
                assert_eq!(sticking_out, json!([]), "{name} at {width}");
                if let Some(folder) = std::env::var_os("DASHBOARD_SCREENSHOTS") {
                    let file = format!("{name}-{width}-{scheme:?}.png").to_lowercase();
                    self.browser.screenshot(&Path::new(&folder).join(file), true).unwrap();
                }
            }
        }
    }
}

#[test]
#[ignore = "needs Chromium"]
fn in_a_browser_an_administrators_token_sees_everything() {
    let Some(visit) = Visit::to(&[]) else { return };
    visit.looks("door");
    let token = visit.token("default", "default");
    // As it comes from a terminal, and out of a header.
    visit.sign_in(&format!("  Bearer {token}"));
    visit.wait_for("#who", "system:serviceaccount:default:default");
    visit.wait_for("#secrets", "In all namespaces");
    visit.wait_for("#may", "AlwaysAllow");
    visit.wait_for("#who", "Sent without “Bearer”");
    visit.wait_for("#time-left", "left by the lab's clock, until 2026-11-23 13:00:00 UTC.");
    visit.wait_for("#read", "not verified");
    visit.wait_for("#namespaces", "kube-system");
    visit.wait_for("#pods", "Running");
    visit.wait_for("#accounts", "default");
    assert_eq!(visit.run("return document.querySelector('#token').value"), "");
    assert_eq!(visit.run("return document.activeElement.id"), "session-title");
    assert_eq!(visit.run("return document.querySelector('#door').hidden"), true);
    // Each answer has its why.
    let whys = visit.run("return document.querySelectorAll('#inside details').length");
    assert_eq!(whys, 6);
    visit.run("for (const d of document.querySelectorAll('#who details')) d.open = true");
    visit.wait_for("#who", "allowed: AlwaysAllow, like everything");
    visit.looks("admin");

    visit.browser.click("#sign-out").unwrap();
    visit.wait_for("#outcome", "until 2026-11-23 13:00:00 UTC");
    let left = visit.text("#inside");
    assert!(!left.contains("serviceaccount:") && !left.contains("kube-system"), "{left}");
    assert_eq!(visit.run("return document.activeElement.id"), "outcome-title");
    visit.looks("signed-out");
    visit.was_clean(&[], &token);
}

#[test]
#[ignore = "needs Chromium"]
fn in_a_browser_a_limited_token_sees_its_refusals() {
    let Some(visit) = Visit::to(&[RBAC]) else { return };
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "looks-at-pods"},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]});
    visit.admin("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles", &role);
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "default-looks-at-pods"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "looks-at-pods"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}]});
    visit.admin(
        "POST",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
        &binding,
    );

    let token = visit.token("default", "default");
    visit.sign_in(&token);
    visit.wait_for("#pods", "In namespace default: ");
    visit.wait_for("#pods", "403 Forbidden: the server knows who you are");
    visit.wait_for(
        "#secrets",
        "cannot list resource \"secrets\" in API group \"\" in the namespace",
    );
    visit.wait_for("#namespaces", "cannot list resource \"namespaces\"");
    visit.wait_for("#may", "get, list");
    visit.run("for (const d of document.querySelectorAll('#pods details')) d.open = true");
    visit.wait_for("#pods", "denied: no rule allows it");
    visit.wait_for("#pods", "looks-at-pods");
    visit.looks("limited");

    // Elsewhere it may do nothing, and the page says so.
    visit.run("document.querySelector('#namespace').value = 'kube-system'");
    visit.browser.type_into("#namespace", "\u{e007}").unwrap();
    visit.wait_for("#pods", "in the namespace \"kube-system\"");
    visit.was_clean(&[403], &token);
}

#[test]
#[ignore = "needs Chromium"]
fn in_a_browser_who_may_not_even_ask_who_they_are_is_in() {
    let Some(visit) = Visit::to(&[RBAC]) else { return };
    let binding = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/system:basic-user";
    visit.admin("DELETE", binding, &Value::Null);
    let token = visit.token("default", "default");
    visit.sign_in(&token);
    visit.wait_for("#session-who", "knows you, but does not let you ask who you are");
    visit.wait_for("#who", "cannot create resource \"selfsubjectreviews\"");
    visit.wait_for("#may", "403 Forbidden");
    visit.wait_for("#secrets", "403 Forbidden");
    visit.was_clean(&[403], &token);
}

#[test]
#[ignore = "needs Chromium"]
fn in_a_browser_a_token_counts_down_until_it_is_refused() {
    let Some(visit) = Visit::to(&[RBAC]) else { return };
    let token = visit.token("default", "default");
    visit.sign_in(&token);
    visit.wait_for("#time-left", "59 min");

    // The page goes by the lab's clock, not the browser's.
    visit.lab.pass(3600 - 20);
    visit.browser.click("#refresh").unwrap();
    visit.wait_for("#time-left", "s left");
    visit.lab.pass(40);
    visit.browser.click("#refresh").unwrap();
    visit.wait_for("#time-left", "Its time is over since");
    visit.wait_for("#session-who", "takes you for");
    visit.looks("grace");

    // A minute of grace, and the ten seconds that a yes is remembered. Nobody clicks any more.
    visit.lab.pass(60);
    visit.wait_for("#outcome", "Refused: this token holds no longer");
    visit.wait_for("#outcome", "expired");
    let left = visit.text("#inside");
    assert!(!left.contains("serviceaccount:") && !left.contains("kube-system"), "{left}");
    assert_eq!(visit.run("return document.querySelector('#who').childNodes.length"), 0);
    assert_eq!(visit.run("return document.querySelector('#door').hidden"), false);
    visit.looks("refused");

    // And at the door it is refused as well.
    visit.sign_in(&token);
    visit.wait_for("#outcome-title", "No: this token does not let you in");
    visit.wait_for("#outcome", "401 Unauthorized: the server does not know who you are");
    visit.wait_for("#outcome", "expired");
    visit.was_clean(&[401, 403], &token);
}

/// A token says when it ends in seconds, of which there are more than a calendar has days.
#[test]
#[ignore = "needs Chromium"]
fn in_a_browser_a_token_may_outlive_the_calendar() {
    let Some(visit) = Visit::to(&[RBAC]) else { return };
    let path = "/api/v1/namespaces/default/serviceaccounts/default";
    let uid = visit.admin("GET", path, &Value::Null)["metadata"]["uid"].clone();
    let token = |exp: i64| {
        let claims = json!({
            "iss": "https://kubernetes.default.svc", "aud": ["https://kubernetes.default.svc"],
            "sub": "system:serviceaccount:default:default", "iat": NOON, "nbf": NOON, "exp": exp,
            "kubernetes.io": {
                "namespace": "default", "serviceaccount": {"name": "default", "uid": uid},
            },
        });
        signing::samples::lab_key().sign(&claims).unwrap()
    };
    for (exp, until) in [
        (253_402_300_800, "left by the lab's clock, until +010000-01-01 00:00:00 UTC."),
        (
            8_640_000_000_001,
            "left by the lab's clock, until a time after the year 275760, where this page's calendar \
             ends.",
        ),
    ] {
        let token = token(exp);
        visit.sign_in(&token);
        visit.wait_for("#time-left", until);
        visit.browser.click("#sign-out").unwrap();
        visit.wait_for("#outcome", "until ");
        let said = visit.text("#outcome");
        assert!(!said.contains("null") && !said.contains("NaN"), "{said}");
        visit.was_clean(&[403], &token);
    }
}

#[test]
#[ignore = "needs Chromium"]
fn in_a_browser_garbage_stays_outside() {
    let Some(visit) = Visit::to(&[RBAC]) else { return };
    visit.sign_in("garbage-of-mallory");
    visit.wait_for("#outcome", "401 Unauthorized");
    visit.wait_for("#outcome", "not asked: a bad credential is never anonymous");
    assert_eq!(visit.run("return document.querySelector('#inside').hidden"), true);
    visit.run("document.querySelectorAll('#outcome details').forEach((d) => { d.open = true })");
    visit.wait_for("#outcome", "No dot in it, so it is no JWT");
    visit.looks("garbage");

    // What no server has to be asked about.
    let before = visit.lab.cluster.traces().len();
    for (pasted, problem) in [
        ("", "Paste a token first"),
        ("ab cd", "Copy the token as one line"),
        ("ab\\ncd", "backslash"),
        ("schlüssel", "U+00FC"),
        ("-----BEGIN CERTIFICATE-----", "PEM"),
    ] {
        let script = "document.querySelector('#token').value = arguments[0]";
        visit.browser.run(script, &[pasted.into()]).unwrap();
        visit.browser.click("#enter").unwrap();
        visit.wait_for("#token-problem", problem);
        visit.wait_for("#spoken", problem);
        assert_eq!(visit.run("return document.activeElement.id"), "token");
    }
    assert_eq!(visit.lab.cluster.traces().len(), before);
    visit.was_clean(&[401], "garbage-of-mallory");
}

#[test]
#[ignore = "needs Chromium"]
fn in_a_browser_a_static_token_and_an_account_that_goes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("known_tokens.csv");
    // A user's name may be anything.
    std::fs::write(&file, "static-token-of-alice,<img src=x onerror=hit()>,1,\"<b>bold</b>\"\n")
        .unwrap();
    let Some(visit) = Visit::to(&["--token-auth-file", file.to_str().unwrap()]) else { return };
    visit.sign_in("static-token-of-alice");
    visit.wait_for("#who", "<img src=x onerror=hit()>");
    visit.wait_for("#who", "<b>bold</b>");
    visit.wait_for("#time-left", "It carries no date");
    visit.browser.click("#sign-out").unwrap();

    visit.admin(
        "POST",
        "/api/v1/namespaces/default/serviceaccounts",
        &json!({"metadata": {"name": "goes"}}),
    );
    let token = visit.token("default", "goes");
    visit.sign_in(&token);
    visit.wait_for("#who", "system:serviceaccount:default:goes");
    visit.admin("DELETE", "/api/v1/namespaces/default/serviceaccounts/goes", &Value::Null);
    visit.lab.pass(11);
    visit.browser.click("#refresh").unwrap();
    visit.wait_for("#outcome", "Refused");
    visit.was_clean(&[401], &token);
}

#[test]
#[ignore = "needs Chromium"]
fn in_a_browser_names_that_would_be_scripts_are_texts() {
    let Some(visit) = Visit::to(&[]) else { return };
    let evil = "<img src=x onerror=\"window.hit = 1\"><script>window.hit = 1</script>";
    let secret = json!({"metadata": {"name": "evil", "annotations": {
        "kubernetes.io/service-account.name": evil, "note": evil}}, "type": evil,
        "stringData": {"key": evil}});
    visit.admin("POST", "/api/v1/namespaces/default/secrets", &secret);
    let token = visit.token("default", "default");
    visit.sign_in(&token);
    visit.wait_for("#secrets", "<img src=x onerror=");
    visit.wait_for("#pods", "In all namespaces");
    visit.looks("names");
    // The claims of a token that nobody signed are shown, too, after the server has refused it.
    visit.browser.click("#sign-out").unwrap();
    let part = |value: &Value| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
    };
    let forged = format!(
        "{}.{}.AAAA",
        part(&json!({"alg": evil})),
        part(&json!({"sub": evil, "exp": evil}))
    );
    visit.sign_in(&forged);
    visit.wait_for("#outcome", "401");
    visit.run("document.querySelectorAll('#outcome details').forEach((d) => { d.open = true })");
    visit.wait_for("#outcome", "<script>window.hit = 1</script>");
    let hit = visit.run(
        "return [window.hit ?? null, document.images.length,
        document.querySelectorAll('main script').length]",
    );
    assert_eq!(hit, json!([null, 0, 0]));
    visit.was_clean(&[401], &token);

    // And if there were a hole, the policy would stand behind it. Console lines are expected here.
    let blocked = visit.run(
        "const refused = [];
         document.addEventListener('securitypolicyviolation', (e) => refused.push(e.effectiveDirective));
         try { document.body.innerHTML += '<b>x</b>'; } catch (error) { refused.push(error.name); }
         const inline = document.createElement('style');
         inline.textContent = 'body { display: none }';
         document.head.append(inline);
         return fetch('https://127.0.0.1:1/').catch(() => new Promise((done) => setTimeout(done, 200)))
           .then(() => refused);",
    );
    for expected in ["TypeError", "style-src-elem", "connect-src"] {
        assert!(blocked.as_array().unwrap().contains(&expected.into()), "{blocked}");
    }
}

#[test]
#[ignore = "needs Chromium"]
fn in_a_browser_the_keyboard_and_a_screen_reader_find_their_way() {
    let Some(visit) = Visit::to(&[]) else { return };
    let token = visit.token("default", "default");
    visit.sign_in(&token);
    visit.wait_for("#may", "AlwaysAllow");
    visit.wait_for("#secrets", "In all namespaces");
    visit.wait_for("#pods", "In all namespaces");
    let nameless = visit.run(
        "return [...document.querySelectorAll('button, input, textarea, [tabindex=\"0\"], section')]
           .filter((e) => !(e.innerText || e.labels?.length || e.ariaLabel
             || document.getElementById(e.getAttribute('aria-labelledby'))))
           .map((e) => e.outerHTML.slice(0, 120))",
    );
    assert_eq!(nameless, json!([]));
    let levels = visit.run(
        "return [...document.querySelectorAll('h1, h2, h3')]
        .filter((e) => e.offsetParent).map((e) => Number(e.tagName[1]))",
    );
    let levels: Vec<i64> = levels.as_array().unwrap().iter().filter_map(Value::as_i64).collect();
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");

    // Every text is dark enough on its ground, by WCAG's measure.
    for scheme in [ColourScheme::Light, ColourScheme::Dark] {
        visit.browser.prefer(scheme).unwrap();
        let faint = visit.run(FAINT);
        assert_eq!(faint, json!([]), "{scheme:?}");
    }
}

/// Texts whose contrast is under 4.5 to 1.
const FAINT: &str = "
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const luminance = (colour) => numbers(colour).slice(0, 3)
      .map((c) => c / 255).map((c) => (c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4))
      .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
    const ground = (e) => {
      const colour = getComputedStyle(e).backgroundColor;
      const alpha = numbers(colour)[3] ?? 1;
      return alpha === 0 && e.parentElement ? ground(e.parentElement) : colour;
    };
    return [...document.querySelectorAll('body *')]
      .filter((e) => e.offsetParent && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
      .filter((e) => {
        const [a, b] = [luminance(getComputedStyle(e).color), luminance(ground(e))];
        return (Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5;
      })
      .map((e) => e.outerHTML.slice(0, 120));";
