//! What the environment of a job tells, as each forge sets it.

use super::server::{COMMIT, TOKEN};
use keyfleet::forge::{Forge, Job, Kind, Place, PullRequest};
use keyfleet::observe::{Failure, FailureClass};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

const BASE: &str = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e";
const MERGED: &str = "0000000000000000000000000000000000000007";

#[derive(Clone)]
struct Environment {
    variables: BTreeMap<&'static str, String>,
    event: String,
}

impl Environment {
    fn of(variables: &[(&'static str, &str)]) -> Self {
        let variables = variables
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        Self {
            variables: variables.collect(),
            event: String::new(),
        }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.variables.insert(name, value.to_owned());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    fn event(mut self, event: &Value) -> Self {
        self.event = event.to_string();
        self
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path == Path::new("/github/event.json") {
            return Ok(self.event.clone().into_bytes());
        }
        Err(io::Error::from(io::ErrorKind::NotFound))
    }

    fn find(&self) -> Result<Job, Failure> {
        let variable = |name: &str| self.variables.get(name).cloned();
        Job::find(&variable, &|path| self.read(path))
    }

    fn connect(&self) -> Result<(Forge, Job), Failure> {
        let variable = |name: &str| self.variables.get(name).cloned();
        Forge::from_environment(variable, |path| self.read(path))
    }

    fn refusal(&self) -> String {
        let failure = self.find().unwrap_err();
        assert_eq!(failure.class, FailureClass::Setup);
        assert_eq!(failure.request, "find the pull request");
        format!("{}\n{}", failure.why, failure.hint.unwrap_or_default())
    }
}

fn github() -> Environment {
    Environment::of(&[
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_API_URL", "https://api.github.com"),
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "acme/fleet"),
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_EVENT_PATH", "/github/event.json"),
        ("GITHUB_RUN_ID", "1658821493"),
        ("GITHUB_RUN_NUMBER", "3"),
        ("GITHUB_SHA", MERGED),
        ("GITHUB_TOKEN", TOKEN),
    ])
    .event(&opened(Some(1)))
}

/// The payload of `pull_request`, by the number of the repository that it comes from.
fn opened(from: Option<u64>) -> Value {
    json!({
        "action": "opened",
        "number": 7,
        "pull_request": {
            "url": "https://api.github.com/repos/acme/fleet/pulls/7",
            "id": 279_147_437,
            "number": 7,
            "state": "open",
            "base": {"label": "acme:main", "ref": "main", "sha": BASE, "repo": {"id": 1, "full_name": "acme/fleet"}},
            "head": {"label": "x:y", "ref": "--upload-pack=x", "sha": COMMIT, "repo": from.map(|id| json!({"id": id}))},
        },
        "repository": {"id": 1, "full_name": "acme/fleet"},
    })
}

fn gitlab() -> Environment {
    Environment::of(&[
        ("GITLAB_CI", "true"),
        ("CI_API_V4_URL", "https://gitlab.example/api/v4"),
        ("CI_PROJECT_ID", "5"),
        ("CI_PIPELINE_SOURCE", "merge_request_event"),
        ("CI_MERGE_REQUEST_IID", "7"),
        ("CI_MERGE_REQUEST_PROJECT_ID", "5"),
        ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "5"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", BASE),
        ("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", ""),
        ("CI_COMMIT_SHA", COMMIT),
        ("CI_JOB_URL", "https://gitlab.example/acme/fleet/-/jobs/42"),
        ("CI_JOB_TOKEN", "canary-job-token-0123456789"),
        ("KEYFLEET_FORGE_TOKEN", TOKEN),
    ])
}

fn expected(kind: Kind, api: &str, repository: &str, link: &str) -> Job {
    Job {
        place: Place {
            kind,
            api: api.to_owned(),
            repository: repository.to_owned(),
        },
        pull_request: PullRequest {
            number: 7,
            base: Some(BASE.to_owned()),
            head: Some(COMMIT.to_owned()),
            from_fork: false,
        },
        commit: Some(COMMIT.to_owned()),
        link: Some(link.to_owned()),
    }
}

#[test]
fn each_forge_tells_where_it_is_and_what_is_to_be_reviewed() {
    let runs = "https://github.com/acme/fleet/actions/runs/1658821493";
    let github_job = expected(Kind::GitHub, "https://api.github.com", "acme/fleet", runs);
    assert_eq!(github().find().unwrap(), github_job);

    let enterprise = github()
        .with("GITHUB_API_URL", "https://git.example/api/v3")
        .with("GITHUB_SERVER_URL", "https://git.example/");
    let job = enterprise.find().unwrap();
    assert_eq!(job.place.api, "https://git.example/api/v3");
    let runs = "https://git.example/acme/fleet/actions/runs/1658821493";
    assert_eq!(job.link.as_deref(), Some(runs));

    for its_own in ["GITEA_ACTIONS", "FORGEJO_ACTIONS"] {
        let gitea = github()
            .with(its_own, "true")
            .with("GITHUB_API_URL", "https://gitea.example/api/v1")
            .with("GITHUB_SERVER_URL", "https://gitea.example");
        let runs = "https://gitea.example/acme/fleet/actions/runs/3";
        let api = "https://gitea.example/api/v1";
        let job = expected(Kind::Gitea, api, "acme/fleet", runs);
        assert_eq!(gitea.find().unwrap(), job);
    }

    let page = "https://gitlab.example/acme/fleet/-/jobs/42";
    let job = expected(Kind::GitLab, "https://gitlab.example/api/v4", "5", page);
    assert_eq!(gitlab().find().unwrap(), job);
}

#[test]
fn where_gitlab_builds_the_merge_the_head_is_what_was_pushed() {
    let job = gitlab()
        .with("CI_COMMIT_SHA", MERGED)
        .with("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", COMMIT)
        .find()
        .unwrap();
    assert_eq!(job.pull_request.head.as_deref(), Some(COMMIT));
    // The pipeline is of the other one.
    assert_eq!(job.commit.as_deref(), Some(MERGED));
}

#[test]
fn a_fork_is_known_as_one() {
    // The second was deleted.
    for from in [Some(2), None] {
        let fork = github().event(&opened(from));
        assert!(fork.find().unwrap().pull_request.from_fork);
    }
    // The pipeline runs in the fork, and the merge request is elsewhere.
    let fork = gitlab()
        .with("CI_PROJECT_ID", "9")
        .with("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "9");
    let job = fork.find().unwrap();
    assert!(job.pull_request.from_fork);
    assert_eq!(job.place.repository, "5");
}

/// They go on to git, which may take a branch for a flag.
#[test]
fn what_is_no_commit_is_not_handed_on() {
    let mut event = opened(Some(1));
    event["pull_request"]["base"]["sha"] = "--upload-pack=touch x".into();
    event["pull_request"]["head"]["sha"] = Value::Null;
    let job = github().event(&event).find().unwrap();
    assert_eq!((job.pull_request.base, job.pull_request.head), (None, None));
    assert_eq!(job.commit, None);
}

#[test]
fn where_there_is_no_pull_request_it_says_what_was_looked_for() {
    let none = Environment::of(&[]).refusal();
    for name in [
        "GITHUB_ACTIONS",
        "GITEA_ACTIONS",
        "FORGEJO_ACTIONS",
        "GITLAB_CI",
    ] {
        assert!(none.contains(name), "{none}");
    }
    let push = github()
        .event(&json!({"ref": "refs/heads/main", "after": COMMIT}))
        .with("GITHUB_EVENT_NAME", "push\u{1b}[31m");
    let push = push.refusal();
    for words in ["GITHUB_EVENT_PATH", "`pull_request`", "event `push[31m`"] {
        assert!(push.contains(words), "{push}");
    }
    let branch = gitlab()
        .without("CI_MERGE_REQUEST_IID")
        .with("CI_PIPELINE_SOURCE", "push");
    let branch = branch.refusal();
    for words in ["CI_MERGE_REQUEST_IID", "`push`", "merge_request_event"] {
        assert!(branch.contains(words), "{branch}");
    }
    for (broken, words) in [
        (github().event(&json!([])), "holds no event"),
        (
            github().event(&json!({"pull_request": {"number": "7"}})),
            "holds no event",
        ),
        (
            github().event(&json!({"pull_request": {"number": -7}})),
            "holds no event",
        ),
        (
            github().with("GITHUB_EVENT_PATH", "/gone"),
            "cannot be read",
        ),
        (
            github().without("GITHUB_EVENT_PATH"),
            "GITHUB_EVENT_PATH is not set",
        ),
        (
            github().without("GITHUB_API_URL"),
            "GITHUB_API_URL is not set",
        ),
        (
            github().with("GITHUB_REPOSITORY", ""),
            "GITHUB_REPOSITORY is not set",
        ),
        (
            gitlab().without("CI_API_V4_URL"),
            "CI_API_V4_URL is not set",
        ),
        (
            gitlab().with("CI_MERGE_REQUEST_IID", "7/../8"),
            "is no number",
        ),
    ] {
        let refusal = broken.refusal();
        assert!(refusal.contains(words), "{refusal}");
    }
    let mut large = github();
    large.event = " ".repeat((25 << 20) + 1);
    assert!(large.refusal().contains("larger than any event"));
}

#[test]
fn a_token_of_ones_own_goes_before_that_of_the_job() {
    let own = "own-token";
    let token = |environment: &Environment| {
        let job = environment.find().unwrap();
        let token = job.token(&|name| environment.variables.get(name).cloned());
        token.map(|token| token.expose_text().unwrap().to_owned())
    };
    let gitea = github().with("GITEA_ACTIONS", "true");
    for environment in [github(), gitea.clone()] {
        assert_eq!(token(&environment).unwrap(), TOKEN);
        let environment = environment.with("KEYFLEET_FORGE_TOKEN", own);
        assert_eq!(token(&environment).unwrap(), own);
        let environment = environment.with("KEYFLEET_FORGE_TOKEN", "");
        assert_eq!(token(&environment).unwrap(), TOKEN);
    }
    for name in ["GITEA_TOKEN", "FORGEJO_TOKEN"] {
        assert_eq!(token(&gitea.clone().with(name, own)).unwrap(), own);
        assert_eq!(token(&github().with(name, own)).unwrap(), TOKEN);
    }
    // GitLab takes no comment from a job's own token.
    let refused = token(
        &gitlab()
            .without("KEYFLEET_FORGE_TOKEN")
            .with("GITHUB_TOKEN", own),
    );
    let refused = refused.unwrap_err();
    assert_eq!(refused.why, "not set: KEYFLEET_FORGE_TOKEN");
    assert!(
        refused
            .hint
            .unwrap()
            .contains("CI_JOB_TOKEN cannot comment")
    );
    let refused = token(&github().without("GITHUB_TOKEN")).unwrap_err();
    assert_eq!(refused.why, "not set: KEYFLEET_FORGE_TOKEN, GITHUB_TOKEN");
    assert!(refused.hint.unwrap().contains("${{ github.token }}"));
}

#[test]
fn a_forge_is_made_of_it_without_showing_a_token() {
    let (forge, job) = github().connect().unwrap();
    assert_eq!(job.pull_request.number, 7);
    let debug = format!("{forge:?}{job:?}");
    assert!(!debug.contains("canary"), "{debug}");
    let plain = github().with("GITHUB_API_URL", "http://forge.example");
    let failure = plain.connect().unwrap_err();
    assert!(failure.why.contains("plain http"), "{failure}");
    assert!(!format!("{failure:?}").contains("canary"));
}
