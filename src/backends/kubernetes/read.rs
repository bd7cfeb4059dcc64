use super::answer::not_understood;
use super::bodies;
use super::call::{Call, JSON, METADATA, METADATA_LIST};
use super::live::{
    self, BindingObject, MetadataList, MetadataOnly, Plain, SecretObject, TokenObject,
};
use super::metadata::meta;
use super::request::Requests;
use crate::backends::buffer::WipedBuffer;
use crate::names::{Namespace, ObjectName, ServiceAccountRef};
use crate::observe::live::{LiveBinding, LiveMeta, LiveSecret, LiveSecretMeta, Observed};
use crate::observe::{Failure, FailureClass, ReadCluster};
use crate::secret::SecretBytes;
use async_trait::async_trait;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use std::sync::Arc;

const PAGE: u32 = 500;
/// More pages than any cluster has; a server that never ends a list is not one.
const MOST_PAGES: usize = 2_000;

/// A part of a list, and where it goes on.
struct Page {
    secrets: Vec<LiveSecretMeta>,
    next: Option<String>,
}

/// Reads of one cluster.
pub struct ClusterReader {
    requests: Arc<Requests>,
}

impl ClusterReader {
    pub(super) fn new(requests: Arc<Requests>) -> Self {
        Self { requests }
    }

    /// Present, or absent because the API server says that this very object is not there.
    async fn look<T>(&self, call: &Call, read: impl FnOnce(&[u8]) -> Option<T>) -> Observed<T> {
        match self.requests.send(call).await {
            Ok(body) => match read(body.as_ref()) {
                Some(object) => Observed::Present(object),
                None => Observed::Unknown(not_understood(call)),
            },
            Err(failure) if failure.class == FailureClass::NotFound => Observed::Absent,
            Err(failure) => Observed::Unknown(failure),
        }
    }

    async fn look_at_metadata(&self, what: String, path: String) -> Observed<LiveMeta> {
        self.look(&Call::get(what, path, METADATA), metadata).await
    }

    /// One listing from its first page to its last; all pages show the same moment.
    async fn list_marked(&self) -> Result<Vec<LiveSecretMeta>, Failure> {
        const SELECTOR: &str = "app.kubernetes.io%2Fmanaged-by%3Dkeyfleet";
        let what = "list the Secrets that keyfleet manages";
        let mut found = Vec::new();
        let mut next = String::new();
        for _ in 0..MOST_PAGES {
            let path = format!("/api/v1/secrets?labelSelector={SELECTOR}&limit={PAGE}{next}");
            let page = self.page(Call::get(what, path, METADATA_LIST)).await?;
            found.extend(page.secrets);
            let Some(token) = page.next else {
                return Ok(found);
            };
            next = format!(
                "&continue={}",
                utf8_percent_encode(&token, NON_ALPHANUMERIC)
            );
        }
        Err(Failure::new(
            FailureClass::Protocol,
            what,
            "the list does not end",
        ))
    }

    async fn page(&self, call: Call) -> Result<Page, Failure> {
        let body = self.requests.send(&call).await?;
        let list: MetadataList = parsed(&body).ok_or_else(|| not_understood(&call))?;
        if list.kind != "PartialObjectMetadataList" {
            return Err(not_understood(&call));
        }
        let secrets = list.items.into_iter().map(live::secret_meta);
        let secrets: Option<Vec<LiveSecretMeta>> = secrets.collect();
        Ok(Page {
            secrets: secrets.ok_or_else(|| not_understood(&call))?,
            next: list.metadata.next.filter(|token| !token.is_empty()),
        })
    }

    async fn request_token(
        &self,
        account: &ServiceAccountRef,
        audiences: &[&str],
    ) -> Result<TokenObject, Failure> {
        let path = format!(
            "/api/v1/namespaces/{}/serviceaccounts/{}/token",
            account.namespace, account.name
        );
        let mut call = Call::get(
            format!("make a token of ServiceAccount {account}"),
            path,
            JSON,
        );
        call.method = Method::POST;
        call.body = bodies::token_request(audiences);
        let body = self.requests.send(&call).await?;
        parsed(&body).ok_or_else(|| not_understood(&call))
    }
}

#[async_trait]
impl ReadCluster for ClusterReader {
    async fn identity(&self) -> Result<String, Failure> {
        let what = "read Namespace kube-system, which tells clusters apart";
        let call = Call::get(what, "/api/v1/namespaces/kube-system", METADATA);
        let body = self.requests.send(&call).await?;
        metadata(body.as_ref())
            .map(|meta| meta.uid)
            .ok_or_else(|| not_understood(&call))
    }

    async fn namespace(&self, name: &Namespace) -> Observed<LiveMeta> {
        self.look_at_metadata(
            format!("read Namespace {name}"),
            format!("/api/v1/namespaces/{name}"),
        )
        .await
    }

    async fn service_account(&self, account: &ServiceAccountRef) -> Observed<LiveMeta> {
        let path = format!(
            "/api/v1/namespaces/{}/serviceaccounts/{}",
            account.namespace, account.name
        );
        self.look_at_metadata(format!("read ServiceAccount {account}"), path)
            .await
    }

    async fn binding(&self, name: &ObjectName) -> Observed<LiveBinding> {
        let path = format!("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{name}");
        let call = Call::get(format!("read ClusterRoleBinding {name}"), path, JSON);
        self.look(&call, |body| {
            live::binding(serde_json::from_slice::<BindingObject>(body).ok()?)
        })
        .await
    }

    async fn marked_secrets(&self) -> Result<Vec<LiveSecretMeta>, Failure> {
        match self.list_marked().await {
            // The list took longer than the server keeps its moment: what was read so far is of no use.
            Err(failure) if failure.status == Some(410) => self.list_marked().await,
            outcome => outcome,
        }
    }

    async fn secrets_of_small_namespace(
        &self,
        namespace: &Namespace,
    ) -> Result<Option<Vec<LiveSecretMeta>>, Failure> {
        let path = format!("/api/v1/namespaces/{namespace}/secrets?limit={PAGE}");
        let what = format!("list the Secrets of Namespace {namespace}");
        let page = self.page(Call::get(what, path, METADATA_LIST)).await?;
        Ok(page.next.is_none().then_some(page.secrets))
    }

    async fn secret_meta(&self, namespace: &Namespace, name: &ObjectName) -> Observed<LiveMeta> {
        let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
        self.look_at_metadata(
            format!("read the metadata of Secret {namespace}/{name}"),
            path,
        )
        .await
    }

    async fn secret(&self, namespace: &Namespace, name: &ObjectName) -> Observed<LiveSecret> {
        let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
        let call = Call::get(format!("read Secret {namespace}/{name}"), path, JSON);
        self.look(&call, |body| {
            let object: SecretObject = serde_json::from_slice(body).ok()?;
            (object.kind == "Secret")
                .then(|| live::secret(object))
                .flatten()
        })
        .await
    }

    async fn rest(&self) {
        self.requests.rest().await;
    }

    async fn mint_token(
        &self,
        account: &ServiceAccountRef,
        audience: Option<&str>,
    ) -> Result<SecretBytes, Failure> {
        // Without audiences, the server fills in its own: the only way to learn them.
        let own = self.request_token(account, &[]).await?;
        let audiences = match audience {
            Some(audience) if !own.spec.audiences.iter().any(|known| known == audience) => {
                std::iter::once(audience)
                    .chain(own.spec.audiences.iter().map(String::as_str))
                    .collect::<Vec<_>>()
            }
            _ => Vec::new(),
        };
        let Plain(token) = if audiences.is_empty() {
            own.status.token
        } else {
            self.request_token(account, &audiences).await?.status.token
        };
        Ok(token)
    }
}

fn metadata(body: &[u8]) -> Option<LiveMeta> {
    let object: MetadataOnly = serde_json::from_slice(body).ok()?;
    (object.kind == "PartialObjectMetadata")
        .then(|| meta(object.metadata))
        .flatten()
}

/// serde's own words stay behind: they quote what they could not parse.
fn parsed<T: DeserializeOwned>(body: &WipedBuffer) -> Option<T> {
    serde_json::from_slice(body.as_ref()).ok()
}
