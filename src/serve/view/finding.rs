//! What is not as declared, with its scope and since when.

use super::Look;
use super::select::Words;
use crate::drift::{Difference, Finding, Standing};
use crate::plan::{Cause, Scope};
use crate::serve::board::Passes;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A finding as it is listed.
#[derive(Clone, Copy)]
pub struct Found<'a> {
    pub finding: &'a Finding,
    /// Since when this process sees it.
    pub seen: Option<Timestamp>,
    /// When it was seen last, where the last pass could not look at it.
    pub unseen: Option<Timestamp>,
    /// How many more objects are not known for the very same failure.
    pub alike: usize,
    /// Whether these are all of one kind.
    pub of_one_kind: bool,
}

/// What a finding is, in one word: why it is there, or what keeps it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    NotKnown,
    Blocked,
    Held,
    Waiting,
    Drift,
    Rotation,
    Pending,
    Adopt,
    /// The server does not tell git from a hand.
    Changed,
}

impl Topic {
    pub const ALL: [Self; 9] = [
        Self::NotKnown,
        Self::Blocked,
        Self::Held,
        Self::Waiting,
        Self::Drift,
        Self::Rotation,
        Self::Pending,
        Self::Adopt,
        Self::Changed,
    ];

    pub fn of(finding: &Finding) -> Self {
        match &finding.standing {
            Standing::Unread(_) => Self::NotKnown,
            Standing::Blocked { .. } => Self::Blocked,
            Standing::Held { .. } => Self::Held,
            Standing::Waiting { .. } => Self::Waiting,
            Standing::ToChange(difference) => match difference.cause {
                Cause::Drift { .. } => Self::Drift,
                Cause::Rotation { .. } => Self::Rotation,
                Cause::Pending => Self::Pending,
                Cause::Adopt => Self::Adopt,
                Cause::Unrecorded => Self::Changed,
            },
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::NotKnown => "not known",
            _ => self.slug(),
        }
    }

    pub fn slug(self) -> &'static str {
        match self {
            Self::NotKnown => "not-known",
            Self::Blocked => "blocked",
            Self::Held => "held",
            Self::Waiting => "waiting",
            Self::Drift => "drift",
            Self::Rotation => "rotation",
            Self::Pending => "pending",
            Self::Adopt => "adopt",
            Self::Changed => "changed",
        }
    }
}

/// How many findings there are of each topic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally([usize; Topic::ALL.len()]);

impl Tally {
    pub fn of<'a>(findings: impl IntoIterator<Item = Found<'a>>) -> Self {
        let mut tally = Self::default();
        for found in findings {
            tally.0[found.topic() as usize] += 1 + found.alike;
        }
        tally
    }

    pub fn add(&mut self, other: &Self) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum += more;
        }
    }

    pub fn get(&self, topic: Topic) -> usize {
        self.0[topic as usize]
    }

    pub fn all(&self) -> usize {
        self.0.iter().sum()
    }

    /// Those that there are, worst first.
    pub fn iter(&self) -> impl Iterator<Item = (Topic, usize)> {
        let each = Topic::ALL.into_iter().zip(self.0);
        each.filter(|(_, number)| *number > 0)
    }
}

/// Everything that is found, each by itself, of Vaults first.
pub fn findings(look: &Look) -> impl Iterator<Item = Found<'_>> {
    let vaults = look.known.vaults.values().map(|vault| &vault.passes);
    let clusters = look.known.clusters.values().map(|cluster| &cluster.passes);
    vaults.chain(clusters).flat_map(of)
}

/// What stands after the last pass of a scope, each by itself.
pub fn of(passes: &Passes) -> impl Iterator<Item = Found<'_>> {
    let found = passes.last.iter().flat_map(|pass| &pass.findings);
    found.map(|finding| {
        let is_unread = matches!(finding.standing, Standing::Unread(_));
        let unseen = passes.unseen_since(&finding.target);
        Found {
            finding,
            seen: passes.first_seen.get(&finding.target).copied(),
            unseen: unseen.filter(|_| !is_unread),
            alike: 0,
            of_one_kind: true,
        }
    })
}

/// As rows: what is not known for one and the same failure is one.
pub fn in_rows<'a>(found: impl Iterator<Item = Found<'a>>) -> Vec<Found<'a>> {
    let mut rows: Vec<Found<'a>> = Vec::new();
    let mut of_failure = BTreeMap::new();
    for one in found {
        let Standing::Unread(failure) = &one.finding.standing else {
            rows.push(one);
            continue;
        };
        let key = (
            &one.finding.target.scope,
            failure.class,
            failure.status,
            &failure.why,
        );
        let row = *of_failure.entry(key).or_insert(rows.len());
        match rows.get_mut(row) {
            Some(row) => row.take_in(one),
            None => rows.push(one),
        }
    }
    rows
}

/// Which findings a reader wants; what is empty does not matter.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    pub words: Words,
    /// The slug of a topic.
    pub topic: String,
    pub cause: String,
    /// The word of a kind of object.
    pub kind: String,
    pub cluster: String,
    pub vault: String,
}

/// The findings that a reader wants, worst first.
pub fn narrowed<'a>(look: &'a Look, wish: &Wish) -> Vec<Found<'a>> {
    let mut found = in_rows(findings(look).filter(|found| wish.is_met(*found)));
    found.sort_by_key(|found| found.topic());
    found
}

impl Wish {
    fn is_met(&self, found: Found<'_>) -> bool {
        let is = |wanted: &str, is: &str| wanted.is_empty() || wanted == is;
        let target = &found.finding.target;
        let in_scope = match &target.scope {
            Scope::Vault(name) => self.cluster.is_empty() && is(&self.vault, name.as_str()),
            Scope::Cluster(name) => self.vault.is_empty() && is(&self.cluster, name.as_str()),
        };
        in_scope
            && is(&self.topic, found.topic().slug())
            && is(&self.kind, target.kind.word())
            && is(&self.cause, found.finding.cause().map_or("", cause_word))
            && self.words.all(|word| {
                let name = target.name.to_lowercase();
                name.contains(word) || found.scope_name().contains(word)
            })
    }
}

impl<'a> Found<'a> {
    /// One more object of the same failure.
    fn take_in(&mut self, other: Self) {
        self.alike += 1;
        self.of_one_kind &= self.finding.target.kind == other.finding.target.kind;
        self.seen = self.seen.min(other.seen);
    }

    pub fn topic(self) -> Topic {
        Topic::of(self.finding)
    }

    pub fn difference(self) -> Option<&'a Difference> {
        match &self.finding.standing {
            Standing::ToChange(difference) | Standing::Held { difference, .. } => Some(difference),
            Standing::Waiting { .. } | Standing::Blocked { .. } | Standing::Unread(_) => None,
        }
    }

    /// The name of the cluster or Vault.
    pub fn scope_name(self) -> &'a str {
        match &self.finding.target.scope {
            Scope::Vault(name) => name.as_str(),
            Scope::Cluster(name) => name.as_str(),
        }
    }

    /// What it is about: `secret shop/mail`, `12 secrets`, or `14 objects` where they are of several kinds.
    pub fn object(self) -> String {
        let target = &self.finding.target;
        let number = self.alike + 1;
        match (self.alike, self.of_one_kind) {
            (0, _) => format!("{} {}", target.kind.word(), target.name),
            (_, true) => crate::report::count(number, target.kind.word()),
            (_, false) => crate::report::count(number, "object"),
        }
    }

    /// By whom, where the server tells.
    pub fn by(self) -> Option<&'a str> {
        match self.finding.cause()? {
            Cause::Drift { by, .. } => by.as_deref(),
            _ => None,
        }
    }

    /// Since when it is so: as the server says, or else as this process saw it first.
    pub fn since(self) -> Option<Timestamp> {
        let said = match self.finding.cause() {
            Some(Cause::Drift { since, .. }) => since.as_deref(),
            _ => None,
        };
        said.and_then(|said| said.parse().ok()).or(self.seen)
    }

    /// What is the matter, in a sentence or less.
    pub fn what(self) -> &'a str {
        match &self.finding.standing {
            Standing::ToChange(difference) | Standing::Held { difference, .. } => {
                &difference.summary
            }
            Standing::Waiting { summary, .. } => summary,
            Standing::Blocked { why, .. } => why,
            Standing::Unread(failure) => &failure.why,
        }
    }

    /// The same where nothing else is shown beside it: what has only fields to show says why it is held, or which they are.
    pub fn in_words(self) -> String {
        if !self.what().is_empty() {
            return self.what().to_owned();
        }
        match &self.finding.standing {
            Standing::Held { why, .. } if !why.is_empty() => why[0].to_string(),
            _ => {
                let fields = self.finding.fields.iter();
                let names: Vec<_> = fields.map(|field| field.field.as_str()).collect();
                names.join(", ")
            }
        }
    }

    /// What to do about it.
    pub fn hint(self) -> Option<&'a str> {
        match &self.finding.standing {
            Standing::Blocked { hint, .. } => hint.as_deref(),
            Standing::Unread(failure) => failure.hint.as_deref(),
            Standing::Waiting { why, .. } => Some(why),
            Standing::ToChange(_) | Standing::Held { .. } => None,
        }
    }

    /// The status of the answer that said so.
    pub fn status(self) -> Option<u16> {
        match &self.finding.standing {
            Standing::Blocked { status, .. } => *status,
            Standing::Unread(failure) => failure.status,
            _ => None,
        }
    }
}

/// Who moved, in one word.
pub fn cause_word(cause: &Cause) -> &'static str {
    match cause {
        Cause::Pending => "pending",
        Cause::Drift { .. } => "drift",
        Cause::Rotation { .. } => "rotation",
        Cause::Adopt => "adopt",
        Cause::Unrecorded => "unrecorded",
    }
}
