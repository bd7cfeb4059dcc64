//! Following a repository on a server: a real `git http-backend` behind TLS, and a real sshd.

use super::command::{commit_all, git};
use super::process::{Ports, Service};
use super::reports::edit;
use super::road::{Road, Traffic};
use super::scene::Scene;
use super::server::{Server, TOKEN};
use super::sshd::Sshd;
use super::support::request;
use ring::hmac;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) const SECRET: &str = "the-secret-of-the-webhook";

/// The scene's declarations in a repository, which is pushed to a server.
pub(super) struct Forge {
    pub(super) scene: Scene,
    /// The repository on the server.
    bare: PathBuf,
    /// The address and the credentials, as lines of `repository`.
    pub(super) access: String,
}

impl Forge {
    async fn new(tag: &str, bare: PathBuf, access: impl FnOnce(&Path) -> String) -> Self {
        let scene = Scene::applied(tag).await;
        let folder = scene.keyfleet.repository.parent().unwrap();
        fs::write(folder.join("webhook"), SECRET).unwrap();
        let access = access(folder);
        let forge = Self {
            scene,
            bare,
            access,
        };
        git(forge.work(), &["init", "-q"]);
        fs::create_dir_all(&forge.bare).unwrap();
        git(&forge.bare, &["init", "-q", "--bare"]);
        forge.push();
        forge
    }

    fn work(&self) -> &Path {
        &self.scene.keyfleet.repository
    }

    /// Commits and pushes everything; tells which commit it is.
    pub(super) fn push(&self) -> String {
        commit_all(self.work());
        let bare = self.bare.to_str().unwrap();
        git(self.work(), &["push", "-q", "-f", bare, "HEAD:main"]);
        git(self.work(), &["rev-parse", "HEAD"])
    }

    /// `more` are further lines of `repository`.
    fn settings(&self, ports: Ports, more: &str) -> String {
        let folder = self.work().parent().unwrap().display();
        let (access, web, probes, webhooks) =
            (&self.access, ports.web, ports.probes, ports.webhooks);
        format!(
            "apiVersion: keyfleet.dev/v1alpha1\nkind: Service\nrepository:\n  interval: 1h\n{access}{more}\
             data: {folder}/data\nreconcile: {{interval: 5s}}\nweb: {{listen: 127.0.0.1:{web}}}\n\
             probes: {{listen: 127.0.0.1:{probes}}}\nwebhooks:\n  listen: 127.0.0.1:{webhooks}\n  from:\n    \
             - forge: github\n      secret: {{file: {folder}/webhook}}\n"
        )
    }

    fn start(&self) -> Service {
        Service::start_with(&self.scene, |ports| self.settings(ports, ""))
    }

    async fn secret(&self, name: &str) -> Option<String> {
        self.scene.secret(&self.scene.north, name).await
    }
}

/// A server that asks for a token, on a road that can be closed.
pub(super) fn https() -> (Server, Road) {
    let server = Server::start();
    let road = Road::to(server.address);
    (server, road)
}

pub(super) async fn forge(tag: &str, server: &Server, road: &Road) -> Forge {
    let bare = server.root.path().join("private/acme.git");
    let access = |folder: &Path| {
        let token = folder.join("git-token");
        fs::write(&token, format!("{TOKEN}\n")).unwrap();
        format!(
            "  url: https://127.0.0.1:{}/private/acme.git\n  token: {{file: {}}}\n  certificateAuthority: {}\n",
            road.port,
            token.display(),
            server.authority().display()
        )
    };
    Forge::new(tag, bare, access).await
}

/// What GitHub sends when this commit was pushed, signed with this secret.
pub(super) async fn deliver(service: &Service, commit: &str, secret: &str) -> u16 {
    let body = format!(r#"{{"ref":"refs/heads/main","after":"{commit}"}}"#);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = hmac::sign(&key, body.as_bytes());
    let digits = signature.as_ref().iter().map(|byte| format!("{byte:02x}"));
    let url = format!(
        "http://127.0.0.1:{}/webhooks/github",
        service.ports.webhooks
    );
    let call = request::client(None)
        .post(url)
        .header("X-GitHub-Event", "push")
        .header(
            "X-Hub-Signature-256",
            format!("sha256={}", digits.collect::<String>()),
        )
        .body(body);
    request::send(call).await.0
}

async fn ready(service: &Service) -> (u16, String) {
    service.get(service.ports.probes, "/readyz?verbose").await
}

async fn metrics(service: &Service) -> String {
    service.get(service.ports.probes, "/metrics").await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pushed_is_applied_when_the_forge_says_so_and_not_when_a_stranger_does() {
    let (server, road) = https();
    let forge = forge("serve-push", &server, &road).await;
    let service = forge.start();
    service.until_said("following").await;
    forge.scene.declare(&forge.scene.north, "new");
    let commit = forge.push();
    let asked = server.seen().len();
    assert_eq!(deliver(&service, &commit, "another secret").await, 401);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(server.seen().len(), asked, "nobody asked git");
    assert_eq!(forge.secret("new").await, None);
    assert_eq!(deliver(&service, &commit, SECRET).await, 202);
    service
        .until_secret(&forge.scene, "new", "value-of-new")
        .await;
    let metrics = metrics(&service).await;
    assert!(
        metrics.contains("keyfleet_git_held 0") && metrics.contains(&commit[..7]),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_git_server_is_down_everything_is_kept_equal_to_the_last_revision() {
    let (server, road) = https();
    let forge = forge("serve-git-down", &server, &road).await;
    let service = forge.start();
    service.until_said("following").await;
    let followed = git(forge.work(), &["rev-parse", "HEAD"]);
    forge.scene.declare(&forge.scene.north, "new");
    let commit = forge.push();
    road.set(Traffic::Closed);
    assert_eq!(deliver(&service, &commit, SECRET).await, 202);
    service
        .until("word of it", async || {
            let (status, text) = ready(&service).await;
            assert_eq!(status, 200, "{text}");
            text.contains("git is down, serving the last revision")
                && text.contains(&followed[..7])
                && text.contains("[-]git failed")
        })
        .await;
    assert!(metrics(&service).await.contains("keyfleet_git_up 0"));
    edit(&forge.scene, "by-hand").await;
    service
        .until_secret(&forge.scene, "app", "value-of-app")
        .await;
    assert_eq!(forge.secret("new").await, None);
    // A start without the server goes on from what is on disk.
    drop(service);
    let service = forge.start();
    edit(&forge.scene, "by-hand").await;
    service
        .until_secret(&forge.scene, "app", "value-of-app")
        .await;
    road.set(Traffic::Free);
    service
        .until_secret(&forge.scene, "new", "value-of-new")
        .await;
    service
        .until("all well", async || {
            ready(&service).await.1.contains("[+]git ok")
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_was_rewritten_is_held_until_the_settings_accept_it() {
    let (server, road) = https();
    is_held(forge("serve-held", &server, &road).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_of_a_repository_of_this_machine_is_held_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().join("acme.git");
    let access = format!("  url: file://{}\n", bare.display());
    is_held(Forge::new("serve-held-here", bare, |_| access).await).await;
}

async fn is_held(forge: Forge) {
    let before = git(forge.work(), &["rev-parse", "HEAD"]);
    forge.scene.declare(&forge.scene.north, "new");
    forge.push();
    let service = forge.start();
    service
        .until_secret(&forge.scene, "new", "value-of-new")
        .await;
    git(forge.work(), &["reset", "-q", "--hard", &before]);
    forge.scene.declare(&forge.scene.north, "old");
    let rewritten = forge.push();
    assert_eq!(deliver(&service, &rewritten, SECRET).await, 202);
    service.until_said("the branch was rewritten").await;
    assert!(service.log().contains(&rewritten), "{}", service.log());
    let (status, text) = ready(&service).await;
    assert_eq!(status, 200, "{text}");
    assert!(
        text.contains("[-]branch failed") && text.contains(&rewritten),
        "{text}"
    );
    assert!(metrics(&service).await.contains("keyfleet_git_held 1"));
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(forge.secret("old").await, None);
    assert!(forge.secret("new").await.is_some());

    let accept = format!("  accept: {rewritten}\n");
    let settings = forge.settings(service.ports, &accept);
    fs::write(&service.settings, settings).unwrap();
    service.signal("HUP");
    service
        .until("accepted Secret", async || {
            forge.secret("old").await.is_some()
        })
        .await;
    service
        .until("nothing held", async || {
            metrics(&service).await.contains("keyfleet_git_held 0")
        })
        .await;
    let (_, text) = ready(&service).await;
    assert!(text.contains("[+]branch ok"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_key_and_a_known_host_let_it_follow_over_ssh() {
    let sshd = Sshd::start();
    let access = |_: &Path| {
        format!(
            "  url: {}\n  sshKey: {}\n  knownHosts: {}\n",
            sshd.url(sshd.port, "acme.git"),
            sshd.at("user").display(),
            sshd.known_hosts(sshd.port, "host").display()
        )
    };
    let forge = Forge::new("serve-ssh", sshd.at("acme.git"), access).await;
    let service = forge.start();
    service.until_said("following").await;
    forge.scene.declare(&forge.scene.north, "new");
    let commit = forge.push();
    assert_eq!(deliver(&service, &commit, SECRET).await, 202);
    service
        .until_secret(&forge.scene, "new", "value-of-new")
        .await;
    // The host has another key than the one that is known: nothing of what it has is taken.
    fs::write(
        sshd.at("known_hosts_host"),
        sshd.known_line(sshd.port, "stranger"),
    )
    .unwrap();
    forge.scene.declare(&forge.scene.north, "old");
    let commit = forge.push();
    assert_eq!(deliver(&service, &commit, SECRET).await, 202);
    service.until_said("failed to trust the ssh host key").await;
    assert_eq!(forge.secret("old").await, None);
}
