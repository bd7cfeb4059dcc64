//! How Vaults, clusters and Secrets are, for `keyfleet status`.

use super::style::{Ink, Row, Style, clean, table};
use crate::observe::Failure;
use crate::observe::live::Health;
use crate::pipeline::ScopePlan;
use crate::plan::{Kind, Target};

/// Everything that a status says.
#[derive(Debug)]
pub struct Status {
    pub vaults: Vec<VaultStatus>,
    pub clusters: Vec<ClusterStatus>,
}

#[derive(Debug)]
pub struct VaultStatus {
    pub name: String,
    pub health: Result<Health, Failure>,
}

#[derive(Debug)]
pub struct ClusterStatus {
    pub name: String,
    /// The UID of its `kube-system`.
    pub identity: Result<String, Failure>,
    /// A real login, as an application of this cluster would make it.
    pub login: Result<(), Failure>,
    pub secrets: Vec<SecretStatus>,
}

#[derive(Debug, Clone)]
pub struct SecretStatus {
    pub name: String,
    pub state: SecretState,
    pub last_sync: Option<String>,
    /// The versions that it was made of, by API path; KV v1 has none. Empty where no record says so. A list and no map: the service
    /// keeps one for every Secret, and a map of one entry has room for eleven.
    pub versions: Vec<(String, Option<u64>)>,
}

/// How a Secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretState {
    InSync,
    /// A change is planned; it says which.
    OutOfSync(String),
    Failed {
        status: Option<u16>,
        why: String,
    },
    /// It could not be looked at.
    NotKnown {
        status: Option<u16>,
        why: String,
    },
}

impl SecretState {
    /// As kubernetes-external-secrets words it.
    pub fn word(&self) -> String {
        let word = match self {
            Self::InSync => "SUCCESS",
            Self::OutOfSync(_) => "OUT OF SYNC",
            Self::Failed { .. } => "ERROR",
            Self::NotKnown { .. } => "NOT KNOWN",
        };
        match self.code() {
            Some(status) => format!("{word}, Status {status}"),
            None => word.to_owned(),
        }
    }

    /// The status of the answer that said so.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::InSync | Self::OutOfSync(_) => None,
            Self::Failed { status, .. } | Self::NotKnown { status, .. } => *status,
        }
    }

    pub fn why(&self) -> &str {
        match self {
            Self::InSync => "",
            Self::OutOfSync(why) | Self::Failed { why, .. } | Self::NotKnown { why, .. } => why,
        }
    }
}

impl Status {
    /// Whether anything is not as it should be.
    pub fn has_errors(&self) -> bool {
        let vault_ok = |vault: &VaultStatus| vault.health.as_ref().is_ok_and(Health::is_well);
        let secret_ok = |secret: &SecretStatus| {
            matches!(
                secret.state,
                SecretState::InSync | SecretState::OutOfSync(_)
            )
        };
        !self.vaults.iter().all(vault_ok)
            || !self.clusters.iter().all(|cluster| {
                cluster.identity.is_ok()
                    && cluster.login.is_ok()
                    && cluster.secrets.iter().all(secret_ok)
            })
    }
}

/// The state of every declared Secret of a cell, from its plan.
pub fn secrets(plan: &ScopePlan) -> Vec<SecretStatus> {
    let sheet = &plan.guarded.sheet;
    let states = sheet.secrets.iter().map(|(name, synced)| {
        let is_this = |target: &Target| target.kind == Kind::Secret && target.name == *name;
        SecretStatus {
            name: name.clone(),
            state: state(plan, &is_this),
            last_sync: synced.as_ref().map(|synced| synced.at.clone()),
            versions: synced
                .as_ref()
                .map(|synced| synced.versions.clone().into_iter().collect())
                .unwrap_or_default(),
        }
    });
    states.collect()
}

fn state(plan: &ScopePlan, is_this: &dyn Fn(&Target) -> bool) -> SecretState {
    let sheet = &plan.guarded.sheet;
    if let Some(blocked) = sheet
        .blocked
        .iter()
        .find(|blocked| is_this(&blocked.target))
    {
        return SecretState::Failed {
            status: blocked.status,
            why: blocked.why.clone(),
        };
    }
    if let Some(unread) = sheet.unread.iter().find(|unread| is_this(&unread.target)) {
        return SecretState::NotKnown {
            status: unread.failure.status,
            why: unread.failure.to_string(),
        };
    }
    if let Some(held) = plan
        .guarded
        .held
        .iter()
        .find(|held| is_this(&held.change.target))
    {
        let why = held
            .why
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        return SecretState::OutOfSync(format!("held: {why}"));
    }
    if let Some(waiting) = sheet
        .waiting
        .iter()
        .find(|waiting| is_this(&waiting.target))
    {
        return SecretState::OutOfSync(waiting.why.clone());
    }
    match plan
        .guarded
        .approved
        .changes()
        .iter()
        .find(|change| is_this(&change.target))
    {
        Some(change) if change.fields.is_empty() => SecretState::OutOfSync(change.summary.clone()),
        Some(change) => SecretState::OutOfSync(
            change
                .fields
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        ),
        None => SecretState::InSync,
    }
}

/// The status for a terminal.
pub fn text(status: &Status, style: Style) -> String {
    let mut text = style.paint(Ink::Strong, "vaults") + "\n";
    let vaults: Vec<Row> = status.vaults.iter().map(vault_row).collect();
    text.push_str(&table(&vaults, 2, style));
    for cluster in &status.clusters {
        text.push_str(&format!(
            "\n{}\n",
            style.paint(Ink::Strong, &format!("cluster {}", cluster.name))
        ));
        let mut rows: Vec<Row> = vec![login_row(cluster)];
        rows.extend(cluster.secrets.iter().map(secret_row));
        text.push_str(&table(&rows, 2, style));
    }
    text
}

fn vault_row(vault: &VaultStatus) -> Row {
    let cell = |ink, text: String| (ink, text);
    match &vault.health {
        Err(failure) => vec![
            cell(Ink::Bad, "✗".to_owned()),
            cell(Ink::Strong, vault.name.clone()),
            cell(Ink::Bad, said(failure)),
        ],
        Ok(health) => {
            let (ink, sigil, seal) = match (health.initialized, health.sealed) {
                (false, _) => (Ink::Bad, "✗", "not initialised"),
                (true, true) => (Ink::Bad, "✗", "sealed"),
                (true, false) => (Ink::Good, "✓", "unsealed"),
            };
            vec![
                cell(ink, sigil.to_owned()),
                cell(Ink::Strong, vault.name.clone()),
                cell(ink, seal.to_owned()),
                cell(Ink::Quiet, place_in_group(health)),
                cell(Ink::Quiet, format!("version {}", clean(&health.version))),
            ]
        }
    }
}

/// Whether this node serves, and with whom. One that is sealed serves nobody and knows of no group.
fn place_in_group(health: &Health) -> String {
    if health.sealed || !health.initialized {
        return String::new();
    }
    let role = if health.standby { "standby" } else { "active" };
    match &health.high_availability {
        None => format!("{role}, single node"),
        Some(leader) => format!("{role}, HA, leader {}", clean(leader)),
    }
}

fn login_row(cluster: &ClusterStatus) -> Row {
    let failure = cluster
        .identity
        .as_ref()
        .err()
        .or(cluster.login.as_ref().err());
    match failure {
        None => vec![
            (Ink::Good, "✓".to_owned()),
            (Ink::Strong, "login".to_owned()),
            (Ink::Good, "SUCCESS".to_owned()),
        ],
        Some(failure) => vec![
            (Ink::Bad, "✗".to_owned()),
            (Ink::Strong, "login".to_owned()),
            (Ink::Bad, "ERROR".to_owned()),
            (Ink::Quiet, String::new()),
            (Ink::Quiet, said(failure)),
        ],
    }
}

/// What failed, and what to do.
fn said(failure: &Failure) -> String {
    let hint = failure.hint.as_ref().map(|hint| format!("; {hint}"));
    clean(&format!("{failure}{}", hint.unwrap_or_default()))
}

/// Where nobody could look, nobody can say that it was never synced.
fn no_time(state: &SecretState) -> String {
    let word = match state {
        SecretState::NotKnown { .. } => "not known",
        _ => "never",
    };
    word.to_owned()
}

fn secret_row(secret: &SecretStatus) -> Row {
    let (ink, sigil) = match &secret.state {
        SecretState::InSync => (Ink::Good, "✓"),
        SecretState::OutOfSync(_) => (Ink::Careful, "~"),
        SecretState::Failed { .. } => (Ink::Bad, "✗"),
        SecretState::NotKnown { .. } => (Ink::Bad, "?"),
    };
    vec![
        (ink, sigil.to_owned()),
        (Ink::Strong, clean(&secret.name)),
        (ink, secret.state.word()),
        (
            Ink::Quiet,
            secret
                .last_sync
                .clone()
                .map_or_else(|| no_time(&secret.state), |time| clean(&time)),
        ),
        (Ink::Quiet, clean(secret.state.why())),
    ]
}
