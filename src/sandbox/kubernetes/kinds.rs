//! The kinds that a cluster of a world knows, each with its names, its place and its schema.
//!
//! The kinds of the External Secrets Operator and of the controller before it are there from the start, as if their
//! definitions had been installed; definitions themselves are no kind here.

mod core;
mod custom;
mod listed;
mod meta;

pub(super) use meta::META;
mod rbac;

pub(super) use listed::{below, deprecation, selected};
pub(super) use meta::OBJECT_META;

use super::schema::Struct;

#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "Kubernetes calls it so")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts of a kind that have nothing to do with each other"
)]
pub(super) struct Kind {
    /// Empty for the core group.
    pub group: &'static str,
    pub version: &'static str,
    pub kind: &'static str,
    /// The name in paths: `secrets`.
    pub resource: &'static str,
    pub singular: &'static str,
    pub short_names: &'static [&'static str],
    pub categories: &'static [&'static str],
    pub namespaced: bool,
    /// Made of a `CustomResourceDefinition` on a real cluster.
    pub custom: bool,
    /// There is never one of it, and none can be made.
    pub listed_only: bool,
    /// `status` can be written by itself, and only so.
    pub status: bool,
    pub schema: &'static Struct,
}

/// In the order of discovery; of a kind with several versions, the one that objects are stored in comes first.
pub(super) const KINDS: &[Kind] = &[
    core::CONFIG_MAP,
    listed::ENDPOINTS,
    listed::EVENT,
    listed::LIMIT_RANGE,
    core::NAMESPACE,
    listed::NODE,
    listed::PERSISTENT_VOLUME_CLAIM,
    listed::PERSISTENT_VOLUME,
    listed::POD,
    listed::REPLICATION_CONTROLLER,
    listed::RESOURCE_QUOTA,
    core::SECRET,
    core::SERVICE_ACCOUNT,
    listed::SERVICE,
    listed::DAEMON_SET,
    listed::DEPLOYMENT,
    listed::REPLICA_SET,
    listed::STATEFUL_SET,
    listed::CRON_JOB,
    listed::JOB,
    listed::INGRESS,
    rbac::CLUSTER_ROLE_BINDING,
    rbac::CLUSTER_ROLE,
    rbac::ROLE_BINDING,
    rbac::ROLE,
    core::LEASE,
    custom::CLUSTER_SECRET_STORE,
    custom::EXTERNAL_SECRET,
    custom::SECRET_STORE,
    custom::CLUSTER_SECRET_STORE_BETA,
    custom::EXTERNAL_SECRET_BETA,
    custom::SECRET_STORE_BETA,
    custom::OLD_EXTERNAL_SECRET,
];

/// The kind behind a path, if the cluster knows it.
pub(super) fn find(group: &str, version: &str, resource: &str) -> Option<&'static Kind> {
    KINDS
        .iter()
        .find(|kind| (kind.group, kind.version, kind.resource) == (group, version, resource))
}

impl Kind {
    /// `v1`, `rbac.authorization.k8s.io/v1`.
    pub(super) fn api_version(&self) -> String {
        match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// The version that its objects are stored in.
    pub(super) fn stored(&self) -> &'static Self {
        let same = |kind: &&Self| (kind.group, kind.resource) == (self.group, self.resource);
        // Every kind is in the table, so that there is always one.
        KINDS.iter().find(same).unwrap_or(&KINDS[0])
    }
}
