//! What clusters share: Vaults, policies below `policies/`, the fleet's own fields, and releases.

use super::change::{ApprovalChange, Change, Meaning, PolicyChange, Presence, VaultChange};
use super::critical::Critical;
use super::onboarding::{certificate, mode, suspend, windows};
use crate::declare::{Approved, KvMount};
use crate::desire::{Cell, Desired, DesiredVault, SharedPolicy};
use crate::observe::KvEngine;
use crate::plan::FieldChange;
use crate::policy::{Acl, Policy, dangerous_patterns, difference, effects, widens};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn compare(base: &Desired, head: &Desired) -> Vec<Change> {
    let mut changes = fleet(base, head);
    changes.extend(vaults(base, head));
    changes.extend(policies(base, head));
    changes.extend(approvals(base, head));
    changes
}

fn field(name: &str, before: Option<String>, after: Option<String>) -> Option<FieldChange> {
    (before != after).then(|| FieldChange {
        field: name.to_owned(),
        before,
        after,
    })
}

fn fleet(base: &Desired, head: &Desired) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut tell = |name: &str, before: String, after: String, critical: Option<Critical>| {
        let field = field(name, Some(before), Some(after));
        let change = |field| Change::shared(Meaning::Fleet(field), Vec::from_iter(critical));
        changes.extend(field.map(change));
    };
    let installation = |side: &Desired| side.installation.to_string();
    let renamed = Some(Critical::InstallationChanges);
    tell(
        "installation",
        installation(base),
        installation(head),
        renamed,
    );
    let limit = |side: &Desired| {
        let limit = side.deletes;
        format!("the greater of {} % and {}", limit.percent, limit.count)
    };
    let (old, new) = (base.deletes, head.deletes);
    let rises = new.percent > old.percent || new.count > old.count;
    tell(
        "limits.deletes",
        limit(base),
        limit(head),
        rises.then_some(Critical::LimitRises),
    );
    for (name, show) in [
        ("mode", mode as fn(&_) -> String),
        ("suspend", suspend),
        ("syncWindows", windows),
    ] {
        tell(name, show(&base.operation), show(&head.operation), None);
    }
    changes
}

/// Each name of either side with what it is on both.
fn joined<'a, K: Ord, V>(
    base: &'a BTreeMap<K, V>,
    head: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (&'a K, Option<&'a V>, Option<&'a V>)> {
    let names: BTreeSet<&K> = base.keys().chain(head.keys()).collect();
    names
        .into_iter()
        .map(move |name| (name, base.get(name), head.get(name)))
}

fn vaults(base: &Desired, head: &Desired) -> Vec<Change> {
    let both = joined(&base.vaults, &head.vaults);
    let changes = both.filter_map(|(name, before, after)| {
        let (before, after) = (before.map(AsRef::as_ref), after.map(AsRef::as_ref));
        let (fields, mut critical) = vault_fields(before, after);
        let how = Presence::of(before, after);
        if how == Presence::Changed && fields.is_empty() {
            return None;
        }
        if how != Presence::Changed {
            critical.retain(|reason| *reason == Critical::MountGoes);
        }
        let vault = name.to_string();
        let change = Change::shared(Meaning::Vault(VaultChange { vault, how, fields }), critical);
        let (old, new) = (before.map(|it| &it.place), after.map(|it| &it.place));
        Some(change.written(old, new))
    });
    changes.collect()
}

fn vault_fields(
    before: Option<&DesiredVault>,
    after: Option<&DesiredVault>,
) -> (Vec<FieldChange>, Vec<Critical>) {
    let (mut fields, mut critical) = (Vec::new(), Vec::new());
    let mut tell = |name: &str, show: &dyn Fn(&DesiredVault) -> Option<String>, reason| {
        if let Some(change) = field(name, before.and_then(show), after.and_then(show)) {
            fields.push(change);
            critical.extend(reason);
        }
    };
    let moves = || Some(Critical::VaultMoves);
    tell("address", &|it| it.address.clone(), moves());
    tell("namespace", &|it| it.namespace.clone(), moves());
    let ca = |it: &DesiredVault| it.ca_pem.as_deref().map(certificate);
    tell("certificateAuthority", &ca, moves());
    let adopts = after
        .is_some_and(|it| it.adopt)
        .then_some(Critical::TakesOver);
    tell("adopt", &|it| it.adopt.then(|| "true".to_owned()), adopts);
    let mounts = |vault: Option<&DesiredVault>| -> BTreeMap<String, String> {
        let mounts = vault.into_iter().flat_map(|vault| &vault.kv_mounts);
        mounts.map(engine).collect()
    };
    let (old, new) = (mounts(before), mounts(after));
    for (path, before, after) in joined(&old, &new) {
        let name = format!("kvMount {path}");
        if let Some(change) = field(&name, before.cloned(), after.cloned()) {
            critical.extend(after.is_none().then_some(Critical::MountGoes));
            fields.push(change);
        }
    }
    critical.sort();
    critical.dedup();
    (fields, critical)
}

fn engine(mount: &KvMount) -> (String, String) {
    let version = match mount.engine {
        KvEngine::V1 => "version 1",
        KvEngine::V2 => "version 2",
    };
    (mount.path.to_string(), version.to_owned())
}

/// Every Vault of a fleet has the same ones.
fn policies(base: &Desired, head: &Desired) -> Vec<Change> {
    fn of(side: &Desired) -> BTreeMap<&str, &SharedPolicy> {
        let policies = side.vaults.values().flat_map(|vault| &vault.policies);
        policies.map(|it| (it.name.as_str(), it)).collect()
    }
    let (old, new) = (of(base), of(head));
    let both = joined(&old, &new);
    let changes = both.filter_map(|(name, before, after)| {
        let change = policy(name, before.copied(), after.copied())?;
        let mut roles = roles(name, head);
        // One whose file has errors after the change is not seen to have it, and has it all the same.
        let unread = unread_roles(name, base, head);
        // Where a role of the fleet has it, that is told of the role's access.
        let mut critical = if roles.is_empty() || !unread.is_empty() {
            change.critical
        } else {
            Vec::new()
        };
        if change.widens && critical.is_empty() && !unread.is_empty() {
            // What its declarations read, nobody can hold it against.
            critical.push(Critical::BeyondDeclarations);
        }
        roles.extend(unread);
        let meaning = Meaning::Policy(PolicyChange {
            roles,
            ..change.told
        });
        let (old, new) = (before.map(|it| &it.place), after.map(|it| &it.place));
        Some(Change::shared(meaning, critical).written(old, new))
    });
    changes.collect()
}

/// A policy's change by itself, whoever has it.
struct PolicyBySelf {
    told: PolicyChange,
    critical: Vec<Critical>,
    /// Whether it grants anything that it did not.
    widens: bool,
}

fn policy(
    name: &str,
    before: Option<&SharedPolicy>,
    after: Option<&SharedPolicy>,
) -> Option<PolicyBySelf> {
    let nothing = Policy::default();
    let meaning = |side: Option<&SharedPolicy>| side.map(|it| it.meaning.clone());
    let (old, new) = (meaning(before), meaning(after));
    let (old, new) = (
        old.as_deref().unwrap_or(&nothing),
        new.as_deref().unwrap_or(&nothing),
    );
    let how = Presence::of(before, after);
    let stanzas = rules(old, new);
    if how == Presence::Changed && stanzas.is_empty() {
        return None;
    }
    Some(PolicyBySelf {
        told: PolicyChange {
            policy: name.to_owned(),
            how,
            rules: stanzas,
            has_effect: !effects(&Acl::new(&[old]), &Acl::new(&[new])).is_empty(),
            roles: BTreeSet::new(),
        },
        critical: critical(old, new),
        widens: !widens(old, new).is_empty(),
    })
}

fn rules(before: &Policy, after: &Policy) -> Vec<FieldChange> {
    let differences = difference(before, after).into_iter();
    differences
        .map(|difference| FieldChange {
            field: difference.path.to_string(),
            before: difference.before.map(|rule| rule.to_string()),
            after: difference.after.map(|rule| rule.to_string()),
        })
        .collect()
}

fn critical(before: &Policy, after: &Policy) -> Vec<Critical> {
    let wider = widens(before, after);
    let dangers = dangerous_patterns(after);
    let reaches = dangers
        .iter()
        .filter(|(pattern, _)| wider.iter().any(|it| it.path == *pattern));
    let reaches = reaches.flat_map(|(_, dangers)| dangers);
    let mut critical: Vec<Critical> = reaches
        .map(|danger| Critical::Reaches {
            what: danger.to_string(),
        })
        .collect();
    critical.extend(
        wider
            .iter()
            .any(|it| !it.path.is_exact())
            .then_some(Critical::Star),
    );
    critical.sort();
    critical.dedup();
    critical
}

/// The roles of a fleet that have a policy.
fn roles(policy: &str, fleet: &Desired) -> BTreeSet<String> {
    let cells = fleet.cells.iter().map(AsRef::as_ref);
    roles_of(policy, cells)
}

/// The roles that had a policy, of clusters that cannot be read any more.
fn unread_roles(policy: &str, base: &Desired, head: &Desired) -> BTreeSet<String> {
    let unread = head.unread_clusters();
    let cells = base.cells.iter().map(AsRef::as_ref);
    roles_of(policy, cells.filter(|cell| unread.contains(&cell.cluster)))
}

fn roles_of<'a>(policy: &str, cells: impl Iterator<Item = &'a Cell>) -> BTreeSet<String> {
    cells
        .filter(|cell| cell.role.policies.contains(policy))
        .map(|cell| format!("{}/{}", cell.mount, cell.role.name))
        .collect()
}

fn approvals(base: &Desired, head: &Desired) -> Vec<Change> {
    let both = joined(&base.approvals, &head.approvals);
    let changes = both.filter_map(|(id, before, after)| {
        let same =
            |one: &Approved, two: &Approved| one.reason == two.reason && one.expires == two.expires;
        if before
            .zip(after)
            .is_some_and(|(before, after)| same(before, after))
        {
            return None;
        }
        let reason = after.or(before).map_or("", |it| it.reason.as_str());
        let until =
            |side: Option<&Approved>| side.and_then(|it| it.expires).map(|it| it.to_string());
        let meaning = Meaning::Approval(ApprovalChange {
            id: id.clone(),
            how: Presence::of(before, after),
            reason: reason.to_owned(),
            expires: field("expires", until(before), until(after)),
        });
        let (old, new) = (before.map(|it| &it.place), after.map(|it| &it.place));
        Some(Change::shared(meaning, Vec::new()).written(old, new))
    });
    changes.collect()
}
