//! How a Vault is: asked beside each look and between looks, and shown at once, since a look at one that hangs takes long.

use super::{VaultTask, Wish};
use crate::desire::DesiredVault;
use crate::names::VaultName;
use crate::observe::live::Health;
use crate::observe::{Failure, FailureClass};
use crate::pipeline::{Open as _, OpenVault};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// How often it is asked between two looks.
pub(super) const EVERY: Duration = Duration::from_secs(30);
/// How long that question may take.
const LONGEST: Duration = Duration::from_secs(5);

impl VaultTask {
    /// Whether it is well, asked between two looks.
    pub(super) async fn is_well_now(&self, wish: &Wish) -> bool {
        match wish.followed.desired.vaults.get(&self.name) {
            Some(desired) => self.ask_health(desired, &wish.opener.vault(desired)).await,
            None => false,
        }
    }

    /// Asks how it is, shows that, and gives whether it is well.
    pub(super) async fn ask_health(
        &self,
        desired: &Arc<DesiredVault>,
        open: &Result<OpenVault, Failure>,
    ) -> bool {
        let health = tokio::select! {
            health = tokio::time::timeout(LONGEST, health(open)) => {
                health.unwrap_or_else(|_| Err(silent(&self.name)))
            }
            () = self.stop.cancelled() => return false,
        };
        let is_well = is_well(&health);
        let access = self.service.settings.vaults.get(self.name.as_str());
        let before = self.service.board.update_vault(desired, |state| {
            let before = state.health.as_ref().map(self::is_well);
            state.health = Some(health.clone());
            state.health_at = Some(Timestamp::now());
            state.own_address = access.map(|access| access.address.clone());
            before
        });
        match (&health, is_well) {
            (_, true) if before == Some(false) => {
                tracing::info!(vault = %self.name, "the Vault is well again");
            }
            (Err(failure), _) if before != Some(false) => {
                tracing::warn!(vault = %self.name, %failure, "the Vault does not answer");
            }
            (Ok(_), false) if before != Some(false) => {
                tracing::warn!(vault = %self.name, "the Vault is sealed, or not initialized");
            }
            _ => {}
        }
        is_well
    }
}

fn is_well(health: &Result<Health, Failure>) -> bool {
    health.as_ref().is_ok_and(Health::is_well)
}

async fn health(open: &Result<OpenVault, Failure>) -> Result<Health, Failure> {
    match open {
        Ok(open) => open.read.health().await,
        Err(failure) => Err(failure.clone()),
    }
}

fn silent(vault: &VaultName) -> Failure {
    let why = format!("there was no answer within {} s", LONGEST.as_secs());
    Failure::new(
        FailureClass::TimedOut,
        format!("read the health of vault {vault}"),
        why,
    )
}
