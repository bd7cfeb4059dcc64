//! Logging in as a cluster, and reading values with the token that this gives.

use super::VaultReader;
use super::kv;
use super::request::{Request, Token};
use super::token_api::{self, Login};
use crate::names::{MountPath, RoleName};
use crate::observe::{Failure, FailureClass, KvReference, KvValue, ReadAsCluster, Session};
use crate::secret::SecretBytes;
use async_trait::async_trait;
use std::time::Duration;

/// How long a token that never expires is said to live.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

#[async_trait]
impl ReadAsCluster for VaultReader {
    async fn log_in(
        &self,
        mount: &MountPath,
        role: &RoleName,
        jwt: &SecretBytes,
    ) -> Result<Session, Failure> {
        let login = Login::Jwt {
            role: role.as_str(),
            jwt,
        };
        // What a namespace is must be settled before the first login too.
        self.http.check_namespace().await?;
        let (token, lease) = token_api::log_in(&self.http, mount, &login).await?;
        Ok(Session {
            token,
            lives: lease.lives.unwrap_or(FOREVER),
        })
    }

    async fn value(&self, session: &Session, reference: &KvReference) -> Result<KvValue, Failure> {
        kv::value(&self.http, Token::Session(&session.token), reference).await
    }

    async fn log_out(&self, session: &Session) -> Result<(), Failure> {
        self.http.send(&Request::log_out(&session.token)).await?;
        Ok(())
    }
}

pub(super) fn not_text(mount: &MountPath) -> Failure {
    Failure::new(
        FailureClass::Setup,
        format!("log in at auth/{mount}/login"),
        "what it shows is not text",
    )
}
