//! Reads the fields of a block as the types that the server gives them.
//!
//! A field that comes twice: lists and maps grow, everything else is what came last. A whole
//! number passes for a string, and a quoted number for a whole number.

use super::error::{ParseError, Position};
use super::syntax::{Item, Key, Node, NodeKind};
use super::time::Ttl;
use super::value::{Value, Values};
use std::collections::BTreeMap;

/// A block under reading, and the faults found so far.
pub(super) struct Fields<'a, 'e> {
    items: &'a [Item],
    errors: &'e mut Vec<ParseError>,
}

/// A value with its place, for faults that are found later.
pub(super) type Placed<T> = (T, Position);

impl<'a, 'e> Fields<'a, 'e> {
    /// The fields at the top of a text.
    pub(super) fn of(items: &'a [Item], errors: &'e mut Vec<ParseError>) -> Self {
        Self { items, errors }
    }

    /// Opens `node` as a block; `None`, with a fault, when it is none.
    pub(super) fn open(
        what: &str,
        node: &'a Node,
        errors: &'e mut Vec<ParseError>,
    ) -> Option<Self> {
        if let NodeKind::Object(items) = &node.kind {
            return Some(Self { items, errors });
        }
        errors.push(wrong(what, node, "a block"));
        None
    }

    pub(super) fn fault(&mut self, error: ParseError) {
        self.errors.push(error);
    }

    pub(super) fn faults(&mut self) -> &mut Vec<ParseError> {
        self.errors
    }

    /// Every field must have one of these names, in lower case.
    pub(super) fn only(&mut self, block: &str, known: &[&str]) {
        for item in self.items {
            if !known.contains(&item.name()) {
                let message = format!("{block} has no key {:?}", item.name());
                self.errors.push(
                    ParseError::new(item.position(), message)
                        .hint(format!("known keys are {}", known.join(", "))),
                );
            }
        }
    }

    /// The values of a field with the labels before them: `name "label" { … }`.
    pub(super) fn labelled(&self, name: &str) -> Vec<(&'a [Key], &'a Node)> {
        let field = |item: &'a Item| {
            let (key, labels) = item.keys.split_first()?;
            key.text
                .eq_ignore_ascii_case(name)
                .then_some((labels, &item.value))
        };
        self.items.iter().filter_map(field).collect()
    }

    /// The values of a field that takes no label.
    fn plain(&mut self, name: &str, wanted: &str) -> Vec<&'a Node> {
        let mut nodes = Vec::new();
        for (labels, node) in self.labelled(name) {
            match labels.first() {
                None => nodes.push(node),
                Some(label) => {
                    let message = format!("{name} takes {wanted} and no label");
                    self.errors.push(ParseError::new(label.position, message));
                }
            }
        }
        nodes
    }

    pub(super) fn text(&mut self, name: &str) -> Option<Placed<String>> {
        let mut last = None;
        for node in self.plain(name, "a string") {
            match text(node) {
                Some(text) => last = Some((text, node.position)),
                None => self.errors.push(wrong(name, node, "a string")),
            }
        }
        last
    }

    pub(super) fn texts(&mut self, name: &str) -> Vec<Placed<String>> {
        let mut texts = Vec::new();
        for node in self.plain(name, "a list of strings") {
            match &node.kind {
                NodeKind::List(nodes) => {
                    for node in nodes {
                        match text(node) {
                            Some(text) => texts.push((text, node.position)),
                            None => self.errors.push(wrong(name, node, "strings in the list")),
                        }
                    }
                }
                // An empty block is an empty list to the server.
                NodeKind::Object(items) if items.is_empty() => {}
                _ => self.errors.push(wrong(name, node, "a list of strings")),
            }
        }
        texts
    }

    pub(super) fn integer(&mut self, name: &str) -> Option<i64> {
        let mut last = None;
        for node in self.plain(name, "a whole number") {
            let number = match &node.kind {
                NodeKind::Number(text) | NodeKind::Text(text) => integer(text),
                _ => None,
            };
            match number {
                Some(number) => last = Some(number),
                None => self.errors.push(wrong(name, node, "a whole number")),
            }
        }
        last
    }

    pub(super) fn boolean(&mut self, name: &str) -> Option<bool> {
        let mut last = None;
        for node in self.plain(name, "true or false") {
            match node.kind {
                NodeKind::Bool(value) => last = Some(value),
                _ => self.errors.push(wrong(name, node, "true or false")),
            }
        }
        last
    }

    /// A duration. `lenient`: only its type matters, as where `deny` makes it meaningless.
    pub(super) fn duration(&mut self, name: &str, lenient: bool) -> Option<Placed<Ttl>> {
        let mut last: Option<&Node> = None;
        for node in self.plain(name, "a duration") {
            if last.is_some_and(|first| !may_follow(first, node)) {
                self.errors
                    .push(wrong(name, node, "the same type as before"));
            }
            last = Some(node);
        }
        let node = last?;
        let Some(ttl) = duration(node) else {
            if !lenient || matches!(node.kind, NodeKind::Number(_) | NodeKind::Float(_)) {
                self.errors.push(
                    wrong(name, node, "a duration").hint("write \"24h\", \"30m\", \"2d\" or 3600"),
                );
            }
            return None;
        };
        Some((ttl, node.position))
    }

    pub(super) fn parameters(&mut self, name: &str) -> BTreeMap<String, Values> {
        let mut collected: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (labels, node) in self.labelled(name) {
            let result = match labels {
                [] => block_parameters(name, node, &mut collected),
                [label] => add_parameter(name, label, node, &mut collected),
                [_, label, ..] => Err(ParseError::new(
                    label.position,
                    format!("{name} takes one label"),
                )),
            };
            self.errors.extend(result.err());
        }
        collected
            .into_iter()
            .map(|(key, values)| (key, values.into_iter().collect()))
            .collect()
    }
}

fn wrong(name: &str, node: &Node, wanted: &str) -> ParseError {
    ParseError::new(
        node.position,
        format!("{name} takes {wanted}, not {}", node.describe()),
    )
}

fn block_parameters(
    name: &str,
    node: &Node,
    collected: &mut BTreeMap<String, Vec<Value>>,
) -> Result<(), ParseError> {
    let NodeKind::Object(items) = &node.kind else {
        return Err(wrong(name, node, "a block of lists"));
    };
    for item in items {
        let [key] = item.keys.as_slice() else {
            let message = format!("a parameter in {name} has one name");
            return Err(ParseError::new(item.position(), message));
        };
        add_parameter(name, key, &item.value, collected)?;
    }
    Ok(())
}

fn add_parameter(
    name: &str,
    key: &Key,
    node: &Node,
    collected: &mut BTreeMap<String, Vec<Value>>,
) -> Result<(), ParseError> {
    let values = match &node.kind {
        NodeKind::List(nodes) => nodes.iter().map(value).collect::<Result<Vec<_>, _>>()?,
        NodeKind::Object(_) => vec![value(node)?],
        _ => {
            return Err(
                wrong(&format!("{} in {name}", key.text), node, "a list of values")
                    .hint(format!("write {} = [] for every value", key.text)),
            );
        }
    };
    collected
        .entry(key.text.to_lowercase())
        .or_default()
        .extend(values);
    Ok(())
}

fn text(node: &Node) -> Option<String> {
    match &node.kind {
        NodeKind::Text(text) | NodeKind::Heredoc(text) | NodeKind::Number(text) => {
            Some(text.clone())
        }
        _ => None,
    }
}

fn value(node: &Node) -> Result<Value, ParseError> {
    let too_large = || ParseError::new(node.position, "this number cannot be read");
    Ok(match &node.kind {
        NodeKind::Text(text) | NodeKind::Heredoc(text) => Value::Text(text.clone()),
        NodeKind::Number(text) => Value::Integer(integer(text).ok_or_else(too_large)?),
        NodeKind::Float(text) => {
            let number: f64 = text.parse().map_err(|_| too_large())?;
            if !number.is_finite() {
                return Err(too_large());
            }
            Value::Float(format!("{number:?}"))
        }
        NodeKind::Bool(value) => Value::Bool(*value),
        NodeKind::List(nodes) => Value::List(nodes.iter().map(value).collect::<Result<_, _>>()?),
        NodeKind::Object(items) => {
            let mut map = BTreeMap::new();
            for item in items {
                let Some((key, labels)) = item.keys.split_first() else {
                    continue;
                };
                let mut inner = value(&item.value)?;
                for label in labels.iter().rev() {
                    inner = Value::Map(BTreeMap::from([(label.text.clone(), inner)]));
                }
                map.insert(key.text.clone(), inner);
            }
            Value::Map(map)
        }
    })
}

/// The server keeps the type of the first value of a field that comes twice.
fn may_follow(first: &Node, next: &Node) -> bool {
    use NodeKind::{Float, Heredoc, Number, Text};
    match (&first.kind, &next.kind) {
        (Text(_) | Heredoc(_), Text(_) | Heredoc(_) | Number(_))
        | (Number(_), Number(_))
        | (Float(_), Float(_) | Number(_)) => true,
        (Number(_), Text(text)) => integer(text).is_some(),
        _ => false,
    }
}

fn duration(node: &Node) -> Option<Ttl> {
    match &node.kind {
        NodeKind::Text(text) | NodeKind::Heredoc(text) => Ttl::parse(text),
        NodeKind::Number(text) => integer(text).map(Ttl::seconds),
        // The server drops the fraction.
        NodeKind::Float(text) => {
            let whole = format!("{:.0}", text.parse::<f64>().ok()?.trunc());
            whole.parse().ok().map(Ttl::seconds)
        }
        _ => None,
    }
}

/// A whole number in Go's notation: `0x`, `0o`, `0b`, and `0` for octal.
fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) if text.starts_with('-') => ("-", digits),
        Some(digits) => ("", digits),
        None => ("", text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.get(..2) {
        Some("0x") => (16, lower.get(2..)?),
        Some("0o") => (8, lower.get(2..)?),
        Some("0b") => (2, lower.get(2..)?),
        Some(two) if two.starts_with('0') => (8, lower.get(1..)?),
        _ => (10, lower.as_str()),
    };
    let digits = digits.replace('_', "");
    if digits.starts_with(['-', '+']) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
}
