use std::collections::{BTreeMap, HashSet};

use git2::{Odb, Oid, Repository, Tree};

use super::files::{Collector, Problem};
use super::{Error, Revision, error::Cause, names};

const DIRECTORY: i32 = 0o040_000;
const LINK: i32 = 0o120_000;
const SUBMODULE: i32 = 0o160_000;

/// Reads a tree of git's object database into the collector. Sizes are checked before content is unpacked.
pub(super) fn read(
    repository: &Repository,
    tree: &Tree<'_>,
    found: &mut Collector<'_>,
) -> Result<(), Error> {
    let odb = repository.odb().map_err(|e| damaged("", e))?;
    walk(repository, tree, "", &mut |entry| match entry {
        Visit::Name(parent, name) => found.enter(parent, name),
        Visit::Leaf(path, LINK, _) => {
            found.problem(path, Problem::Symlink);
            Ok(None)
        }
        Visit::Leaf(path, SUBMODULE, _) => {
            found.problem(path, Problem::Submodule);
            Ok(None)
        }
        Visit::Leaf(path, _, id) => blob(&odb, path, id, found).map(|()| None),
    })
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
    if !found.wants(&path) {
        return Ok(());
    }
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

/// The wanted files and the links of a tree with their object ids, without reading one of them.
pub(super) fn list(
    repository: &Repository,
    tree: &Tree<'_>,
    found: &mut Collector<'_>,
) -> Result<BTreeMap<String, Oid>, Error> {
    let mut out = BTreeMap::new();
    walk(repository, tree, "", &mut |entry| {
        match entry {
            Visit::Name(parent, name) => return found.pass(parent, name),
            Visit::Leaf(_, SUBMODULE, _) => {}
            Visit::Leaf(path, mode, id) => {
                if mode == LINK || found.wants(&path) {
                    out.insert(path, id);
                }
            }
        }
        Ok(None)
    })?;
    Ok(out)
}

enum Visit<'v> {
    /// An entry of a directory: the answer is its path, or nothing to pass it by.
    Name(&'v str, &'v [u8]),
    /// Something that is not a directory, with its mode.
    Leaf(String, i32, Oid),
}

fn walk(
    repository: &Repository,
    tree: &Tree<'_>,
    parent: &str,
    visit: &mut dyn FnMut(Visit<'_>) -> Result<Option<String>, Error>,
) -> Result<(), Error> {
    for entry in tree {
        let Some(path) = visit(Visit::Name(parent, entry.name_bytes()))? else {
            continue;
        };
        match entry.filemode() {
            DIRECTORY => {
                let below = repository
                    .find_tree(entry.id())
                    .map_err(|e| damaged(&path, e))?;
                walk(repository, &below, &path, visit)?;
            }
            mode => {
                visit(Visit::Leaf(path, mode, entry.id()))?;
            }
        }
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
