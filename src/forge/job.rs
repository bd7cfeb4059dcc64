//! The job that this process is, on a pull request of a forge: what the environment tells of it.
//!
//! Deliberately absent: any question to the forge. What the environment does not tell is not known.

mod actions;
mod gitlab;

use super::{Kind, Place, call};
use crate::observe::{Failure, FailureClass};
use crate::secret::SecretBytes;
use std::io;
use std::path::Path;

/// The variable for a token of one's own.
const TOKEN: &str = "KEYFLEET_FORGE_TOKEN";

/// A job of a forge, for a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub place: Place,
    pub pull_request: PullRequest,
    /// The commit that a status belongs to.
    pub commit: Option<String>,
    /// Its page, where its log and its artifacts are.
    pub link: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    pub number: u64,
    /// The commit that the branch comes from, or a later one of the branch that it goes into.
    pub base: Option<String>,
    /// The last commit of its branch.
    pub head: Option<String>,
    /// Whether it comes from another repository, so that whoever wrote it need not be known here.
    pub from_fork: bool,
}

/// A variable of the environment.
type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;
/// A file.
type Read<'a> = &'a dyn Fn(&Path) -> io::Result<Vec<u8>>;

impl Job {
    /// Asks the environment, and reads the file that it names.
    pub fn find(
        variable: &dyn Fn(&str) -> Option<String>,
        read: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
    ) -> Result<Self, Failure> {
        // Of the variables of GitLab, some are set to nothing.
        let variable: Variable<'_> = &|name| variable(name).filter(|value| !value.is_empty());
        let is_set = |name| variable(name).is_some_and(|value| value == "true");
        if is_set("GITLAB_CI") {
            gitlab::job(variable)
        } else if is_set("GITEA_ACTIONS") || is_set("FORGEJO_ACTIONS") {
            actions::job(Kind::Gitea, variable, read)
        } else if is_set("GITHUB_ACTIONS") {
            actions::job(Kind::GitHub, variable, read)
        } else {
            let why = "none of GITHUB_ACTIONS, GITEA_ACTIONS, FORGEJO_ACTIONS and GITLAB_CI is `true`, so this is no job of a forge";
            Err(none(why).hint(
                "run it in a job for pull requests; docs/review-in-ci.md has one for each forge",
            ))
        }
    }

    /// The token to post with.
    pub fn token(&self, variable: &dyn Fn(&str) -> Option<String>) -> Result<SecretBytes, Failure> {
        let others: &[&str] = match self.place.kind {
            Kind::GitHub => &["GITHUB_TOKEN"],
            Kind::GitLab => &[],
            Kind::Gitea => &["GITEA_TOKEN", "FORGEJO_TOKEN", "GITHUB_TOKEN"],
        };
        let mut names = [TOKEN].into_iter().chain(others.iter().copied());
        let token = names.find_map(|name| variable(name).filter(|token| !token.is_empty()));
        token.map(SecretBytes::from).ok_or_else(|| {
            let doing = "find the token to post with";
            let others = others.iter().map(|name| format!(", {name}"));
            let why = format!("not set: {TOKEN}{}", others.collect::<String>());
            Failure::new(FailureClass::Setup, doing, why).hint(self.where_tokens_come_from())
        })
    }

    fn where_tokens_come_from(&self) -> &'static str {
        match self.place.kind {
            Kind::GitHub => "give the step `env: {GITHUB_TOKEN: ${{ github.token }}}`",
            Kind::GitLab if self.pull_request.from_fork => {
                "a pipeline of a fork has no token of this project: let the service comment on those"
            }
            Kind::GitLab => {
                "CI_JOB_TOKEN cannot comment: make a project access token with the scope api, and a masked variable of that name with it"
            }
            Kind::Gitea => "give the step `env: {GITHUB_TOKEN: ${{ github.token }}}`",
        }
    }
}

fn none(why: impl Into<String>) -> Failure {
    Failure::new(FailureClass::Setup, "find the pull request", why)
}

/// A variable that a job of this forge always has.
fn needed(variable: Variable<'_>, name: &str) -> Result<String, Failure> {
    variable(name).ok_or_else(|| none(format!("{name} is not set")))
}

/// Only a whole id is taken: it goes on to git.
fn commit(text: Option<String>) -> Option<String> {
    text.filter(|text| call::is_commit(text))
}
