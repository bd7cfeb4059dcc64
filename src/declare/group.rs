//! `group.yaml`, kind Group: declarations that stand on every selected cluster, with `${…}` filled in.

use super::Cluster;
use super::document::{OWN_API, kind_of, text_map};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::names::GroupName;
use crate::yaml::{Fields, Node};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub struct Group {
    pub place: Place,
    pub name: String,
    requirements: Vec<Requirement>,
    variables: BTreeMap<String, String>,
    /// False for a group whose file cannot be read: it may have been meant for any cluster, and places nothing.
    pub readable: bool,
}

/// One condition of a label selector.
#[derive(Debug, Clone)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl Requirement {
    /// As Kubernetes evaluates selectors: `NotIn` also holds without the label.
    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values.contains(value)),
            Operator::NotIn => value.is_none_or(|value| !self.values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

impl Group {
    pub(super) fn unreadable(name: &str, place: &Place) -> Self {
        Self {
            place: place.clone(),
            name: name.to_owned(),
            requirements: Vec::new(),
            variables: BTreeMap::new(),
            readable: false,
        }
    }

    pub(super) fn read(node: &Node, folder: &str, problems: &mut Diagnostics) -> Option<Self> {
        let (api, kind) = kind_of(node, problems)?;
        if (api, kind) != (OWN_API, "Group") {
            problems.push(Diagnostic::error(&node.place, format!("group.yaml must begin with `kind: Group` of `{OWN_API}`, but holds `{kind}` of `{api}`")));
            return None;
        }
        let mut top = Fields::of(node, "a Group", problems)?;
        top.optional("apiVersion");
        top.optional("kind");
        let metadata = top.required("metadata", problems);
        let spec = top.required("spec", problems);
        top.finish(problems);
        let mut metadata = Fields::of(metadata?, "metadata", problems)?;
        let name = metadata
            .required("name", problems)
            .and_then(|name| name.parsed("name", GroupName::parse, problems));
        let place = metadata.place_of("name");
        metadata.finish(problems);
        let name = name?;
        if name.as_str() != folder {
            problems.push(
                Diagnostic::error(
                    &place,
                    format!("group `{name}` lies in the folder groups/{folder}"),
                )
                .hint("give both the same name"),
            );
        }
        let mut spec = Fields::of(spec?, "spec", problems)?;
        let requirements = spec
            .required("clusterSelector", problems)
            .and_then(|node| selector(node, problems));
        let variables = text_map(&mut spec, "vars", problems);
        spec.finish(problems);
        Some(Self {
            place,
            name: name.to_string(),
            requirements: requirements?,
            variables,
            readable: true,
        })
    }

    /// Whether this group's declarations stand on the cluster. An unreadable group reaches all, to make them incomplete.
    pub(super) fn selects(&self, cluster: &Cluster) -> bool {
        self.requirements
            .iter()
            .all(|requirement| requirement.holds(&cluster.labels))
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
                let problem = Diagnostic::error(place, format!("`{unknown}` is not known for cluster `{}`", cluster.name));
                problems.push(problem.hint("use ${cluster.name}, ${cluster.labels.KEY} or ${vars.NAME} of group.yaml; `$${` stands for `${`"));
                None
            }
        });
        whole.then_some(copy)
    }

    /// The text with every `${…}` filled in; `None` when there is nothing to fill in.
    fn expand(&self, text: &str, cluster: &Cluster) -> Result<Option<String>, String> {
        if !text.contains("${") {
            return Ok(None);
        }
        let mut expanded = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let (before, after) = rest.split_at(start);
            if let Some(before) = before.strip_suffix('$') {
                expanded.push_str(before);
                expanded.push_str("${");
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

fn selector(node: &Node, problems: &mut Diagnostics) -> Option<Vec<Requirement>> {
    let mut fields = Fields::of(node, "clusterSelector", problems)?;
    let labels = text_map(&mut fields, "matchLabels", problems);
    let mut requirements: Vec<_> = labels
        .into_iter()
        .map(|(key, value)| Requirement {
            key,
            operator: Operator::In,
            values: vec![value],
        })
        .collect();
    for item in fields.list("matchExpressions", problems) {
        requirements.push(expression(item, problems)?);
    }
    fields.finish(problems);
    Some(requirements)
}

fn expression(node: &Node, problems: &mut Diagnostics) -> Option<Requirement> {
    let mut fields = Fields::of(node, "an entry of `matchExpressions`", problems)?;
    let key = fields
        .required("key", problems)
        .and_then(|node| node.text("`key`", problems))
        .map(str::to_owned);
    let operator = match fields.required("operator", problems).and_then(Node::scalar) {
        Some("In") => Some(Operator::In),
        Some("NotIn") => Some(Operator::NotIn),
        Some("Exists") => Some(Operator::Exists),
        Some("DoesNotExist") => Some(Operator::DoesNotExist),
        _ => {
            problems.error(
                &fields.place_of("operator"),
                "`operator` must be In, NotIn, Exists or DoesNotExist",
            );
            None
        }
    };
    let values = fields
        .list("values", problems)
        .iter()
        .filter_map(|item| item.text("a value", problems).map(str::to_owned))
        .collect();
    fields.finish(problems);
    Some(Requirement {
        key: key?,
        operator: operator?,
        values,
    })
}
