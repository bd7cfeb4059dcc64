//! What the service listens on, over real sockets of loopback: who gets in, what a webhook may do, what probes and metrics say.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test fail as the test does"
)]

#[path = "serve_web/admission.rs"]
mod admission;
#[path = "serve_web/client.rs"]
mod client;
#[path = "serve_web/exposition.rs"]
mod exposition;
#[path = "serve_web/listeners.rs"]
mod listeners;
#[path = "support/log.rs"]
mod log;
#[path = "serve_web/metrics.rs"]
mod metrics;
#[path = "serve_web/probes.rs"]
mod probes;
#[path = "serve_web/reload.rs"]
mod reload;
#[path = "serve_web/service.rs"]
mod service;
#[path = "serve_web/webhooks.rs"]
mod webhooks;
