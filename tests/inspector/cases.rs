//! What both are asked: the crate jwt-anatomy, and the page's own logic.

use base64::{Engine, engine::general_purpose::STANDARD};
use jwt_anatomy::{
    Claims, Life, ServiceAccountName, UnverifiedToken, base64url, dates, oddities, recognise,
    sample,
};
use serde_json::{Map, Value, json};

/// A text, and the moment at which it is looked at.
pub(crate) struct Case {
    pub(crate) text: String,
    pub(crate) at: i64,
}

const AT: i64 = 1_664_703_000;

/// Every oddity, every kind of thing, every way to be hurt; and what chance makes of them.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = of_the_oddities();
    let pasted = pasted().into_iter().map(|text| Case { text, at: AT });
    cases.extend(pasted);
    cases.extend(headers_and_claims_of_go().map(|text| Case { text, at: AT }));
    let grown = by_chance(&cases);
    cases.extend(grown);
    cases
}

/// The tokens that crates/02-jwt-anatomy/tests/oddities.rs builds from its list.
fn of_the_oddities() -> Vec<Case> {
    let list = include_str!("../../crates/02-jwt-anatomy/tests/oddities.json");
    let list: Vec<Value> = serde_json::from_str(list).unwrap();
    let case =
        |case: &Value| Case { text: token_with(case), at: case["at"].as_i64().unwrap_or(AT) };
    let mut cases: Vec<Case> = list.iter().map(case).collect();
    // At the edges of a life, and of what a clock can hold.
    for at in [1_664_701_944, 1_664_701_945, 1_664_702_004, 1_664_705_605, 1_664_705_665] {
        cases.push(Case { text: token_with(&Value::Null), at });
    }
    for change in [
        json!({ "exp": 9_223_371_974_719_178_752_i64 }),
        json!({ "exp": 9_223_371_974_719_179_776_i64 }),
        json!({ "exp": -62_135_596_801_i64, "nbf": -1e300, "iat": null }),
        json!({ "exp": 253_402_300_800_i64, "iat": 1.5 }),
        json!({ "exp": 99_999_999_999_i64, "nbf": i64::MAX, "iat": i64::MAX }),
        json!({ "aud": ["a\"b", "c\\d", "\u{202e}\u{7}ü€"], "iss": "\u{200b}" }),
        json!({ "kubernetes.io": { "warnafter": 1_664_702_999, "node": { "name": "n" } } }),
    ] {
        cases.push(Case { text: token_with(&json!({ "change": change })), at: AT });
    }
    cases
}

fn token_with(case: &Value) -> String {
    let legacy = case["legacy"] == true;
    let claims = if legacy { sample::LEGACY_CLAIMS } else { sample::CLAIMS_OF_2022 };
    let mut claims: Map<String, Value> = serde_json::from_str(claims).unwrap();
    if !legacy {
        claims.insert("jti".into(), json!("c71191f9-21a6-4455-9a8c-a5fdc3c9563e"));
    }
    for (name, value) in case["change"].as_object().into_iter().flatten() {
        match value {
            Value::Null => drop(claims.shift_remove(name)),
            value => drop(claims.insert(name.clone(), value.clone())),
        }
    }
    let header = match &case["header"] {
        Value::Null => sample::HEADER_OF_2022.to_owned(),
        header => header.to_string(),
    };
    let payload = case["payload"].as_str().map_or(json!(claims).to_string(), str::to_owned);
    let length = case["signature"].as_u64().unwrap_or(256);
    let signature = base64url::encode(&vec![7; usize::try_from(length).unwrap()]);
    let parts = [base64url::encode(header.as_bytes()), base64url::encode(payload.as_bytes())];
    let token = format!("{}.{signature}", parts.join("."));
    if case["respelled"] == true { format!("{}x", &token[..token.len() - 1]) } else { token }
}

/// What people paste.
fn pasted() -> Vec<String> {
    let t = sample::token_of_2022();
    let legacy = sample::unsigned(sample::HEADER_OF_2022, sample::LEGACY_CLAIMS);
    let (a, b) = t.split_at(200);
    let parts: Vec<&str> = t.split('.').collect();
    let once = STANDARD.encode(&legacy);
    let static_token = STANDARD.encode(STANDARD.encode([7; 32]) + "\n");
    let secret = json!({ "kind": "Secret", "data": { "token": once } });
    let mut texts = vec![
        format!("Bearer {t}"),
        format!("Authorization: \"Bearer {t}\""),
        format!("'Authorization: Bearer {t}',"),
        format!("--token={t}"),
        format!("“{t}”%"),
        format!("\u{feff}{t}\u{200b}"),
        format!("{a}\r\n    {b}\n"),
        format!("{a}\\\n{b}"),
        format!("\"{t}\\n\""),
        format!("{t}=="),
        format!("> {a}\n> {b}"),
        t.replace('-', "+").replace('_', "/"),
        format!("$ microk8s kubectl create token default\n{t}\n$ "),
        format!("curl -H \"Authorization: Bearer {t}\" https://x"),
        once.clone(),
        STANDARD.encode(&once),
        STANDARD.encode([0, 1, 2, 255, 254]),
        once.trim_end_matches('=').to_owned(),
        secret.to_string(),
        format!("{secret:#}"),
        json!({ "kind": "List", "items": [{ "kind": "Secret" }, secret] }).to_string(),
        json!({ "kind": "Config", "users": [{ "user": {} }, { "user": { "token": t } }] })
            .to_string(),
        json!({ "id_token": t }).to_string(),
        format!("apiVersion: v1\ndata:\n  token: {once}\nkind: Secret\n"),
        format!("apiVersion: v1\nkind: Config\nusers:\n- user:\n    token: {static_token}\n"),
        format!("Name: x\n\nData\n====\nca.crt:     1123 bytes\ntoken:      {t}\n"),
        format!("token: {a}\n{b}"),
        static_token.clone(),
        static_token[1..].to_owned(),
        STANDARD.encode(STANDARD.encode([7; 32]).replacen('H', "_", 1) + "\n"),
        format!("{}.a.b.c.d", base64url::encode(br#"{"alg":"dir","enc":"A128GCM"}"#)),
        format!("{t}.{t}"),
        format!("{}.{}.{}", parts[0], &parts[1][..100], parts[2]),
        format!("{}.{}.{}", parts[0], "*", parts[2]),
        format!("{}.{}é.{}", parts[0], parts[1], parts[2]),
        sample::CLAIMS_OF_2022.to_owned(),
        sample::HEADER_OF_2022.to_owned(),
        format!("microk8s join {}", "x"),
        "Q7ZK2M9XW4RT6YP1B8NC3VD5FG0HJLSA".repeat(2),
    ];
    let plain = [
        "",
        " \n\t\u{85}\u{3000}",
        "92b2db237428470dc4fcfc4ebbd9dc81",
        "192.168.1.230:25000/92b2db237428470dc4fcfc4ebbd9dc81/2c0cb3284b05",
        "10.0.0.1:25000/HqzLCQKBrvvdTYCEokhZbIevAxANYdLU",
        "abcdef.0123456789abcdef",
        "kubeadm join 10.0.0.1:6443 --token abcdef.0123456789abcdef",
        "K10aabbccddeeff00112233445566778899::server:0123456789abcdef",
        "c71191f9-21a6-4455-9a8c-a5fdc3c9563e",
        "C71191F9-21A6-4455-9A8C-A5FDC3C9563E",
        "system:serviceaccount:default:default",
        "abcdefghijklmnop",
        "abcdefghijklmnó",
        "sha256~0123456789012345678901234567890123456789012",
        "TTTTTTTTTTTTTTTT,admin,admin,\"system:masters\"\nUUUUUUU,system:kube-proxy,kube-proxy\n",
        "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIC\n",
        "-----BEGIN PUBLIC KEY-----\nMIIC\n",
        "-----BEGIN CERTIFICATE REQUEST-----\nMIIC\n",
        "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUMKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=",
        "apiVersion: v1\nkind: Config\nusers:\n- name: admin\n  user:\n    token: REDACTED\n",
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: default\n",
        r#"{"kind":"Config","users":[{"user":{"token":"REDACTED"}}]}"#,
        r#"{"kind":"a \"quoted\" kind of more than forty characters, which is cut"}"#,
        r#"{"kind":"Status","status":"Failure","code":401}"#,
        r#"{"keys":[{"kty":"RSA"}]}"#,
        r#"{"kty":"EC"}"#,
        r#"{"payload":"e30","signatures":[]}"#,
        r#"{"a":1}"#,
        "[1]",
        "{nonsense",
        "error: failed to create token: serviceaccounts \"x\" not found",
        "default",
        "hello, this is no token, is it?",
    ];
    texts.extend(plain.map(str::to_owned));
    let cuts = (0..t.len()).step_by(7);
    texts.extend(cuts.flat_map(|at| [t[..at].to_owned(), t[at..].to_owned()]));
    texts
}

/// The headers and tokens that go-jose was asked about.
fn headers_and_claims_of_go() -> impl Iterator<Item = String> {
    let headers = include_str!("../../crates/02-jwt-anatomy/tests/headers.jsonl").lines();
    let tokens = include_str!("../../crates/02-jwt-anatomy/tests/go-jose.jsonl").lines();
    let parse = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    headers
        .map(move |line| sample::unsigned(&text(&parse(line)["header"]), sample::CLAIMS_OF_2022))
        .chain(tokens.map(move |line| text(&parse(line)["token"])))
}

/// Tokens with a character changed, taken out or put in: the same ones each time.
fn by_chance(cases: &[Case]) -> Vec<Case> {
    const LETTERS: &[u8] = b"AZaz09-_.=+/ \n\"{}[]:,;\\eE";
    let mut state = 2022_u64;
    let mut chance = |below: usize| {
        // Knuth's multiplier; the high bits are the good ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut grown = Vec::new();
    while grown.len() < 500 {
        let Case { text, at } = &cases[chance(cases.len())];
        // Inside a part, where a change reaches the JSON, as often as in the text itself.
        let mut parts: Vec<Vec<u8>> =
            text.split('.').map(|part| part.as_bytes().to_vec()).collect();
        let which = chance(parts.len());
        let decoded = base64url::decode(&String::from_utf8_lossy(&parts[which])).ok();
        let inside = chance(2) == 0 && decoded.is_some();
        let mut bytes = if inside { decoded.unwrap_or_default() } else { parts[which].clone() };
        let place = chance(bytes.len() + 1);
        let letter = LETTERS[chance(LETTERS.len())];
        match chance(3) {
            0 if place < bytes.len() => bytes[place] = letter,
            1 if place < bytes.len() => drop(bytes.remove(place)),
            _ => bytes.insert(place, letter),
        }
        parts[which] = if inside { base64url::encode(&bytes).into_bytes() } else { bytes };
        let Ok(text) = String::from_utf8(parts.join(&b'.')) else { continue };
        grown.push(Case { text, at: *at });
    }
    grown
}

/// What the crate says of a case.
pub(crate) fn by_the_crate(Case { text, at }: &Case) -> Value {
    let seen = recognise(text);
    let mut said = json!({
        "what": seen.what.code(),
        "says": seen.what.says(),
        "mended": seen.mends.iter().map(|mend| mend.code()).collect::<Vec<_>>(),
        "mends": seen.mends.iter().map(|mend| mend.says()).collect::<Vec<_>>(),
        "advice": seen.what.advice().iter()
            .map(|way| json!({ "to": way.to, "command": way.command })).collect::<Vec<_>>(),
        "text": seen.token(),
    });
    let Some(token) = seen.token().map(|text| UnverifiedToken::read(text).unwrap()) else {
        return said;
    };
    let claims = token.unverified_claims();
    let read = claims.as_ref().ok();
    let odd = oddities::of(&token, *at);
    said["oddities"] = odd
        .iter()
        .map(|odd| {
            json!({
                "code": odd.code,
                "weight": odd.weight.to_string(),
                "detail": odd.detail,
                "meaning": odd.meaning,
            })
        })
        .collect();
    said["header"] = token.header().raw.keys().map(String::as_str).collect();
    said["signatureBytes"] = token.signature().len().into();
    said["claimsError"] = claims.as_ref().err().map(ToString::to_string).into();
    said["claims"] = read.map_or(Value::Null, |claims| claims_json(claims, *at));
    said
}

fn claims_json(claims: &Claims, at: i64) -> Value {
    let date = |seconds: Option<i64>| {
        seconds.map(|seconds| format!("{seconds}: {}", dates::show(seconds, &dates::Zone::utc())))
    };
    let (state, seconds) = match Life::at(claims, at) {
        Life::WithoutEnd => ("without-end", None),
        Life::Left(seconds) => ("left", Some(seconds)),
        Life::NotYet(seconds) => ("not-yet", Some(seconds)),
        Life::Over(seconds) => ("over", Some(seconds)),
    };
    let account = ServiceAccountName::from_username(&claims.subject).ok();
    json!({
        "iss": claims.issuer,
        "sub": claims.subject,
        "aud": claims.audiences,
        "jti": claims.token_id,
        "exp": date(claims.expires_at),
        "nbf": date(claims.not_before),
        "iat": date(claims.issued_at),
        "account": account.map(|account| account.to_string()),
        "pod": claims.kubernetes.as_ref().and_then(|k| k.pod.as_ref()).map(|pod| &pod.name),
        "warnafter": date(claims.kubernetes.as_ref().and_then(|k| k.warn_after)),
        "secret": claims.legacy.secret_name,
        "names": claims.raw.keys().collect::<Vec<_>>(),
        "state": state,
        "left": seconds.map(dates::span),
        "whole": Life::whole(claims).map(dates::span),
    })
}

/// The same for the page's logic: a function of a list of `[text, at]`, in JavaScript. `inspector`
/// is the logic; numbers beyond 2^53 go as text.
pub(crate) const BY_THE_PAGE: &str = r"
function byThePage(sayings, cases) {
  const { inspect, utc, span } = inspector(sayings);
  const date = (seconds) => (seconds === null ? null : `${seconds}: ${utc(seconds)}`);
  const spanOf = (seconds) => (seconds === null ? null : span(seconds));
  return cases.map(([text, at]) => {
    const seen = inspect(text, BigInt(at));
    const { what, says, mended, mends, advice, token, claims, life } = seen;
    const said = { what, says, mended, mends, advice, text: seen.text ?? null };
    if (!token) return said;
    said.oddities = seen.oddities;
    said.header = [...token.header.raw.keys()];
    said.signatureBytes = token.signature.length;
    said.claimsError = seen.claimsError;
    said.claims = claims && {
      iss: claims.iss, sub: claims.sub, aud: claims.aud, jti: claims.jti,
      exp: date(claims.exp), nbf: date(claims.nbf), iat: date(claims.iat),
      account: seen.account && `system:serviceaccount:${seen.account.namespace}:${seen.account.name}`,
      pod: claims.kubernetes?.pod?.name ?? null,
      warnafter: date(claims.kubernetes?.warnafter ?? null),
      secret: claims.legacy['secret.name'],
      names: [...claims.raw.keys()],
      state: life.state, left: spanOf(life.seconds), whole: spanOf(life.whole),
    };
    return said;
  });
}
";

/// Both said the same of each case. Tells the first few differences.
pub(crate) fn assert_same(cases: &[Case], by_the_page: &[Value]) {
    assert_eq!(cases.len(), by_the_page.len());
    let mut differences = Vec::new();
    for (case, page) in cases.iter().zip(by_the_page) {
        let own = by_the_crate(case);
        let names = own.as_object().unwrap().keys().chain(page.as_object().unwrap().keys());
        if let Some(name) = names.into_iter().find(|name| own.get(name) != page.get(name)) {
            differences.push(format!(
                "{:?} at {}: `{name}`\n  page  {}\n  crate {}",
                case.text, case.at, page[name], own[name]
            ));
        }
    }
    let (count, first) = (differences.len(), differences.iter().take(5).cloned());
    assert!(count == 0, "{count} differences:\n{}", first.collect::<Vec<_>>().join("\n"));
}
