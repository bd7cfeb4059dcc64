use super::answer::not_understood;
use super::bodies;
use super::call::{APPLY, Call, JSON, METADATA};
use super::request::{Requests, doubtful};
use crate::apply::{ObjectMarks, SecretWrite, WriteCluster};
use crate::names::{Namespace, ObjectName, ServiceAccountRef};
use crate::observe::{Failure, FailureClass};
use async_trait::async_trait;
use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";

/// Writes of one cluster, all under the field manager `keyfleet`.
pub struct ClusterWriter {
    requests: Arc<Requests>,
}

/// What every good answer to a write says of itself; a login page does not.
#[derive(Deserialize)]
struct Answered {
    kind: String,
}

impl ClusterWriter {
    pub(super) fn new(requests: Arc<Requests>) -> Self {
        Self { requests }
    }

    /// Server-side apply. The answer is metadata only, so that no value comes back.
    async fn apply(
        &self,
        what: String,
        path: &str,
        body: Bytes,
        force: bool,
        confidential: bool,
    ) -> Result<(), Failure> {
        let path = format!("{path}?fieldManager=keyfleet&fieldValidation=Strict&force={force}");
        let call = Call {
            method: Method::PATCH,
            content_type: APPLY,
            body,
            writes: true,
            confidential,
            ..Call::get(what, path, METADATA)
        };
        self.write(&call, &["PartialObjectMetadata"]).await
    }

    /// Gone already is as good as deleted.
    async fn delete(
        &self,
        kind: &str,
        name: String,
        path: String,
        uid: &str,
        version: &str,
    ) -> Result<(), Failure> {
        let call = Call {
            method: Method::DELETE,
            body: bodies::delete(uid, version),
            writes: true,
            ..Call::get(format!("delete {kind} {name}"), path, JSON)
        };
        match self.write(&call, &["Status", kind]).await {
            Err(failure) if failure.class == FailureClass::NotFound => Ok(()),
            outcome => outcome,
        }
    }

    async fn write(&self, call: &Call, kinds: &[&str]) -> Result<(), Failure> {
        let body = self.requests.send(call).await?;
        match serde_json::from_slice::<Answered>(body.as_ref()) {
            Ok(answered) if kinds.contains(&answered.kind.as_str()) => Ok(()),
            _ => Err(doubtful(not_understood(call))),
        }
    }
}

#[async_trait]
impl WriteCluster for ClusterWriter {
    async fn apply_namespace(&self, name: &Namespace, marks: &ObjectMarks) -> Result<(), Failure> {
        let body = bodies::namespace(name.as_str(), marks);
        self.apply(
            format!("apply Namespace {name}"),
            &format!("/api/v1/namespaces/{name}"),
            body,
            false,
            false,
        )
        .await
    }

    async fn apply_service_account(
        &self,
        account: &ServiceAccountRef,
        marks: &ObjectMarks,
    ) -> Result<(), Failure> {
        let path = format!(
            "/api/v1/namespaces/{}/serviceaccounts/{}",
            account.namespace, account.name
        );
        let body = bodies::service_account(account, marks);
        self.apply(
            format!("apply ServiceAccount {account}"),
            &path,
            body,
            false,
            false,
        )
        .await
    }

    async fn apply_binding(
        &self,
        name: &ObjectName,
        role: &str,
        subjects: &BTreeSet<ServiceAccountRef>,
        marks: &ObjectMarks,
        take_over: bool,
    ) -> Result<(), Failure> {
        let body = bodies::binding(name.as_str(), role, subjects, marks);
        let what = format!("apply ClusterRoleBinding {name}");
        self.apply(what, &format!("{BINDINGS}/{name}"), body, take_over, false)
            .await
    }

    /// An object that was seen and is gone by now is made anew: that is what was decided for it.
    async fn apply_secret(&self, secret: &SecretWrite, take_over: bool) -> Result<(), Failure> {
        let (namespace, name) = (&secret.namespace, &secret.name);
        let what = format!("apply Secret {namespace}/{name}");
        let body = bodies::secret(secret).ok_or_else(|| {
            Failure::new(FailureClass::Setup, &what, "it cannot be written as JSON")
        })?;
        let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
        self.apply(what, &path, body, take_over, true).await
    }

    async fn delete_secret(
        &self,
        namespace: &Namespace,
        name: &ObjectName,
        uid: &str,
        resource_version: &str,
    ) -> Result<(), Failure> {
        let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
        self.delete(
            "Secret",
            format!("{namespace}/{name}"),
            path,
            uid,
            resource_version,
        )
        .await
    }

    async fn delete_binding(
        &self,
        name: &ObjectName,
        uid: &str,
        resource_version: &str,
    ) -> Result<(), Failure> {
        let path = format!("{BINDINGS}/{name}");
        self.delete(
            "ClusterRoleBinding",
            name.to_string(),
            path,
            uid,
            resource_version,
        )
        .await
    }
}
