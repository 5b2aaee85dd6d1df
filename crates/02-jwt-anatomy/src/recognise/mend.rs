//! Undoing what happens to a token between one window and another.

use super::Mend;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const QUOTES: [char; 18] =
    ['"', '\'', '`', ',', ';', '<', '>', '(', ')', '[', ']', '{', '}', '“', '”', '‘', '’', '*'];
const LABELS: [&str; 9] = [
    "authorization:",
    "authentication:",
    "bearer:",
    "bearer",
    "--token=",
    "--token",
    "id-token:",
    "token:",
    "token=",
];

type Step = fn(&str) -> String;

/// The text without what does not belong to a token, and what that was.
pub(super) fn mend(text: &str) -> (String, Vec<Mend>) {
    let steps: [(Mend, Step); 11] = [
        (Mend::Invisible, |text| text.replace(is_invisible, "")),
        (Mend::Quotes, without_quotes),
        (Mend::Label, without_labels),
        (Mend::Quotes, without_quotes),
        (Mend::Label, without_labels),
        (Mend::Backslash, |text| {
            text.replace("\\r", "").replace("\\n", "").replace("\\t", "").replace('\\', "")
        }),
        (Mend::WhiteSpace, |text| text.split_whitespace().collect()),
        (Mend::PromptMark, |text| text.trim_end_matches(['%', '$', '#']).to_owned()),
        (Mend::Quotes, without_quotes),
        (Mend::Alphabet, |text| text.replace('+', "-").replace('/', "_")),
        (Mend::Padding, without_padding),
    ];
    // The last two would spoil whatever is no JWT.
    let count = if text.matches('.').count() == 2 { steps.len() } else { steps.len() - 2 };

    let mut text = text.to_owned();
    let mut mends = Vec::new();
    for (mend, step) in &steps[..count] {
        let next = step(&text);
        if next != text && !mends.contains(mend) {
            mends.push(*mend);
        }
        text = next;
    }
    (text, mends)
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
}

fn without_quotes(text: &str) -> String {
    text.trim_matches(|c: char| QUOTES.contains(&c) || c.is_whitespace()).to_owned()
}

fn without_labels(text: &str) -> String {
    let mut text = text;
    while let Some(rest) = LABELS.iter().find_map(|label| strip_label(text, label)) {
        text = rest;
    }
    text.to_owned()
}

/// What follows a label, if the label ends there: a token may well begin with its letters.
fn strip_label<'t>(text: &'t str, label: &str) -> Option<&'t str> {
    let start = text.get(..label.len())?;
    let rest = &text[label.len()..];
    let ends = label.ends_with([':', '=']) || rest.starts_with(char::is_whitespace);
    (start.eq_ignore_ascii_case(label) && ends).then(|| rest.trim_start())
}

fn without_padding(text: &str) -> String {
    text.split('.').map(|part| part.trim_end_matches('=')).collect::<Vec<_>>().join(".")
}

/// The words of a text in which a token may stand.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || QUOTES.contains(&c) || matches!(c, '=' | ':' | '\\'))
        .filter(|word| word.matches('.').count() == 2)
}

/// Base64 of any alphabet, padded or not, with or without line breaks.
const ANY: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The text inside, if this is base64 of a text.
pub(super) fn unwrap_base64(text: &str) -> Option<String> {
    let plain = text.replace('-', "+").replace('_', "/");
    let decoded = String::from_utf8(ANY.decode(plain).ok()?).ok()?;
    let readable = |c: char| !c.is_control() || c.is_whitespace();
    decoded.chars().all(readable).then_some(decoded)
}

/// `openssl rand -base64 32 | base64`: 32 random bytes, a line of 44 characters, and that again.
pub(super) fn is_microk8s_static(text: &str) -> bool {
    let Some(inner) = (text.len() == 60).then(|| unwrap_base64(text)).flatten() else {
        return false;
    };
    inner.trim_end().len() == 44 && ANY.decode(inner.trim_end()).is_ok_and(|key| key.len() == 32)
}
