//! A review as a whole: its title, its sum in one sentence, and its parts in the order in which they are read.

use super::change::item;
use super::{Item, Sign};
use crate::report::count;
use crate::report::phrase::Phrase;
use crate::report::review::Reviewed;
use crate::review::{Change, Critical, Meaning, Review};
use std::collections::{BTreeMap, BTreeSet};

/// How many of a kind are told before others that are rarer.
const FEW: usize = 5;

/// A part of the review.
pub(in crate::report::review) struct Section<'a> {
    /// A stable name, for anchors.
    pub(in crate::report::review) id: &'static str,
    pub(in crate::report::review) title: &'static str,
    /// What it is about, in a sentence.
    pub(in crate::report::review) about: &'static str,
    pub(in crate::report::review) items: Vec<Item<'a>>,
    /// Whether it is for those who ask.
    pub(in crate::report::review) is_detail: bool,
}

/// `acme: main 3f2a9c1 ← checkout 8c1d2e0`.
pub(in crate::report::review) fn title(reviewed: Reviewed<'_>) -> Phrase {
    let about = reviewed.about;
    Phrase::default()
        .theirs(&about.repository)
        .ours(": ")
        .theirs(&about.base)
        .ours(" ← ")
        .theirs(&about.head)
}

/// Everything in one sentence: `2 critical changes; 3 Secrets gained, 1 lost; reaches 2 clusters`.
pub(in crate::report::review) fn summary(reviewed: Reviewed<'_>) -> String {
    let parts = [verdict(reviewed), sum(reviewed.review)];
    let said = parts.into_iter().filter(|part| !part.is_empty());
    said.collect::<Vec<_>>().join("; ")
}

/// What to know if nothing else is read.
pub(in crate::report::review) fn verdict(reviewed: Reviewed<'_>) -> String {
    let review = reviewed.review;
    let mut parts = Vec::new();
    let errors = review.problems.errors().count();
    if errors > 0 {
        parts.push(count(errors, "new error"));
    }
    let refuted = review.proof.as_ref().map_or(0, |it| it.refuted().count());
    if refuted > 0 {
        parts.push(format!("{refuted} refuted by the servers"));
    }
    let critical = review.critical().count();
    if critical > 0 {
        parts.push(count(critical, "critical change"));
    } else if review.changes.is_empty() {
        parts.push(nothing(reviewed));
    } else {
        parts.push("nothing critical".to_owned());
    }
    parts.join("; ")
}

/// What comes, goes and changes, and how far it reaches; empty where nothing does.
pub(in crate::report::review) fn sum(review: &Review) -> String {
    if review.changes.is_empty() {
        return String::new();
    }
    let mut parts = counted(review);
    if reach(review) > 0 {
        parts.push(format!("reaches {}", count(reach(review), "cluster")));
    }
    if !review.unknown.is_empty() {
        parts.push(format!("{} not known", review.unknown.len()));
    }
    parts.join("; ")
}

/// How many clusters are reached.
pub(in crate::report::review) fn reach(review: &Review) -> usize {
    let clusters: BTreeSet<&String> = review.changes.iter().flat_map(|it| &it.clusters).collect();
    clusters.len()
}

/// Where nothing changes: that it was looked at is worth saying.
fn nothing(reviewed: Reviewed<'_>) -> String {
    let files = reviewed.about.files;
    if !reviewed.review.unknown.is_empty() {
        return "what it means is not known".to_owned();
    }
    match files {
        0 => "no file that keyfleet reads is changed".to_owned(),
        files => format!(
            "nothing changes in what is meant: {} written otherwise",
            count(files, "file")
        ),
    }
}

/// What comes, goes and changes, by kind; what follows from another change is not counted twice.
fn counted(review: &Review) -> Vec<String> {
    let own = |change: &&Change| change.follows.is_none();
    let items: Vec<Item<'_>> = review.changes.iter().filter(own).map(item).collect();
    let kinds = [
        ("cluster", "cluster"),
        ("secret", "Secret"),
        ("access", "grant"),
        ("policy", "policy"),
    ];
    let words = |kind: &str| match kind {
        "access" | "secret" => [
            (Sign::Comes, "gained"),
            (Sign::Goes, "lost"),
            (Sign::Changes, "changed"),
        ],
        _ => [
            (Sign::Comes, "added"),
            (Sign::Goes, "removed"),
            (Sign::Changes, "changed"),
        ],
    };
    let mut parts = Vec::new();
    for (kind, noun) in kinds {
        let of_kind = |item: &&Item<'_>| item.kind == kind && is_object(item.change);
        let mut said: Vec<String> = Vec::new();
        for (sign, verb) in words(kind) {
            let number = items
                .iter()
                .filter(of_kind)
                .filter(|it| it.sign == sign)
                .count();
            if number > 0 {
                said.push(if said.is_empty() {
                    format!("{} {verb}", plural(number, noun))
                } else {
                    format!("{number} {verb}")
                });
            }
        }
        if !said.is_empty() {
            parts.push(said.join(", "));
        }
    }
    let settings = items
        .iter()
        .filter(|item| !matches!(item.change.meaning, Meaning::Denied { .. }));
    let others = settings.filter(|item| {
        !is_object(item.change) || !kinds.iter().any(|(kind, _)| *kind == item.kind)
    });
    match others.count() {
        0 => {}
        number => parts.push(format!("{} changed", count(number, "setting"))),
    }
    parts
}

fn plural(number: usize, noun: &str) -> String {
    match (noun, number) {
        ("policy", 2..) => format!("{number} policies"),
        _ => count(number, noun),
    }
}

/// Whether it is about a thing, and not about a field of one.
fn is_object(change: &Change) -> bool {
    !matches!(
        change.meaning,
        Meaning::Onboarding(_)
            | Meaning::Deletes { .. }
            | Meaning::Denied { .. }
            | Meaning::Fleet(_)
    )
}

/// The parts that have something in them.
pub(in crate::report::review) fn sections(review: &Review) -> Vec<Section<'_>> {
    let parts = [
        (
            "critical",
            "Critical",
            "Look at these before anything else.",
        ),
        (
            "clusters",
            "Clusters",
            "How clusters are onboarded: whom Vault asks, and who may log in.",
        ),
        ("secrets", "Secrets", "Which Secret is filled from where."),
        (
            "access",
            "Who can read what",
            "What a role may do, by all of its policies together, as Vault decides it.",
        ),
        ("policies", "Policies", "Files below policies/."),
        (
            "fleet",
            "Vaults, fleet and rules",
            "What all clusters share.",
        ),
        (
            "approvals",
            "Approvals",
            "Releases of changes that were held.",
        ),
        (
            "follows",
            "Follows from the above",
            "What derived policies grant, and what comes or goes with a cluster.",
        ),
    ];
    let sections = parts.into_iter().map(|(id, title, about)| {
        let own = review.changes.iter().filter(|change| part(change) == id);
        let mut items: Vec<Item<'_>> = own.map(item).collect();
        if id == "critical" {
            rare_first(&mut items);
        }
        Section {
            id,
            title,
            about,
            items,
            is_detail: id == "follows",
        }
    });
    sections
        .filter(|section| !section.items.is_empty())
        .collect()
}

/// One grant of `sys/` must not stand behind a hundred Secrets that all moved for one reason.
fn rare_first(items: &mut [Item<'_>]) {
    fn reasons(item: &Item<'_>) -> Vec<&'static str> {
        item.reasons().iter().map(Critical::id).collect()
    }
    let mut numbers: BTreeMap<Vec<&str>, usize> = BTreeMap::new();
    for item in items.iter() {
        *numbers.entry(reasons(item)).or_default() += 1;
    }
    items.sort_by_cached_key(|item| numbers[&reasons(item)] > FEW);
}

fn part(change: &Change) -> &'static str {
    if !change.critical.is_empty() {
        return "critical";
    }
    if change.follows.is_some() {
        return "follows";
    }
    match change.meaning {
        Meaning::Cluster(_) | Meaning::Onboarding(_) | Meaning::Deletes { .. } => "clusters",
        Meaning::Secret(_) => "secrets",
        Meaning::Access(_) | Meaning::Denied { .. } => "access",
        Meaning::Policy(_) => "policies",
        Meaning::Vault(_) | Meaning::Fleet(_) | Meaning::Rule(_) | Meaning::Owners { .. } => {
            "fleet"
        }
        Meaning::Approval(_) => "approvals",
    }
}
