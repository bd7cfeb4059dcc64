//! Logging in as a cluster, and reading values with the token that this gives.

use super::VaultReader;
use super::http::unexpected;
use super::kv;
use super::request::Request;
use crate::names::{MountPath, RoleName};
use crate::observe::{Failure, FailureClass, KvReference, KvValue, ReadAsCluster, Session};
use crate::secret::SecretBytes;
use async_trait::async_trait;
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// How long a token that never expires is said to live.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

#[derive(Serialize)]
struct Login<'a> {
    role: &'a str,
    jwt: &'a str,
}

#[async_trait]
impl ReadAsCluster for VaultReader {
    async fn log_in(
        &self,
        mount: &MountPath,
        role: &RoleName,
        jwt: &SecretBytes,
    ) -> Result<Session, Failure> {
        let login = Login {
            role: role.as_str(),
            jwt: jwt.expose_text().ok_or_else(|| not_text(mount))?,
        };
        let request = Request::log_in(&["auth", mount.as_str(), "login"], &login)?;
        let mut reply = self.http.send(&request).await?;
        let mut auth = KvValue::default();
        if let Some(Value::Object(fields)) = reply.body.data.remove("auth") {
            auth.data = fields;
        }
        let lives = auth.data.get("lease_duration").and_then(Value::as_u64);
        match (auth.data.remove("client_token"), lives) {
            (Some(Value::String(token)), Some(seconds)) if !token.is_empty() => Ok(Session {
                token: SecretBytes::from(token),
                lives: match seconds {
                    0 => FOREVER,
                    seconds => Duration::from_secs(seconds),
                },
            }),
            _ => Err(unexpected(&request, "token")),
        }
    }

    async fn value(&self, session: &Session, reference: &KvReference) -> Result<KvValue, Failure> {
        kv::value(&self.http, &session.token, reference).await
    }

    async fn log_out(&self, session: &Session) -> Result<(), Failure> {
        self.http.send(&Request::log_out(&session.token)).await?;
        Ok(())
    }
}

fn not_text(mount: &MountPath) -> Failure {
    Failure::new(
        FailureClass::Setup,
        format!("log in at auth/{mount}/login"),
        "the service account's token is not text",
    )
}
