//! Webhooks of forges: "look now", and which pull request to look at.
//!
//! Promises: who sends one without the secret learns nothing and moves nothing; it is refused before anything of it is read as
//! JSON. What a payload says is never done: the repository is the one of the settings, and a branch that is named can only
//! make keyfleet not look. Of a pull request only its number counts. Any number of deliveries costs one fetch that is under way and one after it.
//!
//! Deliberately absent: any answer that tells one refusal from another.

mod delivery;
mod nudge;
mod pull_request;
mod seen;
mod signature;

pub use nudge::Nudge;

use super::limits::{Peer, Rate};
use super::metrics::WebhookResult;
use super::{ListenError, Parts};
use crate::forge::Place;
use crate::serve::board::Standing;
use crate::serve::secrets::Watched;
use crate::serve::settings::{Forge, Webhook, Webhooks};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use delivery::{Delivery, Meaning};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, LengthLimitError};
use pull_request::{Means, Reviewing};
use seen::Seen;
use signature::{Keys, Verified};
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A busy forge sends some tens a minute.
const DELIVERIES: u32 = 120;
const DELIVERIES_REFILL: Duration = Duration::from_millis(500);

impl Forge {
    /// As it is called in addresses and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Gitea => "gitea",
        }
    }
}

/// The forges that may say when to look, with their secrets.
pub(super) struct Hooks {
    keys: BTreeMap<Forge, Vec<Watched<Keys>>>,
    /// The short name of what is followed; `None` for the default branch, which only git tells.
    followed: Option<String>,
    reviewing: Option<Reviewing>,
}

impl Hooks {
    /// A secret that is missing, empty or no secret of its forge is an error at the start.
    pub(super) fn new(
        settings: &Webhooks,
        reference: Option<&str>,
        reviews: Option<&Reviews>,
    ) -> Result<Self, ListenError> {
        let mut keys: BTreeMap<Forge, Vec<_>> = BTreeMap::new();
        for hook in &settings.from {
            keys.entry(hook.forge).or_default().push(opened(hook)?);
        }
        let followed = reference.map(|name| delivery::short(name).to_owned());
        let reviewing = reviews.map(|reviews| Reviewing {
            place: reviews.place.clone(),
            forks: reviews.forks,
            branch: followed.clone(),
        });
        Ok(Self {
            keys,
            followed,
            reviewing,
        })
    }

    pub(super) fn check(hook: &Webhook) -> Result<(), ListenError> {
        opened(hook).map(drop)
    }

    fn keys(&self, forge: Forge) -> Vec<Arc<Keys>> {
        let of_forge = self.keys.get(&forge).into_iter().flatten();
        of_forge.map(Watched::current).collect()
    }
}

/// Which pull requests are reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reviews {
    pub(super) place: Place,
    /// Those from other repositories, too.
    pub(super) forks: bool,
}

fn opened(hook: &Webhook) -> Result<Watched<Keys>, ListenError> {
    let make = match hook.forge {
        Forge::Gitlab => Keys::of_gitlab,
        Forge::Github | Forge::Gitea => |secret: &_| Ok(Keys::of_signer(secret)),
    };
    let opened = Watched::open(hook.secret.clone(), make);
    opened.map_err(|why| ListenError::Webhook {
        forge: hook.forge.word(),
        why,
    })
}

struct Door {
    hooks: Hooks,
    parts: Parts,
    rate: Rate,
    seen: Seen,
}

pub(super) fn router(hooks: Hooks, parts: Parts) -> Router {
    let door = Arc::new(Door {
        hooks,
        parts,
        rate: Rate::new(DELIVERIES, DELIVERIES_REFILL),
        seen: Seen::default(),
    });
    let mut router = Router::new();
    for forge in [Forge::Github, Forge::Gitlab, Forge::Gitea] {
        let path = format!("/webhooks/{}", forge.word());
        let answer =
            async move |State(door): State<Arc<Door>>,
                        peer: Peer,
                        headers: HeaderMap,
                        body: Body| { door.receive(forge, peer, &headers, body).await };
        router = router.route(&path, post(answer));
    }
    router.with_state(door)
}

impl Door {
    async fn receive(&self, forge: Forge, peer: Peer, headers: &HeaderMap, body: Body) -> Response {
        let result = self.judge(forge, peer, headers, body).await;
        if let Ok(WebhookResult::Nudged) = result {
            tracing::debug!(forge = forge.word(), "a webhook says to look now");
            self.parts.nudge.nudge();
        }
        let counted = match &result {
            Ok(result) => *result,
            Err(refusal) => refusal.result(),
        };
        self.parts.counters.webhook(forge, counted);
        match result {
            Ok(_) => StatusCode::ACCEPTED.into_response(),
            Err(refusal) => refusal.status().into_response(),
        }
    }

    async fn judge(
        &self,
        forge: Forge,
        peer: Peer,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<WebhookResult, Refusal> {
        if !self.rate.take(peer, Instant::now()) {
            return Err(Refusal::Limited);
        }
        let now = jiff::Timestamp::now();
        let keys = self.hooks.keys(forge);
        let mut check =
            signature::Check::begin(forge, &keys, headers, now).ok_or(Refusal::Secret)?;
        let reviewing = self.hooks.reviewing.as_ref();
        let reviewing = reviewing.filter(|it| it.is_of(forge, headers));
        let mut kept = delivery::Kept::at_most(match reviewing {
            Some(_) => delivery::MOST_OF_PULL_REQUEST,
            None => delivery::MOST_OF_PUSH,
        });
        let mut body = body;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Refusal::of_body(&error))?;
            if let Some(bytes) = frame.data_ref() {
                check.update(bytes);
                kept.add(bytes);
            }
        }
        // Nothing of the body has been looked at before this line.
        let verified = check.end().ok_or(Refusal::Secret)?;
        match reviewing {
            Some(reviewing) => self.ask(reviewing, headers, &verified, &kept, now),
            None => Ok(self.weigh(forge, headers, &verified, &kept, now)),
        }
    }

    /// A process that stands by would not review it, and nobody would know.
    fn ask(
        &self,
        reviewing: &Reviewing,
        headers: &HeaderMap,
        verified: &Verified,
        kept: &delivery::Kept,
        now: jiff::Timestamp,
    ) -> Result<WebhookResult, Refusal> {
        let asked = match reviewing.means(kept.json()) {
            Means::Review(asked) => asked,
            Means::Nothing => return Ok(WebhookResult::Ignored),
            Means::Unclear => return Ok(WebhookResult::Malformed),
        };
        let standing = self.parts.board.read().standing;
        if !matches!(standing, Standing::Active { .. }) {
            return Err(Refusal::Standby);
        }
        if !self.seen.is_worth_a_look(verified.id(headers), now) {
            return Ok(WebhookResult::Repeated);
        }
        if self.parts.reviews.ask(asked) {
            Ok(WebhookResult::Review)
        } else {
            Err(Refusal::Limited)
        }
    }

    fn weigh(
        &self,
        forge: Forge,
        headers: &HeaderMap,
        verified: &Verified,
        kept: &delivery::Kept,
        now: jiff::Timestamp,
    ) -> WebhookResult {
        let delivery = Delivery::new(forge, headers, kept.json());
        match delivery.meaning(self.hooks.followed.as_deref()) {
            Meaning::Nothing => WebhookResult::Ignored,
            Meaning::Look if self.seen.is_worth_a_look(verified.id(headers), now) => {
                WebhookResult::Nudged
            }
            Meaning::Look => WebhookResult::Repeated,
        }
    }
}

/// Why a delivery is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Secret,
    Limited,
    TooLarge,
    /// The connection broke.
    Broken,
    /// Another process is the active one.
    Standby,
}

impl Refusal {
    fn of_body(error: &axum::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(found) = cause {
            if found.is::<LengthLimitError>() {
                return Self::TooLarge;
            }
            cause = found.source();
        }
        Self::Broken
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Secret => StatusCode::UNAUTHORIZED,
            Self::Limited => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Broken => StatusCode::BAD_REQUEST,
            Self::Standby => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn result(self) -> WebhookResult {
        match self {
            Self::Secret => WebhookResult::Refused,
            Self::Limited => WebhookResult::Limited,
            Self::Standby => WebhookResult::Standby,
            Self::TooLarge | Self::Broken => WebhookResult::Malformed,
        }
    }
}
