//! JSON merge patches: `null` takes away, maps are put together, everything else takes the place of what was there.

use serde_json::{Map, Value};

pub(super) fn merge(into: &mut Map<String, Value>, change: &Map<String, Value>) {
    for (name, value) in change {
        match (value, into.get_mut(name)) {
            (Value::Null, _) => {
                into.remove(name);
            }
            (Value::Object(change), Some(Value::Object(inner))) => merge(inner, change),
            // Where a map was, lists stay as they are.
            (value, Some(inner @ Value::Object(_))) => *inner = value.clone(),
            (value, _) => {
                into.insert(name.clone(), pruned(value));
            }
        }
    }
}

/// Without the fields that are `null`, which are there to take away.
fn pruned(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            kept.map(|(name, value)| (name.clone(), pruned(value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(pruned).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn null_takes_away_on_every_level() {
        let Value::Object(mut into) = json!({"a": 1, "b": {"c": 1, "d": 2}, "e": 5}) else {
            unreachable!("a map")
        };
        let Value::Object(change) = json!({"a": null, "b": {"c": null, "f": {"g": null}}, "e": [null, {"h": null, "i": 1}]})
        else {
            unreachable!("a map")
        };
        merge(&mut into, &change);
        let after = json!({"b": {"d": 2, "f": {}}, "e": [null, {"i": 1}]});
        assert_eq!(Value::from(into), after);
    }
}
