//! HTTP on the outside of the Vault: which call a request is, and how an answer looks on the wire.

use super::super::meter::Meter;
use super::core::Core;
use axum::Router;
use std::sync::Arc;

pub(super) fn router(core: Arc<Core>, meter: Arc<Meter>) -> Router {
    let _ = (core, meter);
    Router::new()
}
