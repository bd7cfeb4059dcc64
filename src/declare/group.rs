//! `group.yaml`, kind Group: declarations that stand on every selected cluster, with `${…}` filled in.

use super::Cluster;
use super::document::{is_own_kind, text_map};
use super::selector::Selector;
use crate::diagnostics::{Diagnostic, Diagnostics, Place, Severity};
use crate::names::GroupName;
use crate::yaml::{Content, Fields, Node, nearest};
use std::collections::BTreeMap;

/// What a variable begins with.
const OPENING: &str = "${";

#[derive(Debug, Clone)]
pub struct Group {
    pub place: Place,
    selector: Selector,
    variables: BTreeMap<String, String>,
    /// False for a group whose file cannot be read: it may have been meant for any cluster, and places nothing.
    pub readable: bool,
}

impl Group {
    pub(super) fn unreadable(place: &Place) -> Self {
        Self {
            place: place.clone(),
            selector: Selector::default(),
            variables: BTreeMap::new(),
            readable: false,
        }
    }

    pub(super) fn read(node: &Node, folder: &str, problems: &mut Diagnostics) -> Option<Self> {
        if !is_own_kind(node, "Group", "group.yaml", problems) {
            return None;
        }
        let before = problems.count(Severity::Error);
        let mut top = Fields::of(node, "a Group", problems)?;
        top.optional("apiVersion");
        top.optional("kind");
        let metadata = top.required("metadata", problems);
        let spec = top.required("spec", problems);
        top.finish(problems);
        let place = metadata.and_then(|node| read_name(node, folder, problems));
        let mut spec = Fields::of(spec?, "spec", problems)?;
        let selector = spec.required("clusterSelector", problems);
        let selector = selector.and_then(|node| Selector::read(node, problems));
        let variables = text_map(&mut spec, "vars", problems);
        spec.finish(problems);
        let group = Self {
            place: place?,
            selector: selector?,
            variables,
            readable: true,
        };
        (problems.count(Severity::Error) == before).then_some(group)
    }

    /// Whether this group's declarations stand on the cluster. An unreadable group reaches all, to make them incomplete.
    pub(super) fn selects(&self, cluster: &Cluster) -> bool {
        self.selector.selects(&cluster.labels)
    }

    /// Whether there may be something to fill in.
    pub(super) fn has_variables(node: &Node) -> bool {
        match &node.content {
            Content::Scalar { text, .. } => text.contains(OPENING),
            Content::List(items) => items.iter().any(Self::has_variables),
            Content::Map(entries) => entries
                .iter()
                .any(|entry| Self::has_variables(&entry.value)),
        }
    }

    /// A copy of a declaration for one cluster; `None` when a variable is unknown.
    pub(super) fn substitute(
        &self,
        node: &Node,
        cluster: &Cluster,
        problems: &mut Diagnostics,
    ) -> Option<Node> {
        let mut copy = node.clone();
        let mut whole = true;
        copy.map_scalars(&mut |place, text| match self.expand(text, cluster) {
            Ok(expanded) => expanded,
            Err(unknown) => {
                whole = false;
                problems.push(self.unknown(place, &unknown));
                None
            }
        });
        whole.then_some(copy)
    }

    /// The hint names no cluster, so that it is said once for all of them.
    fn unknown(&self, place: &Place, unknown: &str) -> Diagnostic {
        let problem = Diagnostic::error(place, format!("`{unknown}` is not known here"));
        let inner = unknown.trim_start_matches("${").trim_end_matches('}');
        if !unknown.ends_with('}') {
            return problem.hint("close it with `}`, or write `$${` for `${` itself");
        }
        if let Some(name) = inner.strip_prefix("vars.") {
            return problem.hint(
                match nearest(name, self.variables.keys().map(String::as_str)) {
                    Some(near) => format!("did you mean `${{vars.{near}}}`?"),
                    None => "add it to `vars` of group.yaml".to_owned(),
                },
            );
        }
        if inner.starts_with("cluster.labels.") {
            return problem
                .hint("give this label to every cluster that the group selects, or select others");
        }
        match nearest(inner, ["cluster.name", "cluster.labels"].into_iter()) {
            Some("cluster.name") => problem.hint("did you mean `${cluster.name}`?"),
            _ => problem.hint("use ${cluster.name}, ${cluster.labels.KEY} or ${vars.NAME} of group.yaml; `$${` stands for `${` itself"),
        }
    }

    /// The text with every `${…}` filled in; `None` when there is nothing to fill in.
    fn expand(&self, text: &str, cluster: &Cluster) -> Result<Option<String>, String> {
        if !text.contains(OPENING) {
            return Ok(None);
        }
        let mut expanded = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(OPENING) {
            let (before, after) = rest.split_at(start);
            if let Some(before) = before.strip_suffix('$') {
                expanded.push_str(before);
                expanded.push_str(OPENING);
                rest = &after[2..];
                continue;
            }
            expanded.push_str(before);
            let end = after.find('}').ok_or_else(|| after.to_owned())?;
            expanded.push_str(
                self.value(&after[2..end], cluster)
                    .ok_or_else(|| after[..=end].to_owned())?,
            );
            rest = &after[end + 1..];
        }
        expanded.push_str(rest);
        Ok(Some(expanded))
    }

    fn value<'a>(&'a self, name: &str, cluster: &'a Cluster) -> Option<&'a str> {
        match name.split_once('.')? {
            ("cluster", "name") => Some(cluster.name.as_str()),
            ("cluster", label) => cluster
                .labels
                .get(label.strip_prefix("labels.")?)
                .map(String::as_str),
            ("vars", variable) => self.variables.get(variable).map(String::as_str),
            _ => None,
        }
    }
}

/// The place of the group's name.
fn read_name(node: &Node, folder: &str, problems: &mut Diagnostics) -> Option<Place> {
    let mut metadata = Fields::of(node, "metadata", problems)?;
    let name = metadata.required("name", problems);
    metadata.finish(problems);
    let node = name?;
    let name = node.parsed("name", GroupName::parse, problems)?;
    if name.as_str() != folder {
        problems.push(
            Diagnostic::error(
                &node.place,
                format!("group `{name}` lies in the folder groups/{folder}"),
            )
            .hint("give both the same name"),
        );
    }
    Some(node.place.clone())
}
