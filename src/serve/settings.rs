//! What the operator says: one file, with flags and environment over it. Checked whole at the start, each setting with its
//! place. What the repository may decide (`mode`, `suspend`, `windows`) is in the repository; here is what it must not: where keyfleet
//! gets its credentials from, whom it tells, and who may look.
//!
//! Secrets are never in the file: it names a file or a variable.

mod check;
mod file;
mod places;
mod review;

use crate::connect::VaultAccess;
use crate::diagnostics::{Diagnostic, Diagnostics, Sources};
use crate::git;
use crate::report::drift::Format;
use crate::schedule::{Cron, ScheduleError, Zone};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub use file::read;
pub use places::Places;
pub use review::Review;

/// Everything that `keyfleet serve` is told.
#[derive(Debug, Clone)]
pub struct Settings {
    pub repository: Repository,
    /// keyfleet's own login to each Vault, by the name that fleet.yaml gives it; without one, that of the environment.
    pub vaults: BTreeMap<String, VaultAccess>,
    pub reconcile: Reconcile,
    /// Where the cache of git, the ledger of findings and the lock are.
    pub data: PathBuf,
    pub active: Active,
    pub web: Web,
    /// `/livez`, `/readyz`, `/metrics`: for machines, without a token.
    pub probes: SocketAddr,
    pub webhooks: Webhooks,
    /// `None`: no pull request is reviewed.
    pub review: Option<Review>,
    pub reports: Reports,
    pub log: LogFormat,
    pub places: Places,
}

/// One reading of the settings, with all that is wrong with it.
pub struct Reading {
    /// Of use only when there is no error.
    pub settings: Settings,
    pub problems: Diagnostics,
    /// The text that the problems point into.
    pub sources: Sources,
}

impl Settings {
    /// What a running process cannot change: an error at each place of the new settings where it should.
    pub(super) fn needs_restart(&self, new: &Self) -> Diagnostics {
        let fixed = [
            ("data", self.data != new.data),
            ("active", self.active != new.active),
            ("log.format", self.log != new.log),
        ];
        let mut problems = Diagnostics::default();
        for (setting, _) in fixed.into_iter().filter(|(_, has_changed)| *has_changed) {
            let wrong = format!("`{setting}` has changed, which takes a restart");
            let hint = "restart keyfleet, or write what it was before; until then, the old settings stay in force as a whole";
            problems.push(Diagnostic::error(&new.places.of(setting), wrong).hint(hint));
        }
        problems
    }

    /// What holds where nothing is said.
    pub fn new(data: PathBuf) -> Self {
        Self {
            repository: Repository::of(git::Source::Directory(PathBuf::from("."))),
            vaults: BTreeMap::new(),
            reconcile: Reconcile::default(),
            data,
            active: Active::Lock,
            web: Web {
                listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8480)),
                admission: Admission::Loopback,
            },
            probes: SocketAddr::from((Ipv4Addr::LOCALHOST, 8481)),
            webhooks: Webhooks {
                listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8482)),
                from: Vec::new(),
            },
            review: None,
            reports: Reports::default(),
            log: LogFormat::Text,
            places: Places::default(),
        }
    }
}

impl Repository {
    /// With nothing said but where it is.
    pub fn of(source: git::Source) -> Self {
        Self {
            source,
            reference: None,
            interval: Duration::from_secs(60),
            accept: None,
            username: None,
            token: None,
            ssh_key: None,
            known_hosts: None,
            certificate_authority: None,
            limits: git::Limits::default(),
        }
    }
}

impl Default for Reconcile {
    fn default() -> Self {
        Self {
            apply: true,
            interval: Duration::from_secs(300),
            full: Duration::from_secs(24 * 3600),
            deadline: Duration::from_secs(120),
            clusters: BTreeSet::new(),
            requests: Requests {
                all: 64,
                per_vault: 8,
                per_cluster: 4,
            },
        }
    }
}

/// Where a secret is kept. It is read when it is needed, so that a rotated one is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    File(PathBuf),
    /// The name of an environment variable.
    Environment(String),
}

#[derive(Debug, Clone)]
pub struct Repository {
    pub source: git::Source,
    pub reference: Option<String>,
    pub interval: Duration,
    /// The commit of a rewritten branch that may be followed.
    pub accept: Option<String>,
    pub username: Option<String>,
    pub token: Option<SecretSource>,
    pub ssh_key: Option<PathBuf>,
    pub known_hosts: Option<PathBuf>,
    pub certificate_authority: Option<PathBuf>,
    pub limits: git::Limits,
}

#[derive(Debug, Clone)]
pub struct Reconcile {
    /// False: nothing is ever written, whatever the repository says.
    pub apply: bool,
    /// How often everything is looked at.
    pub interval: Duration,
    /// How often the data of every Secret is compared, whatever its metadata says.
    pub full: Duration,
    /// How long one pass of one cell may look; a write in hand is finished.
    pub deadline: Duration,
    /// Only these clusters; empty for all.
    pub clusters: BTreeSet<String>,
    pub requests: Requests,
}

/// How many requests are under way at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requests {
    pub all: usize,
    pub per_vault: usize,
    pub per_cluster: usize,
}

/// How it is made sure that one process writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Active {
    /// A Lease of the cluster that keyfleet runs in, or of the one that this context of its own kubeconfig leads to.
    Lease {
        namespace: String,
        name: String,
        context: Option<String>,
    },
    /// A lock on the data directory.
    Lock,
}

/// The dashboard and the JSON API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Web {
    pub listen: SocketAddr,
    pub admission: Admission,
}

/// Who may look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Whoever can reach a loopback address.
    Loopback,
    /// Whoever has this token.
    Token(SecretSource),
    /// Whom a reverse proxy at one of these addresses names in this header.
    Proxy { header: String, from: Vec<IpNet> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhooks {
    pub listen: SocketAddr,
    pub from: Vec<Webhook>,
}

/// A forge that says when to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub forge: Forge,
    pub secret: SecretSource,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Forge {
    Github,
    Gitlab,
    /// Gitea and Forgejo.
    Gitea,
}

#[derive(Debug, Clone, Default)]
pub struct Reports {
    pub sinks: Vec<Sink>,
    pub schedules: Vec<Schedule>,
}

/// Where reports go.
#[derive(Debug, Clone)]
pub struct Sink {
    pub name: String,
    pub to: Destination,
}

#[derive(Debug, Clone)]
pub enum Destination {
    Directory(PathBuf),
    /// A branch of a git repository, with its own access.
    Branch {
        repository: Box<Repository>,
        branch: String,
        /// The folder in it; empty for its root.
        folder: String,
    },
    /// JSON to any webhook.
    Webhook(SecretSource),
    Slack(SecretSource),
    Teams(SecretSource),
}

/// When a drift report is made, and for whom.
#[derive(Debug, Clone)]
pub struct Schedule {
    pub name: String,
    /// Five fields, as in a crontab.
    pub cron: String,
    /// An IANA zone.
    pub zone: String,
    /// Names of sinks.
    pub to: Vec<String>,
    /// Of what is written to a directory or a branch.
    pub formats: Vec<Format>,
}

impl Schedule {
    /// When it is due.
    pub fn cron(&self) -> Result<Cron, ScheduleError> {
        Cron::parse(&self.cron, &Zone::parse(&self.zone)?)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}
