//! What a cluster's policy grants.

use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::policy::PathPattern;
use crate::yaml::{Content, Fields, Node, nearest};

/// What the cluster's policy grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Read on exactly the paths that its declarations use.
    Derived,
    Grants(Vec<Grant>),
}

/// A path of a policy with what may be done there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub path: String,
    pub capabilities: Vec<String>,
    pub place: Place,
}

impl Access {
    pub(super) fn read(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        if node.scalar() == Some("derived") {
            return Some(Self::Derived);
        }
        let Content::List(items) = &node.content else {
            problems.push(
                Diagnostic::error(
                    &node.place,
                    "`access` must be `derived` or a list of {path, capabilities}",
                )
                .hint("for example `access: [{path: kv/data/prod-eu/*, capabilities: [read]}]`"),
            );
            return None;
        };
        let grants: Vec<_> = items
            .iter()
            .map(|item| Grant::read(item, problems))
            .collect();
        grants.into_iter().collect::<Option<_>>().map(Self::Grants)
    }
}

impl Grant {
    fn read(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::of(node, "an entry of `access`", problems)?;
        let path = fields.required("path", problems);
        let capabilities = fields.required("capabilities", problems);
        fields.finish(problems);
        let path = path.and_then(|node| Some((granted_path(node, problems)?, node.place.clone())));
        let capabilities = capabilities.and_then(|node| capability_list(node, problems));
        let ((path, place), capabilities) = path.zip(capabilities)?;
        Some(Self {
            path,
            capabilities,
            place,
        })
    }
}

fn granted_path(node: &Node, problems: &mut Diagnostics) -> Option<String> {
    let path = node.text("`path`", problems)?;
    let is_unsafe = |character: char| character.is_control() || "\"\\{}".contains(character);
    let wrong = if path.starts_with('/') || path.contains(is_unsafe) {
        format!("{path:?} is not a path that a policy can grant")
    } else if let Err(error) = PathPattern::parse(path) {
        error.to_string()
    } else {
        return Some(path.to_owned());
    };
    problems.push(Diagnostic::error(&node.place, wrong).hint(
        "write it as in a policy, such as kv/data/prod-eu/*, without a leading `/`, quotes, braces or control characters",
    ));
    None
}

fn capability_list(node: &Node, problems: &mut Diagnostics) -> Option<Vec<String>> {
    let known = || format!("the capabilities are {}", CAPABILITIES.join(", "));
    let Content::List(items) = &node.content else {
        problems.push(
            Diagnostic::error(
                &node.place,
                format!("`capabilities` must be a list, but is {}", node.kind()),
            )
            .hint("for example `capabilities: [read, list]`"),
        );
        return None;
    };
    if items.is_empty() {
        problems
            .push(Diagnostic::error(&node.place, "this grant names no capabilities").hint(known()));
        return None;
    }
    let read = |item: &Node, problems: &mut Diagnostics| {
        let word = item.text("a capability", problems)?;
        if CAPABILITIES.contains(&word) {
            return Some(word.to_owned());
        }
        let hint = nearest(word, CAPABILITIES.into_iter())
            .map_or_else(known, |near| format!("did you mean `{near}`?"));
        problems.push(
            Diagnostic::error(&item.place, format!("`{word}` is not a capability")).hint(hint),
        );
        None
    };
    let words: Vec<_> = items.iter().map(|item| read(item, problems)).collect();
    words.into_iter().collect()
}

const CAPABILITIES: [&str; 8] = [
    "create", "read", "update", "patch", "delete", "list", "sudo", "deny",
];
