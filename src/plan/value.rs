//! From what Vault holds to the bytes of a Secret, as either dialect does it.
//!
//! Differs from kubernetes-external-secrets on purpose: nothing is decoded as ASCII, and a value that is not JSON where a
//! property is asked of it is an error, never a key that is silently missing.

use crate::declare::{Destination, Dialect};
use crate::desire::{Assignment, DesiredSecret};
use crate::names::SecretKey;
use crate::observe::seen::Values;
use crate::observe::{Failure, KvReference, KvValue};
use crate::property::{Found, find};
use crate::secret::SecretBytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Kubernetes refuses larger Secrets.
const MOST_BYTES: usize = 1024 * 1024;

/// Why a Secret cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unmade {
    /// Somebody has to mend it; `status` is that of Vault's answer.
    Blocked {
        why: String,
        hint: Option<String>,
        status: Option<u16>,
    },
    /// Vault did not say what is there: the next pass asks again.
    Unread(Failure),
}

impl Unmade {
    fn new(why: String, hint: &str) -> Self {
        Self::Blocked {
            why,
            hint: Some(hint.to_owned()),
            status: None,
        }
    }
}

/// Every key of a Secret.
pub(super) fn data(
    desired: &DesiredSecret,
    values: &Values,
) -> Result<BTreeMap<String, SecretBytes>, Unmade> {
    let mut data = BTreeMap::new();
    for assignment in &desired.assignments {
        let path = assignment.from.api_path();
        let value = match read(desired, &assignment.from, values) {
            Some(Ok(value)) => value,
            Some(Err(failure)) => return Err(unread(assignment, &path, failure)),
            None => return Err(Unmade::new(format!("{path} was not read"), "run again")),
        };
        assign(assignment, desired.dialect, &path, &value.data, &mut data)?;
    }
    let size: usize = data
        .iter()
        .map(|(key, value): (&String, &SecretBytes)| key.len() + value.len())
        .sum();
    if size > MOST_BYTES {
        return Err(Unmade::new(
            format!(
                "its {} keys hold {size} bytes; a Secret may hold {MOST_BYTES}",
                data.len()
            ),
            "split it into several",
        ));
    }
    Ok(data)
}

/// What was read at a place as the Secret's own role.
pub(super) fn read<'a>(
    desired: &DesiredSecret,
    reference: &KvReference,
    values: &'a Values,
) -> Option<&'a Result<KvValue, Failure>> {
    values.get(&(desired.login.clone(), reference.clone()))
}

fn unread(assignment: &Assignment, path: &str, failure: &Failure) -> Unmade {
    if !failure.is_answer() {
        return Unmade::Unread(failure.clone());
    }
    Unmade::Blocked {
        why: format!("{}: {path}: {}", assignment.into, failure.why),
        hint: failure.hint.clone(),
        status: failure.status,
    }
}

fn assign(
    assignment: &Assignment,
    dialect: Dialect,
    path: &str,
    fields: &Map<String, Value>,
    data: &mut BTreeMap<String, SecretBytes>,
) -> Result<(), Unmade> {
    match &assignment.into {
        Destination::EveryKey => every_key(dialect, path, fields, data),
        Destination::Key {
            name,
            property,
            base64,
        } => {
            let bytes = match property {
                None => SecretBytes::new(serde_json::to_vec(fields).map_err(|_| {
                    Unmade::new(
                        format!("{path} cannot be written as JSON"),
                        "name a property",
                    )
                })?),
                Some(property) => {
                    let found = lookup(fields, property).ok_or_else(|| {
                        Unmade::new(
                            format!("{}: {path} has no property {property:?}", assignment.into),
                            "name a field of the secret, or add it in Vault",
                        )
                    })?;
                    bytes(found, dialect)
                }
            };
            let bytes = if *base64 {
                decode(&bytes, path)?
            } else {
                bytes
            };
            data.insert(name.to_string(), bytes);
            Ok(())
        }
    }
}

fn every_key(
    dialect: Dialect,
    path: &str,
    fields: &Map<String, Value>,
    data: &mut BTreeMap<String, SecretBytes>,
) -> Result<(), Unmade> {
    let mut taken = BTreeMap::new();
    for (field, value) in fields {
        let key = match dialect {
            Dialect::Kes => field.clone(),
            Dialect::Eso => converted(field),
        };
        SecretKey::parse(&key).map_err(|error| {
            Unmade::new(
                format!("{path}: the field {field:?} cannot be a key of a Secret"),
                error.rule,
            )
        })?;
        if let Some(other) = taken.insert(key.clone(), field.clone()) {
            return Err(Unmade::new(
                format!("{path}: the fields {other:?} and {field:?} both become the key {key:?}"),
                "name the keys one by one",
            ));
        }
        data.insert(key, bytes(value, dialect));
    }
    Ok(())
}

/// The operator's default: what a key may not hold becomes `_`.
fn converted(field: &str) -> String {
    field
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() || "-._".contains(character) {
                character
            } else {
                '_'
            }
        })
        .collect()
}

fn lookup<'value>(fields: &'value Map<String, Value>, property: &str) -> Option<&'value Value> {
    match find(fields, property) {
        Found::Here(value) => Some(value),
        Found::Nowhere | Found::Within => None,
    }
}

/// Texts as they are, the rest as JSON; the operator writes nothing for null.
fn bytes(value: &Value, dialect: Dialect) -> SecretBytes {
    match value {
        Value::String(text) => SecretBytes::new(text.clone().into_bytes()),
        Value::Null if dialect == Dialect::Eso => SecretBytes::default(),
        other => SecretBytes::new(other.to_string().into_bytes()),
    }
}

fn decode(bytes: &SecretBytes, path: &str) -> Result<SecretBytes, Unmade> {
    let text: Vec<u8> = bytes
        .expose()
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    STANDARD.decode(&text).map(SecretBytes::new).map_err(|_| {
        Unmade::new(
            format!("{path}: the value is not base64, though `isBinary` says so"),
            "remove isBinary, or store base64",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(value: &Value, dialect: Dialect) -> String {
        String::from_utf8(bytes(value, dialect).expose().to_vec()).unwrap()
    }

    #[test]
    fn values_become_bytes_as_the_dialect_does_it() {
        assert_eq!(text(&json!("pässwörd €"), Dialect::Kes), "pässwörd €");
        assert_eq!(text(&json!({"a": 1}), Dialect::Kes), "{\"a\":1}");
        assert_eq!(text(&json!(1_000_000), Dialect::Eso), "1000000");
        assert_eq!(text(&Value::Null, Dialect::Kes), "null");
        assert_eq!(text(&Value::Null, Dialect::Eso), "");
    }

    #[test]
    fn fields_that_collide_after_conversion_are_an_error() {
        let fields = json!({"a b": "1", "a/b": "2"});
        let mut data = BTreeMap::new();
        assert!(
            every_key(
                Dialect::Eso,
                "kv/data/x",
                fields.as_object().unwrap(),
                &mut data
            )
            .is_err()
        );
    }

    #[test]
    fn binary_values_are_decoded_and_a_wrong_one_does_not_show() {
        assert_eq!(
            decode(&SecretBytes::new(b"AP8=\n".to_vec()), "p")
                .unwrap()
                .expose(),
            [0, 255]
        );
        let wrong = decode(&SecretBytes::new(b"canary!!".to_vec()), "p").unwrap_err();
        assert!(!format!("{wrong:?}").contains("canary"));
    }
}
