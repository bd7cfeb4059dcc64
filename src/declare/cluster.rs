//! `cluster.yaml`, kind Cluster: the onboarding spec of one cluster. Its fields are also the fleet's defaults.

use super::Fleet;
use super::document::{OWN_API, kind_of, text_map};
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::names::{
    ClusterName, KvPath, MountPath, NameError, ObjectName, PolicyName, RoleName, ServiceAccountRef,
    VaultName,
};
use crate::yaml::{Content, Fields, Node};
use std::collections::BTreeMap;
use std::time::Duration;

/// A cluster of the fleet.
#[derive(Debug, Clone)]
pub struct Cluster {
    pub place: Place,
    pub name: ClusterName,
    pub labels: BTreeMap<String, String>,
    /// With the fleet's defaults filled in.
    pub spec: ClusterSpec,
}

/// What a cluster file says; what it leaves out is the fleet's default, then keyfleet's.
#[derive(Debug, Clone, Default)]
pub struct ClusterSpec {
    pub vault: Option<(VaultName, Place)>,
    /// What Vault calls to review tokens.
    pub server: Option<(String, Place)>,
    pub certificate_authority: Option<CaSource>,
    pub connect: Option<Connect>,
    /// The UID of the cluster's `kube-system` namespace: nothing is written to any other cluster.
    pub identity: Option<String>,
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
}

/// A certificate authority, inline or in a file beside the declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaSource {
    Inline { pem: String, place: Place },
    File { path: String, place: Place },
}

/// How keyfleet itself gets into a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connect {
    /// A context of the operator's own kubeconfig.
    KubeconfigContext(String),
    /// A kubeconfig or a token kept in Vault: API path and property.
    Vault {
        path: String,
        property: String,
        holds: Credential,
        place: Place,
    },
    /// The service account that keyfleet itself runs as.
    InCluster,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    Kubeconfig,
    Token,
}

/// Which credential Vault reviews logins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reviewer {
    /// The login's own token.
    Client,
    /// A token that someone stored; its config is compared and never rewritten, since a rewrite would erase it.
    Existing,
}

/// What the cluster's policy grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Read on exactly the paths that its declarations use.
    Derived,
    Grants(Vec<Grant>),
}

/// A path of a policy with what may be done there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub path: String,
    pub capabilities: Vec<String>,
    pub place: Place,
}

impl Cluster {
    pub(super) fn read(
        node: &Node,
        folder: &str,
        fleet: &Fleet,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        let (api, kind) = kind_of(node, problems)?;
        if (api, kind) != (OWN_API, "Cluster") {
            problems.push(Diagnostic::error(&node.place, format!("cluster.yaml must begin with `kind: Cluster` of `{OWN_API}`, but holds `{kind}` of `{api}`")));
            return None;
        }
        let before = problems.count(crate::diagnostics::Severity::Error);
        let mut top = Fields::of(node, "a Cluster", problems)?;
        top.optional("apiVersion");
        top.optional("kind");
        let metadata = top.required("metadata", problems);
        let spec = top.required("spec", problems);
        top.finish(problems);
        let mut metadata = Fields::of(metadata?, "metadata", problems)?;
        let name = metadata
            .required("name", problems)
            .and_then(|name| name.parsed("name", ClusterName::parse, problems));
        let labels = text_map(&mut metadata, "labels", problems);
        let place = metadata.place_of("name");
        metadata.finish(problems);
        let name = name?;
        if name.as_str() != folder {
            problems.push(
                Diagnostic::error(
                    &place,
                    format!("cluster `{name}` lies in the folder clusters/{folder}"),
                )
                .hint("give both the same name"),
            );
        }
        let mut spec = ClusterSpec::read(spec?, "spec", problems)?;
        spec.fill(&fleet.defaults);
        if let Some((vault, place)) = spec
            .vault
            .as_ref()
            .filter(|(vault, _)| !fleet.vaults.contains_key(vault))
        {
            problems.error(place, format!("no Vault is called `{vault}` in this fleet"));
        }
        let cluster = Self {
            place,
            name,
            labels,
            spec,
        };
        cluster.check(problems);
        (problems.count(crate::diagnostics::Severity::Error) == before).then_some(cluster)
    }

    fn check(&self, problems: &mut Diagnostics) {
        match &self.spec.server {
            None => problems.push(
                Diagnostic::error(&self.place, "this cluster names no `server`")
                    .hint("add `server: https://…`, what Vault calls to review tokens"),
            ),
            Some((server, place)) => check_server(server, place, problems),
        }
        if self.spec.connect.is_none() {
            problems.push(
                Diagnostic::error(
                    &self.place,
                    "this cluster does not say how keyfleet gets in",
                )
                .hint("add `connect: {kubeconfig: {context: …}}`"),
            );
        }
        if self.spec.certificate_authority.is_none() {
            problems.push(Diagnostic::error(&self.place, "this cluster names no `certificateAuthority`").hint("add `certificateAuthority: {file: ca.crt}` with the file beside cluster.yaml"));
        }
    }
}

/// Vault sends tokens here: only https, and never an address that hands out a machine's own credentials.
fn check_server(server: &str, place: &Place, problems: &mut Diagnostics) {
    let wrong = match http::Uri::try_from(server) {
        Err(_) => Some("is not a URL"),
        Ok(url) if url.scheme_str() != Some("https") => Some("must be https"),
        Ok(url)
            if url
                .authority()
                .is_some_and(|authority| authority.as_str().contains('@')) =>
        {
            Some("must not hold credentials")
        }
        Ok(url)
            if url.query().is_some()
                || !matches!(url.path(), "" | "/") && url.path().contains("..") =>
        {
            Some("must be a plain address")
        }
        Ok(url) if url.host().is_some_and(is_link_local) => {
            Some("is a link-local address, where machines keep their credentials")
        }
        Ok(_) => None,
    };
    if let Some(wrong) = wrong {
        problems.push(
            Diagnostic::error(place, format!("the server of a cluster {wrong}"))
                .hint("for example https://prod-eu.k8s.example:6443"),
        );
    }
}

fn is_link_local(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(address)) => address.is_link_local(),
        Ok(std::net::IpAddr::V6(address)) => {
            address.segments()[0] & 0xffc0 == 0xfe80
                || address == std::net::Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)
        }
        Err(_) => false,
    }
}

impl ClusterSpec {
    /// Reads the fields that a cluster and the fleet's defaults share.
    pub(super) fn read(
        node: &Node,
        what: &'static str,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        let mut fields = Fields::of(node, what, problems)?;
        let server_place = place_of_value(&mut fields, "server");
        let reviewer = fields.optional("reviewer");
        let access = fields.optional("access");
        let ttl = fields.optional("ttl");
        let max_ttl = fields.optional("maxTtl");
        let policies = fields.optional("policies").map(|_| ());
        let policy_list = fields.list("policies", problems);
        let spec = Self {
            vault: located(&mut fields, "vault", VaultName::parse, problems),
            server: fields
                .text("server", problems)
                .map(|server| (server.trim_end_matches('/').to_owned(), server_place)),
            certificate_authority: fields
                .optional("certificateAuthority")
                .and_then(|node| CaSource::read(node, problems)),
            connect: fields
                .optional("connect")
                .and_then(|node| Connect::read(node, problems)),
            identity: fields.text("identity", problems).map(str::to_owned),
            service_account: fields.parsed("serviceAccount", ServiceAccountRef::parse, problems),
            reviewer: reviewer
                .and_then(|node| Some((Reviewer::read(node, problems)?, node.place.clone()))),
            access: access
                .and_then(|node| Some((Access::read(node, problems)?, node.place.clone()))),
            adopt: fields.boolean("adopt", problems),
            mount: located(&mut fields, "mount", MountPath::parse, problems),
            role: located(&mut fields, "role", RoleName::parse, problems),
            policy: located(&mut fields, "policy", PolicyName::parse, problems),
            policies: policies.map(|()| {
                policy_list
                    .iter()
                    .filter_map(|item| {
                        Some((
                            item.parsed("policies", PolicyName::parse, problems)?,
                            item.place.clone(),
                        ))
                    })
                    .collect()
            }),
            ttl: ttl.and_then(|node| Some((duration(node, problems)?, node.place.clone()))),
            max_ttl: max_ttl.and_then(|node| Some((duration(node, problems)?, node.place.clone()))),
            audience: fields.optional("audience").and_then(|node| {
                Some((
                    node.text("`audience`", problems)?.to_owned(),
                    node.place.clone(),
                ))
            }),
            binding: located(&mut fields, "binding", ObjectName::parse, problems),
        };
        if let Some(node) = fields
            .optional("delivery")
            .filter(|node| node.scalar() != Some("push"))
        {
            problems.push(Diagnostic::error(
                &node.place,
                "any delivery other than `push` is not supported yet",
            ));
        }
        fields.unsupported(&["suspend", "mode", "auth"], problems);
        fields.finish(problems);
        Some(spec)
    }

    /// Takes from `defaults` what is not said here.
    fn fill(&mut self, defaults: &Self) {
        // No `..`: a new field has to say whether the fleet may give its default.
        let Self {
            vault,
            server,
            certificate_authority,
            connect,
            identity,
            service_account,
            reviewer,
            access,
            adopt,
            mount,
            role,
            policy,
            policies,
            ttl,
            max_ttl,
            audience,
            binding,
        } = defaults.clone();
        self.vault = self.vault.take().or(vault);
        self.server = self.server.take().or(server);
        self.certificate_authority = self.certificate_authority.take().or(certificate_authority);
        self.connect = self.connect.take().or(connect);
        self.identity = self.identity.take().or(identity);
        self.service_account = self.service_account.take().or(service_account);
        self.reviewer = self.reviewer.take().or(reviewer);
        self.access = self.access.take().or(access);
        self.adopt = self.adopt.take().or(adopt);
        self.mount = self.mount.take().or(mount);
        self.role = self.role.take().or(role);
        self.policy = self.policy.take().or(policy);
        self.policies = self.policies.take().or(policies);
        self.ttl = self.ttl.take().or(ttl);
        self.max_ttl = self.max_ttl.take().or(max_ttl);
        self.audience = self.audience.take().or(audience);
        self.binding = self.binding.take().or(binding);
    }
}

fn place_of_value(fields: &mut Fields<'_>, key: &'static str) -> Place {
    fields
        .optional(key)
        .map_or_else(|| fields.place.clone(), |node| node.place.clone())
}

fn located<T>(
    fields: &mut Fields<'_>,
    key: &'static str,
    parse: impl Fn(&str) -> Result<T, NameError>,
    problems: &mut Diagnostics,
) -> Option<(T, Place)> {
    let node = fields.optional(key)?;
    Some((node.parsed(key, parse, problems)?, node.place.clone()))
}

/// `24h`, `90m`, `1h30m`, or seconds, as Vault writes durations.
fn duration(node: &Node, problems: &mut Diagnostics) -> Option<Duration> {
    let text = node.text("a duration", problems)?;
    let parsed = parse_duration(text);
    if parsed.is_none() {
        problems.push(
            Diagnostic::error(&node.place, format!("{text:?} is not a duration"))
                .hint("write 24h, 90m, 1h30m, or a number of seconds"),
        );
    }
    parsed
}

/// Parses a duration in Vault's notation.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let mut total = 0_u64;
    let mut digits = String::new();
    for character in text.chars() {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        let unit = match character {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86400,
            _ => return None,
        };
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(unit)?)?;
        digits.clear();
    }
    (digits.is_empty() && !text.is_empty()).then_some(Duration::from_secs(total))
}

impl CaSource {
    pub(super) fn read(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        if let Some(pem) = node.scalar() {
            return Some(Self::Inline {
                pem: pem.to_owned(),
                place: node.place.clone(),
            });
        }
        let mut fields = Fields::of(node, "certificateAuthority", problems)?;
        let place = node.place.clone();
        let file = fields.optional("file");
        let pem = fields.optional("pem");
        fields.finish(problems);
        match (file, pem) {
            (Some(file), None) => Some(Self::File {
                path: file.text("`file`", problems)?.to_owned(),
                place: file.place.clone(),
            }),
            (None, Some(pem)) => Some(Self::Inline {
                pem: pem.text("`pem`", problems)?.to_owned(),
                place: pem.place.clone(),
            }),
            _ => {
                problems.error(
                    &place,
                    "`certificateAuthority` needs either `file` or `pem`",
                );
                None
            }
        }
    }
}

impl Connect {
    fn read(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::of(node, "connect", problems)?;
        let kubeconfig = fields.optional("kubeconfig");
        let vault = fields.optional("vault");
        let in_cluster = fields.place_of("inCluster");
        let has_in_cluster = {
            fields.optional("inCluster");
            node.get("inCluster").is_some()
        };
        fields.unsupported(&["file"], problems);
        fields.finish(problems);
        match (kubeconfig, vault, has_in_cluster) {
            (Some(kubeconfig), None, false) => {
                let mut fields = Fields::of(kubeconfig, "kubeconfig", problems)?;
                let context = fields
                    .required("context", problems)
                    .and_then(|node| node.text("`context`", problems))
                    .map(str::to_owned);
                fields.finish(problems);
                Some(Self::KubeconfigContext(context?))
            }
            (None, Some(vault), false) => Self::read_vault(vault, problems),
            (None, None, true) => Some(Self::InCluster),
            _ => {
                problems.error(
                    &in_cluster,
                    "`connect` needs exactly one of kubeconfig, vault and inCluster",
                );
                None
            }
        }
    }

    fn read_vault(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::of(node, "connect.vault", problems)?;
        let path = fields
            .required("path", problems)
            .and_then(|path| path.parsed("path", KvPath::parse, problems));
        let kubeconfig = fields
            .text("kubeconfig", problems)
            .map(|property| (property.to_owned(), Credential::Kubeconfig));
        let token = fields
            .text("token", problems)
            .map(|property| (property.to_owned(), Credential::Token));
        fields.finish(problems);
        let ((Some((property, holds)), None) | (None, Some((property, holds)))) =
            (kubeconfig, token)
        else {
            problems.push(Diagnostic::error(
                &node.place,
                "`connect.vault` needs the property that holds either a `kubeconfig` or a `token`",
            ));
            return None;
        };
        Some(Self::Vault {
            path: path?.to_string(),
            property,
            holds,
            place: node.place.clone(),
        })
    }
}

impl Reviewer {
    fn read(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        match node.text("`reviewer`", problems)? {
            "client" => Some(Self::Client),
            "existing" => Some(Self::Existing),
            "managed" => {
                problems.push(
                    Diagnostic::error(&node.place, "`reviewer: managed` is not supported yet")
                        .hint("use client or existing"),
                );
                None
            }
            other => {
                problems.push(
                    Diagnostic::error(&node.place, format!("`{other}` is not a reviewer mode"))
                        .hint("use client or existing"),
                );
                None
            }
        }
    }
}

impl Access {
    fn read(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        if node.scalar() == Some("derived") {
            return Some(Self::Derived);
        }
        let Content::List(items) = &node.content else {
            problems.push(Diagnostic::error(
                &node.place,
                "`access` must be `derived` or a list of {path, capabilities}",
            ));
            return None;
        };
        items
            .iter()
            .map(|item| Grant::read(item, problems))
            .collect::<Option<Vec<_>>>()
            .map(Self::Grants)
    }
}

impl Grant {
    fn read(node: &Node, problems: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::of(node, "an entry of `access`", problems)?;
        let path = fields.required("path", problems).and_then(|node| {
            Some((
                node.text("`path`", problems)?.to_owned(),
                node.place.clone(),
            ))
        });
        let capabilities = fields.list("capabilities", problems);
        let capabilities: Vec<String> = capabilities
            .iter()
            .filter_map(|item| item.text("a capability", problems).map(str::to_owned))
            .collect();
        let place = fields.place.clone();
        fields.finish(problems);
        let (path, path_place) = path?;
        check_grant(&path, &path_place, &capabilities, &place, problems).then_some(Self {
            path,
            capabilities,
            place: path_place,
        })
    }
}

const CAPABILITIES: [&str; 8] = [
    "create", "read", "update", "patch", "delete", "list", "sudo", "deny",
];

fn check_grant(
    path: &str,
    path_place: &Place,
    capabilities: &[String],
    place: &Place,
    problems: &mut Diagnostics,
) -> bool {
    let mut right = true;
    let mut wrong = |place: &Place, message: String| {
        problems.error(place, message);
        right = false;
    };
    if path.is_empty()
        || path.starts_with('/')
        || path
            .chars()
            .any(|character| character.is_control() || "\"\\{}".contains(character))
    {
        wrong(path_place, "a granted path is written as in a policy, without a leading `/`, quotes, braces or control characters".to_owned());
    }
    if capabilities.is_empty() {
        wrong(place, "this grant names no capabilities".to_owned());
    }
    for capability in capabilities
        .iter()
        .filter(|capability| !CAPABILITIES.contains(&capability.as_str()))
    {
        wrong(
            place,
            format!(
                "`{capability}` is not a capability: {}",
                CAPABILITIES.join(", ")
            ),
        );
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_vault_reads_them() {
        for (text, seconds) in [
            ("24h", 86_400),
            ("86400", 86_400),
            ("1h30m", 5_400),
            ("90s", 90),
            ("2d", 172_800),
        ] {
            assert_eq!(
                parse_duration(text),
                Some(Duration::from_secs(seconds)),
                "{text}"
            );
        }
        for text in ["", "h", "1y", "-1h", "1h30"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn a_server_that_could_leak_a_token_is_refused() {
        for server in [
            "http://a",
            "https://169.254.169.254/",
            "https://user@a",
            "https://[fe80::1]:6443",
            "https://[fd00:ec2::254]",
        ] {
            let mut problems = Diagnostics::default();
            check_server(server, &Place::file("a"), &mut problems);
            assert!(problems.has_errors(), "{server}");
        }
        let mut problems = Diagnostics::default();
        check_server("https://127.0.0.1:6443", &Place::file("a"), &mut problems);
        assert!(problems.is_empty());
    }
}
