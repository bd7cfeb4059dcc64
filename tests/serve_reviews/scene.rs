//! A fleet on embedded servers, its repository with a pull request, a forge, and the service.

use super::command::git;
use super::server::{Server, TOKEN};
use super::service::Service;
use super::support::canary::Canaries;
use super::support::{self, sandbox::Sandbox};
use super::webhook::{SECRET, Said, word};
use keyfleet::forge::Kind;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A value in Vault, of a path that a pull request makes readable.
const VALUE: &str = "canary-vault-value-0123456789abcdef";

pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) folder: TempDir,
    /// What the git server has.
    bare: PathBuf,
    pub(crate) forge: Server,
    pub(crate) kind: Kind,
    /// `repository`, with where it is and what it takes to get in.
    pub(crate) repository: String,
}

impl Scene {
    pub(crate) async fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bare = folder.path().join("acme.git");
        let repository = format!(
            "repository: {{url: \"file://{}\", interval: 1h}}",
            bare.display()
        );
        Self::at(kind, folder, bare, repository).await
    }

    /// With a git server that keeps the repository there.
    pub(crate) async fn at(kind: Kind, folder: TempDir, bare: PathBuf, repository: String) -> Self {
        support::init();
        let sandbox = Sandbox::start(&["--clusters", "1"]);
        let work = &sandbox.keyfleet.repository;
        git(
            work,
            &["clone", "-q", "--bare", ".", bare.to_str().unwrap()],
        );
        fs::write(folder.path().join("token"), TOKEN).unwrap();
        fs::write(folder.path().join("webhook"), SECRET).unwrap();
        sandbox
            .write(
                "kv/data/finance/ledger",
                json!({"data": {"password": VALUE}}),
            )
            .await;
        Self {
            sandbox,
            folder,
            bare,
            forge: Server::start(kind).await,
            kind,
            repository,
        }
    }

    /// A pull request, or a newer state of it: one commit on what is followed. Gives the commit.
    pub(crate) fn pull(&self, edit: impl FnOnce(&Path)) -> String {
        let work = tempfile::tempdir().unwrap();
        let bare = self.bare.to_str().unwrap();
        git(work.path(), &["clone", "-q", bare, "."]);
        edit(work.path());
        git(work.path(), &["add", "-A"]);
        git(work.path(), &["commit", "-q", "-m", "change"]);
        let to = match self.kind {
            Kind::GitLab => "+HEAD:refs/merge-requests/7/head",
            Kind::GitHub | Kind::Gitea => "+HEAD:refs/pull/7/head",
        };
        git(work.path(), &["push", "-q", "origin", to]);
        git(work.path(), &["rev-parse", "HEAD"])
    }

    /// The settings, where reviews go included; `review` are further fields of that.
    pub(crate) fn settings(&self, review: &str) -> String {
        let place = self.forge.place();
        format!(
            "{}review:\n  forge: {{kind: {}, api: \"{}\", repository: {}}}\n  token: {{file: {}}}\n{review}",
            self.without_reviews(),
            word(self.kind),
            place.api,
            place.repository,
            self.folder.path().join("token").display()
        )
    }

    pub(crate) fn without_reviews(&self) -> String {
        format!(
            "{}\nreconcile: {{interval: 5s}}\nwebhooks:\n  listen: WEBHOOKS\n  from:\n  - {{forge: {}, secret: {{file: {}}}}}\n",
            self.repository,
            word(self.kind),
            self.folder.path().join("webhook").display()
        )
    }

    /// The service, once it follows and may write.
    pub(crate) async fn serve(&self, settings: &str) -> Service {
        let service = Service::start(&self.sandbox.keyfleet, self.folder.path(), settings);
        service.until_said("following").await;
        let ready = async || service.counted("keyfleet_active").await == 1;
        service.until("active process", ready).await;
        service
    }

    pub(crate) async fn say(&self, service: &Service, said: &Said) -> u16 {
        said.deliver(service.webhooks, self.kind, SECRET).await
    }

    /// The states that were set for this commit, the oldest first.
    pub(crate) fn states(&self, commit: &str) -> Vec<String> {
        let books = self.forge.books();
        let of = |call: &&String| call.starts_with("POST") && call.contains("/statuses/");
        let calls = books.calls.iter().filter(of);
        let both = calls.zip(&books.statuses);
        let both = both.filter(|(call, _)| call.ends_with(commit));
        let state = |status: &Value| status["state"].as_str().unwrap().to_owned();
        both.map(|(_, status)| state(status)).collect()
    }

    pub(crate) async fn until_state(&self, service: &Service, commit: &str, state: &str) {
        let is_set = async || self.states(commit).last().is_some_and(|last| last == state);
        service.until(&format!("{state} of {commit}"), is_set).await;
    }

    /// Nothing that anybody may not see is in a log, a comment, a status or a metric.
    pub(crate) async fn nothing_leaked(&self, service: &Service) {
        let mut canaries = Canaries::default();
        canaries.add("the token of the forge", TOKEN);
        canaries.add("the secret of the webhooks", SECRET);
        canaries.add("a value of Vault", VALUE);
        canaries.add("keyfleet's own token", &self.sandbox.keyfleet.vault_token);
        let statuses = format!("{:?}", self.forge.books().statuses);
        let said = [
            ("the log", service.log()),
            ("a comment", self.forge.bodies().join("\n")),
            ("a status", statuses),
            ("a metric", service.get("/metrics").await),
        ];
        for (place, text) in said {
            assert_eq!(canaries.found_in(&text), Vec::<String>::new(), "{place}");
        }
    }
}

/// A Secret of one more path, which its cluster's role may read from then on.
pub(crate) fn grants(folder: &Path, path: &str) {
    let text = format!(
        "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {{name: more, namespace: shop}}\n\
         spec:\n  backendType: vault\n  data:\n  - {{key: {path}, name: password, property: password}}\n"
    );
    fs::write(folder.join("clusters/prod-eu/more.yaml"), text).unwrap();
}

/// A change that means nothing.
pub(crate) fn means_nothing(folder: &Path) {
    fs::write(folder.join("NOTES.md"), "nothing that keyfleet reads\n").unwrap();
}
