//! Every object as it should be, put together from the declarations. Pure: no client, clock, environment or disk.
//!
//! The unit is the cell: one cluster with everything that exists for it, in Vault and in the cluster. What clusters
//! share (KV mounts, hand-written policies) belongs to the Vault. Each says whether it is *complete*: a scope whose
//! source could not be read whole deletes nothing.

mod cell;
mod clash;
mod kv_path;
mod login;
mod operation;
mod policy;
mod rules;
mod secret;
mod vault;

use crate::declare::{
    Approvals, Credential, Declarations, Declared, DeleteLimit, Fleet, Reviewer, Rules,
};
use crate::diagnostics::{Diagnostics, Place};
use crate::names::{
    ClusterName, InstallationName, MountPath, ObjectName, PolicyName, RoleName, ServiceAccountRef,
    VaultName,
};
use crate::observe::KvReference;
use crate::spread::{InTurn, Spread};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub use operation::{Operation, WhyNot, may_write};
pub use policy::{DesiredPolicy, Origin};
pub use rules::{Allowance, Permits, Refusal, Refused, RulesDifference};
pub use secret::{Assignment, DesiredSecret, LoginSaid, SecretId, SecretLogin};
pub use vault::{DesiredVault, SharedPolicy};

/// What `system:auth-delegator` lets a service account do: have tokens reviewed.
pub const AUTH_DELEGATOR: &str = "system:auth-delegator";

/// Everything as it should be.
#[derive(Debug)]
pub struct Desired {
    pub installation: InstallationName,
    pub deletes: DeleteLimit,
    /// Whether and when what the clusters of a Vault share may be written.
    pub operation: Operation,
    /// Held changes that were released in git, by their id.
    pub approvals: Approvals,
    /// What declarations may reference: those here do.
    pub rules: Arc<Rules>,
    /// False when `fleet.yaml` has errors: then nothing is known of any Vault, and there is nothing to plan.
    pub plannable: bool,
    pub vaults: BTreeMap<VaultName, Arc<DesiredVault>>,
    pub cells: Vec<Arc<Cell>>,
    /// Whether it is certain which clusters are declared; if not, one that is missing may only seem so.
    pub clusters_certain: bool,
}

impl Desired {
    /// The declared clusters that became no cell, since their declarations have errors: nobody may take them for gone.
    pub fn unread_clusters(&self) -> BTreeSet<ClusterName> {
        let vaults = self.vaults.values();
        let names = vaults.flat_map(|vault| &vault.unread_clusters);
        names
            .filter_map(|name| ClusterName::parse(name).ok())
            .collect()
    }

    /// The same fleet with one of its Vaults, and these of its clusters.
    #[must_use]
    pub fn only(&self, vault: &Arc<DesiredVault>, cells: Vec<Arc<Cell>>) -> Self {
        Self {
            installation: self.installation.clone(),
            deletes: self.deletes,
            plannable: self.plannable,
            operation: self.operation.clone(),
            approvals: self.approvals.clone(),
            rules: self.rules.clone(),
            vaults: BTreeMap::from([(vault.name.clone(), vault.clone())]),
            cells,
            clusters_certain: self.clusters_certain,
        }
    }
}

/// One cluster with everything that exists for it.
#[derive(Debug, Clone)]
pub struct Cell {
    pub cluster: ClusterName,
    pub place: Place,
    /// For people who look for it; groups have chosen by them already.
    pub labels: BTreeMap<String, String>,
    /// Where a file says something of the cluster, by the field's name; what no file says is a default.
    pub said: BTreeMap<String, Place>,
    pub vault: VaultName,
    /// Whether every declaration of this cluster was understood.
    pub complete: bool,
    /// Whether what someone else made may be changed and deleted.
    pub adopt: bool,
    /// Whether and when anything of this cluster may be written.
    pub operation: Operation,
    pub identity: Option<String>,
    pub connect: Connection,
    pub mount: MountPath,
    pub config: AuthConfig,
    pub policy: DesiredPolicy,
    pub role: Role,
    pub service_account: ServiceAccountRef,
    pub binding: ObjectName,
    pub secrets: Vec<DesiredSecret>,
}

/// How keyfleet itself gets into a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// A context of the operator's own kubeconfig.
    KubeconfigContext(String),
    /// A kubeconfig or a token kept in Vault.
    Vault {
        reference: KvReference,
        property: String,
        holds: Credential,
    },
    /// The service account that keyfleet itself runs as.
    InCluster,
}

/// The config of a cluster's auth mount.
#[derive(Debug, Clone)]
pub struct AuthConfig {
    pub place: Place,
    pub host: String,
    pub ca_pem: String,
    /// `None`: as it is found, else `client`.
    pub reviewer: Option<Reviewer>,
}

/// The role that a cluster logs in with.
#[derive(Debug, Clone)]
pub struct Role {
    pub place: Place,
    pub name: RoleName,
    pub account: ServiceAccountRef,
    pub policies: BTreeSet<PolicyName>,
    pub ttl: Duration,
    pub max_ttl: Duration,
    pub audience: String,
    /// Fields, in Vault's words, that the repository asks for; the others are keyfleet's defaults.
    pub said: BTreeSet<&'static str>,
}

/// Puts the declarations together. What contradicts itself is reported and left out.
pub fn resolve(declarations: &Declarations, problems: &mut Diagnostics) -> Desired {
    let resolved = Resolved::of(declarations, None, &InTurn);
    resolve_together(declarations, &resolved, problems)
}

/// Every cluster resolved by itself, and what of.
pub struct Resolved {
    fleet: Arc<Fleet>,
    rules: Arc<Rules>,
    policies: BTreeSet<PolicyName>,
    policies_complete: bool,
    clusters: BTreeMap<ClusterName, ResolvedCluster>,
}

#[derive(Clone)]
struct ResolvedCluster {
    declared: Arc<Declared>,
    cell: Option<Arc<Cell>>,
    problems: Arc<Diagnostics>,
}

impl Resolved {
    /// Resolves every cluster. One that did not change since `before` is taken from there.
    pub fn of(declarations: &Declarations, before: Option<&Self>, spread: &impl Spread) -> Self {
        let before = before.filter(|before| before.is_beside(declarations));
        let declared: Vec<_> = declarations.clusters.iter().collect();
        let resolved = spread.map(&declared, |(name, declared)| {
            let known = before.and_then(|before| before.clusters.get(*name));
            match known.filter(|known| Arc::ptr_eq(&known.declared, declared)) {
                Some(known) => known.clone(),
                None => ResolvedCluster::of(declared, declarations),
            }
        });
        let names = declared.into_iter().map(|(name, _)| name.clone());
        Self {
            fleet: declarations.fleet.clone(),
            rules: declarations.rules.clone(),
            policies: declarations.policies.keys().cloned().collect(),
            policies_complete: declarations.policies_complete,
            clusters: names.zip(resolved).collect(),
        }
    }

    /// Whether all that a cluster is resolved against, besides its own declarations, is the same.
    fn is_beside(&self, declarations: &Declarations) -> bool {
        Arc::ptr_eq(&self.fleet, &declarations.fleet)
            && self.rules == declarations.rules
            && self.policies_complete == declarations.policies_complete
            && self.policies.iter().eq(declarations.policies.keys())
    }
}

impl ResolvedCluster {
    fn of(declared: &Arc<Declared>, declarations: &Declarations) -> Self {
        let mut problems = Diagnostics::default();
        let cell = cell::resolve(declared, declarations, &mut problems);
        problems.about(declared.cluster.name.as_str(), |place| {
            !place.file.starts_with("clusters/")
        });
        Self {
            declared: declared.clone(),
            cell: cell.map(Arc::new),
            problems: Arc::new(problems),
        }
    }
}

/// What of the clusters can stand side by side, with what they share.
pub fn resolve_together(
    declarations: &Declarations,
    resolved: &Resolved,
    problems: &mut Diagnostics,
) -> Desired {
    let mut cells = Vec::new();
    for cluster in resolved.clusters.values() {
        cells.extend(cluster.cell.clone());
        problems.append(Diagnostics::clone(&cluster.problems));
    }
    let mut cells = clash::without_shared_names(cells, problems);
    let mut vaults = vault::resolve(declarations, &cells, problems);
    // All of it was put together to find every problem; none of it holds without the fleet.
    let plannable = declarations.fleet.whole;
    if !plannable {
        cells.clear();
        vaults.clear();
    }
    Desired {
        installation: declarations.fleet.installation.clone(),
        deletes: declarations.fleet.deletes,
        operation: Operation::of_fleet(&declarations.fleet.operation),
        approvals: declarations.approvals.clone(),
        rules: declarations.rules.clone(),
        plannable,
        vaults,
        cells,
        clusters_certain: declarations.clusters_certain,
    }
}
