//! Public keys in PEM, as configs name them.

use super::super::jwt::PublicKey;

/// One key or certificate, with nothing behind it.
pub(super) fn parse(pem: &str) -> Option<PublicKey> {
    let end = pem.find("-----END ")?;
    let behind = pem.get(end + "-----END ".len()..)?;
    let behind = behind.split_once("-----")?.1;
    if !behind.trim().is_empty() {
        return None;
    }
    // What stands before the first block does not count.
    let start = pem.find("-----BEGIN ")?;
    PublicKey::from_pem(pem.get(start..)?).ok()
}
