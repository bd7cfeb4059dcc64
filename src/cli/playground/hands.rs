//! What a person does to a server by hand, done over its HTTP API.

use super::address::{Addresses, ClusterAddress};
use anyhow::Context;
use reqwest::{Certificate, Client, Method};
use serde_json::Value;
use std::time::Duration;

/// Somebody with root rights on one server.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Hands {
    client: Client,
    base: String,
    token: (&'static str, String),
}

impl Hands {
    pub(in crate::cli) fn on_vault(addresses: &Addresses) -> anyhow::Result<Self> {
        Ok(Self {
            client: client(addresses.vault_ca_pem.as_deref())?,
            base: format!("{}/v1", addresses.vault),
            token: ("X-Vault-Token", addresses.vault_token.clone()),
        })
    }

    pub(in crate::cli) fn on_cluster(cluster: &ClusterAddress) -> anyhow::Result<Self> {
        Ok(Self {
            client: client(Some(&cluster.ca_pem))?,
            base: cluster.server.clone(),
            token: ("Authorization", format!("Bearer {}", cluster.token)),
        })
    }

    /// `path` begins with a slash. The body of the answer, which is an error where the status is one.
    pub(in crate::cli) async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.base);
        let mut request = self
            .client
            .request(method.clone(), &url)
            .header(self.token.0, &self.token.1);
        if let Some(body) = body {
            request = request
                .header("Content-Type", content_type)
                .body(body.to_string());
        }
        let answer = request.send().await;
        let answer = answer.with_context(|| format!("failed to ask {method} {url}"))?;
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        anyhow::ensure!(
            status.is_success(),
            "{method} {url} was answered with {status}"
        );
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    pub(in crate::cli) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let json = "application/json";
        self.send(Method::POST, path, json, Some(body)).await
    }
}

/// The servers are on loopback: no proxy is between, and whatever takes longer than this is broken.
pub(super) fn client(ca_pem: Option<&str>) -> anyhow::Result<Client> {
    let mut builder = Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(20))
        .redirect(reqwest::redirect::Policy::none());
    if let Some(pem) = ca_pem {
        builder = builder.tls_certs_only([Certificate::from_pem(pem.as_bytes())?]);
    }
    builder.build().context("failed to make an HTTP client")
}
