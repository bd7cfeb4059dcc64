//! Who reads what, and who may: the fleet as it is declared, asked from the other end. Pure.
//!
//! Takes what `desire` put together and gives answers from a path, not from a cluster: which Secrets are filled from it
//! ([`Uses`]), and what a cluster's role is granted ([`RoleAccess`]). What only a server knows (policies that are not in the
//! repository, identity templates, roles that somebody made by hand) is never guessed: it is named.

mod access;
mod uses;

pub use access::{RoleAccess, role_access};
pub use uses::Uses;
