//! HTTP on the outside of the Vault: which call a request is, and how an answer looks on the wire.

mod answer;
mod decode;
mod request;

use super::super::meter::Meter;
use super::core::Core;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;

/// As the real servers take by default.
const LONGEST_BODY: usize = 32 << 20;

const NAMESPACE: &str = "x-vault-namespace";

#[derive(Debug)]
struct Api {
    core: Arc<Core>,
    meter: Arc<Meter>,
}

pub(super) fn router(core: Arc<Core>, meter: Arc<Meter>) -> Router {
    let api = Arc::new(Api { core, meter });
    // Methods of its own (`LIST`, `SCAN`) and paths that clients make up: one handler reads them all.
    Router::new().fallback(serve).with_state(api)
}

/// Whatever namespace was asked for is said again, whether there is one or not: command lines print it with an error.
async fn serve(State(api): State<Arc<Api>>, request: Request<Body>) -> Response {
    let named = request.headers().get(NAMESPACE).cloned();
    let mut response = answered(&api, request).await;
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        response.headers_mut().insert(NAMESPACE, named);
    }
    response
}

async fn answered(api: &Api, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LONGEST_BODY).await else {
        return answer::refused(413, &["http: request body too large".to_owned()]);
    };
    let flavour = api.core.flavour();
    if let Some(place) = request::elsewhere(head.uri.path(), flavour) {
        return answer::moved(place, &head.method);
    }
    let call = match request::read(&head, &body, flavour) {
        Ok(call) => call,
        Err(refusal) => return answer::refused(refusal.status, &refusal.errors),
    };
    let frame = answer::Frame {
        on_top: request::repeats_data(head.uri.path()),
        mount_type: flavour == super::Flavour::HashiCorp,
        bodiless: head.method == http::Method::HEAD,
    };
    let done = api.core.answer(call).await;
    api.meter.count(done.kind);
    answer::of(done, &frame)
}
