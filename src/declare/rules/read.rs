//! One file below `rules/`, and what `fleet.yaml` says of rules.

use super::pattern::{Grammar, Pattern};
use super::{Rule, StorePattern};
use crate::declare::document::is_own_kind;
use crate::declare::{Selector, StoreKind};
use crate::diagnostics::{Diagnostic, Diagnostics, Place, Severity};
use crate::names::ObjectName;
use crate::yaml::{self, Content, Fields, Node};
use std::sync::Arc;

/// How long a list of a rule may be: whatever is compared with rules is compared with all of them.
const MOST_ENTRIES: usize = 256;

/// What holds for a namespace that no rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unmatched {
    /// It may reference what Vault lets its cluster read.
    #[default]
    Allow,
    /// It may reference nothing.
    Deny,
}

/// A file with rules.
#[derive(Debug)]
pub(in crate::declare) struct RuleFile {
    pub(super) rules: Vec<Arc<Rule>>,
    /// Whether it holds no other rule.
    pub(super) whole: bool,
}

impl RuleFile {
    pub(super) fn patterns(&self) -> usize {
        let rules = self.rules.iter();
        rules.map(|rule| rule.patterns().count()).sum()
    }
}

/// A document with an error is no rule, also where most of it could be read.
pub(in crate::declare) fn read(path: &str, text: &str, problems: &mut Diagnostics) -> RuleFile {
    let before = problems.count(Severity::Error);
    let documents = yaml::parse(path, text, problems);
    let rules: Vec<_> = documents
        .documents
        .iter()
        .filter_map(|node| document(node, path, problems))
        .map(Arc::new)
        .collect();
    // Taking the last rule out of a file must not look like never having had one.
    if documents.whole && documents.documents.is_empty() {
        let problem = Diagnostic::error(&Place::file(path), "this file holds no rule");
        problems.push(
            problem
                .hint("remove the file, or write a Rule into it")
                .without_line(),
        );
    }
    RuleFile {
        rules,
        whole: documents.whole && problems.count(Severity::Error) == before,
    }
}

fn document(node: &Node, path: &str, problems: &mut Diagnostics) -> Option<Rule> {
    if !is_own_kind(node, "Rule", path, problems) {
        return None;
    }
    let before = problems.count(Severity::Error);
    let mut top = Fields::of(node, "a Rule", problems)?;
    top.optional("apiVersion");
    top.optional("kind");
    let metadata = top.required("metadata", problems);
    let spec = top.required("spec", problems);
    top.finish(problems);
    let head = metadata.and_then(|node| name(node, problems));
    let rule = spec.and_then(|node| read_spec(node, head, problems));
    rule.filter(|_| problems.count(Severity::Error) == before)
}

fn name(node: &Node, problems: &mut Diagnostics) -> Option<(ObjectName, Place)> {
    let mut metadata = Fields::of(node, "metadata", problems)?;
    let name = metadata.required("name", problems);
    metadata.finish(problems);
    let name = name?;
    let parsed = name.parsed("name", ObjectName::parse, problems)?;
    Some((parsed, name.place.clone()))
}

fn read_spec(
    node: &Node,
    head: Option<(ObjectName, Place)>,
    problems: &mut Diagnostics,
) -> Option<Rule> {
    let mut spec = Fields::of(node, "spec", problems)?;
    let selector = spec.filled("clusterSelector", problems);
    let namespaces = spec.required("namespaces", problems);
    let namespaces = namespaces.and_then(|node| named(node, Grammar::Namespace, problems));
    let paths = spec.required("paths", problems);
    let paths = paths.and_then(|node| patterns(node, "paths", Grammar::Path, problems));
    let roles = spec.filled("roles", problems);
    let roles = roles.map(|node| patterns(node, "roles", Grammar::Role, problems));
    let stores = spec.filled("stores", problems);
    let stores = stores.map(|node| stores_of(node, problems));
    spec.finish(problems);
    let clusters = match selector {
        Some(node) => Selector::read(node, problems)?,
        None => Selector::default(),
    };
    let (name, place) = head?;
    Some(Rule {
        place,
        name,
        clusters,
        namespaces: namespaces?,
        paths: paths?,
        roles: match roles {
            Some(roles) => Some(roles?),
            None => None,
        },
        stores: match stores {
            Some(stores) => Some(stores?),
            None => None,
        },
    })
}

fn named(node: &Node, grammar: Grammar, problems: &mut Diagnostics) -> Option<Vec<Pattern>> {
    let namespaces = patterns(node, "namespaces", grammar, problems)?;
    if namespaces.is_empty() {
        problems.push(
            Diagnostic::error(&node.place, "this rule is for no namespace")
                .hint("name them, or write `\"*\"` for every namespace"),
        );
        return None;
    }
    Some(namespaces)
}

fn items<'node>(
    node: &'node Node,
    field: &str,
    problems: &mut Diagnostics,
) -> Option<&'node [Node]> {
    if let Content::List(items) = &node.content {
        if items.len() > MOST_ENTRIES {
            let said = format!("`{field}` has more than {MOST_ENTRIES} entries");
            let hint = "write patterns for several at once, or several rules";
            problems.push(Diagnostic::error(&node.place, said).hint(hint));
            return None;
        }
        return Some(items);
    }
    let wrong = format!("`{field}` must be a list, but is {}", node.kind());
    let hint = "write each entry on a line of its own, after `- `; a list of one is a list too";
    problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
    None
}

fn patterns(
    node: &Node,
    field: &str,
    grammar: Grammar,
    problems: &mut Diagnostics,
) -> Option<Vec<Pattern>> {
    let items = items(node, field, problems)?;
    let read: Vec<_> = items
        .iter()
        .map(|item| Pattern::read(item, grammar, problems))
        .collect();
    read.into_iter().collect()
}

/// As a `secretStoreRef` has them.
fn stores_of(node: &Node, problems: &mut Diagnostics) -> Option<Vec<StorePattern>> {
    let items = items(node, "stores", problems)?;
    let read: Vec<_> = items.iter().map(|item| store(item, problems)).collect();
    read.into_iter().collect()
}

fn store(node: &Node, problems: &mut Diagnostics) -> Option<StorePattern> {
    let mut fields = Fields::of(node, "an entry of `stores`", problems)?;
    let name = fields.required("name", problems);
    let name = name.and_then(|name| Pattern::read(name, Grammar::Store, problems));
    let kind = StoreKind::read(&mut fields, node, problems);
    fields.finish(problems);
    Some(StorePattern {
        kind: kind?,
        name: name?,
    })
}

/// `rules` of `fleet.yaml`.
pub(in crate::declare) fn read_unmatched(
    node: &Node,
    problems: &mut Diagnostics,
) -> Option<Unmatched> {
    let mut fields = Fields::of(node, "rules", problems)?;
    let node = fields.required("unmatched", problems);
    fields.finish(problems);
    let node = node?;
    match node.text("`unmatched`", problems)? {
        "allow" => Some(Unmatched::Allow),
        "deny" => Some(Unmatched::Deny),
        other => {
            problems.push(
                Diagnostic::error(&node.place, format!("`unmatched` cannot be `{other}`"))
                    .hint("write `deny`, or `allow` while rules are being introduced"),
            );
            None
        }
    }
}
