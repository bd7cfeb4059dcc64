//! Reading values as the cluster: its service account's token, a login at its mount, a read with its role.
//!
//! One token for each mount and role, kept while it lives; what keyfleet changes of a role or policy drops it. One that Vault
//! does not accept any more (revoked by somebody, a mount made anew, a Vault restored from a snapshot) leads to one fresh
//! login, and one of a role that is not used any more is given back.

use super::freshness::Why;
use super::gather::gather;
use super::live::{KvValue, LiveSecret, Observed};
use super::reader::{KvReference, ReadAsCluster, ReadCluster, Session};
use super::seen::{SeenValues, Values};
use super::{Failure, FailureClass};
use crate::desire::{Cell, DesiredSecret, SecretId, SecretLogin};
use crate::secret::SecretBytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

const AT_ONCE: usize = 4;

/// A token is not used in the last part of its life: it might end between here and Vault. Of one that lives shortly, that
/// is a quarter.
const MARGIN: Duration = Duration::from_secs(10);

/// An API server believes a new binding a moment after it was written: it reads its own objects through a watch.
const SETTLES_WITHIN: Duration = Duration::from_secs(3);
const SETTLE_STEP: Duration = Duration::from_millis(50);

/// The tokens of one cluster.
#[derive(Default)]
pub struct Sessions {
    held: Mutex<BTreeMap<SecretLogin, Held>>,
    /// Until when a refused login may only be too early.
    settling: std::sync::Mutex<Option<Instant>>,
}

struct Held {
    session: Arc<Session>,
    until: Instant,
}

impl Sessions {
    pub(crate) async fn session(
        &self,
        login: &SecretLogin,
        cell: &Cell,
        vault: &dyn ReadAsCluster,
        cluster: &dyn ReadCluster,
    ) -> Result<Arc<Session>, Failure> {
        // Held over the login, so that many Secrets need one.
        let mut held = self.held.lock().await;
        if let Some(found) = held.get(login).filter(|found| found.until > Instant::now()) {
            return Ok(found.session.clone());
        }
        let audience = (!cell.role.audience.is_empty()).then_some(cell.role.audience.as_str());
        let jwt = cluster.mint_token(&login.account, audience).await?;
        let session = Arc::new(self.log_in(login, vault, &jwt).await?);
        let until = Instant::now() + session.lives.saturating_sub(MARGIN.min(session.lives / 4));
        held.insert(
            login.clone(),
            Held {
                session: session.clone(),
                until,
            },
        );
        Ok(session)
    }

    /// A value, read with the token of this role.
    async fn value(
        &self,
        login: &SecretLogin,
        reference: &KvReference,
        cell: &Cell,
        vault: &dyn ReadAsCluster,
        cluster: &dyn ReadCluster,
    ) -> Result<KvValue, Failure> {
        let session = self.session(login, cell, vault, cluster).await?;
        match vault.value(&session, reference).await {
            Err(failure) if failure.class == FailureClass::Unauthenticated => {
                self.forget(login, &session).await;
                let session = self.session(login, cell, vault, cluster).await?;
                vault.value(&session, reference).await
            }
            outcome => outcome,
        }
    }

    /// Vault does not accept this token any more. Of many that find out, one forgets it; the others find the next.
    async fn forget(&self, login: &SecretLogin, refused: &Arc<Session>) {
        let mut held = self.held.lock().await;
        let is_refused = |held: &Held| Arc::ptr_eq(&held.session, refused);
        if held.get(login).is_some_and(is_refused) {
            tracing::info!(
                "the token of {} at {} is not valid any more",
                login.role,
                login.mount
            );
            held.remove(login);
        }
    }

    /// Gives back the tokens of roles that the cell does not use any more, and drops those that have ended.
    async fn let_go(&self, cell: &Cell, vault: &dyn ReadAsCluster) {
        let own = cell_login(cell);
        let is_used = |login: &SecretLogin| {
            let mut secrets = cell.secrets.iter();
            *login == own || secrets.any(|secret| secret.login == *login)
        };
        let now = Instant::now();
        let mut unused = Vec::new();
        self.held.lock().await.retain(|login, held| {
            let is_kept = held.until > now && is_used(login);
            if !is_kept && held.until > now {
                unused.push(held.session.clone());
            }
            is_kept
        });
        for session in unused {
            give_back(&session, vault).await;
        }
    }

    async fn log_in(
        &self,
        login: &SecretLogin,
        vault: &dyn ReadAsCluster,
        jwt: &SecretBytes,
    ) -> Result<Session, Failure> {
        let mut pause = SETTLE_STEP;
        loop {
            let answer = vault.log_in(&login.mount, &login.role, jwt).await;
            let is_early = self
                .settles_until()
                .is_some_and(|until| Instant::now() + pause < until);
            match answer {
                Err(failure) if failure.class == FailureClass::Forbidden && is_early => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                answer => return answer,
            }
        }
    }

    /// This run wrote something that logins depend on.
    pub(crate) fn settle(&self) {
        let mut settling = self.settling.lock().unwrap_or_else(PoisonError::into_inner);
        *settling = Some(Instant::now() + SETTLES_WITHIN);
    }

    fn settles_until(&self) -> Option<Instant> {
        *self.settling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives every token back: what it granted may have changed, or nobody needs it any more.
    pub async fn end(&self, vault: &dyn ReadAsCluster) {
        let all = std::mem::take(&mut *self.held.lock().await);
        for held in all.values() {
            give_back(&held.session, vault).await;
        }
    }

    /// Whether any token is held.
    pub async fn is_empty(&self) -> bool {
        self.held.lock().await.is_empty()
    }
}

/// It expires by itself when this fails.
async fn give_back(session: &Session, vault: &dyn ReadAsCluster) {
    if let Err(failure) = vault.log_out(session).await {
        tracing::debug!(%failure, "token not given back");
    }
}

/// Looks into these Secrets: their live data, and what Vault holds for them.
pub async fn see_values(
    cell: &Cell,
    to_read: &BTreeMap<SecretId, Why>,
    sessions: &Sessions,
    vault: &dyn ReadAsCluster,
    cluster: Result<&dyn ReadCluster, &Failure>,
) -> SeenValues {
    let wanted: Vec<(&DesiredSecret, &Why)> = cell
        .secrets
        .iter()
        .filter_map(|secret| Some((secret, to_read.get(&secret.id)?)))
        .collect();
    sessions.let_go(cell, vault).await;
    if wanted.is_empty() {
        return SeenValues::default();
    }
    let failed = |failure: Failure| SeenValues {
        login: Some(Err(failure)),
        ..SeenValues::default()
    };
    let cluster = match cluster {
        Ok(cluster) => cluster,
        Err(failure) => return failed(failure.clone()),
    };
    let own = cell_login(cell);
    // When every Secret uses another role, the cluster's own is not logged in with.
    let needs_own = wanted.iter().any(|(secret, _)| secret.login == own);
    if needs_own && let Err(failure) = sessions.session(&own, cell, vault, cluster).await {
        return failed(failure);
    }
    let (live, values) = futures::join!(
        see_live(&wanted, cluster),
        read_each_once(&wanted, cell, sessions, vault, cluster)
    );
    SeenValues {
        live,
        values,
        login: Some(Ok(())),
    }
}

fn cell_login(cell: &Cell) -> SecretLogin {
    SecretLogin {
        mount: cell.mount.clone(),
        role: cell.role.name.clone(),
        account: cell.service_account.clone(),
    }
}

/// A Secret that the list did not have is not asked for again: making it fails should it be there by now.
async fn see_live(
    wanted: &[(&DesiredSecret, &Why)],
    cluster: &dyn ReadCluster,
) -> BTreeMap<SecretId, Observed<LiveSecret>> {
    let reads = wanted.iter().map(|(secret, why)| async move {
        let live = match why {
            Why::Missing => Observed::Absent,
            _ => cluster.secret(&secret.id.namespace, &secret.id.name).await,
        };
        (secret.id.clone(), live)
    });
    gather(reads, AT_ONCE).await
}

/// Every place is read once for each role, however many Secrets refer to it.
async fn read_each_once(
    wanted: &[(&DesiredSecret, &Why)],
    cell: &Cell,
    sessions: &Sessions,
    vault: &dyn ReadAsCluster,
    cluster: &dyn ReadCluster,
) -> Values {
    let places: BTreeSet<(&SecretLogin, &KvReference)> = wanted
        .iter()
        .flat_map(|(secret, _)| {
            secret
                .references()
                .into_iter()
                .map(|reference| (&secret.login, reference))
        })
        .collect();
    let reads = places.into_iter().map(|(login, reference)| async move {
        let value = sessions.value(login, reference, cell, vault, cluster).await;
        ((login.clone(), reference.clone()), value)
    });
    gather(reads, AT_ONCE).await
}
