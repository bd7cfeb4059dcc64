//! `cluster.yaml`, kind Cluster: the onboarding spec of one cluster. Its fields are also the fleet's defaults.
//!
//! Deliberately absent: what the fields are when nobody gives them; `desire` knows those.

mod access;
mod certificate;
mod connect;
mod duration;
mod server;
mod spec;

use super::Fleet;
use super::document::{is_own_kind, text_map};
use crate::diagnostics::{Diagnostic, Diagnostics, Place, Severity};
use crate::names::ClusterName;
use crate::yaml::{Fields, Node};
use std::collections::BTreeMap;

pub use access::{Access, Grant};
pub use certificate::CaSource;
pub(crate) use certificate::pem as certificate_pem;
pub use connect::{Connect, Credential};
pub(crate) use duration::parse as parse_duration;
pub use spec::{ClusterSpec, Reviewer};

/// A cluster of the fleet.
#[derive(Debug, Clone)]
pub struct Cluster {
    pub place: Place,
    pub name: ClusterName,
    pub labels: BTreeMap<String, String>,
    /// With the fleet's defaults filled in.
    pub spec: ClusterSpec,
}

impl Cluster {
    pub(super) fn read(
        node: &Node,
        folder: &str,
        fleet: &Fleet,
        problems: &mut Diagnostics,
    ) -> Option<Self> {
        if !is_own_kind(node, "Cluster", "cluster.yaml", problems) {
            return None;
        }
        let before = problems.count(Severity::Error);
        let mut top = Fields::of(node, "a Cluster", problems)?;
        top.optional("apiVersion");
        top.optional("kind");
        let metadata = top.required("metadata", problems);
        let spec = top.required("spec", problems);
        top.finish(problems);
        let head = metadata.and_then(|node| read_head(node, folder, problems));
        let said = spec;
        let spec = spec.and_then(|node| ClusterSpec::read(node, "spec", problems));
        let ((place, name, labels), mut spec) = head.zip(spec)?;
        spec.fill(&fleet.defaults);
        let cluster = Self {
            place,
            name,
            labels,
            spec,
        };
        cluster.check(said?, fleet, problems);
        (problems.count(Severity::Error) == before).then_some(cluster)
    }

    fn check(&self, said: &Node, fleet: &Fleet, problems: &mut Diagnostics) {
        if let Some((server, place)) = &self.spec.server {
            server::check(server, place, problems);
        }
        // The fleet's defaults may give what is missing here, once they can be read.
        if fleet.whole {
            self.check_complete(said, fleet, problems);
        }
        self.check_mount(problems);
        self.check_ttl(problems);
    }

    /// What is there, but wrong, was reported and is not missing.
    fn check_complete(&self, said: &Node, fleet: &Fleet, problems: &mut Diagnostics) {
        let is_missing = |key: &str| said.get(key).is_none_or(Node::is_null);
        let mut missing = |message: &str, hint: &str| {
            problems.push(Diagnostic::error(&self.place, message).hint(hint));
        };
        if is_missing("server") {
            missing(
                "this cluster names no `server`",
                "add `server: https://…`, what Vault calls to review tokens",
            );
        }
        if is_missing("connect") {
            missing(
                "this cluster does not say how keyfleet gets in",
                "add `connect: {kubeconfig: {context: …}}`",
            );
        }
        if self.spec.certificate_authority.is_none() && is_missing("certificateAuthority") {
            missing(
                "this cluster names no `certificateAuthority`",
                "add `certificateAuthority: {file: ca.crt}` with the file beside cluster.yaml",
            );
        }
        match &self.spec.vault {
            Some((vault, place)) => fleet.check_vault(vault, place, problems),
            None if !fleet.has_default_vault() && is_missing("vault") => missing(
                "this cluster does not say which Vault it belongs to",
                "add `vault: NAME` here, or as a default in fleet.yaml",
            ),
            None => {}
        }
    }

    /// `auth/token` is how every token works; nothing else can be mounted there.
    fn check_mount(&self, problems: &mut Diagnostics) {
        let (mount, place) = match &self.spec.mount {
            Some((mount, place)) => (mount.as_str(), place),
            None => (self.name.as_str(), &self.place),
        };
        if mount == "token" || mount.starts_with("token/") {
            problems.push(
                Diagnostic::error(
                    place,
                    "the auth mount `token` is Vault's own, and no cluster's",
                )
                .hint("set `mount:` to another path"),
            );
        }
    }

    fn check_ttl(&self, problems: &mut Diagnostics) {
        let (Some((ttl, place)), Some((max_ttl, _))) = (&self.spec.ttl, &self.spec.max_ttl) else {
            return;
        };
        if !max_ttl.is_zero() && ttl > max_ttl {
            problems.push(
                Diagnostic::error(place, "`ttl` is longer than `maxTtl`")
                    .hint("Vault cuts a token's life at maxTtl: lower the one or raise the other"),
            );
        }
    }
}

/// A cluster's name and labels.
fn read_head(
    node: &Node,
    folder: &str,
    problems: &mut Diagnostics,
) -> Option<(Place, ClusterName, BTreeMap<String, String>)> {
    let mut metadata = Fields::of(node, "metadata", problems)?;
    let name = metadata.required("name", problems).and_then(|name| {
        Some((
            name.place.clone(),
            name.parsed("name", ClusterName::parse, problems)?,
        ))
    });
    let labels = text_map(&mut metadata, "labels", problems);
    metadata.finish(problems);
    let (place, name) = name?;
    if name.as_str() != folder {
        problems.push(
            Diagnostic::error(
                &place,
                format!("cluster `{name}` lies in the folder clusters/{folder}"),
            )
            .hint("give both the same name"),
        );
    }
    Some((place, name, labels))
}
