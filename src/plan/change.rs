//! A change as data: what, why, how bad, from where, and the write that makes it.

use crate::apply::{MountTable, PolicyPrecondition, SecretWrite};
use crate::diagnostics::Place;
use crate::mark::digest;
use crate::names::{
    ClusterName, MountPath, Namespace, ObjectName, PolicyName, RoleName, ServiceAccountRef,
    VaultName,
};
use crate::observe::{Failure, Fields};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Where an object lives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    Vault(VaultName),
    Cluster(ClusterName),
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vault(name) => write!(formatter, "vault {name}"),
            Self::Cluster(name) => write!(formatter, "cluster {name}"),
        }
    }
}

/// The kinds of objects that keyfleet manages, in the order in which they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    KvMount,
    AuthMount,
    AuthConfig,
    Policy,
    Role,
    Namespace,
    ServiceAccount,
    #[serde(rename = "ClusterRoleBinding")]
    Binding,
    Secret,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::KvMount,
        Self::AuthMount,
        Self::AuthConfig,
        Self::Policy,
        Self::Role,
        Self::Namespace,
        Self::ServiceAccount,
        Self::Binding,
        Self::Secret,
    ];

    /// What a person calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::KvMount => "engine",
            Self::AuthMount => "mount",
            Self::AuthConfig => "config",
            Self::Policy => "policy",
            Self::Role => "role",
            Self::Namespace => "namespace",
            Self::ServiceAccount => "account",
            Self::Binding => "binding",
            Self::Secret => "secret",
        }
    }
}

/// One object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    pub scope: Scope,
    pub kind: Kind,
    pub name: String,
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {} ({})",
            self.kind.word(),
            self.name,
            self.scope
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    Create,
    Update,
    Delete,
}

/// Why the object is not as it should be. For the reader only; applying never looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    Missing,
    Differs,
    NoLongerDeclared,
}

/// Who moved: git, a person's hand, or Vault's value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Cause {
    /// Git asks for something new.
    Pending,
    /// The object was changed by hand; by whom and since when, where the server tells.
    Drift {
        by: Option<String>,
        since: Option<String>,
    },
    /// Vault holds a newer value.
    Rotation { from: Option<u64>, to: Option<u64> },
    /// Someone else's object is taken over.
    Adopt,
    /// The server keeps no record that would tell git from a hand.
    Unrecorded,
}

/// One field, before and after. For a Secret: names of keys, never values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FieldChange {
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl fmt::Display for FieldChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(formatter, "{} {before} → {after}", self.field),
            (None, Some(after)) => write!(formatter, "{} {after}", self.field),
            (Some(before), None) => write!(formatter, "{} {before} removed", self.field),
            (None, None) => formatter.write_str(&self.field),
        }
    }
}

/// Why a person should look before a change is made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// Nobody's mark is on it: it was made by hand, or by another tool.
    NotOurs,
    /// Another keyfleet installation owns it.
    OtherInstallation(String),
    /// A declaration of this scope could not be read, so what is missing may only seem so.
    IncompleteSource,
    /// Vault would review tokens at another API server.
    ServerChanges,
    /// Vault would trust another CA for this cluster.
    CaChanges,
    /// The config holds a reviewer token that a rewrite would erase.
    ErasesReviewer,
    /// The policy would grant more than the declarations use.
    Widens(Vec<String>),
    /// Deleting a mount revokes every token that it issued.
    DeletesMount,
    /// More deletes than pass without a look.
    DeleteBudget { wanted: usize, allowed: usize },
    /// Nothing is declared for the cluster any more: that is how a lost folder looks.
    EmptiesScope,
    /// A controller in the cluster owns this Secret.
    ControllerOwned(String),
    /// What is declared in its place cannot be made yet.
    SuccessorMissing(String),
}

impl Concern {
    /// How the change is released.
    pub fn release(&self) -> Release {
        match self {
            Self::NotOurs | Self::ControllerOwned(_) => Release::Adopt,
            Self::OtherInstallation(_) | Self::ErasesReviewer => Release::ByHand,
            Self::IncompleteSource => Release::FixSource,
            Self::ServerChanges
            | Self::CaChanges
            | Self::Widens(_)
            | Self::DeletesMount
            | Self::EmptiesScope
            | Self::SuccessorMissing(_)
            | Self::DeleteBudget { .. } => Release::Approve,
        }
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOurs => formatter.write_str("keyfleet does not own it"),
            Self::OtherInstallation(name) => write!(formatter, "the installation `{name}` owns it"),
            Self::IncompleteSource => formatter.write_str("a declaration here could not be read"),
            Self::ServerChanges => formatter.write_str(
                "moves a live cluster's API server: whoever runs it decides who logs in",
            ),
            Self::CaChanges => {
                formatter.write_str("changes the CA that Vault trusts for a live cluster")
            }
            Self::ErasesReviewer => formatter
                .write_str("writing this config would erase the reviewer token stored in it"),
            Self::Widens(paths) => write!(
                formatter,
                "grants more than the declarations use: {}",
                paths.join(", ")
            ),
            Self::EmptiesScope => {
                formatter.write_str("nothing is declared for this cluster any more")
            }
            Self::DeletesMount => formatter.write_str("revokes every token it issued"),
            Self::DeleteBudget { wanted, allowed } => write!(
                formatter,
                "{wanted} deletes at once, {allowed} pass without a look"
            ),
            Self::ControllerOwned(owner) => write!(formatter, "{owner} owns it"),
            Self::SuccessorMissing(name) => write!(
                formatter,
                "{name} seems to take its place, and cannot be made yet"
            ),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// `--approve ID`.
    Approve,
    /// `adopt: true` in the file.
    Adopt,
    /// Repair the declaration.
    FixSource,
    /// keyfleet never does it.
    ByHand,
}

/// The write that makes a change: one request, or two where a mount must remember that its server or CA was moved.
#[derive(Debug)]
pub enum Write {
    EnableMount {
        table: MountTable,
        path: MountPath,
        body: Fields,
    },
    TuneMount {
        table: MountTable,
        path: MountPath,
        fields: Fields,
    },
    DisableMount {
        table: MountTable,
        path: MountPath,
        /// Which mount it was when this was decided: Vault has no such condition on a request.
        accessor: String,
    },
    AuthConfig {
        mount: MountPath,
        fields: Fields,
        /// The mount's new mark, where the old one would take a later way back for a hand's work.
        remember: Option<String>,
    },
    Role {
        mount: MountPath,
        role: RoleName,
        fields: Fields,
    },
    Policy {
        name: PolicyName,
        text: String,
        precondition: PolicyPrecondition,
    },
    DeletePolicy {
        name: PolicyName,
    },
    Namespace {
        name: Namespace,
    },
    ServiceAccount {
        account: ServiceAccountRef,
    },
    Binding {
        name: ObjectName,
        role: String,
        subjects: BTreeSet<ServiceAccountRef>,
        take_over: bool,
    },
    Secret {
        secret: SecretWrite,
        take_over: bool,
        /// API path → version; KV v1 has none.
        made_from: BTreeMap<String, Option<u64>>,
    },
    DeleteSecret {
        namespace: Namespace,
        name: ObjectName,
        uid: String,
        resource_version: String,
    },
}

impl Write {
    /// What the fields of a change do not tell of its before and after: which object it is, and of which values.
    fn of(&self) -> String {
        match self {
            Self::DisableMount { accessor, .. } => accessor.clone(),
            Self::DeleteSecret { uid, .. } => uid.clone(),
            Self::Secret { made_from, .. } => format!("{made_from:?}"),
            _ => String::new(),
        }
    }
}

/// A change that was decided on.
#[derive(Debug)]
pub struct Change {
    pub target: Target,
    pub action: Action,
    pub fields: Vec<FieldChange>,
    /// In a few words, for a line of the plan.
    pub summary: String,
    pub reason: Reason,
    pub cause: Cause,
    pub concerns: Vec<Concern>,
    pub place: Option<Place>,
    pub write: Write,
}

impl Change {
    /// Names exactly this change: another before or after is another id.
    pub fn id(&self) -> String {
        let text = format!(
            "{:?}|{:?}|{:?}|{}|{:?}|{}",
            self.target,
            self.action,
            self.fields,
            self.summary,
            self.cause,
            self.write.of()
        );
        digest(&text)[..8].to_owned()
    }
}

/// A change that cannot be known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub target: Target,
    pub summary: String,
    pub why: String,
    pub place: Option<Place>,
}

/// Something that is not as it should be and that no write of keyfleet can help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    pub target: Target,
    pub why: String,
    pub hint: Option<String>,
    /// The status of Vault's or the cluster's answer, or the one it is known to give.
    pub status: Option<u16>,
    pub place: Option<Place>,
}

/// Something to know that is nobody's change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub scope: Scope,
    pub warning: bool,
    pub text: String,
    pub hint: Option<String>,
    pub place: Option<Place>,
    /// Where it says that an object was changed by hand: which, and how.
    pub edited: Option<Edited>,
}

/// An object that was changed by hand and cannot be put right now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edited {
    pub target: Target,
    pub cause: Cause,
    /// Its keys, labels and annotations that were changed, by name.
    pub parts: Vec<String>,
}

/// An object that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    pub target: Target,
    pub failure: Failure,
}
