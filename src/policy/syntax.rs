//! The tree that both grammars, HCL 1 and JSON, are read into.
//!
//! It keeps what the server's own tree keeps: an item has one or more keys, and the same key may
//! come back. It knows nothing of policies.

use super::error::Position;

/// How deep blocks and lists may nest. The server has no bound; no policy needs one.
pub(super) const MAX_DEPTH: usize = 64;

#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) position: Position,
}

/// `key "label" { … }` or `key = value`.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) keys: Vec<Key>,
    pub(super) value: Node,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) position: Position,
    pub(super) kind: NodeKind,
}

#[derive(Debug, Clone)]
pub(super) enum NodeKind {
    Text(String),
    /// The server does not take a heredoc for a number, but does take a quoted string.
    Heredoc(String),
    /// As written: some fields keep the text, others read it as a number.
    Number(String),
    Float(String),
    Bool(bool),
    List(Vec<Node>),
    Object(Vec<Item>),
}

impl Node {
    pub(super) fn describe(&self) -> &'static str {
        match self.kind {
            NodeKind::Text(_) | NodeKind::Heredoc(_) => "a string",
            NodeKind::Number(_) | NodeKind::Float(_) => "a number",
            NodeKind::Bool(_) => "true or false",
            NodeKind::List(_) => "a list",
            NodeKind::Object(_) => "a block",
        }
    }
}

impl Item {
    pub(super) fn position(&self) -> Position {
        self.keys
            .first()
            .map_or(self.value.position, |key| key.position)
    }

    /// The first key, which names the field.
    pub(super) fn name(&self) -> &str {
        self.keys.first().map_or("", |key| &key.text)
    }
}
