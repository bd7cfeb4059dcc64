use std::path::PathBuf;

use git2::{Odb, Oid, Tree};

use super::merge::{self, Contents};
use super::{Comparison, How, Pair, changes, others};
use crate::git::files::Collector;
use crate::git::local::{Located, subtree};
use crate::git::tree::{self, Leaves};
use crate::git::{Checkout, Error, Limits, Memory, Revision, directory};

/// How both sides are read.
pub(super) struct Reading<'r> {
    pub(super) located: &'r Located,
    pub(super) limits: &'r Limits,
    pub(super) wanted: &'r dyn Fn(&str) -> bool,
}

/// One side: what was found, as text and by git's ids.
pub(super) struct Side {
    pub(super) checkout: Checkout,
    pub(super) leaves: Leaves,
}

/// What is to be read.
enum Plan {
    Listed {
        commit: Oid,
        leaves: Leaves,
        /// What merging has made, which no repository holds.
        contents: Contents,
    },
    Standing(PathBuf),
}

impl Plan {
    fn of(commit: Oid, leaves: Leaves) -> Self {
        let contents = Contents::new();
        Self::Listed {
            commit,
            leaves,
            contents,
        }
    }
}

impl Reading<'_> {
    pub(super) fn compare(
        &self,
        pair: &Pair,
        name: &str,
        memory: &mut Memory,
    ) -> Result<Comparison, Error> {
        let odb = self.located.repository.odb();
        let odb = odb.map_err(|error| tree::damaged("", error))?;
        self.check_directory(pair)?;
        let (how, before, after) = self.plan(pair, &odb)?;
        // What either side has is kept for the next time, and read once.
        let (base, kept) = self.read(before, name, &odb, memory, Memory::default())?;
        let (head, kept) = self.read(after, name, &odb, memory, kept)?;
        *memory = kept;
        let changes = changes::between(&base, &head, self.wanted);
        Ok(Comparison {
            base_name: pair.base_name.clone(),
            head_name: pair.head_name.clone(),
            head_commit: pair.head.to_string(),
            changes: changes.map_err(|error| tree::damaged("", error))?,
            others: self.others(pair)?,
            base: base.checkout,
            head: head.checkout,
            how,
        })
    }

    /// Which files are on which side.
    fn plan(&self, pair: &Pair, odb: &Odb<'_>) -> Result<(How, Plan, Plan), Error> {
        let fork = pair.fork.to_string();
        if let Some(root) = &pair.standing {
            let before = Plan::of(pair.fork, self.list(pair.fork)?);
            let how = How::WorkingTree { fork };
            return Ok((how, before, Plan::Standing(root.clone())));
        }
        let ours = self.list(pair.base)?;
        if pair.fork == pair.head {
            let after = Plan::of(pair.head, ours.clone());
            return Ok((How::Contained, Plan::of(pair.base, ours), after));
        }
        let theirs = self.list(pair.head)?;
        if pair.fork == pair.base {
            let after = Plan::of(pair.head, theirs);
            return Ok((How::Ahead, Plan::of(pair.base, ours), after));
        }
        let ancestor = self.list(pair.fork)?;
        let merged = merge::merge(odb, [&ancestor, &ours, &theirs], self.limits)?;
        if merged.conflicts.is_empty() {
            let after = Plan::Listed {
                commit: pair.head,
                leaves: merged.leaves,
                contents: merged.contents,
            };
            return Ok((How::Merged, Plan::of(pair.base, ours), after));
        }
        let paths = merged.conflicts.into_iter().collect();
        let how = How::Conflicts { fork, paths };
        let before = Plan::of(pair.fork, ancestor);
        Ok((how, before, Plan::of(pair.head, theirs)))
    }

    /// The directory that was asked for may be new, or gone, but not unknown to both.
    fn check_directory(&self, pair: &Pair) -> Result<(), Error> {
        if pair.standing.is_some()
            || self.tree(pair.base)?.is_some()
            || self.tree(pair.head)?.is_some()
        {
            return Ok(());
        }
        Err(Error::NoDirectory {
            directory: self.located.prefix.clone(),
            place: pair.place.clone(),
            revision: pair.head.to_string(),
        })
    }

    /// What of a commit lies below that directory.
    fn tree(&self, commit: Oid) -> Result<Option<Tree<'_>>, Error> {
        let commit = self.located.repository.find_commit(commit);
        let commit = commit.map_err(|error| tree::damaged("", error))?;
        subtree(self.located, &commit)
    }

    /// What matters of it.
    fn list(&self, commit: Oid) -> Result<Leaves, Error> {
        let nothing = Memory::default();
        let mut found = Collector::new(self.limits, self.wanted, &nothing);
        match self.tree(commit)? {
            Some(tree) => tree::list(&self.located.repository, &tree, &mut found),
            None => Ok(Leaves::new()),
        }
    }

    fn read(
        &self,
        plan: Plan,
        name: &str,
        odb: &Odb<'_>,
        before: &Memory,
        kept: Memory,
    ) -> Result<(Side, Memory), Error> {
        let mut found = Collector::going_on(self.limits, self.wanted, before, kept);
        let (revision, leaves) = match plan {
            Plan::Standing(root) => directory::read(&root, Some(self.located), &mut found)?,
            Plan::Listed {
                commit,
                leaves,
                contents,
            } => {
                merge::read(odb, &leaves, &contents, &mut found)?;
                let commit = Some(commit.to_string());
                let edited = false;
                (Revision { commit, edited }, leaves)
            }
        };
        let (files, problems, kept) = found.finish();
        let checkout = Checkout {
            name: name.to_owned(),
            revision,
            files,
            problems,
        };
        Ok((Side { checkout, leaves }, kept))
    }

    fn others(&self, pair: &Pair) -> Result<usize, Error> {
        let repository = &self.located.repository;
        if pair.standing.is_some() {
            let fork = repository.find_commit(pair.fork);
            let fork = fork.and_then(|commit| commit.tree());
            let fork = fork.map_err(|error| tree::damaged("", error))?;
            return others::on_disk(self.located, &fork, self.wanted);
        }
        let (before, after) = (self.tree(pair.fork)?, self.tree(pair.head)?);
        others::between(repository, before.as_ref(), after.as_ref(), self.wanted)
    }
}
