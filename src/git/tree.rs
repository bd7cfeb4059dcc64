use std::collections::{BTreeMap, HashSet};

use git2::{Odb, Oid, Repository, Tree};

use super::files::{self, Collector, Problem};
use super::{Error, Revision, error::Cause, names};

pub(super) const DIRECTORY: i32 = 0o040_000;
const LINK: i32 = 0o120_000;
const SUBMODULE: i32 = 0o160_000;

/// What lies at a path, as far as it matters: a wanted file, or what may hide one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) kind: Kind,
    pub(super) id: Oid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Link,
    Submodule,
    /// A file or a directory whose name is not used, by its printable name.
    BadName,
}

/// All that matters of a tree, by path.
pub(super) type Leaves = BTreeMap<String, Leaf>;

/// Reads a tree of git's object database into the collector.
pub(super) fn read(
    repository: &Repository,
    tree: &Tree<'_>,
    found: &mut Collector<'_>,
) -> Result<(), Error> {
    let leaves = list(repository, tree, found)?;
    let odb = repository.odb().map_err(|e| damaged("", e))?;
    leaves
        .iter()
        .try_for_each(|(path, leaf)| read_leaf(&odb, path, *leaf, found))
}

/// Reads one of what was listed. Its size is checked before its content is unpacked.
pub(super) fn read_leaf(
    odb: &Odb<'_>,
    path: &str,
    leaf: Leaf,
    found: &mut Collector<'_>,
) -> Result<(), Error> {
    let path = path.to_owned();
    match leaf.kind {
        Kind::File => return blob(odb, path, leaf.id, found),
        Kind::Link => found.problem(path, Problem::Symlink),
        Kind::Submodule => found.problem(path, Problem::Submodule),
        Kind::BadName => found.problem(path, Problem::Name),
    }
    Ok(())
}

/// The same for the tree of a commit.
pub(super) fn read_commit(
    repository: &Repository,
    commit: Oid,
    found: &mut Collector<'_>,
) -> Result<Revision, Error> {
    let tree = repository
        .find_commit(commit)
        .and_then(|commit| commit.tree())
        .map_err(|error| damaged("", error))?;
    read(repository, &tree, found)?;
    Ok(Revision {
        commit: Some(commit.to_string()),
        edited: false,
    })
}

/// Whether a commit is there with its whole tree, as far as that shows without reading the files.
pub(super) fn check_commit(repository: &Repository, commit: Oid) -> Result<(), Error> {
    let odb = repository.odb().map_err(|e| damaged("", e))?;
    let tree = repository
        .find_commit(commit)
        .and_then(|commit| commit.tree())
        .map_err(|error| damaged("", error))?;
    // One tree may be in many places, and many times in one.
    let (mut seen, mut waiting) = (HashSet::new(), vec![tree.id()]);
    while let Some(id) = waiting.pop() {
        let tree = repository.find_tree(id).map_err(|e| damaged("", e))?;
        for entry in &tree {
            let (mode, id) = (entry.filemode(), entry.id());
            if mode == SUBMODULE || !seen.insert(id) {
                continue;
            }
            if mode == DIRECTORY {
                waiting.push(id);
            } else if !odb.exists(id) {
                let name = names::printable_bytes(entry.name_bytes());
                return Err(damaged(&name, git2::Error::from_str("it is missing")));
            }
        }
    }
    Ok(())
}

fn blob(odb: &Odb<'_>, path: String, id: Oid, found: &mut Collector<'_>) -> Result<(), Error> {
    if let Some(known) = found.known(id) {
        if found.admit(&path, known.size)? {
            found.text(path, id, known);
        }
        return Ok(());
    }
    let (size, _) = odb.read_header(id).map_err(|e| damaged(&path, e))?;
    if found.admit(&path, size as u64)? {
        let object = odb.read(id).map_err(|e| damaged(&path, e))?;
        found.file(path, id, object.data());
    }
    Ok(())
}

/// What matters of a tree, without reading one file.
pub(super) fn list(
    repository: &Repository,
    tree: &Tree<'_>,
    found: &mut Collector<'_>,
) -> Result<Leaves, Error> {
    let mut leaves = Leaves::new();
    walk(repository, tree, "", found, &mut leaves)?;
    Ok(leaves)
}

fn walk(
    repository: &Repository,
    tree: &Tree<'_>,
    parent: &str,
    found: &mut Collector<'_>,
    leaves: &mut Leaves,
) -> Result<(), Error> {
    for entry in tree {
        let (name, id) = (entry.name_bytes(), entry.id());
        let Some(path) = found.pass(parent, name)? else {
            let path = files::join(parent, &names::printable_bytes(name));
            let kind = Kind::BadName;
            leaves.insert(path, Leaf { kind, id });
            continue;
        };
        let kind = match entry.filemode() {
            DIRECTORY => {
                let below = repository.find_tree(id).map_err(|e| damaged(&path, e))?;
                walk(repository, &below, &path, found, leaves)?;
                continue;
            }
            LINK => Kind::Link,
            SUBMODULE => Kind::Submodule,
            _ if !found.wants(&path) => continue,
            _ => Kind::File,
        };
        leaves.insert(path, Leaf { kind, id });
    }
    Ok(())
}

pub(super) fn damaged(path: &str, error: git2::Error) -> Error {
    let path = if path.is_empty() { "." } else { path };
    Error::Object {
        path: path.to_owned(),
        source: Cause::from(error),
    }
}
