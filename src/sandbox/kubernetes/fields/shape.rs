//! How a value of a schema is merged: as one, field by field, key by key, or entry by entry.

use super::super::schema::{Empty, ListType, Schema, Struct};
use super::set::Element;
use serde_json::Value;

#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Owned and replaced as a whole.
    Whole,
    Fields(&'static Struct),
    Keys(&'static Schema),
    /// Entries are texts.
    Set,
    /// Entries are told from each other by this field.
    Entries(&'static str, &'static Schema),
}

impl Shape {
    /// The shape of a value, which says more than its schema only where anything may stand.
    pub(super) fn of(schema: Schema, value: &Value) -> Self {
        match schema {
            Schema::Anything => match value {
                Value::Object(_) | Value::Null => Self::Keys(&Schema::Anything),
                _ => Self::Whole,
            },
            Schema::Struct(inner) if !inner.atomic => Self::Fields(inner),
            Schema::Map(inner) => Self::Keys(inner),
            Schema::List(_, ListType::Set) => Self::Set,
            Schema::List(inner, ListType::Map(key)) => Self::Entries(key, inner),
            _ => Self::Whole,
        }
    }

    pub(super) fn is_same(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }

    /// The schema of what an element leads to.
    pub(super) fn inner(self, name: &str) -> Option<Schema> {
        match self {
            Self::Fields(inner) => inner.field(name).copied(),
            Self::Keys(inner) | Self::Entries(_, inner) => Some(*inner),
            Self::Whole | Self::Set => None,
        }
    }

    pub(super) fn is_named(self, name: &str) -> bool {
        matches!(self, Self::Fields(inner) if inner.field(name).is_some())
    }
}

/// Where an entry of a list of this shape is found; `None` for one that cannot be told from others.
pub(super) fn entry(shape: Shape, value: &Value) -> Option<Element> {
    match shape {
        Shape::Set => Some(Element::Item(value.to_string())),
        Shape::Entries(key, inner) => {
            let value = key_of(key, *inner, value)?;
            Some(Element::Key(format!("{{\"{key}\":{value}}}")))
        }
        _ => None,
    }
}

/// What tells an entry from others. A field that is always shown is empty where nothing was said.
pub(super) fn key_of(key: &str, inner: Schema, entry: &Value) -> Option<String> {
    if let Some(value) = entry.as_object()?.get(key) {
        return Some(value.to_string());
    }
    let Schema::Struct(inner) = inner else {
        return None;
    };
    let mut fields = inner.fields.iter();
    let shown = fields.any(|field| field.name == key && field.empty == Empty::Shown);
    shown.then(|| "\"\"".to_owned())
}

/// Nothing is in it: an empty map or list, `null`, or no value at all.
pub(super) fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    }
}

/// One step down, for sets of fields: the schema there, and whether the field is a named one.
pub(super) fn step(schema: Option<Schema>, element: &Element) -> (Option<Schema>, bool) {
    match (schema, element) {
        (Some(Schema::Struct(inner)), Element::Field(name)) => {
            let field = inner.field(name).copied();
            (field, field.is_some())
        }
        (Some(Schema::Map(inner)), Element::Field(_)) => (Some(*inner), false),
        (Some(Schema::Anything), Element::Field(_)) => (schema, false),
        (Some(Schema::List(inner, _)), Element::Key(_)) => (Some(*inner), false),
        _ => (None, false),
    }
}

/// Whether there is nothing to go into: nothing at all, or a value of another kind than the shape is of.
pub(super) fn holds_nothing(shape: Shape, value: Option<&Value>) -> bool {
    match (shape, value) {
        (Shape::Fields(_) | Shape::Keys(_), Some(Value::Object(fields))) => fields.is_empty(),
        (Shape::Set | Shape::Entries(..), Some(Value::Array(items))) => items.is_empty(),
        _ => true,
    }
}
