//! Which names, label keys, label values and data keys are allowed, and the real server's words
//! for those that are not ([names][1], [labels][2]). Each function answers with what is wrong;
//! nothing is when the list is empty.
//!
//! [1]: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
//! [2]: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const SUBDOMAIN_CHARACTERS: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const LABEL_KEY: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_KEY_CHARACTERS: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/// A rule for the names of a kind. The flag says that the text is only the beginning of a name
/// that will be completed, so that it may end in a dash.
pub(super) type Rule = fn(name: &str, is_beginning: bool) -> Vec<String>;

fn with_examples(rule: &str, pattern: &str, examples: &[&str]) -> String {
    let examples: Vec<String> = examples.iter().map(|example| format!("'{example}', ")).collect();
    format!("{rule} (e.g. {}regex used for validation is '{pattern}')", examples.join(" or "))
}

fn is_small_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    is_small_alphanumeric(*first)
        && is_small_alphanumeric(*last)
        && bytes.iter().all(|&byte| is_small_alphanumeric(byte) || byte == b'-')
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

/// A dash at the end stands for what will come after it.
fn completed(name: &str, is_beginning: bool) -> String {
    match name.strip_suffix('-') {
        Some(rest) if is_beginning && !rest.is_empty() => format!("{rest}a"),
        _ => name.to_owned(),
    }
}

/// What most objects are called: an RFC 1123 subdomain, `web-1.example`.
pub(crate) fn subdomain(name: &str, is_beginning: bool) -> Vec<String> {
    let name = completed(name, is_beginning);
    let mut wrong = Vec::new();
    if name.len() > 253 {
        wrong.push("must be no more than 253 characters".to_owned());
    }
    if !is_subdomain(&name) {
        wrong.push(with_examples(SUBDOMAIN_CHARACTERS, SUBDOMAIN, &["example.com"]));
    }
    wrong
}

/// What a namespace or a container is called: an RFC 1123 label, without dots.
pub(super) fn label(name: &str, is_beginning: bool) -> Vec<String> {
    const CHARACTERS: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
    let name = completed(name, is_beginning);
    let mut wrong = Vec::new();
    if name.len() > 63 {
        wrong.push("must be no more than 63 characters".to_owned());
    }
    if !is_label(&name) {
        wrong.push(if is_subdomain(&name) {
            "must not contain dots".to_owned()
        } else {
            with_examples(CHARACTERS, LABEL, &["my-name", "123-abc"])
        });
    }
    wrong
}

/// What a role is called: anything that fits between two slashes, `system:node-proxier` too.
pub(crate) fn path_segment(name: &str, is_beginning: bool) -> Vec<String> {
    if !is_beginning && (name == "." || name == "..") {
        return vec![format!("may not be '{name}'")];
    }
    ["/", "%"]
        .into_iter()
        .filter(|illegal| name.contains(illegal))
        .map(|illegal| format!("may not contain '{illegal}'"))
        .collect()
}

fn is_label_text(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// A label's key, `app` or `example.com/app`. Annotations and finalizers are named alike.
pub(super) fn label_key(key: &str) -> Vec<String> {
    let rule = |start: &str| {
        with_examples(
            &format!("{start}{LABEL_KEY_CHARACTERS}"),
            LABEL_KEY,
            &["MyName", "my.name", "123-abc"],
        )
    };
    let mut wrong = Vec::new();
    let parts: Vec<&str> = key.split('/').collect();
    let name = match parts[..] {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                wrong.push("prefix part must be non-empty".to_owned());
            } else {
                if prefix.len() > 253 {
                    wrong.push("prefix part must be no more than 253 bytes".to_owned());
                }
                if !is_subdomain(prefix) {
                    let rule = with_examples(SUBDOMAIN_CHARACTERS, SUBDOMAIN, &["example.com"]);
                    wrong.push(format!("prefix part {rule}"));
                }
            }
            name
        }
        _ => {
            let rule = rule("a valid label key ");
            return vec![format!(
                "{rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        wrong.push("name part must be no more than 63 bytes".to_owned());
    }
    if !is_label_text(name) {
        wrong.push(rule("name part "));
    }
    wrong
}

/// A label's value, which may be empty.
pub(super) fn label_value(value: &str) -> Vec<String> {
    const CHARACTERS: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    const PATTERN: &str = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
    let mut wrong = Vec::new();
    if value.len() > 63 {
        wrong.push("must be no more than 63 bytes".to_owned());
    }
    if !value.is_empty() && !is_label_text(value) {
        wrong.push(with_examples(CHARACTERS, PATTERN, &["MyValue", "my_value", "12345"]));
    }
    wrong
}

/// A key in the data of a Secret or a `ConfigMap`: it may become a file's name.
pub(super) fn data_key(key: &str) -> Vec<String> {
    const CHARACTERS: &str =
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    let mut wrong = Vec::new();
    if key.len() > 253 {
        wrong.push("must be no more than 253 characters".to_owned());
    }
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    if key.is_empty() || !key.as_bytes().iter().all(allowed) {
        wrong.push(with_examples(
            CHARACTERS,
            "[-._a-zA-Z0-9]+",
            &["key.name", "KEY_NAME", "key-name"],
        ));
    }
    match key {
        "." => wrong.push("must not be '.'".to_owned()),
        ".." => wrong.push("must not be '..'".to_owned()),
        key if key.starts_with("..") => wrong.push("must not start with '..'".to_owned()),
        _ => {}
    }
    wrong
}
