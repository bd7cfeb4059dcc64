//! Opening connections: what the declarations name, with the credentials of the operator.
//!
//! An address in git must not collect a token that was meant for another Vault: the operator's token goes only to the
//! address that the operator named too. In a run of the command line, whose user has the checkout before them, also to the one Vault
//! of the fleet when the operator named none, and to the Vault that the token's variable names.
//!
//! An [`Opener`] may live for months. It is asked before each pass, and gives the connection that it gave before unless what
//! that was made from has changed: the declaration, a file of authorities, the kubeconfig, credentials kept in Vault.

mod clusters;
mod credential;
mod settings;
mod token;
mod vaults;
mod watched;

pub use credential::{OwnCredential, VaultAccess};
pub use settings::Settings;
pub(crate) use settings::variable;
pub use token::{Phase, TokenState};

use crate::backends::Conduct;
use crate::backends::kubernetes::Limits;
use crate::backends::vault::Budget;
use crate::desire::{Cell, Desired, DesiredVault};
use crate::names::VaultName;
use crate::observe::{Failure, FailureClass};
use crate::pipeline::{Open, OpenCluster, OpenVault};
use async_trait::async_trait;
use clusters::Clusters;
use std::collections::BTreeMap;
use vaults::Vaults;

/// How much is asked at once: of all servers together, of each Vault, of each cluster.
#[derive(Debug, Clone, Default)]
pub struct Bounds {
    pub conduct: Conduct,
    pub vault: Budget,
    pub cluster: Limits,
}

/// Opens with the operator's settings.
pub struct Opener {
    vaults: Vaults,
    clusters: Clusters,
}

impl Opener {
    /// For one run: the operator's token is used as it is.
    pub fn new(settings: Settings, desired: &Desired) -> Self {
        let opener = Self::with(settings, Bounds::default(), false);
        opener.follow(desired);
        opener
    }

    /// For a process that stays: keyfleet's own tokens are renewed and replaced. [`Self::follow`] says for which fleet.
    pub fn lasting(settings: Settings, bounds: Bounds) -> Self {
        Self::with(settings, bounds, true)
    }

    fn with(settings: Settings, bounds: Bounds, keeps_tokens: bool) -> Self {
        let kubeconfig = settings.kubeconfig.clone();
        Self {
            vaults: Vaults::new(settings, bounds.clone(), keeps_tokens),
            clusters: Clusters::new(kubeconfig, bounds),
        }
    }

    /// This is the fleet from now on: what it does not declare any more is let go, and its token given back. Not to be called with
    /// a revision whose `fleet.yaml` could not be understood: it declares nothing.
    pub fn follow(&self, desired: &Desired) {
        self.vaults.follow(&desired.vaults);
        self.clusters.follow(&desired.cells);
    }

    /// How keyfleet's own tokens are, of the Vaults that were opened; only those that are kept.
    pub fn own_tokens(&self) -> BTreeMap<VaultName, TokenState> {
        self.vaults.tokens()
    }

    /// Gives back the tokens that keyfleet logged in for.
    pub async fn close(&self) {
        self.vaults.close().await;
    }
}

#[async_trait]
impl Open for Opener {
    fn vault(&self, vault: &DesiredVault) -> Result<OpenVault, Failure> {
        self.vaults.open(vault)
    }

    async fn cluster(
        &self,
        cell: &Cell,
        vault: Result<&OpenVault, &Failure>,
    ) -> Result<OpenCluster, Failure> {
        let reader = match vault {
            Ok(_) => self.vaults.reader(&cell.vault),
            Err(failure) => Err(failure.clone()),
        };
        self.clusters.open(cell, reader).await
    }
}

/// A failure of this side, before anything is sent.
fn setup(request: impl Into<String>, why: impl Into<String>) -> Failure {
    Failure::new(FailureClass::Setup, request, why)
}
