//! Everything that the Vault holds: namespaces, what is mounted in each, policies and tokens.

use super::Flavour;
use super::backend::Backend;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

#[derive(Debug)]
pub(super) struct State {
    pub flavour: Flavour,
    pub root_token: String,
    /// By path: `` is the root namespace, others end with a slash.
    pub namespaces: BTreeMap<String, Namespace>,
}

#[derive(Debug)]
pub(super) struct Namespace {
    pub id: String,
    pub uuid: String,
    /// By path with the slash at its end, auth methods below `auth/`.
    pub mounts: BTreeMap<String, Mount>,
}

#[derive(Debug)]
pub(super) struct Mount {
    /// `kv`, `kubernetes`, `jwt`, `cubbyhole`, …
    pub kind: String,
    pub accessor: String,
    pub uuid: String,
    pub description: String,
    pub options: Option<Map<String, Value>>,
    pub default_lease_ttl: u64,
    pub max_lease_ttl: u64,
    pub local: bool,
    pub seal_wrap: bool,
    /// What `tune` was told beyond the two ttl.
    pub tuned: Map<String, Value>,
    /// Without one, the core itself answers: `sys/`, `auth/token/`.
    pub backend: Option<Box<dyn Backend>>,
}

impl Namespace {
    /// The mount that a path belongs to, with its own path: the longest one that the path begins with.
    pub(super) fn mount_of(&mut self, path: &str) -> Option<(&str, &mut Mount)> {
        self.mounts
            .iter_mut()
            .filter(|(mount, _)| path.starts_with(mount.as_str()))
            .max_by_key(|(mount, _)| mount.len())
            .map(|(mount, found)| (mount.as_str(), found))
    }
}
