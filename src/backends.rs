//! The real servers behind the traits of `observe` and `apply`.
//!
//! Deliberately absent: any decision. A backend asks, writes, and says in one [`Failure`](crate::observe::Failure)
//! what went wrong.

mod buffer;
mod conduct;
pub(crate) mod file_mark;
pub(crate) mod file_trouble;
pub mod kubernetes;
pub mod vault;

pub use conduct::{Conduct, Deed, Sent, cluster_called, vault_called};

/// Chooses the cryptography that TLS uses, for the whole process. Calling it again changes nothing.
pub fn install_crypto() {
    // An error only says that a provider was already installed, by us or by whoever embeds this library.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
