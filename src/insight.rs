//! Who reads what, and who may: the fleet as it is declared, asked from the other end. Pure.
//!
//! Takes what `desire` put together and gives answers from a path, not from a cluster: which Secrets are filled from it
//! ([`Uses`]), what a cluster's role is granted ([`RoleAccess`]), and what a name stands for from either end ([`explain()`]). What only a server knows (policies that are not in the
//! repository, identity templates, roles that somebody made by hand) is never guessed: it is named.

mod access;
mod explain;
mod index;
mod uses;

pub use access::{ReadPolicies, RoleAccess, role_access, role_access_with};
pub use explain::{
    Beyond, ClusterStory, Explained, Filled, May, PathStory, Reader, SecretStory, explain,
    known_names, overview,
};
pub use index::{Entry, MayRead, Read};
pub use uses::Uses;
