//! Webhooks of forges: "look now".
//!
//! Promises: who sends one without the secret learns nothing and moves nothing; it is refused before anything of it is read as
//! JSON. What a payload says is never done: the repository is the one of the settings, and a branch that is named can only
//! make keyfleet not look. Any number of deliveries costs one fetch that is under way and one after it.
//!
//! Deliberately absent: any answer that tells one refusal from another.

mod delivery;
mod nudge;
mod seen;
mod signature;

pub use nudge::Nudge;

use super::ListenError;
use super::limits::{Peer, Rate};
use super::metrics::{Counters, WebhookResult};
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
}

impl Hooks {
    /// A secret that is missing, empty or no secret of its forge is an error at the start.
    pub(super) fn new(settings: &Webhooks, reference: Option<&str>) -> Result<Self, ListenError> {
        let mut keys: BTreeMap<Forge, Vec<_>> = BTreeMap::new();
        for hook in &settings.from {
            keys.entry(hook.forge).or_default().push(opened(hook)?);
        }
        let followed = reference.map(|name| delivery::short(name).to_owned());
        Ok(Self { keys, followed })
    }

    pub(super) fn check(hook: &Webhook) -> Result<(), ListenError> {
        opened(hook).map(drop)
    }

    fn keys(&self, forge: Forge) -> Vec<Arc<Keys>> {
        let of_forge = self.keys.get(&forge).into_iter().flatten();
        of_forge.map(Watched::current).collect()
    }
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
    nudge: Nudge,
    counters: Arc<Counters>,
    rate: Rate,
    seen: Seen,
}

pub(super) fn router(hooks: Hooks, nudge: Nudge, counters: Arc<Counters>) -> Router {
    let door = Arc::new(Door {
        hooks,
        nudge,
        counters,
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
            self.nudge.nudge();
        }
        let counted = match &result {
            Ok(result) => *result,
            Err(refusal) => refusal.result(),
        };
        self.counters.webhook(forge, counted);
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
        let mut kept = delivery::Kept::default();
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
        Ok(self.weigh(forge, headers, &verified, &kept, now))
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
        }
    }

    fn result(self) -> WebhookResult {
        match self {
            Self::Secret => WebhookResult::Refused,
            Self::Limited => WebhookResult::Limited,
            Self::TooLarge | Self::Broken => WebhookResult::Malformed,
        }
    }
}
