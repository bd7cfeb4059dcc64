//! What several pages show: the sign of a state, addresses, and findings as rows.

use super::age::{Age, age};
use crate::plan::{Action, FieldChange, Kind, Scope, Target};
use crate::serve::board::{Passes, Permission};
use crate::serve::view::{Found, Paged, State, Tone, Topic, cause_word};
use crate::serve::web::ask::{Ask, Segment};
use askama::filters::Safe;
use jiff::Timestamp;
use std::fmt;

/// How many field changes are shown of one object before the rest is counted.
const SHOWN_FIELDS: usize = 40;
/// More are folded away until somebody wants them.
const UNFOLDED: usize = 3;

/// A state with its sign. The sign is not read out, the word is.
pub(super) struct Badge {
    tone: Tone,
    sigil: &'static str,
    word: &'static str,
}

/// Markup of our own: fixed words only.
pub(super) fn badge(state: &State) -> Safe<Badge> {
    Safe(Badge {
        tone: state.tone(),
        sigil: state.sigil(),
        word: state.word(),
    })
}

impl fmt::Display for Badge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tone, sigil, word) = (tone(self.tone), self.sigil, self.word);
        write!(
            formatter,
            "<span class=\"badge {tone}\"><span aria-hidden=\"true\">{sigil}</span> {word}</span>"
        )
    }
}

pub(super) fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Careful => "careful",
        Tone::Bad => "bad",
        Tone::Quiet => "quiet",
    }
}

pub(super) fn cluster_link(name: &str) -> String {
    format!("/clusters/{}", Segment(name))
}

pub(super) fn vault_link(name: &str) -> String {
    format!("/vaults/{}", Segment(name))
}

pub(super) fn scope_link(scope: &Scope) -> String {
    match scope {
        Scope::Vault(name) => vault_link(name.as_str()),
        Scope::Cluster(name) => cluster_link(name.as_str()),
    }
}

pub(super) fn secret_link(cluster: &str, namespace: &str, name: &str) -> String {
    format!(
        "{}/secrets/{}/{}",
        cluster_link(cluster),
        Segment(namespace),
        Segment(name)
    )
}

/// The page of a Secret; other objects have none.
fn target_link(target: &Target) -> Option<String> {
    match (&target.scope, target.kind, target.name.split_once('/')) {
        (Scope::Cluster(cluster), Kind::Secret, Some((namespace, name))) => {
            Some(secret_link(cluster.as_str(), namespace, name))
        }
        _ => None,
    }
}

/// A finding as a row, or as a section of its own.
pub(super) struct FindingRow<'a> {
    pub(super) found: Found<'a>,
    now: Timestamp,
}

impl<'a> FindingRow<'a> {
    pub(super) fn of(found: Found<'a>, now: Timestamp) -> Self {
        Self { found, now }
    }

    pub(super) fn topic(&self) -> &'static str {
        self.found.topic().word()
    }

    /// As the command line draws it: `+`, `~`, `-`; and what is no change.
    pub(super) fn sigil(&self) -> &'static str {
        match self.found.difference().map(|difference| difference.action) {
            Some(Action::Create) => "+",
            Some(Action::Update) => "~",
            Some(Action::Delete) => "−",
            None => match self.found.topic() {
                Topic::Waiting => "…",
                Topic::Blocked => "⊘",
                _ => "?",
            },
        }
    }

    pub(super) fn action(&self) -> &'static str {
        match self.found.difference().map(|difference| difference.action) {
            Some(Action::Create) => "create",
            Some(Action::Update) => "change",
            Some(Action::Delete) => "delete",
            None => "",
        }
    }

    pub(super) fn tone(&self) -> &'static str {
        tone(match self.found.topic() {
            Topic::NotKnown | Topic::Blocked => Tone::Bad,
            Topic::Held | Topic::Drift | Topic::Rotation => Tone::Careful,
            Topic::Waiting | Topic::Pending | Topic::Adopt | Topic::Changed => Tone::Quiet,
        })
    }

    pub(super) fn kind(&self) -> &'static str {
        self.found.finding.target.kind.word()
    }

    pub(super) fn name(&self) -> &'a str {
        &self.found.finding.target.name
    }

    /// Of several objects in one row.
    pub(super) fn objects(&self) -> Option<String> {
        (self.found.alike > 0).then(|| self.found.object())
    }

    pub(super) fn link(&self) -> Option<String> {
        target_link(&self.found.finding.target)
    }

    pub(super) fn unseen(&self) -> Option<Safe<Age>> {
        self.found.unseen.map(|at| age(at, self.now))
    }

    pub(super) fn scope_link(&self) -> String {
        scope_link(&self.found.finding.target.scope)
    }

    /// The cause, where the topic does not tell it: of what is held.
    pub(super) fn cause(&self) -> Option<&'static str> {
        let cause = self.found.finding.cause().map(cause_word);
        cause.filter(|_| self.found.topic() == Topic::Held)
    }

    pub(super) fn fields(&self) -> &'a [FieldChange] {
        let fields = &self.found.finding.fields;
        &fields[..fields.len().min(SHOWN_FIELDS)]
    }

    pub(super) fn more_fields(&self) -> usize {
        self.found.finding.fields.len().saturating_sub(SHOWN_FIELDS)
    }

    pub(super) fn folds(&self) -> bool {
        self.found.finding.fields.len() > UNFOLDED
    }

    pub(super) fn since(&self) -> Option<Safe<Age>> {
        self.found.since().map(|since| age(since, self.now))
    }

    pub(super) fn place(&self) -> String {
        let place = self.found.finding.place.as_ref();
        place
            .map(crate::diagnostics::Place::line)
            .unwrap_or_default()
    }
}

/// Where the pages before and after this one are.
pub(super) struct Turn {
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) total: usize,
}

impl Turn {
    pub(super) fn of<T>(page: &Paged<T>, ask: &Ask, path: &str) -> Self {
        let to = |number: usize| ask.link(path, &[("page", &number.to_string())]);
        Self {
            before: (page.number > 1).then(|| to(page.number - 1)),
            after: (page.number < page.pages).then(|| to(page.number + 1)),
            first: page.first,
            last: page.last(),
            total: page.total,
        }
    }
}

/// A choice of a form.
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) word: &'static str,
    pub(super) chosen: bool,
}

impl Choice {
    pub(super) fn of(value: &'static str, word: &'static str, asked: &str) -> Self {
        Self {
            value,
            word,
            chosen: value == asked,
        }
    }
}

/// What a scope may be done, in words.
pub(super) fn mode(passes: &Passes) -> String {
    match &passes.permission {
        Permission::Apply => "applies".to_owned(),
        Permission::ReportOnly { why } => format!("looks only: {why}"),
    }
}
