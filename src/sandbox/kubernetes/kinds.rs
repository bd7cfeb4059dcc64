//! The kinds that a cluster of a world knows, each with its names, its place and its schema.

use super::schema::Schema;

#[derive(Debug)]
pub(super) struct Kind {
    /// `` is the core group.
    pub group: &'static str,
    pub version: &'static str,
    pub kind: &'static str,
    /// The name in paths: `secrets`.
    pub resource: &'static str,
    pub singular: &'static str,
    pub short_names: &'static [&'static str],
    pub namespaced: bool,
    /// Made of a `CustomResourceDefinition` on a real cluster.
    pub custom: bool,
    pub schema: &'static Schema,
}

/// In the order of discovery.
pub(super) const KINDS: &[Kind] = &[];

/// The kind behind a path, if the cluster knows it.
pub(super) fn find(group: &str, version: &str, resource: &str) -> Option<&'static Kind> {
    KINDS
        .iter()
        .find(|kind| (kind.group, kind.version, kind.resource) == (group, version, resource))
}

impl Kind {
    /// `v1`, `rbac.authorization.k8s.io/v1`.
    pub(super) fn api_version(&self) -> String {
        match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        }
    }
}
