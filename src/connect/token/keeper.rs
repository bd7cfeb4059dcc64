//! The handle of the task that keeps keyfleet's own token of one Vault.

use super::keeping::Keeping;
use super::state::{Phase, TokenState};
use crate::backends::vault::{OwnToken, TokenApi};
use crate::connect::credential::OwnCredential;
use crate::names::VaultName;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Keeps the token of one Vault until it is dropped or closed.
pub(crate) struct TokenKeeper {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What the task, its handle and the requests share.
pub(super) struct Shared {
    pub(super) own: OwnToken,
    /// Connections are made anew when their authority's file changes.
    api: Mutex<TokenApi>,
    state: Mutex<TokenState>,
}

impl Shared {
    pub(super) fn api(&self) -> TokenApi {
        self.api
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn tell(&self, change: impl FnOnce(&mut TokenState)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl TokenKeeper {
    /// Begins to keep `own`. Must be called within a runtime.
    pub(crate) fn start(
        vault: &VaultName,
        credential: Arc<OwnCredential>,
        own: OwnToken,
        api: TokenApi,
    ) -> Self {
        let state = TokenState {
            source: credential.to_string(),
            phase: Phase::Starting,
            expires_at: None,
            trouble: None,
        };
        let shared = Arc::new(Shared {
            own,
            api: Mutex::new(api),
            state: Mutex::new(state),
        });
        let keeping = Keeping::new(vault.clone(), credential, Arc::clone(&shared));
        let (stop, stopped) = watch::channel(false);
        Self {
            shared,
            stop,
            task: tokio::spawn(keeping.until(stopped)),
        }
    }

    /// From now on, ask over this connection.
    pub(crate) fn use_connection(&self, api: TokenApi) {
        *self
            .shared
            .api
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = api;
    }

    pub(crate) fn state(&self) -> TokenState {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Gives the token back, when it is of a login, and ends.
    pub(crate) async fn close(mut self) {
        self.stop.send_replace(true);
        // It ends by itself soon, whatever Vault does.
        let _ = (&mut self.task).await;
    }
}
