//! Writes. Each is one request, sent once; taking away what is not there is done already.

use super::VaultWriter;
use super::policy;
use super::request::Request;
use crate::apply::{MountTable, PolicyPrecondition, WriteVault};
use crate::names::{MountPath, PolicyName, RoleName};
use crate::observe::{Failure, Fields};
use async_trait::async_trait;

/// Fields of auth configs that are no secret. Whoever writes another one does not see what the server says of it.
const PUBLIC: [&str; 15] = [
    "bound_issuer",
    "default_role",
    "disable_iss_validation",
    "disable_local_ca_jwt",
    "issuer",
    "jwks_ca_pem",
    "jwks_url",
    "jwt_supported_algs",
    "jwt_validation_pubkeys",
    "kubernetes_ca_cert",
    "kubernetes_host",
    "oidc_discovery_ca_pem",
    "oidc_discovery_url",
    "pem_keys",
    "use_annotations_as_alias_metadata",
];

#[async_trait]
impl WriteVault for VaultWriter {
    async fn enable_mount(
        &self,
        table: MountTable,
        path: &MountPath,
        body: &Fields,
    ) -> Result<(), Failure> {
        let request = Request::write(&[in_api(table), path.as_str()], body)?;
        self.http.change(&request).await
    }

    async fn tune_mount(
        &self,
        table: MountTable,
        path: &MountPath,
        fields: &Fields,
    ) -> Result<(), Failure> {
        let request = Request::write(&[in_api(table), path.as_str(), "tune"], fields)?;
        self.http.change(&request).await
    }

    async fn disable_mount(&self, table: MountTable, path: &MountPath) -> Result<(), Failure> {
        let request = Request::delete(&[in_api(table), path.as_str()]);
        self.http.remove(&request).await
    }

    async fn write_auth_config(&self, mount: &MountPath, fields: &Fields) -> Result<(), Failure> {
        let secret = fields.keys().any(|field| !PUBLIC.contains(&field.as_str()));
        let request = Request::write(&["auth", mount.as_str(), "config"], fields)?.secret(secret);
        self.http.change(&request).await
    }

    async fn write_role(
        &self,
        mount: &MountPath,
        role: &RoleName,
        fields: &Fields,
    ) -> Result<(), Failure> {
        let request = Request::write(&["auth", mount.as_str(), "role", role.as_str()], fields)?;
        self.http.change(&request).await
    }

    async fn delete_role(&self, mount: &MountPath, role: &RoleName) -> Result<(), Failure> {
        let request = Request::delete(&["auth", mount.as_str(), "role", role.as_str()]);
        self.http.remove(&request).await
    }

    async fn write_policy(
        &self,
        name: &PolicyName,
        text: &str,
        precondition: &PolicyPrecondition,
    ) -> Result<(), Failure> {
        policy::write(&self.http, name, text, precondition).await
    }

    async fn delete_policy(&self, name: &PolicyName) -> Result<(), Failure> {
        let request = Request::delete(&["sys/policies/acl", name.as_str()]);
        self.http.remove(&request).await
    }
}

fn in_api(table: MountTable) -> &'static str {
    match table {
        MountTable::Auth => "sys/auth",
        MountTable::Engine => "sys/mounts",
    }
}
