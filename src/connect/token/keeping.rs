//! The task that gets keyfleet's own token of one Vault, renews it and gets another in time.

use super::backoff::Backoff;
use super::keeper::Shared;
use super::lifetime::{Lifetime, Next};
use super::state::Phase;
use crate::chance;
use crate::connect::credential::OwnCredential;
use crate::connect::watched::FileMark;
use crate::names::VaultName;
use crate::observe::{Failure, FailureClass};
use crate::secret::SecretBytes;
use jiff::Timestamp;
use std::future::pending;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// How often a token's file is looked at: a look at its metadata, which costs next to nothing.
const LOOK_AT_FILE: Duration = Duration::from_secs(2);
/// A process that ends waits no longer than this for a Vault to take its token back.
const GIVE_BACK_WITHIN: Duration = Duration::from_secs(3);

enum Due {
    Obtain,
    Renew,
}

pub(super) struct Keeping {
    vault: VaultName,
    credential: Arc<OwnCredential>,
    shared: Arc<Shared>,
    backoff: Backoff,
    /// Of the token in use; `None` while there is none, or nothing is known of it.
    life: Option<Lifetime>,
    due: Option<(Instant, Due)>,
    /// Vault said that the one in use is none.
    is_dead: bool,
    /// Of the token's file, as it was when it was read.
    mark: Option<FileMark>,
}

impl Keeping {
    pub(super) fn new(
        vault: VaultName,
        credential: Arc<OwnCredential>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            vault,
            credential,
            shared,
            backoff: Backoff::default(),
            life: None,
            due: None,
            is_dead: false,
            mark: None,
        }
    }

    /// A keeper that is dropped ends this too.
    pub(super) async fn until(mut self, mut stopped: watch::Receiver<bool>) {
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => {}
            () = self.keep() => {}
        }
        self.give_back().await;
    }

    async fn keep(&mut self) {
        self.begin().await;
        loop {
            let own = self.shared.own.clone();
            let path = self.credential.token_file().map(Path::to_owned);
            let mark = self.mark;
            tokio::select! {
                () = due(self.due.as_ref().map(|(at, _)| *at)) => match self.due.take() {
                    Some((_, Due::Renew)) => self.renew().await,
                    Some((_, Due::Obtain)) => self.obtain().await,
                    None => {}
                },
                () = own.refused() => self.look_at_refused().await,
                () = changed(path.as_deref(), mark) => {
                    tracing::info!("vault {}: {} was written anew", self.vault, self.credential);
                    self.backoff.reset();
                    self.obtain().await;
                }
            }
        }
    }

    /// A token that is there already is used before Vault has been asked about it: requests do not wait for that.
    async fn begin(&mut self) {
        self.mark = self.credential.token_file().map(FileMark::of);
        let given = self.credential.given().await;
        let own = &self.shared.own;
        if let Err(failure) = given.and_then(|given| given.map_or(Ok(()), |it| own.replace(it))) {
            return self.failed(failure);
        }
        self.obtain().await;
    }

    async fn obtain(&mut self) {
        self.mark = self.credential.token_file().map(FileMark::of);
        let asked = Instant::now();
        let obtained = self.credential.obtain(&self.shared.api()).await;
        match obtained {
            Ok((token, lease)) => {
                if let Err(failure) = self.take(token) {
                    return self.failed(failure);
                }
                if self.credential.is_login() {
                    tracing::info!("vault {}: {} gave a token", self.vault, self.credential);
                }
                self.lives(Lifetime::new(asked, lease));
            }
            // It is known, and only lacks the right to look itself up.
            Err(failure)
                if failure.class == FailureClass::Forbidden && !self.credential.is_login() =>
            {
                self.take_unknown(failure).await;
            }
            Err(failure) => self.failed(failure),
        }
    }

    /// The same value again is not another token.
    fn take(&mut self, token: SecretBytes) -> Result<(), Failure> {
        self.is_dead = false;
        match self.shared.own.current() {
            Some(current) if current.same(&token) => {
                self.shared.own.stands();
                Ok(())
            }
            _ => self.shared.own.replace(token),
        }
    }

    async fn take_unknown(&mut self, why: Failure) {
        let given = self.credential.given().await;
        if let Err(failure) = given.and_then(|given| self.take(given.unwrap_or_default())) {
            return self.failed(failure);
        }
        (self.life, self.due) = (None, None);
        tracing::warn!(
            "vault {}: {} may not look itself up, so it is not renewed and nobody knows when it ends; grant `read` on \
             auth/token/lookup-self and `update` on auth/token/renew-self",
            self.vault,
            self.credential
        );
        self.shared.tell(|state| {
            state.phase = Phase::Unknown;
            state.expires_at = None;
            state.trouble = Some(why);
        });
    }

    async fn renew(&mut self) {
        let (Some(life), Some(token)) = (self.life, self.shared.own.current()) else {
            return self.obtain().await;
        };
        if life.ends().is_some_and(|end| end <= Instant::now()) {
            return self.obtain().await;
        }
        let asked = Instant::now();
        let renewed = self.shared.api().renew(&token, life.lease.granted).await;
        match renewed {
            Ok(lease) => {
                self.backoff.reset();
                self.lives(life.renewed(asked, lease));
            }
            Err(failure) => match failure.class {
                FailureClass::Unauthenticated => self.look_at_refused().await,
                // Its kind, or its policies, do not let it; asking again changes nothing.
                FailureClass::Rejected | FailureClass::Forbidden => {
                    tracing::warn!("vault {}: the token is not renewed: {failure}", self.vault);
                    self.lives(life.not_renewable());
                }
                // What OpenBao says of a token that is at the end of its longest life: waiting would outlive it.
                _ if failure.status == Some(500) && self.credential.is_login() => {
                    self.obtain().await;
                }
                _ => {
                    self.trouble(&failure);
                    self.due = Some((self.pause(), Due::Renew));
                }
            },
        }
    }

    /// A request found that Vault does not accept the token. Whether that is so is asked first: a proxy can lie.
    async fn look_at_refused(&mut self) {
        if let Some(token) = self.shared.own.current() {
            match self.shared.api().look_up(&token).await {
                Err(failure) if failure.class == FailureClass::Unauthenticated => {
                    tracing::warn!("vault {}: the token is not valid any more", self.vault);
                    self.is_dead = true;
                }
                Err(failure) if !is_of_token(&failure) => {
                    self.trouble(&failure);
                    return self.shared.own.stands();
                }
                _ => return self.shared.own.stands(),
            }
        }
        let now = Instant::now();
        let pause = self.backoff.pause_after_refusal(now);
        if pause.is_zero() {
            return self.obtain().await;
        }
        let why = "the last one was not accepted, and the next is asked for in a moment";
        let failure = Failure::new(FailureClass::Unauthenticated, "get keyfleet's token", why);
        self.lack(failure);
        self.due = Some((now + pause, Due::Obtain));
    }

    /// What is next for a token that lives so long.
    fn lives(&mut self, life: Lifetime) {
        let next = life.next(self.credential.is_login(), chance::share());
        self.life = Some(life);
        self.due = match next {
            Next::Nothing => life.ends().map(|end| (end, Due::Obtain)),
            Next::Renew(at) => Some((at, Due::Renew)),
            Next::Replace(at) => Some((at, Due::Obtain)),
        };
        let is_ending = life.only_runs_out() && !self.credential.is_login();
        let expires_at = life.ends().and_then(timestamp);
        let phase = match life.lease.lives {
            None => Phase::Endless,
            Some(_) if is_ending => Phase::Ending,
            Some(_) => Phase::Kept,
        };
        let mut before = Phase::Starting;
        self.shared.tell(|state| {
            before = state.phase;
            (state.phase, state.expires_at, state.trouble) = (phase, expires_at, None);
        });
        if is_ending && before != Phase::Ending {
            let at = expires_at.map_or_else(String::new, |at| format!(" at {at:.0}"));
            tracing::warn!(
                "vault {}: {} cannot be renewed any longer and ends{at}: give keyfleet another one before that",
                self.vault,
                self.credential
            );
        }
    }

    /// No token was got this time. One that may still be good stays in use.
    fn failed(&mut self, failure: Failure) {
        self.trouble(&failure);
        let is_over = self
            .life
            .and_then(|life| life.ends())
            .is_some_and(|end| end <= Instant::now());
        let is_unheard = self.life.is_some() || !is_of_token(&failure);
        if !self.is_dead && !is_over && is_unheard && self.shared.own.current().is_some() {
            self.shared.own.stands();
        } else {
            self.lack(failure);
        }
        self.due = Some((self.pause(), Due::Obtain));
    }

    fn lack(&mut self, failure: Failure) {
        self.life = None;
        self.shared.tell(|state| {
            (state.phase, state.expires_at) = (Phase::Lacking, None);
            state.trouble.get_or_insert_with(|| failure.clone());
        });
        // Whatever it is for the token, for a request it is that there is none.
        let class = match failure.class {
            _ if is_of_token(&failure) => FailureClass::Unauthenticated,
            class => class,
        };
        self.shared.own.lacks(Failure { class, ..failure });
    }

    fn trouble(&self, failure: &Failure) {
        tracing::warn!("vault {}: {}: {failure}", self.vault, self.credential);
        self.shared
            .tell(|state| state.trouble = Some(failure.clone()));
    }

    fn pause(&mut self) -> Instant {
        let now = Instant::now();
        now + self.backoff.pause(now)
    }

    /// Nothing is sent with it any more, since what asks for it ends too.
    async fn give_back(&self) {
        let Some(token) = self.shared.own.current() else {
            return;
        };
        let why = Failure::new(
            FailureClass::Setup,
            "get keyfleet's token",
            "the connection is closed",
        );
        self.shared.own.lacks(why);
        if self.credential.is_login() {
            let api = self.shared.api();
            let given_back = timeout(GIVE_BACK_WITHIN, api.give_back(&token)).await;
            if let Ok(Ok(())) = given_back {
                tracing::info!("vault {}: the token is given back", self.vault);
            } else {
                // It ends by itself.
                tracing::warn!("vault {}: the token could not be given back", self.vault);
            }
        }
    }
}

/// Whether Vault's answer is about the token or the login, and not that it cannot answer.
fn is_of_token(failure: &Failure) -> bool {
    matches!(
        failure.class,
        FailureClass::Unauthenticated
            | FailureClass::Forbidden
            | FailureClass::NotFound
            | FailureClass::Rejected
    )
}

async fn due(at: Option<Instant>) {
    match at {
        Some(at) => sleep(at.saturating_duration_since(Instant::now())).await,
        None => pending().await,
    }
}

/// Ends when the file is another than that of the mark.
async fn changed(path: Option<&Path>, mark: Option<FileMark>) {
    let Some(path) = path else {
        return pending().await;
    };
    while Some(FileMark::of(path)) == mark {
        sleep(LOOK_AT_FILE).await;
    }
}

/// The time of day of an instant ahead; `None` where no calendar reaches.
fn timestamp(at: Instant) -> Option<Timestamp> {
    let left = at.saturating_duration_since(Instant::now());
    Timestamp::now().checked_add(left).ok()
}
