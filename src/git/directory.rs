//! A directory as it stands: every file byte for byte, tracked or not, without git's filters.
//!
//! In a git repository what git ignores is left out, `.git` is never read, and what the commit has but the disk lacks for a
//! reason (a submodule that is not there, a sparse checkout) is a problem at its path instead of looking deleted.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use git2::{Index, ObjectType, Oid};

use super::files::{Collector, Problem};
use super::local::{Located, subtree};
use super::tree::{self, Kind, Leaf, Leaves};
use super::{Error, Revision, names, revision};

const SKIP_WORKTREE: u16 = 1 << 14;

pub(super) fn read(
    root: &Path,
    located: Option<&Located>,
    found: &mut Collector<'_>,
) -> Result<(Revision, Leaves), Error> {
    let tracked = located.map_or_else(|| Ok(BTreeMap::new()), |located| tracked(located, root))?;
    let mut walk = Walk {
        root,
        located,
        tracked,
        seen: Leaves::new(),
        found,
    };
    walk.report_absent();
    walk.directory("")?;
    let seen = walk.seen;
    let Some(located) = located else {
        return Ok((Revision::default(), seen));
    };
    let Some(head) = revision::head(&located.repository, &root.display().to_string())? else {
        return Ok((Revision::default(), seen));
    };
    let mut committed = match subtree(located, &head)? {
        Some(tree) => tree::list(&located.repository, &tree, found)?,
        None => Leaves::new(),
    };
    committed.retain(|_, leaf| matches!(leaf.kind, Kind::File | Kind::Link));
    let revision = Revision {
        commit: Some(head.id().to_string()),
        edited: committed != seen,
    };
    Ok((revision, seen))
}

/// What git's index knows about a path below the directory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tracked {
    File,
    Submodule,
    /// Tracked, and left out of the working tree on purpose.
    Skipped,
}

fn tracked(located: &Located, root: &Path) -> Result<BTreeMap<String, Tracked>, Error> {
    let index: Index = located
        .repository
        .index()
        .map_err(|error| Error::Repository {
            path: root.to_owned(),
            hint: "its index cannot be read, see whether `git status` works there".to_owned(),
            source: error.into(),
        })?;
    let below = if located.prefix.is_empty() {
        String::new()
    } else {
        format!("{}/", located.prefix)
    };
    let entries = index.iter().filter_map(|entry| {
        let path = entry.path.strip_prefix(below.as_bytes())?;
        let state = match (entry.mode, entry.flags_extended & SKIP_WORKTREE) {
            (0o160_000, _) => Tracked::Submodule,
            (_, 0) => Tracked::File,
            _ => Tracked::Skipped,
        };
        Some((String::from_utf8_lossy(path).into_owned(), state))
    });
    Ok(entries.collect())
}

struct Walk<'w, 'c> {
    root: &'w Path,
    located: Option<&'w Located>,
    tracked: BTreeMap<String, Tracked>,
    /// What lies on disk, by the object ids that git would give it.
    seen: Leaves,
    found: &'w mut Collector<'c>,
}

impl Walk<'_, '_> {
    fn report_absent(&mut self) {
        for (path, state) in &self.tracked {
            let there = || self.root.join(path).symlink_metadata().is_ok();
            match state {
                Tracked::Submodule => self
                    .found
                    .problem(names::printable(path), Problem::Submodule),
                Tracked::Skipped if self.found.wants(path) && !there() => {
                    self.found
                        .problem(names::printable(path), Problem::NotCheckedOut);
                }
                _ => {}
            }
        }
    }

    fn directory(&mut self, parent: &str) -> Result<(), Error> {
        let listed = fs::read_dir(self.root.join(parent)).and_then(|entries| {
            entries
                .map(|entry| entry.map(|e| e.file_name()))
                .collect::<io::Result<Vec<_>>>()
        });
        let mut entries = match listed {
            Ok(entries) => entries,
            Err(source) if parent.is_empty() => {
                return Err(Error::Directory {
                    path: self.root.to_owned(),
                    source,
                });
            }
            Err(error) => {
                self.unreadable(parent, &error);
                return Ok(());
            }
        };
        entries.sort_unstable();
        for name in entries {
            if parent.is_empty() && name == ".git" {
                continue;
            }
            if let Some(path) = self.found.enter(parent, name.as_encoded_bytes())? {
                self.entry(path)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: String) -> Result<(), Error> {
        let on_disk = self.root.join(&path);
        let kind = match on_disk.symlink_metadata() {
            Ok(metadata) => metadata,
            Err(error) => {
                self.unreadable(&path, &error);
                return Ok(());
            }
        };
        if self.ignored(&path, kind.is_dir()) {
            return Ok(());
        }
        if kind.is_dir() {
            if self.tracked.get(&path) == Some(&Tracked::Submodule)
                || on_disk.join(".git").symlink_metadata().is_ok()
            {
                self.found.problem(path, Problem::Submodule);
                return Ok(());
            }
            return self.directory(&path);
        }
        if kind.is_symlink() {
            let target = fs::read_link(&on_disk).ok();
            let target = target
                .as_ref()
                .map(|target| target.as_os_str().as_encoded_bytes());
            self.note(&path, Kind::Link, target.unwrap_or_default());
            self.found.problem(path, Problem::Symlink);
            return Ok(());
        }
        if !self.found.wants(&path) {
            return Ok(());
        }
        if !kind.is_file() {
            self.found.problem(path, Problem::Special);
            return Ok(());
        }
        self.file(path, &on_disk, kind.len())
    }

    fn file(&mut self, path: String, on_disk: &Path, size: u64) -> Result<(), Error> {
        if !self.found.admit(&path, size)? {
            // Hashing streams the file. One beyond the limit of the whole repository is not even hashed.
            let bounded = size <= self.found.limits().total_bytes;
            let id = bounded
                .then(|| Oid::hash_file(ObjectType::Blob, on_disk).ok())
                .flatten();
            self.see(&path, Kind::File, id.unwrap_or(Oid::ZERO_SHA1));
            return Ok(());
        }
        // A file that grows while it is read must not get past the limit that its size passed.
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        match File::open(on_disk).and_then(|file| file.take(size + 1).read_to_end(&mut bytes)) {
            Ok(read) if read as u64 > size => {
                self.unreadable(&path, &io::Error::other("it changed while it was read"));
            }
            Ok(_) => {
                let id = self.note(&path, Kind::File, &bytes);
                match self.found.known(id) {
                    Some(known) => self.found.text(path, id, known),
                    None => self.found.file(path, id, &bytes),
                }
            }
            Err(error) => self.unreadable(&path, &error),
        }
        Ok(())
    }

    /// Tracked files count even where a pattern would ignore them, as they do for git.
    fn ignored(&self, path: &str, is_directory: bool) -> bool {
        let Some(located) = self.located else {
            return false;
        };
        if self.is_tracked(path, is_directory) {
            return false;
        }
        let mut full = if located.prefix.is_empty() {
            path.to_owned()
        } else {
            format!("{}/{path}", located.prefix)
        };
        if is_directory {
            full.push('/');
        }
        located.repository.is_path_ignored(&full).unwrap_or(false)
    }

    fn is_tracked(&self, path: &str, is_directory: bool) -> bool {
        if !is_directory {
            return self.tracked.contains_key(path);
        }
        let below = format!("{path}/");
        let first = self.tracked.range(below.clone()..).next();
        self.tracked.contains_key(path) || first.is_some_and(|(known, _)| known.starts_with(&below))
    }

    fn note(&mut self, path: &str, kind: Kind, content: &[u8]) -> Oid {
        let id = Oid::hash_object(ObjectType::Blob, content).unwrap_or(Oid::ZERO_SHA1);
        self.see(path, kind, id);
        id
    }

    fn see(&mut self, path: &str, kind: Kind, id: Oid) {
        self.seen.insert(path.to_owned(), Leaf { kind, id });
    }

    fn unreadable(&mut self, path: &str, error: &io::Error) {
        self.see(path, Kind::File, Oid::ZERO_SHA1);
        self.found.problem(
            path.to_owned(),
            Problem::Unreadable {
                why: error.to_string(),
            },
        );
    }
}
