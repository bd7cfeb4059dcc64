//! Who asks: the tokens that a cluster knows from its start, its service accounts' tokens, and impersonation.
//!
//! Absent: client certificates, tokens of an OpenID provider, the Secrets that once held tokens of service accounts.

mod accounts;
mod impersonate;

pub(super) use accounts::{ISSUER, Wanted, issue};

use super::request::User;
use super::status::Status;
use super::store::Store;
use crate::sandbox::jwt::{PublicKey, SigningKey};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use jiff::Timestamp;

/// Everybody whose token was good.
const AUTHENTICATED: &str = "system:authenticated";
const UNAUTHENTICATED: &str = "system:unauthenticated";
const ANONYMOUS: &str = "system:anonymous";

/// What a cluster knows callers by, apart from its objects.
#[derive(Debug)]
pub(super) struct Credentials {
    /// Bearer token and whose it is, as `--token-auth-file` has it.
    pub known: Vec<(String, User)>,
    pub key: SigningKey,
    pub public: PublicKey,
}

/// A token that is good, and for whom it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub user: User,
    pub audiences: Vec<String>,
}

impl Credentials {
    /// Who asks, and as whom: `system:anonymous` without a token; a token that is not good is a 401.
    pub(super) fn identify(
        &self,
        headers: &HeaderMap,
        store: &Store,
        now: Timestamp,
    ) -> Result<User, Status> {
        let user = match bearer(headers) {
            None => anonymous(),
            Some(token) => {
                let ours = [ISSUER.to_owned()];
                let identity = self.review(token, &ours, store, now);
                identity.map_err(|_| unauthorized())?.user
            }
        };
        impersonate::impersonated(user, headers, store)
    }

    /// Whose token this is, for any of these audiences; why it is no good otherwise.
    pub(super) fn review(
        &self,
        token: &str,
        audiences: &[String],
        store: &Store,
        now: Timestamp,
    ) -> Result<Identity, String> {
        let known = self.known.iter().find(|(known, _)| known == token);
        if let Some((_, user)) = known {
            let ours = audiences.iter().filter(|audience| *audience == ISSUER);
            let audiences: Vec<String> = ours.cloned().collect();
            if !audiences.is_empty() {
                return Ok(Identity {
                    user: with_group(user.clone(), AUTHENTICATED),
                    audiences,
                });
            }
        }
        match accounts::review(self, token, audiences, store, now) {
            Ok(Some(identity)) => Ok(identity),
            Ok(None) => Err(INVALID.to_owned()),
            Err(why) => Err(format!("[{INVALID}, {why}]")),
        }
    }
}

const INVALID: &str = "invalid bearer token";

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let mut parts = value.split(' ');
    let scheme = parts.next()?;
    let token = parts.next()?;
    let meant = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty();
    meant.then_some(token)
}

fn unauthorized() -> Status {
    Status::new(401, "Unauthorized", "Unauthorized")
}

fn anonymous() -> User {
    User {
        name: ANONYMOUS.to_owned(),
        groups: vec![UNAUTHENTICATED.to_owned()],
        ..User::default()
    }
}

/// The user as member of one more group, unless it is one already.
fn with_group(mut user: User, group: &str) -> User {
    if !user.groups.iter().any(|known| known == group) {
        user.groups.push(group.to_owned());
    }
    user
}
