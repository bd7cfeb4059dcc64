//! Which Secrets of one cluster come, go, are called otherwise, or are filled from elsewhere.

use super::change::{Change, Follows, KeyChange, Meaning, SecretChange, SecretMove};
use super::critical::Critical;
use super::mapping::Mapping;
use crate::desire::{Cell, DesiredSecret, SecretId};
use crate::diagnostics::Place;
use crate::plan::FieldChange;
use std::collections::{BTreeMap, BTreeSet};

/// A cluster before and after; `None` where it is not of the fleet.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) base: Option<&'a Cell>,
    pub(super) head: Option<&'a Cell>,
}

impl<'a> Pair<'a> {
    /// What of a cluster that comes or goes comes or goes with it.
    pub(super) fn follows(self) -> Option<Follows> {
        let both = self.base.is_some() && self.head.is_some();
        (!both).then_some(Follows::Cluster)
    }

    fn side(cell: Option<&'a Cell>) -> BTreeMap<&'a SecretId, Side<'a>> {
        let secrets = cell.into_iter().flat_map(|cell| {
            let side = move |secret| (cell, secret);
            cell.secrets.iter().map(side)
        });
        secrets
            .map(|(cell, secret)| (&secret.id, Side { cell, secret }))
            .collect()
    }
}

/// A Secret, and the cluster it is of.
#[derive(Clone, Copy)]
struct Side<'a> {
    cell: &'a Cell,
    secret: &'a DesiredSecret,
}

impl Side<'_> {
    fn mapping(self) -> Mapping {
        Mapping::of(self.secret)
    }

    fn is_read_as_cell(self) -> bool {
        let login = &self.secret.login;
        login.mount == self.cell.mount && login.role == self.cell.role.name
    }
}

/// What changes of the Secrets of a cluster.
pub(super) fn compare(pair: Pair<'_>) -> Vec<Change> {
    let (base, head) = (Pair::side(pair.base), Pair::side(pair.head));
    let mut changes = Vec::new();
    let (mut lost, mut gained) = (Vec::new(), Vec::new());
    for (id, before) in &base {
        match head.get(id) {
            Some(after) => changes.extend(changed(*before, *after)),
            None => lost.push(*before),
        }
    }
    gained.extend(
        head.iter()
            .filter(|(id, _)| !base.contains_key(*id))
            .map(|(_, side)| *side),
    );
    for (before, after) in renamed(&mut lost, &mut gained) {
        changes.push(rename(before, after));
    }
    changes.extend(lost.into_iter().map(|side| whole(side, SecretMove::Lost)));
    changes.extend(
        gained
            .into_iter()
            .map(|side| whole(side, SecretMove::Gained)),
    );
    let follows = pair.follows();
    for change in &mut changes {
        change.follows = follows;
    }
    changes
}

/// Takes out of both lists what is one Secret under two names: the same in it, or the same declaration with another name.
fn renamed<'a>(lost: &mut Vec<Side<'a>>, gained: &mut Vec<Side<'a>>) -> Vec<(Side<'a>, Side<'a>)> {
    let mut pairs = Vec::new();
    for is_one in [is_same as fn(&Side<'_>, &Side<'_>) -> bool, is_rewritten] {
        lost.retain(|before| {
            let found = gained.iter().position(|after| is_one(before, after));
            let Some(found) = found else { return true };
            pairs.push((*before, gained.remove(found)));
            false
        });
    }
    pairs
}

fn is_same(before: &Side<'_>, after: &Side<'_>) -> bool {
    before.secret.mapping_digest == after.secret.mapping_digest
        && before.mapping().is_same(&after.mapping())
}

/// The same place in the same file, and something in it that both read.
fn is_rewritten(before: &Side<'_>, after: &Side<'_>) -> bool {
    let (old, new) = (before.mapping(), after.mapping());
    before.secret.place.file == after.secret.place.file
        && before.secret.place.line == after.secret.place.line
        && !old.paths().is_disjoint(&new.paths())
}

fn rename(before: Side<'_>, after: Side<'_>) -> Change {
    let from = before.secret.id.to_string();
    let mut change = whole(after, SecretMove::Renamed { from });
    change.before.insert(before.secret.place.clone());
    if let Meaning::Secret(secret) = &mut change.meaning {
        secret.keys = keys(&before.mapping(), &after.mapping());
        secret.fields = fields(before, after);
        change.critical = redirected(&secret.keys);
        change.critical.extend(another_role(Some(before), after));
    }
    change
}

/// A Secret that is there on one side only.
fn whole(side: Side<'_>, how: SecretMove) -> Change {
    let nothing = Mapping {
        keys: BTreeMap::new(),
        spreads: Vec::new(),
    };
    let is_lost = how == SecretMove::Lost;
    let keys = if is_lost {
        keys(&side.mapping(), &nothing)
    } else {
        keys(&nothing, &side.mapping())
    };
    let is_gained = how == SecretMove::Gained;
    let another = is_gained.then(|| another_role(None, side)).flatten();
    let read_as = another.as_ref().map(|_| FieldChange {
        field: "read as".to_owned(),
        before: None,
        after: Some(role(side.secret)),
    });
    let meaning = Meaning::Secret(SecretChange {
        secret: side.secret.id.to_string(),
        how,
        keys,
        fields: read_as.into_iter().collect(),
    });
    let place = Some(&side.secret.place);
    let (before, place) = if is_lost {
        (place, None)
    } else {
        (None, place)
    };
    let critical = another.into_iter().collect();
    Change::of_cluster(meaning, critical, &side.cell.cluster).written(before, place)
}

fn changed(before: Side<'_>, after: Side<'_>) -> Option<Change> {
    if before.secret.mapping_digest == after.secret.mapping_digest {
        return None;
    }
    let keys = keys(&before.mapping(), &after.mapping());
    let fields = fields(before, after);
    if keys.is_empty() && fields.is_empty() {
        return None;
    }
    let mut critical = redirected(&keys);
    critical.extend(another_role(Some(before), after));
    let meaning = Meaning::Secret(SecretChange {
        secret: after.secret.id.to_string(),
        how: SecretMove::Changed,
        keys,
        fields,
    });
    let change = Change::of_cluster(meaning, critical, &after.cell.cluster);
    Some(change.written(Some(&before.secret.place), Some(&after.secret.place)))
}

fn redirected(keys: &[KeyChange]) -> Vec<Critical> {
    if keys.iter().any(KeyChange::is_redirected) {
        return vec![Critical::Redirected];
    }
    // Which fields a path has is not known here: those of one that is spread may be the very keys that go.
    let (come, gone) = (
        keys.iter().filter(|key| key.before.is_none()),
        keys.iter().filter(|key| key.after.is_none()),
    );
    let is_spread = |key: &KeyChange| key.key.is_none();
    let both = come.clone().next().is_some() && gone.clone().next().is_some();
    let may = both && come.chain(gone).any(is_spread);
    may.then_some(Critical::MaybeRedirected)
        .into_iter()
        .collect()
}

/// As whom a Secret is read, where that becomes a role that nobody here manages.
fn another_role(before: Option<Side<'_>>, after: Side<'_>) -> Option<Critical> {
    let is_new = before.is_none_or(|before| role(before.secret) != role(after.secret));
    (is_new && !after.is_read_as_cell()).then_some(Critical::AnotherRole)
}

fn role(secret: &DesiredSecret) -> String {
    format!("{}/{}", secret.login.mount, secret.login.role)
}

/// Keys that come, go, or are filled otherwise, by name; then what is spread.
fn keys(before: &Mapping, after: &Mapping) -> Vec<KeyChange> {
    let names: BTreeSet<&String> = before.keys.keys().chain(after.keys.keys()).collect();
    let mut changes = Vec::new();
    for name in names {
        let (old, new) = (before.keys.get(name), after.keys.get(name));
        if old.map(|(source, _)| source) == new.map(|(source, _)| source) {
            continue;
        }
        changes.push(KeyChange {
            key: Some(name.clone()),
            before: old.map(|(source, _)| source.clone()),
            after: new.map(|(source, _)| source.clone()),
            place: new.map(|(_, place)| place.clone()),
        });
    }
    changes.extend(spreads(before, after));
    changes
}

/// What is spread from elsewhere than before. One path in the place of one other is one change.
fn spreads(before: &Mapping, after: &Mapping) -> Vec<KeyChange> {
    let sources = |mapping: &Mapping| -> Vec<_> {
        let spreads = mapping.spreads.iter();
        spreads.map(|(source, _)| source.clone()).collect()
    };
    let (old, new) = (sources(before), sources(after));
    if old == new {
        return Vec::new();
    }
    let spread = |before: Option<_>, after: Option<_>, place: Option<Place>| KeyChange {
        key: None,
        before,
        after,
        place,
    };
    let place = |index: usize| after.spreads.get(index).map(|(_, place)| place.clone());
    let gone = old.iter().filter(|source| !new.contains(source));
    let come = new.iter().enumerate();
    let come = come.filter(|(_, source)| !old.contains(source));
    if gone.clone().count() == 1 && come.clone().count() == 1 {
        let pairs = gone.zip(come);
        return pairs
            .map(|(old, (index, new))| spread(Some(old.clone()), Some(new.clone()), place(index)))
            .collect();
    }
    gone.map(|source| spread(Some(source.clone()), None, None))
        .chain(come.map(|(index, source)| spread(None, Some(source.clone()), place(index))))
        .collect()
}

fn fields(before: Side<'_>, after: Side<'_>) -> Vec<FieldChange> {
    let (old, new) = (before.secret, after.secret);
    let mut fields = Vec::new();
    let mut field = |name: &str, before: String, after: String| {
        if before != after {
            fields.push(FieldChange {
                field: name.to_owned(),
                before: Some(before),
                after: Some(after),
            });
        }
    };
    field("dialect", old.dialect.to_string(), new.dialect.to_string());
    // Where the whole cluster logs in otherwise, that is told of the cluster.
    if !(before.is_read_as_cell() && after.is_read_as_cell()) {
        field("read as", role(old), role(new));
    }
    let (spread, later) = (
        before.mapping().spread_paths(),
        after.mapping().spread_paths(),
    );
    let is_reordered =
        spread.iter().collect::<BTreeSet<_>>() == later.iter().collect::<BTreeSet<_>>();
    if is_reordered {
        // Of two paths with a field of one name, the later is the one that stays.
        field("order of dataFrom", spread.join(", "), later.join(", "));
    }
    fields.extend(texts("label", &old.labels, &new.labels));
    // By name only: tools keep whole objects in annotations.
    let hidden = texts("annotation", &old.annotations, &new.annotations).into_iter();
    let hide = |text: Option<String>| text.map(|_| "…".to_owned());
    fields.extend(hidden.map(|field| FieldChange {
        before: hide(field.before),
        after: hide(field.after),
        ..field
    }));
    fields
}

/// Labels, one field each.
pub(super) fn texts(
    what: &str,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Vec<FieldChange> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let names = names.into_iter();
    let names = names.filter(|name| before.get(*name) != after.get(*name));
    names
        .map(|name| FieldChange {
            field: format!("{what} {name}"),
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
        })
        .collect()
}
