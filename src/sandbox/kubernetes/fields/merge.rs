//! One object laid over another, and fields taken out of one.

use super::super::schema::Schema;
use super::set::{Element, Set};
use super::shape::{Shape, entry, holds_nothing};
use serde_json::{Map, Value};

/// `over` laid on `under`: what both have is merged where the schema says so, and is `over`'s elsewhere.
pub(super) fn merge(schema: Schema, under: &Value, over: &Value) -> Value {
    both(schema, Some(under), Some(over)).unwrap_or(Value::Null)
}

fn both(schema: Schema, under: Option<&Value>, over: Option<&Value>) -> Option<Value> {
    let shape = Shape::of(schema, over.or(under)?);
    if matches!(shape, Shape::Whole) || (holds_nothing(shape, under) && holds_nothing(shape, over))
    {
        return over.or(under).cloned();
    }
    match shape {
        Shape::Whole => None,
        Shape::Fields(_) | Shape::Keys(_) => {
            let under = under.and_then(Value::as_object);
            let over = over.and_then(Value::as_object);
            let mut merged = Map::new();
            let had = under.into_iter().flat_map(Map::keys);
            for name in had.chain(over.into_iter().flat_map(Map::keys)) {
                let (below, above) = (
                    under.and_then(|fields| fields.get(name)),
                    over.and_then(|fields| fields.get(name)),
                );
                let inner = shape.inner(name).unwrap_or(Schema::Anything);
                if !merged.contains_key(name)
                    && let Some(value) = both(inner, below, above)
                {
                    merged.insert(name.clone(), value);
                }
            }
            (!merged.is_empty()).then_some(Value::Object(merged))
        }
        Shape::Set | Shape::Entries(..) => entries(shape, under, over),
    }
}

/// Entries keep the order of `over`; those that only `under` has stay before what follows them there.
fn entries(shape: Shape, under: Option<&Value>, over: Option<&Value>) -> Option<Value> {
    let inner = match shape {
        Shape::Entries(_, inner) => *inner,
        _ => Schema::Text,
    };
    let (left, right) = (listed(shape, under), listed(shape, over));
    let has = |side: &[(Element, &Value)], element: &Element| {
        side.iter().any(|(known, _)| known == element)
    };
    let find = |element: &Element| {
        let mut found = left.iter().filter(|(known, _)| known == element);
        // Entries that cannot be told from each other are not merged into.
        let first = found.next();
        first
            .filter(|_| found.next().is_none())
            .map(|(_, value)| *value)
    };
    let shared = right.iter().map(|(element, _)| element);
    let mut shared = shared.filter(|element| has(&left, element));
    let mut next = shared.next();
    let mut merged = Vec::new();
    let mut done: Vec<&Element> = Vec::new();
    let (mut l, mut r) = (0, 0);
    while l < left.len() || r < right.len() {
        if let (Some((ours, _)), Some((theirs, value))) = (left.get(l), right.get(r)) {
            if ours == theirs {
                done.push(theirs);
                merged.extend(both(inner, find(theirs), Some(value)));
                (l, r) = (l + 1, r + 1);
                next = shared.next();
                continue;
            }
            if has(&right, ours) && next.is_some_and(|next| next != ours) {
                l += 1;
                continue;
            }
        }
        if let Some((ours, value)) = left.get(l) {
            if !has(&right, ours) {
                merged.extend(both(inner, Some(value), None));
                l += 1;
                continue;
            } else if done.contains(&ours) {
                l += 1;
            }
        }
        if let Some((theirs, value)) = right.get(r) {
            done.push(theirs);
            merged.extend(both(inner, find(theirs), Some(value)));
            r += 1;
            if next == Some(theirs) {
                next = shared.next();
            }
        }
    }
    (!merged.is_empty()).then_some(Value::Array(merged))
}

fn listed(shape: Shape, value: Option<&Value>) -> Vec<(Element, &Value)> {
    let items = value
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    items
        .iter()
        .filter_map(|item| Some((entry(shape, item)?, item)))
        .collect()
}

/// The value without these fields; what is left empty becomes `null`.
pub(super) fn remove(schema: Schema, value: &Value, fields: &Set) -> Value {
    let shape = Shape::of(schema, value);
    match (shape, value) {
        (Shape::Whole, Value::Array(_) | Value::Object(_)) => Value::Null,
        (Shape::Fields(_) | Shape::Keys(_), Value::Object(object)) => {
            let mut kept = Map::new();
            for (name, value) in object {
                let element = Element::Field(name.clone());
                if fields.has(&element) {
                    continue;
                }
                let inner = shape.inner(name).unwrap_or(Schema::Anything);
                let value = match fields.under(&element) {
                    Some(below) => remove(inner, value, below),
                    None => value.clone(),
                };
                kept.insert(name.clone(), value);
            }
            if kept.is_empty() {
                Value::Null
            } else {
                Value::Object(kept)
            }
        }
        (Shape::Set | Shape::Entries(..), Value::Array(items)) => {
            let mut kept = Vec::new();
            for item in items {
                let element = entry(shape, item);
                let below = element.as_ref().and_then(|element| fields.under(element));
                match (&element, below, shape) {
                    (Some(element), _, _) if fields.has(element) => {}
                    (_, Some(below), Shape::Entries(_, inner)) => {
                        kept.push(remove(*inner, item, below));
                    }
                    _ => kept.push(item.clone()),
                }
            }
            if kept.is_empty() {
                Value::Null
            } else {
                Value::Array(kept)
            }
        }
        _ => value.clone(),
    }
}
