//! What is in Vault under the fleet's own names and that nobody declares.

use super::change::{Action, Cause, Change, Concern, Kind, Reason, Scope, Target, Unread, Write};
use super::sheet::Sheet;
use crate::apply::MountTable;
use crate::desire::{Cell, DesiredVault};
use crate::mark::Mark;
use crate::names::{InstallationName, MountPath, PolicyName};
use crate::observe::Failure;
use crate::observe::live::{LiveMount, Observed};
use crate::observe::seen::SeenVault;
use std::collections::BTreeSet;

/// How the hand procedure and keyfleet's default name a cluster's policy.
const POLICY_ENDING: &str = "-kv-rw";

/// Mounts and policies that carry this installation's mark go, under guard; others are named.
pub(super) fn plan(
    vault: &DesiredVault,
    installation: &InstallationName,
    seen: &SeenVault,
    sheet: &mut Sheet,
) {
    auth_mounts(vault, installation, seen, sheet);
    engine_mounts(vault, installation, seen, sheet);
    policies(vault, installation, seen, sheet);
}

fn scope(vault: &DesiredVault) -> Scope {
    Scope::Vault(vault.name.clone())
}

/// Whether an object of ours belongs to a cluster that is declared, but in a file that cannot be used.
fn is_unread(vault: &DesiredVault, mark: &Mark) -> bool {
    mark.cluster
        .as_ref()
        .is_some_and(|cluster| vault.unread_clusters.contains(cluster.as_str()))
}

/// What keeps a list from being read is told with the objects that are declared; here, only that nothing is known of others.
fn unlisted(vault: &DesiredVault, kind: Kind, failure: &Failure, sheet: &mut Sheet) {
    sheet.unlisted.push(Unread {
        target: Target {
            scope: scope(vault),
            kind,
            name: "*".to_owned(),
        },
        failure: failure.clone(),
    });
}

fn auth_mounts(
    vault: &DesiredVault,
    installation: &InstallationName,
    seen: &SeenVault,
    sheet: &mut Sheet,
) {
    let mounts = match &seen.auth_mounts {
        Ok(mounts) => mounts,
        Err(failure) => return unlisted(vault, Kind::AuthMount, failure, sheet),
    };
    for (path, live) in mounts.iter().filter(|(path, _)| {
        !vault
            .cluster_mounts
            .iter()
            .any(|mount| mount.as_str() == *path)
    }) {
        match Mark::read(&live.description) {
            Some(mark) if mark.installation == *installation && !is_unread(vault, &mark) => {
                delete_mount(vault, Kind::AuthMount, path, live, sheet);
            }
            Some(_) => {}
            None if live.kind == "kubernetes" && !vault.unread_clusters.contains(path) => {
                let hint = "declare its cluster, or `vault auth disable` it if the cluster is gone";
                sheet.warn(
                    &scope(vault),
                    format!("auth mount {path} (kubernetes) is declared by nobody"),
                    hint,
                    None,
                );
            }
            None => {}
        }
    }
}

fn engine_mounts(
    vault: &DesiredVault,
    installation: &InstallationName,
    seen: &SeenVault,
    sheet: &mut Sheet,
) {
    let Ok(mounts) = &seen.engine_mounts else {
        return;
    };
    for (path, live) in mounts.iter().filter(|(path, _)| {
        !vault
            .kv_mounts
            .iter()
            .any(|mount| mount.path.as_str() == *path)
    }) {
        if Mark::read(&live.description).is_some_and(|mark| mark.installation == *installation) {
            delete_mount(vault, Kind::KvMount, path, live, sheet);
        }
    }
}

fn delete_mount(vault: &DesiredVault, kind: Kind, path: &str, live: &LiveMount, sheet: &mut Sheet) {
    let Ok(path) = MountPath::parse(path) else {
        return;
    };
    let mut concerns = vec![Concern::DeletesMount];
    if !vault.complete {
        concerns.push(Concern::IncompleteSource);
    }
    let target = Target {
        scope: scope(vault),
        kind,
        name: path.to_string(),
    };
    let (table, summary) = if kind == Kind::KvMount {
        (MountTable::Engine, "delete, with every secret in it")
    } else {
        (MountTable::Auth, "delete")
    };
    let write = Write::DisableMount {
        table,
        path,
        accessor: live.accessor.clone(),
    };
    sheet.change(delete(target, summary, concerns, write));
}

fn delete(target: Target, summary: &str, concerns: Vec<Concern>, write: Write) -> Change {
    Change {
        target,
        action: Action::Delete,
        fields: Vec::new(),
        summary: summary.to_owned(),
        reason: Reason::NoLongerDeclared,
        cause: Cause::Pending,
        concerns,
        place: None,
        write,
    }
}

fn policies(
    vault: &DesiredVault,
    installation: &InstallationName,
    seen: &SeenVault,
    sheet: &mut Sheet,
) {
    let policies = match &seen.policies {
        Ok(policies) => policies,
        Err(failure) => return unlisted(vault, Kind::Policy, failure, sheet),
    };
    let declared: BTreeSet<&str> = vault
        .cluster_policies
        .iter()
        .chain(vault.policies.iter().map(|policy| &policy.name))
        .map(PolicyName::as_str)
        .collect();
    for (name, live) in policies
        .iter()
        .filter(|(name, _)| !declared.contains(name.as_str()))
    {
        let Observed::Present(live) = live else {
            continue;
        };
        match Mark::read(&live.text) {
            Some(mark) if mark.installation == *installation && !is_unread(vault, &mark) => {
                orphan(vault, name, &mark, seen, sheet);
            }
            Some(_) => {}
            None if name.ends_with(POLICY_ENDING)
                && !vault
                    .unread_clusters
                    .contains(name.trim_end_matches(POLICY_ENDING)) =>
            {
                sheet.warn(
                    &scope(vault),
                    format!("policy {name} is declared by nobody"),
                    "declare its cluster, or delete it in Vault",
                    None,
                );
            }
            None => {}
        }
    }
}

/// A policy of ours goes once nothing logs in with it any more: after the mount of its cluster.
fn orphan(vault: &DesiredVault, name: &str, mark: &Mark, seen: &SeenVault, sheet: &mut Sheet) {
    let Ok(policy) = PolicyName::parse(name) else {
        return;
    };
    let still_mounted = mark.cluster.as_ref().is_some_and(|cluster| {
        let of_cluster = |description: &str| {
            Mark::read(description).is_some_and(|mark| mark.cluster.as_ref() == Some(cluster))
        };
        seen.auth_mounts.as_ref().map_or(true, |mounts| {
            mounts.values().any(|mount| of_cluster(&mount.description))
        })
    });
    let declared = mark.cluster.as_ref().is_some_and(|cluster| {
        vault
            .cluster_mounts
            .iter()
            .any(|mount| mount.as_str() == cluster.as_str())
    });
    let target = Target {
        scope: scope(vault),
        kind: Kind::Policy,
        name: name.to_owned(),
    };
    if still_mounted && !declared {
        let why = "goes once the mount of its cluster is gone".to_owned();
        sheet.waiting.push(super::Waiting {
            target,
            summary: "delete".to_owned(),
            why,
            place: None,
        });
        return;
    }
    let concerns = if vault.complete {
        Vec::new()
    } else {
        vec![Concern::IncompleteSource]
    };
    sheet.change(delete(
        target,
        "no longer declared",
        concerns,
        Write::DeletePolicy { name: policy },
    ));
}

/// Roles of a cluster's mount that nobody declares: a way in that no review has seen.
pub(super) fn roles(cell: &Cell, roles: &BTreeSet<String>, sheet: &mut Sheet) {
    let used: BTreeSet<&str> = cell
        .secrets
        .iter()
        .map(|secret| secret.login.role.as_str())
        .chain([cell.role.name.as_str()])
        .collect();
    for role in roles.iter().filter(|role| !used.contains(role.as_str())) {
        let text = format!("role {}/{role} is declared by nobody", cell.mount);
        sheet.warn(
            &Scope::Vault(cell.vault.clone()),
            text,
            "whoever it is bound to can log in; delete it in Vault if that is not meant",
            Some(&cell.place),
        );
    }
}
