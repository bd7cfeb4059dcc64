//! Which fields one object has, and how two objects differ, in sets of fields.

use super::super::schema::Schema;
use super::set::{Element, Set};
use super::shape::{Shape, entry, holds_nothing};
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub added: Set,
    pub modified: Set,
    pub removed: Set,
}

/// Every field that a manager owns who applied this.
pub(super) fn fields_of(schema: Schema, value: &Value) -> Set {
    let mut set = Set::default();
    collect(schema, value, &mut Vec::new(), &mut set);
    set
}

fn collect(schema: Schema, value: &Value, path: &mut Vec<Element>, set: &mut Set) {
    let shape = Shape::of(schema, value);
    match (shape, value) {
        (Shape::Whole, _) => set.insert(path),
        (Shape::Fields(_) | Shape::Keys(_), Value::Object(fields)) => {
            for (name, value) in fields {
                let Some(inner) = shape.inner(name) else {
                    continue;
                };
                path.push(Element::Field(name.clone()));
                collect(inner, value, path, set);
                let hollow =
                    value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
                if hollow || !shape.is_named(name) {
                    set.insert(path);
                }
                path.pop();
            }
        }
        (Shape::Set | Shape::Entries(..), Value::Array(items)) => {
            for item in items {
                let Some(element) = entry(shape, item) else {
                    continue;
                };
                path.push(element);
                if let Shape::Entries(_, inner) = shape {
                    collect(*inner, item, path, set);
                }
                set.insert(path);
                path.pop();
            }
        }
        _ => {}
    }
}

pub(super) fn compare(schema: Schema, before: &Value, after: &Value) -> Comparison {
    let mut comparison = Comparison::default();
    walk(
        schema,
        Some(before),
        Some(after),
        &mut Vec::new(),
        &mut comparison,
    );
    comparison
}

fn walk(
    schema: Schema,
    before: Option<&Value>,
    after: Option<&Value>,
    path: &mut Vec<Element>,
    out: &mut Comparison,
) {
    let was = before.map(|value| Shape::of(schema, value));
    let is = after.map(|value| Shape::of(schema, value));
    let leaf = match (was, is) {
        (Some(was), Some(is)) if !was.is_same(is) => {
            descend(was, before, after, path, out);
            descend(is, before, after, path, out)
        }
        (_, Some(shape)) | (Some(shape), None) => descend(shape, before, after, path, out),
        (None, None) => return,
    };
    match (leaf, before, after) {
        (false, None, _) => out.added.insert(path),
        (false, _, None) => out.removed.insert(path),
        _ => {}
    }
}

/// Whether the value was looked at as a whole.
fn descend(
    shape: Shape,
    before: Option<&Value>,
    after: Option<&Value>,
    path: &mut Vec<Element>,
    out: &mut Comparison,
) -> bool {
    if matches!(shape, Shape::Whole)
        || (holds_nothing(shape, before) && holds_nothing(shape, after))
    {
        match (before, after) {
            (None, _) => out.added.insert(path),
            (_, None) => out.removed.insert(path),
            (Some(before), Some(after)) if before != after => out.modified.insert(path),
            _ => {}
        }
        return true;
    }
    match shape {
        Shape::Whole => {}
        Shape::Fields(_) | Shape::Keys(_) => fields(shape, before, after, path, out),
        Shape::Set | Shape::Entries(..) => entries(shape, before, after, path, out),
    }
    false
}

fn fields(
    shape: Shape,
    before: Option<&Value>,
    after: Option<&Value>,
    path: &mut Vec<Element>,
    out: &mut Comparison,
) {
    let before = before.and_then(Value::as_object);
    let after = after.and_then(Value::as_object);
    let had = before.into_iter().flat_map(serde_json::Map::keys);
    let new = after
        .into_iter()
        .flat_map(serde_json::Map::keys)
        .filter(|name| before.is_none_or(|before| !before.contains_key(*name)));
    for name in had.chain(new) {
        let Some(inner) = shape.inner(name) else {
            continue;
        };
        let (was, is) = (
            before.and_then(|fields| fields.get(name)),
            after.and_then(|fields| fields.get(name)),
        );
        if was == is {
            continue;
        }
        path.push(Element::Field(name.clone()));
        walk(inner, was, is, path, out);
        path.pop();
    }
}

fn entries(
    shape: Shape,
    before: Option<&Value>,
    after: Option<&Value>,
    path: &mut Vec<Element>,
    out: &mut Comparison,
) {
    let (had, has) = (by_entry(shape, before), by_entry(shape, after));
    let inner = match shape {
        Shape::Entries(_, inner) => *inner,
        _ => Schema::Text,
    };
    let new = has.keys().filter(|element| !had.contains_key(*element));
    for element in had.keys().chain(new) {
        path.push(element.clone());
        let (was, is) = (had.get(element).copied(), has.get(element).copied());
        walk(inner, was, is, path, out);
        path.pop();
    }
}

/// The first of those that cannot be told from each other.
fn by_entry(shape: Shape, value: Option<&Value>) -> BTreeMap<Element, &Value> {
    let mut found = BTreeMap::new();
    let items = value
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    for item in items {
        if let Some(element) = entry(shape, item) {
            found.entry(element).or_insert(item);
        }
    }
    found
}
