//! Every write that keyfleet can make. Only `apply` holds these; the stages that decide cannot reach them.

use crate::names::{MountPath, Namespace, ObjectName, PolicyName, RoleName, ServiceAccountRef};
use crate::observe::{Failure, Fields};
use crate::secret::SecretBytes;
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};

/// Which of Vault's two kinds of mounts is meant: `sys/auth` or `sys/mounts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MountTable {
    Auth,
    Engine,
}

/// What a policy must still be when it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyPrecondition {
    /// It must not exist.
    Absent,
    /// It must still have this text; where the server keeps versions, this version, checked by the server (cas).
    Unchanged { text: String, version: Option<u64> },
}

/// A Secret as keyfleet writes it: only its own keys, labels and annotations.
#[derive(Debug)]
pub struct SecretWrite {
    pub namespace: Namespace,
    pub name: ObjectName,
    pub kind: String,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub data: BTreeMap<String, SecretBytes>,
    /// Of the object that was seen, absent when none was.
    pub resource_version: Option<String>,
}

#[async_trait]
pub trait WriteVault: Send + Sync {
    /// `POST sys/auth/<path>` or `sys/mounts/<path>`: fails when the path is in use.
    async fn enable_mount(
        &self,
        table: MountTable,
        path: &MountPath,
        body: &Fields,
    ) -> Result<(), Failure>;

    /// `POST …/tune`: only the given fields.
    async fn tune_mount(
        &self,
        table: MountTable,
        path: &MountPath,
        fields: &Fields,
    ) -> Result<(), Failure>;

    /// Revokes every token or lease that it issued.
    async fn disable_mount(&self, table: MountTable, path: &MountPath) -> Result<(), Failure>;

    /// The whole config: this endpoint replaces, and what is not sent is lost.
    async fn write_auth_config(&self, mount: &MountPath, fields: &Fields) -> Result<(), Failure>;

    /// Every managed field of a role: this endpoint merges, and what is not sent stays.
    async fn write_role(
        &self,
        mount: &MountPath,
        role: &RoleName,
        fields: &Fields,
    ) -> Result<(), Failure>;

    async fn delete_role(&self, mount: &MountPath, role: &RoleName) -> Result<(), Failure>;

    async fn write_policy(
        &self,
        name: &PolicyName,
        text: &str,
        precondition: &PolicyPrecondition,
    ) -> Result<(), Failure>;

    async fn delete_policy(&self, name: &PolicyName) -> Result<(), Failure>;
}

/// The marks of a Kubernetes object: labels and annotations that keyfleet sets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectMarks {
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
}

#[async_trait]
pub trait WriteCluster: Send + Sync {
    async fn apply_namespace(&self, name: &Namespace, marks: &ObjectMarks) -> Result<(), Failure>;

    async fn apply_service_account(
        &self,
        account: &ServiceAccountRef,
        marks: &ObjectMarks,
    ) -> Result<(), Failure>;

    /// Binds `ClusterRole` `role` to the subjects (service accounts); `take_over` as for a Secret.
    async fn apply_binding(
        &self,
        name: &ObjectName,
        role: &str,
        subjects: &BTreeSet<ServiceAccountRef>,
        marks: &ObjectMarks,
        take_over: bool,
    ) -> Result<(), Failure>;

    /// Server-side apply under field manager `keyfleet`; `take_over` forces fields that another manager holds. It is
    /// only ever set for what keyfleet wrote before and somebody edited, or for a change that a person released.
    async fn apply_secret(&self, secret: &SecretWrite, take_over: bool) -> Result<(), Failure>;

    /// Deletes the very object that was seen.
    async fn delete_secret(
        &self,
        namespace: &Namespace,
        name: &ObjectName,
        uid: &str,
        resource_version: &str,
    ) -> Result<(), Failure>;

    async fn delete_binding(
        &self,
        name: &ObjectName,
        uid: &str,
        resource_version: &str,
    ) -> Result<(), Failure>;
}
