//! Accepting connections and answering on them, within limits: of one listener, until it is told to end.

use super::headers::{complete, on_every_answer};
use super::limits::{Limits, Peer};
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::Limited;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// A head of a request that is longer is refused; a body is read through a buffer of this size.
const BUFFER: usize = 16 * 1024;
/// After an error that is not the peer's: out of file descriptors, mostly.
const AFTER_FAILURE: Duration = Duration::from_millis(200);

/// What requests are answered with.
#[derive(Clone)]
pub(super) struct Answers(Router);

impl Answers {
    pub(super) fn new(router: Router) -> Self {
        Self(on_every_answer(router))
    }
}

pub(super) struct Server {
    listener: TcpListener,
    limits: Limits,
    /// Looked at for each request: others on a connection that is kept open are answered anew.
    answers: watch::Receiver<Answers>,
}

impl Server {
    pub(super) fn new(
        listener: TcpListener,
        limits: Limits,
        answers: watch::Receiver<Answers>,
    ) -> Self {
        Self {
            listener,
            limits,
            answers,
        }
    }

    /// Answers until `end` is true, and then lets go of the port; answers that are under way have `ending`.
    pub(super) async fn run(
        self,
        end: watch::Receiver<bool>,
        ending: Duration,
        released: CancellationToken,
    ) {
        // Also when this ends by a panic.
        let released = released.drop_guard();
        let mut ended = end.clone();
        let present = Present::default();
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => {
                    let (stream, from) = match accepted {
                        Ok(accepted) => accepted,
                        Err(error) => {
                            tracing::debug!(%error, "a connection was not accepted");
                            tokio::time::sleep(AFTER_FAILURE).await;
                            continue;
                        }
                    };
                    let peer = Peer::new(from.ip());
                    // Whoever is too many is let go at once: the others wait for nobody.
                    if let Some(place) = present.enter(peer, self.limits) {
                        let answers = answer_on(stream, peer, self.limits, self.answers.clone(), end.clone());
                        connections.spawn(async move {
                            answers.await;
                            drop(place);
                        });
                    }
                }
                Some(_) = connections.join_next() => {}
                () = told(&mut ended) => break,
            }
        }
        drop(self.listener);
        drop(released);
        let all = async { while connections.join_next().await.is_some() {} };
        // What is left after that is dropped with the set.
        let _ = tokio::time::timeout(ending, all).await;
    }
}

/// Returns when the process is told to end.
async fn told(end: &mut watch::Receiver<bool>) {
    let _ = end.wait_for(|ended| *ended).await;
}

/// One connection, from its first byte to its end.
async fn answer_on(
    stream: TcpStream,
    peer: Peer,
    limits: Limits,
    answers: watch::Receiver<Answers>,
    mut end: watch::Receiver<bool>,
) {
    // Answers are small and wanted at once.
    let _ = stream.set_nodelay(true);
    let answer = tower::service_fn(move |request: Request<_>| {
        let Answers(router) = answers.borrow().clone();
        async move { Ok::<_, Infallible>(answer(router, peer, limits, request).await) }
    });
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header)
        .max_buf_size(BUFFER);
    let service = TowerToHyperService::new(answer);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut age = pin!(tokio::time::sleep(limits.connection));
    tokio::select! {
        // A peer that speaks no HTTP, or goes away, is nobody's trouble.
        _ = connection.as_mut() => return,
        () = age.as_mut() => {}
        () = told(&mut end) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(limits.request, connection).await;
}

async fn answer(
    router: Router,
    peer: Peer,
    limits: Limits,
    request: Request<
        impl HttpBody<Data = bytes::Bytes, Error: Into<axum::BoxError>> + Send + 'static,
    >,
) -> Response {
    if announced(request.headers()).is_some_and(|length| length > limits.body as u64) {
        return refused(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let mut request = request.map(|body| Body::new(Limited::new(body, limits.body)));
    request.extensions_mut().insert(peer);
    match tokio::time::timeout(limits.request, router.oneshot(request)).await {
        Ok(Ok(answer)) => answer,
        Err(_) => refused(StatusCode::REQUEST_TIMEOUT),
    }
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What is left of the body is not read.
fn refused(status: StatusCode) -> Response {
    let mut answer = complete(status.into_response());
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(CONNECTION, close);
    answer
}

/// Who is connected, counted.
#[derive(Clone, Default)]
struct Present(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    all: usize,
    peers: HashMap<IpAddr, usize>,
}

/// One connection's place; given back when it is dropped, also by a panic.
struct Place {
    present: Present,
    peer: IpAddr,
}

impl Present {
    fn enter(&self, peer: Peer, limits: Limits) -> Option<Place> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.all >= limits.all {
            return None;
        }
        let peer = peer.counted();
        let of_peer = counts.peers.entry(peer).or_default();
        if *of_peer >= limits.per_peer {
            return None;
        }
        *of_peer += 1;
        counts.all += 1;
        Some(Place {
            present: self.clone(),
            peer,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let counts = &self.present.0;
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all -= 1;
        if let Some(of_peer) = counts.peers.get_mut(&self.peer) {
            *of_peer -= 1;
            if *of_peer == 0 {
                counts.peers.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests;
