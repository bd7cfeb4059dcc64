//! What comes from the operator's environment: read once, here.

use super::credential::VaultAccess;
use crate::secret::SecretBytes;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The operator's own settings. Secrets come from the environment or a file, never from a flag.
#[derive(Debug)]
pub struct Settings {
    /// `VAULT_ADDR`, `VAULT_NAMESPACE`, `VAULT_CACERT`: as the vault command line means them.
    pub vault_address: Option<String>,
    pub vault_namespace: Option<String>,
    pub vault_ca_file: Option<PathBuf>,
    /// `VAULT_TOKEN`, else the file that `vault login` writes.
    pub vault_token: Option<SecretBytes>,
    /// `KUBECONFIG`; without it, what kubectl would use.
    pub kubeconfig: Option<PathBuf>,
    /// By the name that the fleet gives a Vault; before any token of the environment.
    pub vaults: BTreeMap<String, VaultAccess>,
}

impl Settings {
    pub fn from_environment() -> Self {
        Self {
            vault_address: variable("VAULT_ADDR"),
            vault_namespace: variable("VAULT_NAMESPACE"),
            vault_ca_file: variable("VAULT_CACERT").map(PathBuf::from),
            vault_token: variable("VAULT_TOKEN")
                .or_else(token_file)
                .map(SecretBytes::from),
            kubeconfig: variable("KUBECONFIG").map(PathBuf::from),
            vaults: BTreeMap::new(),
        }
    }

    /// Where the operator says that a Vault is: `VAULT_ADDR_PROD_EU` for `prod-eu`, else `VAULT_ADDR`.
    pub(super) fn address_of(&self, vault: &str) -> Option<Named> {
        let own = address_variable(vault);
        if let Some(address) = variable(&own) {
            return Some(Named { by: own, address });
        }
        let by = "VAULT_ADDR".to_owned();
        let address = self.vault_address.clone()?;
        Some(Named { by, address })
    }

    /// The token for a Vault that the fleet calls by name: `VAULT_TOKEN_PROD_EU` for `prod-eu`.
    pub(super) fn token_of(vault: &str) -> Option<SecretBytes> {
        variable(&token_variable(vault)).map(SecretBytes::from)
    }
}

/// The name of that variable.
pub(super) fn token_variable(vault: &str) -> String {
    format!("VAULT_TOKEN_{}", suffix(vault))
}

/// The same for its address.
pub(super) fn address_variable(vault: &str) -> String {
    format!("VAULT_ADDR_{}", suffix(vault))
}

fn suffix(vault: &str) -> String {
    vault.to_uppercase().replace('-', "_")
}

/// An address of the environment, with the variable that says it.
pub(super) struct Named {
    pub(super) by: String,
    pub(super) address: String,
}

/// A variable that is set to nothing is not set.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn token_file() -> Option<String> {
    let path = PathBuf::from(std::env::var_os("HOME")?).join(".vault-token");
    let token = std::fs::read_to_string(path).ok()?;
    Some(token.trim().to_owned()).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_has_its_own_variable() {
        assert_eq!(token_variable("prod-eu"), "VAULT_TOKEN_PROD_EU");
    }
}
