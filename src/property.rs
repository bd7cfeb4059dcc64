//! What of a secret a property names, as both dialects have it: a field of exactly this name, else a path of fields and list
//! positions, `a.b.0` or `a.b[0]`. The same for a secret with its values and for one that only shows its names, where `null`
//! stands for each value.

use serde_json::{Map, Value};

/// Where a property leads to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Found<'value> {
    Here(&'value Value),
    Nowhere,
    /// Its path goes on where there is a value without parts. A text that holds JSON is a text: neither dialect looks into it.
    Within,
}

/// Looks for a property.
pub fn find<'value>(fields: &'value Map<String, Value>, property: &str) -> Found<'value> {
    if let Some(value) = fields.get(property) {
        return Found::Here(value);
    }
    let plain = property.replace('[', ".").replace(']', "");
    let mut parts = plain.split('.');
    let first = parts.next().and_then(|part| fields.get(part));
    let Some(mut value) = first else {
        return Found::Nowhere;
    };
    for part in parts {
        let next = match value {
            Value::Object(fields) => fields.get(part),
            Value::Array(items) => part.parse().ok().and_then(|at: usize| items.get(at)),
            _ => return Found::Within,
        };
        match next {
            Some(next) => value = next,
            None => return Found::Nowhere,
        }
    }
    Found::Here(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_property_is_an_exact_name_first_and_a_path_then() {
        let fields = json!({"a.b": "exact", "a": {"b": "path", "c": [10, {"d": true}]}});
        let fields = fields.as_object().unwrap();
        assert_eq!(find(fields, "a.b"), Found::Here(&json!("exact")));
        assert_eq!(find(fields, "a.c.0"), Found::Here(&json!(10)));
        assert_eq!(find(fields, "a.c[1].d"), Found::Here(&json!(true)));
        assert_eq!(find(fields, "a.c[2]"), Found::Nowhere);
        assert_eq!(find(fields, "a.c.x"), Found::Nowhere);
        assert_eq!(find(fields, "a.x"), Found::Nowhere);
        assert_eq!(find(fields, "a.b.x"), Found::Within);
        assert_eq!(find(fields, "toString"), Found::Nowhere);
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            Just(json!(1)),
            Just(json!("{\"a\":\"b\"}"))
        ];
        leaf.prop_recursive(3, 24, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[ab]|a\\.b", inner, 0..3)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    /// As Vault shows a secret without its values.
    fn names(value: &Value) -> Value {
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                let names = fields
                    .iter()
                    .map(|(name, value)| (name.clone(), names(value)));
                Value::Object(names.collect())
            }
            _ => Value::Null,
        }
    }

    proptest! {
        /// What the names alone say is never wrong; they may leave it open.
        #[test]
        fn names_alone_say_the_same_or_nothing(
            secret in prop::collection::btree_map("[ab]|a\\.b", values(), 0..3),
            property in "(a|b|0|a\\.b)([.]|\\[|\\])?(a|b|0|1)?(\\]|\\.a)?",
        ) {
            let secret = Value::Object(secret.into_iter().collect());
            let shown = names(&secret);
            let empty = Map::new();
            let fields = |value: &Value| value.as_object().unwrap_or(&empty).clone();
            let (fields, shown) = (fields(&secret), fields(&shown));
            match find(&shown, &property) {
                Found::Here(_) => prop_assert!(matches!(find(&fields, &property), Found::Here(_))),
                Found::Nowhere => prop_assert_eq!(find(&fields, &property), Found::Nowhere),
                Found::Within => {}
            }
        }
    }
}
