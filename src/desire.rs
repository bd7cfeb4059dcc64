//! Every object as it should be, put together from the declarations. Pure: no client, clock, environment or disk.
//!
//! The unit is the cell: one cluster with everything that exists for it, in Vault and in the cluster. What clusters
//! share (KV mounts, hand-written policies) belongs to the Vault. Each says whether it is *complete*: a scope whose
//! source could not be read whole deletes nothing.

mod clash;
mod kv_path;
mod login;
mod policy;
mod secret;
mod vault;

use crate::declare::{
    CaSource, Cluster, ClusterSpec, Connect, Credential, Declarations, Declared, DeleteLimit,
    Fleet, KvMount, Reviewer, certificate_pem,
};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::names::{
    ClusterName, InstallationName, MountPath, ObjectName, PolicyName, RoleName, ServiceAccountRef,
    VaultName,
};
use crate::observe::KvReference;
use crate::spread::{InTurn, Spread};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub use policy::{DesiredPolicy, Origin};
pub use secret::{Assignment, DesiredSecret, SecretId, SecretLogin};
pub use vault::{DesiredVault, SharedPolicy};

/// What `system:auth-delegator` lets a service account do: have tokens reviewed.
pub const AUTH_DELEGATOR: &str = "system:auth-delegator";

/// Everything as it should be.
#[derive(Debug)]
pub struct Desired {
    pub installation: InstallationName,
    pub deletes: DeleteLimit,
    /// False when `fleet.yaml` has errors: then nothing is known of any Vault, and there is nothing to plan.
    pub plannable: bool,
    pub vaults: BTreeMap<VaultName, DesiredVault>,
    pub cells: Vec<Arc<Cell>>,
}

/// One cluster with everything that exists for it.
#[derive(Debug, Clone)]
pub struct Cell {
    pub cluster: ClusterName,
    pub place: Place,
    pub vault: VaultName,
    /// Whether every declaration of this cluster was understood.
    pub complete: bool,
    /// Whether what someone else made may be changed and deleted.
    pub adopt: bool,
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

const DEFAULT_TTL: Duration = Duration::from_secs(24 * 3600);

/// Puts the declarations together. What contradicts itself is reported and left out.
pub fn resolve(declarations: &Declarations, problems: &mut Diagnostics) -> Desired {
    let resolved = Resolved::of(declarations, None, &InTurn);
    resolve_together(declarations, &resolved, problems)
}

/// Every cluster resolved by itself, and what of.
pub struct Resolved {
    fleet: Arc<Fleet>,
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
            policies: declarations.policies.keys().cloned().collect(),
            policies_complete: declarations.policies_complete,
            clusters: names.zip(resolved).collect(),
        }
    }

    /// Whether all that a cluster is resolved against, besides its own declarations, is the same.
    fn is_beside(&self, declarations: &Declarations) -> bool {
        Arc::ptr_eq(&self.fleet, &declarations.fleet)
            && self.policies_complete == declarations.policies_complete
            && self.policies.iter().eq(declarations.policies.keys())
    }
}

impl ResolvedCluster {
    fn of(declared: &Arc<Declared>, declarations: &Declarations) -> Self {
        let mut problems = Diagnostics::default();
        let cell = cell(declared, declarations, &mut problems);
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
        plannable,
        vaults,
        cells,
    }
}

/// What a cluster's objects are called, where its file does not say otherwise.
struct Names {
    mount: MountPath,
    policy: (PolicyName, Place),
    role: (RoleName, Place),
    account: ServiceAccountRef,
    binding: ObjectName,
}

impl Names {
    /// The defaults are those of the well-known hand procedure.
    fn of(cluster: &Cluster) -> Option<Self> {
        let (name, spec, place) = (&cluster.name, &cluster.spec, &cluster.place);
        let account = "external-secrets/kubernetes-external-secrets";
        let binding = "role-tokenreview-binding".to_owned();
        Some(Self {
            mount: given(spec.mount.as_ref(), name.as_str(), place, MountPath::parse)?.0,
            policy: given(
                spec.policy.as_ref(),
                &format!("{name}-kv-rw"),
                place,
                PolicyName::parse,
            )?,
            role: given(
                spec.role.as_ref(),
                &format!("{name}-role"),
                place,
                RoleName::parse,
            )?,
            account: spec
                .service_account
                .clone()
                .or_else(|| ServiceAccountRef::parse(account).ok())?,
            binding: given(spec.binding.as_ref(), &binding, place, ObjectName::parse)?.0,
        })
    }
}

/// What a file says, or the default at the place of the cluster itself.
fn given<T: Clone, E>(
    said: Option<&(T, Place)>,
    default: &str,
    place: &Place,
    parse: fn(&str) -> Result<T, E>,
) -> Option<(T, Place)> {
    said.cloned()
        .or_else(|| Some((parse(default).ok()?, place.clone())))
}

fn cell(
    declared: &Declared,
    declarations: &Declarations,
    problems: &mut Diagnostics,
) -> Option<Cell> {
    let (cluster, spec) = (&declared.cluster, &declared.cluster.spec);
    let (server, server_place) = spec.server.clone()?;
    // Each is looked at before any ends the cell, so that one run shows every problem.
    let ca_pem = spec
        .certificate_authority
        .as_ref()
        .and_then(|source| certificate_authority(source, declared, problems));
    let Names {
        mount,
        policy,
        role,
        account,
        binding,
    } = Names::of(cluster)?;
    let vault = spec
        .vault
        .as_ref()
        .map_or(&declarations.fleet.default_vault, |(vault, _)| vault)
        .clone();
    let mounts = declarations
        .fleet
        .vaults
        .get(&vault)
        .map(|vault| vault.kv_mounts.as_slice())
        .unwrap_or_default();
    let stores: Vec<_> = declared.stores().collect();
    let context = secret::Context {
        mount: &mount,
        role: &role.0,
        account: &account,
        vault: declarations.fleet.vaults.get(&vault),
        kv_mounts: mounts,
        stores: &stores,
        complete: declared.complete,
    };
    let connect = spec
        .connect
        .as_ref()
        .and_then(|(connect, _)| connection(connect, mounts, problems));
    let (secrets, secrets_complete) = secret::resolve(declared.secrets(), &context, problems);
    policy::check_further(
        spec.policies.as_deref().unwrap_or_default(),
        declarations,
        problems,
    );
    let access = spec.access.as_ref().map(|(access, _)| access);
    let policy_place = spec
        .access
        .as_ref()
        .map_or(policy.1, |(_, place)| place.clone());
    let policy = policy::resolve(policy.0, access, &role.0, &secrets, policy_place, problems)?;
    let reviewer = spec.reviewer.as_ref().map(|(reviewer, _)| *reviewer);
    Some(Cell {
        cluster: cluster.name.clone(),
        place: cluster.place.clone(),
        vault,
        complete: declared.complete && secrets_complete,
        adopt: spec.adopt.unwrap_or(false),
        identity: spec.identity.as_ref().map(|(uid, _)| uid.clone()),
        connect: connect?,
        mount,
        config: AuthConfig {
            place: server_place,
            host: server,
            ca_pem: ca_pem?,
            reviewer,
        },
        role: desired_role(spec, role, account.clone(), &policy.name),
        policy,
        service_account: account,
        binding,
        secrets,
    })
}

fn desired_role(
    spec: &ClusterSpec,
    (name, place): (RoleName, Place),
    account: ServiceAccountRef,
    policy: &PolicyName,
) -> Role {
    let further: Vec<PolicyName> = match &spec.policies {
        Some(policies) => policies.iter().map(|(name, _)| name.clone()).collect(),
        None => PolicyName::parse("default").into_iter().collect(),
    };
    // Who may log in, and with what token, is always meant: nothing works where that differs.
    let said = [
        ("bound_service_account_names", true),
        ("bound_service_account_namespaces", true),
        ("audience", true),
        ("token_policies", spec.policies.is_some()),
        ("token_ttl", spec.ttl.is_some()),
        ("token_max_ttl", spec.max_ttl.is_some()),
    ];
    let (ttl, place) = spec.ttl.clone().unwrap_or((DEFAULT_TTL, place));
    Role {
        place,
        name,
        account,
        policies: further.into_iter().chain([policy.clone()]).collect(),
        ttl,
        max_ttl: spec
            .max_ttl
            .as_ref()
            .map_or(Duration::ZERO, |(max_ttl, _)| *max_ttl),
        audience: spec
            .audience
            .as_ref()
            .map_or_else(String::new, |(audience, _)| audience.clone()),
        said: said
            .into_iter()
            .filter_map(|(field, said)| said.then_some(field))
            .collect(),
    }
}

fn connection(
    connect: &Connect,
    mounts: &[KvMount],
    problems: &mut Diagnostics,
) -> Option<Connection> {
    match connect {
        Connect::KubeconfigContext(context) => Some(Connection::KubeconfigContext(context.clone())),
        Connect::InCluster => Some(Connection::InCluster),
        Connect::Vault {
            path,
            property,
            holds,
            place,
        } => match kv_path::own(path, mounts) {
            Ok(reference) => Some(Connection::Vault {
                reference,
                property: property.clone(),
                holds: *holds,
            }),
            Err((wrong, hint)) => {
                problems.push(Diagnostic::error(place, wrong).hint(hint));
                None
            }
        },
    }
}

/// The text of a cluster's CA, inline or from a file beside its declaration.
fn certificate_authority(
    source: &CaSource,
    declared: &Declared,
    problems: &mut Diagnostics,
) -> Option<String> {
    let (path, place) = match source {
        CaSource::Inline { pem, .. } => return Some(pem.clone()),
        CaSource::File { path, place } => (path, place),
    };
    let (wrong, hint) = match declared.file(path) {
        Some(Ok(text)) => {
            let file = Place::file(&format!("clusters/{}/{path}", declared.cluster.name));
            return certificate_pem(text, &file, problems);
        }
        Some(Err(why)) => {
            let (what, hint) = why.split_once("; ").unwrap_or((why, "replace the file"));
            (format!("the file {path:?} {what}"), hint)
        }
        None => (
            format!("there is no file {path:?} beside cluster.yaml"),
            "name a .crt or .pem file of this cluster's folder",
        ),
    };
    problems.push(Diagnostic::error(place, wrong).hint(hint));
    None
}
