//! Looking at one cluster, and at what exists for it in Vault.

use super::gather::gather;
use super::live::{LiveBinding, LiveMeta, LiveSecretMeta, Observed};
use super::reader::{ReadCluster, ReadVault};
use super::secrets::see_secrets;
use super::seen::{SeenCell, SeenSecret, SeenVault};
use super::{Failure, Fields};
use crate::desire::{Cell, SecretId};
use crate::names::Namespace;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const AT_ONCE: usize = 4;

/// Reads everything of a cell but values. The cluster is looked at while its Vault still is.
pub async fn see_cell<V: AsRef<SeenVault>>(
    cell: &Cell,
    vault: &dyn ReadVault,
    cluster: Result<&dyn ReadCluster, &Failure>,
    seen_vault: impl Future<Output = V>,
) -> (V, SeenCell) {
    let in_vault = async {
        let seen_vault = seen_vault.await;
        let login = see_login(cell, vault, seen_vault.as_ref()).await;
        (seen_vault, login)
    };
    let ((seen_vault, login), in_cluster) = futures::join!(in_vault, see_cluster(cell, cluster));
    let (config, role, roles) = login;
    let seen = SeenCell {
        config,
        role,
        roles,
        ..in_cluster
    };
    (seen_vault, seen)
}

type Login = (
    Observed<Fields>,
    Observed<Fields>,
    Result<BTreeSet<String>, Failure>,
);

/// Config and roles; nothing is asked of a mount that is not there.
async fn see_login(cell: &Cell, vault: &dyn ReadVault, seen_vault: &SeenVault) -> Login {
    match seen_vault.auth_mount(cell.mount.as_str()) {
        Observed::Absent => (Observed::Absent, Observed::Absent, Ok(BTreeSet::new())),
        Observed::Unknown(failure) => (
            Observed::Unknown(failure.clone()),
            Observed::Unknown(failure.clone()),
            Err(failure),
        ),
        Observed::Present(mount) if mount.kind != "kubernetes" => {
            (Observed::Absent, Observed::Absent, Ok(BTreeSet::new()))
        }
        Observed::Present(_) => {
            futures::join!(
                vault.auth_config(&cell.mount),
                vault.role(&cell.mount, &cell.role.name),
                vault.roles(&cell.mount)
            )
        }
    }
}

async fn see_cluster(cell: &Cell, cluster: Result<&dyn ReadCluster, &Failure>) -> SeenCell {
    let cluster = match cluster {
        Ok(cluster) => cluster,
        Err(failure) => return out_of_reach(cell, failure),
    };
    // The first answer decides whether the rest is asked at all: a cluster that is down is waited for once.
    let identity = match cluster.identity().await {
        Err(failure) if !failure.is_of_one_object() => return out_of_reach(cell, &failure),
        identity => identity,
    };
    if is_another(cell, &identity) {
        // Nothing more is read of a cluster that is not the one that is meant.
        return SeenCell {
            identity,
            ..unseen(cell)
        };
    }
    let (namespace, account, binding, marked) = see_objects(cell, cluster).await;
    let secrets = see_secrets(cell, cluster, &marked).await;
    let missing_namespaces = missing_namespaces(&secrets, cluster).await;
    SeenCell {
        config: Observed::Absent,
        role: Observed::Absent,
        roles: Ok(BTreeSet::new()),
        identity,
        namespace,
        account,
        binding,
        marked,
        secrets,
        missing_namespaces,
    }
}

type Objects = (
    Observed<LiveMeta>,
    Observed<LiveMeta>,
    Observed<LiveBinding>,
    Result<Vec<LiveSecretMeta>, Failure>,
);

/// One after the other, over the connection that the first answer came by: a connection of its own for each would take as
/// long to open, and four times the cryptography and memory. Once the cluster is out of reach, the rest is not asked.
async fn see_objects(cell: &Cell, cluster: &dyn ReadCluster) -> Objects {
    let account = &cell.service_account;
    let namespace = cluster.namespace(&account.namespace).await;
    let account = match outage(&namespace) {
        Some(failure) => Observed::Unknown(failure),
        None => cluster.service_account(account).await,
    };
    let binding = match outage(&account) {
        Some(failure) => Observed::Unknown(failure),
        None => cluster.binding(&cell.binding).await,
    };
    let marked = match outage(&binding) {
        Some(failure) => Err(failure),
        None => cluster.marked_secrets().await,
    };
    (namespace, account, binding, marked)
}

fn outage<T>(observed: &Observed<T>) -> Option<Failure> {
    observed
        .failure()
        .filter(|failure| failure.is_outage())
        .cloned()
}

fn is_another(cell: &Cell, identity: &Result<String, Failure>) -> bool {
    match (&cell.identity, identity) {
        (Some(wanted), Ok(is)) => is != wanted,
        (Some(_), Err(_)) => true,
        (None, _) => false,
    }
}

/// A cluster of which nothing was asked; nothing may be concluded from it.
fn unseen(cell: &Cell) -> SeenCell {
    let failure = Failure::new(
        super::FailureClass::Setup,
        "read the cluster",
        "it is not the cluster that is meant",
    );
    SeenCell {
        secrets: BTreeMap::new(),
        ..out_of_reach(cell, &failure)
    }
}

fn out_of_reach(cell: &Cell, failure: &Failure) -> SeenCell {
    SeenCell {
        config: Observed::Absent,
        role: Observed::Absent,
        roles: Ok(BTreeSet::new()),
        identity: Err(failure.clone()),
        namespace: Observed::Unknown(failure.clone()),
        account: Observed::Unknown(failure.clone()),
        binding: Observed::Unknown(failure.clone()),
        marked: Err(failure.clone()),
        secrets: cell
            .secrets
            .iter()
            .map(|secret| (secret.id.clone(), Observed::Unknown(failure.clone())))
            .collect(),
        missing_namespaces: BTreeSet::new(),
    }
}

/// Asked only for namespaces of Secrets that are not there: a Secret's own absence does not tell.
async fn missing_namespaces(
    secrets: &BTreeMap<SecretId, Observed<SeenSecret>>,
    cluster: &dyn ReadCluster,
) -> BTreeSet<String> {
    let in_question: BTreeSet<&Namespace> = secrets
        .iter()
        .filter(|(_, seen)| matches!(seen, Observed::Absent))
        .map(|(id, _)| &id.namespace)
        .collect();
    let reads = in_question
        .into_iter()
        .map(|namespace| async move { (namespace, cluster.namespace(namespace).await) });
    let seen: Vec<_> = gather(reads, AT_ONCE).await;
    seen.into_iter()
        .filter(|(_, seen)| matches!(seen, Observed::Absent))
        .map(|(namespace, _)| namespace.to_string())
        .collect()
}
