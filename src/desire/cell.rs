//! One cluster put together from its declarations, each name at its default where the file says none.

use super::{
    AuthConfig, Cell, Connection, DesiredPolicy, DesiredSecret, Operation, Role, kv_path, policy,
    rules, secret,
};
use crate::declare::{
    CaSource, Cluster, ClusterSpec, Connect, Declarations, Declared, KvMount, Subject,
    certificate_pem,
};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::names::{MountPath, ObjectName, PolicyName, RoleName, ServiceAccountRef};
use std::time::Duration;

const DEFAULT_TTL: Duration = Duration::from_secs(24 * 3600);

/// What a cluster's objects are called, where its file does not say otherwise.
struct Names {
    mount: MountPath,
    policy: (PolicyName, Place),
    role: (RoleName, Place),
    account: ServiceAccountRef,
    binding: ObjectName,
}

impl Names {
    /// The defaults are those of the well-known hand procedure.
    fn of(cluster: &Cluster) -> Option<Self> {
        let (name, spec, place) = (&cluster.name, &cluster.spec, &cluster.place);
        let account = "external-secrets/kubernetes-external-secrets";
        let binding = "role-tokenreview-binding".to_owned();
        Some(Self {
            mount: given(spec.mount.as_ref(), name.as_str(), place, MountPath::parse)?.0,
            policy: given(
                spec.policy.as_ref(),
                &format!("{name}-kv-rw"),
                place,
                PolicyName::parse,
            )?,
            role: given(
                spec.role.as_ref(),
                &format!("{name}-role"),
                place,
                RoleName::parse,
            )?,
            account: spec
                .service_account
                .clone()
                .or_else(|| ServiceAccountRef::parse(account).ok())?,
            binding: given(spec.binding.as_ref(), &binding, place, ObjectName::parse)?.0,
        })
    }
}

/// What a file says, or the default at the place of the cluster itself.
fn given<T: Clone, E>(
    said: Option<&(T, Place)>,
    default: &str,
    place: &Place,
    parse: fn(&str) -> Result<T, E>,
) -> Option<(T, Place)> {
    said.cloned()
        .or_else(|| Some((parse(default).ok()?, place.clone())))
}

/// Puts one cluster together; `None` where something that all of it hangs on is missing or wrong.
pub(super) fn resolve(
    declared: &Declared,
    declarations: &Declarations,
    problems: &mut Diagnostics,
) -> Option<Cell> {
    let (cluster, spec) = (&declared.cluster, &declared.cluster.spec);
    let (server, server_place) = spec.server.clone()?;
    // Each is looked at before any ends the cell, so that one run shows every problem.
    let ca_pem = spec
        .certificate_authority
        .as_ref()
        .and_then(|source| certificate_authority(source, declared, problems));
    let Names {
        mount,
        policy,
        role,
        account,
        binding,
    } = Names::of(cluster)?;
    let vault = spec
        .vault
        .as_ref()
        .map_or(&declarations.fleet.default_vault, |(vault, _)| vault)
        .clone();
    let in_vault = declarations.fleet.vaults.get(&vault);
    let mounts = in_vault.map_or(&[][..], |vault| &vault.kv_mounts);
    let stores: Vec<_> = declared.stores().collect();
    let context = secret::Context {
        mount: &mount,
        role: &role.0,
        account: &account,
        vault: in_vault,
        kv_mounts: mounts,
        stores: &stores,
        complete: declared.complete,
    };
    let connect = spec
        .connect
        .as_ref()
        .and_then(|(connect, _)| connection(connect, mounts, problems));
    let (secrets, understood) = secret::resolve(declared.secrets(), &context, problems);
    let subject = Subject {
        cluster: &cluster.name,
        labels: &cluster.labels,
        role: &role.0,
    };
    let (secrets, permitted) = rules::permitted(secrets, &declarations.rules, subject, problems);
    policy::check_further(
        spec.policies.as_deref().unwrap_or_default(),
        declarations,
        problems,
    );
    let policy = desired_policy(spec, policy, &role.0, &secrets, problems)?;
    Some(Cell {
        cluster: cluster.name.clone(),
        place: cluster.place.clone(),
        labels: cluster.labels.clone(),
        said: spec.said.clone(),
        vault,
        complete: declared.complete && understood && permitted,
        adopt: spec.adopt.unwrap_or(false),
        operation: Operation::of_cluster(&declarations.fleet.operation, &spec.operation),
        identity: spec.identity.as_ref().map(|(uid, _)| uid.clone()),
        connect: connect?,
        mount,
        config: AuthConfig {
            place: server_place,
            host: server,
            ca_pem: ca_pem?,
            reviewer: spec.reviewer.as_ref().map(|(reviewer, _)| *reviewer),
        },
        role: desired_role(spec, role, account.clone(), &policy.name),
        policy,
        service_account: account,
        binding,
        secrets,
    })
}

/// Where it says what it grants, that is its place.
fn desired_policy(
    spec: &ClusterSpec,
    (name, place): (PolicyName, Place),
    role: &RoleName,
    secrets: &[DesiredSecret],
    problems: &mut Diagnostics,
) -> Option<DesiredPolicy> {
    let (access, place) = match &spec.access {
        Some((access, place)) => (Some(access), place.clone()),
        None => (None, place),
    };
    policy::resolve(name, access, role, secrets, place, problems)
}

fn desired_role(
    spec: &ClusterSpec,
    (name, place): (RoleName, Place),
    account: ServiceAccountRef,
    policy: &PolicyName,
) -> Role {
    let further: Vec<PolicyName> = match &spec.policies {
        Some(policies) => policies.iter().map(|(name, _)| name.clone()).collect(),
        None => PolicyName::parse("default").into_iter().collect(),
    };
    // Who may log in, and with what token, is always meant: nothing works where that differs.
    let said = [
        ("bound_service_account_names", true),
        ("bound_service_account_namespaces", true),
        ("audience", true),
        ("token_policies", spec.policies.is_some()),
        ("token_ttl", spec.ttl.is_some()),
        ("token_max_ttl", spec.max_ttl.is_some()),
    ];
    let (ttl, place) = spec.ttl.clone().unwrap_or((DEFAULT_TTL, place));
    Role {
        place,
        name,
        account,
        policies: further.into_iter().chain([policy.clone()]).collect(),
        ttl,
        max_ttl: spec
            .max_ttl
            .as_ref()
            .map_or(Duration::ZERO, |(max_ttl, _)| *max_ttl),
        audience: spec
            .audience
            .as_ref()
            .map_or_else(String::new, |(audience, _)| audience.clone()),
        said: said
            .into_iter()
            .filter_map(|(field, said)| said.then_some(field))
            .collect(),
    }
}

fn connection(
    connect: &Connect,
    mounts: &[KvMount],
    problems: &mut Diagnostics,
) -> Option<Connection> {
    match connect {
        Connect::KubeconfigContext(context) => Some(Connection::KubeconfigContext(context.clone())),
        Connect::InCluster => Some(Connection::InCluster),
        Connect::Vault {
            path,
            property,
            holds,
            place,
        } => match kv_path::own(path, mounts) {
            Ok(reference) => Some(Connection::Vault {
                reference,
                property: property.clone(),
                holds: *holds,
            }),
            Err((wrong, hint)) => {
                problems.push(Diagnostic::error(place, wrong).hint(hint));
                None
            }
        },
    }
}

/// The text of a cluster's CA, inline or from a file beside its declaration.
fn certificate_authority(
    source: &CaSource,
    declared: &Declared,
    problems: &mut Diagnostics,
) -> Option<String> {
    let (path, place) = match source {
        CaSource::Inline { pem, .. } => return Some(pem.clone()),
        CaSource::File { path, place } => (path, place),
    };
    let (wrong, hint) = match declared.file(path) {
        Some(Ok(text)) => {
            let file = Place::file(&format!("clusters/{}/{path}", declared.cluster.name));
            return certificate_pem(text, &file, problems);
        }
        Some(Err(why)) => {
            let (what, hint) = why.split_once("; ").unwrap_or((why, "replace the file"));
            (format!("the file {path:?} {what}"), hint)
        }
        None => (
            format!("there is no file {path:?} beside cluster.yaml"),
            "name a .crt or .pem file of this cluster's folder",
        ),
    };
    problems.push(Diagnostic::error(place, wrong).hint(hint));
    None
}
