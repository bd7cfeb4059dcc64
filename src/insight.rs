//! Who reads what, and who may: the fleet as it is declared, asked from the other end. Pure.
//!
//! Takes what `desire` put together and gives answers from a path, not from a cluster: which Secrets are filled from it
//! ([`Uses`]), what a cluster's role is granted ([`RoleAccess`]), what a name stands for from either end ([`explain()`]), and
//! whether one cluster may read one path ([`may_read`]). What only a server knows (policies that are not in the repository,
//! identity templates, roles that somebody made by hand) is never guessed: it is named, or handed in ([`Known`]).

mod access;
mod answer;
mod elsewhere;
mod explain;
mod index;
mod known;
mod stanza;
mod unused;
mod uses;

pub use access::{ReadPolicies, RoleAccess, role_access, role_access_with};
pub use answer::{Answer, may_read};
pub use elsewhere::Elsewhere;
pub use explain::{
    Beyond, ClusterStory, Explained, Filled, May, PathStory, Reader, SecretStory, explain,
    known_names, overview,
};
pub use index::{Entry, MayRead, Read};
pub use known::{Known, Listed, Live, Unread};
pub use stanza::Stanza;
pub use unused::{Unused, unused};
pub use uses::Uses;

use crate::desire::DesiredVault;
use crate::observe::reader::KvEngine;

/// What of KV v2 stands between a mount and the path of a secret.
const OF_V2: [&str; 8] = [
    "data",
    "metadata",
    "subkeys",
    "delete",
    "undelete",
    "destroy",
    "config",
    "detailed-metadata",
];

/// The path that a policy is asked about, where a person may have written it as `vault kv get` takes it.
pub fn mean_path(vault: Option<&DesiredVault>, written: &str) -> String {
    let path = written.trim_matches('/');
    let mounts = vault.map_or(&[][..], |vault| &vault.kv_mounts);
    let versioned = mounts.iter().filter(|it| it.engine == KvEngine::V2);
    let below = versioned.filter_map(|mount| {
        let below = path.strip_prefix(mount.path.as_str())?.strip_prefix('/')?;
        Some((mount.path.as_str(), below))
    });
    match below.max_by_key(|(mount, _)| mount.len()) {
        Some((mount, below)) if !OF_V2.contains(&below.split('/').next().unwrap_or_default()) => {
            format!("{mount}/data/{below}")
        }
        _ => path.to_owned(),
    }
}
