//! The tasks of the fleet: one for each Vault of the newest revision.
//!
//! A fleet lives for one term of being active. What its tasks decide goes over its own connections, whose fence is of that
//! term: what is still in a queue when the term ends is not sent in the next one.

use super::board::Followed;
use super::log;
use super::service::Service;
use super::vault::{VaultTask, Wish};
use crate::backends::kubernetes::Limits;
use crate::backends::vault::Budget;
use crate::connect::{self, Bounds, Opener};
use crate::diagnostics::Diagnostics;
use crate::fence::Fence;
use crate::names::{ClusterName, VaultName};
use crate::plan::Scope;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(super) struct Fleet {
    service: Arc<Service>,
    stop: CancellationToken,
    /// Of its term.
    fence: Fence,
    opener: Arc<Opener>,
    /// The tasks of its Vaults and clusters.
    tasks: TaskTracker,
    vaults: BTreeMap<VaultName, CancellationToken>,
    wishes: Option<watch::Sender<Wish>>,
}

/// Gives back keyfleet's own tokens when nobody needs them any more.
async fn close_after(tasks: TaskTracker, opener: Arc<Opener>, stop: CancellationToken) {
    stop.cancelled().await;
    tasks.close();
    tasks.wait().await;
    opener.close().await;
}

/// Every scope of a revision, those included whose declarations have errors: nobody may think that they are gone.
fn scopes(followed: &Followed) -> BTreeSet<Scope> {
    let desired = &followed.desired;
    let vaults = desired.vaults.keys().cloned().map(Scope::Vault);
    let cells = desired.cells.iter();
    let clusters = cells.map(|cell| Scope::Cluster(cell.cluster.clone()));
    let unread = desired.unread_clusters().into_iter().map(Scope::Cluster);
    vaults.chain(clusters).chain(unread).collect()
}

/// How much is asked at once is the settings', how long and how often the usual.
fn opener(service: &Service, fence: &Fence) -> Opener {
    let requests = service.settings.reconcile.requests;
    let settings = connect::Settings {
        vaults: service.settings.vaults.clone(),
        ..connect::Settings::from_environment()
    };
    let bounds = Bounds {
        conduct: service.conduct.in_this_term(fence),
        vault: Budget {
            in_flight: requests.per_vault,
            ..Budget::default()
        },
        cluster: Limits {
            at_once: requests.per_cluster,
            ..Limits::default()
        },
    };
    Opener::lasting(settings, bounds)
}

impl Fleet {
    pub(super) fn new(service: Arc<Service>) -> Self {
        let (stop, tasks) = (service.stop.child_token(), TaskTracker::new());
        let fence = service.fence.of_this_term();
        let opener = Arc::new(opener(&service, &fence));
        let end = close_after(tasks.clone(), Arc::clone(&opener), stop.clone());
        service.tasks.spawn(end);
        Self {
            stop,
            fence,
            opener,
            tasks,
            service,
            vaults: BTreeMap::new(),
            wishes: None,
        }
    }

    /// Everything is kept equal to this revision from now on.
    pub(super) fn follow(&mut self, followed: &Arc<Followed>) {
        self.opener.follow(&followed.desired);
        self.warn_of_unknown(followed);
        self.keep_known(followed);
        let wish = Wish {
            followed: Arc::clone(followed),
            opener: Arc::clone(&self.opener),
            look_now: self.look_now(),
        };
        let wishes = match &self.wishes {
            Some(wishes) => {
                wishes.send_replace(wish);
                wishes
            }
            None => self.wishes.insert(watch::Sender::new(wish)),
        };
        let wanted = &followed.desired.vaults;
        self.vaults.retain(|name, stop| {
            let stays = wanted.contains_key(name);
            if !stays {
                stop.cancel();
            }
            stays
        });
        for name in wanted.keys() {
            if !self.vaults.contains_key(name) {
                let stop = self.stop.child_token();
                let (service, wishes) = (Arc::clone(&self.service), wishes.subscribe());
                let task = VaultTask::new(
                    service,
                    name.clone(),
                    wishes,
                    stop.clone(),
                    self.tasks.clone(),
                );
                self.tasks.spawn(task.run());
                self.vaults.insert(name.clone(), stop);
            }
        }
    }

    /// What left the repository is forgotten. What an error keeps from being looked at stays as it was, and says so.
    fn keep_known(&self, followed: &Followed) {
        let Service {
            board,
            memory,
            full_passes,
            counters,
            ..
        } = self.service.as_ref();
        let cells = followed.desired.cells.iter();
        let declared: BTreeSet<&ClusterName> = cells.map(|cell| &cell.cluster).collect();
        full_passes.keep_only(&declared);
        let misdeclared = board.write(|known| {
            let wanted = &followed.desired.vaults;
            known.vaults.retain(|name, _| wanted.contains_key(name));
            known.keep_clusters(followed, &self.service.settings.reconcile.clusters);
            Arc::clone(&known.misdeclared)
        });
        if followed.desired.clusters_certain {
            let scopes = scopes(followed);
            counters.keep_only(&scopes);
            memory.keep_only(&scopes, &followed.revision);
        }
        for (name, misdeclared) in misdeclared.iter() {
            memory.not_looked_at(&Scope::Cluster(name.clone()), &misdeclared.to_string());
        }
    }

    /// Names in the settings that this revision does not have.
    fn warn_of_unknown(&self, followed: &Followed) {
        let mut problems = Diagnostics::default();
        let settings = &self.service.settings;
        settings.check_names(&followed.desired, &mut problems);
        log::problems(&problems);
    }

    /// Whether its term has ended, whatever this process is now.
    pub(super) fn is_of_the_past(&self) -> bool {
        self.fence.is_of_the_past()
    }

    /// Its tasks finish what they have in hand, and end.
    pub(super) fn end(self) {
        self.stop.cancel();
    }

    /// Cancelled when this process is not the active one any more, or ends.
    pub(super) fn stopped(&self) -> CancellationToken {
        self.stop.child_token()
    }

    fn look_now(&self) -> u64 {
        self.wishes.as_ref().map_or(0, |it| it.borrow().look_now)
    }

    /// Everything is looked at now, whatever its time.
    pub(super) fn look(&self) {
        if let Some(wishes) = &self.wishes {
            wishes.send_modify(|wish| wish.look_now += 1);
        }
    }
}
