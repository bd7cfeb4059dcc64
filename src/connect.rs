//! Opening connections: what the declarations name, with the credentials of the operator.
//!
//! An address in git must not collect a token that was meant for another Vault: the operator's token goes only to the
//! address that the operator named too, or to the one Vault of the fleet when the operator named none.

mod settings;

pub use settings::Settings;
pub(crate) use settings::variable;

use settings::token_variable;

use crate::backends::Conduct;
use crate::backends::file_trouble;
use crate::backends::kubernetes::{Access, ClusterConnection, KubeconfigFile, Limits};
use crate::backends::vault::{Budget, VaultConnection, check_address, open};
use crate::declare::Credential;
use crate::desire::{Cell, Connection, DesiredVault};
use crate::names::VaultName;
use crate::observe::{Failure, FailureClass, KvReference, Session};
use crate::pipeline::{Open, OpenCluster, OpenVault};
use crate::secret::SecretBytes;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// Opens with the operator's settings.
pub struct Opener {
    settings: Settings,
    /// Whether the fleet has one Vault only.
    one_vault: bool,
    vaults: BTreeMap<VaultName, Arc<DesiredVault>>,
    kubeconfig: OnceCell<Result<Arc<KubeconfigFile>, Failure>>,
    conduct: Arc<Conduct>,
    budget: Budget,
    limits: Limits,
}

impl Opener {
    pub fn new(settings: Settings, desired: &crate::desire::Desired) -> Self {
        Self {
            settings,
            one_vault: desired.vaults.len() == 1,
            vaults: desired.vaults.clone(),
            kubeconfig: OnceCell::new(),
            conduct: Arc::default(),
            budget: Budget::default(),
            limits: Limits::default(),
        }
    }

    /// The same with other limits of requests, one of which holds for all of them together.
    #[must_use]
    pub fn within(self, conduct: Arc<Conduct>, per_vault: usize, per_cluster: usize) -> Self {
        Self {
            conduct,
            budget: Budget {
                in_flight: per_vault,
                ..self.budget
            },
            limits: Limits {
                at_once: per_cluster,
                ..self.limits
            },
            ..self
        }
    }

    /// Read once, by the first cluster that needs it.
    async fn own_kubeconfig(&self) -> Result<Arc<KubeconfigFile>, Failure> {
        let path = self.settings.kubeconfig.clone();
        let read = async || {
            let read = tokio::task::spawn_blocking(move || KubeconfigFile::read(path.as_deref()));
            let setup = |_| {
                let what = "read the kubeconfig";
                Failure::new(FailureClass::Setup, what, "reading it was given up")
            };
            read.await.map_err(setup)?.map(Arc::new)
        };
        self.kubeconfig.get_or_init(read).await.clone()
    }

    fn connection(&self, vault: &DesiredVault) -> Result<VaultConnection, Failure> {
        let setup = |why: String, hint: String| {
            Failure::new(
                FailureClass::Setup,
                format!("connect to vault {}", vault.name),
                why,
            )
            .hint(hint)
        };
        let own = self.settings.vault_address.as_deref();
        let address = vault.address.as_deref().or(own).ok_or_else(|| {
            setup(
                "no address is known".to_owned(),
                "set VAULT_ADDR, or `address:` of this Vault in fleet.yaml".to_owned(),
            )
        })?;
        if vault.address.is_none() {
            check_address(address, "VAULT_ADDR")?;
        }
        Ok(VaultConnection {
            address: address.to_owned(),
            namespace: vault
                .namespace
                .clone()
                .or_else(|| self.settings.vault_namespace.clone()),
            ca_pem: self.certificate_authority(vault)?,
            token: Some(self.token(vault, address)?),
            conduct: Arc::clone(&self.conduct),
        })
    }

    fn token(&self, vault: &DesiredVault, address: &str) -> Result<SecretBytes, Failure> {
        let setup = |why: String, hint: String| {
            Failure::new(
                FailureClass::Setup,
                format!("connect to vault {}", vault.name),
                why,
            )
            .hint(hint)
        };
        let variable = token_variable(vault.name.as_str());
        if let Some(token) = Settings::token_of(vault.name.as_str()) {
            return Ok(token);
        }
        let own = self.settings.vault_address.as_deref();
        let is_meant = own.map_or(self.one_vault, |own| {
            own.trim_end_matches('/') == address.trim_end_matches('/')
        });
        match &self.settings.vault_token {
            Some(token) if is_meant => Ok(token.duplicate()),
            Some(_) => Err(setup(
                format!(
                    "the fleet names {address}, and VAULT_ADDR another address: VAULT_TOKEN is not sent there"
                ),
                format!("set VAULT_ADDR to the same address, or {variable}"),
            )),
            None => Err(setup(
                "there is no token".to_owned(),
                format!("set VAULT_TOKEN or {variable}, or log in with `vault login`"),
            )),
        }
    }

    fn certificate_authority(&self, vault: &DesiredVault) -> Result<Option<Vec<u8>>, Failure> {
        if let Some(pem) = &vault.ca_pem {
            return Ok(Some(pem.clone().into_bytes()));
        }
        let Some(path) = &self.settings.vault_ca_file else {
            return Ok(None);
        };
        std::fs::read(path).map(Some).map_err(|error| {
            Failure::new(
                FailureClass::Setup,
                format!("connect to vault {}", vault.name),
                format!(
                    "VAULT_CACERT {} cannot be read: {}",
                    path.display(),
                    file_trouble::of_file(&error)
                ),
            )
            .hint("name a PEM file")
        })
    }

    async fn kept_in_vault(
        &self,
        cell: &Cell,
        vault: &OpenVault,
        reference: &KvReference,
        property: &str,
    ) -> Result<SecretBytes, Failure> {
        let own = self
            .connection(&self.vaults[&cell.vault])?
            .token
            .unwrap_or_default();
        let session = Session {
            token: own,
            lives: Duration::MAX,
        };
        let mut value = vault.as_cluster.value(&session, reference).await?;
        match value.data.remove(property) {
            Some(serde_json::Value::String(text)) => Ok(SecretBytes::from(text)),
            _ => Err(Failure::new(
                FailureClass::Setup,
                format!("connect to cluster {}", cell.cluster),
                format!("{} has no text {property:?}", reference.api_path()),
            )
            .hint("see `connect.vault` in its cluster.yaml")),
        }
    }
}

#[async_trait]
impl Open for Opener {
    fn vault(&self, vault: &DesiredVault) -> Result<OpenVault, Failure> {
        let (reader, writer) = open(self.connection(vault)?, &self.budget)?;
        let reader = Arc::new(reader);
        Ok(OpenVault {
            read: reader.clone(),
            as_cluster: reader,
            write: Arc::new(writer),
        })
    }

    async fn cluster(
        &self,
        cell: &Cell,
        vault: Result<&OpenVault, &Failure>,
    ) -> Result<OpenCluster, Failure> {
        let access = match &cell.connect {
            Connection::KubeconfigContext(context) => Access::Kubeconfig {
                file: self.own_kubeconfig().await?,
                context: Some(context.clone()),
            },
            Connection::InCluster => Access::InCluster,
            Connection::Vault {
                reference,
                property,
                holds,
            } => {
                let vault = vault.map_err(Clone::clone)?;
                let kept = self.kept_in_vault(cell, vault, reference, property).await?;
                let origin = format!("{}#{property}", reference.api_path());
                match holds {
                    Credential::Kubeconfig => Access::KubeconfigText {
                        text: kept,
                        context: None,
                        origin,
                    },
                    Credential::Token => Access::Token {
                        server: cell.config.host.clone(),
                        ca_pem: Some(cell.config.ca_pem.clone()),
                        token: kept,
                        origin,
                    },
                }
            }
        };
        // Credential plugins are programs that this waits for.
        let (limits, conduct) = (self.limits, Arc::clone(&self.conduct));
        let connect = move || ClusterConnection::with_conduct(access, limits, conduct);
        let connection = tokio::task::spawn_blocking(connect).await;
        let connection = connection.map_err(|_| {
            Failure::new(
                FailureClass::Setup,
                format!("connect to cluster {}", cell.cluster),
                "the connection could not be set up",
            )
        })??;
        Ok(OpenCluster {
            read: Arc::new(connection.reader()),
            write: Arc::new(connection.writer()),
        })
    }
}
