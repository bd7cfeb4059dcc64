use std::collections::BTreeMap;

use git2::{Odb, Oid, Repository, Tree};

use super::files::{Collector, Problem};
use super::{Error, error::Cause};

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
