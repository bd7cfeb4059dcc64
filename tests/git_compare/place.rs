//! A repository on disk, and what comparing in it says.

use std::fs;
use std::path::Path;

use keyfleet::git::{
    Access, ChangeKind, Comparison, Error, FileChange, Limits, Memory, Source, compare,
};
use tempfile::TempDir;

use super::command::{commit_all, git, new_repository};

pub(crate) struct Place {
    pub(crate) work: TempDir,
    pub(crate) limits: Limits,
}

/// What tests want: YAML anywhere, and the owners.
pub(crate) fn wanted(path: &str) -> bool {
    path == "CODEOWNERS" || Path::new(path).extension().is_some_and(|end| end == "yaml")
}

/// A text of this many lines, each by its number.
pub(crate) fn numbered(count: usize) -> String {
    (1..=count)
        .map(|line| format!("line{line}: {line}\n"))
        .collect()
}

pub(crate) fn said(error: &Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    format!("{error}: {}", cause.unwrap_or_default())
}

impl Place {
    /// With `a.yaml`, `b.yaml` and `README.md` of twenty lines on `main`.
    pub(crate) fn new() -> Self {
        let place = Self {
            work: new_repository(),
            limits: Limits::default(),
        };
        for path in ["a.yaml", "b.yaml", "README.md"] {
            place.write(path, format!("# {path}\n{}", numbered(20)));
        }
        place.commit();
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.work.path()
    }

    pub(crate) fn source(&self) -> Source {
        Source::Directory(self.path().to_owned())
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(self.path(), arguments)
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// Replaces a part of a file.
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has {from}");
        self.write(path, text.replace(from, to));
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path().join(path)).unwrap();
    }

    pub(crate) fn commit(&self) -> String {
        commit_all(self.path());
        self.git(&["rev-parse", "HEAD"])
    }

    /// Goes to a new branch at what is checked out.
    pub(crate) fn branch(&self, name: &str) {
        self.git(&["checkout", "-q", "-b", name]);
    }

    pub(crate) fn go(&self, name: &str) {
        self.git(&["checkout", "-q", name]);
    }

    pub(crate) fn try_compare(
        &self,
        base: Option<&str>,
        head: Option<&str>,
    ) -> Result<Comparison, Error> {
        self.compare_of(&self.source(), base, head)
    }

    pub(crate) fn compare_of(
        &self,
        source: &Source,
        base: Option<&str>,
        head: Option<&str>,
    ) -> Result<Comparison, Error> {
        let (access, mut memory) = (Access::default(), Memory::default());
        compare(
            source,
            (base, head),
            &self.limits,
            &wanted,
            &access,
            &mut memory,
        )
    }

    pub(crate) fn compare(&self, base: &str, head: &str) -> Comparison {
        let compared = self.try_compare(Some(base), Some(head));
        compared.unwrap_or_else(|error| panic!("{}", said(&error)))
    }

    pub(crate) fn fails(&self, base: Option<&str>, head: Option<&str>, expected: &[&str]) {
        let said = said(&self.try_compare(base, head).unwrap_err());
        for part in expected {
            assert!(said.contains(part), "no {part:?} in {said}");
        }
    }
}

/// Each change on a line: `modified a.yaml 3-4,9-9`.
pub(crate) fn shown(changes: &[FileChange]) -> Vec<String> {
    let show = |change: &FileChange| {
        let lines = change
            .lines
            .iter()
            .map(|lines| format!("{}-{}", lines.start(), lines.end()));
        let what = match &change.kind {
            ChangeKind::Added => "added".to_owned(),
            ChangeKind::Removed => "removed".to_owned(),
            ChangeKind::Modified => "modified".to_owned(),
            ChangeKind::Renamed { from } => format!("{from} ->"),
        };
        let lines = lines.collect::<Vec<_>>().join(",");
        format!("{what} {} {lines}", change.path)
            .trim_end()
            .to_owned()
    };
    changes.iter().map(show).collect()
}
