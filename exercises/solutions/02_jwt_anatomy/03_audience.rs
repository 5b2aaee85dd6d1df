//! One audience or several: the solution, and why.

use serde::{Deserialize, Deserializer};

/// What a token claims. Nobody has checked it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
// What is missing is taken from Claims::default(). What is there must have the right type: `default`
// does not hide a mistake.
#[serde(default)]
pub struct Claims {
    /// Who made it.
    pub iss: String,
    /// Whom it is about.
    pub sub: String,
    /// Who may accept it.
    // Whoever uses the claims shall see one shape. So the two spellings end here, in the reading.
    #[serde(deserialize_with = "audiences")]
    pub aud: Vec<String>,
    /// When it ends, in seconds since 1970 began.
    // None means missing, or null. A text is an error: `exp` that can't be read must not turn into
    // `exp` that is not there, for that is a token without end.
    pub exp: Option<i64>,
}

/// The two ways in which RFC 7519, section 4.1.3, lets an audience be written.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Called only when there is an `aud`. An Option would let null pass, which the API server does not.
fn audiences<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(match OneOrMany::deserialize(from)? {
        OneOrMany::One(audience) => vec![audience],
        OneOrMany::Many(audiences) => audiences,
    })
}

/// The claims in a payload.
///
/// # Errors
/// When it is no JSON, or a claim has the wrong type.
pub fn claims(payload: &str) -> Result<Claims, serde_json::Error> {
    serde_json::from_str(payload)
}
