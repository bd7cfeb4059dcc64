//! The real servers that keyfleet is tested on, for every integration test: `mod support;`.
//!
//! What it promises: a Vault here is a real `OpenBao` (or `HashiCorp` Vault), a cluster is a real kube-apiserver on a real
//! etcd, and whoever needs one gets it. A missing server is built once, or the test fails and says what to install; no
//! test is skipped. Every server ends with the test process, however that ends. Nothing listens or connects
//! outside of loopback, apart from the package registries that the servers are built from.
//!
//! What is deliberately absent: keyfleet's own code. Nothing here uses the crate, so a mistake in keyfleet cannot hide in
//! the tools that look for it; the command is run as an operator runs it.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::unwrap_used,
    reason = "every test binary compiles all of this and uses its own part, so what is unused differs per binary; \
              `expect` would fail in the binaries where a warning does not fire"
)]

// Paths are spelled out because this file is compiled as a module of a test, as a module of an example by
// `#[path]`, and by cargo as a test target of its own; the default places differ between the three.
#[path = "support/binaries.rs"]
pub(crate) mod binaries;
#[path = "support/canary.rs"]
pub(crate) mod canary;
#[path = "support/cluster.rs"]
pub(crate) mod cluster;
#[path = "support/fleet.rs"]
pub(crate) mod fleet;
#[path = "support/hand.rs"]
pub(crate) mod hand;
#[path = "support/keyfleet.rs"]
pub(crate) mod keyfleet;
#[path = "support/kubeconfig.rs"]
pub(crate) mod kubeconfig;
#[path = "support/log.rs"]
pub(crate) mod log;
#[path = "support/ports.rs"]
pub(crate) mod ports;
#[path = "support/process.rs"]
pub(crate) mod process;
#[path = "support/proxy.rs"]
pub(crate) mod proxy;
#[path = "support/raft.rs"]
pub(crate) mod raft;
#[path = "support/repository.rs"]
pub(crate) mod repository;
#[path = "support/request.rs"]
pub(crate) mod request;
#[path = "support/sandbox.rs"]
pub(crate) mod sandbox;
#[path = "support/tls.rs"]
pub(crate) mod tls;
#[path = "support/vault.rs"]
pub(crate) mod vault;
#[path = "support/world.rs"]
pub(crate) mod world;

pub(crate) use cluster::{Cluster, ControlPlane};
pub(crate) use hand::onboard_by_hand;
pub(crate) use keyfleet::{Keyfleet, Run};
pub(crate) use kubeconfig::kubeconfig;
pub(crate) use proxy::{Fault, Proxy, Purpose, Request};
pub(crate) use repository::Repository;
pub(crate) use sandbox::Sandbox;
pub(crate) use vault::{Flavour, Vault};
pub(crate) use world::{World, world};

/// Gives rustls its cryptography. Whatever starts a server here has done so already; a test that opens TLS before
/// that calls it first.
pub fn init() {
    // An error means that it was installed before, by another test of this process.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
