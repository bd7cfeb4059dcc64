//! Doing what was decided: no decisions here.
//!
//! Changes of one cell are made in order. One that fails stops those that stand on it and nobody else; what is left is
//! the next run's, since every run starts from what is there.

pub mod writer;

use crate::guard::ApprovedPlan;
use crate::mark::{INSTALLATION_LABEL, MANAGED_BY_LABEL, MANAGER};
use crate::names::InstallationName;
use crate::observe::{Failure, Fields};
use crate::plan::{Action, Change, Kind, Scope, Target, Write};
use std::collections::BTreeMap;
use std::sync::Arc;

pub use writer::{
    MountTable, ObjectMarks, PolicyPrecondition, SecretWrite, WriteCluster, WriteVault,
};

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepResult {
    Done,
    Failed(Failure),
    /// What it stands on failed.
    Skipped {
        because: Target,
    },
}

/// A change with its end.
#[derive(Debug)]
pub struct Outcome {
    pub change: Change,
    pub result: StepResult,
}

/// Told about every step as it ends.
pub type Progress = Arc<dyn Fn(&Outcome) + Send + Sync>;

/// The writers of one cell.
pub struct Writers<'a> {
    pub vault: &'a dyn WriteVault,
    /// The failure of the connection, for a cluster that cannot be reached.
    pub cluster: Result<&'a dyn WriteCluster, &'a Failure>,
    pub installation: &'a InstallationName,
}

/// What a change of this kind stands on, and why.
fn stands_on(kind: Kind) -> &'static [Kind] {
    match kind {
        Kind::KvMount | Kind::AuthMount | Kind::Policy | Kind::Namespace | Kind::Binding => &[],
        // The endpoint is below the mount.
        Kind::AuthConfig => &[Kind::AuthMount],
        // A role before its policy would grant whatever is written under that name meanwhile; before its config it
        // would let in whoever the old one trusts.
        Kind::Role => &[Kind::AuthMount, Kind::AuthConfig, Kind::Policy],
        Kind::ServiceAccount => &[Kind::Namespace],
        // A value was read under what was; what is being changed decides whether it may be.
        Kind::Secret => &[
            Kind::AuthMount,
            Kind::AuthConfig,
            Kind::Policy,
            Kind::Role,
            Kind::Namespace,
            Kind::ServiceAccount,
            Kind::Binding,
        ],
    }
}

/// Makes the changes, one after the other.
pub async fn apply(
    plan: ApprovedPlan,
    writers: &Writers<'_>,
    progress: &Progress,
    stop: &(dyn Fn() -> bool + Send + Sync),
) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    let mut broken: BTreeMap<Target, Action> = BTreeMap::new();
    for change in plan.into_changes() {
        if stop() {
            break;
        }
        let in_the_way = broken
            .iter()
            .find(|(target, action)| {
                stands_on(change.target.kind).contains(&target.kind)
                    || may_succeed(&change, target, **action)
            })
            .map(|(target, _)| target.clone());
        let result = match in_the_way {
            Some(because) => StepResult::Skipped { because },
            None => step(&change, writers)
                .await
                .map_or_else(StepResult::Failed, |()| StepResult::Done),
        };
        if result != StepResult::Done {
            broken.insert(change.target.clone(), change.action);
        }
        let outcome = Outcome { change, result };
        progress(&outcome);
        outcomes.push(outcome);
    }
    outcomes
}

/// A Secret that could not be made may be what takes the place of one that goes.
fn may_succeed(change: &Change, failed: &Target, action: Action) -> bool {
    change.action == Action::Delete
        && action == Action::Create
        && change.target.kind == Kind::Secret
        && failed.kind == Kind::Secret
}

async fn step(change: &Change, writers: &Writers<'_>) -> Result<(), Failure> {
    match &change.target.scope {
        Scope::Vault(_) => in_vault(&change.write, writers.vault).await,
        Scope::Cluster(_) => match writers.cluster {
            Ok(cluster) => in_cluster(&change.write, cluster, &marks(writers.installation)).await,
            Err(failure) => Err(failure.clone()),
        },
    }
}

fn marks(installation: &InstallationName) -> ObjectMarks {
    let labels = [
        (MANAGED_BY_LABEL, MANAGER.to_owned()),
        (INSTALLATION_LABEL, installation.to_string()),
    ];
    ObjectMarks {
        labels: labels
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        ..ObjectMarks::default()
    }
}

async fn in_vault(write: &Write, vault: &dyn WriteVault) -> Result<(), Failure> {
    match write {
        Write::EnableMount { table, path, body } => vault.enable_mount(*table, path, body).await,
        Write::TuneMount {
            table,
            path,
            fields,
        } => vault.tune_mount(*table, path, fields).await,
        Write::DisableMount { table, path, .. } => vault.disable_mount(*table, path).await,
        Write::AuthConfig {
            mount,
            fields,
            remember,
        } => {
            vault.write_auth_config(mount, fields).await?;
            match remember {
                // Cut off here, the config is as declared and its mark is old: a later way back counts as a hand's work.
                Some(mark) => {
                    vault
                        .tune_mount(MountTable::Auth, mount, &description(mark))
                        .await
                }
                None => Ok(()),
            }
        }
        Write::Role {
            mount,
            role,
            fields,
        } => vault.write_role(mount, role, fields).await,
        Write::Policy {
            name,
            text,
            precondition,
        } => vault.write_policy(name, text, precondition).await,
        Write::DeletePolicy { name } => vault.delete_policy(name).await,
        Write::Namespace { .. }
        | Write::ServiceAccount { .. }
        | Write::Binding { .. }
        | Write::Secret { .. }
        | Write::DeleteSecret { .. } => Ok(()),
    }
}

fn description(mark: &str) -> Fields {
    Fields::from([("description".to_owned(), mark.into())])
}

async fn in_cluster(
    write: &Write,
    cluster: &dyn WriteCluster,
    marks: &ObjectMarks,
) -> Result<(), Failure> {
    match write {
        Write::Namespace { name } => cluster.apply_namespace(name, marks).await,
        Write::ServiceAccount { account } => cluster.apply_service_account(account, marks).await,
        Write::Binding {
            name,
            role,
            subjects,
            take_over,
        } => {
            cluster
                .apply_binding(name, role, subjects, marks, *take_over)
                .await
        }
        Write::Secret {
            secret, take_over, ..
        } => cluster.apply_secret(secret, *take_over).await,
        Write::DeleteSecret {
            namespace,
            name,
            uid,
            resource_version,
        } => {
            cluster
                .delete_secret(namespace, name, uid, resource_version)
                .await
        }
        Write::EnableMount { .. }
        | Write::TuneMount { .. }
        | Write::DisableMount { .. }
        | Write::AuthConfig { .. }
        | Write::Role { .. }
        | Write::Policy { .. }
        | Write::DeletePolicy { .. } => Ok(()),
    }
}
