//! The git repository of a playground: files, commits and branches, made without a `git` command.

use anyhow::Context;
use git2::{IndexAddOption, RepositoryInitOptions, Signature};
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(in crate::cli) struct Repository {
    folder: PathBuf,
}

const MAIN: &str = "main";
const AUTHOR: (&str, &str) = ("Ada", "ada@acme.example");

impl Repository {
    /// A new, empty one. A folder that is there already is somebody's.
    pub(super) fn create(folder: &Path) -> anyhow::Result<Self> {
        anyhow::ensure!(
            !folder.exists(),
            "{} is there already, and what is in it is kept: name another folder, or take it away",
            folder.display()
        );
        let mut options = RepositoryInitOptions::new();
        options.initial_head(MAIN).mkpath(true);
        git2::Repository::init_opts(folder, &options)
            .with_context(|| format!("failed to make a git repository in {}", folder.display()))?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    pub(in crate::cli) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(in crate::cli) fn read(&self, path: &str) -> anyhow::Result<String> {
        let file = self.folder.join(path);
        std::fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))
    }

    pub(in crate::cli) fn write(&self, path: &str, text: &str) -> anyhow::Result<()> {
        let file = self.folder.join(path);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("failed to make {}", folder.display()))?;
        }
        super::write(&file, text)
    }

    /// Replaces a text that must be in the file.
    pub(in crate::cli) fn edit(&self, path: &str, from: &str, to: &str) -> anyhow::Result<()> {
        let text = self.read(path)?;
        anyhow::ensure!(text.contains(from), "{path} does not say `{from}`");
        self.write(path, &text.replacen(from, to, 1))
    }

    pub(in crate::cli) fn remove_folder(&self, path: &str) -> anyhow::Result<()> {
        let folder = self.folder.join(path);
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("failed to remove {}", folder.display()))
    }

    /// Everything as it lies there, as a commit on the current branch.
    pub(in crate::cli) fn commit(&self, message: &str) -> anyhow::Result<()> {
        self.try_commit(message)
            .with_context(|| format!("failed to commit in {}", self.folder.display()))
    }

    fn try_commit(&self, message: &str) -> Result<(), git2::Error> {
        let git = git2::Repository::open(&self.folder)?;
        let mut index = git.index()?;
        index.add_all(["*"], IndexAddOption::DEFAULT, None)?;
        index.update_all(["*"], None)?;
        index.write()?;
        let tree = git.find_tree(index.write_tree()?)?;
        let author = Signature::now(AUTHOR.0, AUTHOR.1)?;
        let parent = match git.head() {
            Ok(head) => Some(head.peel_to_commit()?),
            // The first commit has none.
            Err(_) => None,
        };
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        git.commit(Some("HEAD"), &author, &author, message, &tree, &parents)?;
        Ok(())
    }

    /// Takes the last commit back by another one, with the message that `git revert` gives it.
    pub(in crate::cli) fn revert(&self) -> anyhow::Result<()> {
        let taken_back = || -> Result<String, git2::Error> {
            let git = git2::Repository::open(&self.folder)?;
            let last = git.head()?.peel_to_commit()?;
            let mut checkout = git2::build::CheckoutBuilder::new();
            checkout.force();
            git.checkout_tree(last.parent(0)?.as_object(), Some(&mut checkout))?;
            let summary = last.summary()?.unwrap_or_default();
            let id = last.id();
            Ok(format!(
                "Revert \"{summary}\"\n\nThis reverts commit {id}.\n"
            ))
        };
        let message = taken_back().context("failed to revert the last commit")?;
        self.commit(&message)
    }

    /// A new branch from here, and on it.
    pub(in crate::cli) fn branch(&self, name: &str) -> anyhow::Result<()> {
        let made = || -> Result<(), git2::Error> {
            let git = git2::Repository::open(&self.folder)?;
            let commit = git.head()?.peel_to_commit()?;
            git.branch(name, &commit, false)?;
            git.set_head(&format!("refs/heads/{name}"))
        };
        made().with_context(|| format!("failed to make the branch {name}"))
    }

    /// Back to `main`, with its files.
    pub(in crate::cli) fn leave_branch(&self) -> anyhow::Result<()> {
        let left = || -> Result<(), git2::Error> {
            let git = git2::Repository::open(&self.folder)?;
            git.set_head(&format!("refs/heads/{MAIN}"))?;
            git.checkout_head(Some(git2::build::CheckoutBuilder::new().force()))
        };
        left().context("failed to go back to main")
    }

    /// `main` is where the branch is, as a merged pull request leaves it.
    pub(in crate::cli) fn merge(&self, branch: &str) -> anyhow::Result<()> {
        let merged = || -> Result<(), git2::Error> {
            let git = git2::Repository::open(&self.folder)?;
            let tip = git.revparse_single(branch)?.peel_to_commit()?;
            git.reference(&format!("refs/heads/{MAIN}"), tip.id(), true, "merge")?;
            git.set_head(&format!("refs/heads/{MAIN}"))?;
            git.checkout_head(Some(git2::build::CheckoutBuilder::new().force()))
        };
        merged().with_context(|| format!("failed to merge {branch}"))
    }

    /// The changed lines of the last commit on a branch, as `git diff --unified=0` marks them.
    pub(in crate::cli) fn changed_lines(&self, branch: &str) -> anyhow::Result<Vec<String>> {
        let lines = || -> Result<Vec<String>, git2::Error> {
            let git = git2::Repository::open(&self.folder)?;
            let tip = git.revparse_single(branch)?.peel_to_commit()?;
            let (before, after) = (tip.parent(0)?.tree()?, tip.tree()?);
            let mut options = git2::DiffOptions::new();
            options.context_lines(0);
            let diff = git.diff_tree_to_tree(Some(&before), Some(&after), Some(&mut options))?;
            let mut lines = Vec::new();
            diff.print(git2::DiffFormat::Patch, |delta, _, line| {
                let text = String::from_utf8_lossy(line.content());
                match line.origin() {
                    'F' => {
                        let path = delta.new_file().path().map(Path::to_string_lossy);
                        lines.push(path.unwrap_or_default().into_owned());
                    }
                    sign @ ('+' | '-') => lines.push(format!("{sign}{}", text.trim_end())),
                    _ => {}
                }
                true
            })?;
            Ok(lines)
        };
        lines().with_context(|| format!("failed to read what {branch} changes"))
    }
}
