//! One Vault or `OpenBao`, over its HTTP API.
//!
//! Promises: redirects are not followed; TLS is never off; a token or value is in no error, log line or `Debug`
//! form; what a server lacks is found by asking it, not by its version.
//! A reader cannot write: [`VaultReader`] and [`VaultWriter`] are different types that share connections and budget.
//! Deliberately absent: configuration from the environment, when a token is renewed or replaced (`connect`), and any retry of a
//! write that may have been applied. The next run looks instead.
//! Buffers that may hold values are wiped. Those of the HTTP and TLS libraries are out of reach.

mod address;
mod answer;
mod classify;
mod connect;
mod http;
mod json;
mod kv;
mod login;
mod long_answer;
mod memory;
mod namespace;
mod own_token;
mod policy;
mod read;
mod request;
mod retry;
mod session;
mod token_api;
mod write;

pub use own_token::OwnToken;
pub use token_api::{Lease, Login, TokenApi};

use super::Conduct;
use crate::observe::{Failure, KvReference, KvValue};
use http::Http;
use std::sync::Arc;
use std::time::Duration;

/// Where a Vault is and who asks.
#[derive(Debug, Default)]
pub struct VaultConnection {
    /// `https://vault.example:8200`, with a path where a proxy adds one; `http` on loopback only.
    pub address: String,
    pub namespace: Option<String>,
    /// The only authorities trusted; the system's when absent.
    pub ca_pem: Option<Vec<u8>>,
    /// keyfleet's own token. Health and logins work without.
    pub token: OwnToken,
    /// What holds for the requests of this process together.
    pub conduct: Conduct,
}

/// Whether a Vault can have this address. A message calls it by where it was given, such as `VAULT_ADDR`.
pub fn check_address(address: &str, called: &str) -> Result<(), Failure> {
    address::Address::parse_as(address, called).map(|_| ())
}

/// How much is asked of a Vault at once, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    pub in_flight: usize,
    pub connect: Duration,
    /// For one request with its retries and waits, counted from when it is its turn.
    pub deadline: Duration,
    /// How often a request is sent at most.
    pub tries: u32,
    /// The longest wait that a `Retry-After` can demand.
    pub longest_wait: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            in_flight: 8,
            connect: Duration::from_secs(5),
            deadline: Duration::from_secs(30),
            tries: 3,
            longest_wait: Duration::from_secs(10),
        }
    }
}

/// Reads a Vault, with keyfleet's own token or as a cluster.
#[derive(Debug, Clone)]
pub struct VaultReader {
    http: Arc<Http>,
}

/// Writes a Vault.
#[derive(Debug, Clone)]
pub struct VaultWriter {
    http: Arc<Http>,
}

impl VaultReader {
    pub fn new(connection: VaultConnection, budget: &Budget) -> Result<Self, Failure> {
        open(connection, budget).map(|(reader, _)| reader)
    }

    /// A value that keyfleet itself needs, the credentials of a cluster, read with its own token.
    pub async fn own_value(&self, reference: &KvReference) -> Result<KvValue, Failure> {
        kv::value(&self.http, request::Token::Own, reference).await
    }

    /// Whether the server's certificate was not one that the authorities of this connection signed. They are read from a
    /// file, which may hold others by now.
    pub fn is_turned_away(&self) -> bool {
        self.http.is_turned_away()
    }
}

impl VaultWriter {
    pub fn new(connection: VaultConnection, budget: &Budget) -> Result<Self, Failure> {
        open(connection, budget).map(|(_, writer)| writer)
    }
}

/// A reader and a writer of one Vault, which share connections and budget. Nothing is sent yet.
pub fn open(
    connection: VaultConnection,
    budget: &Budget,
) -> Result<(VaultReader, VaultWriter), Failure> {
    let http = Arc::new(Http::new(connection, budget)?);
    let reader = VaultReader {
        http: Arc::clone(&http),
    };
    Ok((reader, VaultWriter { http }))
}
