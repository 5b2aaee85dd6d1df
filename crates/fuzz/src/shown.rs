//! What may be shown to somebody: no secret, and nothing that steers a terminal.

/// What is shown of something with a secret in it does not hold the secret, unless what is public
/// does so already. What is short, or of few letters, can stand anywhere by chance, and is not
/// looked for. A secret may also be words that are shown anyway, and a fuzzer finds them: then
/// another one, put in its place, must not turn up where it stood.
pub(crate) fn keeps_secret(secret: &[u8], public: &[u8], show: impl Fn(&[u8]) -> String) {
    let mut letters = secret.to_vec();
    letters.sort_unstable();
    letters.dedup();
    if secret.len() < 16 || letters.len() < 8 || holds(public, secret) {
        return;
    }
    let shown = show(secret);
    let other: Vec<u8> = secret.iter().map(|byte| another(*byte)).collect();
    if holds(shown.as_bytes(), secret) && !holds(shown.as_bytes(), &other) {
        assert!(!holds(show(&other).as_bytes(), &other), "a secret is shown: {shown}");
    }
}

/// The next letter or digit.
fn another(byte: u8) -> u8 {
    match byte {
        b'z' => b'a',
        b'Z' => b'A',
        b'9' => b'0',
        byte if byte.is_ascii_alphanumeric() => byte + 1,
        byte => byte,
    }
}

/// `shown` is lines of text, and tells a terminal nothing else.
pub(crate) fn is_plain(shown: &str) {
    let steers = |c: &char| c.is_control() && *c != '\n';
    assert_eq!(shown.chars().find(steers), None, "it is no plain text: {shown:?}");
}

fn holds(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|window| window == wanted)
}
