//! The task of one cluster: it takes orders, one at a time and the newest first, and keeps nobody waiting but itself.
//!
//! Its own are its queue, its connection, its tokens, its deadline and its breaker. It knows no other cell, and nothing of it is
//! kept elsewhere: the unit that another replica could take over.

mod breaker;
mod tokens;

use super::board::{self, ClusterState, Followed, PassEnd, Passes, Permission, Trigger};
use super::log;
use super::mailbox::Mailbox;
use super::pass::{self, About, Job, Seen};
use super::service::{Service, run_id};
use super::supervise::{Task, supervise};
use crate::backends::cluster_called;
use crate::chance::{self, Backoff};
use crate::connect::Opener;
use crate::desire::Cell;
use crate::drift::declared_for_cluster;
use crate::names::ClusterName;
use crate::observe::Failure;
use crate::pipeline::{Alone, Look, Open, OpenCluster, OpenVault, Options};
use crate::plan::Scope;
use breaker::Breaker;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokens::Tokens;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

/// How long the one request may take that asks whether a cluster is back.
const PROBE: Duration = Duration::from_secs(5);
/// How soon after a failure another pass is made at the earliest; doubled with each failure.
const RETRY: Duration = Duration::from_secs(15);

/// What a cell is to be made equal to.
#[derive(Clone)]
pub(super) struct Order {
    pub followed: Arc<Followed>,
    pub cell: Arc<Cell>,
    pub opener: Arc<Opener>,
    pub vault: Result<OpenVault, Failure>,
    /// The look that the clusters of this Vault share; without one, it looks for itself.
    pub look: Option<Result<Look, Failure>>,
    /// When that look began.
    pub given: Instant,
    pub why: Trigger,
}

pub(super) struct CellTask {
    service: Arc<Service>,
    name: ClusterName,
    orders: Arc<Mailbox<Order>>,
    stop: CancellationToken,
    /// The last order, without its look: what a retry is made of.
    last: Option<Order>,
    tokens: Tokens,
    declared: Declared,
    breaker: Breaker,
    /// Since when it is open.
    let_alone: Option<Timestamp>,
    /// When the last pass ended that wrote something.
    wrote: Option<Instant>,
    /// Failures in a row, of a cluster that answers.
    failures: u32,
    retry: Option<Instant>,
}

/// The digest of what is declared, worked out once for each revision of it.
#[derive(Default)]
struct Declared(Option<(Arc<Cell>, String)>);

impl Declared {
    fn of(&mut self, cell: &Arc<Cell>) -> &str {
        let is_known = |(known, _): &(Arc<Cell>, String)| Arc::ptr_eq(known, cell);
        if !self.0.as_ref().is_some_and(is_known) {
            self.0 = Some((Arc::clone(cell), declared_for_cluster(cell)));
        }
        self.0.as_ref().map_or("", |(_, digest)| digest)
    }
}

impl About {
    fn of(order: &Order, run: String, began: Timestamp, full: bool) -> Self {
        Self {
            run,
            revision: order.followed.revision.clone(),
            began,
            took: Duration::ZERO,
            why: order.why,
            full,
        }
    }
}

impl CellTask {
    pub(super) fn new(
        service: Arc<Service>,
        name: ClusterName,
        orders: Arc<Mailbox<Order>>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            service,
            name,
            orders,
            stop,
            last: None,
            tokens: Tokens::default(),
            declared: Declared::default(),
            breaker: Breaker::default(),
            let_alone: None,
            wrote: None,
            failures: 0,
            retry: None,
        }
    }

    /// Until it is stopped; then its tokens are given back.
    pub(super) async fn run(mut self) {
        let called = format!("cluster {}", self.name);
        let (service, stop) = (Arc::clone(&self.service), self.stop.clone());
        supervise(&mut self, &called, &service.counters, &stop).await;
        self.tokens.give_back().await;
    }

    async fn obey(&mut self, mut order: Order) {
        let taken = Instant::now();
        // Unless this pass says otherwise: one that ends by a fault of keyfleet says nothing.
        self.retry = Some(taken + RETRY);
        if self.wrote.is_some_and(|wrote| wrote > order.given) {
            // What this very cell has written since is not in that look.
            order.look = None;
        }
        if let Ok(vault) = &order.vault {
            self.tokens.at(&vault.as_cluster).await;
        }
        let cluster = order.opener.cluster(&order.cell, order.vault.as_ref());
        let cluster = cluster.await;
        let run = run_id();
        let scope = Scope::Cluster(self.name.clone());
        let span = log::pass_span(&scope.to_string(), &run, &order.followed.revision);
        if self.breaker.is_open() && !is_back(&cluster).await {
            self.missed("");
            let about = About::of(&order, run, Timestamp::now(), false);
            span.in_scope(|| self.tell(&order, about, Seen::skipped()));
            return;
        }
        let place = tokio::select! {
            biased;
            () = self.stop.cancelled() => return,
            place = self.service.places.free() => place,
        };
        place
            .hold(self.pass(&order, taken, cluster, run, span))
            .await;
    }

    async fn pass(
        &mut self,
        order: &Order,
        taken: Instant,
        cluster: Result<OpenCluster, Failure>,
        run: String,
        span: Span,
    ) {
        let scope = Scope::Cluster(self.name.clone());
        let sent = self.sent();
        let (at, began) = (Timestamp::now(), Instant::now());
        self.service.board.update_cluster(&order.cell, |state| {
            state.passes.running = Some(at);
        });
        let full_passes = Arc::clone(&self.service.full_passes);
        let full = full_passes.is_due(&self.name, self.service.settings.reconcile.full);
        let job = self.job(order, cluster, full);
        let seen = pass::run(job).instrument(span.clone()).await;
        if full && seen.is_complete() {
            full_passes.made(&self.name, began);
        }
        if seen.is_complete() && seen.written.is_empty() {
            let asked = self.sent().saturating_sub(sent);
            self.service.counters.full_pass(&scope, asked);
        }
        if !seen.written.is_empty() {
            self.wrote = Some(Instant::now());
        }
        span.in_scope(|| self.learn(&seen));
        let mut about = About::of(order, run, at, full);
        // With its wait for a place: who is looked at late is late.
        about.took = taken.elapsed();
        span.in_scope(|| self.tell(order, about, seen));
    }

    fn job(&self, order: &Order, cluster: Result<OpenCluster, Failure>, full: bool) -> Job {
        let own_look = || {
            let vault = order.vault.as_ref().map_err(Clone::clone)?;
            Ok(Look::of_cell(vault, &order.cell))
        };
        let permission = self.service.permission(&order.cell.operation);
        let options = Options {
            full,
            ..Options::default()
        };
        Job {
            look: order.look.clone().unwrap_or_else(own_look),
            alone: Alone::cell(
                &order.followed.desired,
                &order.cell,
                order.vault.clone(),
                cluster,
                self.tokens.sessions(),
                options,
            ),
            writes: permission == Permission::Apply,
            deadline: self.service.settings.reconcile.deadline,
            stop: self.stop.clone(),
        }
    }

    /// What a pass says of the cluster: whether it is there, and when to look again.
    fn learn(&mut self, seen: &Seen) {
        self.retry = None;
        let why = match &seen.out_of_reach {
            Some(failure) => Some(failure.to_string()),
            None if seen.end == PassEnd::Deadline => Some("the pass ran out of time".to_owned()),
            None => None,
        };
        if let Some(why) = why {
            self.missed(&why);
            self.retry_soon();
            return;
        }
        if self.breaker.is_open() {
            tracing::info!(cluster = %self.name, "it answers, and is looked at again");
        }
        self.breaker.reached();
        if seen.is_complete() || seen.end == PassEnd::Stopped {
            self.failures = 0;
            return;
        }
        self.retry_soon();
    }

    /// Once more before it is time, later and later; the period is a retry too.
    fn retry_soon(&mut self) {
        self.failures = self.failures.saturating_add(1);
        let backoff = Backoff {
            first: RETRY,
            longest: self.service.settings.reconcile.interval,
        };
        let is_sooner = backoff.most(self.failures) < backoff.longest;
        self.retry = is_sooner.then(|| Instant::now() + backoff.half(self.failures));
    }

    /// Requests to this cluster so far.
    fn sent(&self) -> u64 {
        let server = cluster_called(&self.name);
        self.service.conduct.sent_to(&server).all()
    }

    /// Said once when the breaker opens, and not at each question that it lets through.
    fn missed(&mut self, why: &str) {
        let was_open = self.breaker.is_open();
        let longest = self.service.settings.reconcile.interval;
        self.breaker
            .missed(Instant::now(), longest, chance::share());
        if !was_open && self.breaker.is_open() {
            tracing::warn!(
                cluster = %self.name,
                why,
                "it is let alone, after several passes that did not reach it; one request at a time asks whether it is back"
            );
        }
    }

    /// Writes on the board and into the ledger what came of a pass.
    fn tell(&mut self, order: &Order, about: About, mut seen: Seen) {
        if self.stop.is_cancelled() && seen.written.is_empty() {
            // It may be gone from the repository: what it saw is of no use, and nobody would ever forget it.
            return;
        }
        let success = seen.is_as_declared();
        let scope = Scope::Cluster(self.name.clone());
        let declared = self.declared.of(&order.cell);
        about.remember(&self.service.memory, &scope, declared, &mut seen);
        let permission = self.service.permission(&order.cell.operation);
        let breaker = self.breaker_shown();
        let pass = self.service.board.update_cluster(&order.cell, |state| {
            state.passes.permission = permission;
            state.breaker = breaker;
            if success {
                state.passes.last_success = Some(about.began);
            }
            if let Some(after) = &seen.after {
                state.take_secrets(&after.secrets);
            }
            state.passes.ended(&scope, about, seen)
        });
        self.service.count(&pass);
    }

    fn breaker_shown(&mut self) -> board::Breaker {
        match self.breaker.next() {
            None => {
                self.let_alone = None;
                board::Breaker::Closed
            }
            Some(next) => {
                let wait = next.saturating_duration_since(Instant::now());
                board::Breaker::Open {
                    since: *self.let_alone.get_or_insert_with(Timestamp::now),
                    next: Timestamp::now().checked_add(wait).unwrap_or(Timestamp::MAX),
                }
            }
        }
    }
}

impl Task for CellTask {
    async fn live(&mut self) {
        loop {
            let due = self.breaker.next().or(self.retry);
            let order = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                order = self.orders.take() => order,
                () = at(due) => match &self.last {
                    Some(order) => Order { why: Trigger::Retry, ..order.clone() },
                    None => continue,
                },
            };
            // The look is worth keeping for this pass only: it holds the versions of a whole fleet.
            self.last = Some(Order {
                look: None,
                ..order.clone()
            });
            self.obey(order).await;
        }
    }
}

/// Whether a cluster that was let alone answers again.
async fn is_back(cluster: &Result<OpenCluster, Failure>) -> bool {
    let Ok(open) = cluster else { return false };
    let asked = tokio::time::timeout(PROBE, open.read.identity());
    matches!(asked.await, Ok(answer) if !answer.as_ref().is_err_and(Failure::is_outage))
}

/// At this time, or never.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}

impl ClusterState {
    fn new(cell: &Arc<Cell>) -> Self {
        Self {
            cell: Arc::clone(cell),
            passes: Passes::default(),
            secrets: Arc::default(),
            breaker: board::Breaker::default(),
        }
    }
}

impl board::Board {
    /// Changes what is known of a cluster, from nothing if need be.
    fn update_cluster<T>(
        &self,
        cell: &Arc<Cell>,
        change: impl FnOnce(&mut ClusterState) -> T,
    ) -> T {
        self.write(|known| {
            let state = known
                .clusters
                .entry(cell.cluster.clone())
                .or_insert_with(|| Arc::new(ClusterState::new(cell)));
            let state = Arc::make_mut(state);
            state.cell = Arc::clone(cell);
            change(state)
        })
    }
}
