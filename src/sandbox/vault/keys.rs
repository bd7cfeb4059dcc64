//! Public keys in PEM, as configs name them.

use super::super::jwt::PublicKey;
use super::Flavour;

/// Of which method a config is; they say in other words what is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Kubernetes,
    Jwt,
}

/// One key or certificate, with nothing behind it; or what is wrong with it, in the server's words.
pub(super) fn parse(pem: &str, method: Method, flavour: Flavour) -> Result<PublicKey, String> {
    let none = match (method, flavour) {
        (Method::Kubernetes, Flavour::HashiCorp) => {
            "data does not contain any valid RSA or ECDSA public keys"
        }
        _ => "data does not contain any valid public keys",
    };
    // What stands before the first block does not count.
    let start = pem.find("-----BEGIN ").unwrap_or(pem.len());
    let block = pem.get(start..).unwrap_or_default();
    let behind = block.split_once("-----END ");
    let Some((_, behind)) = behind.and_then(|(_, behind)| behind.split_once("-----")) else {
        return Err(none.to_owned());
    };
    let strict = (method, flavour) != (Method::Kubernetes, Flavour::HashiCorp);
    if strict && !behind.trim().is_empty() {
        return Err("unexpected trailing data after parsed PEM block".to_owned());
    }
    let key = PublicKey::from_pem(block).map_err(|_| none.to_owned())?;
    // An older library.
    if !strict && key.is_edwards() {
        return Err(none.to_owned());
    }
    Ok(key)
}
