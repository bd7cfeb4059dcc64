//! The fields that a cluster file and the fleet's defaults share.

use super::{Access, CaSource, Connect, duration};
use crate::declare::OperationSpec;
use crate::declare::policy_file::VAULTS_OWN;
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::names::{
    MountPath, NameError, ObjectName, PolicyName, RoleName, ServiceAccountRef, VaultName,
};
use crate::yaml::{Fields, Node};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a cluster file says; what it leaves out is the fleet's default, then keyfleet's.
#[derive(Debug, Clone, Default)]
pub struct ClusterSpec {
    pub vault: Option<(VaultName, Place)>,
    /// What Vault calls to review tokens.
    pub server: Option<(String, Place)>,
    pub certificate_authority: Option<CaSource>,
    pub connect: Option<(Connect, Place)>,
    /// The UID of the cluster's `kube-system` namespace: nothing is written to any other cluster.
    pub identity: Option<(String, Place)>,
    pub service_account: Option<ServiceAccountRef>,
    pub reviewer: Option<(Reviewer, Place)>,
    pub access: Option<(Access, Place)>,
    /// Whether what someone else made may be changed and deleted.
    pub adopt: Option<bool>,
    pub mount: Option<(MountPath, Place)>,
    pub role: Option<(RoleName, Place)>,
    pub policy: Option<(PolicyName, Place)>,
    /// Further policies of the role, such as the ones below `policies/`; without this, `default`.
    pub policies: Option<Vec<(PolicyName, Place)>>,
    pub ttl: Option<(Duration, Place)>,
    pub max_ttl: Option<(Duration, Place)>,
    pub audience: Option<(String, Place)>,
    pub binding: Option<(ObjectName, Place)>,
    pub operation: OperationSpec,
    /// Where each field is written.
    pub said: BTreeMap<String, Place>,
}

/// Which credential Vault reviews logins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reviewer {
    /// The login's own token.
    Client,
    /// A token that someone stored; its config is compared and never rewritten, since a rewrite would erase it.
    Existing,
}

/// What no two clusters share: as a default it would make one cluster of many, or give many one mount or policy.
const NEVER_DEFAULT: [&str; 5] = ["server", "connect", "identity", "mount", "policy"];

impl ClusterSpec {
    /// Reads the fleet's `defaults`.
    pub(in crate::declare) fn read_defaults(
        node: &Node,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        let own = node
            .entries()
            .iter()
            .filter(|entry| NEVER_DEFAULT.contains(&entry.key.as_str()));
        for entry in own {
            problems.push(
                Diagnostic::error(
                    &entry.place,
                    format!(
                        "`{}` cannot be a default: every cluster has its own",
                        entry.key
                    ),
                )
                .hint("set it in each cluster.yaml"),
            );
        }
        Self::read(node, "defaults", problems)
    }

    pub(super) fn read(
        node: &Node,
        what: &'static str,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        let mut fields = Fields::of(node, what, problems)?;
        let it = &mut fields;
        let spec = Self {
            server: located(it, "server", problems, server),
            certificate_authority: it
                .optional("certificateAuthority")
                .and_then(|node| CaSource::read(node, problems)),
            connect: located(it, "connect", problems, Connect::read),
            identity: text(it, "identity", problems),
            vault: named(it, "vault", VaultName::parse, problems),
            service_account: it.parsed("serviceAccount", ServiceAccountRef::parse, problems),
            reviewer: located(it, "reviewer", problems, Reviewer::read),
            access: located(it, "access", problems, Access::read),
            adopt: it.boolean("adopt", problems),
            mount: named(it, "mount", MountPath::parse, problems),
            role: named(it, "role", RoleName::parse, problems),
            policy: own_policy(it, problems),
            policies: further_policies(it, problems),
            ttl: located(it, "ttl", problems, duration::reader("ttl")),
            max_ttl: located(it, "maxTtl", problems, duration::reader("maxTtl")),
            audience: text(it, "audience", problems),
            binding: named(it, "binding", ObjectName::parse, problems),
            operation: OperationSpec::read(it, problems),
            said: places(node),
        };
        check_delivery(&mut fields, problems);
        fields.unsupported(&["auth"], problems);
        fields.finish(problems);
        Some(spec)
    }

    /// Takes from `defaults` what is not said here.
    pub(super) fn fill(&mut self, defaults: &Self) {
        // No `..`: a new field has to say whether the fleet may give its default.
        let Self {
            vault,
            server: _,
            certificate_authority,
            connect: _,
            identity: _,
            service_account,
            reviewer,
            access,
            adopt,
            mount: _,
            role,
            policy: _,
            policies,
            ttl,
            max_ttl,
            audience,
            binding,
            operation,
            said,
        } = defaults.clone();
        self.vault = self.vault.take().or(vault);
        self.certificate_authority = self.certificate_authority.take().or(certificate_authority);
        self.service_account = self.service_account.take().or(service_account);
        self.reviewer = self.reviewer.take().or(reviewer);
        self.access = self.access.take().or(access);
        self.adopt = self.adopt.take().or(adopt);
        self.role = self.role.take().or(role);
        self.policies = self.policies.take().or(policies);
        self.ttl = self.ttl.take().or(ttl);
        self.max_ttl = self.max_ttl.take().or(max_ttl);
        self.audience = self.audience.take().or(audience);
        self.binding = self.binding.take().or(binding);
        self.operation.fill(operation);
        for (field, place) in said {
            self.said.entry(field).or_insert(place);
        }
    }
}

fn places(spec: &Node) -> BTreeMap<String, Place> {
    let fields = spec.entries().iter();
    fields
        .map(|field| (field.key.clone(), field.value.place.clone()))
        .collect()
}

/// Takes a field together with the place of its value.
fn located<T>(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Diagnostics,
    read: impl Fn(&Node, &mut Diagnostics) -> Option<T>,
) -> Option<(T, Place)> {
    let node = fields.optional(key)?;
    Some((read(node, problems)?, node.place.clone()))
}

fn named<T>(
    fields: &mut Fields<'_>,
    key: &'static str,
    parse: impl Fn(&str) -> Result<T, NameError>,
    problems: &mut Diagnostics,
) -> Option<(T, Place)> {
    located(fields, key, problems, |node, problems| {
        node.parsed(key, &parse, problems)
    })
}

fn text(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Diagnostics,
) -> Option<(String, Place)> {
    located(fields, key, problems, |node, problems| {
        node.text(&format!("`{key}`"), problems).map(str::to_owned)
    })
}

fn server(node: &Node, problems: &mut Diagnostics) -> Option<String> {
    let server = node.text("`server`", problems)?;
    Some(server.trim_end_matches('/').to_owned())
}

fn own_policy(fields: &mut Fields<'_>, problems: &mut Diagnostics) -> Option<(PolicyName, Place)> {
    let (name, place) = named(fields, "policy", PolicyName::parse, problems)?;
    if VAULTS_OWN.contains(&name.as_str()) {
        problems.push(
            Diagnostic::error(
                &place,
                format!("the policy `{name}` is Vault's own, and no cluster's"),
            )
            .hint("leave `policy` out for CLUSTER-kv-rw, or give it a name of its own"),
        );
        return None;
    }
    Some((name, place))
}

fn further_policies(
    fields: &mut Fields<'_>,
    problems: &mut Diagnostics,
) -> Option<Vec<(PolicyName, Place)>> {
    let is_given = fields.optional("policies").is_some();
    let mut policies = Vec::new();
    for item in fields.list("policies", problems) {
        let Some(name) = item.parsed("policies", PolicyName::parse, problems) else {
            continue;
        };
        if name.as_str() == "root" {
            problems.push(
                Diagnostic::error(&item.place, "no role can give the policy `root`")
                    .hint("Vault refuses it at every login; name what the cluster needs"),
            );
        }
        policies.push((name, item.place.clone()));
    }
    is_given.then_some(policies)
}

fn check_delivery(fields: &mut Fields<'_>, problems: &mut Diagnostics) {
    if let Some(node) = fields
        .optional("delivery")
        .filter(|node| node.scalar() != Some("push"))
    {
        problems.push(
            Diagnostic::error(
                &node.place,
                "any `delivery` other than `push` is not supported yet",
            )
            .hint("remove it, or write `delivery: push`"),
        );
    }
}

impl Reviewer {
    fn read(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let wrong = match node.text("`reviewer`", problems)? {
            "client" => return Some(Self::Client),
            "existing" => return Some(Self::Existing),
            "managed" => "`reviewer: managed` is not supported yet".to_owned(),
            other => format!("`{other}` is not a reviewer mode"),
        };
        problems.push(Diagnostic::error(&node.place, wrong).hint(
            "write `client` (a login reviews itself) or `existing` (a stored token that stays)",
        ));
        None
    }
}
