//! Repositories on this machine: finds the repository a directory belongs to, and reads a revision of it.
//!
//! Promises that paths are relative to the directory the person named, also when it lies deep inside a repository.
//! Deliberately absent: anything about a working tree's files, which is `directory`'s work.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use git2::{Commit, ErrorCode, Oid, Repository, RepositoryOpenFlags, Tree};

use super::files::Collector;
use super::{Error, Revision, Source, directory, names, revision, tree};

/// A git repository, and where in it the directory lies that was asked for (empty: at its root).
pub(super) struct Located {
    pub(super) repository: Repository,
    pub(super) prefix: String,
}

/// The repository of a source whose revisions are commits; `None` for a directory that is read as it stands, and for a server.
pub(super) fn of_commits(
    source: &Source,
    reference: Option<&str>,
) -> Result<Option<Located>, Error> {
    match source {
        Source::Remote(_) => Ok(None),
        Source::File(path) => Ok(Some(Located {
            repository: Repository::open(path).map_err(|error| not_opened(path, error))?,
            prefix: String::new(),
        })),
        Source::Directory(path) => {
            let located = locate(&root(path)?)?;
            if located.is_none()
                && let Some(reference) = reference
            {
                return Err(Error::NotARepository {
                    path: path.clone(),
                    reference: names::printable(reference),
                });
            }
            let is_read = |it: &Located| it.repository.is_bare() || reference.is_some();
            Ok(located.filter(is_read))
        }
    }
}

/// The repository of a source on this machine, and the directory that can be read as it stands; `None` for a directory that
/// is in no repository.
pub(super) fn around(source: &Source) -> Result<Option<(Located, Option<PathBuf>)>, Error> {
    if let Some(located) = of_commits(source, None)? {
        return Ok(Some((located, None)));
    }
    let Source::Directory(path) = source else {
        return Ok(None);
    };
    let root = root(path)?;
    Ok(locate(&root)?.map(|located| (located, Some(root))))
}

fn root(path: &Path) -> Result<PathBuf, Error> {
    path.canonicalize().map_err(|source| Error::Directory {
        path: path.to_owned(),
        source,
    })
}

/// A repository of this machine: from its object database, as from a server, but nothing is copied; a directory without a
/// reference as it stands.
pub(super) fn read(
    source: &Source,
    reference: Option<&str>,
    found: &mut Collector<'_>,
) -> Result<Revision, Error> {
    match (of_commits(source, reference)?, source) {
        (Some(located), _) => {
            let place = source.to_string();
            let read = read_revision(&located, &place, reference, found);
            read.map_err(|error| explained(&located.repository, &place, error))
        }
        (None, Source::Directory(path)) => {
            let root = root(path)?;
            let located = locate(&root)?;
            directory::read(&root, located.as_ref(), found).map(|(revision, _)| revision)
        }
        (None, _) => Ok(Revision::default()),
    }
}

/// The commit that the reference, or what is checked out, is at now; for a source whose revisions are commits.
pub(super) fn tip(source: &Source, reference: Option<&str>) -> Result<(Repository, Oid), Error> {
    let place = source.to_string();
    let located = of_commits(source, reference)?.ok_or_else(|| no_commits(&place))?;
    let tip = commit(&located, &place, reference)?.id();
    Ok((located.repository, tip))
}

fn commit<'r>(
    located: &'r Located,
    place: &str,
    reference: Option<&str>,
) -> Result<Commit<'r>, Error> {
    match reference {
        Some(reference) => revision::find(&located.repository, reference, place),
        None => revision::head(&located.repository, place)?.ok_or_else(|| no_commits(place)),
    }
}

pub(super) fn no_commits(place: &str) -> Error {
    Error::NoCommits {
        place: place.to_owned(),
        hint: "; commit something, or choose another branch with --ref".to_owned(),
    }
}

fn read_revision(
    located: &Located,
    place: &str,
    reference: Option<&str>,
    found: &mut Collector<'_>,
) -> Result<Revision, Error> {
    let commit = commit(located, place, reference)?;
    let root = subtree(located, &commit)?.ok_or_else(|| Error::NoDirectory {
        directory: located.prefix.clone(),
        place: place.to_owned(),
        revision: commit.id().to_string(),
    })?;
    tree::read(&located.repository, &root, found)?;
    Ok(Revision {
        commit: Some(commit.id().to_string()),
        edited: false,
    })
}

/// Says what is the matter where an object is missing because git was told not to fetch all of them.
pub(super) fn explained(repository: &Repository, place: &str, error: Error) -> Error {
    match error {
        Error::Object { path, .. } if is_partial(repository) => Error::PartialClone {
            path,
            place: place.to_owned(),
        },
        error => error,
    }
}

fn is_partial(repository: &Repository) -> bool {
    let Ok(config) = repository.config() else {
        return false;
    };
    let entries = config.entries(Some(r"^remote\..*\.promisor$"));
    entries.is_ok_and(|mut entries| entries.next().is_some())
}

/// The part of a commit that lies below the directory asked for.
pub(super) fn subtree<'r>(
    located: &'r Located,
    commit: &Commit<'r>,
) -> Result<Option<Tree<'r>>, Error> {
    let tree = commit.tree().map_err(|e| tree::damaged("", e))?;
    if located.prefix.is_empty() {
        return Ok(Some(tree));
    }
    match tree.get_path(Path::new(&located.prefix)) {
        Ok(entry) => Ok(located.repository.find_tree(entry.id()).ok()),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(tree::damaged(&located.prefix, error)),
    }
}

/// The repository around a directory, unless that repository ignores the directory: then it is a plain directory.
fn locate(root: &Path) -> Result<Option<Located>, Error> {
    let nowhere: [&OsStr; 0] = [];
    let repository = match Repository::open_ext(root, RepositoryOpenFlags::empty(), nowhere) {
        Ok(repository) => repository,
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
        Err(error) => return Err(not_opened(root, error)),
    };
    let git = repository.path().canonicalize();
    if repository.is_bare() && git.as_ref().is_ok_and(|git| git == root) {
        return Ok(Some(Located {
            repository,
            prefix: String::new(),
        }));
    }
    if git.is_ok_and(|git| root.starts_with(git)) {
        let source =
            std::io::Error::other("it belongs to git itself; name the working tree instead");
        return Err(Error::Directory {
            path: root.to_owned(),
            source,
        });
    }
    let workdir = repository.workdir().unwrap_or(root);
    let workdir = workdir.canonicalize().map_err(|source| Error::Directory {
        path: workdir.to_owned(),
        source,
    })?;
    let Some(prefix) = root
        .strip_prefix(&workdir)
        .ok()
        .and_then(Path::to_str)
        .map(str::to_owned)
    else {
        return Ok(None);
    };
    let located = Located { repository, prefix };
    Ok((!is_left_out(&located)).then_some(located))
}

/// True where the repository ignores the directory and holds nothing of it, as a home directory kept in git does.
fn is_left_out(located: &Located) -> bool {
    if located.prefix.is_empty() {
        return false;
    }
    let below = format!("{}/", located.prefix);
    let ignored = located.repository.is_path_ignored(&below).unwrap_or(false);
    let holds = |index: git2::Index| {
        index
            .iter()
            .any(|entry| entry.path.starts_with(below.as_bytes()))
    };
    ignored && !located.repository.index().is_ok_and(holds)
}

fn not_opened(path: &Path, error: git2::Error) -> Error {
    let hint = match error.code() {
        ErrorCode::Owner => format!(
            "it belongs to another user; if you trust it, run `git config --global --add safe.directory {}`",
            path.display()
        ),
        ErrorCode::NotFound => "name the repository itself, bare or with its .git".to_owned(),
        _ => "see whether `git status` works there".to_owned(),
    };
    Error::Repository {
        path: path.to_owned(),
        hint,
        source: error.into(),
    }
}
