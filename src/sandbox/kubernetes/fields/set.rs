//! Sets of fields: which fields of an object a manager owns, and how `fieldsV1` writes that down.
//!
//! A field is the path to it. A path is a member by itself: `.data` and `.data.key` are two members.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A step of a path. Ordered as conflicts are listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Element {
    Field(String),
    /// An entry of a list, by the field that tells it from others, as JSON: `{"name":"a"}`.
    Key(String),
    /// An entry of a list of texts, as JSON.
    Item(String),
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(in super::super) struct Set {
    below: BTreeMap<Element, Node>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Node {
    member: bool,
    set: Set,
}

impl Element {
    /// `f:name`, `k:{…}`, `v:…`.
    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "f" => Some(Self::Field(rest.to_owned())),
            "k" => Some(Self::Key(rest.to_owned())),
            "v" => Some(Self::Item(rest.to_owned())),
            _ => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(key) => format!("k:{key}"),
            Self::Item(item) => format!("v:{item}"),
        }
    }

    /// As messages name it.
    pub(in super::super) fn shown(&self) -> String {
        match self {
            Self::Field(name) => format!(".{name}"),
            Self::Key(key) => {
                let fields: Map<String, Value> = serde_json::from_str(key).unwrap_or_default();
                let fields = fields.iter().map(|(name, value)| format!("{name}={value}"));
                format!("[{}]", fields.collect::<Vec<_>>().join(","))
            }
            Self::Item(item) => format!("[={item}]"),
        }
    }
}

impl Set {
    /// `fieldsV1` as it is stored.
    pub(in super::super) fn read(fields: &Value) -> Self {
        let mut set = Self::default();
        for (name, inner) in fields.as_object().into_iter().flatten() {
            let Some(element) = Element::parse(name) else {
                continue;
            };
            let has_children = inner
                .as_object()
                .is_some_and(|inner| inner.keys().any(|key| key != "."));
            let node = Node {
                member: !has_children || inner.get(".").is_some(),
                set: Self::read(inner),
            };
            set.below.insert(element, node);
        }
        set
    }

    pub(in super::super) fn write(&self) -> Value {
        let fields = self.below.iter().map(|(element, node)| {
            let mut inner = node.set.write();
            if node.member && !node.set.is_empty() {
                inner["."] = Value::Object(Map::new());
            }
            (element.text(), inner)
        });
        Value::Object(fields.collect())
    }

    pub(in super::super) fn is_empty(&self) -> bool {
        self.below.is_empty()
    }

    pub(in super::super) fn insert(&mut self, path: &[Element]) {
        match path {
            [] => {}
            [last] => self.node(last).member = true,
            [first, rest @ ..] => self.node(first).set.insert(rest),
        }
    }

    fn node(&mut self, element: &Element) -> &mut Node {
        // Cloned only where it is new.
        if !self.below.contains_key(element) {
            self.below.insert(element.clone(), Node::default());
        }
        self.below.entry(element.clone()).or_default()
    }

    /// Whether the element itself is a member.
    pub(in super::super) fn has(&self, element: &Element) -> bool {
        self.below.get(element).is_some_and(|node| node.member)
    }

    /// What lies below an element.
    pub(in super::super) fn under(&self, element: &Element) -> Option<&Self> {
        let node = self.below.get(element)?;
        (!node.set.is_empty()).then_some(&node.set)
    }

    pub(in super::super) fn union(mut self, other: &Self) -> Self {
        for (element, theirs) in &other.below {
            let ours = self.node(element);
            ours.member |= theirs.member;
            ours.set = std::mem::take(&mut ours.set).union(&theirs.set);
        }
        self
    }

    /// Without the members of `other`; what lies below them stays.
    pub(in super::super) fn difference(mut self, other: &Self) -> Self {
        self.retain(other, |ours, theirs| {
            ours.member &= !theirs.member;
            ours.set = std::mem::take(&mut ours.set).difference(&theirs.set);
        });
        self
    }

    /// Without the members of `other` and all that lies below them.
    pub(in super::super) fn without(mut self, other: &Self) -> Self {
        self.retain(other, |ours, theirs| {
            if theirs.member {
                *ours = Node::default();
            } else {
                ours.set = std::mem::take(&mut ours.set).without(&theirs.set);
            }
        });
        self
    }

    pub(in super::super) fn intersection(mut self, other: &Self) -> Self {
        self.below
            .retain(|element, _| other.below.contains_key(element));
        self.retain(other, |ours, theirs| {
            ours.member &= theirs.member;
            ours.set = std::mem::take(&mut ours.set).intersection(&theirs.set);
        });
        self
    }

    /// Changes what both have, and drops what is empty then.
    fn retain(&mut self, other: &Self, change: impl Fn(&mut Node, &Node)) {
        self.below.retain(|element, ours| {
            if let Some(theirs) = other.below.get(element) {
                change(ours, theirs);
            }
            ours.member || !ours.set.is_empty()
        });
    }

    /// Makes members of what `named` says of a path's last step, wherever something lies below it.
    pub(in super::super) fn close<S: Copy>(
        mut self,
        shape: S,
        step: &impl Fn(S, &Element) -> (S, bool),
    ) -> Self {
        for (element, node) in &mut self.below {
            let (inner, named) = step(shape, element);
            node.member |= named && !node.set.is_empty();
            node.set = std::mem::take(&mut node.set).close(inner, step);
        }
        self
    }

    /// Every member, as messages name it: the members of a level, then those below.
    pub(in super::super) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.list("", &mut paths);
        paths
    }

    fn list(&self, prefix: &str, paths: &mut Vec<String>) {
        let members = self.below.iter().filter(|(_, node)| node.member);
        paths.extend(members.map(|(element, _)| format!("{prefix}{}", element.shown())));
        for (element, node) in &self.below {
            node.set
                .list(&format!("{prefix}{}", element.shown()), paths);
        }
    }
}
