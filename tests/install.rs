//! What installs keyfleet, held to what reads it: kubectl and a real kube-apiserver, helm, promtool, systemd, `OpenBao`.
//!
//! The Dockerfile is held by `.ci/run`, which builds the binary that goes into the image and runs it.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test fail as the test does"
)]

mod support;

#[path = "install/alerts.rs"]
mod alerts;
#[path = "install/chart.rs"]
mod chart;
#[path = "install/dashboard.rs"]
mod dashboard;
#[path = "install/first_steps.rs"]
mod first_steps;
#[path = "install/kustomize.rs"]
mod kustomize;
#[path = "install/metrics.rs"]
mod metrics;
#[path = "install/settings.rs"]
mod settings;
#[path = "install/tools.rs"]
mod tools;
#[path = "install/unit.rs"]
mod unit;
#[path = "install/vault_values.rs"]
mod vault_values;
