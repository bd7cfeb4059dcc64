//! How a scope or a Secret is, in one word. A word and a sign say it; a colour only repeats it.

use super::Look;
use crate::drift::Standing;
use crate::report::SecretState;
use crate::serve::board::{Breaker, ClusterState, PassEnd, Passes, VaultState};

/// How a scope is. Worst first: what stands above needs a person sooner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It does not answer, or not as it should, or its last pass did not end well.
    Failing,
    /// Something is wrong that no write of keyfleet can help.
    Blocked,
    /// Something was refused, or is gone, and could not be read.
    NotKnown,
    /// A change waits for a person.
    Held,
    /// Nobody looked for long.
    Overdue,
    /// Something is to be done, and will be, or may not be.
    OutOfSync,
    /// It was not looked at since this process began.
    NotSeen,
    InSync,
}

/// What a colour may repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Careful,
    Bad,
    Quiet,
}

impl State {
    pub const ALL: [Self; 8] = [
        Self::Failing,
        Self::Blocked,
        Self::NotKnown,
        Self::Held,
        Self::Overdue,
        Self::OutOfSync,
        Self::NotSeen,
        Self::InSync,
    ];

    /// As people read it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Blocked => "blocked",
            Self::NotKnown => "not known",
            Self::Held => "held",
            Self::Overdue => "overdue",
            Self::OutOfSync => "out of sync",
            Self::NotSeen => "not seen yet",
            Self::InSync => "in sync",
        }
    }

    /// As programs and addresses write it.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Blocked => "blocked",
            Self::NotKnown => "not-known",
            Self::Held => "held",
            Self::Overdue => "overdue",
            Self::OutOfSync => "out-of-sync",
            Self::NotSeen => "not-seen",
            Self::InSync => "in-sync",
        }
    }

    pub fn sigil(self) -> &'static str {
        match self {
            Self::Failing => "✗",
            Self::Blocked => "⊘",
            Self::NotKnown => "?",
            Self::Held => "!",
            Self::Overdue => "◷",
            Self::OutOfSync => "~",
            Self::NotSeen => "…",
            Self::InSync => "✓",
        }
    }

    pub fn tone(self) -> Tone {
        match self {
            Self::Failing | Self::Blocked | Self::NotKnown => Tone::Bad,
            Self::Held | Self::Overdue | Self::OutOfSync => Tone::Careful,
            Self::NotSeen => Tone::Quiet,
            Self::InSync => Tone::Good,
        }
    }

    /// Whether nothing gets better by waiting.
    pub fn needs_a_person(self) -> bool {
        self <= Self::Overdue
    }
}

pub(super) fn of_cluster(cluster: &ClusterState, look: &Look) -> State {
    match cluster.breaker {
        Breaker::Open { .. } => State::Failing,
        Breaker::Closed => of_passes(&cluster.passes, look),
    }
}

pub fn of_vault(vault: &VaultState, look: &Look) -> State {
    match &vault.health {
        Some(Err(_)) => State::Failing,
        Some(Ok(health)) if health.sealed || !health.initialized => State::Failing,
        Some(Ok(_)) | None => of_passes(&vault.passes, look),
    }
}

fn of_passes(passes: &Passes, look: &Look) -> State {
    let Some(pass) = &passes.last else {
        return State::NotSeen;
    };
    match pass.end {
        PassEnd::Deadline | PassEnd::Panicked | PassEnd::Skipped => return State::Failing,
        PassEnd::Done | PassEnd::Stopped => {}
    }
    let overdue = look.is_overdue(pass.began).then_some(State::Overdue);
    let found = pass.findings.iter().map(|finding| of(&finding.standing));
    found.chain(overdue).min().unwrap_or(State::InSync)
}

/// What one finding makes of its scope.
fn of(standing: &Standing) -> State {
    match standing {
        Standing::Unread(failure) if failure.is_of_one_object() => State::NotKnown,
        Standing::Unread(_) => State::Failing,
        Standing::Blocked { .. } => State::Blocked,
        Standing::Held { .. } => State::Held,
        Standing::ToChange(_) | Standing::Waiting { .. } => State::OutOfSync,
    }
}

/// `None`: no pass saw it yet.
pub fn of_secret(state: Option<&SecretState>) -> State {
    match state {
        None => State::NotSeen,
        Some(SecretState::InSync) => State::InSync,
        Some(SecretState::OutOfSync(_)) => State::OutOfSync,
        Some(SecretState::Failed { .. }) => State::Blocked,
        Some(SecretState::NotKnown { .. }) => State::NotKnown,
    }
}
