//! What every answer says to a browser, whoever made it.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use http::HeaderValue;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, SERVER,
    X_CONTENT_TYPE_OPTIONS,
};

/// Own styles, own pictures, own forms: nothing runs, nothing is fetched from elsewhere, nobody frames it.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const OF_EVERY_ANSWER: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// The same for every listener, and for refusals as well.
pub(super) fn on_every_answer(router: Router) -> Router {
    router.layer(from_fn(async |request: Request, next: Next| {
        complete(next.run(request).await)
    }))
}

pub(super) fn complete(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    for (name, value) in OF_EVERY_ANSWER {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.remove(SERVER);
    answer
}
