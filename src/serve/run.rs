//! The service from its start to its end.
//!
//! What stays from the start to the end is the seat that processes contend for, the ports, the board, and what holds for
//! all requests. The rest is made anew when the settings are read again: it ends in order first, so that a new reading and
//! a restart are the same thing. Settings are taken whole or not at all.

use super::active::{self, Contender, LeaseSeat, LockSeat, Role, Seat, Times};
use super::board::{Board, Followed, Standing};
use super::fleet::Fleet;
use super::follow::Follower;
use super::full::FullPasses;
use super::log::{self, Log};
use super::memory::Memory;
use super::reports::Reporter;
use super::reviews::{Queue, Reviewer};
use super::service::Service;
use super::settings::{Active, Reading, Requests, Settings};
use super::supervise::supervise;
use super::view::Reader;
use super::web::{Counters, ListenError, Listeners, Nudge, Parts, Watchdog};
use super::web::{api, pages};
use crate::backends::Conduct;
use crate::backends::kubernetes::{Access, ClusterConnection, KubeconfigFile, Limits};
use crate::connect::variable;
use crate::diagnostics::Diagnostic;
use crate::fence::Fence;
use crate::names::{Namespace, ObjectName};
use crate::places::Places;
use anyhow::anyhow;
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long tasks may take to finish what they have in hand.
const LAST_WORK: Duration = Duration::from_secs(7);

/// A pass that takes longer than this keeps no other waiting: a first sync is over by then, and a cluster that hangs is not.
const SLOW_PASS: Duration = Duration::from_secs(2);

/// After so many periods without a look, a scope is overdue.
const OVERDUE: u32 = 3;

/// What a running service is told from outside.
pub struct Signals {
    /// To end.
    pub stop: CancellationToken,
    /// To read the settings again.
    pub reload: mpsc::Receiver<()>,
}

/// Reads the settings again.
pub type Reread<'a> = &'a (dyn Fn() -> Reading + Send + Sync);

/// What stays from the start of the process to its end.
struct Process {
    board: Arc<Board>,
    conduct: Conduct,
    fence: Fence,
    memory: Arc<Memory>,
    full_passes: Arc<FullPasses>,
    counters: Arc<Counters>,
    watchdog: Arc<Watchdog>,
    /// Said by webhooks.
    nudge: Nudge,
    /// Filled by webhooks.
    reviews: Arc<Queue>,
    /// How long is too long for a scope that was not looked at.
    overdue: watch::Sender<Duration>,
}

/// Why one reading of the settings is not at work any more.
enum Next {
    End,
    Anew(Box<Settings>),
    /// Something that the rest cannot go on without has ended by itself.
    Fault(anyhow::Error),
}

/// Runs until it is told to stop.
pub async fn run(
    mut settings: Settings,
    reread: Reread<'_>,
    mut signals: Signals,
    log: &Log,
) -> anyhow::Result<()> {
    let fence = Fence::closed();
    let process = Process::of(&settings, fence.clone());
    process.counters.log(log.dropped());
    process.counters.to_review(&process.reviews);
    let mut listeners = Listeners::start(&settings, process.parts()).await?;
    listens(&listeners);
    let contender = contend(&settings, fence)?;
    let (service, ended) = loop {
        let service = process.service(settings.clone());
        let next = tokio::select! {
            biased;
            () = signals.stop.cancelled() => Next::End,
            fault = serve(&service, &process, contender.standing()) => Next::Fault(fault),
            new = next_settings(reread, &mut signals.reload, &process, &settings, &mut listeners) => Next::Anew(new),
        };
        match next {
            Next::Anew(new) => {
                service.end().await;
                process.memory.save().await;
                process.follow(&new);
                settings = *new;
            }
            Next::End => break (service, Ok(())),
            Next::Fault(fault) => break (service, Err(fault)),
        }
    };
    process.stands(Standing::Stopping);
    // Side by side, so that all of it is over in ten seconds.
    tokio::join!(listeners.end(), service.end());
    process.memory.save().await;
    let given_up = contender.give_up().await;
    tracing::info!("ended");
    given_up.and(ended)
}

/// As many as use all requests when each sends as many as it may: more are not sooner done, and each has in memory what it has
/// seen. On 200 clusters with 50 Secrets each, 64 at once took 30 MiB more than 16 and as long.
fn passes_at_once(requests: Requests) -> usize {
    (requests.all / requests.per_cluster.max(1)).max(1)
}

fn contend(settings: &Settings, fence: Fence) -> anyhow::Result<Contender> {
    std::fs::create_dir_all(&settings.data).map_err(|error| {
        anyhow!(
            "the data directory {} cannot be made: {error}; name another one with --data",
            settings.data.display()
        )
    })?;
    let seat = match &settings.active {
        Active::Lock => Seat::Lock(LockSeat::new(&settings.data)?),
        Active::Lease {
            namespace,
            name,
            context,
        } => Seat::Lease(lease(namespace, name, context.as_deref())?),
    };
    Ok(active::contend(seat, fence))
}

/// Over a connection of its own: no pass may keep a renewal waiting.
fn lease(namespace: &str, name: &str, context: Option<&str>) -> anyhow::Result<LeaseSeat> {
    let access = match context {
        None => Access::InCluster,
        Some(context) => {
            let path = variable("KUBECONFIG").map(PathBuf::from);
            Access::Kubeconfig {
                file: Arc::new(KubeconfigFile::read(path.as_deref())?),
                context: Some(context.to_owned()),
            }
        }
    };
    let own = ClusterConnection::new(access, Limits::default())?;
    let namespace = Namespace::parse(namespace).map_err(|error| anyhow!(error.wrong()))?;
    let name = ObjectName::parse(name).map_err(|error| anyhow!(error.wrong()))?;
    let me = active::identity(variable("POD_NAME").as_deref());
    let times = Times::default();
    Ok(LeaseSeat::new(own.leases(), namespace, name, me, times))
}

/// Until the settings were read again, are good, and are listened by.
async fn next_settings(
    reread: Reread<'_>,
    reload: &mut mpsc::Receiver<()>,
    process: &Process,
    old: &Settings,
    listeners: &mut Listeners,
) -> Box<Settings> {
    loop {
        if reload.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        let mut new = reread();
        if !new.problems.has_errors() {
            new.problems.append(old.needs_restart(&new.settings));
        }
        if !new.problems.has_errors()
            && let Err(error) = listeners.follow(&new.settings).await
        {
            new.problems.push(misplaced(&error, &new.settings));
        }
        let is_good = !new.problems.has_errors();
        log::problems(&new.problems);
        process.counters.settings_reload(is_good);
        if is_good {
            tracing::info!("the settings were read again");
            listens(listeners);
            return Box::new(new.settings);
        }
        tracing::error!("the settings are not good; the old ones stay in force");
    }
}

fn misplaced(error: &ListenError, settings: &Settings) -> Diagnostic {
    let place = settings.places.of(error.setting());
    Diagnostic::error(&place, error.to_string())
}

fn listens(listeners: &Listeners) {
    let addresses = listeners.addresses();
    let webhooks = addresses.webhooks.map(tracing::field::display);
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(version, web = %addresses.web, probes = %addresses.probes, webhooks, "listening");
}

impl Process {
    fn of(settings: &Settings, fence: Fence) -> Self {
        let conduct = Conduct::new(settings.reconcile.requests.all);
        let counters = Arc::new(Counters::new(conduct.clone()));
        Self {
            board: Arc::new(Board::default()),
            conduct,
            fence,
            memory: Arc::new(Memory::of(&settings.data, Arc::clone(&counters))),
            full_passes: Arc::default(),
            counters,
            watchdog: Arc::default(),
            nudge: Nudge::default(),
            reviews: Arc::default(),
            overdue: watch::Sender::new(overdue(settings)),
        }
    }

    /// What stays takes on what it can of new settings.
    fn follow(&self, settings: &Settings) {
        self.overdue.send_replace(overdue(settings));
        self.conduct.set_at_once(settings.reconcile.requests.all);
    }

    fn service(&self, settings: Settings) -> Arc<Service> {
        Arc::new(Service {
            places: Places::new(passes_at_once(settings.reconcile.requests), SLOW_PASS),
            settings,
            board: Arc::clone(&self.board),
            conduct: self.conduct.clone(),
            counters: Arc::clone(&self.counters),
            watchdog: Arc::clone(&self.watchdog),
            fence: self.fence.clone(),
            full_passes: Arc::clone(&self.full_passes),
            memory: Arc::clone(&self.memory),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        })
    }

    /// What is answered with.
    fn parts(&self) -> Parts {
        let reader = Reader {
            board: Arc::clone(&self.board),
            overdue: self.overdue.subscribe(),
            clock: Timestamp::now,
        };
        Parts {
            board: Arc::clone(&self.board),
            counters: Arc::clone(&self.counters),
            watchdog: Arc::clone(&self.watchdog),
            nudge: self.nudge.clone(),
            reviews: Arc::clone(&self.reviews),
            pages: pages::router(reader.clone()).nest("/api/v1", api::router(reader)),
        }
    }

    fn stands(&self, standing: Standing) {
        self.board.write(|known| known.standing = standing);
    }
}

fn overdue(settings: &Settings) -> Duration {
    settings.reconcile.interval * OVERDUE
}

impl Service {
    /// Every task finishes the write that it has in hand, and ends.
    async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        let ended = tokio::time::timeout(LAST_WORK, self.tasks.wait());
        if ended.await.is_err() {
            tracing::warn!(
                "some work did not end in time; the next pass goes on from what is there"
            );
        }
    }
}

/// Follows the repository, and while this process is the active one, keeps everything equal to it. Ends by a fault only.
async fn serve(
    service: &Arc<Service>,
    process: &Process,
    mut standing: watch::Receiver<active::Standing>,
) -> anyhow::Error {
    let (newest, mut revisions) = mpsc::channel::<Arc<Followed>>(1);
    let nudge = process.nudge.clone();
    let follower = Follower::new(Arc::clone(service), nudge, newest);
    service.tasks.spawn(follower.run());
    let look = Arc::new(Notify::new());
    let memory = Arc::clone(&process.memory);
    service.tasks.spawn(memory.keep(service.stop.clone()));
    let mut newest_known: Option<Arc<Followed>> = None;
    let mut fleet: Option<Fleet> = None;
    loop {
        let now = standing.borrow_and_update().clone();
        process.stands(shown(&now));
        // Who was not active for a moment may hear of it only when that is over: then it is another term all the same.
        let is_active = now.role.is_active();
        if let Some(ended) = fleet.take_if(|fleet| !is_active || fleet.is_of_the_past()) {
            ended.end();
        }
        if is_active && fleet.is_none() {
            let mut begun = Fleet::new(Arc::clone(service));
            process.memory.load();
            report_on_schedule(service, &look, begun.stopped());
            review_on_webhooks(service, &process.reviews, begun.stopped());
            if let Some(known) = &newest_known {
                begun.follow(known);
            }
            fleet = Some(begun);
        }
        tokio::select! {
            changed = standing.changed() => if changed.is_err() {
                return anyhow!("nobody contends any more for being the process that writes; keyfleet ends, to be started anew");
            },
            () = look.notified() => if let Some(fleet) = &fleet {
                fleet.look();
            },
            new = revisions.recv() => {
                let Some(new) = new else {
                    return anyhow!("the repository is not followed any more, by a fault of keyfleet, please report it: it ends, to be started anew");
                };
                if let Some(fleet) = &mut fleet {
                    fleet.follow(&new);
                }
                newest_known = Some(new);
            }
        }
    }
}

fn report_on_schedule(service: &Arc<Service>, look: &Arc<Notify>, stop: CancellationToken) {
    match Reporter::new(Arc::clone(service), Arc::clone(look)) {
        Ok(reporter) => drop(service.tasks.spawn(reporter.run(stop))),
        // The settings were checked: this is a machine without a list of authorities.
        Err(error) => tracing::error!("no reports are made: {error:#}"),
    }
}

fn review_on_webhooks(service: &Arc<Service>, queue: &Arc<Queue>, stop: CancellationToken) {
    let reviewer = Reviewer::new(Arc::clone(service), Arc::clone(queue), stop.clone());
    if let Some(mut reviewer) = reviewer {
        let counters = Arc::clone(&service.counters);
        service
            .tasks
            .spawn(async move { supervise(&mut reviewer, "reviews", &counters, &stop).await });
    }
}

fn shown(standing: &active::Standing) -> Standing {
    match &standing.role {
        Role::Starting => Standing::Starting,
        Role::Active { .. } => Standing::Active {
            since: standing.since,
        },
        Role::Standby { holder } => Standing::Standby {
            holder: holder.clone(),
        },
    }
}
