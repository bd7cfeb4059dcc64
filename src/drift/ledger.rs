//! What was found when, and what became of it: the memory behind "new", "known" and "resolved".
//!
//! Promises: what could not be looked at is never resolved; what does not fit is counted, never dropped in silence; the order
//! in which scopes are looked at makes no difference. It counts looks instead of comparing times, so that a clock that is set
//! back makes nothing old or new. Deliberately absent: values, and the file that it is kept in.

mod book;
mod hidden;
mod room;
mod since;
mod telling;

use super::finding::{Finding, Written};
use super::item::{Item, Where};
use super::report::{Applied, Report, Resolved};
use crate::plan::{self, Cause, Scope};
use book::Book;
pub use hidden::still_standing;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The name and version of the shape of a kept ledger.
pub const LEDGER_SCHEMA: &str = "keyfleet.dev/ledger/v1";

/// The findings of all scopes, open and resolved, and what each schedule has told of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ledger {
    schema: String,
    began: Timestamp,
    /// Why there is nothing from before, where there should be.
    anew: Option<String>,
    /// How many looks there were: the clock of this ledger.
    looks: u64,
    books: BTreeMap<String, Book>,
    told: BTreeMap<String, Mark>,
    /// By which rule each schedule is due, and up to when it was kept.
    #[serde(default)]
    rules: BTreeMap<String, Rule>,
    totals: Totals,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Rule {
    text: String,
    /// When it was first known, or last told.
    kept: Timestamp,
}

/// How far a schedule has told: taken with the report, kept once it is delivered. What is found in between is news of the
/// next one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    look: u64,
    at: Timestamp,
    totals: Totals,
}

/// What is counted and not kept, from the beginning on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Totals {
    applied: Applied,
    /// Resolved findings that had to make room before they were told.
    forgotten: usize,
}

/// One pass over one scope, as far as the ledger is concerned.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    pub scope: &'a Scope,
    /// Names exactly what is declared here: see `declared_for_cluster`.
    pub declared: &'a str,
    pub revision: &'a str,
    /// Why the pass did not come to its end, where it did not: then nothing is known to be gone.
    pub unfinished: Option<&'a str>,
    /// When it was looked at.
    pub at: Timestamp,
    /// Whether the data of every Secret was compared, whatever its metadata says.
    pub full: bool,
    /// How many objects were compared.
    pub objects: usize,
    /// What is not as declared, after what was written.
    pub findings: &'a [Finding],
    pub notes: &'a [plan::Finding],
    pub written: &'a [Written],
}

impl Ledger {
    /// A ledger that remembers nothing. `anew` says why, where something should have been remembered.
    pub fn begin(now: Timestamp, anew: Option<String>) -> Self {
        Self {
            schema: LEDGER_SCHEMA.to_owned(),
            began: now,
            anew,
            looks: 0,
            books: BTreeMap::new(),
            told: BTreeMap::new(),
            rules: BTreeMap::new(),
            totals: Totals::default(),
        }
    }

    /// Whether this was written by a version that keeps it in the same shape.
    pub fn is_readable(&self) -> bool {
        self.schema == LEDGER_SCHEMA
    }

    /// Takes in what a pass found and wrote.
    pub fn observe(&mut self, look: &Look<'_>) {
        self.looks += 1;
        let number = self.looks;
        let totals = &mut self.totals;
        let book = self.books.entry(look.scope.to_string());
        let book = book.or_insert_with(|| Book::new(Where::from(look.scope)));
        book.take_written(look, number, totals);
        let items = look.findings.iter().map(Item::of);
        let items = items.chain(look.notes.iter().map(Item::of_note)).collect();
        book.take_found(look, number, items);
        self.make_room();
    }

    /// Who moved, of something that the last pass over this scope found; `None` where it is not remembered.
    pub fn cause_of(&self, scope: &Scope, finding: &Finding) -> Option<&Cause> {
        let book = self.books.get(&scope.to_string())?;
        let entry = book.open.get(&Item::of(finding).key())?;
        entry.item.cause.as_ref()
    }

    /// No pass was made, or it came to nothing: the breaker open, a fault. What is known of the scope stays as it is.
    pub fn not_looked_at(&mut self, scope: &Scope, why: &str, at: Timestamp) {
        let book = self.books.entry(scope.to_string());
        let book = book.or_insert_with(|| Book::new(Where::from(scope)));
        book.miss_all(why, at);
    }

    /// Closes what belongs to scopes that are not declared any more. Not to be called with scopes missing that only could
    /// not be read.
    pub fn keep_only(&mut self, scopes: &BTreeSet<Scope>, revision: &str, at: Timestamp) {
        self.looks += 1;
        let kept: BTreeSet<String> = scopes.iter().map(Scope::to_string).collect();
        let gone = self
            .books
            .iter_mut()
            .filter(|(name, _)| !kept.contains(*name));
        for (_, book) in gone {
            book.close_all(Resolved::Undeclared, revision, at, self.looks);
        }
        let told = self.told_by_all();
        self.books.retain(|name, book| {
            kept.contains(name) || book.closed.iter().any(|closed| closed.look > told)
        });
    }

    /// Forgets what is no part of this at all, and tells nothing of it: a narrower look at the same fleet.
    pub fn narrow_to(&mut self, scopes: &BTreeSet<Scope>) {
        let kept: BTreeSet<String> = scopes.iter().map(Scope::to_string).collect();
        self.books.retain(|name, _| kept.contains(name));
    }

    /// These are the schedules, each by the rule that says when it is due. One that is new, or due by another rule than before,
    /// is kept from now on: what it would have been due before was promised to nobody.
    pub fn keep_schedules(&mut self, rules: &BTreeMap<String, String>, now: Timestamp) {
        self.told.retain(|name, _| rules.contains_key(name));
        self.rules.retain(|name, _| rules.contains_key(name));
        for (name, text) in rules {
            let known = self.rules.get(name).filter(|rule| rule.text == *text);
            let kept = match (known, self.told.get(name)) {
                (Some(rule), _) => rule.kept,
                // Told by a version that did not remember the rule.
                (None, Some(mark)) if !self.rules.contains_key(name) => mark.at,
                (None, _) => now,
            };
            let text = text.clone();
            self.rules.insert(name.clone(), Rule { text, kept });
        }
    }

    /// Up to when nothing is owed of this schedule.
    pub fn kept(&self, schedule: &str) -> Option<Timestamp> {
        self.rules.get(schedule).map(|rule| rule.kept)
    }

    /// What to tell now, in the name of `about.schedule`. It is told again until [`Ledger::told`] is called.
    pub fn report(&self, about: super::About, now: Timestamp) -> Report {
        telling::report(self, about, now)
    }

    /// Everything that is known now.
    pub fn mark(&self, now: Timestamp) -> Mark {
        Mark {
            look: self.looks,
            at: now,
            totals: self.totals,
        }
    }

    /// This schedule has told everything up to there.
    pub fn told(&mut self, schedule: &str, up_to: Mark) {
        if let Some(rule) = self.rules.get_mut(schedule) {
            rule.kept = up_to.at;
        }
        self.told.insert(schedule.to_owned(), up_to);
        let told = self.told_by_all();
        let kept: Vec<String> = self.books.keys().cloned().collect();
        for name in kept {
            // A scope that left the repository was kept for its last word.
            let is_done = |book: &Book| {
                book.open.is_empty() && book.left && book.closed.iter().all(|one| one.look <= told)
            };
            if self.books.get(&name).is_some_and(is_done) {
                self.books.remove(&name);
            }
        }
    }

    /// The look up to which every schedule has told.
    fn told_by_all(&self) -> u64 {
        let marks = self.told.values().map(|mark| mark.look);
        marks.min().unwrap_or(0)
    }
}
