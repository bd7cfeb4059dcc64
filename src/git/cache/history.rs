use std::collections::{HashSet, VecDeque};
use std::fmt;

use git2::{Oid, Repository};
use serde::{Deserialize, Serialize};

/// How a commit stands to the one that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Relation {
    Same,
    /// It is the one that is held already.
    AsHeld,
    Forward,
    Rewritten(Rewrite),
}

/// In which way a branch was rewritten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rewrite {
    /// The new commit is an ancestor of the followed one.
    Backwards,
    /// Both come from one commit, where it is known.
    Sideways { common: Option<String> },
    /// They have no commit in common.
    Unrelated,
    /// The followed commit was not found, and the limits did not allow to look at everything.
    Unknown,
}

impl fmt::Display for Rewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backwards => f.write_str("it was set back to an earlier commit"),
            Self::Sideways { common: Some(id) } => {
                write!(f, "it was rewritten after {}", id.get(..7).unwrap_or(id))
            }
            Self::Sideways { common: None } => f.write_str("it was rewritten"),
            Self::Unrelated => f.write_str("its history has nothing in common with the one before"),
            Self::Unknown => f.write_str(
                "the followed commit is not among its newest ones, and its whole history is more than the limits `fetch_bytes` and `fetch_seconds` allow",
            ),
        }
    }
}

/// What is on the way from a commit to its ancestors, as far as the objects are there.
struct Walk {
    /// Each commit with its parents, nearest first.
    order: Vec<(Oid, Vec<Oid>)>,
    met: bool,
}

impl Walk {
    /// Goes back from `start`, no further than `steps`, or until `stop` is met.
    fn back(repository: &Repository, start: Oid, steps: usize, stop: Option<Oid>) -> Self {
        let mut walk = Self {
            order: Vec::new(),
            met: false,
        };
        let mut seen = HashSet::from([start]);
        let mut waiting = VecDeque::from([(start, 0)]);
        while let Some((id, step)) = waiting.pop_front() {
            if stop == Some(id) {
                walk.met = true;
                break;
            }
            let Some(parents) = parents(repository, id).filter(|_| step < steps) else {
                continue;
            };
            let new = parents.iter().filter(|parent| seen.insert(**parent));
            waiting.extend(new.map(|parent| (*parent, step + 1)));
            walk.order.push((id, parents));
        }
        walk
    }

    fn commits(&self) -> HashSet<Oid> {
        self.order.iter().map(|(id, _)| *id).collect()
    }

    /// Commits that are there, but not all of their parents.
    fn ends(&self) -> HashSet<Oid> {
        let commits = self.commits();
        let cut = |parents: &Vec<Oid>| parents.iter().any(|parent| !commits.contains(parent));
        let ends = self.order.iter().filter(|(_, parents)| cut(parents));
        ends.map(|(id, _)| *id).collect()
    }
}

/// As they are written in the commit: libgit2 leaves out those beyond the end of a shallow history.
fn parents(repository: &Repository, id: Oid) -> Option<Vec<Oid>> {
    let commit = repository.find_commit(id).ok()?;
    let header = commit.raw_header_bytes();
    let lines = header.split(|byte| *byte == b'\n');
    let ids = lines.filter_map(|line| std::str::from_utf8(line.strip_prefix(b"parent ")?).ok());
    Some(ids.filter_map(|id| Oid::from_str(id).ok()).collect())
}

/// How `tip` stands to `followed`, or nothing where more history is needed to tell.
pub(super) fn relation(repository: &Repository, followed: Oid, tip: Oid) -> Option<Relation> {
    if followed == tip {
        return Some(Relation::Same);
    }
    let new = Walk::back(repository, tip, usize::MAX, Some(followed));
    if new.met {
        return Some(Relation::Forward);
    }
    let old = Walk::back(repository, followed, usize::MAX, None);
    let known = old.commits();
    if known.contains(&tip) {
        return Some(Relation::Rewritten(Rewrite::Backwards));
    }
    if !new.ends().is_empty() {
        return None;
    }
    let common = new.order.iter().find(|(id, _)| known.contains(id));
    let whole = !known.is_empty() && old.ends().is_empty();
    Some(Relation::Rewritten(match common {
        None if whole => Rewrite::Unrelated,
        common => Rewrite::Sideways {
            common: common.map(|(id, _)| id.to_string()),
        },
    }))
}

/// The newest `steps` generations of commits, and those among them where the history then ends.
pub(super) fn newest(
    repository: &Repository,
    tips: &[Oid],
    steps: usize,
) -> (HashSet<Oid>, HashSet<Oid>) {
    let (mut commits, mut ends) = (HashSet::new(), HashSet::new());
    for tip in tips {
        let walk = Walk::back(repository, *tip, steps, None);
        commits.extend(walk.commits());
        ends.extend(walk.ends());
    }
    (commits, ends)
}
