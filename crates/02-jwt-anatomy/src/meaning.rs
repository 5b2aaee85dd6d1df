//! A token's parts in words, for the walk and for the tool.

use crate::dates::{self, Zone, show};
use crate::oddities::Oddity;
use crate::{
    Claims, KubernetesClaims, LegacyClaims, Life, ObjectRef, ServiceAccountName, UnverifiedToken,
};

/// Keys and what stands behind them.
pub(crate) type Rows = Vec<(String, String)>;

/// Longer values are cut: a token can hold anything.
const SHOWN: usize = 300;

/// A text of a stranger's, safe on a terminal: what can't be seen is spelled out, and what has no
/// end is cut.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars().take(SHOWN) {
        // Right-to-left marks and their like can make a line read as another.
        let invisible = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if c.is_control() || invisible {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    match text.chars().count() {
        length if length > SHOWN => format!("{shown}... ({length} characters)"),
        _ => shown,
    }
}

/// The header, and what its members are for.
pub(crate) fn header(token: &UnverifiedToken) -> Rows {
    let value = |name: &str, value: &serde_json::Value| match value.as_str() {
        Some(text) => match (name, algorithm(text)) {
            ("alg", Some(meaning)) => format!("{}\n{meaning}", plain(text)),
            ("kid", _) => format!("{}\nwhich of the issuer's keys signed it", plain(text)),
            _ => plain(text),
        },
        None => plain(&value.to_string()),
    };
    token.header().raw.iter().map(|(name, v)| (plain(name), value(name, v))).collect()
}

fn algorithm(name: &str) -> Option<&'static str> {
    Some(match name.get(..2)? {
        "RS" => "RSA: a private key signs, its public key checks",
        "PS" => "RSA with a random pad (PSS): a private key signs, its public key checks",
        "ES" => "elliptic curves: a private key signs, its public key checks",
        "HS" => "one secret that both signs and checks: not for tokens of Kubernetes",
        _ => return None,
    })
}

/// The claims in the order in which one asks: who, from whom, for whom, when, bound to what; then
/// all others as they are.
pub(crate) fn claims(claims: &Claims, zone: Zone) -> Rows {
    let mut rows = Rows::new();
    let mut row = |name: &str, value: String| rows.push((name.to_owned(), value));
    let text = |text: &str, meaning: &str| format!("{}\n{meaning}", plain(text));
    let date =
        |seconds: i64, meaning: &str| format!("{seconds}: {meaning}\n{}", both(seconds, zone));

    if !claims.subject.is_empty() {
        let meaning = match ServiceAccountName::from_username(&claims.subject) {
            Ok(account) => format!(
                "the service account `{}` in the namespace `{}`",
                account.name, account.namespace
            ),
            Err(_) => "whom it is about".to_owned(),
        };
        row("sub", text(&claims.subject, &meaning));
    }
    if !claims.issuer.is_empty() {
        row("iss", text(&claims.issuer, "who says so"));
    }
    if !claims.audiences.is_empty() {
        row("aud", text(&claims.audiences.join(", "), "who may accept it"));
    }
    for (name, seconds, meaning) in [
        ("iat", claims.issued_at, "it was made"),
        ("nbf", claims.not_before, "it is good from then on"),
        ("exp", claims.expires_at, "it is good until then"),
    ] {
        if let Some(seconds) = seconds {
            row(name, date(seconds, meaning));
        }
    }
    if !claims.token_id.is_empty() {
        row("jti", text(&claims.token_id, "its own id, for the audit log"));
    }
    if let Some(kubernetes) = &claims.kubernetes {
        row("kubernetes.io", kubernetes_io(kubernetes, zone));
    }
    if claims.legacy != LegacyClaims::default() {
        row("kubernetes.io/...", legacy(&claims.legacy));
    }
    for (name, value) in claims.raw.iter().filter(|(name, _)| !is_told(name)) {
        row(&plain(name), plain(value.as_str().unwrap_or(&value.to_string())));
    }
    rows
}

fn is_told(name: &str) -> bool {
    ["sub", "iss", "aud", "iat", "nbf", "exp", "jti", "kubernetes.io"].contains(&name)
        || name.starts_with("kubernetes.io/serviceaccount/")
}

fn kubernetes_io(claims: &KubernetesClaims, zone: Zone) -> String {
    let mut lines = vec!["what has to exist for the token to be good:".to_owned()];
    lines.push(format!("namespace  {}", plain(&claims.namespace)));
    for (name, reference) in [
        ("account", Some(&claims.service_account)),
        ("pod", claims.pod.as_ref()),
        ("secret", claims.secret.as_ref()),
        ("node", claims.node.as_ref()),
        ("webhook", claims.validating_webhook.as_ref()),
        ("webhook", claims.mutating_webhook.as_ref()),
    ] {
        if let Some(ObjectRef { name: object, uid }) = reference {
            lines.push(format!("{name:9}  {}", plain(object)));
            lines.push(format!("           uid {}", plain(uid)));
        }
    }
    if let Some(seconds) = claims.warn_after {
        lines.push(format!("warnafter  {seconds}: its use is noted from then on"));
        lines.extend(both(seconds, zone).lines().map(|date| format!("           {date}")));
    }
    lines.join("\n")
}

fn legacy(claims: &LegacyClaims) -> String {
    [
        "what has to exist for the token to be good:".to_owned(),
        format!("namespace  {}", plain(&claims.namespace)),
        format!("account    {}", plain(&claims.service_account_name)),
        format!("           uid {}", plain(&claims.service_account_uid)),
        format!("secret     {}", plain(&claims.secret_name)),
        "           where it is stored".to_owned(),
    ]
    .join("\n")
}

/// A date in UTC, and in the reader's own zone if that is another.
pub(crate) fn both(seconds: i64, zone: Zone) -> String {
    let (universal, own) = (show(seconds, &Zone::utc()), show(seconds, &zone));
    if zone.is_utc() || own == universal { universal } else { format!("{universal}\n{own}") }
}

/// An oddity as a row: how much it matters, and what it is.
pub(crate) fn oddity(oddity: &Oddity) -> (String, String) {
    let Oddity { code, weight, meaning, detail } = oddity;
    (weight.to_string(), format!("{code}: {}\n{meaning}", plain(detail)))
}

/// What a moment in a token's life is, in words.
pub(crate) fn life(life: Life) -> String {
    match life {
        Life::WithoutEnd => "without end".to_owned(),
        Life::Left(seconds) => format!("{} left", dates::span(seconds)),
        Life::NotYet(seconds) => format!("begins in {}", dates::span(seconds)),
        Life::Over(0) => "over, this second".to_owned(),
        Life::Over(seconds) => format!("over since {}", dates::span(seconds)),
    }
}
