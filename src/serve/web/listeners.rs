//! The ports that are open, and what they answer with: as the settings say, also when these are read again.
//!
//! Promises: settings that cannot be had change nothing. A port that stays is never closed: its next request, on whatever
//! connection, is answered as the new settings say.

use super::admission::{self, Gate};
use super::connections::{Answers, Server};
use super::limits::{self, Limits};
use super::webhooks::{self, Hooks, Nudge, Reviews};
use super::{Counters, ListenError, Watchdog, probes};
use crate::serve::Board;
use crate::serve::reviews::Queue;
use crate::serve::settings::{Admission, Settings, Web, Webhooks};
use axum::Router;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long answers that are under way have when a port is closed.
const ENDING: Duration = Duration::from_secs(5);

/// What answers are made of.
#[derive(Clone)]
pub struct Parts {
    pub board: Arc<Board>,
    pub counters: Arc<Counters>,
    pub watchdog: Arc<Watchdog>,
    pub nudge: Nudge,
    /// What pull requests are put into.
    pub reviews: Arc<Queue>,
    /// The pages and the API; who may look is decided before them.
    pub pages: Router,
}

/// What a port is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    Web,
    Probes,
    Webhooks,
}

impl Purpose {
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Web => "the dashboard",
            Self::Probes => "the probes",
            Self::Webhooks => "webhooks",
        }
    }

    fn limits(self) -> Limits {
        match self {
            Self::Web => limits::WEB,
            Self::Probes => limits::PROBES,
            Self::Webhooks => limits::WEBHOOKS,
        }
    }
}

/// What the settings say of all this.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    web: Web,
    probes: SocketAddr,
    webhooks: Webhooks,
    /// A webhook of another branch says nothing.
    followed: Option<String>,
    reviews: Option<Reviews>,
}

impl Said {
    fn by(settings: &Settings) -> Self {
        Self {
            web: settings.web.clone(),
            probes: settings.probes,
            webhooks: settings.webhooks.clone(),
            followed: settings.repository.reference.clone(),
            reviews: reviews(settings),
        }
    }

    fn addresses(&self) -> BTreeMap<Purpose, SocketAddr> {
        let always = [
            (Purpose::Web, self.web.listen),
            (Purpose::Probes, self.probes),
        ];
        let wants_webhooks = !self.webhooks.from.is_empty();
        let webhooks = wants_webhooks.then_some((Purpose::Webhooks, self.webhooks.listen));
        always.into_iter().chain(webhooks).collect()
    }
}

fn reviews(settings: &Settings) -> Option<Reviews> {
    Some(Reviews {
        place: settings.review_place()?,
        forks: settings.review.as_ref()?.forks,
    })
}

/// Where it listens, with the ports that the system chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    pub web: SocketAddr,
    pub probes: SocketAddr,
    pub webhooks: Option<SocketAddr>,
}

/// The open ports. Dropped, they go on until the runtime ends.
pub struct Listeners {
    parts: Parts,
    said: Said,
    ports: BTreeMap<Purpose, Port>,
}

impl Listeners {
    /// Checks who may look and opens every port, or says what is wrong with the first that cannot be had.
    pub async fn start(settings: &Settings, parts: Parts) -> Result<Self, ListenError> {
        let said = Said::by(settings);
        let mut answers = fresh(&said, &parts)?;
        let mut bound = Vec::new();
        for (purpose, address) in said.addresses() {
            bound.push((purpose, Bound::at(purpose, address).await?));
        }
        let opened = bound.into_iter().filter_map(|(purpose, bound)| {
            let router = answers.remove(&purpose)?;
            Some((purpose, bound.open(purpose, router)))
        });
        Ok(Self {
            ports: opened.collect(),
            said,
            parts,
        })
    }

    /// From now on as these settings say. What they leave as it was goes on untouched; after an error, everything does.
    pub async fn follow(&mut self, settings: &Settings) -> Result<(), ListenError> {
        let said = Said::by(settings);
        if said == self.said {
            return Ok(());
        }
        let mut answers = self.answers(&said)?;
        let wanted = said.addresses();
        // First, since a new address may be an old one in other words: 0.0.0.0:8480 in place of 127.0.0.1:8480.
        let left = self
            .leave(|purpose, port| wanted.get(&purpose) == Some(&port.wanted))
            .await;
        let mut bound = Vec::new();
        for (purpose, address) in &wanted {
            if self.ports.contains_key(purpose) {
                continue;
            }
            match Bound::at(*purpose, *address).await {
                Ok(port) => bound.push((*purpose, port)),
                Err(error) => {
                    drop(bound);
                    self.open_again(left).await;
                    return Err(error);
                }
            }
        }
        for (purpose, port) in &self.ports {
            if let Some(router) = answers.remove(purpose) {
                port.answers.send_replace(router);
            }
        }
        for (purpose, port) in bound {
            if let Some(router) = answers.remove(&purpose) {
                self.ports.insert(purpose, port.open(purpose, router));
            }
        }
        self.said = said;
        Ok(())
    }

    pub fn addresses(&self) -> Addresses {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let at = |purpose| self.ports.get(&purpose).map(|port| port.address);
        Addresses {
            web: at(Purpose::Web).unwrap_or(nowhere),
            probes: at(Purpose::Probes).unwrap_or(nowhere),
            webhooks: at(Purpose::Webhooks),
        }
    }

    /// Answers that are under way have 5 seconds.
    pub async fn end(self) {
        let ports = self.ports.into_values();
        futures::future::join_all(ports.map(Port::end)).await;
    }

    /// What each port answers with: as before where the settings say the same, so that who is logged in stays so.
    fn answers(&self, said: &Said) -> Result<BTreeMap<Purpose, Answers>, ListenError> {
        let mut answers = fresh(said, &self.parts)?;
        let before = &self.said;
        let is_same = |purpose: &Purpose| match purpose {
            // Who may look on loopback is a matter of the address, too.
            Purpose::Web => {
                said.web.admission == before.web.admission
                    && said.web.admission != Admission::Loopback
            }
            Purpose::Probes => true,
            Purpose::Webhooks => {
                let what = |said: &Said| {
                    let Said {
                        followed, reviews, ..
                    } = said;
                    (
                        said.webhooks.from.clone(),
                        followed.clone(),
                        reviews.clone(),
                    )
                };
                what(said) == what(before)
            }
        };
        for (purpose, port) in &self.ports {
            if is_same(purpose)
                && let Some(answer) = answers.get_mut(purpose)
            {
                answer.clone_from(&port.answers.borrow());
            }
        }
        Ok(answers)
    }

    /// Closes every port but those that stay.
    async fn leave(&mut self, stays: impl Fn(Purpose, &Port) -> bool) -> Vec<(Purpose, Left)> {
        let mut left = Vec::new();
        for purpose in [Purpose::Web, Purpose::Probes, Purpose::Webhooks] {
            if let Some(port) = self.ports.remove(&purpose) {
                if stays(purpose, &port) {
                    self.ports.insert(purpose, port);
                } else {
                    left.push((purpose, port.leave().await));
                }
            }
        }
        left
    }

    async fn open_again(&mut self, left: Vec<(Purpose, Left)>) {
        for (
            purpose,
            Left {
                wanted,
                address,
                answers,
            },
        ) in left
        {
            match Bound::at(purpose, address).await {
                Ok(bound) => {
                    let bound = Bound { wanted, ..bound };
                    self.ports.insert(purpose, bound.open(purpose, answers));
                }
                // Somebody else took it in this very moment.
                Err(error) => tracing::error!("{error}; restart keyfleet"),
            }
        }
    }
}

/// What each port answers with, made anew. Refuses settings that would let strangers in.
fn fresh(said: &Said, parts: &Parts) -> Result<BTreeMap<Purpose, Answers>, ListenError> {
    apart(&said.addresses())?;
    let parts = parts.clone();
    let gate = Arc::new(Gate::new(&said.web)?);
    let reviews = said.reviews.as_ref();
    let hooks = Hooks::new(&said.webhooks, said.followed.as_deref(), reviews)?;
    let of_webhooks = parts.clone();
    let routers = [
        (Purpose::Web, admission::router(gate, parts.pages)),
        (
            Purpose::Probes,
            probes::router(parts.board, parts.counters, parts.watchdog),
        ),
        (Purpose::Webhooks, webhooks::router(hooks, of_webhooks)),
    ];
    let answers = routers.map(|(purpose, router)| (purpose, Answers::new(router)));
    Ok(answers.into())
}

/// Two of them at one address, which is found out without opening any.
pub(in crate::serve) fn shared_address(settings: &Settings) -> Option<ListenError> {
    apart(&Said::by(settings).addresses()).err()
}

/// Each on a port of its own: who may look differs.
fn apart(wanted: &BTreeMap<Purpose, SocketAddr>) -> Result<(), ListenError> {
    let mut before: Vec<(Purpose, SocketAddr)> = Vec::new();
    for (&purpose, &address) in wanted {
        let same = before.iter().find(|(_, other)| are_one(*other, address));
        if let Some((other, _)) = same {
            return Err(ListenError::Shared {
                one: *other,
                other: purpose,
                address,
            });
        }
        before.push((purpose, address));
    }
    Ok(())
}

/// Whether the system gives only one of them; an address of all others, such as 0.0.0.0, holds them too.
fn are_one(one: SocketAddr, other: SocketAddr) -> bool {
    let (a, b) = (one.ip().to_canonical(), other.ip().to_canonical());
    let is_all = |all: std::net::IpAddr, other: std::net::IpAddr| {
        all.is_unspecified() && (all.is_ipv6() || other.is_ipv4())
    };
    one.port() == other.port() && one.port() != 0 && (a == b || is_all(a, b) || is_all(b, a))
}

/// A port that is ours; nobody is answered yet.
struct Bound {
    listener: TcpListener,
    /// As it was asked for; with port 0, the system has chosen another.
    wanted: SocketAddr,
    address: SocketAddr,
}

impl Bound {
    async fn at(purpose: Purpose, wanted: SocketAddr) -> Result<Self, ListenError> {
        let failed = |source| ListenError::Bind {
            purpose,
            address: wanted,
            source,
        };
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener,
            wanted,
            address,
        })
    }

    fn open(self, purpose: Purpose, answers: Answers) -> Port {
        let (answers, current) = watch::channel(answers);
        let (end, ended) = watch::channel(false);
        let released = CancellationToken::new();
        let server = Server::new(self.listener, purpose.limits(), current);
        Port {
            wanted: self.wanted,
            address: self.address,
            answers,
            end,
            released: released.clone(),
            task: tokio::spawn(server.run(ended, ENDING, released)),
        }
    }
}

/// A port that answers.
struct Port {
    wanted: SocketAddr,
    address: SocketAddr,
    answers: watch::Sender<Answers>,
    end: watch::Sender<bool>,
    /// Cancelled when nobody listens at it any more.
    released: CancellationToken,
    task: JoinHandle<()>,
}

/// One that was closed, and can be opened again.
struct Left {
    wanted: SocketAddr,
    address: SocketAddr,
    answers: Answers,
}

impl Port {
    /// Returns when the address is free; answers under way go on for their while.
    async fn leave(self) -> Left {
        self.end.send_replace(true);
        self.released.cancelled().await;
        let answers = self.answers.borrow().clone();
        Left {
            wanted: self.wanted,
            address: self.address,
            answers,
        }
    }

    async fn end(self) {
        self.end.send_replace(true);
        // An error is a panic, which was said; nobody listens any more either way.
        let _ = self.task.await;
    }
}
