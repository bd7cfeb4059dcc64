//! A branch that keyfleet writes to: reports that are kept in git.
//!
//! [`Branch::write`] puts files on top of what the branch has, as one commit, and pushes it. A branch that is not there begins with
//! that commit. Where nothing differs nothing is committed.
//!
//! Promises: never a force, and no reference but this branch; where somebody else has pushed meanwhile, again on top of that;
//! never the branch that declarations are followed on, where [`Branch::beside`] names it; only the newest commit of the branch
//! is fetched, into a temporary repository that is removed; the same limits and the same deadline as a fetch, for all of it,
//! and nothing is sent after the deadline.
//!
//! Deliberately absent: removing files, merging, signing, and the clock: the caller says when and who.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use git2::build::TreeUpdateBuilder;
use git2::{
    Commit, Direction, ErrorCode, FileMode, Oid, Reference, Remote, Repository, Signature, Time,
    Tree,
};

use super::remote::bounded;
use super::remote::session::{Session, new_repository};
use super::scratch::Scratch;
use super::source::Url;
use super::{Access, Error, Limits, names};

/// A branch of a server, by its name without `refs/heads/`.
#[derive(Debug, Clone)]
pub struct Branch {
    url: Url,
    name: String,
    /// Where declarations come from, in the same repository.
    followed: Option<Followed>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Followed {
    /// Whatever the server says that it is.
    DefaultBranch,
    Named(String),
}

/// How often it is tried again on top of what somebody else has pushed.
const RACES: u32 = 5;

/// What one commit brings.
#[derive(Clone)]
pub struct Change {
    /// By path, with `/` between segments. Other files of the branch stay as they are.
    pub files: BTreeMap<String, Vec<u8>>,
    pub message: String,
    pub author: Person,
    pub committer: Person,
}

/// Who, and when.
#[derive(Debug, Clone)]
pub struct Person {
    pub name: String,
    pub email: String,
    pub at: jiff::Timestamp,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    Pushed {
        commit: String,
    },
    /// The branch, where there is one, has these files already.
    Unchanged {
        commit: Option<String>,
    },
}

impl Branch {
    pub fn new(url: &Url, name: &str) -> Result<Self, Error> {
        let branch = Self {
            url: url.clone(),
            name: name.to_owned(),
            followed: None,
        };
        if name == "HEAD" || !Reference::is_valid_name(&branch.reference()) {
            return Err(branch.failed("its name is not one of a branch", "name another"));
        }
        Ok(branch)
    }

    /// Never writes to this branch, tag or commit of this repository (`None`: its default branch): a commit there would be taken
    /// for a change of the declarations.
    #[must_use]
    pub fn beside(mut self, followed: &Url, reference: Option<&str>) -> Self {
        if self.url.is_same_repository(followed) {
            let short = |name: &str| name.strip_prefix("refs/heads/").unwrap_or(name).to_owned();
            let named = reference.map(|name| Followed::Named(short(name)));
            self.followed = Some(named.unwrap_or(Followed::DefaultBranch));
        }
        self
    }

    /// Commits and pushes. Blocks.
    pub fn write(
        &self,
        change: &Change,
        limits: &Limits,
        access: &Access,
    ) -> Result<Written, Error> {
        for path in change.files.keys() {
            if path
                .split('/')
                .any(|part| names::usable(part.as_bytes()).is_none())
            {
                let what = format!("'{path}' is no path for a file");
                return Err(self.failed(&what, "name the file otherwise"));
            }
        }
        if self.followed == Some(Followed::Named(self.name.clone())) {
            return Err(self.is_followed());
        }
        let scratch = Scratch::new()?;
        let push = Push {
            branch: self.clone(),
            change: change.clone(),
            directory: scratch.path().to_owned(),
        };
        let (access, its_limits) = (access.clone(), *limits);
        bounded::within(&self.url, limits, move |deadline| {
            push.run(&access, &its_limits, deadline)
        })
    }

    fn reference(&self) -> String {
        format!("refs/heads/{}", self.name)
    }

    fn is_followed(&self) -> Error {
        let what = "it is the branch that keyfleet follows";
        self.failed(what, "write reports to a branch of their own")
    }

    fn failed(&self, what: &str, hint: &'static str) -> Error {
        Error::Push {
            url: self.url.text.clone(),
            branch: names::printable(&self.name),
            what: names::printable(what),
            hint,
        }
    }
}

/// Where the branch as it is, and the new commit, are in the temporary repository.
const BEFORE: &str = "refs/keyfleet/before";
const AFTER: &str = "refs/keyfleet/after";

/// Owned, so that it can outlive the caller's patience.
struct Push {
    branch: Branch,
    change: Change,
    directory: PathBuf,
}

enum Attempt {
    Done(Written),
    NotTaken(NotTaken),
}

/// The server did not take it on top of this commit, and says why.
struct NotTaken {
    tip: Option<Oid>,
    why: String,
}

impl Push {
    fn run(&self, access: &Access, limits: &Limits, deadline: Instant) -> Result<Written, Error> {
        let repository = new_repository(&self.directory, &self.branch.url)?;
        let mut before: Option<NotTaken> = None;
        for _ in 0..=RACES {
            // A conversation of its own: what was noticed in the one before does not count in this one.
            let session = Session::new(&self.branch.url, access, limits, deadline)?;
            match self.attempt(&session, &repository, before.as_ref())? {
                Attempt::Done(written) => return Ok(written),
                Attempt::NotTaken(not) => before = Some(not),
            }
        }
        let why = before.map_or_else(String::new, |not| not.why);
        Err(self.not_taken(&why))
    }

    fn attempt(
        &self,
        session: &Session,
        repository: &Repository,
        before: Option<&NotTaken>,
    ) -> Result<Attempt, Error> {
        let mut remote = repository
            .remote_anonymous(&self.branch.url.text)
            .map_err(|error| session.explain(&error))?;
        let parent = self.newest(session, repository, &mut remote)?;
        let tip = parent.as_ref().map(Commit::id);
        // On top of the same commit it would not be taken the second time either.
        if let Some(before) = before.filter(|before| before.tip == tip) {
            return Err(self.not_taken(&before.why));
        }
        let made = self.commit(repository, parent.as_ref());
        let made = made.map_err(|error| {
            let hint = "see whether a file of the branch is where a directory should be";
            self.branch.failed(error.message(), hint)
        })?;
        let Some(commit) = made else {
            let commit = tip.map(|id| id.to_string());
            return Ok(Attempt::Done(Written::Unchanged { commit }));
        };
        let refspec = format!("{AFTER}:{}", self.branch.reference());
        let pushed = session.push(&mut remote, &refspec);
        let why = match (pushed, session.rejected()) {
            (Ok(()), None) => {
                let commit = commit.to_string();
                return Ok(Attempt::Done(Written::Pushed { commit }));
            }
            (_, Some(why)) => why,
            (Err(error), None) if error.code() == ErrorCode::NotFastForward => {
                "somebody else pushed meanwhile".to_owned()
            }
            (Err(error), None) => return Err(self.explain(session, &error)),
        };
        Ok(Attempt::NotTaken(NotTaken { tip, why }))
    }

    /// The newest commit of the branch, if there is such a branch.
    fn newest<'r>(
        &self,
        session: &Session,
        repository: &'r Repository,
        remote: &mut Remote<'_>,
    ) -> Result<Option<Commit<'r>>, Error> {
        let name = self.branch.reference();
        let mut connection = session.connect(remote, Direction::Fetch)?;
        let heads = session.heads(&connection)?;
        if self.branch.followed == Some(Followed::DefaultBranch) {
            let default = connection.default_branch();
            if default.is_ok_and(|default| *default == *name.as_bytes()) {
                return Err(self.branch.is_followed());
            }
        }
        if !heads.iter().any(|(head, _)| *head == name) {
            return Ok(None);
        }
        let refspec = format!("+{name}:{BEFORE}");
        let found = session
            .fetch(connection.remote(), &[&refspec], 1)
            .and_then(|()| repository.find_reference(BEFORE)?.peel_to_commit());
        found.map(Some).map_err(|error| session.explain(&error))
    }

    /// The new commit, unless it would bring nothing.
    fn commit(
        &self,
        repository: &Repository,
        parent: Option<&Commit<'_>>,
    ) -> Result<Option<Oid>, git2::Error> {
        let base = match parent {
            Some(parent) => parent.tree()?,
            None => repository.find_tree(repository.treebuilder(None)?.write()?)?,
        };
        let tree = self.tree(repository, &base)?;
        if tree.id() == base.id() {
            return Ok(None);
        }
        let (author, committer) = (
            self.change.author.signature()?,
            self.change.committer.signature()?,
        );
        let parents: Vec<&Commit<'_>> = parent.into_iter().collect();
        let message = &self.change.message;
        let commit = repository.commit(None, &author, &committer, message, &tree, &parents)?;
        repository.reference(AFTER, commit, true, "to be pushed")?;
        Ok(Some(commit))
    }

    fn tree<'r>(
        &self,
        repository: &'r Repository,
        base: &Tree<'_>,
    ) -> Result<Tree<'r>, git2::Error> {
        let mut update = TreeUpdateBuilder::new();
        for (path, content) in &self.change.files {
            update.upsert(path, repository.blob(content)?, FileMode::Blob);
        }
        repository.find_tree(update.create_updated(repository, base)?)
    }

    fn explain(&self, session: &Session, error: &git2::Error) -> Error {
        match session.explain(error) {
            Error::Fetch { hint, .. } => self.branch.failed(error.message(), hint),
            explained => explained,
        }
    }

    fn not_taken(&self, why: &str) -> Error {
        let what = format!("the server does not take it: {why}");
        let hint = "see whether the branch is protected; the next report is the next try";
        self.branch.failed(&what, hint)
    }
}

impl Person {
    fn signature(&self) -> Result<Signature<'static>, git2::Error> {
        let time = Time::new(self.at.as_second(), 0);
        Signature::new(&self.name, &self.email, &time)
    }
}
