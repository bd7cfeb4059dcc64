//! One Secret: how it is, and for each of its keys where the value comes from and who reads it.

use super::frame::{Frame, Nav};
use super::parts::{FindingRow, badge, cluster_link, secret_link};
use super::{missing, show};
use crate::declare::{Destination, Dialect};
use crate::desire::{Assignment, Cell};
use crate::observe::KvEngine;
use crate::serve::board::Misdeclared;
use crate::serve::view::{self, Reader, SecretRow};
use crate::serve::web::ask::Ask;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

#[derive(Template)]
#[template(path = "pages/secret.html")]
struct Page<'a> {
    frame: Frame<'a>,
    cluster: &'a str,
    cell: &'a Cell,
    misdeclared: Option<&'a Misdeclared>,
    name: String,
    /// `None`: it is in the cluster and no longer declared.
    secret: Option<SecretRow<'a>>,
    findings: Vec<FindingRow<'a>>,
}

pub(super) async fn page(
    State(reader): State<Reader>,
    Path((cluster, namespace, name)): Path<(String, String, String)>,
    ask: Ask,
) -> Response {
    let look = reader.look();
    let Some((cluster, state)) = look.known.clusters.get_key_value(cluster.as_str()) else {
        return missing(&look, &ask, "No cluster of this name is declared.");
    };
    let path = secret_link(cluster.as_str(), &namespace, &name);
    let name = format!("{namespace}/{name}");
    let (secret, found) = view::secret(state, &name);
    if secret.is_none() && found.is_empty() {
        return missing(
            &look,
            &ask,
            "No Secret of this name is declared for the cluster.",
        );
    }
    let page = Page {
        frame: Frame::of(&look, &ask, Nav::None, &path),
        cluster: cluster.as_str(),
        cell: &state.cell,
        misdeclared: look.known.misdeclared.get(cluster),
        name,
        secret,
        findings: found
            .into_iter()
            .map(|found| FindingRow::of(found, look.now))
            .collect(),
    };
    show(&page)
}

fn dialect(dialect: &Dialect) -> &'static str {
    match dialect {
        Dialect::Kes => "kubernetes-external-secrets",
        Dialect::Eso => "External Secrets Operator",
    }
}

fn key(assignment: &Assignment) -> &str {
    match &assignment.into {
        Destination::EveryKey => "every key",
        Destination::Key { name, .. } => name.as_str(),
    }
}

/// What of the value: a property, or all of it.
fn property(assignment: &Assignment) -> Option<&str> {
    match &assignment.into {
        Destination::EveryKey => None,
        Destination::Key { property, .. } => property.as_deref(),
    }
}

fn is_decoded(assignment: &Assignment) -> bool {
    match &assignment.into {
        Destination::EveryKey => false,
        Destination::Key { base64, .. } => *base64,
    }
}

/// Of the value that is in the Secret now.
fn version(secret: &SecretRow<'_>, assignment: &Assignment) -> String {
    match secret.version(assignment) {
        Some(Some(version)) => version.to_string(),
        Some(None) => "none".to_owned(),
        None => "not known".to_owned(),
    }
}

fn engine(assignment: &Assignment) -> &'static str {
    match assignment.from.version {
        KvEngine::V1 => "KV 1",
        KvEngine::V2 => "KV 2",
    }
}
