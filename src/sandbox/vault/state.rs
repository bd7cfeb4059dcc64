//! Everything that the Vault holds: namespaces, what is mounted in each, policies and tokens.

use super::Flavour;
use super::auth_token::Role;
use super::backend::Backend;
use super::policies::Policies;
use super::tokens::Tokens;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

#[derive(Debug)]
pub(super) struct State {
    pub flavour: Flavour,
    /// By path: the empty one is the root namespace, others end with a slash.
    pub namespaces: BTreeMap<String, Namespace>,
    pub tokens: Tokens,
    /// Who has logged in, by the accessor of the mount and the name of the alias.
    pub entities: BTreeMap<(String, String), String>,
    /// Mounts that were moved, by the id of the move: from where to where.
    pub moves: BTreeMap<String, (String, String)>,
    pub cluster_name: String,
    pub cluster_id: String,
}

#[derive(Debug)]
pub(super) struct Namespace {
    pub id: String,
    pub uuid: String,
    pub custom_metadata: BTreeMap<String, String>,
    /// While it is locked.
    pub unlock_key: Option<String>,
    /// By path with the slash at its end, auth methods below `auth/`.
    pub mounts: BTreeMap<String, Mount>,
    pub policies: Policies,
    /// By name, as it is written.
    pub token_roles: BTreeMap<String, Role>,
}

#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the fields of a mount as the API has them"
)]
pub(super) struct Mount {
    /// `kv`, `kubernetes`, `jwt`, `cubbyhole`, …
    pub kind: String,
    pub accessor: String,
    pub uuid: String,
    pub description: String,
    pub options: Option<Map<String, Value>>,
    /// Seconds; 0 is what the server grants, and less than that is kept and shown as it is.
    pub default_lease_ttl: i64,
    pub max_lease_ttl: i64,
    pub local: bool,
    pub seal_wrap: bool,
    pub external_entropy_access: bool,
    pub force_no_cache: bool,
    /// What `tune` was told beyond the two ttl, as it stands in the mount's `config`.
    pub tuned: Map<String, Value>,
    /// Without one, the core itself answers: `sys/`, `auth/token/`.
    pub backend: Option<Box<dyn Backend>>,
}

impl Namespace {
    /// Where the mount is that a path belongs to: the longest one that the path begins with.
    pub(super) fn place_of<'p>(&self, path: &'p str) -> Option<&'p str> {
        // Every mount ends with a slash, so it ends at one of the path's.
        let mut starts = path.rmatch_indices('/').map(|(slash, _)| &path[..=slash]);
        starts.find(|start| self.mounts.contains_key(*start))
    }

    /// The mount itself, with its own path.
    pub(super) fn mount_of<'p>(&mut self, path: &'p str) -> Option<(&'p str, &mut Mount)> {
        let place = self.place_of(path)?;
        self.mounts.get_mut(place).map(|mount| (place, mount))
    }
}

/// Letters and digits, as ids of the real servers are made.
pub(super) fn random_text(length: usize) -> String {
    const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let bytes = *uuid::Uuid::new_v4().as_bytes();
        // Two bytes of a version 4 uuid are not all random.
        let random = bytes
            .iter()
            .enumerate()
            .filter(|(at, _)| !matches!(at, 6 | 8));
        let letters = random
            .map(|(_, byte)| usize::from(*byte))
            .filter(|byte| *byte < LETTERS.len() * 4)
            .map(|byte| char::from(LETTERS[byte % LETTERS.len()]));
        text.extend(letters.take(length - text.len()));
    }
    text
}

pub(super) fn new_uuid() -> String {
    uuid::Uuid::new_v4().to_string()
}
