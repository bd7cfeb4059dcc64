//! What the role of one cluster may do that it could not, and the reverse: all of its policies together, as Vault decides.

use super::change::{AccessChange, Allowed, Change, Follows, Meaning, Reached};
use super::critical::Critical;
use super::secrets::Pair;
use crate::desire::{Cell, Desired, DesiredVault};
use crate::diagnostics::Place;
use crate::insight::{RoleAccess, Uses, role_access};
use crate::policy::{Acl, Capability, Decision, Effect, Grant, PathPattern, Policy, Rule};
use crate::policy::{dangerous_patterns, effects};
use std::cell::{LazyCell, OnceCell};
use std::collections::{BTreeMap, BTreeSet};

/// How many paths that a pattern reaches are named.
const MOST_REACHED: usize = 12;

/// A fleet before and after, and what is asked of both together.
pub(super) struct Fleets<'a> {
    pub(super) base: &'a Desired,
    pub(super) head: &'a Desired,
    /// Of both, and of the base; made where somebody asks, and then once.
    uses: LazyCell<Uses, Box<dyn FnOnce() -> Uses + 'a>>,
    base_uses: LazyCell<Uses, Box<dyn FnOnce() -> Uses + 'a>>,
}

impl<'a> Fleets<'a> {
    pub(super) fn new(base: &'a Desired, head: &'a Desired) -> Self {
        Self {
            base,
            head,
            uses: LazyCell::new(Box::new(move || Uses::of([base, head]))),
            base_uses: LazyCell::new(Box::new(move || Uses::of([base]))),
        }
    }

    /// Whether some cluster read this path before the change, and this one did not.
    fn is_read_by_others(&self, path: &str, cell: &Cell) -> bool {
        let users = self.base_uses.of_path(cell.vault.as_str(), path);
        users.is_some_and(|users| !users.is_empty() && !users.contains(cell.cluster.as_str()))
    }
}

/// One side of a cluster's role.
struct Side<'a> {
    cell: Option<&'a Cell>,
    vault: Option<&'a DesiredVault>,
    access: RoleAccess,
    /// Every path that the cluster's own declarations read as its role, and where; of a large cluster worth to be made once.
    read: OnceCell<BTreeMap<String, &'a Place>>,
}

impl<'a> Side<'a> {
    fn of(cell: Option<&'a Cell>, fleet: &'a Desired) -> Self {
        let vault = cell.and_then(|cell| fleet.vaults.get(&cell.vault));
        let vault = vault.map(AsRef::as_ref);
        let access = match cell {
            Some(cell) => role_access(cell, vault),
            None => RoleAccess {
                acl: Acl::new(&[]),
                unseen: BTreeSet::new(),
            },
        };
        Self {
            cell,
            vault,
            access,
            read: OnceCell::new(),
        }
    }

    /// Where a path is read by the cluster's own declarations.
    fn reads(&self, path: &str) -> Option<&'a Place> {
        self.read().get(path).copied()
    }

    fn read(&self) -> &BTreeMap<String, &'a Place> {
        self.read.get_or_init(|| {
            let Some(cell) = self.cell else {
                return BTreeMap::new();
            };
            let secrets = cell.secrets.iter();
            let own = secrets.filter(|secret| secret.login.role == cell.role.name);
            let assignments = own.flat_map(|secret| &secret.assignments);
            // In reverse, so that the first place of a path is the one that stays.
            let places = assignments.map(|it| (it.from.api_path(), &it.place));
            places.collect::<Vec<_>>().into_iter().rev().collect()
        })
    }

    fn may_read(&self, path: &str) -> bool {
        let decision = self.access.acl.decision(path);
        decision.capabilities.contains(Capability::Read)
    }

    fn is_derived(&self) -> bool {
        self.cell
            .is_some_and(|cell| cell.policy.origin.is_derived())
    }

    /// Where a stanza is written, or what it follows from.
    fn place(&self, pattern: &PathPattern) -> Option<Place> {
        let cell = self.cell?;
        let says = |policy: &Policy| policy.rules().any(|rule| rule.pattern == *pattern);
        if says(&cell.policy.meaning) {
            let read = self.is_derived().then(|| self.reads(&pattern.to_string()));
            return Some(read.flatten().unwrap_or(&cell.policy.place).clone());
        }
        let shared = self.vault?.policies.iter();
        let mut shared = shared.filter(|shared| cell.role.policies.contains(&shared.name));
        let found = shared.find(|shared| says(&shared.meaning));
        found.map(|shared| shared.place.clone())
    }
}

/// What changes of a cluster's access, stanza by stanza.
pub(super) fn compare(pair: Pair<'_>, fleets: &Fleets<'_>) -> Vec<Change> {
    let in_one_vault = match (pair.base, pair.head) {
        (Some(base), Some(head)) => base.vault == head.vault,
        _ => true,
    };
    if in_one_vault {
        return compared(pair, fleets);
    }
    // What it had in one Vault and has in another are two things.
    let left = Pair { head: None, ..pair };
    let come = Pair { base: None, ..pair };
    let mut both = compared(left, fleets);
    both.extend(compared(come, fleets));
    both
}

fn compared(pair: Pair<'_>, fleets: &Fleets<'_>) -> Vec<Change> {
    let base = Side::of(pair.base, fleets.base);
    let head = Side::of(pair.head, fleets.head);
    let mut changes = changed(pair, &base, &head, fleets);
    changes.extend(denied(pair, &base, &head));
    changes
}

/// Paths that the declarations of the head read and its role may not, where that was not so before. A policy that is not
/// in the repository may grant them: then nobody can say.
fn denied(pair: Pair<'_>, base: &Side<'_>, head: &Side<'_>) -> Vec<Change> {
    let Some(cell) = pair.head.filter(|_| head.access.unseen.is_empty()) else {
        return Vec::new();
    };
    let is_denied = |side: &Side<'_>, path: &str| {
        let decision = side.access.acl.decision(path);
        !decision.capabilities.contains(Capability::Read) && decision.templated.is_empty()
    };
    let paths = head.read().iter();
    let denied = paths.filter(|(path, _)| is_denied(head, path));
    let new = denied.filter(|(path, _)| base.reads(path).is_none() || !is_denied(base, path));
    new.map(|(path, place)| {
        let meaning = Meaning::Denied {
            role: format!("{}/{}", cell.mount, cell.role.name),
            path: path.clone(),
            secrets: secrets_from(cell, path),
        };
        let critical = vec![Critical::Denied];
        Change::of_cluster(meaning, critical, &cell.cluster).written(None, Some(place))
    })
    .collect()
}

/// The Secrets of a cluster that are filled from a path.
fn secrets_from(cell: &Cell, path: &str) -> BTreeSet<String> {
    let secrets = cell.secrets.iter();
    let filled = secrets.filter(|secret| {
        let mut read = secret.references().into_iter();
        read.any(|reference| reference.api_path() == path)
    });
    filled.map(|secret| secret.id.to_string()).collect()
}

fn changed(pair: Pair<'_>, base: &Side<'_>, head: &Side<'_>, fleets: &Fleets<'_>) -> Vec<Change> {
    let effects = effects(&base.access.acl, &head.access.acl);
    let change = |effect: &Effect| change(effect, pair, base, head, fleets);
    effects.iter().filter_map(change).collect()
}

fn change(
    effect: &Effect,
    pair: Pair<'_>,
    base: &Side<'_>,
    head: &Side<'_>,
    fleets: &Fleets<'_>,
) -> Option<Change> {
    let cell = pair.head.or(pair.base)?;
    let path = effect.pattern.to_string();
    let mut reaches = reached(effect, cell, base, head, fleets);
    let more = reaches.len().saturating_sub(MOST_REACHED);
    reaches.truncate(MOST_REACHED);
    let (before, after) = (allowed(&effect.before), allowed(&effect.after));
    let (place, old) = (head.place(&effect.pattern), base.place(&effect.pattern));
    // A path that only others have read so far is news of a cluster that joins, too.
    let is_of_others = effect.widens && fleets.is_read_by_others(&path, cell);
    let follows = pair
        .follows()
        .filter(|_| !is_of_others)
        .or_else(|| follows(effect, &path, cell, (base, head), fleets));
    let meaning = Meaning::Access(AccessChange {
        vault: cell.vault.to_string(),
        role: format!("{}/{}", cell.mount, cell.role.name),
        path,
        before,
        after,
        reaches,
        reaches_more: more,
    });
    let change = Change::of_cluster(meaning, critical(effect, head), &cell.cluster);
    let change = Change { follows, ..change };
    Some(change.written(old.as_ref(), place.as_ref()))
}

fn allowed(decision: &Decision) -> Allowed {
    Allowed {
        capabilities: decision.capabilities.iter().map(Capability::word).collect(),
        conditions: decision.conditions.clone(),
        unknown: decision.templated.iter().map(ToString::to_string).collect(),
    }
}

/// The paths of the fleet that can be read now and could not, or the reverse where nothing is gained.
fn reached(
    effect: &Effect,
    cell: &Cell,
    base: &Side<'_>,
    head: &Side<'_>,
    fleets: &Fleets<'_>,
) -> Vec<Reached> {
    let gained = effect.after.capabilities.minus(effect.before.capabilities);
    let is_gain = !gained.is_empty();
    let makes_difference = |path: &str| match (base.may_read(path), head.may_read(path)) {
        (false, true) => is_gain,
        (true, false) => !is_gain,
        _ => false,
    };
    let below = fleets.uses.matching(cell.vault.as_str(), &effect.pattern);
    // That a cluster uses what it gains or loses goes without saying.
    let by_others = |clusters: &BTreeSet<String>| {
        let own = cell.cluster.as_str();
        clusters.iter().any(|cluster| cluster != own)
    };
    below
        .into_iter()
        .filter(|(path, clusters)| by_others(clusters) && makes_difference(path))
        .map(|(path, clusters)| Reached {
            path: path.to_owned(),
            used_by: clusters.clone(),
        })
        .collect()
}

/// A derived policy says nothing that the declarations do not. But a path that only others have read so far is worth a look
/// of its own.
fn follows(
    effect: &Effect,
    path: &str,
    cell: &Cell,
    (base, head): (&Side<'_>, &Side<'_>),
    fleets: &Fleets<'_>,
) -> Option<Follows> {
    let only_read = |decision: &Decision, side: &Side<'_>| {
        let reads = decision.capabilities == Capability::Read.into();
        reads && decision.conditions.is_empty() && side.is_derived() && side.reads(path).is_some()
    };
    let nothing = |decision: &Decision| decision.capabilities.is_empty();
    let gained = nothing(&effect.before) && only_read(&effect.after, head);
    // What is lost and still read is no consequence: it is trouble.
    let lost = nothing(&effect.after) && only_read(&effect.before, base);
    if gained && fleets.is_read_by_others(path, cell) {
        return None;
    }
    let follows = gained || (lost && head.reads(path).is_none());
    follows.then_some(Follows::Declarations)
}

/// Only what is granted can be too much.
fn critical(effect: &Effect, head: &Side<'_>) -> Vec<Critical> {
    let after = &effect.after;
    if !effect.widens {
        return Vec::new();
    }
    let mut critical = Vec::new();
    let granted = Rule {
        pattern: effect.pattern.clone(),
        expires: None,
        grant: Grant::of(after.capabilities.iter()),
    };
    let dangers = dangerous_patterns(&Policy::from_iter([granted]));
    for danger in dangers.into_iter().flat_map(|(_, dangers)| dangers) {
        let what = danger.to_string();
        critical.push(Critical::Reaches { what });
    }
    let is_used = head.reads(&effect.pattern.to_string()).is_some();
    let is_needed = is_used && after.capabilities == Capability::Read.into();
    if !effect.pattern.is_exact() {
        critical.push(Critical::Star);
    } else if !is_needed {
        critical.push(Critical::BeyondDeclarations);
    }
    critical
}
