//! A body read by its schema: what of it is of the wrong type, unknown or said twice.

use super::super::kinds::Kind;
use super::super::schema::{Schema, Struct};
use super::json::Tree;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};

/// What reading a body came upon.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// The first thing that is not of its type.
    pub wrong: Option<String>,
    /// What strict reading refuses, in the order of the text.
    pub strict: Vec<String>,
}

/// Where a value stands, as the errors of Go's reader say it.
struct Place<'a> {
    /// The innermost struct.
    holder: &'a str,
    /// Field names from the top, without keys and indices.
    field: String,
    /// With keys and indices.
    path: String,
    /// What stands below is read by itself.
    apart: bool,
}

/// A body read as its schema says. Names are told apart by case, the last of a repeated name counts.
pub(super) fn read(kind: &Kind, tree: Tree, findings: &mut Findings) -> Value {
    let place = Place {
        holder: "",
        field: String::new(),
        path: String::new(),
        // The metadata of a custom object is read by itself.
        apart: kind.custom,
    };
    value(Schema::Struct(kind.schema), tree, &place, findings)
}

fn value(schema: Schema, tree: Tree, place: &Place<'_>, findings: &mut Findings) -> Value {
    match (schema, tree) {
        (_, Tree::Null) => Value::Null,
        (Schema::Struct(inner), Tree::Object(fields)) => structure(inner, fields, place, findings),
        (Schema::Map(inner), Tree::Object(fields)) => {
            let mut read = Map::new();
            for (name, tree) in fields {
                let below = place.key(&name);
                let value = value(*inner, tree, &below, findings);
                if read.insert(name, value).is_some() {
                    findings
                        .strict
                        .push(format!("duplicate field {:?}", below.path));
                }
            }
            Value::Object(read)
        }
        (Schema::List(inner, _), Tree::List(items)) => {
            let items = items.into_iter().enumerate();
            let items =
                items.map(|(index, tree)| value(*inner, tree, &place.index(index), findings));
            items.collect()
        }
        (Schema::Anything, tree) => {
            repetitions(&tree, place, findings);
            tree.into_value()
        }
        (Schema::Boolean, tree @ Tree::Bool(_)) => tree.into_value(),
        (Schema::Integer(_), tree @ Tree::Number(_))
        | (
            Schema::Text | Schema::Named(_) | Schema::Bytes | Schema::Time | Schema::MicroTime,
            tree @ Tree::Text(_),
        ) => scalar(schema, tree, place, findings),
        (schema, tree) => {
            findings.mismatch(tree.kind(), &go_type(schema), place);
            Value::Null
        }
    }
}

fn scalar(schema: Schema, tree: Tree, place: &Place<'_>, findings: &mut Findings) -> Value {
    let number = match &tree {
        Tree::Number(text) => Some(text.clone()),
        _ => None,
    };
    let value = tree.into_value();
    if let Some(wrong) = fault(schema, &value) {
        match number {
            Some(number) => {
                findings.mismatch(&format!("number {number}"), &go_type(schema), place);
            }
            None => drop(findings.wrong.get_or_insert(wrong)),
        }
        return Value::Null;
    }
    value
}

fn structure(
    inner: &'static Struct,
    fields: Vec<(String, Tree)>,
    place: &Place<'_>,
    findings: &mut Findings,
) -> Value {
    let mut read = Map::new();
    let holder = inner.name.rsplit('.').next().unwrap_or_default();
    for (name, tree) in fields {
        let below = place.field(holder, &name);
        let Some(schema) = inner.field(&name) else {
            let told = format!("unknown field {:?}", below.path);
            if !findings.strict.contains(&told) {
                findings.strict.push(told);
            }
            continue;
        };
        if read.contains_key(&name) {
            findings
                .strict
                .push(format!("duplicate field {:?}", below.path));
        }
        let value = value(*schema, tree, &below, findings);
        read.insert(name, value);
    }
    Value::Object(read)
}

fn repetitions(tree: &Tree, place: &Place<'_>, findings: &mut Findings) {
    match tree {
        Tree::Object(fields) => {
            for (index, (name, tree)) in fields.iter().enumerate() {
                let below = place.key(name);
                if fields[..index].iter().any(|(known, _)| known == name) {
                    findings
                        .strict
                        .push(format!("duplicate field {:?}", below.path));
                }
                repetitions(tree, &below, findings);
            }
        }
        Tree::List(items) => {
            for (index, tree) in items.iter().enumerate() {
                repetitions(tree, &place.index(index), findings);
            }
        }
        _ => {}
    }
}

impl Findings {
    fn mismatch(&mut self, found: &str, wanted: &str, place: &Place<'_>) {
        self.wrong.get_or_insert_with(|| {
            let Place { holder, field, .. } = place;
            let target = match field.as_str() {
                "" => "value".to_owned(),
                field => format!("struct field {holder}.{field}"),
            };
            format!("json: cannot unmarshal {found} into Go {target} of type {wanted}")
        });
    }
}

impl<'a> Place<'a> {
    fn field(&self, holder: &'a str, name: &str) -> Self {
        let under = |above: &str| match above {
            "" => name.to_owned(),
            above => format!("{above}.{name}"),
        };
        Self {
            holder,
            field: if self.apart {
                String::new()
            } else {
                under(&self.field)
            },
            path: under(&self.path),
            apart: false,
        }
    }

    fn key(&self, name: &str) -> Self {
        Self {
            holder: self.holder,
            field: self.field.clone(),
            path: match self.path.as_str() {
                "" => name.to_owned(),
                path => format!("{path}.{name}"),
            },
            apart: false,
        }
    }

    fn index(&self, index: usize) -> Self {
        Self {
            holder: self.holder,
            field: self.field.clone(),
            path: format!("{}[{index}]", self.path),
            apart: false,
        }
    }
}

/// The type as Go names it.
fn go_type(schema: Schema) -> String {
    match schema {
        Schema::Text | Schema::Time | Schema::MicroTime => "string".to_owned(),
        Schema::Named(name) => name.to_owned(),
        Schema::Integer(bits) => format!("int{bits}"),
        Schema::Boolean => "bool".to_owned(),
        Schema::Bytes => "[]uint8".to_owned(),
        Schema::Anything => "interface {}".to_owned(),
        Schema::Struct(inner) => inner.name.to_owned(),
        Schema::Map(inner) => format!("map[string]{}", go_type(*inner)),
        Schema::List(inner, _) => format!("[]{}", go_type(*inner)),
    }
}

/// What a text or a number of the right kind says wrongly.
pub(in super::super) fn fault(schema: Schema, value: &Value) -> Option<String> {
    match (schema, value) {
        (Schema::Bytes, Value::String(text)) => bad_base64(text),
        (Schema::Time | Schema::MicroTime, Value::String(text)) => bad_time(schema, text),
        (Schema::Integer(bits), value) => {
            let fits = value
                .as_i64()
                .is_some_and(|number| bits == 64 || i32::try_from(number).is_ok());
            (!fits).then(|| {
                format!("json: cannot unmarshal number {value} into Go value of type int{bits}")
            })
        }
        _ => None,
    }
}

/// The first part that does not fit the form of a time.
fn bad_time(schema: Schema, text: &str) -> Option<String> {
    let (layout, fraction) = match schema {
        Schema::MicroTime => ("2006-01-02T15:04:05.000000Z07:00", ".000000"),
        _ => ("2006-01-02T15:04:05Z07:00", ""),
    };
    let wrong = |rest: &str, part: &str| {
        Some(format!(
            "parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {part:?}"
        ))
    };
    let parts = [
        "2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05", fraction,
    ];
    let mut rest = text;
    for part in parts {
        let like = |(wanted, found): (u8, u8)| {
            if wanted.is_ascii_digit() {
                found.is_ascii_digit()
            } else {
                wanted == found
            }
        };
        if rest.len() < part.len() || !part.bytes().zip(rest.bytes()).all(like) {
            return wrong(rest, part);
        }
        rest = &rest[part.len()..];
    }
    match text.parse::<Timestamp>() {
        Ok(_) => None,
        Err(_) => wrong(rest, "Z07:00"),
    }
}

/// Where the text stops being base64, in quadruples as Go reads it; line breaks are passed over.
fn bad_base64(text: &str) -> Option<String> {
    // Most are good.
    if STANDARD.decode(text).is_ok() {
        return None;
    }
    let bytes: Vec<(usize, u8)> = text
        .bytes()
        .enumerate()
        .filter(|(_, byte)| !matches!(byte, b'\r' | b'\n'))
        .collect();
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let told = |at: usize| Some(format!("illegal base64 data at input byte {at}"));
    for (number, quadruple) in bytes.chunks(4).enumerate() {
        let bad = quadruple.iter().position(|(_, byte)| !good(*byte));
        let Some(place) = bad else {
            if quadruple.len() < 4 {
                return told(text.len() - quadruple.len());
            }
            continue;
        };
        let (at, byte) = quadruple[place];
        if byte != b'=' || place < 2 {
            return told(at);
        }
        let mut next = number * 4 + place + 1;
        if place == 2 {
            match bytes.get(next) {
                None => return told(text.len()),
                Some((at, byte)) if *byte != b'=' => return told(at - 1),
                Some(_) => next += 1,
            }
        }
        return bytes.get(next).and_then(|(at, _)| told(*at));
    }
    None
}
