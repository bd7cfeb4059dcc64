//! A repository before and after a patch, in git and as what was read of it.

use keyfleet::git::{Access, ChangeKind, Comparison, How, Limits, Source};
use keyfleet::pipeline::{self, Repository};
use keyfleet::report::review::About;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/review")
}

/// A repository with the fleet as its branch `main`, for changes to be made of.
pub(crate) struct Fleet {
    repository: git2::Repository,
    /// Removes itself.
    place: tempfile::TempDir,
}

impl Fleet {
    pub(crate) fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        copy(&folder().join("fleet"), place.path());
        let mut options = git2::RepositoryInitOptions::new();
        let repository =
            git2::Repository::init_opts(place.path(), options.initial_head("main")).unwrap();
        let mut index = repository.index().unwrap();
        index
            .add_all(["*"], git2::IndexAddOption::DEFAULT, None)
            .unwrap();
        let tree = index.write_tree().unwrap();
        commit(&repository, "main", tree, &[]);
        Self { repository, place }
    }

    /// Makes the branch `name` of `main` and this patch.
    pub(crate) fn patch(&self, name: &str, patch: &str) {
        let start = patch.find("diff --git").expect("a patch has a diff");
        let diff = git2::Diff::from_buffer(&patch.as_bytes()[start..]).expect(name);
        let main = self.repository.revparse_single("main").unwrap();
        let main = main.peel_to_commit().unwrap();
        let tree = main.tree().unwrap();
        let mut index = self
            .repository
            .apply_to_tree(&tree, &diff, None)
            .expect(name);
        let tree = index.write_tree_to(&self.repository).unwrap();
        commit(&self.repository, name, tree, &[&main]);
    }

    /// `main`, and the branch merged into it.
    pub(crate) async fn compare(&self, branch: &str) -> Comparison<Repository> {
        let source = Source::Directory(self.place.path().to_owned());
        let names = (Some("main".to_owned()), Some(branch.to_owned()));
        pipeline::read_both(source, names, Limits::default(), Access::default())
            .await
            .unwrap()
    }
}

/// Names without what differs from run to run.
pub(crate) fn about(compared: &Comparison<Repository>) -> About {
    assert_eq!(compared.how, How::Ahead);
    let removed = compared.changes.iter();
    let removed = removed.filter(|change| change.kind == ChangeKind::Removed);
    About {
        repository: "acme".to_owned(),
        base: "main".to_owned(),
        head: "change".to_owned(),
        notes: Vec::new(),
        files: compared.changes.len(),
        gone: removed.map(|change| change.path.clone()).collect(),
    }
}

fn commit(
    repository: &git2::Repository,
    branch: &str,
    tree: git2::Oid,
    parents: &[&git2::Commit<'_>],
) {
    let person = git2::Signature::new("a", "a@b", &git2::Time::new(0, 0)).unwrap();
    let tree = repository.find_tree(tree).unwrap();
    let name = format!("refs/heads/{branch}");
    repository
        .commit(Some(&name), &person, &person, branch, &tree, parents)
        .unwrap();
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
