//! The one form of a value: what is empty is left out or shown as its field has it.

use super::super::schema::{Empty, Schema, Struct};
use super::typed::fault;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The one form of a value: what is empty is left out or shown as its field has it. Says what does not fit.
pub(super) fn settle(schema: Schema, value: &mut Value) -> Result<(), String> {
    match (schema, value) {
        (Schema::Struct(inner), Value::Object(fields)) => settle_fields(inner, fields),
        (Schema::Map(inner), Value::Object(fields)) => fields.values_mut().try_for_each(|value| {
            if value.is_null() {
                *value = nothing(*inner);
            }
            settle(*inner, value)
        }),
        (Schema::List(inner, _), Value::Array(items)) => items.iter_mut().try_for_each(|value| {
            if value.is_null() {
                *value = nothing(*inner);
            }
            settle(*inner, value)
        }),
        (schema, value) => {
            if let Some(wrong) = fault(schema, value).filter(|_| !value.is_null()) {
                return Err(wrong);
            }
            match (schema, value) {
                (Schema::MicroTime, Value::String(text)) => {
                    if let Ok(time) = text.parse::<Timestamp>() {
                        *text = time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
                    }
                }
                (Schema::Bytes, Value::String(text)) if text.contains(['\r', '\n']) => {
                    text.retain(|letter| !matches!(letter, '\r' | '\n'));
                }
                _ => {}
            }
            Ok(())
        }
    }
}

fn settle_fields(inner: &'static Struct, fields: &mut Map<String, Value>) -> Result<(), String> {
    for field in inner.fields {
        match fields.get_mut(field.name) {
            None | Some(Value::Null) if field.empty == Empty::Shown => {
                let mut value = nothing(field.schema);
                settle(field.schema, &mut value)?;
                fields.insert(field.name.to_owned(), value);
            }
            None => {}
            Some(Value::Null) => drop(fields.remove(field.name)),
            Some(value) => {
                settle(field.schema, value)?;
                if field.empty == Empty::Omitted && is_nothing(value) {
                    fields.remove(field.name);
                }
            }
        }
    }
    Ok(())
}

/// What a field holds that nothing was put in.
fn nothing(schema: Schema) -> Value {
    match schema {
        Schema::Text | Schema::Named(_) | Schema::Bytes => "".into(),
        Schema::Integer(_) => 0.into(),
        Schema::Boolean => false.into(),
        Schema::Struct(_) => json!({}),
        Schema::Time | Schema::MicroTime | Schema::Anything => Value::Null,
        Schema::Map(_) | Schema::List(..) => Value::Null,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is) => !is,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}
