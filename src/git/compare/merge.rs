use std::collections::{BTreeMap, BTreeSet, HashMap};

use git2::{MergeOptions, Odb, Oid};

use super::aside::{Aside, number};
use super::changes::differing;
use crate::git::files::{Collector, prefixes};
use crate::git::tree::{self, Kind, Leaf, Leaves, damaged};
use crate::git::{Error, Limits};

/// Files that no repository holds, by the ids that git would give them.
pub(super) type Contents = HashMap<Oid, Vec<u8>>;

/// What merging gives.
pub(super) struct Merged {
    pub(super) leaves: Leaves,
    pub(super) contents: Contents,
    /// The paths that somebody has to decide about.
    pub(super) conflicts: BTreeSet<String>,
}

/// How many files may be gone or new on a side for libgit2 to look for similar ones.
const RENAMES: u32 = 400;

/// Bytes of one file, and of all files, that both sides changed and that are merged line by line: made for it, large ones take
/// very long. What is beyond is a conflict, which somebody has to look at anyway.
const BY_LINES: u64 = 256 << 10;
const ALL_BY_LINES: u64 = 16 << 20;

/// Merges what differs from the ancestor on either side, in memory. What is too big to be read, and what is no file, is
/// taken from the side that changed it, and is a conflict where both did.
pub(super) fn merge(
    odb: &Odb<'_>,
    sides @ [ancestor, ours, theirs]: [&Leaves; 3],
    limits: &Limits,
) -> Result<Merged, Error> {
    let mut paths: Vec<&str> = Vec::new();
    for side in [ours, theirs] {
        paths.extend(differing(ancestor, side).map(|(path, ..)| path));
    }
    paths.sort_unstable();
    paths.dedup();
    let mut merged = Merged {
        leaves: ours.clone(),
        contents: Contents::new(),
        conflicts: BTreeSet::new(),
    };
    let mut table = Table::new(odb, limits)?;
    let mut trees: [Vec<(usize, Oid)>; 3] = Default::default();
    for (number, path) in paths.iter().enumerate() {
        merged.leaves.remove(*path);
        let leaves = sides.map(|side| side.get(*path));
        let [before, our, their] = leaves;
        let by_both = before != our && before != their && our != their;
        for (leaf, tree) in leaves.into_iter().zip(&mut trees) {
            if let Some(leaf) = leaf {
                tree.push((number, table.lay(path, *leaf, by_both)?));
            }
        }
    }
    table
        .merge(trees, &paths, &mut merged)
        .map_err(|e| damaged("", e))?;
    merged.find_files_in_the_way_of_directories(&paths);
    Ok(merged)
}

/// Reads what was listed, and what merging made of it.
pub(super) fn read(
    odb: &Odb<'_>,
    leaves: &Leaves,
    contents: &Contents,
    found: &mut Collector<'_>,
) -> Result<(), Error> {
    for (path, leaf) in leaves {
        match contents.get(&leaf.id) {
            Some(content) if found.admit(path, content.len() as u64)? => {
                found.file(path.clone(), leaf.id, content);
            }
            Some(_) => {}
            None => tree::read_leaf(odb, path, *leaf, found)?,
        }
    }
    Ok(())
}

/// Where the files of all sides are laid out to be merged.
struct Table<'t> {
    odb: &'t Odb<'t>,
    limits: &'t Limits,
    aside: Aside,
    bytes: u64,
    bytes_by_both: u64,
    /// What stands for something, by its id there.
    laid: BTreeMap<Oid, Leaf>,
}

impl<'t> Table<'t> {
    fn new(odb: &'t Odb<'t>, limits: &'t Limits) -> Result<Self, Error> {
        Ok(Self {
            odb,
            limits,
            aside: Aside::new().map_err(|error| damaged("", error))?,
            bytes: 0,
            bytes_by_both: 0,
            laid: BTreeMap::new(),
        })
    }

    fn lay(&mut self, path: &str, leaf: Leaf, by_both: bool) -> Result<Oid, Error> {
        let as_git = |error| damaged(path, error);
        let id = match self.content(path, leaf, by_both)? {
            Some(content) => self.aside.blob(content.data()),
            // With a NUL byte it is like nothing else, and never merged line by line.
            None => self
                .aside
                .blob(format!("\0{:?} {}", leaf.kind, leaf.id).as_bytes()),
        };
        let id = id.map_err(as_git)?;
        self.laid.insert(id, leaf);
        Ok(id)
    }

    fn content(
        &mut self,
        path: &str,
        leaf: Leaf,
        by_both: bool,
    ) -> Result<Option<git2::OdbObject<'t>>, Error> {
        if leaf.kind != Kind::File {
            return Ok(None);
        }
        let header = self.odb.read_header(leaf.id);
        let size = header.map_err(|error| damaged(path, error))?.0 as u64;
        self.bytes += size;
        self.bytes_by_both += if by_both { size } else { 0 };
        if size > self.limits.file_bytes
            || self.bytes > self.limits.total_bytes
            || by_both && (size > BY_LINES || self.bytes_by_both > ALL_BY_LINES)
        {
            return Ok(None);
        }
        let object = self.odb.read(leaf.id);
        object.map(Some).map_err(|error| damaged(path, error))
    }

    fn merge(
        &self,
        trees: [Vec<(usize, Oid)>; 3],
        paths: &[&str],
        merged: &mut Merged,
    ) -> Result<(), git2::Error> {
        let repository = self.aside.repository();
        let [ancestor, ours, theirs] = trees.map(|files| self.aside.tree(files.into_iter()));
        let mut options = MergeOptions::new();
        options
            .find_renames(true)
            .target_limit(RENAMES)
            .skip_reuc(true);
        let index = repository.merge_trees(&ancestor?, &ours?, &theirs?, Some(&options))?;
        let odb = repository.odb()?;
        for entry in index.iter() {
            let Some(path) = number(&entry.path).and_then(|number| paths.get(number)) else {
                continue;
            };
            let path = (*path).to_owned();
            // Bits 12 and 13 are the stage: not zero for a side of a conflict.
            if entry.flags & 0x3000 != 0 {
                merged.conflicts.insert(path);
                continue;
            }
            let leaf = if let Some(laid) = self.laid.get(&entry.id) {
                *laid
            } else {
                let content = odb.read(entry.id)?;
                merged.contents.insert(entry.id, content.data().to_vec());
                let (kind, id) = (Kind::File, entry.id);
                Leaf { kind, id }
            };
            merged.leaves.insert(path, leaf);
        }
        Ok(())
    }
}

impl Merged {
    /// One side has made a directory of what is a file on the other.
    fn find_files_in_the_way_of_directories(&mut self, paths: &[&str]) {
        for path in paths.iter().filter(|path| self.leaves.contains_key(**path)) {
            let above = prefixes(path).filter(|prefix| prefix.len() < path.len());
            let above = above.filter(|prefix| self.leaves.contains_key(*prefix));
            let below = format!("{path}/");
            let first = self.leaves.range(below.clone()..).next();
            let below = first.is_some_and(|(other, _)| other.starts_with(&below));
            let in_the_way = above
                .map(str::to_owned)
                .chain(below.then(|| (*path).to_owned()));
            self.conflicts.extend(in_the_way.collect::<Vec<_>>());
        }
    }
}
