//! JSON with an eye for names that stand twice in one object. Go's decoder reads the second value
//! into what it has made of the first, so that two objects become one and of other values the last
//! remains; the client is warned, or refused if it is strict ([`sigs.k8s.io/json`][1]).
//!
//! [1]: https://github.com/kubernetes-sigs/json/blob/main/json.go

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// The value, and where in it a name stands twice: `spec.audiences`, each place once.
pub(super) fn read(bytes: &[u8]) -> Result<(Value, Vec<String>), serde_json::Error> {
    let mut twice = Twice { paths: Vec::new(), text_left: MOST_TEXT };
    let mut text = serde_json::Deserializer::from_slice(bytes);
    let value = At { place: &Place::Top, twice: &mut twice }.deserialize(&mut text)?;
    text.end()?;
    Ok((value, twice.paths))
}

/// So many places are told, as by the real server.
const MOST_PLACES: usize = 100;

/// So many bytes of them are written, lest a long name be written once for each name below it.
const MOST_TEXT: usize = 1 << 20;

struct Twice {
    paths: Vec<String>,
    text_left: usize,
}

impl Twice {
    fn note(&mut self, place: &Place) {
        if self.paths.len() == MOST_PLACES || self.text_left == 0 {
            return;
        }
        let path = place.to_string();
        self.text_left = self.text_left.saturating_sub(path.len());
        if !self.paths.contains(&path) {
            self.paths.push(path);
        }
    }
}

/// A place in the text. It is written out only when there is something to tell about it.
enum Place<'p> {
    Top,
    Member(&'p Place<'p>, &'p str),
    Item(&'p Place<'p>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Top => Ok(()),
            Self::Member(Self::Top, name) => f.write_str(name),
            Self::Member(of, name) => write!(f, "{of}.{name}"),
            Self::Item(of, at) => write!(f, "{of}[{at}]"),
        }
    }
}

/// Reads what stands at a place.
struct At<'p, 't> {
    place: &'p Place<'p>,
    twice: &'t mut Twice,
}

impl<'de> DeserializeSeed<'de> for At<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<Value, D::Error> {
        text.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_, '_> {
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
            let place = &Place::Item(self.place, list.len());
            match items.next_element_seed(At { place, twice: &mut *self.twice })? {
                Some(item) => list.push(item),
                None => return Ok(list.into()),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let place = &Place::Member(self.place, &name);
            if object.contains_key(&name) {
                self.twice.note(place);
            }
            let value = members.next_value_seed(At { place, twice: &mut *self.twice })?;
            match object.get_mut(&name) {
                Some(before) => merge(before, value),
                None => drop(object.insert(name, value)),
            }
        }
        Ok(object.into())
    }
}

/// Lays one value over another: of two objects each member, of anything else the second.
pub fn merge(into: &mut Value, from: Value) {
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
    fn what_stands_twice_often_is_told_as_far_as_it_is_of_use() {
        let (value, found) = read(br#"{"a":1,"a":2,"a":{"b":1,"b":2}}"#).unwrap();
        assert_eq!(
            (value, &*found),
            (json!({"a": {"b": 2}}), &["a", "a.b"].map(str::to_owned)[..])
        );

        let one = r#"{"m":1,"m":1}"#;
        let (_, found) =
            read(format!("[{one}{}]", format!(",{one}").repeat(200)).as_bytes()).unwrap();
        assert_eq!((found.len(), &*found[99]), (100, "[99].m"));

        // Under a name of 512 KiB: the second place is the last.
        let long = "k".repeat(MOST_TEXT / 2);
        let text = format!("{{\"{long}\":[{one}{}]}}", format!(",{one}").repeat(50_000));
        assert_eq!(read(text.as_bytes()).unwrap().1.len(), 2);
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
