//! Who may look at the dashboard and the API.
//!
//! Promises: on an address that others reach, nobody looks without the token or without the proxy's word for who they are. A
//! token is compared in constant time, and shows in no page, cookie or log line. A name that a proxy gives is text, and
//! whoever shows it escapes it.
//!
//! Deliberately absent: users and roles of keyfleet's own, and a memory of sessions: the cookie is signed by a key made from
//! the token, so that every replica knows it, and a new token ends them all.

mod host;
mod login;
mod proxy;
mod session;

use super::ListenError;
use super::limits::{Peer, Rate};
use crate::secret::SecretBytes;
use crate::serve::secrets::{Watched, lines};
use crate::serve::settings::{Admission, Web};
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Redirect, Response};
use host::is_of_this_machine;
use http::header::{ACCEPT, AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use ipnet::IpNet;
use proxy::Proxy;
use session::{Session, SessionKey};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What can be guessed is no token.
const SHORTEST_TOKEN: usize = 16;
/// Wrong tokens of one peer: so many, and another one each…
const TRIES: u32 = 10;
const TRIES_REFILL: Duration = Duration::from_secs(30);

/// Whoever looks, as far as that is known. In the extensions of every request that the pages and the API get.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Viewer {
    /// As the proxy named them: any text, which a page escapes.
    pub name: Option<String>,
    /// Whether there is a session that `POST /logout` ends.
    pub can_log_out: bool,
}

/// The way in.
pub(super) struct Gate {
    way: Way,
}

enum Way {
    Loopback,
    Token(Box<TokenGate>),
    Proxy(Proxy),
}

/// Those who have the token, and those who showed it once.
struct TokenGate {
    tokens: Watched<Tokens>,
    tries: Rate,
    ended: session::Ended,
}

/// The tokens in use, and the key of sessions that each of them opens.
struct Tokens(Vec<(SecretBytes, SessionKey)>);

impl Tokens {
    fn of(secret: &SecretBytes) -> Result<Self, String> {
        let tokens = lines(secret);
        if tokens.iter().any(|token| token.len() < SHORTEST_TOKEN) {
            return Err(format!(
                "a token has at least {SHORTEST_TOKEN} characters; make one with `openssl rand -base64 32`"
            ));
        }
        let keyed = tokens.into_iter().map(|token| {
            let key = SessionKey::of(&token);
            (token, key)
        });
        Ok(Self(keyed.collect()))
    }

    /// The key of its sessions, when it is one of them. Looks at all of them either way.
    fn find(&self, given: &SecretBytes) -> Option<&SessionKey> {
        self.0.iter().fold(
            None,
            |found, (token, key)| {
                if token.same(given) { Some(key) } else { found }
            },
        )
    }
}

/// Whether a request gets through.
enum Verdict {
    Admitted(Viewer),
    /// Nobody is known yet: a person is shown where to log in.
    Unknown,
    /// Too many wrong tokens.
    TooMany,
    Refused(&'static str),
}

impl Gate {
    /// Refuses settings that would let strangers in.
    pub(super) fn new(web: &Web) -> Result<Self, ListenError> {
        let way = match &web.admission {
            Admission::Loopback if web.listen.ip().to_canonical().is_loopback() => Way::Loopback,
            Admission::Loopback => return Err(ListenError::Open(web.listen)),
            Admission::Token(source) => {
                let tokens =
                    Watched::open(source.clone(), Tokens::of).map_err(ListenError::Token)?;
                Way::Token(Box::new(TokenGate {
                    tokens,
                    tries: Rate::new(TRIES, TRIES_REFILL),
                    ended: session::Ended::default(),
                }))
            }
            Admission::Proxy { header, from } => Way::Proxy(trusted(header, from)?),
        };
        Ok(Self { way })
    }

    fn judge(&self, peer: Peer, request: &Parts) -> Verdict {
        match &self.way {
            Way::Loopback if is_of_this_machine(request) => Verdict::Admitted(Viewer::default()),
            Way::Loopback => Verdict::Refused(
                "This address is for people on this machine: open it as localhost or 127.0.0.1.\n",
            ),
            Way::Token(gate) => gate.judge(peer, &request.headers),
            Way::Proxy(proxy) => match proxy.name(peer, &request.headers) {
                Ok(name) => Verdict::Admitted(Viewer {
                    name: Some(name),
                    can_log_out: false,
                }),
                Err(why) => Verdict::Refused(why),
            },
        }
    }
}

fn trusted(header: &str, from: &[IpNet]) -> Result<Proxy, ListenError> {
    if from.is_empty() {
        return Err(ListenError::NoProxy);
    }
    let wrong = || ListenError::Header {
        header: header.to_owned(),
    };
    Proxy::new(header, from).ok_or_else(wrong)
}

impl TokenGate {
    fn judge(&self, peer: Peer, headers: &HeaderMap) -> Verdict {
        if let Some(given) = bearer(headers) {
            return match self.check(peer, &given) {
                Ok(_) => Verdict::Admitted(Viewer::default()),
                Err(refusal) => refusal,
            };
        }
        let viewer = Viewer {
            name: None,
            can_log_out: true,
        };
        match self.session(headers) {
            Some(_) => Verdict::Admitted(viewer),
            None => Verdict::Unknown,
        }
    }

    /// Whether it is the token: a session that it opens, or why not. A wrong one is counted.
    fn check(&self, peer: Peer, given: &SecretBytes) -> Result<Session, Verdict> {
        let now = Instant::now();
        if !self.tries.may(peer, now) {
            return Err(Verdict::TooMany);
        }
        let tokens = self.tokens.current();
        if let Some(key) = tokens.find(given) {
            return Ok(Session::open(key, jiff::Timestamp::now()));
        }
        self.tries.take(peer, now);
        tracing::warn!(peer = %peer.address(), "somebody gave a wrong token of the dashboard");
        Err(Verdict::Unknown)
    }

    /// The session that a cookie names, while it lasts.
    fn session(&self, headers: &HeaderMap) -> Option<Session> {
        let now = jiff::Timestamp::now();
        let tokens = self.tokens.current();
        session::cookies(headers)
            .find_map(|cookie| {
                let mut keys = tokens.0.iter().map(|(_, key)| key);
                keys.find_map(|key| Session::read(key, cookie, now))
            })
            .filter(|session| !self.ended.holds(session, now))
    }
}

fn bearer(headers: &HeaderMap) -> Option<SecretBytes> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    let is_bearer = scheme.eq_ignore_ascii_case(b"Bearer ");
    is_bearer.then(|| SecretBytes::new(token.trim_ascii().to_vec()))
}

/// The pages behind the gate, and beside it the way in.
pub(super) fn router(gate: Arc<Gate>, pages: Router) -> Router {
    let guarded = pages.layer(from_fn_with_state(Arc::clone(&gate), admit));
    match gate.way {
        Way::Token(_) => login::router(gate).fallback_service(guarded),
        Way::Loopback | Way::Proxy(_) => guarded,
    }
}

async fn admit(
    State(gate): State<Arc<Gate>>,
    peer: Peer,
    request: Request,
    next: Next,
) -> Response {
    let (head, body) = request.into_parts();
    match gate.judge(peer, &head) {
        Verdict::Admitted(viewer) => {
            let mut request = Request::from_parts(head, body);
            // Whoever answers has no use for what lets somebody in.
            request.headers_mut().remove(AUTHORIZATION);
            request.headers_mut().remove(http::header::COOKIE);
            request.extensions_mut().insert(viewer);
            next.run(request).await
        }
        Verdict::Unknown if is_a_person(&head) && came_by_a_link(&head) => {
            Html(LOAD_AGAIN).into_response()
        }
        Verdict::Unknown if is_a_person(&head) => Redirect::to(login::PATH).into_response(),
        refusal => refusal.into_response(),
    }
}

/// A browser that looks for a page, not for an answer of the API.
fn is_a_person(request: &Parts) -> bool {
    let accepts = request.headers.get(ACCEPT);
    let wants_html = accepts.is_some_and(|accept| {
        let accept = accept.to_str().unwrap_or_default();
        accept.contains("text/html")
    });
    request.method == Method::GET && wants_html && !request.headers.contains_key(AUTHORIZATION)
}

/// From elsewhere, such as a report in a chat: a strict cookie is not sent then. A page of our own asks once more, with it.
const LOAD_AGAIN: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0\"><title>keyfleet</title><p>One moment.</p></html>\n";

fn came_by_a_link(request: &Parts) -> bool {
    let site = request.headers.get("sec-fetch-site");
    site.is_some_and(|site| site == "cross-site" || site == "same-site")
}

impl IntoResponse for Verdict {
    fn into_response(self) -> Response {
        match self {
            Self::Admitted(_) => StatusCode::OK.into_response(),
            Self::Unknown => {
                let challenge = [(WWW_AUTHENTICATE, "Bearer realm=\"keyfleet\"")];
                (StatusCode::UNAUTHORIZED, challenge, "A token is needed.\n").into_response()
            }
            Self::TooMany => {
                let wait = [(RETRY_AFTER, "30")];
                (
                    StatusCode::TOO_MANY_REQUESTS,
                    wait,
                    "Too many wrong tokens.\n",
                )
                    .into_response()
            }
            Self::Refused(why) => (StatusCode::FORBIDDEN, why).into_response(),
        }
    }
}
