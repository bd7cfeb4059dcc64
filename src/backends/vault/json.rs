//! JSON as strictly as a secret deserves: a key that comes twice is an error, not the last one's victory.

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// The object that a whole body is. What is wrong is told in our words: an error of the parser may quote the body.
pub(super) fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice::<Strict>(bytes) {
        Ok(Strict(Value::Object(fields))) => Some(fields),
        _ => None,
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON without duplicate keys")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some((key, Strict(value))) = entries.next_entry::<String, Strict>()? {
            if fields.insert(key, value).is_some() {
                return Err(A::Error::custom("a key comes twice"));
            }
        }
        Ok(fields.into())
    }
}

#[cfg(test)]
mod tests {
    use super::object;
    use serde_json::Value;

    #[test]
    fn every_kind_of_json_is_read_as_it_is() {
        let text = r#"{"a":[1,-2,1.5,true,null,"x\u00fc"],"b":{"c":{}},"d":18446744073709551615}"#;
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(object(text.as_bytes()).map(Value::Object), Some(expected));
    }

    #[test]
    fn broken_ambiguous_or_bottomless_json_is_refused() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
        for text in [
            "",
            "null",
            "[]",
            "\"x\"",
            "{",
            "{}x",
            "{\"a\":\"\u{1}\"}",
            &deep,
            r#"{"a":1,"a":1}"#,
            r#"{"data":{"data":{"password":"x","password":"y"}}}"#,
            r#"{"a":[{"b":1,"\u0062":2}]}"#,
        ] {
            assert_eq!(object(text.as_bytes()), None, "{text:.40}");
        }
        assert_eq!(object(b"{\"a\":\"\xff\"}"), None);
    }
}
