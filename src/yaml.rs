//! YAML with places: every scalar, key and collection knows its line and column.
//!
//! Deliberately absent: aliases, merge keys and custom tags (a declaration that expands itself is a bomb or a riddle),
//! and typed scalars. A scalar keeps its text and whether it was quoted; what it means is decided where it is read, so
//! that `no`, `007` and `5109e7` stay what the author wrote.

mod fields;
mod tree;

use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use std::sync::Arc;

pub use fields::{Fields, nearest};
pub use tree::parse;

/// How deep collections may nest.
pub const DEEPEST_NESTING: usize = 64;
/// How many nodes one file may hold.
pub const MOST_NODES: usize = 100_000;

/// A node of a YAML document.
#[derive(Debug, Clone)]
pub struct Node {
    pub place: Place,
    pub content: Content,
}

#[derive(Debug, Clone)]
pub enum Content {
    Scalar { text: String, quoted: bool },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    pub key: String,
    pub place: Place,
    pub value: Node,
}

/// One file's documents; `whole` is false when a part of it could not be read.
#[derive(Debug)]
pub struct Documents {
    pub file: Arc<str>,
    pub documents: Vec<Node>,
    pub whole: bool,
}

impl Node {
    /// What kind of node this is, in a person's words.
    pub fn kind(&self) -> &'static str {
        match &self.content {
            Content::Scalar { .. } if self.is_null() => "nothing",
            Content::Scalar { .. } => "a single value",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        }
    }

    /// An empty value, `~` or `null`, as YAML's core schema has it.
    pub fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar { text, quoted: false } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    pub fn entries(&self) -> &[Entry] {
        match &self.content {
            Content::Map(entries) => entries,
            Content::Scalar { .. } | Content::List(_) => &[],
        }
    }

    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
    }

    pub fn scalar(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } if !self.is_null() => Some(text),
            Content::Scalar { .. } | Content::List(_) | Content::Map(_) => None,
        }
    }

    /// Changes every scalar value (keys stay): how a group's variables get in.
    pub fn map_scalars(&mut self, change: &mut dyn FnMut(&Place, &str) -> Option<String>) {
        match &mut self.content {
            Content::Scalar { text, .. } => {
                if let Some(changed) = change(&self.place, text) {
                    *text = changed;
                }
            }
            Content::List(items) => items.iter_mut().for_each(|item| item.map_scalars(change)),
            Content::Map(entries) => entries
                .iter_mut()
                .for_each(|entry| entry.value.map_scalars(change)),
        }
    }

    /// The text of a scalar, or a diagnostic that says what is there instead.
    pub fn text(&self, what: &str, problems: &mut Diagnostics) -> Option<&str> {
        let text = self.scalar();
        if text.is_none() {
            let hint = match &self.content {
                Content::Scalar { .. } => "give it a value",
                Content::List(_) | Content::Map(_) => {
                    "write one value; one that begins with `[` or `{` needs quotes"
                }
            };
            let wrong = format!("{what} must be a single value, but is {}", self.kind());
            problems.push(Diagnostic::error(&self.place, wrong).hint(hint));
        }
        text
    }
}
