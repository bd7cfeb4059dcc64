//! The findings of one scope.

use super::hidden::Hidden;
use super::room::{MOST_OPEN, fold};
use super::{Look, Totals};
use crate::drift::cause::{self, Before};
use crate::drift::item::{Class, Item, What, Where};
use crate::drift::report::{Missed, Resolved};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Book {
    pub(super) scope: Where,
    /// The last look that saw everything.
    pub(super) last: Option<LastLook>,
    /// Since when and why it, or a part of it, is not looked at.
    pub(super) missed: Option<Missed>,
    /// Whether it left the repository.
    pub(super) left: bool,
    /// By what names the finding.
    pub(super) open: BTreeMap<String, Entry>,
    pub(super) closed: Vec<Closed>,
    /// Findings of the last look for which there was no room.
    pub(super) overflow: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LastLook {
    pub(super) at: Timestamp,
    pub(super) declared: String,
    pub(super) revision: String,
    pub(super) objects: usize,
}

/// A finding that stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    pub(super) item: Item,
    pub(super) first_look: u64,
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Timestamp,
    /// When it was last seen as declared.
    pub(super) good_until: Option<Timestamp>,
    /// The earliest time that the server told of.
    pub(super) server_since: Option<Timestamp>,
    /// When it was seen to differ in another way than before.
    pub(super) edited: Option<Edited>,
    /// Something keeps it from being looked at.
    pub(super) hidden: bool,
    /// Only looks that compare all data have seen it.
    pub(super) full: bool,
    pub(super) declared: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Edited {
    pub(super) look: u64,
    pub(super) at: Timestamp,
}

/// A finding that stands no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Closed {
    /// What names the finding.
    pub(super) key: String,
    pub(super) entry: Entry,
    pub(super) how: Resolved,
    pub(super) at: Timestamp,
    pub(super) look: u64,
    pub(super) revision: String,
    /// How many findings of the same name this stands for.
    pub(super) times: usize,
}

impl Entry {
    fn new(item: Item, look: &Look<'_>, number: u64, good_until: Option<Timestamp>) -> Self {
        Self {
            first_look: number,
            first_seen: look.at,
            last_seen: look.at,
            good_until,
            server_since: super::since::told_by_server(&item, look.at),
            edited: None,
            hidden: false,
            full: look.full,
            declared: look.declared.to_owned(),
            item,
        }
    }

    /// It is still there, perhaps edited once more.
    fn see(&mut self, item: Item, look: &Look<'_>, number: u64) {
        let is_drift = item.class() == Class::Drift;
        if is_drift && (item.fields != self.item.fields || item.cause != self.item.cause) {
            self.edited = Some(Edited {
                look: number,
                at: super::since::told_by_server(&item, look.at).unwrap_or(look.at),
            });
        }
        self.last_seen = look.at;
        self.full &= look.full;
        self.hidden = false;
        look.declared.clone_into(&mut self.declared);
        self.item = item;
    }
}

impl Book {
    pub(super) fn new(scope: Where) -> Self {
        Self {
            scope,
            last: None,
            missed: None,
            left: false,
            open: BTreeMap::new(),
            closed: Vec::new(),
            overflow: 0,
        }
    }

    /// What the pass found and put right at once.
    pub(super) fn take_written(&mut self, look: &Look<'_>, number: u64, totals: &mut Totals) {
        let good_until = self.good_until();
        for written in look.written.iter().filter(|it| it.failure.is_none()) {
            let item = self.with_exact_cause(Item::of(&written.finding), look);
            let entry = if let Some(mut entry) = self.open.remove(&item.key()) {
                entry.see(item, look, number);
                entry
            } else if matches!(item.class(), Class::Drift | Class::Unclear) {
                Entry::new(item, look, number, good_until)
            } else {
                // A change of git that was made at once is how it is meant to be: it is counted.
                totals.applied.add(item.class());
                continue;
            };
            self.close(entry, Resolved::Written, look.revision, written.at, number);
        }
    }

    /// What is found after that; what is not found any more is resolved, where it was looked at.
    pub(super) fn take_found(&mut self, look: &Look<'_>, number: u64, items: Vec<Item>) {
        let hidden = Hidden::behind(&items, look.unfinished);
        let good_until = self.good_until();
        let found: BTreeMap<String, Item> = items
            .into_iter()
            .map(|item| self.with_exact_cause(item, look))
            .map(|item| (item.key(), item))
            .collect();
        self.close_what_is_gone(look, number, &hidden, &found);
        self.overflow = 0;
        for (key, item) in found {
            if let Some(entry) = self.open.get_mut(&key) {
                entry.see(item, look, number);
            } else if self.open.len() < MOST_OPEN {
                let entry = Entry::new(item, look, number, good_until);
                self.open.insert(key, entry);
            } else {
                self.overflow += 1;
            }
        }
        self.left = false;
        self.remember(look, &hidden);
    }

    fn close_what_is_gone(
        &mut self,
        look: &Look<'_>,
        number: u64,
        hidden: &Hidden,
        found: &BTreeMap<String, Item>,
    ) {
        let gone = |key: &String| !found.contains_key(key);
        let keys: Vec<String> = self.open.keys().filter(|key| gone(key)).cloned().collect();
        for key in keys {
            let Some(entry) = self.open.get_mut(&key) else {
                continue;
            };
            // A look at metadata does not show what only a look at all data has shown.
            let is_unseen = entry.full && !look.full && entry.item.what == What::Differs;
            if hidden.covers(&entry.item) || is_unseen {
                entry.hidden = !is_unseen;
                continue;
            }
            let Some(entry) = self.open.remove(&key) else {
                continue;
            };
            let how = if entry.declared == look.declared {
                Resolved::ByItself
            } else {
                Resolved::Revision
            };
            // That something is read again, or done waiting, is no news beside what it was.
            if !matches!(entry.item.what, What::Unread | What::Waiting) {
                self.close(entry, how, look.revision, look.at, number);
            }
        }
    }

    fn remember(&mut self, look: &Look<'_>, hidden: &Hidden) {
        if let Some(why) = hidden.why() {
            self.miss(why, look.at);
            // What was made meanwhile under other declarations must not be taken for a hand's work under the old ones.
            let last = self.last.as_mut();
            if let Some(last) = last.filter(|last| last.declared != look.declared) {
                last.declared.clear();
            }
            return;
        }
        self.missed = None;
        self.last = Some(LastLook {
            at: look.at,
            declared: look.declared.to_owned(),
            revision: look.revision.to_owned(),
            objects: look.objects,
        });
    }

    /// Nothing of it was looked at.
    pub(super) fn miss_all(&mut self, why: &str, at: Timestamp) {
        self.miss(why, at);
        for entry in self.open.values_mut() {
            entry.hidden = true;
        }
    }

    fn miss(&mut self, why: &str, at: Timestamp) {
        let since = self.missed.as_ref().map_or(at, |missed| missed.since);
        self.missed = Some(Missed {
            since,
            why: why.to_owned(),
        });
    }

    pub(super) fn close_all(&mut self, how: Resolved, revision: &str, at: Timestamp, number: u64) {
        self.left = true;
        self.missed = None;
        for (_, entry) in std::mem::take(&mut self.open) {
            if !matches!(
                entry.item.what,
                What::Unread | What::Waiting | What::Note | What::Missing
            ) {
                self.close(entry, how, revision, at, number);
            }
        }
    }

    fn close(&mut self, entry: Entry, how: Resolved, revision: &str, at: Timestamp, look: u64) {
        self.closed.push(Closed {
            key: entry.item.key(),
            entry,
            how,
            at,
            look,
            revision: revision.to_owned(),
            times: 1,
        });
        fold(&mut self.closed);
    }

    /// When everything but what stands was as declared.
    fn good_until(&self) -> Option<Timestamp> {
        self.last.as_ref().map(|last| last.at)
    }

    fn with_exact_cause(&self, item: Item, look: &Look<'_>) -> Item {
        let cause = cause::exact(&item, self.before(&item, look));
        Item { cause, ..item }
    }

    fn before(&self, item: &Item, look: &Look<'_>) -> Before<'_> {
        if let Some(entry) = self.open.get(&item.key()) {
            return Before::Found(&entry.item);
        }
        // What could not be made or read was not as declared, whatever else it was.
        let mut others = self.open.values();
        if self.overflow > 0 || others.any(|other| other.item.object == item.object) {
            return Before::Unknown;
        }
        match &self.last {
            None => Before::Unknown,
            Some(last) if last.declared == look.declared => Before::AsDeclared,
            Some(_) => Before::AsDeclaredOtherwise,
        }
    }
}
