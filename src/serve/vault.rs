//! The task of one Vault: looks at it for all of its clusters, keeps what they share equal to git, and gives each cluster
//! its order.
//!
//! A look begins when it is time or when the revision is new; a cluster that is still busy with the last one gets the newest when
//! it is done. A Vault that does not answer is asked again soon; its clusters are told, and write nothing meanwhile.

mod health;

use super::board::{Followed, PassEnd, Passes, Permission, Trigger, VaultState};
use super::cell::{CellTask, Order};
use super::log;
use super::mailbox::Mailbox;
use super::pass::{self, About, Job, Seen};
use super::service::{Service, about, run_id};
use super::supervise::{Task, supervise};
use super::web::probes::Beat;
use crate::chance::Backoff;
use crate::connect::{Opener, TokenState};
use crate::desire::{Cell, DesiredVault};
use crate::drift::{Standing, declared_for_vault};
use crate::names::{ClusterName, VaultName};
use crate::observe::Failure;
use crate::pipeline::{Alone, Look, Open, OpenVault, Options};
use crate::plan::Scope;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// How much longer than it should a task may be silent before the process is not live.
pub(super) const SLACK: Duration = Duration::from_secs(60);
/// How soon a Vault is looked at again at the earliest that did not answer, or where not all could be read or made.
const RETRY: Duration = Duration::from_secs(5);

/// What a Vault's task is told: the newest revision, and a number that grows when somebody wants a look now.
#[derive(Clone)]
pub(super) struct Wish {
    pub followed: Arc<Followed>,
    pub opener: Arc<Opener>,
    pub look_now: u64,
}

pub(super) struct VaultTask {
    service: Arc<Service>,
    name: VaultName,
    wishes: watch::Receiver<Wish>,
    stop: CancellationToken,
    /// The tasks of its clusters.
    tasks: TaskTracker,
    cells: BTreeMap<ClusterName, CellHandle>,
    beat: Beat,
    /// Why the next look is made.
    why: Trigger,
    /// When everything is looked at again.
    next_look: Instant,
    /// When what is shared is, after it could not all be read or made.
    retry: Option<Instant>,
    failures: u32,
    /// The last look did not reach it.
    was_out: bool,
}

struct CellHandle {
    orders: Arc<Mailbox<Order>>,
    stop: CancellationToken,
}

impl VaultTask {
    pub(super) fn new(
        service: Arc<Service>,
        name: VaultName,
        wishes: watch::Receiver<Wish>,
        stop: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        let reconcile = &service.settings.reconcile;
        let silent = reconcile.interval * 2 + reconcile.deadline.saturating_mul(3) + SLACK;
        let beat = service.watchdog.watch(format!("vault {name}"), silent);
        Self {
            service,
            name,
            wishes,
            stop,
            tasks,
            cells: BTreeMap::new(),
            beat,
            why: Trigger::Start,
            next_look: Instant::now(),
            retry: None,
            failures: 0,
            was_out: false,
        }
    }

    pub(super) async fn run(mut self) {
        let called = format!("vault {}", self.name);
        let (service, stop) = (Arc::clone(&self.service), self.stop.clone());
        supervise(&mut self, &called, &service.counters, &stop).await;
        self.beat.finish();
    }

    fn reason(&self, before: &Wish) -> Trigger {
        let now = self.wishes.borrow();
        // A folder that is read as it stands changes under one name.
        if Arc::ptr_eq(&now.followed, &before.followed) {
            Trigger::Report
        } else {
            Trigger::Revision
        }
    }

    /// A task for each cluster of the revision, and none for others.
    fn keep_cells(&mut self, followed: &Followed) {
        let wanted: BTreeMap<&ClusterName, &Arc<Cell>> = self
            .cells_of(followed)
            .map(|cell| (&cell.cluster, cell))
            .collect();
        let board = &self.service.board;
        self.cells.retain(|name, handle| {
            let stays = wanted.contains_key(name);
            if !stays {
                handle.stop.cancel();
                board.forget_cluster(name, &self.name);
            }
            stays
        });
        for name in wanted.into_keys() {
            if !self.cells.contains_key(name) {
                let handle = CellHandle {
                    orders: Arc::default(),
                    stop: self.stop.child_token(),
                };
                let task = CellTask::new(
                    Arc::clone(&self.service),
                    name.clone(),
                    Arc::clone(&handle.orders),
                    handle.stop.clone(),
                );
                self.tasks.spawn(task.run());
                self.cells.insert(name.clone(), handle);
            }
        }
    }

    fn cells_of<'f>(&self, followed: &'f Followed) -> impl Iterator<Item = &'f Arc<Cell>> {
        let chosen = self.service.settings.reconcile.clusters.clone();
        let name = self.name.clone();
        followed.desired.cells.iter().filter(move |cell| {
            cell.vault == name && (chosen.is_empty() || chosen.contains(cell.cluster.as_str()))
        })
    }

    /// Looks, keeps what is shared, and gives the clusters their orders.
    async fn look(&mut self, wish: &Wish, desired: &Arc<DesiredVault>) {
        let open = wish.opener.vault(desired);
        let followed = &wish.followed;
        let run = run_id();
        let scope = Scope::Vault(self.name.clone()).to_string();
        let span = log::pass_span(&scope, &run, &followed.revision);
        let (at, began) = (Timestamp::now(), Instant::now());
        self.service
            .board
            .update_vault(desired, |state| state.passes.running = Some(at));
        let look = self.look_at(followed, &open);
        let pass = self.pass(followed, desired, &open, &look);
        let (seen, _) = futures::join!(
            pass.instrument(span.clone()),
            self.ask_health(desired, &open)
        );
        // Where only something that is shared failed, the clusters have had their order.
        if self.why != Trigger::Retry || self.was_out || !seen.written.is_empty() {
            let looked = if seen.written.is_empty() {
                (look, began)
            } else {
                (self.look_at(followed, &open), Instant::now())
            };
            self.give_orders(wish, &open, &looked);
        }
        self.learn(&seen);
        let permission = self.service.permission_of_shared(followed);
        let about_pass = About {
            run,
            revision: followed.revision.clone(),
            began: at,
            took: began.elapsed(),
            why: self.why,
            full: false,
        };
        span.in_scope(|| self.tell(desired, about_pass, seen, permission));
    }

    /// To each cluster, with a look and when it began.
    fn give_orders(
        &mut self,
        wish: &Wish,
        open: &Result<OpenVault, Failure>,
        (look, given): &(Result<Look, Failure>, Instant),
    ) {
        let followed = &wish.followed;
        for cell in self.cells_of(followed) {
            let order = Order {
                followed: Arc::clone(followed),
                cell: Arc::clone(cell),
                opener: Arc::clone(&wish.opener),
                vault: open.clone(),
                look: Some(look.clone()),
                given: *given,
                why: self.why,
            };
            self.cells[&cell.cluster].orders.put(order);
        }
        let shared = &followed.desired.operation;
        let operations = self.cells_of(followed).map(|cell| &cell.operation);
        let opens = self
            .service
            .opens(std::iter::once(shared).chain(operations));
        let interval = about(self.service.settings.reconcile.interval);
        self.next_look = Instant::now() + opens.map_or(interval, |opens| opens.min(interval));
    }

    fn look_at(
        &self,
        followed: &Followed,
        open: &Result<OpenVault, Failure>,
    ) -> Result<Look, Failure> {
        let cells = self.cells_of(followed).map(AsRef::as_ref);
        let open = open.as_ref().map_err(Clone::clone)?;
        Ok(Look::at(&self.name, open, cells))
    }

    /// What the clusters share is planned only when all of them are in view.
    async fn pass(
        &self,
        followed: &Followed,
        desired: &Arc<DesiredVault>,
        open: &Result<OpenVault, Failure>,
        look: &Result<Look, Failure>,
    ) -> Seen {
        let permission = self.service.permission_of_shared(followed);
        let options = Options::default();
        pass::run(Job {
            alone: Alone::vault(&followed.desired, desired, open.clone(), options),
            look: look.clone(),
            writes: permission == Permission::Apply,
            deadline: self.service.settings.reconcile.deadline,
            stop: self.stop.clone(),
        })
        .await
    }

    /// How keyfleet's own token is.
    fn token(&self) -> Option<TokenState> {
        let opener = Arc::clone(&self.wishes.borrow().opener);
        opener.own_tokens().remove(&self.name)
    }

    /// What a pass says of when to look again.
    fn learn(&mut self, seen: &Seen) {
        self.was_out = is_out_of_reach(seen);
        self.retry = None;
        if !self.was_out && (seen.is_complete() || seen.end == PassEnd::Stopped) {
            self.failures = 0;
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let backoff = Backoff {
            first: RETRY,
            longest: self.service.settings.reconcile.interval,
        };
        self.retry = Some(Instant::now() + backoff.half(self.failures));
    }

    /// Waits for the next reason to look; `None` when there will be none.
    async fn next(&mut self, wish: &Wish) -> Option<Trigger> {
        loop {
            let retry = self.retry.filter(|retry| *retry < self.next_look);
            let due = retry.unwrap_or(self.next_look);
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                changed = self.wishes.changed() => {
                    return changed.ok().map(|()| self.reason(wish));
                }
                () = tokio::time::sleep_until(due.into()) => {
                    return Some(retry.map_or(Trigger::Period, |_| Trigger::Retry));
                }
                () = tokio::time::sleep(health::EVERY) => {
                    if self.is_well_now(wish).await && self.was_out {
                        return Some(Trigger::Retry);
                    }
                }
            }
        }
    }

    fn tell(
        &self,
        desired: &Arc<DesiredVault>,
        about: About,
        mut seen: Seen,
        permission: Permission,
    ) {
        let scope = Scope::Vault(self.name.clone());
        let declared = declared_for_vault(desired);
        about.remember(&self.service.memory, &scope, &declared, &mut seen);
        let token = self.token();
        let pass = self.service.board.update_vault(desired, |state| {
            state.passes.permission = permission;
            if seen.is_as_declared() {
                state.passes.last_success = Some(about.began);
            }
            state.token = token;
            state.passes.ended(&scope, about, seen)
        });
        self.service.count(&pass);
    }
}

impl Task for VaultTask {
    async fn live(&mut self) {
        loop {
            self.beat.now();
            let wish = self.wishes.borrow_and_update().clone();
            match wish.followed.desired.vaults.get(&self.name) {
                Some(desired) => {
                    let desired = Arc::clone(desired);
                    self.keep_cells(&wish.followed);
                    self.look(&wish, &desired).await;
                }
                // It is gone from the repository, and this task is about to be.
                None => self.next_look = Instant::now() + self.service.settings.reconcile.interval,
            }
            match self.next(&wish).await {
                Some(why) => self.why = why,
                None => return,
            }
        }
    }
}

/// Whether the Vault itself did not answer.
fn is_out_of_reach(seen: &Seen) -> bool {
    let is_out =
        |standing: &Standing| matches!(standing, Standing::Unread(failure) if failure.is_outage());
    seen.end == PassEnd::Deadline
        || seen
            .findings()
            .iter()
            .any(|finding| is_out(&finding.standing))
}

impl super::board::Board {
    fn update_vault<T>(
        &self,
        desired: &Arc<DesiredVault>,
        change: impl FnOnce(&mut VaultState) -> T,
    ) -> T {
        self.write(|known| {
            let new = || {
                Arc::new(VaultState {
                    desired: Arc::clone(desired),
                    passes: Passes::default(),
                    health: None,
                    health_at: None,
                    own_address: None,
                    token: None,
                })
            };
            let state = known.vaults.entry(desired.name.clone()).or_insert_with(new);
            let state = Arc::make_mut(state);
            state.desired = Arc::clone(desired);
            change(state)
        })
    }

    /// A cluster that left this Vault; where another has taken it over, or an error alone hides it, it stays.
    fn forget_cluster(&self, name: &ClusterName, vault: &VaultName) {
        self.write(|known| {
            if known.misdeclared.contains_key(name) {
                return;
            }
            if known
                .clusters
                .get(name)
                .is_some_and(|state| state.cell.vault == *vault)
            {
                known.clusters.remove(name);
            }
        });
    }
}
