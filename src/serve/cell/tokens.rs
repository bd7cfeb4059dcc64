//! The tokens of a cluster's role, from one pass to the next.

use crate::observe::ReadAsCluster;
use crate::observe::values::Sessions;
use std::sync::Arc;

/// The tokens of a cluster, and the connection that they are from: no other Vault may see them.
#[derive(Default)]
pub(super) struct Tokens {
    vault: Option<Arc<dyn ReadAsCluster>>,
    sessions: Arc<Sessions>,
}

impl Tokens {
    pub(super) fn sessions(&self) -> Arc<Sessions> {
        Arc::clone(&self.sessions)
    }

    pub(super) async fn give_back(&self) {
        if let Some(vault) = &self.vault {
            self.sessions.end(vault.as_ref()).await;
        }
    }

    /// Goes on with them at the same connection; at another, they are given back and begun anew.
    pub(super) async fn at(&mut self, vault: &Arc<dyn ReadAsCluster>) {
        if !self.vault.as_ref().is_some_and(|it| Arc::ptr_eq(it, vault)) {
            self.give_back().await;
            *self = Self {
                vault: Some(Arc::clone(vault)),
                sessions: Arc::default(),
            };
        }
    }
}
