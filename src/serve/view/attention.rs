//! What needs a person, worst first: nothing of it gets better by waiting.

use super::Look;
use super::finding::{self, Found, Topic};
use super::state::{State, of_cluster, of_vault};
use crate::diagnostics::Severity;
use crate::names::ClusterName;
use crate::plan::Scope;
use crate::serve::board::{Breaker, ClusterState, PassEnd, Passes, VaultState};
use jiff::Timestamp;

/// One thing to look at.
#[derive(Debug, Clone)]
pub struct Attention {
    pub state: State,
    pub about: About,
    pub what: String,
    pub since: Option<Timestamp>,
}

/// What it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The repository cannot be fetched.
    Git,
    /// Its branch was rewritten.
    Revision,
    /// The declarations have errors.
    Declarations,
    Scope(Scope),
}

/// All of it, by state. A fleet in which everything fails has as many lines as scopes: show the first of each.
pub fn attention(look: &Look) -> Vec<Attention> {
    let vaults = look.known.vaults.iter().filter_map(|(name, vault)| {
        let (what, since) = of_bad_vault(vault);
        line(
            of_vault(vault, look),
            Scope::Vault(name.clone()),
            what,
            since,
            &vault.passes,
        )
    });
    let misdeclared = look
        .known
        .misdeclared
        .iter()
        .map(|(name, misdeclared)| Attention {
            state: State::Blocked,
            about: About::Scope(Scope::Cluster(name.clone())),
            what: misdeclared.to_string(),
            since: Some(misdeclared.since),
        });
    let is_declared = |name: &ClusterName| !look.known.misdeclared.contains_key(name);
    let clusters = look.known.clusters.iter();
    let clusters = clusters.filter(|(name, _)| is_declared(name));
    let clusters = clusters.filter_map(|(name, cluster)| {
        let (what, since) = of_bad_cluster(cluster);
        line(
            of_cluster(cluster, look),
            Scope::Cluster(name.clone()),
            what,
            since,
            &cluster.passes,
        )
    });
    let mut all: Vec<_> = of_source(look)
        .into_iter()
        .chain(vaults)
        .chain(misdeclared)
        .chain(clusters)
        .collect();
    all.sort_by_key(|attention| attention.state);
    all
}

fn of_source(look: &Look) -> Vec<Attention> {
    let source = &look.known.source;
    let failure = source.failure.as_ref().map(|why| Attention {
        state: State::Failing,
        about: About::Git,
        what: why.clone(),
        since: source.fetched,
    });
    let held = source.held.as_ref().map(|held| Attention {
        state: State::Held,
        about: About::Revision,
        what: held.why.clone(),
        since: Some(held.since),
    });
    let errors = source.followed.as_ref().and_then(|followed| {
        let errors = followed.problems.count(Severity::Error);
        (errors > 0).then(|| Attention {
            state: State::Blocked,
            about: About::Declarations,
            what: crate::report::count(errors, "error") + " in the declarations",
            since: Some(followed.since),
        })
    });
    [failure, held, errors].into_iter().flatten().collect()
}

fn line(
    state: State,
    scope: Scope,
    what: Option<String>,
    since: Option<Timestamp>,
    passes: &Passes,
) -> Option<Attention> {
    if !state.needs_a_person() {
        return None;
    }
    let (words, seen) = of_passes(state, passes);
    Some(Attention {
        state,
        about: About::Scope(scope),
        what: what.unwrap_or(words),
        since: since.or(seen),
    })
}

fn of_bad_vault(vault: &VaultState) -> (Option<String>, Option<Timestamp>) {
    let what = match &vault.health {
        Some(Err(failure)) => Some(failure.to_string()),
        Some(Ok(health)) if !health.initialized => Some("it is not initialised".to_owned()),
        Some(Ok(health)) if health.sealed => Some("it is sealed".to_owned()),
        Some(Ok(_)) | None => None,
    };
    (what, None)
}

fn of_bad_cluster(cluster: &ClusterState) -> (Option<String>, Option<Timestamp>) {
    match &cluster.breaker {
        Breaker::Open { since, .. } => {
            let why = finding::of(&cluster.passes).find(|found| found.topic() == Topic::NotKnown);
            let why = why.map_or("it failed too often in a row", Found::what);
            (Some(format!("out of reach: {why}")), Some(*since))
        }
        Breaker::Closed => (None, None),
    }
}

/// In the words of what is worst in its last pass.
fn of_passes(state: State, passes: &Passes) -> (String, Option<Timestamp>) {
    let Some(pass) = &passes.last else {
        return (String::new(), None);
    };
    let ended = match pass.end {
        PassEnd::Deadline => Some("its last pass ran out of time"),
        PassEnd::Panicked => Some("its last pass ended in a fault of keyfleet"),
        PassEnd::Skipped => Some("its last pass was skipped"),
        PassEnd::Done | PassEnd::Stopped => None,
    };
    if let Some(ended) = ended {
        return (ended.to_owned(), Some(pass.began));
    }
    let topic = match state {
        State::Failing | State::NotKnown => Topic::NotKnown,
        State::Blocked => Topic::Blocked,
        State::Held => Topic::Held,
        _ => return ("nobody looked for long".to_owned(), Some(pass.began)),
    };
    let rows = finding::in_rows(finding::of(passes)).into_iter();
    let mut of_topic = rows.filter(|found| found.topic() == topic);
    let Some(first) = of_topic.next() else {
        return (String::new(), None);
    };
    let more = of_topic.count();
    let more = if more == 0 {
        String::new()
    } else {
        format!(", and {more} more")
    };
    let what = format!("{}: {}{more}", first.object(), first.in_words());
    (what, first.since())
}
