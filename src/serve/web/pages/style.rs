//! The look of every page: one file of our own, named by what is in it, so that a new version is a new address.

use crate::mark::digest;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use std::sync::LazyLock;

const SHEET: &str = include_str!("style.css");

static PATH: LazyLock<String> =
    LazyLock::new(|| format!("/assets/keyfleet-{}.css", &digest(SHEET)[..12]));

pub(super) fn path() -> &'static str {
    &PATH
}

pub(super) async fn sheet() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/css; charset=utf-8"),
        // The same for everybody, and never another text at this address.
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, SHEET).into_response()
}
