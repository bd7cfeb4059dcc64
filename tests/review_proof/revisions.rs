//! Revisions of a fleet as texts, and the questions between two of them.

use crate::support::tls::Authority;
use keyfleet::observe::{KvEngine, KvReference};
use keyfleet::pipeline::{self, Repository, Reviewed};
use keyfleet::review::{Asks, Audience, Proof, Question, Questions, Seen, Verdict};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// One revision.
#[derive(Clone)]
pub(crate) struct Revision {
    files: BTreeMap<String, String>,
    ca: String,
}

fn ca() -> &'static str {
    static CA: OnceLock<String> = OnceLock::new();
    CA.get_or_init(|| Authority::new("a-ca").pem())
}

impl Revision {
    pub(crate) fn new() -> Self {
        let mut revision = Self {
            files: BTreeMap::new(),
            ca: ca().to_owned(),
        };
        revision.write(
            "fleet.yaml",
            "apiVersion: keyfleet.dev/v1alpha1\nkind: Fleet\nmetadata: {name: acme}\n",
        );
        revision
    }

    pub(crate) fn write(&mut self, file: &str, text: &str) {
        self.files.insert(file.to_owned(), text.to_owned());
    }

    pub(crate) fn remove(&mut self, file: &str) {
        self.files.remove(file).unwrap();
    }

    /// A cluster of this name; `spec` are further lines.
    pub(crate) fn cluster(&mut self, name: &str, spec: &str) {
        let server = format!("https://{name}.example:6443");
        self.cluster_at(name, &server, spec);
    }

    pub(crate) fn cluster_at(&mut self, name: &str, server: &str, spec: &str) {
        let connect = if spec.contains("connect:") {
            String::new()
        } else {
            format!("  connect: {{kubeconfig: {{context: {name}}}}}\n")
        };
        let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
        self.write(
            &format!("clusters/{name}/cluster.yaml"),
            &format!(
                "apiVersion: keyfleet.dev/v1alpha1\nkind: Cluster\nmetadata: {{name: {name}, labels: {{env: prod}}}}\nspec:\n  server: {server}\n  certificateAuthority: {{file: ca.crt}}\n{connect}{spec}"
            ),
        );
        let ca = self.ca.clone();
        self.write(&format!("clusters/{name}/ca.crt"), &ca);
    }

    /// With this authority for the clusters that come from now on.
    pub(crate) fn with_ca(&mut self, pem: &str) {
        pem.clone_into(&mut self.ca);
    }

    /// A Secret of this name in `shop`, each key from a path and a property; of KV v1 where no path is of v2.
    pub(crate) fn secret(&mut self, file: &str, name: &str, keys: &[(&str, &str, &str)]) {
        let entries: String = keys
            .iter()
            .map(|(key, path, property)| {
                format!("    - key: {path}\n      name: {key}\n      property: {property:?}\n")
            })
            .collect();
        let is_v1 = keys.iter().all(|(_, path, _)| !path.contains("/data/"));
        let engine = if is_v1 { "  kvVersion: 1\n" } else { "" };
        self.write(
            file,
            &format!(
                "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  backendType: vault\n{engine}  data:\n{entries}"
            ),
        );
    }

    pub(crate) fn group(&mut self, name: &str) {
        self.write(
            &format!("groups/{name}/group.yaml"),
            &format!(
                "apiVersion: keyfleet.dev/v1alpha1\nkind: Group\nmetadata: {{name: {name}}}\nspec: {{clusterSelector: {{matchLabels: {{env: prod}}}}}}\n"
            ),
        );
    }

    fn repository(&self) -> Repository {
        let texts = self.files.iter();
        Repository {
            name: "acme".to_owned(),
            revision: "now".to_owned(),
            sources: texts
                .map(|(path, text)| (path.clone(), text.as_str().into()))
                .collect(),
            unreadable: Vec::new(),
        }
    }
}

/// A base and a head, understood; neither has an error.
pub(crate) fn reviewed(base: &Revision, head: &Revision) -> Reviewed {
    let reviewed = pipeline::review(base.repository(), head.repository());
    for wanted in [&reviewed.base, &reviewed.head] {
        let said = keyfleet::diagnostics::render(&wanted.problems, &wanted.sources, false);
        assert!(!wanted.problems.has_errors(), "{said}");
    }
    reviewed
}

pub(crate) fn asks(base: &Revision, head: &Revision, audience: Audience) -> Asks {
    let reviewed = reviewed(base, head);
    Questions::of(&reviewed.base.desired, &reviewed.head.desired).asks(audience)
}

/// What is said when the servers answer so: verdict, question, and the names of the clusters.
pub(crate) fn said(
    base: &Revision,
    head: &Revision,
    audience: Audience,
    seen: &Seen,
) -> Vec<String> {
    let reviewed = reviewed(base, head);
    let questions = Questions::of(&reviewed.base.desired, &reviewed.head.desired);
    lines(&questions.decide(audience, seen))
}

/// Each answer on a line.
pub(crate) fn lines(proof: &Proof) -> Vec<String> {
    let lines = proof.answers.iter().map(|answer| {
        let clusters: Vec<&str> = answer.clusters.iter().map(String::as_str).collect();
        format!(
            "{}: {} [{}]",
            question(&answer.question),
            verdict(&answer.verdict),
            clusters.join(" ")
        )
    });
    lines.collect()
}

fn question(question: &Question) -> String {
    match question {
        Question::Readable {
            path,
            property,
            role,
            ..
        } => {
            let property = property.as_deref().unwrap_or("*");
            format!("{role} {path} # {property}")
        }
        Question::NameIsFree { secret } => format!("secret {secret}"),
    }
}

fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Refuted { why } => format!("refuted, {why}"),
        Verdict::Open { why } => format!("open, {why}"),
        Verdict::Proven { version: None } => "proven".to_owned(),
        Verdict::Proven {
            version: Some(version),
        } => format!("proven at version {version}"),
    }
}

/// `kv/data/a/b`, or `kv/a/b` of version 1.
pub(crate) fn at(path: &str) -> KvReference {
    let (mount, rest) = path.split_once('/').unwrap();
    let (path, version) = match rest.strip_prefix("data/") {
        Some(path) => (path, KvEngine::V2),
        None => (rest, KvEngine::V1),
    };
    KvReference {
        mount: mount.parse().unwrap(),
        path: path.parse().unwrap(),
        version,
    }
}
