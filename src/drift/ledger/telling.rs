//! What of the ledger is news since a schedule last told, and the ledger that an earlier report gives.

use super::book::{Book, Closed, Entry, LastLook};
use super::{Ledger, Mark, Totals};
use crate::drift::item::Class;
use crate::drift::report::{
    About, Counts, LeftOut, REPORT_SCHEMA, Report, Resolution, ScopeLine, Since, State, Told,
    ToldBy,
};
use jiff::Timestamp;
use std::collections::BTreeMap;

pub(super) fn report(ledger: &Ledger, about: About, now: Timestamp) -> Report {
    let schedule = about.schedule.as_deref().unwrap_or_default();
    let mark = ledger.told.get(schedule);
    let told = mark.map_or(0, |mark| mark.look);
    let mut findings: Vec<Told> = ledger
        .books
        .values()
        .flat_map(|book| of_book(book, told))
        .collect();
    findings.sort_by(|left, right| order(left).cmp(&order(right)));
    let books = ledger.books.values();
    let scopes: Vec<_> = books.filter(|book| !book.left).map(scope_line).collect();
    let before = mark.map_or(Totals::default(), |mark| mark.totals);
    Report {
        schema: REPORT_SCHEMA.to_owned(),
        made: now,
        since: mark.map(|mark| mark.at),
        began: ledger.began,
        anew: ledger.anew.clone().filter(|_| mark.is_none()),
        counts: Counts::of(&findings, &scopes),
        scopes,
        findings,
        applied: ledger.totals.applied.since(before.applied),
        left_out: LeftOut {
            open: ledger.books.values().map(|book| book.overflow).sum(),
            resolved: ledger.totals.forgotten.saturating_sub(before.forgotten),
        },
        about,
    }
}

/// What stands before what was resolved, then the worst and the newest first.
fn order(told: &Told) -> impl Ord {
    let is_resolved = told.state == State::Resolved;
    (
        is_resolved,
        told.class,
        told.severity,
        told.state,
        told.scope.clone(),
        told.item.object.clone(),
        told.item.what,
        told.key.clone(),
    )
}

fn scope_line(book: &Book) -> ScopeLine {
    let last = book.last.as_ref();
    ScopeLine {
        scope: book.scope.clone(),
        looked_at: last.map(|last| last.at),
        revision: last.map(|last| last.revision.clone()),
        declared: last.map(|last| last.declared.clone()),
        objects: last.map_or(0, |last| last.objects),
        missed: book.missed.clone(),
    }
}

/// Each finding once: what stands again was not resolved, only found several times.
fn of_book(book: &Book, told: u64) -> Vec<Told> {
    let mut resolved: BTreeMap<String, (&Closed, usize)> = BTreeMap::new();
    let news = book.closed.iter().filter(|closed| closed.look > told);
    for closed in news {
        let key = closed.key.clone();
        let (last, times) = resolved.entry(key).or_insert((closed, 0));
        *last = closed;
        *times += closed.times;
    }
    let mut all: Vec<Told> = Vec::new();
    for (key, entry) in &book.open {
        let before = resolved.remove(key).map_or(0, |(_, times)| times);
        all.push(standing(book, entry, told, before + 1));
    }
    let gone = resolved.into_values();
    all.extend(gone.map(|(closed, times)| Told {
        state: State::Resolved,
        times,
        resolved: Some(Resolution {
            how: closed.how,
            at: closed.at,
            revision: closed.revision.clone(),
        }),
        unseen: false,
        ..standing(book, &closed.entry, told, 1)
    }));
    all
}

fn standing(book: &Book, entry: &Entry, told: u64, times: usize) -> Told {
    let state = if entry.first_look > told {
        State::New
    } else {
        State::Known
    };
    let edited = entry.edited.as_ref().filter(|edited| edited.look > told);
    Told {
        key: entry.item.key(),
        state,
        class: entry.item.class(),
        severity: entry.item.severity(),
        item: entry.item.clone(),
        scope: book.scope.clone(),
        since: since(entry),
        first_seen: entry.first_seen,
        last_seen: entry.last_seen,
        edited_again: edited.map(|edited| edited.at),
        times,
        resolved: None,
        unseen: entry.hidden,
    }
}

fn since(entry: &Entry) -> Since {
    let after = entry
        .good_until
        .filter(|_| matches!(entry.item.class(), Class::Drift | Class::Unclear));
    match entry.server_since {
        Some(at) => Since {
            at,
            told_by: ToldBy::Server,
            after: None,
        },
        None => Since {
            at: entry.first_seen,
            told_by: ToldBy::FirstSeen,
            after,
        },
    }
}

impl Ledger {
    /// The ledger as it was when this report was made, having told it: what is found now is new or known against it.
    pub fn from_report(report: &Report) -> Self {
        let mut ledger = Self::begin(report.began, None);
        ledger.looks = 1;
        for line in &report.scopes {
            let mut book = Book::new(line.scope.clone());
            book.missed.clone_from(&line.missed);
            book.last = last_look(line);
            let declared = line.declared.clone().unwrap_or_default();
            let here = report.standing().filter(|told| told.scope == line.scope);
            book.open = here
                .map(|told| (told.key.clone(), entry(told, &declared)))
                .collect();
            ledger.books.insert(line.scope.to_string(), book);
        }
        let mark = Mark {
            look: 1,
            at: report.made,
            totals: Totals::default(),
        };
        ledger.told.insert(String::new(), mark);
        ledger
    }
}

fn last_look(line: &ScopeLine) -> Option<LastLook> {
    Some(LastLook {
        at: line.looked_at?,
        declared: line.declared.clone()?,
        revision: line.revision.clone()?,
        objects: line.objects,
    })
}

fn entry(told: &Told, declared: &str) -> Entry {
    Entry {
        first_look: 1,
        first_seen: told.first_seen,
        last_seen: told.last_seen,
        good_until: told.since.after,
        server_since: (told.since.told_by == ToldBy::Server).then_some(told.since.at),
        edited: None,
        hidden: told.unseen,
        full: false,
        declared: declared.to_owned(),
        item: told.item.clone(),
    }
}
