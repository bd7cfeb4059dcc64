//! Which pull request a delivery is about, so far as it may be reviewed.
//!
//! Nothing of it is an instruction. It says which number to look at; what is there, git tells.

use super::delivery::short;
use crate::forge::{Kind, Place};
use crate::serve::reviews::Asked;
use crate::serve::settings::Forge;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::from_slice;

/// Which pull requests are reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reviewing {
    pub(super) place: Place,
    pub(super) forks: bool,
    /// The short name of what is followed; `None` for the default branch.
    pub(super) branch: Option<String>,
}

/// What follows from a delivery about a pull request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Means {
    Review(Asked),
    /// It is about another repository or branch, or nothing of it has changed.
    Nothing,
    /// It does not say which one.
    Unclear,
}

/// What forges call it differently, once.
struct PullRequest {
    /// Whether what it would change may be another than before.
    is_news: bool,
    number: u64,
    head: Option<String>,
    base: String,
    /// The repository that it would go into, as it is called and numbered.
    into: [Option<String>; 2],
    default_branch: Option<String>,
    from_fork: bool,
}

impl Reviewing {
    pub(super) fn is_of(&self, forge: Forge, headers: &HeaderMap) -> bool {
        let (kind, names, event): (_, &[&str], _) = match forge {
            Forge::Github => (Kind::GitHub, &["x-github-event"], "pull_request"),
            Forge::Gitlab => (Kind::GitLab, &["x-gitlab-event"], "Merge Request Hook"),
            Forge::Gitea => {
                let names = &["x-forgejo-event", "x-gitea-event", "x-github-event"];
                (Kind::Gitea, names, "pull_request")
            }
        };
        let said = names.iter().find_map(|name| headers.get(*name));
        self.place.kind == kind && said.is_some_and(|said| said == event)
    }

    /// In doubt it is from a fork.
    pub(super) fn means(&self, body: Option<&[u8]>) -> Means {
        let read = match self.place.kind {
            Kind::GitLab => body.and_then(of_gitlab),
            Kind::GitHub | Kind::Gitea => body.and_then(of_github),
        };
        let Some(pull_request) = read.filter(|it| is_number(it.number)) else {
            return Means::Unclear;
        };
        let mut into = pull_request.into.iter().flatten();
        let is_ours = into.any(|name| name.eq_ignore_ascii_case(&self.place.repository));
        let branch = self
            .branch
            .as_ref()
            .or(pull_request.default_branch.as_ref());
        let is_into_followed = branch.is_some_and(|branch| short(branch) == pull_request.base);
        let is_welcome = self.forks || !pull_request.from_fork;
        if !(pull_request.is_news && is_ours && is_into_followed && is_welcome) {
            return Means::Nothing;
        }
        Means::Review(Asked {
            number: pull_request.number,
            head: pull_request.head.filter(|head| is_commit(head)),
        })
    }
}

/// It becomes part of the name of a reference.
fn is_number(number: u64) -> bool {
    (1..=u64::from(u32::MAX)).contains(&number)
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64)
        && text
            .bytes()
            .all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

/// What GitHub sends, and Gitea and Forgejo in nearly the same words.
#[derive(Deserialize)]
struct OfGithub {
    action: String,
    number: u64,
    pull_request: Both,
    repository: Repository,
    #[serde(default)]
    changes: Changes,
}

#[derive(Deserialize)]
struct Both {
    base: Side,
    head: Side,
}

#[derive(Deserialize)]
struct Side {
    r#ref: String,
    sha: Option<String>,
    /// `null` when somebody has deleted the fork.
    repo: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    id: u64,
    full_name: Option<String>,
    default_branch: Option<String>,
}

/// Where the base is another one: what GitHub and what Gitea call it.
#[derive(Deserialize, Default)]
struct Changes {
    base: Option<serde::de::IgnoredAny>,
    r#ref: Option<serde::de::IgnoredAny>,
}

fn of_github(body: &[u8]) -> Option<PullRequest> {
    let OfGithub {
        action,
        number,
        pull_request: Both { base, head },
        repository,
        changes,
    } = from_slice(body).ok()?;
    let has_other_base = changes.base.is_some() || changes.r#ref.is_some();
    Some(PullRequest {
        is_news: match action.as_str() {
            "opened" | "synchronize" | "synchronized" | "reopened" | "ready_for_review" => true,
            "edited" => has_other_base,
            _ => false,
        },
        number,
        from_fork: head.repo.is_none_or(|repo| repo.id != repository.id),
        head: head.sha,
        base: base.r#ref,
        into: [repository.full_name, None],
        default_branch: repository.default_branch,
    })
}

#[derive(Deserialize)]
struct OfGitlab {
    object_attributes: MergeRequest,
    project: Project,
    #[serde(default)]
    changes: GitlabChanges,
}

#[derive(Deserialize)]
struct MergeRequest {
    iid: u64,
    /// A delivery that somebody asked for as a test has none.
    action: Option<String>,
    /// What its branch was at before, where commits came.
    oldrev: Option<String>,
    target_branch: String,
    source_project_id: Option<u64>,
    last_commit: Option<Commit>,
}

#[derive(Deserialize)]
struct Commit {
    id: String,
}

#[derive(Deserialize)]
struct Project {
    id: u64,
    path_with_namespace: Option<String>,
    default_branch: Option<String>,
}

#[derive(Deserialize, Default)]
struct GitlabChanges {
    target_branch: Option<serde::de::IgnoredAny>,
}

fn of_gitlab(body: &[u8]) -> Option<PullRequest> {
    let OfGitlab {
        object_attributes: of,
        project,
        changes,
    } = from_slice(body).ok()?;
    let has_changed = of.oldrev.is_some() || changes.target_branch.is_some();
    Some(PullRequest {
        is_news: match of.action.as_deref() {
            Some("open" | "reopen") => true,
            Some("update") => has_changed,
            _ => false,
        },
        number: of.iid,
        head: of.last_commit.map(|commit| commit.id),
        base: of.target_branch,
        from_fork: of.source_project_id != Some(project.id),
        into: [project.path_with_namespace, Some(project.id.to_string())],
        default_branch: project.default_branch,
    })
}

#[cfg(test)]
mod tests;
