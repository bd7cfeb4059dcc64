//! How a held change is released: for each of its concerns, what a person does.

use super::Look;
use super::finding::Found;
use crate::drift::Standing;
use crate::plan::{self, Concern, Scope};

/// One concern, and what releases it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub why: String,
    /// What to do, in words.
    pub how: String,
    /// What to run, where a command does it.
    pub command: Option<String>,
    /// What to commit, where an approval in git does it: where, and the file itself.
    pub approval: Option<Approval>,
}

/// A file of kind Approval, to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    pub path: String,
    pub text: String,
}

impl Approval {
    fn of(id: &str) -> Self {
        Self {
            path: format!("approvals/{id}.yaml"),
            text: format!(
                "apiVersion: keyfleet.dev/v1alpha1\nkind: Approval\nmetadata:\n  name: release-{id}\nspec:\n  \
                 changes: [{id}]\n  reason: say why\n"
            ),
        }
    }
}

/// Empty for what is not held. One command releases all concerns that an approval releases.
pub fn releases(found: Found<'_>, look: &Look) -> Vec<Release> {
    let Standing::Held { why, id, .. } = &found.finding.standing else {
        return Vec::new();
    };
    why.iter()
        .map(|concern| Release {
            why: concern.to_string(),
            how: how(concern, found, look),
            command: (concern.release() == plan::Release::Approve)
                .then(|| command(id, &found.finding.target.scope)),
            approval: (concern.release() == plan::Release::Approve).then(|| Approval::of(id)),
        })
        .collect()
}

/// `--cluster` leaves out what clusters share, so a change of a Vault is approved without it.
fn command(id: &str, scope: &Scope) -> String {
    match scope {
        Scope::Cluster(name) => format!("keyfleet apply . --cluster {name} --approve {id}"),
        Scope::Vault(_) => format!("keyfleet apply . --approve {id}"),
    }
}

fn how(concern: &Concern, found: Found<'_>, look: &Look) -> String {
    match concern.release() {
        plan::Release::Approve => {
            "When you have looked and it is right, have this file reviewed and merged, or run the command in a checkout of the repository."
                .to_owned()
        }
        plan::Release::Adopt => {
            let file = declared_in(&found.finding.target.scope, look);
            format!("Write `adopt: true` in {file}: keyfleet then owns it.")
        }
        plan::Release::FixSource => {
            "Repair the declaration that cannot be read: see Problems.".to_owned()
        }
        plan::Release::ByHand => {
            "keyfleet never does this. Do it by hand, or change the declaration so that it is not wanted."
                .to_owned()
        }
    }
}

/// The file that says of a scope whether it adopts.
fn declared_in(scope: &Scope, look: &Look) -> String {
    match scope {
        Scope::Cluster(name) => {
            let cluster = look.known.clusters.get(name);
            cluster.map_or_else(
                || format!("clusters/{name}/cluster.yaml"),
                |cluster| cluster.cell.place.file.to_string(),
            )
        }
        Scope::Vault(name) => format!("fleet.yaml, at the Vault {name}"),
    }
}
