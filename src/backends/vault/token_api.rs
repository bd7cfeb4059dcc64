//! What is asked about a token with the token itself, and logins that give one.
//!
//! These requests name their token: none of them waits for keyfleet's own, which they are here to get.

use super::VaultReader;
use super::http::{Http, Reply, unexpected};
use super::request::{Request, Token};
use crate::names::MountPath;
use crate::observe::{Failure, KvValue};
use crate::secret::SecretBytes;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// How long a token still lives, and whether it says that it can be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// `None`: it never ends.
    pub lives: Option<Duration>,
    /// How long it lived when it was made or, when it is periodic, lives after each renewal.
    pub granted: Option<Duration>,
    pub renewable: bool,
}

/// What a login shows.
pub enum Login<'a> {
    /// A service account's token, to the methods `kubernetes` and `jwt`.
    Jwt { role: &'a str, jwt: &'a SecretBytes },
    /// To the method `approle`.
    AppRole {
        role_id: &'a str,
        secret_id: &'a SecretBytes,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'a> {
    Jwt {
        role: &'a str,
        jwt: &'a str,
    },
    AppRole {
        role_id: &'a str,
        secret_id: &'a str,
    },
}

/// The tokens of one Vault.
#[derive(Debug, Clone)]
pub struct TokenApi {
    http: Arc<Http>,
}

impl TokenApi {
    pub fn new(reader: &VaultReader) -> Self {
        Self {
            http: Arc::clone(&reader.http),
        }
    }

    pub async fn look_up(&self, token: &SecretBytes) -> Result<Lease, Failure> {
        let request = Request::read(&["auth/token/lookup-self"]).with(Token::Session(token));
        let data = self.http.ask(&request).await?.data(&request)?;
        let lease = data.as_ref().and_then(|data| {
            let seconds = |name| data.get(name).and_then(Value::as_u64);
            let lives = match seconds("ttl")? {
                0 if data.get("expire_time").is_none_or(Value::is_null) => None,
                left => Some(Duration::from_secs(left)),
            };
            let period = seconds("period").filter(|period| *period != 0);
            Some(Lease {
                lives,
                granted: lives.and(period.or(seconds("creation_ttl")).map(Duration::from_secs)),
                renewable: renewable(data),
            })
        });
        lease.ok_or_else(|| unexpected(&request, "`ttl`"))
    }

    /// For so long from now, as far as Vault allows it.
    pub async fn renew(
        &self,
        token: &SecretBytes,
        increment: Option<Duration>,
    ) -> Result<Lease, Failure> {
        let request = Request::renew(token, increment)?;
        let mut reply = self.http.ask(&request).await?;
        let auth = auth(&mut reply);
        // Only what ends can be renewed: 0 is less than a second here.
        let lives = auth.data.get("lease_duration").and_then(Value::as_u64);
        let lives = lives.map(Duration::from_secs);
        let lease = lives.map(|lives| Lease {
            lives: Some(lives),
            granted: Some(lives),
            renewable: renewable(&auth.data),
        });
        lease.ok_or_else(|| unexpected(&request, "`lease_duration`"))
    }

    pub async fn log_in(
        &self,
        mount: &MountPath,
        login: &Login<'_>,
    ) -> Result<(SecretBytes, Lease), Failure> {
        log_in(&self.http, mount, login).await
    }

    pub async fn give_back(&self, token: &SecretBytes) -> Result<(), Failure> {
        self.http.ask(&Request::log_out(token)).await.map(drop)
    }
}

pub(super) async fn log_in(
    http: &Http,
    mount: &MountPath,
    login: &Login<'_>,
) -> Result<(SecretBytes, Lease), Failure> {
    let shown = match login {
        Login::Jwt { role, jwt } => jwt.expose_text().map(|jwt| Shown::Jwt { role, jwt }),
        Login::AppRole { role_id, secret_id } => secret_id
            .expose_text()
            .map(|secret_id| Shown::AppRole { role_id, secret_id }),
    };
    let path = ["auth", mount.as_str(), "login"];
    let Some(shown) = shown else {
        return Err(super::session::not_text(mount));
    };
    let request = Request::log_in(&path, &shown)?;
    let mut reply = http.ask(&request).await?;
    let mut auth = auth(&mut reply);
    let lease = lease(&auth);
    match (auth.data.remove("client_token"), lease) {
        (Some(Value::String(token)), Some(lease)) if !token.is_empty() => {
            Ok((SecretBytes::from(token), lease))
        }
        _ => Err(unexpected(&request, "token")),
    }
}

/// What an answer says of a token; wiped when it is dropped.
fn auth(reply: &mut Reply) -> KvValue {
    let mut auth = KvValue::default();
    if let Some(Value::Object(fields)) = reply.body.data.remove("auth") {
        auth.data = fields;
    }
    auth
}

/// Of a login.
fn lease(auth: &KvValue) -> Option<Lease> {
    let seconds = auth.data.get("lease_duration")?.as_u64()?;
    // As Vault writes what never ends.
    let lives = (seconds != 0).then(|| Duration::from_secs(seconds));
    Some(Lease {
        lives,
        granted: lives,
        renewable: renewable(&auth.data),
    })
}

fn renewable(fields: &Map<String, Value>) -> bool {
    fields.get("renewable") == Some(&Value::Bool(true))
}
