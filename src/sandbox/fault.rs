//! What a server of a world can be told to do wrong, as servers do: hang, answer slowly or with an error, or break off.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mishap {
    /// No answer, ever.
    Hang,
    /// An answer later than it could be.
    Slow { milliseconds: u64 },
    /// An answer of another server's making: a status, and a page that is not JSON.
    Status {
        status: u16,
        #[serde(default)]
        retry_after: Option<u32>,
    },
    /// The request is done, and the connection breaks before the answer is through.
    Cut,
}

/// What goes wrong, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Fault {
    pub mishap: Mishap,
    /// Only for paths that begin so.
    #[serde(default)]
    pub path: String,
    /// So many times; always, when it is not said.
    #[serde(default)]
    pub times: Option<u32>,
}

#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<Option<Fault>>);

impl Faults {
    /// From now on; `None` and everything is well.
    pub(super) fn set(&self, fault: Option<Fault>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// What is to go wrong with a request for this path.
    fn of(&self, path: &str) -> Option<Mishap> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = held
            .as_mut()
            .filter(|fault| path.starts_with(&fault.path))?;
        if let Some(times) = &mut fault.times {
            *times = times.checked_sub(1)?;
        }
        Some(fault.mishap.clone())
    }
}

/// The layer around an API.
pub(super) async fn perhaps(
    State(faults): State<Arc<Faults>>,
    request: Request,
    next: Next,
) -> Response {
    match faults.of(request.uri().path()) {
        None => next.run(request).await,
        Some(Mishap::Hang) => std::future::pending().await,
        Some(Mishap::Slow { milliseconds }) => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            next.run(request).await
        }
        Some(Mishap::Status {
            status,
            retry_after,
        }) => foreign(status, retry_after),
        Some(Mishap::Cut) => cut(next.run(request).await),
    }
}

fn foreign(status: u16, retry_after: Option<u32>) -> Response {
    let mut response = Response::new(Body::from("<html>this is not the server you meant</html>"));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    if let Some(seconds) = retry_after {
        let headers = response.headers_mut();
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The head says that more comes, and what comes is an end.
fn cut(response: Response) -> Response {
    let (head, _) = response.into_parts();
    let broken = futures::stream::once(async {
        Err::<bytes::Bytes, _>(std::io::Error::other("the connection is cut"))
    });
    Response::from_parts(head, Body::from_stream(broken))
}
