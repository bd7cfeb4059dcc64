//! Why a person should look at a change before it is merged, and what at.

use serde::Serialize;
use std::fmt;

/// One reason. Never that something was not understood: what is not known is told as such.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Critical {
    /// Vault would have the tokens of a live cluster reviewed elsewhere.
    ServerChanges,
    /// Vault would trust another CA for a live cluster.
    CaChanges,
    /// Vault would review logins with another credential.
    ReviewerChanges,
    /// The Secrets of a live cluster are written by another way, which may lead elsewhere.
    ConnectionChanges,
    /// Nothing finds out any more, or something else does, that the cluster is another.
    IdentityChanges,
    /// Another service account may log in.
    AccountChanges,
    /// Tokens for another audience, or for any, may log in.
    AudienceChanges { any: bool },
    /// Everything of a live cluster goes to another Vault.
    VaultChanges,
    /// A live cluster logs in elsewhere: the old mount goes, with every token it issued.
    MountChanges,
    /// Tokens live longer.
    LivesLonger,
    /// A Secret that nobody can fill.
    Denied,
    /// A `*` or a `+`: paths that nobody has written yet, too.
    Star,
    /// More than the declarations of this cluster read.
    BeyondDeclarations,
    /// Where a fleet's secrets are not: policies, mounts, logins, identities.
    #[serde(rename = "reaches-beyond-secrets")]
    Reaches { what: String },
    /// A policy that is not in the repository: nobody here can say what it grants.
    UnseenPolicy { policy: String },
    /// A key is filled from another path than before.
    Redirected,
    /// Every field of another path comes in where another source goes.
    MaybeRedirected,
    /// A Secret that is read as a role that the fleet does not manage.
    AnotherRole,
    /// More Secrets go at once than pass without a look.
    DeletesBeyondBudget,
    /// Nothing is left of a cluster's Secrets, which is how a lost folder looks.
    EmptiesCluster,
    /// The mount of a cluster goes, with every token it issued.
    ClusterGoes,
    /// It releases a held change, beside other changes.
    ApprovalWithChanges,
    /// More may be referenced than before.
    RulesLoosen,
    /// A label decides which rules hold for a cluster, or what they allow.
    OtherRules,
    /// The rules of the base would refuse it.
    OnlyByNewRules,
    /// Others are asked about later changes.
    OwnersChange,
    /// What others made is taken over.
    TakesOver,
    /// More may be deleted without a look.
    LimitRises,
    /// Everything that carries the old name's mark is nobody's.
    InstallationChanges,
    /// Another Vault is written to under the same name.
    VaultMoves,
    /// A mount of secrets is not the fleet's any more.
    MountGoes,
}

impl fmt::Display for Critical {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::ServerChanges => {
                "the API server of a live cluster moves: whoever runs it decides who logs in"
            }
            Self::CaChanges => {
                "another CA is trusted for a live cluster: whoever holds it decides who logs in"
            }
            Self::ReviewerChanges => {
                "logins are reviewed with another credential; a stored one is erased by a rewrite"
            }
            Self::ConnectionChanges => {
                "the Secrets of a live cluster are written by another way: whoever runs what it leads to reads them"
            }
            Self::IdentityChanges => {
                "the check that this is the same Kubernetes cluster goes or changes: another may take its place"
            }
            Self::AccountChanges => "another service account may log in",
            Self::AudienceChanges { any: true } => {
                "tokens for any audience may log in, not only those made for Vault"
            }
            Self::AudienceChanges { any: false } => "tokens for another audience may log in",
            Self::VaultChanges => "the cluster moves to another Vault",
            Self::MountChanges => {
                "the cluster logs in elsewhere; the old mount goes, with every token it issued"
            }
            Self::LivesLonger => "a token that leaks is good for longer",
            Self::Denied => {
                "the role may not read what its declarations do: these Secrets stay as they are, or are never made"
            }
            Self::Star => "a wildcard also grants paths that nobody has written yet",
            Self::BeyondDeclarations => "more is granted than the declarations of the cluster read",
            Self::Reaches { what } => return write!(formatter, "the grant {what}"),
            Self::UnseenPolicy { policy } => {
                return write!(
                    formatter,
                    "the policy `{policy}` is not in this repository: what it grants is not known here"
                );
            }
            Self::Redirected => {
                "filled from another path: the workload gets another value under the same name"
            }
            Self::MaybeRedirected => {
                "every field of a path comes or goes where another source does the reverse: a key may get another value under the same name"
            }
            Self::AnotherRole => {
                "read as a role that is not the cluster's own: what that one may read is not known here"
            }
            Self::DeletesBeyondBudget => "more Secrets go at once than pass without a look",
            Self::EmptiesCluster => "no Secret is left, which is also how a lost folder looks",
            Self::ClusterGoes => "its auth mount goes, with every token it issued",
            Self::ApprovalWithChanges => {
                "a release beside other changes: nobody has seen yet what it would let through"
            }
            Self::RulesLoosen => "namespaces may reference more than before",
            Self::OtherRules => {
                "by this label other rules hold for the cluster, or they allow other paths: its namespaces may come to reference more"
            }
            Self::OnlyByNewRules => {
                "the rules as they were would refuse it: only this change itself allows it"
            }
            Self::OwnersChange => {
                "others are asked about later changes; about this one, those of the base"
            }
            Self::TakesOver => "what others made may be overwritten and deleted",
            Self::LimitRises => "more may be deleted without a look",
            Self::InstallationChanges => {
                "everything that carries the mark of the old name becomes somebody else's"
            }
            Self::VaultMoves => "another server is written to under the same name",
            Self::MountGoes => "a mount with secrets in it is not the fleet's any more",
        };
        formatter.write_str(words)
    }
}

impl Critical {
    /// What to do before it is merged.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::ServerChanges
            | Self::CaChanges
            | Self::ConnectionChanges
            | Self::IdentityChanges => {
                "ask whoever runs the cluster, over another way than this pull request"
            }
            Self::ReviewerChanges => "see that no token is stored that would be lost",
            Self::AccountChanges | Self::AudienceChanges { .. } => {
                "see who can get such a token in that cluster"
            }
            Self::VaultChanges | Self::VaultMoves => "see whose server it is",
            Self::MountChanges | Self::ClusterGoes => {
                "its removal is held until an Approval releases it"
            }
            Self::LivesLonger => "see whether so long a life is needed",
            Self::Denied => "grant the path, or use `access: derived`",
            Self::Star => "name the paths, or see that everything that will ever be there is meant",
            Self::BeyondDeclarations => "use `access: derived`, or see why more is needed",
            Self::Reaches { .. } => "no cluster needs this to read its secrets",
            Self::UnseenPolicy { .. } => {
                "bring it in as a file below policies/, or read it with `vault policy read`"
            }
            Self::Redirected | Self::MaybeRedirected => {
                "see that the workload is meant to get that value"
            }
            Self::AnotherRole => "use the cluster's own role, or read in Vault what that one may",
            Self::DeletesBeyondBudget | Self::EmptiesCluster => {
                "see that this is meant; they are held until an Approval releases them"
            }
            Self::ApprovalWithChanges => "bring it in by a pull request of its own",
            Self::RulesLoosen | Self::OtherRules => {
                "have it seen by whoever keeps the rules, not by whom they bind"
            }
            Self::OnlyByNewRules => "bring the rule in by a pull request of its own, before",
            Self::OwnersChange => "have it agreed to by the owners that were",
            Self::TakesOver => "see in `keyfleet plan` what that is",
            Self::LimitRises => "see why so many are to go",
            Self::InstallationChanges => "keep the name",
            Self::MountGoes => "its removal is held until an Approval releases it",
        }
    }

    /// Every [`id`](Self::id).
    pub const IDS: [&'static str; 31] = [
        "server-changes",
        "ca-changes",
        "reviewer-changes",
        "connection-changes",
        "identity-changes",
        "account-changes",
        "audience-changes",
        "vault-changes",
        "mount-changes",
        "lives-longer",
        "denied",
        "star",
        "beyond-declarations",
        "reaches-beyond-secrets",
        "unseen-policy",
        "redirected",
        "maybe-redirected",
        "another-role",
        "deletes-beyond-budget",
        "empties-cluster",
        "cluster-goes",
        "approval-with-changes",
        "rules-loosen",
        "other-rules",
        "only-by-new-rules",
        "owners-change",
        "takes-over",
        "limit-rises",
        "installation-changes",
        "vault-moves",
        "mount-goes",
    ];

    /// A stable name, for tools; JSON has the same.
    pub fn id(&self) -> &'static str {
        match self {
            Self::ServerChanges => "server-changes",
            Self::CaChanges => "ca-changes",
            Self::ReviewerChanges => "reviewer-changes",
            Self::ConnectionChanges => "connection-changes",
            Self::IdentityChanges => "identity-changes",
            Self::AccountChanges => "account-changes",
            Self::AudienceChanges { .. } => "audience-changes",
            Self::VaultChanges => "vault-changes",
            Self::MountChanges => "mount-changes",
            Self::LivesLonger => "lives-longer",
            Self::Denied => "denied",
            Self::Star => "star",
            Self::BeyondDeclarations => "beyond-declarations",
            Self::Reaches { .. } => "reaches-beyond-secrets",
            Self::UnseenPolicy { .. } => "unseen-policy",
            Self::Redirected => "redirected",
            Self::MaybeRedirected => "maybe-redirected",
            Self::AnotherRole => "another-role",
            Self::DeletesBeyondBudget => "deletes-beyond-budget",
            Self::EmptiesCluster => "empties-cluster",
            Self::ClusterGoes => "cluster-goes",
            Self::ApprovalWithChanges => "approval-with-changes",
            Self::RulesLoosen => "rules-loosen",
            Self::OtherRules => "other-rules",
            Self::OnlyByNewRules => "only-by-new-rules",
            Self::OwnersChange => "owners-change",
            Self::TakesOver => "takes-over",
            Self::LimitRises => "limit-rises",
            Self::InstallationChanges => "installation-changes",
            Self::VaultMoves => "vault-moves",
            Self::MountGoes => "mount-goes",
        }
    }
}
