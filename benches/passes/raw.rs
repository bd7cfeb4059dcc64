//! The floor: the same requests, sent by a client that knows them all beforehand and looks at no answer.

use super::world::{Cluster, World};
use futures::StreamExt;
use reqwest::{Certificate, Client, Method};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// More at a time makes none of the servers here faster.
const AT_ONCE: usize = 64;

pub(crate) struct Request {
    /// `None` is the Vault.
    cluster: Option<usize>,
    method: Method,
    path: String,
    body: Option<Value>,
    accept: Option<&'static str>,
    content_type: &'static str,
}

const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const APPLY: &str = "application/apply-patch+yaml";

fn vault(method: Method, path: &str, body: Option<Value>) -> Request {
    Request {
        cluster: None,
        method,
        path: format!("/v1/{path}"),
        body,
        accept: None,
        content_type: "application/json",
    }
}

fn cluster(index: usize, path: &str, accept: Option<&'static str>) -> Request {
    Request {
        cluster: Some(index),
        method: Method::GET,
        path: path.to_owned(),
        body: None,
        accept,
        content_type: APPLY,
    }
}

/// What a Vault has to be asked to know that 200 clusters are as they should be: two reads for each, and two for all.
pub(crate) fn least_reads_of_the_vault(clusters: &[Cluster]) -> Vec<Request> {
    let mut requests = vec![
        vault(Method::GET, "sys/auth", None),
        vault(Method::GET, "sys/policies/detailed/acl?list=true", None),
    ];
    for Cluster { name, .. } in clusters {
        requests.push(vault(Method::GET, &format!("auth/{name}/config"), None));
        requests.push(vault(
            Method::GET,
            &format!("auth/{name}/role/{name}-role"),
            None,
        ));
    }
    requests
}

/// Every read of a pass with nothing to do.
pub(crate) fn reads(clusters: &[Cluster], secrets: usize) -> Vec<Request> {
    let mut requests = least_reads_of_the_vault(clusters);
    requests.push(vault(Method::GET, "sys/mounts", None));
    if secrets > 0 {
        requests.push(vault(Method::GET, "kv/detailed-metadata/?scan=true", None));
    }
    for (index, Cluster { name, .. }) in clusters.iter().enumerate() {
        requests.push(vault(
            Method::GET,
            &format!("auth/{name}/role?list=true"),
            None,
        ));
        for (path, accept) in [
            ("/api/v1/namespaces/kube-system", METADATA),
            ("/api/v1/namespaces/external-secrets", METADATA),
            (
                "/api/v1/namespaces/external-secrets/serviceaccounts/kubernetes-external-secrets",
                METADATA,
            ),
            (
                "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/role-tokenreview-binding",
                "application/json",
            ),
            (
                "/api/v1/secrets?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dkeyfleet&limit=500",
                METADATA_LIST,
            ),
        ] {
            requests.push(cluster(index, path, Some(accept)));
        }
    }
    requests
}

/// The writes that onboard every cluster in an empty Vault: mount, config, policy and role.
pub(crate) fn onboarding(clusters: &[Cluster]) -> [Vec<Request>; 4] {
    let each = |write: &dyn Fn(&Cluster) -> (String, Value)| -> Vec<Request> {
        let writes = clusters.iter().map(write);
        writes
            .map(|(path, body)| vault(Method::POST, &path, Some(body)))
            .collect()
    };
    [
        each(&|it| {
            (
                format!("sys/auth/{}", it.name),
                json!({"type": "kubernetes"}),
            )
        }),
        each(&|it| {
            let body = json!({
                "kubernetes_host": it.server, "kubernetes_ca_cert": it.ca_pem, "disable_local_ca_jwt": true,
            });
            (format!("auth/{}/config", it.name), body)
        }),
        each(&|it| {
            let text = format!(
                "path \"kv/data/{}/app\" {{ capabilities = [\"read\"] }}",
                it.name
            );
            (
                format!("sys/policies/acl/{}-kv-rw", it.name),
                json!({"policy": text}),
            )
        }),
        each(&|it| {
            let body = json!({
                "bound_service_account_names": ["kubernetes-external-secrets"],
                "bound_service_account_namespaces": ["external-secrets"],
                "token_policies": ["default", format!("{}-kv-rw", it.name)], "token_ttl": "24h",
            });
            (format!("auth/{0}/role/{0}-role", it.name), body)
        }),
    ]
}

/// Sends all of them, each answered well, over connections that are opened for it.
pub(crate) async fn send(
    world: &World,
    vault: Option<(&str, &str)>,
    requests: &[Request],
) -> Duration {
    let (addr, token) = vault.unwrap_or(world.vault());
    let begin = Instant::now();
    let to_vault = Client::builder().no_proxy().build().unwrap();
    let is_asked = requests.iter().any(|request| request.cluster.is_some());
    let to_clusters: Vec<Client> = world
        .clusters
        .iter()
        .filter(|_| is_asked)
        .map(|cluster| {
            let ca = Certificate::from_pem(cluster.ca_pem.as_bytes()).unwrap();
            Client::builder()
                .no_proxy()
                .tls_certs_only([ca])
                .build()
                .unwrap()
        })
        .collect();
    let sent = requests.iter().map(|request| {
        let call = match request.cluster {
            None => to_vault
                .request(request.method.clone(), format!("{addr}{}", request.path))
                .header("X-Vault-Token", token),
            Some(index) => {
                let it = &world.clusters[index];
                to_clusters[index]
                    .request(
                        request.method.clone(),
                        format!("{}{}", it.server, request.path),
                    )
                    .bearer_auth(&it.token)
            }
        };
        let call = match request.accept {
            Some(accept) => call.header("Accept", accept),
            None => call,
        };
        let call = match &request.body {
            Some(body) => call
                .header("Content-Type", request.content_type)
                .body(body.to_string()),
            None => call,
        };
        async move {
            let answer = call.send().await.unwrap();
            let status = answer.status();
            let body = answer.bytes().await.unwrap();
            assert!(
                status.is_success(),
                "{} {}: {status} {body:?}",
                request.method,
                request.path
            );
        }
    });
    let mut sent = futures::stream::iter(sent).buffer_unordered(AT_ONCE);
    while sent.next().await.is_some() {}
    begin.elapsed()
}
