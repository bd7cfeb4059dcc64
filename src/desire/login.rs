//! As whom a Secret's values are read: the store that a declaration refers to, and the login that it asks for.
//!
//! A cluster can log in only at its own mount and as its own service account; a role of that mount may be another than
//! the cluster's. Messages name no cluster: what a group says wrong is said once for all.

use super::secret::{Context, SecretLogin};
use crate::declare::{ExternalSecret, Login, Store, StoreKind, StoreRef};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::names::{MountPath, Namespace, RoleName, ServiceAccountRef};

pub(super) fn find_store<'a>(
    reference: &StoreRef,
    namespace: &Namespace,
    context: &Context<'a>,
    problems: &mut Diagnostics,
) -> Option<&'a Store> {
    let wanted = (reference.kind == StoreKind::Namespaced).then_some(namespace);
    let named = || {
        let stores = context.stores.iter().copied();
        stores.filter(|store| store.name == reference.name)
    };
    let mut found = named().filter(|store| store.namespace.as_ref() == wanted);
    let Some(store) = found.next() else {
        let kind = match wanted {
            Some(namespace) => format!("SecretStore `{}` in {namespace}", reference.name),
            None => format!("ClusterSecretStore `{}`", reference.name),
        };
        problems.push(
            Diagnostic::error(
                &reference.place,
                format!("no {kind} is declared for this cluster"),
            )
            .hint(missing_hint(named().next(), context)),
        );
        return None;
    };
    if let Some(second) = found.next() {
        problems.push(
            Diagnostic::error(
                &second.place,
                format!("the store `{}` is declared a second time", store.name),
            )
            .hint(format!("keep one; the first stands at {}", store.place)),
        );
        return None;
    }
    Some(store)
}

fn missing_hint(near: Option<&Store>, context: &Context<'_>) -> String {
    match near.map(|store| &store.namespace) {
        Some(None) => {
            "there is a ClusterSecretStore of this name: write `kind: ClusterSecretStore`"
                .to_owned()
        }
        Some(Some(namespace)) => format!(
            "there is a SecretStore of this name in {namespace}, and it serves only that namespace"
        ),
        None if !context.complete => {
            "a store with an error in it is not used: see the other messages".to_owned()
        }
        None => {
            "put it into the cluster's folder, or into a group that selects the cluster".to_owned()
        }
    }
}

type Located<T> = Option<(T, Place)>;

pub(super) fn resolve(
    external: &ExternalSecret,
    store: Option<&Store>,
    context: &Context<'_>,
    problems: &mut Diagnostics,
) -> Option<SecretLogin> {
    let (mount, role, account) = match (&external.login, store) {
        (Login::Inline { mount, role }, _) => (mount.clone(), role.clone(), None),
        (Login::Store(_), Some(store)) => (
            Some(store.auth_mount.clone()),
            store.role.clone(),
            store.service_account.clone(),
        ),
        (Login::Store(_), None) => return None,
    };
    let right = is_own_mount(mount, context, problems)
        & is_own_account(account, context, problems)
        & store.is_none_or(|store| is_own_vault(store, context, problems));
    note_role(role.as_ref(), context, problems);
    right.then(|| SecretLogin {
        mount: context.mount.clone(),
        role: role.map_or_else(|| context.role.clone(), |(role, _)| role),
        account: context.account.clone(),
    })
}

fn is_own_mount(
    mount: Located<MountPath>,
    context: &Context<'_>,
    problems: &mut Diagnostics,
) -> bool {
    let Some((mount, place)) = mount.filter(|(mount, _)| mount != context.mount) else {
        return true;
    };
    problems.push(
        Diagnostic::error(
            &place,
            format!(
                "this logs in at `auth/{mount}`, but the cluster's own mount is `auth/{}`",
                context.mount
            ),
        )
        .hint("write the cluster's own mount (in a group: ${cluster.name}), or set `mount:` in cluster.yaml"),
    );
    false
}

fn is_own_account(
    account: Located<ServiceAccountRef>,
    context: &Context<'_>,
    problems: &mut Diagnostics,
) -> bool {
    let Some((account, place)) = account.filter(|(account, _)| account != context.account) else {
        return true;
    };
    problems.push(
        Diagnostic::error(
            &place,
            format!(
                "this logs in as `{account}`, but the cluster's role is bound to `{}`",
                context.account
            ),
        )
        .hint("write the cluster's service account, or set `serviceAccount:` in cluster.yaml"),
    );
    false
}

/// A store may call its Vault by another address than keyfleet does, but not read in another namespace of it.
fn is_own_vault(store: &Store, context: &Context<'_>, problems: &mut Diagnostics) -> bool {
    let Some(vault) = context.vault else {
        return true;
    };
    if let (Some((server, place)), Some(address)) = (&store.server, &vault.address)
        && server.trim_end_matches('/') != address
    {
        problems.push(Diagnostic::note(
            place,
            format!("keyfleet reads from the cluster's Vault, {address}, whatever this says"),
        ));
    }
    let Some((namespace, place)) = &store.vault_namespace else {
        return true;
    };
    let wanted = namespace.trim_end_matches('/');
    if vault.namespace.as_deref() == Some(wanted) {
        return true;
    }
    let own = match &vault.namespace {
        Some(own) => format!("is in `{own}`"),
        None => "names none".to_owned(),
    };
    problems.push(
        Diagnostic::error(
            place,
            format!("this reads in the Vault namespace `{wanted}`, but the cluster's Vault {own}"),
        )
        .hint("give the fleet a Vault with this `namespace:`, and name it in cluster.yaml"),
    );
    false
}

fn note_role(role: Option<&(RoleName, Place)>, context: &Context<'_>, problems: &mut Diagnostics) {
    let Some((role, place)) = role.filter(|(role, _)| role != context.role) else {
        return;
    };
    problems.push(
        Diagnostic::warning(
            place,
            format!(
                "the role `{role}` is not the cluster's own, `{}`",
                context.role
            ),
        )
        .hint("keyfleet logs in with it as it finds it, and does not manage it"),
    );
}
