//! What a look could not see: behind an object that could not be read, others may differ unseen.

use crate::drift::finding::{Finding, Standing};
use crate::drift::item::{Item, Object, What};
use crate::plan::{Kind, Target};
use std::collections::BTreeSet;

/// By this name the whole cluster is meant: nothing is compared with one that cannot be told to be the right one.
const WHOLE_CLUSTER: &str = "kube-system";
/// A list that could not be read.
const LIST: char = '*';

pub(super) struct Hidden {
    /// The objects that could not be read or settled.
    unsettled: Vec<(Object, What)>,
    /// Nobody knows how far the look came.
    everything: bool,
    why: Option<String>,
}

impl Hidden {
    /// What these findings keep from being seen, or all that an unfinished look did not find.
    pub(super) fn behind(items: &[Item], unfinished: Option<&str>) -> Self {
        let unread = items.iter().find(|item| item.what == What::Unread);
        let whole = items.iter().find(|item| is_whole_cluster(item));
        let is_unsettled =
            |item: &&Item| matches!(item.what, What::Unread | What::Blocked | What::Waiting);
        let unsettled = items.iter().filter(is_unsettled);
        Self {
            unsettled: unsettled
                .map(|item| (item.object.clone(), item.what))
                .collect(),
            everything: unfinished.is_some(),
            why: unfinished
                .or(whole.or(unread).map(|item| item.summary.as_str()))
                .map(str::to_owned),
        }
    }

    /// Why the look did not see everything.
    pub(super) fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }

    /// Whether this finding may stand, unseen.
    pub(super) fn covers(&self, item: &Item) -> bool {
        let mut unsettled = self.unsettled.iter();
        self.everything || unsettled.any(|(object, what)| hides(object, *what, item))
    }
}

/// What was found before and may stand unseen, since a look that found this did not come to it.
pub fn still_standing<'before>(
    before: &'before [Finding],
    found: &[Finding],
) -> impl Iterator<Item = &'before Finding> {
    let is_unread = |finding: &Finding| matches!(finding.standing, Standing::Unread(_));
    let items: Vec<Item> = found.iter().map(Item::of).collect();
    let hidden = Hidden::behind(&items, None);
    let settled = found.iter().filter(|it| !is_unread(it));
    let settled: BTreeSet<Target> = settled.map(|it| it.target.clone()).collect();
    before.iter().filter(move |it| {
        !is_unread(it) && !settled.contains(&it.target) && hidden.covers(&Item::of(it))
    })
}

fn is_whole_cluster(item: &Item) -> bool {
    matches!(item.what, What::Unread | What::Blocked)
        && item.object.kind == Some(Kind::Namespace)
        && item.object.name == WHOLE_CLUSTER
}

fn hides(object: &Object, what: What, item: &Item) -> bool {
    if object.kind == Some(Kind::Namespace) && object.name == WHOLE_CLUSTER {
        return true;
    }
    if *object == item.object {
        return true;
    }
    if what != What::Unread {
        return false;
    }
    match (object.kind, item.object.kind) {
        // Notes are read from lists, and nothing says which.
        (_, None) => true,
        // What is not declared any more is found in lists too.
        (Some(kind), Some(other))
            if item.what == What::Undeclared || object.name.ends_with(LIST) =>
        {
            kind <= other
        }
        // What stands on an object that could not be read was perhaps not looked at.
        (Some(kind), Some(other)) => kind < other,
        (None, Some(_)) => true,
    }
}
