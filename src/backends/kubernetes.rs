//! A real kube-apiserver behind `ReadCluster` and `WriteCluster`.
//!
//! Promises: every request ends within a deadline; TLS is always verified and a redirect never followed; no answer's
//! body reaches a message, apart from a short sentence of a `Status` that cannot hold a value; 404 counts as absent
//! only when the API server itself says which object it did not find. A reader cannot write.
//!
//! Deliberately absent: watches, discovery, and `kube::Api`. kube prints a body that it cannot parse to the log and
//! hides `Retry-After`; here it makes connections, TLS and credentials, and the few requests are made by hand.

mod address;
mod answer;
mod bodies;
mod call;
mod client;
mod connect;
mod exec;
mod kubeconfig;
mod lease;
mod live;
mod metadata;
mod read;
mod request;
mod settings;
mod status;
mod trouble;
mod write;

pub use connect::{Access, ClusterConnection, Limits};
pub use kubeconfig::KubeconfigFile;
pub use lease::ClusterLeases;
pub use read::ClusterReader;
pub use write::ClusterWriter;
