//! Where each setting was said, so that what turns out later is told at its place, too.

use crate::diagnostics::Place;
use crate::yaml::{Content, Node};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the settings of one reading stand.
#[derive(Debug, Clone, Default)]
pub struct Places {
    document: Option<Arc<Node>>,
    /// By a flag, or the variable of the same meaning.
    given: BTreeMap<&'static str, &'static str>,
}

impl Places {
    pub(super) fn in_document(node: &Node) -> Self {
        Self {
            document: Some(Arc::new(node.clone())),
            given: BTreeMap::new(),
        }
    }

    /// This setting was said by a flag, and no longer by the file.
    pub fn give(&mut self, setting: &'static str, by: &'static str) {
        self.given.insert(setting, by);
    }

    /// The place of `web.listen`, or of `reports.sinks.2.slack`: of as much of it as was said.
    pub fn of(&self, setting: &str) -> Place {
        if let Some(by) = self.given.get(setting) {
            return Place::outside(by);
        }
        let Some(document) = self.document.as_deref() else {
            return Place::outside("what holds without a settings file");
        };
        Self::within(document, setting).place.clone()
    }

    /// The place of this text in a list.
    pub fn of_item(&self, setting: &str, text: &str) -> Place {
        let document = self.document.as_deref();
        let list = document.map(|document| Self::within(document, setting));
        match list.map(|list| &list.content) {
            Some(Content::List(items)) if !self.given.contains_key(setting) => {
                let item = items.iter().find(|item| item.scalar() == Some(text));
                item.map_or_else(|| self.of(setting), |item| item.place.clone())
            }
            _ => self.of(setting),
        }
    }

    /// As deep as the document goes.
    fn within<'n>(document: &'n Node, setting: &str) -> &'n Node {
        let mut node = document;
        for key in setting.split('.') {
            let within = match &node.content {
                Content::List(items) => key.parse().ok().and_then(|at: usize| items.get(at)),
                Content::Map(_) | Content::Scalar { .. } => node.get(key),
            };
            match within {
                Some(within) => node = within,
                None => break,
            }
        }
        node
    }
}

#[cfg(test)]
mod tests {
    use super::Places;
    use crate::diagnostics::Diagnostics;

    #[test]
    fn as_much_as_was_said_has_a_place() {
        let text = "web:\n  listen: x\nlist:\n- a: 1\n- a: 2\n";
        let parsed = crate::yaml::parse("s.yaml", text, &mut Diagnostics::default());
        let mut places = Places::in_document(&parsed.documents[0]);
        for (setting, place) in [
            ("web.listen", "s.yaml:2:11"),
            ("web.token", "s.yaml:2:3"),
            ("list.1.a", "s.yaml:5:6"),
            ("data", "s.yaml:1:1"),
        ] {
            assert_eq!(places.of(setting).to_string(), place, "{setting}");
        }
        places.give("web.listen", "--listen");
        assert_eq!(places.of("web.listen").to_string(), "--listen");
    }
}
