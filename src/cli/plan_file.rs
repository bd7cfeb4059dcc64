//! A plan as a file: what a person looked at, and so what may be done.
//!
//! The file names changes by id and holds no write: applying plans anew, and does only what the file shows.

use crate::names::{ClusterName, VaultName};
use crate::pipeline::{Announced, Wanted};
use crate::plan::{Kind, Scope, Target};
use crate::report::PLAN_SCHEMA;
use anyhow::{Context, bail};
use serde_json::Value;
use std::path::Path;

/// What a plan file allows.
pub(super) struct PlanFile {
    pub(super) announced: Announced,
    /// Held changes that were released when the plan was made.
    pub(super) approvals: Vec<String>,
}

impl PlanFile {
    /// Reads a plan of this repository at this revision.
    pub(super) fn read(path: &Path, wanted: &Wanted) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("failed to read the plan {}", path.display()))?;
        let plan: Value = serde_json::from_str(&text)
            .with_context(|| format!("{} is not JSON", path.display()))?;
        let field = |name: &str| plan[name].as_str().unwrap_or_default();
        if field("schema") != PLAN_SCHEMA {
            bail!(
                "{} is not a plan of this keyfleet: it must have the schema {PLAN_SCHEMA}",
                path.display()
            );
        }
        if field("installation") != wanted.desired.installation.as_str()
            || field("revision") != wanted.revision
        {
            bail!(
                "the plan is of {} at {}, but this is {} at {}: plan again",
                field("installation"),
                field("revision"),
                wanted.desired.installation,
                wanted.revision
            );
        }
        let items = |name: &str| plan[name].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Ok(Self {
            announced: Announced {
                ids: items("changes")
                    .filter_map(|change| text(&change["id"]))
                    .collect(),
                waiting: items("waiting").filter_map(target).collect(),
            },
            approvals: items("approvals").filter_map(text).collect(),
        })
    }
}

fn target(value: &Value) -> Option<Target> {
    let scope = match (value["vault"].as_str(), value["cluster"].as_str()) {
        (Some(vault), None) => Scope::Vault(VaultName::parse(vault).ok()?),
        (None, Some(cluster)) => Scope::Cluster(ClusterName::parse(cluster).ok()?),
        _ => return None,
    };
    let kind = match value["kind"].as_str()? {
        "Secret" => Kind::Secret,
        "Policy" => Kind::Policy,
        // Nothing else ever waits.
        _ => return None,
    };
    Some(Target {
        scope,
        kind,
        name: value["name"].as_str()?.to_owned(),
    })
}
