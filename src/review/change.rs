//! One change of meaning as data: what it is about, before and after, whom it reaches, and why somebody should look.
//!
//! Everything here is text, not names: what a group says for many clusters is told once, with `${cluster.name}` where the
//! clusters differ. A value of a secret has no place in any of it.

use super::critical::Critical;
use crate::diagnostics::Place;
use crate::names::ClusterName;
use crate::plan::FieldChange;
use serde::Serialize;
use std::collections::BTreeSet;

/// One change of meaning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    pub meaning: Meaning,
    /// Why a person should look; empty for most.
    pub critical: Vec<Critical>,
    /// The clusters that it reaches, by name; empty where it is about what they share.
    pub clusters: BTreeSet<String>,
    /// Set where it comes with another change, and is told in full only to those who ask.
    pub follows: Option<Follows>,
    /// Where the head says so; a script may have written it in many files.
    pub places: BTreeSet<Place>,
    /// Where the base said so.
    pub before: BTreeSet<Place>,
    /// Who owns the file that says so, as CODEOWNERS has it.
    pub owners: BTreeSet<String>,
}

impl Change {
    /// About what clusters share.
    pub(super) fn shared(meaning: Meaning, critical: Vec<Critical>) -> Self {
        Self {
            meaning,
            critical,
            clusters: BTreeSet::new(),
            follows: None,
            places: BTreeSet::new(),
            before: BTreeSet::new(),
            owners: BTreeSet::new(),
        }
    }

    /// Of one cluster.
    pub(super) fn of_cluster(
        meaning: Meaning,
        critical: Vec<Critical>,
        cluster: &ClusterName,
    ) -> Self {
        Self {
            clusters: BTreeSet::from([cluster.to_string()]),
            ..Self::shared(meaning, critical)
        }
    }

    /// The same with where it was and is written.
    pub(super) fn written(mut self, before: Option<&Place>, after: Option<&Place>) -> Self {
        self.before.extend(before.cloned());
        self.places.extend(after.cloned());
        self
    }
}

/// What a change comes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Follows {
    /// A derived policy grants what the declarations read.
    Declarations,
    /// The cluster itself joins the fleet, or leaves it.
    Cluster,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Meaning {
    Cluster(ClusterChange),
    /// One field of how a cluster is onboarded.
    Onboarding(FieldChange),
    /// So many Secrets of a cluster go at once.
    Deletes {
        secrets: usize,
        allowed: usize,
        /// Whether none is left.
        all: bool,
    },
    Secret(SecretChange),
    /// Declarations read a path that their role may not: the Secrets cannot be filled.
    Denied {
        /// `mount/role`.
        role: String,
        path: String,
        secrets: BTreeSet<String>,
    },
    Access(AccessChange),
    Policy(PolicyChange),
    Vault(VaultChange),
    /// One field of the fleet as a whole.
    Fleet(FieldChange),
    Rule(RuleChange),
    Approval(ApprovalChange),
    /// Who is asked about later changes, as a CODEOWNERS says.
    Owners {
        file: String,
        how: Presence,
    },
}

/// A cluster that comes, goes, or is called otherwise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterChange {
    pub how: Membership,
    pub vault: String,
    /// How many Secrets come or go with it.
    pub secrets: usize,
    /// How many paths its role reads.
    pub paths: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "change", rename_all = "camelCase")]
pub enum Membership {
    Joins,
    Leaves,
    /// Both at once, for one Kubernetes cluster: a new mount, role and policy, and the old ones go.
    Renamed {
        from: String,
    },
}

/// A Secret that comes, goes, moves, or is filled from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretChange {
    /// `namespace/name`, after the change if there is one.
    pub secret: String,
    pub how: SecretMove,
    pub keys: Vec<KeyChange>,
    /// Labels, annotations, dialect, and as whom it is read.
    pub fields: Vec<FieldChange>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "change", rename_all = "camelCase")]
pub enum SecretMove {
    Gained,
    Lost,
    /// The same keys from the same places under another name: whoever mounts the old name loses it.
    Renamed {
        from: String,
    },
    /// Lost by these clusters, and gained by those that the change reaches.
    Moved {
        from: BTreeSet<String>,
    },
    Changed,
}

/// A key of a Secret, or all that an entry spreads into it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyChange {
    /// `None`: every field of the source becomes a key.
    pub key: Option<String>,
    pub before: Option<Source>,
    pub after: Option<Source>,
    pub place: Option<Place>,
}

impl KeyChange {
    /// Whether it is filled from another path than before.
    pub fn is_redirected(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => before.path != after.path,
            _ => false,
        }
    }
}

/// Where a key comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// As a policy has it: `kv/data/shop/mail`.
    pub path: String,
    /// `None`: the whole secret as JSON.
    pub property: Option<String>,
    /// Whether the value is base64 of what is meant.
    pub base64: bool,
    /// Every field of this path may overwrite it, since it comes later.
    pub overwritten_by: Option<String>,
}

/// What a role may do on a path, as Vault decides it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessChange {
    pub vault: String,
    /// `mount/role`.
    pub role: String,
    /// As a policy has it, with its `*` and `+`.
    pub path: String,
    pub before: Allowed,
    pub after: Allowed,
    /// Paths that the fleet's declarations read, for which this decides, and the clusters that do.
    pub reaches: Vec<Reached>,
    /// How many more there are.
    pub reaches_more: usize,
}

impl AccessChange {
    /// What is allowed now and was not.
    pub fn gained(&self) -> BTreeSet<&str> {
        self.after.beyond(&self.before)
    }

    /// What was allowed and is not any more.
    pub fn lost(&self) -> BTreeSet<&str> {
        self.before.beyond(&self.after)
    }
}

/// What is allowed on a path.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Allowed {
    /// In Vault's words.
    pub capabilities: BTreeSet<&'static str>,
    /// What a request must fulfil besides.
    pub conditions: Vec<String>,
    /// Paths with identity templates, which only the server can fill in, and which may decide instead: then the rest is not
    /// known.
    pub unknown: Vec<String>,
}

impl Allowed {
    fn beyond(&self, other: &Self) -> BTreeSet<&str> {
        let words = self.capabilities.iter().copied();
        words
            .filter(|word| !other.capabilities.contains(word))
            .collect()
    }
}

/// A path that declarations read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reached {
    pub path: String,
    pub used_by: BTreeSet<String>,
}

/// A policy below `policies/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyChange {
    pub policy: String,
    pub how: Presence,
    /// What it says of each path, before and after.
    pub rules: Vec<FieldChange>,
    /// Whether it grants or takes anything at all: a stanza may say what another one says already.
    pub has_effect: bool,
    /// Roles of the head that have it, `mount/role`; who else has it in Vault, nobody here knows.
    pub roles: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Presence {
    Added,
    Removed,
    Changed,
}

impl Presence {
    /// What it means that a thing is on one side, or on both.
    pub(super) fn of<T>(before: Option<&T>, after: Option<&T>) -> Self {
        match (before, after) {
            (None, _) => Self::Added,
            (_, None) => Self::Removed,
            (Some(_), Some(_)) => Self::Changed,
        }
    }
}

/// What the declarations of a namespace may reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleChange {
    pub rule: String,
    pub how: Presence,
    /// What it allows, item by item.
    pub fields: Vec<FieldChange>,
}

/// A Vault of the fleet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VaultChange {
    pub vault: String,
    pub how: Presence,
    pub fields: Vec<FieldChange>,
}

/// A release of a held change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalChange {
    pub id: String,
    pub how: Presence,
    pub reason: String,
    /// Until when it holds, where that changes or is said.
    pub expires: Option<FieldChange>,
}
