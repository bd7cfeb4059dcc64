//! Whether a server honours the namespace that it is asked in. `HashiCorp` Vault's community edition takes no notice of the
//! header: everything that is meant for a namespace would silently land in the root.

use super::http::Http;
use super::request::Request;
use crate::observe::{Failure, FailureClass};
use reqwest::header::HeaderValue;
use serde_json::Value;

/// Fails when the namespace and the root are one place. Where that cannot be told, they are not taken for one.
pub(super) async fn check(http: &Http, namespace: &HeaderValue) -> Result<(), Failure> {
    let name = namespace.to_str().unwrap_or_default().trim_matches('/');
    if matches!(name, "" | "root") {
        return Ok(());
    }
    let inside = Request::read(&["sys/auth"]);
    let outside = Request {
        in_namespace: false,
        ..Request::read(&["sys/auth"])
    };
    match (accessor(http, &inside).await, accessor(http, &outside).await) {
        (Some(inside_is), Some(outside_is)) if inside_is == outside_is => Err(inside
            .failure(
                FailureClass::Setup,
                format!("this server has no namespaces: it shows its root in place of `{name}`"),
            )
            .hint("remove `namespace` from fleet.yaml and VAULT_NAMESPACE; OpenBao and Vault Enterprise have namespaces")),
        _ => Ok(()),
    }
}

/// The accessor of the mount that every namespace has one of its own of.
async fn accessor(http: &Http, request: &Request<'_>) -> Option<String> {
    let data = http.ask(request).await.ok()?.data(request).ok()??;
    let accessor = data
        .get("token/")?
        .get("accessor")
        .and_then(Value::as_str)?;
    Some(accessor.to_owned())
}
