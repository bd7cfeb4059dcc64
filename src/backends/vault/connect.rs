//! What a connection to a Vault is made with. Whatever is wrong with it is said before anything is sent.

use super::Budget;
use super::address::Address;
use super::answer::Lost;
use crate::observe::{Failure, FailureClass};
use crate::secret::SecretBytes;
use reqwest::header::HeaderValue;
use reqwest::{Certificate, Client, redirect};

pub(super) fn setup(why: impl Into<String>) -> Failure {
    Failure::new(FailureClass::Setup, "connect to Vault", why)
}

/// A token as it is sent. It is marked, so that no log of headers shows it.
pub(super) fn header(token: &SecretBytes) -> Result<HeaderValue, Lost> {
    let mut value = HeaderValue::from_bytes(token.expose())
        .ok()
        .filter(|value| !value.is_empty() && value.to_str().is_ok())
        .ok_or_else(|| {
            Lost::setup("the token is empty or has a character that no token has, such as the end of a line")
        })?;
    value.set_sensitive(true);
    Ok(value)
}

pub(super) fn namespace(name: Option<&str>) -> Result<Option<HeaderValue>, Failure> {
    name.map(HeaderValue::from_str)
        .transpose()
        .map_err(|_| setup("its namespace has a character that no namespace has"))
}

/// A proxy that the environment names is used, as every client of Vault does, except for loopback: plain http never
/// leaves this machine, and through a proxy only encrypted requests go.
pub(super) fn client(
    address: &Address,
    ca_pem: Option<&[u8]>,
    budget: &Budget,
) -> Result<Client, Failure> {
    crate::backends::install_crypto();
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .https_only(!address.loopback)
        .connect_timeout(budget.connect)
        .pool_max_idle_per_host(budget.in_flight)
        .user_agent(concat!("keyfleet/", env!("CARGO_PKG_VERSION")));
    if address.loopback {
        builder = builder.no_proxy();
    }
    if let Some(pem) = ca_pem {
        builder = builder.tls_certs_only(authorities(pem)?);
    }
    builder.build().map_err(|_| match ca_pem {
        Some(_) => not_pem(),
        None => setup("TLS could not be set up: is the system's list of authorities there?"),
    })
}

fn authorities(pem: &[u8]) -> Result<Vec<Certificate>, Failure> {
    Certificate::from_pem_bundle(pem)
        .ok()
        .filter(|certificates| !certificates.is_empty())
        .ok_or_else(not_pem)
}

fn not_pem() -> Failure {
    setup("its certificate authority is not a certificate in PEM form")
        .hint("it begins with -----BEGIN CERTIFICATE-----")
}
