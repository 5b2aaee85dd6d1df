//! What a client wants done about fields that nobody knows, and about names that stand twice in one
//! object ([kubernetes.io][1]).
//!
//! [1]: https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation

use expiry::go::quote;

/// `?fieldValidation=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldValidation {
    /// Nothing: they are dropped.
    Ignore,
    /// A `Warning` header for each.
    Warn,
    /// The request is refused; so kubectl asks when it creates from a file.
    Strict,
}

impl FieldValidation {
    /// Reads the query's word. Who does not say is warned.
    #[must_use]
    pub fn read(word: Option<&str>) -> Self {
        match word {
            Some("Ignore") => Self::Ignore,
            Some("Strict") => Self::Strict,
            _ => Self::Warn,
        }
    }

    /// What is to be done about these complaints: warnings.
    ///
    /// # Errors
    /// Why an object cannot be handled, for a client that is strict.
    pub fn settle(self, complaints: Vec<String>) -> Result<Vec<String>, String> {
        match self {
            Self::Ignore => Ok(Vec::new()),
            Self::Strict if !complaints.is_empty() => {
                Err(format!("strict decoding error: {}", complaints.join(", ")))
            }
            Self::Warn | Self::Strict => Ok(complaints),
        }
    }
}

/// What there is to complain about, given the paths of unknown fields, and of names that stand twice:
/// `unknown field "spec.colour"`. The real server mixes the two, as they come. In a field that nobody
/// knows, nobody looks.
#[must_use]
pub fn complaints(unknown: &[String], twice: &[String]) -> Vec<String> {
    let is_inside = |path: &str, field: &String| {
        path.strip_prefix(field.as_str()).is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    let read = twice.iter().filter(|path| !unknown.iter().any(|field| is_inside(path, field)));
    let unknown = unknown.iter().map(|path| format!("unknown field {}", quote(path)));
    unknown.chain(read.map(|path| format!("duplicate field {}", quote(path)))).collect()
}
