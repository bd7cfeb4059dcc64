//! The servers of a run: opened once, used by every round, and asked for a cluster's credentials at most once. A process that
//! stays opens a scope anew before each pass (`Alone`), and goes on with the tokens of its cluster.

use super::Options;
use crate::apply::{WriteCluster, WriteVault};
use crate::desire::{Cell, Desired, DesiredVault};
use crate::names::{ClusterName, VaultName};
use crate::observe::values::Sessions;
use crate::observe::{Failure, ReadAsCluster, ReadCluster, ReadVault};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// One Vault, as each part of keyfleet may use it.
#[derive(Clone)]
pub struct OpenVault {
    pub read: Arc<dyn ReadVault>,
    pub as_cluster: Arc<dyn ReadAsCluster>,
    pub write: Arc<dyn WriteVault>,
}

/// One cluster.
#[derive(Clone)]
pub struct OpenCluster {
    pub read: Arc<dyn ReadCluster>,
    pub write: Arc<dyn WriteCluster>,
}

/// Opens connections as the declarations and the operator's settings say. Asks no server, except for credentials that
/// are kept in Vault.
#[async_trait]
pub trait Open: Send + Sync {
    fn vault(&self, vault: &DesiredVault) -> Result<OpenVault, Failure>;

    async fn cluster(
        &self,
        cell: &Cell,
        vault: Result<&OpenVault, &Failure>,
    ) -> Result<OpenCluster, Failure>;
}

/// Every server of a run.
pub struct World {
    vaults: BTreeMap<VaultName, Result<OpenVault, Failure>>,
    cells: BTreeMap<ClusterName, Arc<OpenCell>>,
}

/// A cluster's connection and its tokens.
pub(super) struct OpenCell {
    cluster: Result<OpenCluster, Failure>,
    /// Set once it was found out of reach: a run waits for a cluster that hangs only once.
    out_of_reach: OnceLock<Failure>,
    /// Where the tokens are from.
    vault: Option<Arc<dyn ReadAsCluster>>,
    pub(super) sessions: Arc<Sessions>,
}

impl OpenCell {
    fn new(
        cluster: Result<OpenCluster, Failure>,
        vault: Option<&OpenVault>,
        sessions: Arc<Sessions>,
    ) -> Self {
        Self {
            cluster,
            out_of_reach: OnceLock::new(),
            vault: vault.map(|vault| Arc::clone(&vault.as_cluster)),
            sessions,
        }
    }

    pub(super) fn cluster(&self) -> Result<&OpenCluster, &Failure> {
        match self.out_of_reach.get() {
            Some(failure) => Err(failure),
            None => self.cluster.as_ref(),
        }
    }

    async fn end_sessions(&self) {
        if let Some(vault) = &self.vault {
            self.sessions.end(vault.as_ref()).await;
        }
    }

    /// Nothing more is asked of this cluster in this run.
    pub(super) fn give_up(&self, failure: &Failure) {
        // Whoever found out first is as right.
        let _ = self.out_of_reach.set(failure.clone());
    }
}

impl World {
    /// Opens what the chosen cells need.
    pub async fn open(desired: &Desired, options: &Options, open: &dyn Open) -> Self {
        let vaults: BTreeMap<_, _> = desired
            .vaults
            .values()
            .map(|vault| (vault.name.clone(), open.vault(vault)))
            .collect();
        let chosen = desired.cells.iter().filter(|cell| options.is_chosen(cell));
        let opened = chosen.map(|cell| {
            let vault = vaults[&cell.vault].as_ref();
            async move {
                let cluster = open.cluster(cell, vault).await;
                let open = OpenCell::new(cluster, vault.ok(), Arc::default());
                (cell.cluster.clone(), Arc::new(open))
            }
        });
        let cells = futures::future::join_all(opened).await;
        Self {
            cells: cells.into_iter().collect(),
            vaults,
        }
    }

    /// Of one Vault, and no cluster.
    pub(super) fn of_vault(name: VaultName, open: Result<OpenVault, Failure>) -> Self {
        Self {
            vaults: BTreeMap::from([(name, open)]),
            cells: BTreeMap::new(),
        }
    }

    /// And of this cluster, with the tokens that are left of earlier runs.
    pub(super) fn with_cell(
        mut self,
        name: ClusterName,
        cluster: Result<OpenCluster, Failure>,
        sessions: Arc<Sessions>,
    ) -> Self {
        let vault = self.vaults.values().next();
        let vault = vault.and_then(|vault| vault.as_ref().ok());
        let open = OpenCell::new(cluster, vault, sessions);
        self.cells.insert(name, Arc::new(open));
        self
    }

    pub fn vault(&self, name: &VaultName) -> Result<&OpenVault, &Failure> {
        self.vaults[name].as_ref()
    }

    pub fn cluster(&self, name: &ClusterName) -> Result<&OpenCluster, &Failure> {
        self.cells[name].cluster()
    }

    /// Why a cluster of it does not answer, or cannot be connected to.
    pub(super) fn lost_cluster(&self) -> Option<&Failure> {
        self.cells.values().find_map(|cell| cell.cluster().err())
    }

    pub(super) fn sessions(&self, name: &ClusterName) -> &Sessions {
        &self.cells[name].sessions
    }

    pub(super) fn cell(&self, name: &ClusterName) -> &Arc<OpenCell> {
        &self.cells[name]
    }

    /// Gives back the tokens of one cell.
    pub(super) async fn end_sessions(&self, cell: &Cell) {
        if let Some(open) = self.cells.get(&cell.cluster) {
            open.end_sessions().await;
        }
    }

    /// Gives back every token: a run that ends leaves none behind.
    pub async fn close(&self, desired: &Desired) {
        let open = desired
            .cells
            .iter()
            .filter(|cell| self.cells.contains_key(&cell.cluster));
        futures::future::join_all(open.map(|cell| self.end_sessions(cell))).await;
    }
}
