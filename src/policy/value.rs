use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A value that a parameter may or may not have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A string; the server reads a `*` at either end as a wildcard.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Another number, in its shortest form.
    Float(String),
    /// `true` or `false`.
    Bool(bool),
    /// A list.
    List(Vec<Self>),
    /// A block.
    Map(BTreeMap<String, Self>),
}

/// The values of one parameter that a constraint speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    /// All: written as an empty list.
    Any,
    /// These.
    These(BTreeSet<Value>),
}

impl Values {
    /// Two constraints on one parameter become one: "all" wins, else the values of both.
    pub(super) fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::These(mine), Self::These(theirs)) => mine.extend(theirs),
            _ => *self = Self::Any,
        }
    }
}

impl FromIterator<Value> for Values {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        let values: BTreeSet<Value> = values.into_iter().collect();
        if values.is_empty() {
            Self::Any
        } else {
            Self::These(values)
        }
    }
}

/// As HCL.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quote(text)),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Float(number) => f.write_str(number),
            Self::Bool(value) => write!(f, "{value}"),
            Self::List(values) => write_list(f, values),
            Self::Map(values) => {
                f.write_str("{ ")?;
                for (key, value) in values {
                    write!(f, "{} = {value}, ", quote(key))?;
                }
                f.write_str("}")
            }
        }
    }
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("[]"),
            Self::These(values) => write_list(f, values),
        }
    }
}

pub(super) fn write_list<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    values: impl IntoIterator<Item = T>,
) -> fmt::Result {
    f.write_str("[")?;
    for (index, value) in values.into_iter().enumerate() {
        write!(f, "{}{value}", if index == 0 { "" } else { ", " })?;
    }
    f.write_str("]")
}

/// A string literal of HCL 1. `${` starts an interpolation that nothing inside can be escaped
/// from, so its dollar is written as an escape.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' if chars.peek() == Some(&'{') => out.push_str("\\u0024"),
            // The server's scanner refuses a zero byte and U+E123 as they are.
            c if c.is_control() || c == '\u{e123}' => out.extend(unicode_escape(c)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn unicode_escape(c: char) -> impl Iterator<Item = char> {
    let code = u32::from(c);
    let digit = move |shift: u32| char::from_digit((code >> shift) & 0xf, 16).unwrap_or('0');
    ['\\', 'u']
        .into_iter()
        .chain([12, 8, 4, 0].into_iter().map(digit))
}
