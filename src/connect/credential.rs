//! Where keyfleet's own token of a Vault comes from.

use super::watched::read_text;
use crate::backends::vault::{Lease, Login, TokenApi};
use crate::names::MountPath;
use crate::observe::{Failure, FailureClass};
use crate::secret::SecretBytes;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A Vault that the operator gives credentials for, and for which address they are meant: a declaration that names
/// another one gets nothing.
#[derive(Debug, Clone)]
pub struct VaultAccess {
    pub address: String,
    pub credential: Arc<OwnCredential>,
}

/// Secrets are in the environment or in files, which are read again.
#[derive(Debug)]
pub enum OwnCredential {
    /// `VAULT_TOKEN`.
    Token(SecretBytes),
    /// A Kubernetes Secret that is mounted, or what a Vault Agent writes.
    TokenFile(PathBuf),
    /// The auth methods `kubernetes` and `jwt`.
    ServiceAccount {
        mount: MountPath,
        role: String,
        /// A projected service account token; its audience is what the role asks for.
        token_file: PathBuf,
    },
    AppRole {
        mount: MountPath,
        role_id: String,
        secret_id_file: PathBuf,
    },
}

impl OwnCredential {
    /// Whether it gives a new token each time; such tokens are keyfleet's to give back.
    pub(super) fn is_login(&self) -> bool {
        matches!(self, Self::ServiceAccount { .. } | Self::AppRole { .. })
    }

    /// The file that holds the token itself: who writes another one there means it to be used at once. What a login
    /// shows is read at each login anyway.
    pub(super) fn token_file(&self) -> Option<&Path> {
        match self {
            Self::TokenFile(path) => Some(path),
            Self::Token(_) | Self::ServiceAccount { .. } | Self::AppRole { .. } => None,
        }
    }

    /// The token that is there already; `None` when one must be asked for.
    pub(super) async fn given(&self) -> Result<Option<SecretBytes>, Failure> {
        match self {
            Self::Token(token) => Ok(Some(token.duplicate())),
            Self::TokenFile(path) => read(path).await.map(Some),
            Self::ServiceAccount { .. } | Self::AppRole { .. } => Ok(None),
        }
    }

    /// A token with what is known of it: of a login, or the one that is given.
    pub(super) async fn obtain(&self, api: &TokenApi) -> Result<(SecretBytes, Lease), Failure> {
        match self {
            Self::Token(token) => Ok((token.duplicate(), api.look_up(token).await?)),
            Self::TokenFile(path) => {
                let token = read(path).await?;
                let lease = api.look_up(&token).await?;
                Ok((token, lease))
            }
            Self::ServiceAccount {
                mount,
                role,
                token_file,
            } => {
                let jwt = &read(token_file).await?;
                api.log_in(mount, &Login::Jwt { role, jwt }).await
            }
            Self::AppRole {
                mount,
                role_id,
                secret_id_file,
            } => {
                let secret_id = &read(secret_id_file).await?;
                let login = Login::AppRole { role_id, secret_id };
                api.log_in(mount, &login).await
            }
        }
        .map_err(|failure| self.explain(failure))
    }

    /// The hints of a login are about clusters, whose mounts keyfleet makes; its own is made by the operator.
    fn explain(&self, failure: Failure) -> Failure {
        match self {
            Self::TokenFile(path) if failure.class == FailureClass::Unauthenticated => {
                failure.hint(format!("write another token to {}", path.display()))
            }
            Self::Token(_) | Self::TokenFile(_) => failure,
            Self::ServiceAccount {
                mount, token_file, ..
            } => failure.hint(format!(
                "this is keyfleet's own login: compare its role, the mount auth/{mount} and the token in {}",
                token_file.display()
            )),
            Self::AppRole {
                mount,
                secret_id_file,
                ..
            } => failure.hint(format!(
                "this is keyfleet's own login: compare its role id, the mount auth/{mount} and the secret id in {}",
                secret_id_file.display()
            )),
        }
    }
}

/// As it is named in logs and on pages.
impl fmt::Display for OwnCredential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(_) => formatter.write_str("a token from the environment"),
            Self::TokenFile(path) => write!(formatter, "the token in {}", path.display()),
            Self::ServiceAccount { mount, role, .. } => {
                write!(formatter, "a login at auth/{mount} with the role {role}")
            }
            Self::AppRole { mount, .. } => write!(formatter, "a login at auth/{mount}"),
        }
    }
}

async fn read(path: &Path) -> Result<SecretBytes, Failure> {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || read_text(&path)).await;
    read.unwrap_or_else(|_| Err(super::setup("read a token", "reading it was given up")))
}
