//! What would change, and why. Pure: both sides come in as values, and nothing here can write or even ask.
//!
//! A cell is planned in two steps, because a value is read only when metadata does not tell: [`Draft`] settles
//! everything but the Secrets that need a look and names those; with their values it becomes a [`Sheet`].

mod auth_config;
mod change;
mod fields;
mod mount;
mod policy;
mod rbac;
mod role;
mod secret;
mod sheet;
mod undeclared;
mod value;

use crate::desire::{Cell, DesiredVault, SecretId};
use crate::mark::{Mark, Owner, digest};
use crate::names::InstallationName;
use crate::observe::Failure;
use crate::observe::Observed;
use crate::observe::freshness::Why;
use crate::observe::live::LiveMount;
use crate::observe::seen::{SeenCell, SeenValues, SeenVault};
use crate::policy::{Acl, Capability, Policy};
use mount::{DesiredMount, Engine};
use policy::{DesiredPolicy, Standing};
use secret::{Gate, Metadata};
use std::collections::BTreeMap;

pub use change::{
    Action, Blocked, Cause, Change, Concern, FieldChange, Finding, Kind, Reason, Release, Scope,
    Target, Unread, Waiting, Write,
};
pub use sheet::Sheet;

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
            known_accessor: None,
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
            explicit: true,
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
    /// The Secrets whose values are needed.
    pub fn to_read(&self) -> impl Iterator<Item = &SecretId> {
        self.to_read.keys()
    }

    /// The plan, now that the values are there; `now` goes into the Secrets' record.
    pub fn finish(self, context: &Context<'_>, values: &SeenValues, now: &str) -> Sheet {
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
        for (id, why) in &to_read {
            let desired = context.cell.secrets.iter().find(|secret| secret.id == *id);
            if let (Some(desired), Some(seen)) = (desired, values.secrets.get(id)) {
                if repair && secret::is_forbidden(seen) {
                    secret::wait_for_login(context.cell, std::iter::once(id.clone()), &mut sheet);
                    continue;
                }
                secret::plan(
                    context.cell,
                    context.installation,
                    desired,
                    why,
                    seen,
                    now,
                    &mut sheet,
                );
            }
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
    let login = login_side(context, &mut sheet);
    let (cell, seen) = (context.cell, context.seen);
    let has_account = rbac::plan_account(cell, &seen.namespace, &seen.account, &mut sheet);
    let has_binding = rbac::plan_binding(cell, context.installation, &seen.binding, &mut sheet);
    let gate = gate(context, &login, has_account && has_binding);
    let metadata = Metadata {
        cell,
        installation: context.installation,
        secrets: &seen.secrets,
        versions: &context.seen_vault.versions,
        missing_namespaces: &seen.missing_namespaces,
        full: context.full,
    };
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

/// What was planned on the side of Vault: whether a login works now, and what the role may read.
struct LoginSide {
    works: bool,
    /// Why it cannot be told whether it works.
    unknown: Option<Failure>,
    policy: Standing,
}

fn login_side(context: &Context<'_>, sheet: &mut Sheet) -> LoginSide {
    let (cell, seen) = (context.cell, context.seen);
    let live_mount = context.seen_vault.auth_mount(cell.mount.as_str());
    let live_policy = context.seen_vault.policy(cell.policy.name.as_str());
    let desired = desired_mount(
        context,
        live_policy.present().map(|policy| policy.text.as_str()),
    );
    let has_mount = mount::plan(&desired, &live_mount, sheet);
    let (owner, mark) = mount_owner(&desired, live_mount.present());
    // Without its mount, a config and a role are absent, whatever the answer to a question after them was.
    let in_mount = |observed: &Observed<_>| {
        if matches!(live_mount, Observed::Absent) {
            Observed::Absent
        } else {
            observed.clone()
        }
    };
    let has_config = auth_config::plan(cell, &owner, mark.as_ref(), &in_mount(&seen.config), sheet);
    let accessor = live_mount
        .present()
        .filter(|_| owner == Owner::Us)
        .map(|mount| mount.accessor.clone());
    let policy = policy::plan(&cell_policy(context, accessor), &live_policy, sheet);
    let has_role = role::plan(cell, &owner, mark.as_ref(), &in_mount(&seen.role), sheet);
    if let Ok(roles) = &seen.roles {
        undeclared::roles(cell, roles, sheet);
    }
    let mount_unknown = match &live_mount {
        Observed::Unknown(failure) => Some(failure),
        Observed::Present(_) | Observed::Absent => None,
    };
    let unknown = mount_unknown.or_else(|| {
        let mut fields = [&seen.config, &seen.role].into_iter();
        fields.find_map(|observed| match observed {
            Observed::Unknown(failure) => Some(failure),
            Observed::Present(_) | Observed::Absent => None,
        })
    });
    LoginSide {
        works: has_mount && has_config && has_role,
        unknown: unknown.cloned(),
        policy,
    }
}

fn desired_mount<'a>(context: &'a Context<'_>, policy_text: Option<&str>) -> DesiredMount<'a> {
    let cell = context.cell;
    let policy_mark = policy_text
        .and_then(Mark::read)
        .filter(|mark| mark.installation == *context.installation);
    DesiredMount {
        scope: Scope::Vault(cell.vault.clone()),
        kind: Kind::AuthMount,
        path: &cell.mount,
        engine: Engine::Kubernetes,
        mark: Mark::new(context.installation, Some(&cell.cluster))
            .fact(
                "config",
                digest(&fields::canonical(&auth_config::rules(cell))),
            )
            .fact("role", digest(&fields::canonical(&role::rules(cell)))),
        adopt: cell.adopt,
        place: &cell.place,
        known_accessor: policy_mark.and_then(|mark| mark.facts.get("mount").cloned()),
    }
}

/// Whose the mount is; one that is about to be made is ours.
fn mount_owner(desired: &DesiredMount<'_>, live: Option<&LiveMount>) -> (Owner, Option<Mark>) {
    match live {
        None => (Owner::Us, None),
        Some(live) => (mount::owner(live, desired), Mark::read(&live.description)),
    }
}

fn cell_policy<'a>(context: &'a Context<'_>, accessor: Option<String>) -> DesiredPolicy<'a> {
    let cell = context.cell;
    let mut mark = Mark::new(context.installation, Some(&cell.cluster));
    if let Some(accessor) = accessor {
        mark = mark.fact("mount", accessor);
    }
    let needed = cell
        .secrets
        .iter()
        .filter(|secret| secret.login.role == cell.role.name)
        .flat_map(|secret| secret.references());
    DesiredPolicy {
        scope: Scope::Vault(cell.vault.clone()),
        name: &cell.policy.name,
        text: &cell.policy.text,
        meaning: &cell.policy.meaning,
        mark,
        adopt: cell.adopt,
        explicit: cell.policy.explicit,
        needed: Some(
            needed
                .map(|reference| (reference.api_path(), Capability::Read))
                .collect(),
        ),
        incomplete: cell.policy.derived && !cell.complete,
        place: &cell.policy.place,
    }
}

/// Whether the Secrets can be read, now and then.
fn gate(context: &Context<'_>, login: &LoginSide, cluster_ready: bool) -> Gate {
    let cell = context.cell;
    let (now, then) = match &login.policy {
        Standing::Stands(policy) => (Some(Some(policy.clone())), Some(policy.clone())),
        Standing::WillBe { now, then } => (Some(now.clone()), Some(then.clone())),
        Standing::Unknown => (None, None),
    };
    let others = other_policies(context);
    let acl = |own: Option<Policy>| {
        let others = others.as_ref()?;
        let all: Vec<&Policy> = others.iter().chain(own.as_ref()).collect();
        Some(Acl::new(&all))
    };
    let ready = login.works && cluster_ready;
    Gate {
        unknown: login.unknown.clone(),
        waits: (!ready).then(|| format!("once {} can log in", cell.cluster)),
        now: now.and_then(acl),
        then: then.clone().and_then(|policy| acl(Some(policy))),
        role: cell.role.name.to_string(),
        grants: then.map_or_else(String::new, |policy| {
            grants(&cell.policy.name.to_string(), &policy)
        }),
    }
}

fn grants(name: &str, policy: &Policy) -> String {
    let paths: Vec<String> = policy
        .rules()
        .map(|rule| rule.pattern.to_string())
        .collect();
    if paths.is_empty() {
        format!("{name} grants nothing")
    } else {
        format!("{name} grants {}", policy::list(paths.into_iter()))
    }
}

/// The role's further policies, as they are or will be; `None` when one cannot be told.
fn other_policies(context: &Context<'_>) -> Option<Vec<Policy>> {
    let others = context
        .cell
        .role
        .policies
        .iter()
        .filter(|name| **name != context.cell.policy.name);
    others
        .map(|name| {
            match context
                .vault
                .policies
                .iter()
                .find(|shared| shared.name == *name)
            {
                Some(shared) => Some(shared.meaning.clone()),
                None => match context.seen_vault.policy(name.as_str()) {
                    Observed::Present(live) => Policy::parse(&live.text).ok(),
                    // A policy that is not there grants nothing.
                    Observed::Absent => Some(Policy::default()),
                    Observed::Unknown(_) => None,
                },
            }
        })
        .collect()
}
