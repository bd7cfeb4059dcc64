//! `rules/**/*.yaml`, kind Rule: what the declarations of a namespace may reference.
//!
//! A rule allows, and none forbids: what several allow is allowed. So one that cannot be read takes away, and never gives:
//! that there is such a one is kept, since nobody can say any more for whom no rule was meant.
//! Deliberately absent: the verdict, which needs to know what a reference leads to (`desire::rules`).

mod pattern;
mod read;

use super::file::Content;
use super::{Cluster, Files, Fleet, KvMount, RULES, Selector, StoreKind, Unreadable};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::names::ObjectName;
use crate::observe::KvEngine;
use std::sync::Arc;

pub use pattern::{Pattern, Subject};
pub use read::Unmatched;
pub(super) use read::{RuleFile, read, read_unmatched};

/// How many patterns all rules may have together: each cluster is held against all of them.
const MOST_PATTERNS: usize = 20_000;

/// What the declarations of some namespaces of some clusters may reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub place: Place,
    pub name: ObjectName,
    pub clusters: Selector,
    pub namespaces: Vec<Pattern>,
    /// API paths, as a policy has them.
    pub paths: Vec<Pattern>,
    /// `None`: the cluster's own role only.
    pub roles: Option<Vec<Pattern>>,
    /// `None`: every store, since what it leads to is looked at anyway.
    pub stores: Option<Vec<StorePattern>>,
}

/// Stores of one kind, by their name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorePattern {
    pub kind: StoreKind,
    pub name: Pattern,
}

impl Rule {
    /// Whom it is for: ``the namespaces `shop`, `shop-*` of clusters with env=prod``.
    pub fn whom(&self) -> String {
        let names: Vec<_> = self
            .namespaces
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let namespaces = match self.namespaces.as_slice() {
            [one] if one.as_str() == "*" => "every namespace".to_owned(),
            [_] => format!("the namespace {}", names.concat()),
            _ => format!("the namespaces {}", names.join(", ")),
        };
        if self.clusters.is_every() {
            namespaces
        } else {
            format!("{namespaces} of clusters with {}", self.clusters)
        }
    }

    /// Everything in it that may have something to fill in.
    pub fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        let stores = self.stores.iter().flatten().map(|store| &store.name);
        let roles = self.roles.iter().flatten();
        let patterns = self.namespaces.iter().chain(&self.paths);
        patterns.chain(roles).chain(stores)
    }
}

/// Every rule of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// By their names.
    all: Vec<Arc<Rule>>,
    /// What the declarations of a namespace may reference for which there is no rule.
    pub unmatched: Unmatched,
    /// Where a rule stands, or may, that could not be read.
    pub unread: Option<Place>,
}

impl Rules {
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.all.iter().map(AsRef::as_ref)
    }

    /// Whether each rule of the repository is here.
    pub fn are_whole(&self) -> bool {
        self.unread.is_none()
    }

    /// Says which rules are for no cluster.
    pub(super) fn report<'a>(
        &self,
        clusters: impl Iterator<Item = &'a Cluster>,
        problems: &mut Diagnostics,
    ) {
        let clusters: Vec<_> = clusters.collect();
        for rule in self.iter() {
            let selects = |cluster: &&Cluster| rule.clusters.selects(&cluster.labels);
            if !clusters.iter().any(selects) {
                problems.push(
                    Diagnostic::warning(&rule.place, "this rule selects no cluster")
                        .hint("compare clusterSelector with the labels of the clusters"),
                );
            }
        }
    }
}

/// The rules of all files.
pub(super) fn load(
    files: &Files,
    unreadable: &[Unreadable],
    fleet: &Fleet,
    problems: &mut Diagnostics,
) -> Rules {
    let mut rules: Vec<Arc<Rule>> = Vec::new();
    let hides = |unread: &&Unreadable| {
        let above = unread.path == RULES.trim_end_matches('/');
        above || unread.path.starts_with(RULES) && unread.hides()
    };
    let hidden = unreadable.iter().find(hides);
    let mut patterns = 0;
    let mut unread = hidden.map(|hidden| Place::file(&hidden.path));
    for file in files.values() {
        let Content::Rules(read) = &file.content else {
            continue;
        };
        problems.append(file.problems.clone());
        let before = patterns;
        patterns += read.patterns();
        let fits = patterns <= MOST_PATTERNS;
        if fits {
            rules.extend(read.rules.iter().cloned());
        } else if before <= MOST_PATTERNS {
            too_many(&file.path, problems);
        }
        if !read.whole || !fits {
            unread.get_or_insert_with(|| Place::file(&file.path));
        }
    }
    for rule in &rules {
        warn_of_missing_data(rule, fleet, problems);
    }
    // In which files and in which order they stand means nothing.
    rules.sort_by(|left, right| (&left.name, &left.place).cmp(&(&right.name, &right.place)));
    let unmatched = match fleet.unmatched {
        // Nobody knows that a namespace has no rule while one cannot be read.
        _ if unread.is_some() => Unmatched::Deny,
        Some(said) => said,
        // What a fleet says that cannot be read is not known, and nothing is planned from it anyway.
        None if rules.is_empty() || !fleet.whole => Unmatched::Allow,
        None => Unmatched::Deny,
    };
    Rules {
        all: rules,
        unmatched,
        unread,
    }
}

fn too_many(path: &str, problems: &mut Diagnostics) {
    let said = format!("with this file, the rules have more than {MOST_PATTERNS} patterns");
    problems.push(
        Diagnostic::error(&Place::file(path), said)
            .hint("write patterns for several namespaces and paths at once")
            .without_line(),
    );
}

/// A slip that is easily made: what people see as `kv/shop/mail` is read at `kv/data/shop/mail`.
fn warn_of_missing_data(rule: &Rule, fleet: &Fleet, problems: &mut Diagnostics) {
    let mounts = || fleet.vaults.values().flat_map(|vault| &vault.kv_mounts);
    for pattern in &rule.paths {
        let below = |mount: &KvMount| {
            let rest = pattern.as_str().strip_prefix(mount.path.as_str())?;
            rest.strip_prefix('/')
        };
        let may_be_data = |rest: &str| {
            let first = rest.split('/').next().unwrap_or_default();
            first == "data" || first == "+" || first.contains(['*', '$'])
        };
        let is_readable = |mount: &KvMount| match mount.engine {
            KvEngine::V1 => below(mount).is_some(),
            KvEngine::V2 => below(mount).is_some_and(may_be_data),
        };
        let of_v2 = mounts().find(|mount| below(mount).is_some());
        if let Some(mount) = of_v2.filter(|_| !mounts().any(is_readable)) {
            let mount = &mount.path;
            let said = format!(
                "nothing is read here: `{mount}` is KV v2, whose paths begin with `{mount}/data/`"
            );
            problems.push(
                Diagnostic::warning(&pattern.place, said)
                    .hint(format!("write {mount}/data/ and what lies below it")),
            );
        }
    }
}
