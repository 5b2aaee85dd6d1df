//! JSON with an eye for names that stand twice in one object. Go's decoder reads the second value
//! into what it has made of the first, so that two objects become one and of other values the last
//! remains; the client is warned, or refused if it is strict ([`sigs.k8s.io/json`][1]).
//!
//! [1]: https://github.com/kubernetes-sigs/json/blob/main/json.go

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// The value, and where in it a name stands twice: `spec.audiences`.
pub(super) fn read(bytes: &[u8]) -> Result<(Value, Vec<String>), serde_json::Error> {
    let mut twice = Vec::new();
    let mut text = serde_json::Deserializer::from_slice(bytes);
    let value = At { path: String::new(), twice: &mut twice }.deserialize(&mut text)?;
    text.end()?;
    Ok((value, twice))
}

/// A place in the text.
struct At<'t> {
    path: String,
    twice: &'t mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<Value, D::Error> {
        text.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let path = format!("{}[{}]", self.path, list.len());
            match items.next_element_seed(At { path, twice: &mut *self.twice })? {
                Some(item) => list.push(item),
                None => return Ok(list.into()),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let dot = if self.path.is_empty() { "" } else { "." };
            let path = format!("{}{dot}{name}", self.path);
            if object.contains_key(&name) {
                self.twice.push(path.clone());
            }
            let value = members.next_value_seed(At { path, twice: &mut *self.twice })?;
            match object.get_mut(&name) {
                Some(before) => merge(before, value),
                None => drop(object.insert(name, value)),
            }
        }
        Ok(object.into())
    }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_stands_twice() {
        for (text, value, twice) in [
            (r#"{"a":1,"b":[{"c":null}]}"#, json!({"a": 1, "b": [{"c": null}]}), &[][..]),
            (r#"{"a":1,"a":"x"}"#, json!({"a": "x"}), &["a"]),
            (
                r#"{"s":{"a":{"x":1},"b":2},"s":{"a":{"y":-1},"b":0.5,"c":true}}"#,
                json!({"s": {"a": {"x": 1, "y": -1}, "b": 0.5, "c": true}}),
                &["s"],
            ),
            (r#"{"l":[0,{"m":[],"m":[1]}]}"#, json!({"l": [0, {"m": [1]}]}), &["l[1].m"]),
            (r#"[{"a":1},{"a":1}]"#, json!([{"a": 1}, {"a": 1}]), &[]),
        ] {
            let (read, found) = read(text.as_bytes()).unwrap();
            assert_eq!(
                (read, &*found),
                (value, &*twice.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_json_is_refused_as_ever() {
        for text in ["", "{", "[1,]", "{} {}", "1e999", "\"\u{1}\""] {
            let ours = read(text.as_bytes()).unwrap_err().to_string();
            let theirs = serde_json::from_str::<Value>(text).unwrap_err().to_string();
            assert_eq!(ours, theirs, "{text}");
        }
        assert!(read(&b"[".repeat(1 << 20)).is_err());
    }
}
