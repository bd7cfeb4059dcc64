//! Rules and references that are generated, their YAML, and what is to be expected of them.

use keyfleet::declare;
use keyfleet::diagnostics::Sources;
use keyfleet::pipeline::{self, Repository, Wanted};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::collections::BTreeSet;
use std::fmt::Write;

pub(crate) const NAMESPACES: [&str; 3] = ["shop", "shop-eu", "bank"];
const PATHS: [&str; 8] = [
    "prod/db",
    "nonprod/db",
    "production/db",
    "prod",
    "shop/db",
    "shop-eu/db",
    "a/x/public",
    "b/x/y",
];
const NAMESPACE_PATTERNS: [&str; 5] = ["shop", "bank", "shop-*", "*", "${cluster.labels.team}"];
const PATH_PATTERNS: [&str; 11] = [
    "*",
    "kv/data/prod/*",
    "kv/data/prod*",
    "kv/data/prod",
    "kv/data/${namespace}/*",
    "kv/data/${namespace}*",
    "kv/data/${cluster.name}/+/public",
    "kv/data/${cluster.labels.team}/db",
    "kv/data/+/db",
    "kv/+/shop/db",
    "kv/data/${cluster.labels.none}/*",
];
const ROLE_PATTERNS: [&str; 4] = ["${cluster.role}", "reader", "read*", "${cluster.name}-*"];

/// How a path may be written.
pub(crate) const WAYS: [Way; 8] = [
    Way::KesData,
    Way::KesDataFrom,
    Way::KesAsV1,
    Way::EsoData,
    Way::EsoDataWithMount,
    Way::EsoExtract,
    Way::EsoWithoutPath,
    Way::EsoAsV1,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    KesData,
    KesDataFrom,
    KesAsV1,
    EsoData,
    EsoDataWithMount,
    EsoExtract,
    EsoWithoutPath,
    EsoAsV1,
}

/// Something that a declaration reads, whatever way it is written.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    pub(crate) cluster: &'static str,
    pub(crate) namespace: &'static str,
    pub(crate) path: &'static str,
    /// `None` where nothing is written.
    pub(crate) role: Option<&'static str>,
}

#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) env: Option<&'static str>,
    pub(crate) namespaces: Vec<&'static str>,
    pub(crate) paths: Vec<&'static str>,
    pub(crate) roles: Option<Vec<&'static str>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) all: Vec<Rule>,
    pub(crate) unmatched: &'static str,
}

fn some(of: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(of, 1..=of.len().min(3))
}

pub(crate) fn rule() -> impl Strategy<Value = Rule> {
    let env = select(vec![None, Some("prod"), Some("dev")]);
    let roles = prop::option::of(some(&ROLE_PATTERNS));
    (env, some(&NAMESPACE_PATTERNS), some(&PATH_PATTERNS), roles).prop_map(
        |(env, namespaces, paths, roles)| Rule {
            env,
            namespaces,
            paths,
            roles,
        },
    )
}

pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    let unmatched = select(vec!["allow", "deny"]);
    (prop::collection::vec(rule(), 0..5), unmatched)
        .prop_map(|(all, unmatched)| Rules { all, unmatched })
}

/// Every reference that there can be.
pub(crate) fn references() -> Vec<Reference> {
    let mut all = Vec::new();
    for cluster in ["a", "b"] {
        for namespace in NAMESPACES {
            for path in PATHS {
                for role in [None, Some("reader"), Some("admin")] {
                    all.push(Reference {
                        cluster,
                        namespace,
                        path,
                        role,
                    });
                }
            }
        }
    }
    all
}

impl Rule {
    pub(crate) fn yaml(&self, name: &str) -> String {
        let list = |items: &[&str]| {
            let items: Vec<_> = items.iter().map(|item| format!("{item:?}")).collect();
            format!("[{}]", items.join(", "))
        };
        let mut text = format!(
            "---\napiVersion: keyfleet.dev/v1alpha1\nkind: Rule\nmetadata: {{name: {name}}}\nspec:\n"
        );
        if let Some(env) = self.env {
            writeln!(text, "  clusterSelector: {{matchLabels: {{env: {env}}}}}").unwrap();
        }
        writeln!(text, "  namespaces: {}", list(&self.namespaces)).unwrap();
        writeln!(text, "  paths: {}", list(&self.paths)).unwrap();
        if let Some(roles) = &self.roles {
            writeln!(text, "  roles: {}", list(roles)).unwrap();
        }
        text
    }

    fn is_for(&self, reference: &Reference) -> bool {
        let env = if reference.cluster == "a" {
            "prod"
        } else {
            "dev"
        };
        self.env.is_none_or(|wanted| wanted == env)
            && self.any(&self.namespaces, reference.namespace, reference)
    }

    fn allows(&self, reference: &Reference) -> bool {
        let own = format!("{}-role", reference.cluster);
        let role = reference.role.unwrap_or(&own);
        let roles = self.roles.as_deref().unwrap_or(&["${cluster.role}"]);
        let path = format!("kv/data/{}", reference.path);
        self.any(&self.paths, &path, reference) && self.any(roles, role, reference)
    }

    #[expect(clippy::unused_self, reason = "it reads as a sentence")]
    fn any(&self, patterns: &[&str], text: &str, reference: &Reference) -> bool {
        patterns.iter().any(|pattern| {
            let filled = pattern
                .replace("${namespace}", reference.namespace)
                .replace("${cluster.name}", reference.cluster)
                .replace("${cluster.role}", &format!("{}-role", reference.cluster))
                .replace("${cluster.labels.team}", "shop");
            !filled.contains("${") && is_match(&filled, text)
        })
    }
}

/// Segment by segment, without a word in common with keyfleet's own.
fn is_match(pattern: &str, text: &str) -> bool {
    match (pattern.split_once('/'), text.split_once('/')) {
        (Some((first, pattern)), Some((head, text))) => {
            (first == "+" || first == head) && is_match(pattern, text)
        }
        (Some(_), None) => false,
        (None, _) => match pattern.strip_suffix('*') {
            Some(beginning) => text.starts_with(beginning),
            None => pattern == text || pattern == "+" && !text.contains('/'),
        },
    }
}

impl Rules {
    pub(crate) fn allow(&self, reference: &Reference) -> bool {
        let mut matching = self
            .all
            .iter()
            .filter(|rule| rule.is_for(reference))
            .peekable();
        if matching.peek().is_none() {
            return self.unmatched == "allow";
        }
        matching.any(|rule| rule.allows(reference))
    }

    /// A repository with these rules, and each reference written in this way.
    pub(crate) fn repository(&self, references: &[Reference], way: Way) -> Sources {
        let mut sources = Sources::new();
        let mut add = |path: String, text: String| sources.insert(path, text.into());
        add(
            "fleet.yaml".to_owned(),
            format!(
                "apiVersion: keyfleet.dev/v1alpha1\nkind: Fleet\nmetadata: {{name: acme}}\nspec: {{rules: {{unmatched: {}}}}}\n",
                self.unmatched
            ),
        );
        for (number, rule) in self.all.iter().enumerate() {
            add(
                format!("rules/{number}.yaml"),
                rule.yaml(&format!("rule-{number}")),
            );
        }
        let ca = include_str!("../cases/kes_every_field/repo/clusters/a/ca.crt");
        for (cluster, env) in [("a", "prod"), ("b", "dev")] {
            add(format!("clusters/{cluster}/ca.crt"), ca.to_owned());
            add(
                format!("clusters/{cluster}/cluster.yaml"),
                format!(
                    "apiVersion: keyfleet.dev/v1alpha1\nkind: Cluster\nmetadata: {{name: {cluster}, labels: {{env: {env}, team: shop}}}}\nspec:\n  server: https://{cluster}.k8s.example:6443\n  certificateAuthority: {{file: ca.crt}}\n  connect: {{kubeconfig: {{context: {cluster}}}}}\n{}",
                    stores(cluster)
                ),
            );
        }
        for (number, reference) in references.iter().enumerate() {
            add(
                format!("clusters/{}/secret-{number}.yaml", reference.cluster),
                reference.yaml(number, way),
            );
        }
        sources
    }
}

/// One for each role and each way to say where the mount is.
fn stores(cluster: &str) -> String {
    let mut text = String::new();
    for role in ["none", "reader", "admin"] {
        for (kind, at) in [
            ("path", "path: kv, "),
            ("anywhere", ""),
            ("v1", "path: kv/data, version: v1, "),
        ] {
            let role_field = match role {
                "none" => String::new(),
                role => format!(", role: {role}"),
            };
            write!(
                text,
                "---\napiVersion: external-secrets.io/v1\nkind: ClusterSecretStore\nmetadata: {{name: {kind}-{role}}}\nspec: {{provider: {{vault: {{{at}auth: {{kubernetes: {{mountPath: {cluster}{role_field}}}}}}}}}}}\n"
            )
            .unwrap();
        }
    }
    text
}

impl Reference {
    fn yaml(&self, number: usize, way: Way) -> String {
        let Self {
            namespace,
            path,
            role,
            ..
        } = self;
        let head = |api: &str| {
            format!(
                "apiVersion: {api}\nkind: ExternalSecret\nmetadata: {{name: s{number}, namespace: {namespace}}}\nspec:\n"
            )
        };
        let kes = |body: &str| {
            let role = role.map(|role| format!("  vaultRole: {role}\n"));
            format!(
                "{}  backendType: vault\n{}{body}",
                head("kubernetes-client.io/v1"),
                role.unwrap_or_default()
            )
        };
        let eso = |store: &str, body: &str| {
            let role = role.unwrap_or("none");
            format!(
                "{}  secretStoreRef: {{kind: ClusterSecretStore, name: {store}-{role}}}\n{body}",
                head("external-secrets.io/v1")
            )
        };
        let data = |key: &str| format!("  data: [{{secretKey: k, remoteRef: {{key: {key}}}}}]\n");
        match way {
            Way::KesData => kes(&format!("  data: [{{key: kv/data/{path}, name: k}}]\n")),
            Way::KesDataFrom => kes(&format!("  dataFrom: [kv/data/{path}]\n")),
            Way::KesAsV1 => kes(&format!("  kvVersion: 1\n  dataFrom: [kv/data/{path}]\n")),
            Way::EsoData => eso("path", &data(path)),
            Way::EsoDataWithMount => eso("path", &data(&format!("kv/data/{path}"))),
            Way::EsoExtract => eso(
                "path",
                &format!("  dataFrom: [{{extract: {{key: {path}}}}}]\n"),
            ),
            Way::EsoWithoutPath => eso("anywhere", &data(&format!("kv/data/{path}"))),
            Way::EsoAsV1 => eso("v1", &data(path)),
        }
    }
}

pub(crate) fn compile(sources: Sources) -> Wanted {
    assert!(sources.keys().all(|path| declare::is_wanted(path)));
    pipeline::compile(Repository {
        name: "acme".to_owned(),
        revision: "unversioned".to_owned(),
        sources,
        unreadable: Vec::new(),
    })
}

/// The numbers of the references that were let through.
pub(crate) fn allowed(wanted: &Wanted) -> BTreeSet<usize> {
    let secrets = wanted.desired.cells.iter().flat_map(|cell| &cell.secrets);
    secrets
        .map(|secret| secret.id.name.as_str()[1..].parse().unwrap())
        .collect()
}
