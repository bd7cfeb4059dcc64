//! Where the servers of a playground are, and what opens them. The tokens are those of servers that end with it.

#[derive(Debug, Clone)]
pub(in crate::cli) struct Addresses {
    pub vault: String,
    pub vault_token: String,
    /// Where the Vault speaks TLS.
    pub vault_ca_pem: Option<String>,
    pub clusters: Vec<ClusterAddress>,
}

#[derive(Debug, Clone)]
pub(in crate::cli) struct ClusterAddress {
    pub name: String,
    /// `https://127.0.0.1:PORT`.
    pub server: String,
    pub ca_pem: String,
    /// Of an administrator.
    pub token: String,
}
