//! One Vault: how it is, what its clusters share, and what is found there.

use super::frame::{Frame, Nav};
use super::parts::{FindingRow, badge, mode};
use super::{missing, show};
use crate::desire::DesiredVault;
use crate::observe::KvEngine;
use crate::serve::board::{Pass, VaultState};
use crate::serve::view::{Reader, State as Is, findings_of, in_rows, of_vault};
use crate::serve::web::ask::{Ask, Segment};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

#[derive(Template)]
#[template(path = "pages/vault.html")]
struct Page<'a> {
    frame: Frame<'a>,
    name: &'a str,
    vault: &'a VaultState,
    desired: &'a DesiredVault,
    state: Is,
    health: String,
    findings: Vec<FindingRow<'a>>,
    pass: Option<&'a Pass>,
    clusters: usize,
    clusters_link: String,
}

pub(super) async fn page(
    State(reader): State<Reader>,
    Path(name): Path<String>,
    ask: Ask,
) -> Response {
    let look = reader.look();
    let Some((name, vault)) = look.known.vaults.get_key_value(name.as_str()) else {
        return missing(&look, &ask, "No Vault of this name is known.");
    };
    let in_it = look.known.clusters.values();
    let path = super::parts::vault_link(name.as_str());
    let page = Page {
        frame: Frame::of(&look, &ask, Nav::None, &path),
        name: name.as_str(),
        vault,
        desired: &vault.desired,
        state: of_vault(vault, &look),
        health: health(vault),
        findings: in_rows(findings_of(&vault.passes))
            .into_iter()
            .map(|found| FindingRow::of(found, look.now))
            .collect(),
        pass: vault.passes.last.as_deref(),
        clusters: in_it.filter(|cluster| cluster.cell.vault == *name).count(),
        clusters_link: format!("/?q={}#clusters", Segment(&format!("vault={name}"))),
    };
    show(&page)
}

/// What it says of itself.
pub(super) fn health(vault: &VaultState) -> String {
    match &vault.health {
        None => "not asked yet".to_owned(),
        Some(Err(failure)) => failure.to_string(),
        Some(Ok(health)) => {
            let serves = match (health.initialized, health.sealed, health.standby) {
                (false, _, _) => "not initialised",
                (true, true, _) => "sealed",
                (true, false, true) => "standby",
                (true, false, false) => "active",
            };
            let group = match &health.high_availability {
                Some(leader) => format!(", one of several, led by {leader}"),
                None => String::new(),
            };
            format!("{serves}{group}, version {}", health.version)
        }
    }
}

fn engine(engine: &KvEngine) -> &'static str {
    match engine {
        KvEngine::V1 => "version 1",
        KvEngine::V2 => "version 2",
    }
}

fn count(number: &usize, one: &str) -> String {
    crate::report::count(*number, one)
}
