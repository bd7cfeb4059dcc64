//! What would change, and why. Pure: both sides come in as values, and nothing here can write or even ask.
//!
//! A cell is planned in two steps, because a value is read only when metadata does not tell: [`Draft`] settles
//! everything but the Secrets that need a look and names those; with their values it becomes a [`Sheet`].

mod auth_config;
mod change;
mod fields;
mod login;
mod mount;
mod policy;
mod rbac;
mod role;
mod secret;
mod sheet;
mod undeclared;
mod value;

use crate::desire::{Cell, DesiredVault, Origin, SecretId};
use crate::mark::Mark;
use crate::names::{InstallationName, MountPath};
use crate::observe::freshness::Why;
use crate::observe::seen::{SeenCell, SeenValues, SeenVault};
use crate::observe::{FailureClass, KvReference, Observed};
use mount::{DesiredMount, Engine};
use policy::DesiredPolicy;
use secret::Metadata;
use std::collections::{BTreeMap, BTreeSet};

pub use change::{
    Action, Blocked, Cause, Change, Concern, Edited, FieldChange, Finding, Kind, Reason, Release,
    Scope, Target, Unread, Waiting, Write,
};
pub use sheet::{Sheet, Synced};

/// Plans what the clusters of a Vault share, and what is there that nobody declares.
pub fn vault(desired: &DesiredVault, installation: &InstallationName, seen: &SeenVault) -> Sheet {
    let mut sheet = Sheet::default();
    let scope = Scope::Vault(desired.name.clone());
    for kv in &desired.kv_mounts {
        let mount = DesiredMount {
            scope: scope.clone(),
            kind: Kind::KvMount,
            path: &kv.path,
            engine: Engine::Kv(kv.engine),
            mark: Mark::new(installation, None),
            adopt: desired.adopt,
            place: &kv.place,
            known_as: None,
        };
        mount::plan(&mount, &seen.engine_mount(kv.path.as_str()), &mut sheet);
    }
    for shared in &desired.policies {
        let policy = DesiredPolicy {
            scope: scope.clone(),
            name: &shared.name,
            text: &shared.text,
            meaning: &shared.meaning,
            mark: Mark::new(installation, None),
            adopt: desired.adopt,
            origin: Origin::File,
            known: false,
            needed: None,
            incomplete: false,
            place: &shared.place,
        };
        policy::plan(&policy, &seen.policy(shared.name.as_str()), &mut sheet);
    }
    undeclared::plan(desired, installation, seen, &mut sheet);
    sheet
}

/// What a cell is planned against.
pub struct Context<'a> {
    pub installation: &'a InstallationName,
    pub cell: &'a Cell,
    pub vault: &'a DesiredVault,
    pub seen_vault: &'a SeenVault,
    pub seen: &'a SeenCell,
    /// Compare every Secret's data, whatever its metadata says.
    pub full: bool,
}

/// A cell planned as far as metadata goes.
pub struct Draft {
    sheet: Sheet,
    to_read: BTreeMap<SecretId, Why>,
}

impl Draft {
    /// The Secrets whose values are needed, and why.
    pub fn to_read(&self) -> &BTreeMap<SecretId, Why> {
        &self.to_read
    }

    /// The plan, now that the values are there; `now` goes into the Secrets' record.
    pub fn finish(self, context: &Context<'_>, values: &SeenValues, now: &str) -> Sheet {
        let mut sheet = self.with_secrets(context, values, now);
        secret::warn_of_edits(context, &mut sheet);
        secret::keep_until_succeeded(context.cell, context.seen, &mut sheet);
        sheet
    }

    fn with_secrets(self, context: &Context<'_>, values: &SeenValues, now: &str) -> Sheet {
        let Self { mut sheet, to_read } = self;
        // What fails under a role that is about to be put right is not known to fail under the right one.
        let repair = sheet.changes.iter().any(opens_the_way);
        if let Some(Err(failure)) = &values.login {
            let ids = to_read.into_keys();
            if repair {
                secret::wait_for_login(context.cell, ids, &mut sheet);
            } else {
                secret::login_failed(context.cell, ids, failure, &mut sheet);
            }
            return sheet;
        }
        for desired in context
            .cell
            .secrets
            .iter()
            .filter(|secret| to_read.contains_key(&secret.id))
        {
            if repair && secret::is_forbidden(desired, values) {
                secret::wait_for_login(
                    context.cell,
                    std::iter::once(desired.id.clone()),
                    &mut sheet,
                );
                continue;
            }
            let (cell, installation) = (context.cell, context.installation);
            let why = &to_read[&desired.id];
            secret::plan(
                &secret::Look {
                    cell,
                    installation,
                    desired,
                    why,
                    seen: values,
                    now,
                },
                &mut sheet,
            );
        }
        sheet
    }
}

/// Whether this change decides who may log in and read, and will be made.
fn opens_the_way(change: &Change) -> bool {
    let of_login = matches!(
        change.target.kind,
        Kind::AuthMount | Kind::AuthConfig | Kind::Policy | Kind::Role
    );
    of_login && change.concerns.is_empty() && change.action != Action::Delete
}

/// Plans a cell as far as metadata goes.
pub fn cell(context: &Context<'_>) -> Draft {
    let mut sheet = Sheet::default();
    if let Some(wrong) = wrong_cluster(context) {
        // Nothing is compared with, let alone written to, a cluster that is not the one that is meant.
        sheet.blocked(
            cluster_target(context.cell),
            wrong,
            Some(
                "check `connect`, or set `identity` to the UID of its kube-system namespace"
                    .to_owned(),
            ),
            None,
            Some(&context.cell.place),
        );
        return Draft {
            sheet,
            to_read: BTreeMap::new(),
        };
    }
    if let (Some(_), Err(failure)) = (&context.cell.identity, &context.seen.identity) {
        // Whether it is the cluster that is meant cannot be told, so nothing is done for it, in Vault neither.
        sheet.unread(cluster_target(context.cell), failure);
        return Draft {
            sheet,
            to_read: BTreeMap::new(),
        };
    }
    let login = login::plan(context, &mut sheet);
    let (cell, seen) = (context.cell, context.seen);
    let has_account = rbac::plan_account(cell, &seen.namespace, &seen.account, &mut sheet);
    let has_binding = rbac::plan_binding(cell, context.installation, &seen.binding, &mut sheet);
    let gate = login.gate(context, has_account && has_binding);
    let metadata = Metadata {
        cell,
        installation: context.installation,
        secrets: &seen.secrets,
        versions: &context.seen_vault.versions,
        engines: context.seen_vault.engine_mounts.as_ref().ok(),
        declared_engines: &context.vault.kv_mounts,
        missing_namespaces: &seen.missing_namespaces,
        full: context.full,
    };
    note_refused_metadata(context, &mut sheet);
    let to_read = secret::sift(&metadata, &gate, &mut sheet);
    match &seen.marked {
        Ok(marked) => secret::plan_undeclared(cell, context.installation, marked, &mut sheet),
        Err(failure) => sheet.unread(
            Target {
                scope: Scope::Cluster(cell.cluster.clone()),
                kind: Kind::Secret,
                name: "*".to_owned(),
            },
            failure,
        ),
    }
    Draft { sheet, to_read }
}

fn cluster_target(cell: &Cell) -> Target {
    Target {
        scope: Scope::Cluster(cell.cluster.clone()),
        kind: Kind::Namespace,
        name: "kube-system".to_owned(),
    }
}

fn wrong_cluster(context: &Context<'_>) -> Option<String> {
    let wanted = context.cell.identity.as_ref()?;
    let is = context.seen.identity.as_ref().ok()?;
    (is != wanted)
        .then(|| format!("another cluster answers: its kube-system has the UID {is}, not {wanted}"))
}

/// Without the right to read metadata, only the value tells whether it moved: that works, and is named.
fn note_refused_metadata(context: &Context<'_>, sheet: &mut Sheet) {
    let references = context
        .cell
        .secrets
        .iter()
        .flat_map(|secret| secret.references());
    let is_refused = |reference: &&KvReference| {
        let version = context.seen_vault.versions.of(reference);
        version
            .and_then(Observed::failure)
            .is_some_and(|failure| failure.class == FailureClass::Forbidden)
    };
    let mounts: BTreeSet<&MountPath> = references
        .filter(is_refused)
        .map(|reference| &reference.mount)
        .collect();
    for mount in mounts {
        let text = format!(
            "keyfleet may not read {mount}/metadata/: values are read at every pass to see whether they moved"
        );
        let hint = format!("grant its token read on {mount}/metadata/*");
        sheet.note(&Scope::Vault(context.cell.vault.clone()), text, &hint, None);
    }
}
