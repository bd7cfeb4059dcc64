//! What keyfleet asks of a Vault and of a cluster. Nothing in these traits changes an object.
//!
//! Logging in mints a token, and is here because a value can only be read as the cluster; it changes nothing that
//! keyfleet manages.

use super::Failure;
use super::live::{
    Fields, Health, KvFields, KvValue, KvVersion, LiveBinding, LiveMeta, LiveMount, LivePolicies,
    LivePolicy, LiveSecret, LiveSecretMeta, Observed,
};
use crate::names::{
    ClusterName, KvPath, MountPath, Namespace, ObjectName, PolicyName, RoleName, ServiceAccountRef,
};
use crate::secret::SecretBytes;
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A place to read in KV.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KvReference {
    pub mount: MountPath,
    pub path: KvPath,
    pub version: KvEngine,
}

/// The version of a KV engine, which decides the API path and whether secrets have versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KvEngine {
    V1,
    V2,
}

impl KvReference {
    /// The path that a policy must grant `read` on: `kv/data/shop/mail` with v2.
    pub fn api_path(&self) -> String {
        match self.version {
            KvEngine::V1 => format!("{}/{}", self.mount, self.path),
            KvEngine::V2 => format!("{}/data/{}", self.mount, self.path),
        }
    }
}

/// A token of a role, and how long it lives.
#[derive(Debug)]
pub struct Session {
    pub token: SecretBytes,
    pub lives: Duration,
}

/// Reads of one Vault with keyfleet's own token. Roles and mounts are given in the server's spelling.
#[async_trait]
pub trait ReadVault: Send + Sync {
    /// Seal, high availability and version; needs no token.
    async fn health(&self) -> Result<Health, Failure>;

    /// `GET sys/auth`: every auth mount by path, without the last slash.
    async fn auth_mounts(&self) -> Result<BTreeMap<String, LiveMount>, Failure>;

    /// `GET sys/mounts`: every engine by path, without the last slash.
    async fn engine_mounts(&self) -> Result<BTreeMap<String, LiveMount>, Failure>;

    /// All policies, in one request where the server has a bulk list.
    async fn policies(&self) -> Result<LivePolicies, Failure>;

    async fn policy(&self, name: &PolicyName) -> Observed<LivePolicy>;

    async fn auth_config(&self, mount: &MountPath) -> Observed<Fields>;

    /// The names of a mount's roles; empty when there are none.
    async fn roles(&self, mount: &MountPath) -> Result<BTreeSet<String>, Failure>;

    async fn role(&self, mount: &MountPath, role: &RoleName) -> Observed<Fields>;

    /// The newest versions of these secrets of a KV v2 mount, without reading a value.
    async fn kv_versions(
        &self,
        mount: &MountPath,
        paths: &BTreeSet<KvPath>,
    ) -> BTreeMap<KvPath, Observed<KvVersion>>;

    /// `GET <mount>/subkeys/<path>`: the names of the fields of a KV v2 secret, without reading a value.
    async fn kv_fields(&self, mount: &MountPath, path: &KvPath) -> Observed<KvFields>;

    /// The names of everything below a folder of a KV mount (`metadata/…` with v2), from one request; `None` where the server
    /// has no such request, or does not grant it.
    async fn kv_scan(
        &self,
        mount: &MountPath,
        folder: &str,
    ) -> Result<Option<BTreeSet<String>>, Failure>;

    /// What is in a folder of a KV mount (`metadata/…` with v2), by name; those that are folders themselves with a slash.
    async fn kv_names(&self, mount: &MountPath, folder: &str) -> Result<BTreeSet<String>, Failure>;
}

/// Reads of one Vault as somebody else: the identity of a cluster.
#[async_trait]
pub trait ReadAsCluster: Send + Sync {
    /// `POST auth/<mount>/login`.
    async fn log_in(
        &self,
        mount: &MountPath,
        role: &RoleName,
        jwt: &SecretBytes,
    ) -> Result<Session, Failure>;

    /// Reads a value with that role's token.
    async fn value(&self, session: &Session, reference: &KvReference) -> Result<KvValue, Failure>;

    /// Gives a token back before its time.
    async fn log_out(&self, session: &Session) -> Result<(), Failure>;
}

/// Reads of one cluster.
#[async_trait]
pub trait ReadCluster: Send + Sync {
    /// The UID of the namespace `kube-system`: which cluster this is.
    async fn identity(&self) -> Result<String, Failure>;

    async fn namespace(&self, name: &Namespace) -> Observed<LiveMeta>;

    async fn service_account(&self, account: &ServiceAccountRef) -> Observed<LiveMeta>;

    async fn binding(&self, name: &ObjectName) -> Observed<LiveBinding>;

    /// Metadata of every Secret that carries keyfleet's label, page by page.
    async fn marked_secrets(&self) -> Result<Vec<LiveSecretMeta>, Failure>;

    /// Metadata of every Secret of a namespace; `None` where it has more of them than one answer holds.
    async fn secrets_of_small_namespace(
        &self,
        namespace: &Namespace,
    ) -> Result<Option<Vec<LiveSecretMeta>>, Failure>;

    async fn secret_meta(&self, namespace: &Namespace, name: &ObjectName) -> Observed<LiveMeta>;

    async fn secret(&self, namespace: &Namespace, name: &ObjectName) -> Observed<LiveSecret>;

    /// Nothing is asked for a while: the connection is closed, and the next question opens another. Of a thousand clusters
    /// the open connections would take more memory than all else.
    async fn rest(&self);

    /// A short-lived token of a service account (`TokenRequest`). With an audience, the API server's own is asked for
    /// as well, so that the token may still review itself.
    async fn mint_token(
        &self,
        account: &ServiceAccountRef,
        audience: Option<&str>,
    ) -> Result<SecretBytes, Failure>;
}

/// Which cluster a message is about; used by whoever opens connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterAddress {
    pub cluster: ClusterName,
    pub server: String,
}
