//! The side of a cell that lies in Vault: the way in for its cluster, and whether it is open now and once this plan is
//! applied.

use super::change::{Kind, Scope, Target};
use super::mount::{self, DesiredMount, Engine};
use super::policy::{self, DesiredPolicy, Standing};
use super::secret::Gate;
use super::sheet::Sheet;
use super::{Context, auth_config, fields, role, undeclared};
use crate::desire::Origin;
use crate::mark::{Mark, Owner, digest};
use crate::names::PolicyName;
use crate::observe::live::{LiveMount, LivePolicy};
use crate::observe::{Failure, Observed};
use crate::policy::{Acl, Capability, Policy};
use std::sync::Arc;

/// What was planned on the side of Vault: whether a login works now, and what the role may read.
pub(super) struct LoginSide {
    works: bool,
    /// Why it cannot be told whether it works.
    unknown: Option<Failure>,
    policy: Standing,
}

pub(super) fn plan(context: &Context<'_>, sheet: &mut Sheet) -> LoginSide {
    let (cell, seen) = (context.cell, context.seen);
    let live_mount = context.seen_vault.auth_mount(cell.mount.as_str());
    let live_policy = context.seen_vault.policy(cell.policy.name.as_str());
    let known = knows_policy(context, live_mount.present());
    let mut desired = desired_mount(context, &live_policy, known);
    let (owner, mark) = mount_owner(&desired, live_mount.present());
    desired.mark = auth_config::remembered(desired.mark, cell, &owner, mark.as_ref(), &seen.config);
    let has_mount = mount::plan(&desired, &live_mount, sheet);
    // Without its mount, a config and a role are absent, whatever the answer to a question after them was.
    let in_mount = |observed: &Observed<_>| {
        if matches!(live_mount, Observed::Absent) {
            Observed::Absent
        } else {
            observed.clone()
        }
    };
    let marks = auth_config::Marks {
        was: mark.as_ref(),
        new: &desired.mark,
    };
    let has_config = auth_config::plan(cell, &owner, &marks, &in_mount(&seen.config), sheet);
    let mount = match &live_mount {
        Observed::Present(mount) if owner == Owner::Us => Some(mount.accessor.clone()),
        Observed::Absent => Some(mount::MADE.to_owned()),
        Observed::Present(_) | Observed::Unknown(_) => None,
    };
    let policy = policy::plan(&cell_policy(context, mount, known), &live_policy, sheet);
    let has_role = role::plan(cell, &owner, mark.as_ref(), &in_mount(&seen.role), sheet);
    match &seen.roles {
        Ok(roles) => undeclared::roles(cell, roles, sheet),
        // What keeps the cluster's own role from being read was said already.
        Err(_) if live_mount.failure().is_some() || seen.role.failure().is_some() => {}
        Err(failure) => sheet.unread(
            Target {
                scope: Scope::Vault(cell.vault.clone()),
                kind: Kind::Role,
                name: format!("{}/*", cell.mount),
            },
            failure,
        ),
    }
    let unknown = [
        live_mount.failure(),
        seen.config.failure(),
        seen.role.failure(),
    ];
    LoginSide {
        unknown: unknown.into_iter().flatten().next().cloned(),
        works: has_mount && has_config && has_role,
        policy,
    }
}

/// The fact of a mount's mark that names the policy which is ours as well. A policy's own mark is a comment, and a
/// comment is easily lost: an edit that drops it must not make the policy somebody else's.
const POLICY_FACT: &str = "policy";

/// Whether the mount's mark says that the policy of this cell is ours.
fn knows_policy(context: &Context<'_>, live: Option<&LiveMount>) -> bool {
    let cell = context.cell;
    let mark = live.and_then(|mount| Mark::read(&mount.description));
    mark.is_some_and(|mark| {
        mark.installation == *context.installation
            && mark.cluster.as_ref() == Some(&cell.cluster)
            && mark.facts.get(POLICY_FACT).map(String::as_str) == Some(cell.policy.name.as_str())
    })
}

fn desired_mount<'a>(
    context: &'a Context<'_>,
    live_policy: &Observed<LivePolicy>,
    known: bool,
) -> DesiredMount<'a> {
    let cell = context.cell;
    let policy_mark = live_policy
        .present()
        .and_then(|policy| Mark::read(&policy.text));
    let is_foreign = policy_mark
        .as_ref()
        .is_some_and(|mark| mark.installation != *context.installation);
    let policy_mark = policy_mark.filter(|_| !is_foreign);
    let owns_policy = known
        || match live_policy {
            Observed::Absent => true,
            // Taking over leaves a policy alone that no file asks for.
            Observed::Present(_) => {
                let takes_over = cell.adopt && cell.policy.origin != Origin::Default;
                policy_mark.is_some() || takes_over && !is_foreign
            }
            Observed::Unknown(_) => false,
        };
    let mut mark = Mark::new(context.installation, Some(&cell.cluster))
        .fact(
            "config",
            digest(&fields::canonical(&auth_config::rules(cell))),
        )
        .fact("role", digest(&fields::canonical(&role::rules(cell))));
    if owns_policy {
        mark = mark.fact(POLICY_FACT, cell.policy.name.to_string());
    }
    DesiredMount {
        scope: Scope::Vault(cell.vault.clone()),
        kind: Kind::AuthMount,
        path: &cell.mount,
        engine: Engine::Kubernetes,
        mark,
        adopt: cell.adopt,
        place: &cell.place,
        known_as: policy_mark.and_then(|mark| mark.facts.get("mount").cloned()),
    }
}

/// Whose the mount is; one that is about to be made is ours.
fn mount_owner(desired: &DesiredMount<'_>, live: Option<&LiveMount>) -> (Owner, Option<Mark>) {
    match live {
        None => (Owner::Us, None),
        Some(live) => (mount::owner(live, desired), Mark::read(&live.description)),
    }
}

fn cell_policy<'a>(
    context: &'a Context<'_>,
    mount: Option<String>,
    known: bool,
) -> DesiredPolicy<'a> {
    let cell = context.cell;
    let mut mark = Mark::new(context.installation, Some(&cell.cluster));
    if let Some(mount) = mount {
        mark = mark.fact("mount", mount);
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
        origin: cell.policy.origin,
        known,
        needed: Some(
            needed
                .map(|reference| (reference.api_path(), Capability::Read))
                .collect(),
        ),
        incomplete: cell.policy.origin.is_derived() && !cell.complete,
        place: &cell.policy.place,
    }
}

impl LoginSide {
    /// Whether the Secrets can be read, now and then.
    pub(super) fn gate(&self, context: &Context<'_>, cluster_ready: bool) -> Gate {
        let cell = context.cell;
        let others = other_policies(context);
        let acl = |own: Option<&Policy>| {
            let others = others.as_ref()?.iter().map(Arc::as_ref);
            let all: Vec<&Policy> = others.chain(own).collect();
            Some(Arc::new(Acl::new(&all)))
        };
        let (now, then, will_be) = match &self.policy {
            Standing::Stands(policy) => {
                let acl = acl(Some(policy));
                (acl.clone(), acl, Some(policy))
            }
            Standing::WillBe { now, then } => (acl(now.as_ref()), acl(Some(then)), Some(then)),
            Standing::Unknown => (None, None, None),
        };
        let ready = self.works && cluster_ready;
        Gate {
            unknown: self.unknown.clone(),
            waits: (!ready).then(|| format!("once {} can log in", cell.cluster)),
            now,
            then,
            role: cell.role.name.to_string(),
            grants: will_be.map_or_else(String::new, |policy| {
                grants(cell.policy.name.as_str(), policy)
            }),
        }
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
fn other_policies(context: &Context<'_>) -> Option<Vec<Arc<Policy>>> {
    let own = &context.cell.policy.name;
    let others = context.cell.role.policies.iter();
    let meaning = |name: &PolicyName| {
        let mut shared = context.vault.policies.iter();
        match shared.find(|shared| shared.name == *name) {
            Some(shared) => Some(Arc::clone(&shared.meaning)),
            None => context.seen_vault.meaning(name.as_str()),
        }
    };
    others.filter(|name| *name != own).map(meaning).collect()
}
