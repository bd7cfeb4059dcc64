use super::answer::not_understood;
use super::call::{Call, JSON};
use super::request::Requests;
use crate::observe::{Failure, FailureClass};
use bytes::Bytes;
use http::Method;
use serde_json::Value;
use std::sync::Arc;

const API: &str = "/apis/coordination.k8s.io/v1/namespaces";

/// The Leases of a cluster, one request each: no list, no watch. Objects are handed on whole, so that a field that keyfleet
/// does not know stays when one is written back.
#[derive(Clone)]
pub struct ClusterLeases {
    requests: Arc<Requests>,
}

impl ClusterLeases {
    pub(super) fn new(requests: Arc<Requests>) -> Self {
        Self { requests }
    }

    /// `None` when there is none of this name.
    pub async fn get(&self, namespace: &str, name: &str) -> Result<Option<Value>, Failure> {
        let what = format!("read Lease {namespace}/{name}");
        let call = Call::get(what, path(namespace, Some(name)), JSON);
        match self.send(&call).await {
            Err(failure) if failure.class == FailureClass::NotFound => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    /// Refused as a conflict when there is one already.
    pub async fn create(&self, namespace: &str, lease: &Value) -> Result<Value, Failure> {
        let name = lease["metadata"]["name"].as_str().unwrap_or_default();
        let what = format!("create Lease {namespace}/{name}");
        self.write(Method::POST, what, path(namespace, None), lease)
            .await
    }

    /// Refused as a conflict when it is not of the version any more that `lease` says.
    pub async fn update(
        &self,
        namespace: &str,
        name: &str,
        lease: &Value,
    ) -> Result<Value, Failure> {
        let what = format!("update Lease {namespace}/{name}");
        self.write(Method::PUT, what, path(namespace, Some(name)), lease)
            .await
    }

    async fn write(
        &self,
        method: Method,
        what: String,
        path: String,
        lease: &Value,
    ) -> Result<Value, Failure> {
        let path = format!("{path}?fieldManager=keyfleet&fieldValidation=Strict");
        let call = Call {
            method,
            body: Bytes::from(lease.to_string()),
            writes: true,
            ..Call::get(what, path, JSON)
        };
        self.send(&call).await
    }

    async fn send(&self, call: &Call) -> Result<Value, Failure> {
        let body = self.requests.send(call).await?;
        serde_json::from_slice::<Value>(body.as_ref())
            .ok()
            .filter(is_lease)
            .ok_or_else(|| not_understood(call))
    }
}

/// Whether what is read and written of it has the form that it has everywhere.
fn is_lease(answer: &Value) -> bool {
    let metadata = &answer["metadata"];
    let is_map = |value: &Value| value.is_null() || value.is_object();
    answer["kind"] == "Lease"
        && metadata["resourceVersion"].is_string()
        && is_map(&metadata["annotations"])
        && is_map(&answer["spec"])
}

fn path(namespace: &str, name: Option<&str>) -> String {
    match name {
        None => format!("{API}/{namespace}/leases"),
        Some(name) => format!("{API}/{namespace}/leases/{name}"),
    }
}
