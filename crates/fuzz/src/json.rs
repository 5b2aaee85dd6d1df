//! The JSON of tokens beside `serde_json`, which knows nothing of duplicates until it is told.

use jwt_anatomy::json::{JsonError, parse_strict};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Both read the same, or neither reads it: but for what Go makes of broken UTF-8 and of halves of
/// surrogate pairs, and for the last of 128 levels.
pub(crate) fn law(bytes: &[u8]) {
    let ours = parse_strict(bytes);
    assert_eq!(ours, parse_strict(bytes), "it reads differently the second time");
    match (ours, by_serde(bytes)) {
        (Ok(ours), Ok(theirs)) => assert!(same(&ours, &theirs), "{ours} is not {theirs}"),
        (Err(JsonError::TooDeep { .. }), Ok(theirs)) => panic!("too deep? {theirs}"),
        (Err(why), Ok(theirs)) => panic!("{why}, while serde_json reads {theirs}"),
        (Ok(ours), Err(why)) => {
            let why = why.to_string();
            let known = ["surrogate", "unexpected end of hex escape", "recursion limit"];
            let known = std::str::from_utf8(bytes).is_err()
                || known.iter().any(|known| why.contains(known));
            assert!(known, "serde_json: {why}, while ours reads {ours}");
        }
        (Err(_), Err(_)) => {}
    }
}

/// As `serde_json` reads it, duplicates being an error.
pub(crate) fn by_serde(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice::<Strict>(bytes).map(|strict| strict.0)
}

/// Equal, but for the last bit of a float: each library rounds in its own way.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || close(one, other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|((name, one), (named, other))| name == named && same(one, other))
        }
        (one, other) => one == other,
    }
}

fn close(one: &Number, other: &Number) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() <= one.abs() * 4.0 * f64::EPSILON,
        _ => false,
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Value, E> {
        Ok(bool.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = from.next_element()? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, Strict(value))) = from.next_entry::<String, _>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom(format!("{name:?} stands there twice")));
            }
            members.insert(name, value);
        }
        Ok(members.into())
    }
}
