//! The rules of a role: what they allow, and which rules of others they cover.

use super::{ResourceWish, Wish};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const ALL: &str = "*";

/// One entry of a role's `rules`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Rule<'a> {
    pub verbs: Vec<&'a str>,
    pub groups: Vec<&'a str>,
    pub resources: Vec<&'a str>,
    pub names: Vec<&'a str>,
    pub paths: Vec<&'a str>,
}

/// The rules of a role as it is stored or was sent.
pub(super) fn of_role(role: &Value) -> Vec<Rule<'_>> {
    let rules = role["rules"].as_array();
    rules.into_iter().flatten().map(Rule::of).collect()
}

impl<'a> Rule<'a> {
    fn of(rule: &'a Value) -> Self {
        let texts = |field: &str| {
            let items = rule[field].as_array();
            items
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect()
        };
        Self {
            verbs: texts("verbs"),
            groups: texts("apiGroups"),
            resources: texts("resources"),
            names: texts("resourceNames"),
            paths: texts("nonResourceURLs"),
        }
    }

    pub(super) fn allows(&self, wish: &Wish<'_>) -> bool {
        match wish {
            Wish::Resource(wish) => self.allows_resource(wish),
            Wish::Path { verb, path } => {
                has(&self.verbs, verb) && self.paths.iter().any(|known| path_covers(known, path))
            }
        }
    }

    fn allows_resource(&self, wish: &ResourceWish<'_>) -> bool {
        has(&self.verbs, wish.verb)
            && has(&self.groups, wish.group)
            && self.resources.iter().any(|known| names(known, wish))
            && (self.names.is_empty() || self.names.contains(&wish.name))
    }

    /// Whether this grants all that `small`, which is of one verb and one resource or path, grants.
    fn covers(&self, small: &Rule<'_>) -> bool {
        let resource = |wanted: &str| {
            let of_any = wanted.split_once('/').map(|(_, sub)| format!("*/{sub}"));
            has(&self.resources, wanted)
                || of_any.is_some_and(|of_any| self.resources.contains(&of_any.as_str()))
        };
        let named = match small.names.as_slice() {
            [] => self.names.is_empty(),
            names => self.names.is_empty() || names.iter().all(|name| self.names.contains(name)),
        };
        let path = |wanted: &str| self.paths.iter().any(|known| path_covers(known, wanted));
        small.verbs.iter().all(|verb| has(&self.verbs, verb))
            && small.groups.iter().all(|group| has(&self.groups, group))
            && small.resources.iter().all(|wanted| resource(wanted))
            && named
            && small.paths.iter().all(|wanted| path(wanted))
    }

    /// The same in rules of one verb, and one resource with at most one name, or one path.
    fn parts(&self) -> Vec<Self> {
        let mut parts = Vec::new();
        let names: Vec<Vec<&str>> = match self.names.as_slice() {
            [] => vec![Vec::new()],
            names => names.iter().map(|name| vec![*name]).collect(),
        };
        for group in &self.groups {
            for resource in &self.resources {
                for verb in &self.verbs {
                    parts.extend(names.iter().map(|names| Self {
                        verbs: vec![verb],
                        groups: vec![group],
                        resources: vec![resource],
                        names: names.clone(),
                        paths: Vec::new(),
                    }));
                }
            }
        }
        for path in &self.paths {
            parts.extend(self.verbs.iter().map(|verb| Self {
                verbs: vec![verb],
                paths: vec![path],
                ..Self::default()
            }));
        }
        parts
    }

    /// `{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}`.
    fn told(&self) -> String {
        let parts = [
            ("APIGroups", &self.groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.paths),
            ("ResourceNames", &self.names),
            ("Verbs", &self.verbs),
        ];
        let told = parts.iter().filter(|(_, texts)| !texts.is_empty());
        let told: Vec<String> = told
            .map(|(name, texts)| format!("{name}:{}", quoted(texts)))
            .collect();
        format!("{{{}}}", told.join(", "))
    }

    /// As `SelfSubjectRulesReview` lists it.
    pub(in super::super) fn to_json(&self) -> Value {
        let mut fields = Map::new();
        let mut put = |name: &str, texts: &[&str]| {
            if !texts.is_empty() || name == "verbs" {
                fields.insert(name.to_owned(), json!(texts));
            }
        };
        put("verbs", &self.verbs);
        put("apiGroups", &self.groups);
        put("resources", &self.resources);
        put("resourceNames", &self.names);
        put("nonResourceURLs", &self.paths);
        Value::Object(fields)
    }
}

/// The parts of `wanted` that no rule of `held` covers, put together again by verb and told in order.
pub(super) fn missing(held: &[Rule<'_>], wanted: &[Rule<'_>]) -> Vec<String> {
    let parts = wanted.iter().flat_map(Rule::parts);
    let mut told = Vec::new();
    let mut of_resources: BTreeMap<(&str, &str, Vec<&str>), Rule<'_>> = BTreeMap::new();
    for part in parts.filter(|part| !held.iter().any(|rule| rule.covers(part))) {
        let (&[group], &[resource]) = (part.groups.as_slice(), part.resources.as_slice()) else {
            told.push(part.told());
            continue;
        };
        let verbs = part.verbs.clone();
        match of_resources.entry((group, resource, part.names.clone())) {
            std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(part)),
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                entry.get_mut().verbs.extend(verbs);
            }
        }
    }
    told.extend(of_resources.values().map(Rule::told));
    told.sort();
    told.dedup();
    told
}

/// `["a" "b"]`, as Go prints a list of texts.
pub(in super::super) fn quoted<T: AsRef<str>>(texts: &[T]) -> String {
    let quoted: Vec<String> = texts
        .iter()
        .map(|text| format!("{:?}", text.as_ref()))
        .collect();
    format!("[{}]", quoted.join(" "))
}

fn has(known: &[&str], wanted: &str) -> bool {
    known.iter().any(|known| *known == ALL || *known == wanted)
}

/// Whether a rule's resource is the one that is asked for: `secrets`, `serviceaccounts/token`, `*/scale`, `*`.
fn names(known: &str, wish: &ResourceWish<'_>) -> bool {
    if known == ALL {
        return true;
    }
    if wish.subresource.is_empty() {
        return known == wish.resource;
    }
    match known
        .strip_suffix(wish.subresource)
        .and_then(|rest| rest.strip_suffix('/'))
    {
        Some(resource) => resource == ALL || resource == wish.resource,
        None => false,
    }
}

fn path_covers(known: &str, path: &str) -> bool {
    let start = known.strip_suffix(ALL).map(|_| known.trim_end_matches(ALL));
    known == path || start.is_some_and(|start| path.starts_with(start))
}
