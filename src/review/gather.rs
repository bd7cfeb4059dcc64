//! What is the same for many clusters, once: a change in a group is one change with the clusters that it reaches.
//!
//! Two changes are one when they say the same, wherever it is written. They are also one when they would be but for the
//! cluster's own name or labels in their texts: then they are told with `${cluster.name}` in its place, as a group writes it.
//! Putting the name back gives each cluster's own text again, so that nothing is said that does not hold.

use super::change::{
    AccessChange, Allowed, Change, ClusterChange, KeyChange, Meaning, Membership, PolicyChange,
    Reached, SecretChange, SecretMove, Source,
};
use crate::plan::FieldChange;
use std::collections::{BTreeMap, BTreeSet};

/// What the texts of a cluster may hold of its own.
pub(super) struct Own<'a> {
    pub(super) name: &'a str,
    pub(super) labels: &'a BTreeMap<String, String>,
}

/// The name of every cluster with what is its own.
pub(super) type Owns<'a> = BTreeMap<&'a str, Own<'a>>;

/// Puts together what is the same.
pub(super) fn gather(changes: Vec<Change>, owns: &Owns<'_>) -> Vec<Change> {
    let same = merged(changes, &|change| Some(bare(change)));
    let named = merged(same, &|change| {
        let own = only_cluster(change, owns)?;
        Some(bare(&replaced(change, &|text| with_name(text, own))))
    });
    let labelled = merged(named, &|change| {
        let own = only_cluster(change, owns)?;
        Some(bare(&replaced(change, &|text| with_labels(text, own))))
    });
    let mut told = moved(labelled);
    told.iter_mut().for_each(name_other_users);
    told
}

/// Of the users of a path, those that the change does not reach.
fn name_other_users(change: &mut Change) {
    let Meaning::Access(access) = &mut change.meaning else {
        return;
    };
    for reached in &mut access.reaches {
        reached
            .used_by
            .retain(|cluster| !change.clusters.contains(cluster));
    }
    access.reaches.retain(|reached| !reached.used_by.is_empty());
}

/// A change for one cluster only: what was found in several says the same in each as it is.
fn only_cluster<'a>(change: &Change, owns: &'a Owns<'a>) -> Option<&'a Own<'a>> {
    let only = change.clusters.iter().next();
    only.filter(|_| change.clusters.len() == 1)
        .and_then(|name| owns.get(name.as_str()))
}

/// The changes with the same key as one, which is told as the key. One that has none, or that nobody shares, stays as it is.
fn merged(changes: Vec<Change>, key: &dyn Fn(&Change) -> Option<Change>) -> Vec<Change> {
    let mut together: BTreeMap<Change, Vec<Change>> = BTreeMap::new();
    let mut alone = Vec::new();
    for change in changes {
        match key(&change) {
            Some(key) => together.entry(key).or_default().push(change),
            None => alone.push(change),
        }
    }
    for (key, mut several) in together {
        let first = several.remove(0);
        if several.is_empty() {
            alone.push(first);
            continue;
        }
        let mut one = with_places(key, &first);
        for change in [first].into_iter().chain(several) {
            join_users(&mut one, &change);
            one.clusters.extend(change.clusters);
            one.places.extend(change.places);
            one.before.extend(change.before);
        }
        alone.push(one);
    }
    alone
}

fn join_users(one: &mut Change, other: &Change) {
    if let (Meaning::Access(one), Meaning::Access(other)) = (&mut one.meaning, &other.meaning) {
        for (one, other) in one.reaches.iter_mut().zip(&other.reaches) {
            one.used_by.extend(other.used_by.iter().cloned());
        }
    }
}

/// Without where it is written and whom it reaches.
fn bare(change: &Change) -> Change {
    let mut bare = change.clone();
    bare.clusters.clear();
    bare.places.clear();
    bare.before.clear();
    match &mut bare.meaning {
        Meaning::Secret(secret) => {
            for key in &mut secret.keys {
                key.place = None;
            }
        }
        Meaning::Access(access) => {
            for reached in &mut access.reaches {
                reached.used_by.clear();
            }
        }
        _ => {}
    }
    bare
}

/// The places of keys again, those of the first.
fn with_places(mut one: Change, first: &Change) -> Change {
    if let (Meaning::Secret(secret), Meaning::Secret(first)) = (&mut one.meaning, &first.meaning) {
        for (key, first) in secret.keys.iter_mut().zip(&first.keys) {
            key.place.clone_from(&first.place);
        }
    }
    one
}

pub(super) fn with_name(text: &str, own: &Own<'_>) -> String {
    standing_for(text, own.name, "${cluster.name}")
}

pub(super) fn with_labels(text: &str, own: &Own<'_>) -> String {
    let named = with_name(text, own);
    let labels = own.labels.iter();
    labels.fold(named, |text, (key, value)| {
        standing_for(&text, value, &format!("${{cluster.labels.{key}}}"))
    })
}

/// The text with `variable` wherever `value` stands as a word of its own, or as a part of a name between dashes.
pub(crate) fn standing_for(text: &str, value: &str, variable: &str) -> String {
    if value.is_empty() || !text.contains(value) {
        return text.to_owned();
    }
    let is_part = |character: Option<char>| {
        character.is_some_and(|it| it.is_alphanumeric() || "_${}.".contains(it))
    };
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(value) {
        let (before, after) = (&rest[..start], &rest[start + value.len()..]);
        let last = before
            .chars()
            .next_back()
            .or_else(|| out.chars().next_back());
        out.push_str(before);
        if is_part(last) || is_part(after.chars().next()) {
            out.push_str(value);
        } else {
            out.push_str(variable);
        }
        rest = after;
    }
    out + rest
}

/// A Secret that some clusters lose and others gain, with the same in it, moves.
fn moved(changes: Vec<Change>) -> Vec<Change> {
    let mut lost: BTreeMap<SecretChange, Change> = BTreeMap::new();
    let mut others = Vec::new();
    for change in changes {
        match filling(&change, &SecretMove::Lost) {
            Some(filling) => drop(lost.insert(filling, change)),
            None => others.push(change),
        }
    }
    for change in &mut others {
        let gained = filling(change, &SecretMove::Gained);
        let Some(from) = gained.and_then(|filling| lost.remove(&filling)) else {
            continue;
        };
        if let Meaning::Secret(secret) = &mut change.meaning {
            secret.how = SecretMove::Moved {
                from: from.clusters,
            };
        }
        change.before.extend(from.before);
        change.follows = change.follows.and(from.follows);
    }
    others.extend(lost.into_values());
    others
}

/// What a Secret that comes or goes is filled with, told as if it came.
fn filling(change: &Change, how: &SecretMove) -> Option<SecretChange> {
    let Meaning::Secret(secret) = &change.meaning else {
        return None;
    };
    if secret.how != *how {
        return None;
    }
    let mut filling = secret.clone();
    filling.how = SecretMove::Gained;
    for key in &mut filling.keys {
        key.after = key.after.take().or(key.before.take());
        key.place = None;
    }
    Some(filling)
}

/// The change with every text of a declaration put through `replace`.
fn replaced(change: &Change, replace: &dyn Fn(&str) -> String) -> Change {
    let all = |texts: &BTreeSet<String>| texts.iter().map(|text| replace(text)).collect();
    let field = |field: &FieldChange| FieldChange {
        field: replace(&field.field),
        before: field.before.as_deref().map(replace),
        after: field.after.as_deref().map(replace),
    };
    let fields = |fields: &[FieldChange]| fields.iter().map(field).collect();
    let meaning = match &change.meaning {
        Meaning::Onboarding(change) => Meaning::Onboarding(field(change)),
        Meaning::Cluster(change) => Meaning::Cluster(ClusterChange {
            how: match &change.how {
                Membership::Renamed { from } => Membership::Renamed {
                    from: replace(from),
                },
                other => other.clone(),
            },
            ..change.clone()
        }),
        Meaning::Secret(change) => Meaning::Secret(SecretChange {
            secret: replace(&change.secret),
            how: match &change.how {
                SecretMove::Renamed { from } => SecretMove::Renamed {
                    from: replace(from),
                },
                other => other.clone(),
            },
            keys: change
                .keys
                .iter()
                .map(|key| key_with(key, replace))
                .collect(),
            fields: fields(&change.fields),
        }),
        Meaning::Denied {
            role,
            path,
            secrets,
        } => Meaning::Denied {
            role: replace(role),
            path: replace(path),
            secrets: all(secrets),
        },
        Meaning::Access(change) => Meaning::Access(AccessChange {
            role: replace(&change.role),
            path: replace(&change.path),
            before: allowed(&change.before, replace),
            after: allowed(&change.after, replace),
            reaches: change
                .reaches
                .iter()
                .map(|reached| Reached {
                    path: replace(&reached.path),
                    used_by: reached.used_by.clone(),
                })
                .collect(),
            ..change.clone()
        }),
        Meaning::Policy(change) => Meaning::Policy(PolicyChange {
            rules: fields(&change.rules),
            ..change.clone()
        }),
        same @ (Meaning::Deletes { .. }
        | Meaning::Vault(_)
        | Meaning::Fleet(_)
        | Meaning::Rule(_)
        | Meaning::Owners { .. }
        | Meaning::Approval(_)) => same.clone(),
    };
    Change {
        meaning,
        ..change.clone()
    }
}

fn key_with(key: &KeyChange, replace: &dyn Fn(&str) -> String) -> KeyChange {
    let source = |source: &Source| Source {
        path: replace(&source.path),
        property: source.property.as_deref().map(replace),
        overwritten_by: source.overwritten_by.as_deref().map(replace),
        ..source.clone()
    };
    KeyChange {
        key: key.key.as_deref().map(replace),
        before: key.before.as_ref().map(source),
        after: key.after.as_ref().map(source),
        place: None,
    }
}

fn allowed(allowed: &Allowed, replace: &dyn Fn(&str) -> String) -> Allowed {
    Allowed {
        unknown: allowed.unknown.iter().map(|text| replace(text)).collect(),
        ..allowed.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A role of this cluster gains a path that both clusters read.
    fn gained(cluster: &str) -> Change {
        let meaning = Meaning::Access(AccessChange {
            vault: "main".to_owned(),
            role: format!("{cluster}/{cluster}-role"),
            path: "kv/data/shared".to_owned(),
            before: Allowed::default(),
            after: Allowed::default(),
            reaches: vec![Reached {
                path: "kv/data/shared".to_owned(),
                used_by: ["north", "south"].map(str::to_owned).into(),
            }],
            reaches_more: 0,
        });
        Change {
            clusters: BTreeSet::from([cluster.to_owned()]),
            ..Change::shared(meaning, Vec::new())
        }
    }

    #[test]
    fn a_path_that_several_clusters_read_is_told_once() {
        let labels = BTreeMap::new();
        let own = |name| {
            let labels = &labels;
            (name, Own { name, labels })
        };
        let owns = Owns::from(["north", "south"].map(own));
        let told = gather(vec![gained("north"), gained("south")], &owns);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].clusters.len(), 2);
    }
}
