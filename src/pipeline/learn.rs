//! Asking Vaults what an explanation rests on and only they know: policies, and the names of what is in KV. Reads only, with the
//! operator's own credentials; no value is read.
//!
//! A Vault that does not answer leaves its own questions open, and all of it ends in time.

use super::proof::see_policies;
use super::world::Open;
use crate::desire::{Cell, Connection, Desired, DesiredVault};
use crate::insight::{Known, Listed, ReadPolicies, Unread, role_access};
use crate::names::{MountPath, PolicyName};
use crate::observe::live::LivePolicies;
use crate::observe::outline::late;
use crate::observe::{KvEngine, ReadVault, list_mount};
use crate::policy::Policy;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// Where the server does not tell all policies at once, so many are read one by one.
const MOST_POLICIES: usize = 300;

/// What is worth asking.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lesson<'a> {
    /// Only what this cluster (or role) needs.
    pub cluster: Option<&'a str>,
    /// Every policy, not only those of the fleet's roles that are not in the repository.
    pub all_policies: bool,
    /// The names of what is in the KV mounts of the fleet.
    pub paths: bool,
}

/// Asks every Vault of the fleet, side by side.
pub async fn learn(
    fleet: &Desired,
    open: &dyn Open,
    lesson: Lesson<'_>,
    within: Duration,
) -> Known {
    let until = Instant::now() + within;
    let vaults = fleet.vaults.values().map(|vault| async move {
        let cells = fleet.cells.iter().map(AsRef::as_ref);
        let cells = cells.filter(|cell| cell.vault == vault.name && lesson.is_about(cell));
        let cells: Vec<&Cell> = cells.collect();
        let mut learned = Learned::default();
        // A Vault that nobody uses need not be there.
        if !cells.is_empty() {
            match open.vault(vault) {
                Ok(opened) => {
                    learned
                        .ask(opened.read.as_ref(), vault, &cells, lesson, until)
                        .await;
                }
                Err(failure) => learned.unread.push(failure.to_string()),
            }
        }
        (vault, learned)
    });
    let mut known = Known::default();
    for (vault, learned) in futures::future::join_all(vaults).await {
        let unread = learned.unread.into_iter().map(|what| Unread {
            vault: vault.name.to_string(),
            what,
        });
        known.unread.extend(unread);
        known.policies.insert(vault.name.clone(), learned.policies);
        known.listed.insert(vault.name.clone(), learned.listed);
    }
    known
}

impl Lesson<'_> {
    fn is_about(self, cell: &Cell) -> bool {
        let role = || format!("{}/{}", cell.mount, cell.role.name);
        self.cluster
            .is_none_or(|name| cell.cluster.as_str() == name || role() == name)
    }
}

#[derive(Default)]
struct Learned {
    policies: ReadPolicies,
    listed: Vec<Listed>,
    unread: Vec<String>,
}

impl Learned {
    async fn ask(
        &mut self,
        vault: &dyn ReadVault,
        desired: &DesiredVault,
        cells: &[&Cell],
        lesson: Lesson<'_>,
        until: Instant,
    ) {
        let access = cells.iter().map(|cell| role_access(cell, Some(desired)));
        let unseen: BTreeSet<PolicyName> = access.flat_map(|access| access.unseen).collect();
        if lesson.all_policies {
            self.all_policies(vault, unseen, until).await;
        } else {
            self.singly(vault, &unseen, until).await;
        }
        if lesson.paths {
            let mounts = mounts(desired, cells);
            let listings = mounts.into_iter().map(|(mount, engine)| async move {
                let listing = list_mount(vault, &mount, engine, until).await;
                let below = match engine {
                    KvEngine::V1 => "",
                    KvEngine::V2 => "data/",
                };
                Listed {
                    prefix: format!("{mount}/{below}"),
                    mount: mount.to_string(),
                    listing,
                }
            });
            self.listed = futures::future::join_all(listings).await;
        }
    }

    async fn all_policies(
        &mut self,
        vault: &dyn ReadVault,
        unseen: BTreeSet<PolicyName>,
        until: Instant,
    ) {
        let listed = tokio::time::timeout_at(until, vault.policies()).await;
        match listed.unwrap_or_else(|_| Err(late("list policies"))) {
            Ok(LivePolicies::Texts(texts)) => {
                let all = texts.len();
                let read = texts.into_iter().filter_map(|(name, live)| {
                    Some((
                        PolicyName::parse(&name).ok()?,
                        Policy::parse(&live.text).ok()?,
                    ))
                });
                self.policies = read.collect();
                // `root` has no text.
                self.left_out(all.saturating_sub(self.policies.len() + 1));
            }
            Ok(LivePolicies::Names(names)) => {
                let names: BTreeSet<PolicyName> = names
                    .iter()
                    .filter(|name| *name != "root")
                    .filter_map(|name| PolicyName::parse(name).ok())
                    .collect();
                let all = names.len();
                // Those of the fleet's roles first.
                let wanted = unseen.iter().chain(names.difference(&unseen));
                let wanted: BTreeSet<PolicyName> = wanted.take(MOST_POLICIES).cloned().collect();
                self.policies = see_policies(vault, &wanted, until).await;
                self.left_out(all.saturating_sub(self.policies.len()));
            }
            Err(failure) => {
                self.unread.push(failure.to_string());
                if failure.is_of_one_object() {
                    self.singly(vault, &unseen, until).await;
                }
            }
        }
    }

    /// Of those that are needed, each that was not read is named.
    async fn singly(
        &mut self,
        vault: &dyn ReadVault,
        names: &BTreeSet<PolicyName>,
        until: Instant,
    ) {
        self.policies = see_policies(vault, names, until).await;
        let missing = names
            .iter()
            .filter(|name| !self.policies.contains_key(*name));
        let missing: Vec<String> = missing.map(|name| format!("the policy {name}")).collect();
        self.unread.extend(missing);
    }

    fn left_out(&mut self, number: usize) {
        if number > 0 {
            self.unread.push(format!("{number} of its policies"));
        }
    }
}

/// The KV mounts of the fleet: those that it declares, and those that it reads.
fn mounts(vault: &DesiredVault, cells: &[&Cell]) -> BTreeMap<MountPath, KvEngine> {
    let declared = vault.kv_mounts.iter();
    let mut mounts: BTreeMap<MountPath, KvEngine> = declared
        .map(|mount| (mount.path.clone(), mount.engine))
        .collect();
    let secrets = cells.iter().flat_map(|cell| &cell.secrets);
    let read = secrets.flat_map(|secret| secret.references());
    let credentials = cells.iter().filter_map(|cell| match &cell.connect {
        Connection::Vault { reference, .. } => Some(reference),
        Connection::KubeconfigContext(_) | Connection::InCluster => None,
    });
    for reference in read.chain(credentials) {
        mounts
            .entry(reference.mount.clone())
            .or_insert(reference.version);
    }
    mounts
}
