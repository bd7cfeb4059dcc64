//! Drift reports on their way to a branch: what the service's sink makes of it, over https and ssh.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keyfleet::drift::{About, Ledger};
use keyfleet::git::Source;
use keyfleet::report::drift::Format;
use keyfleet::serve::settings::{Destination, Repository, Schedule, SecretSource, Sink};
use keyfleet::serve::sinks::{Courier, Patience, Rendered};
use tempfile::TempDir;

use super::command::{commit_all, git, new_repository};
use super::road::{Road, Traffic};
use super::server::{Server, TOKEN};
use super::sshd::Sshd;

const CANARY: &str = "a-token-that-is-canary-4713";

/// A repository with `main`, which is followed, on a server that takes pushes.
struct Place {
    server: Server,
    road: Road,
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let server = Server::start();
        let place = Self {
            road: Road::to(server.address),
            folder: TempDir::new().unwrap(),
            server,
        };
        fs::create_dir(place.server.root.path().join("private")).unwrap();
        fill(&place.bare());
        git(&place.bare(), &["config", "http.receivepack", "true"]);
        place.token(TOKEN);
        place
    }

    fn bare(&self) -> PathBuf {
        self.server.root.path().join("private/acme.git")
    }

    fn token(&self, token: &str) -> PathBuf {
        let file = self.folder.path().join("token");
        fs::write(&file, format!("{token}\n")).unwrap();
        file
    }

    fn repository(&self) -> Repository {
        let address = format!("https://127.0.0.1:{}/private/acme.git", self.road.port);
        Repository {
            token: Some(SecretSource::File(self.folder.path().join("token"))),
            certificate_authority: Some(self.server.authority()),
            ..repository(&address)
        }
    }

    fn branch(&self, name: &str) -> Sink {
        branch(self.repository(), name)
    }

    /// The branches of the server, with where they are.
    fn branches(&self) -> String {
        let all = ["for-each-ref", "--format=%(refname) %(objectname)"];
        git(&self.bare(), &all)
    }

    fn log(&self, format: &str) -> String {
        let format = format!("--format={format}");
        git(&self.bare(), &["log", &format, "reports"])
    }
}

/// A bare repository with one commit on `main`.
fn fill(bare: &Path) {
    let work = new_repository();
    fs::write(work.path().join("fleet.yaml"), "of the fleet").unwrap();
    commit_all(work.path());
    let to = bare.to_str().unwrap();
    git(work.path(), &["init", "-q", "--bare", to]);
    git(work.path(), &["push", "-q", to, "HEAD:main"]);
}

fn repository(address: &str) -> Repository {
    Repository::of(Source::parse(address).unwrap())
}

fn branch(repository: Repository, name: &str) -> Sink {
    Sink {
        name: "archive".to_owned(),
        to: Destination::Branch {
            repository: Box::new(repository),
            branch: name.to_owned(),
            folder: "/drift/".to_owned(),
        },
    }
}

/// The report of this hour.
fn report(hour: u8, sink: &Sink) -> Rendered {
    let now = format!("2026-11-28T{hour:02}:00:00Z").parse().unwrap();
    let about = About {
        repository: "acme".to_owned(),
        revision: "3f2a9c1".to_owned(),
        ..About::default()
    };
    let schedule = Schedule {
        name: "daily".to_owned(),
        cron: "0 9 * * *".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        to: vec![sink.name.clone()],
        formats: vec![Format::Markdown, Format::Json],
    };
    let report = Ledger::begin(now, None).report(about, now);
    Rendered::of(&report, &schedule, std::slice::from_ref(sink))
}

fn courier() -> Courier {
    Courier::new(Patience::default(), None).unwrap()
}

async fn deliver(sink: &Sink, hour: u8) -> Result<(), String> {
    let delivered = courier().deliver(sink, &report(hour, sink)).await;
    delivered.map_err(|error| error.to_string())
}

/// What the sink says of a report that it did not take.
async fn refused(sink: &Sink, expected: &[&str]) -> String {
    let said = deliver(sink, 9).await.unwrap_err();
    for part in expected {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    assert!(said.contains("the sink `archive`"), "{said}");
    said
}

/// Has the server do this before it takes a push.
fn hook(place: &Place, name: &str, script: &str) {
    let path = place.bare().join("hooks").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn each_report_is_a_commit_that_says_what_is_news_and_the_same_one_is_none() {
    let place = Place::new();
    let (before, sink) = (place.branches(), place.branch("reports"));
    deliver(&sink, 9).await.unwrap();
    deliver(&sink, 10).await.unwrap();
    let told = place.log("%an <%ae> %cn <%ce> %aI %cI%n%B");
    let (hours, mut expected) = (["10", "09"], String::new());
    for hour in hours {
        let time = format!("2026-11-28T{hour}:00:00+00:00");
        expected += &format!(
            "keyfleet <keyfleet@localhost> keyfleet <keyfleet@localhost> {time} {time}\n\
             drift: daily, 0 new, 0 known, 0 resolved\n\nacme @ 3f2a9c1, 2026-11-28T{hour}:00:00Z\n\n"
        );
    }
    assert_eq!(told, expected.trim_end());
    let files = git(&place.bare(), &["ls-tree", "-r", "--name-only", "reports"]);
    assert_eq!(files, "drift/daily.json\ndrift/daily.md");
    let newest = git(&place.bare(), &["show", "reports:drift/daily.json"]);
    assert!(newest.contains("2026-11-28T10:00:00Z"), "{newest}");
    // The answer to it was lost, so to say.
    deliver(&sink, 10).await.unwrap();
    assert_eq!(place.log("%h").lines().count(), 2);
    // Nothing else on the server was touched.
    let others: Vec<String> = place
        .branches()
        .lines()
        .filter(|line| !line.contains("refs/heads/reports "))
        .map(str::to_owned)
        .collect();
    assert_eq!(others.join("\n"), before);
    git(&place.bare(), &["fsck", "--strict"]);
}

#[tokio::test]
async fn a_branch_that_others_write_to_all_the_time_gets_its_report_on_top() {
    let place = Place::new();
    let sink = place.branch("reports");
    deliver(&sink, 8).await.unwrap();
    // Three times somebody else is faster.
    hook(
        &place,
        "pre-receive",
        "unset GIT_QUARANTINE_PATH\nn=$(cat races 2>/dev/null || echo 0)\n[ $n = 3 ] && exit 0\necho $((n + 1)) > races\n\
         new=$(git -c user.name=Other -c user.email=o@example commit-tree -p reports -m \"other $n\" 'reports^{tree}')\n\
         git update-ref refs/heads/reports $new",
    );
    deliver(&sink, 9).await.unwrap();
    let expected = "drift: daily, 0 new, 0 known, 0 resolved\nother 2\nother 1\nother 0\n\
                    drift: daily, 0 new, 0 known, 0 resolved";
    assert_eq!(place.log("%s"), expected);
}

#[tokio::test]
async fn a_server_that_refuses_is_quoted_and_not_asked_again() {
    let place = Place::new();
    let sink = place.branch("reports");
    let before = place.branches();
    // As a forge words a protected branch; a terminal would obey it.
    hook(
        &place,
        "pre-receive",
        "echo x >> tries\nprintf 'error: GH006: Protected branch update failed.\\n\\n\\033[31mChanges must be made \
         through a pull request.\\n' >&2\nexit 1",
    );
    let said = refused(
        &sink,
        &[
            "branch 'reports'",
            "pre-receive hook declined",
            "GH006: Protected branch update failed. / ",
            "[31mChanges must be made through a pull request.",
            "see whether the branch is protected",
        ],
    )
    .await;
    assert!(!said.contains(['\u{1b}', '\n']), "{said:?}");
    let tries = fs::read_to_string(place.bare().join("tries")).unwrap();
    assert_eq!(tries.lines().count(), 1);
    // A hook that repeats what it was shown is not quoted, nor one that never ends.
    hook(
        &place,
        "pre-receive",
        &format!("echo 'the token {TOKEN} is not enough' >&2; exit 1"),
    );
    let said = refused(&sink, &["pre-receive hook declined"]).await;
    assert!(!said.contains(TOKEN), "{said}");
    hook(
        &place,
        "pre-receive",
        "yes 'never ends' | head -c 100000 >&2; exit 1",
    );
    assert!(refused(&sink, &["never ends / never"]).await.len() < 1000);
    assert_eq!(place.branches(), before);
}

#[tokio::test]
async fn a_credential_that_is_wrong_or_may_only_read_is_told_from_a_server_that_is_not_there() {
    let place = Place::new();
    place.token(CANARY);
    let said = refused(
        &place.branch("reports"),
        &["refused the token in", "/token"],
    )
    .await;
    assert!(!said.contains(CANARY), "{said}");
    // The file is read again each time.
    place.token(TOKEN);
    git(&place.bare(), &["config", "http.receivepack", "false"]);
    refused(&place.branch("reports"), &["403", "may not do this"]).await;
    git(&place.bare(), &["config", "http.receivepack", "true"]);
    place.road.set(Traffic::Closed);
    refused(&place.branch("reports"), &["failed to fetch"]).await;
    place.road.set(Traffic::Free);
    deliver(&place.branch("reports"), 9).await.unwrap();
}

#[tokio::test]
async fn a_server_that_hangs_is_left_at_the_deadline_also_in_the_middle_of_a_push() {
    let place = Place::new();
    let mut repository = place.repository();
    repository.limits.fetch_seconds = 2;
    let sink = branch(repository, "reports");
    let before = place.branches();
    let begin = Instant::now();
    place.road.set(Traffic::BlockedAfter(0));
    refused(&sink, &["no end after 2 seconds"]).await;
    place.road.set(Traffic::Free);
    // It takes what is sent, and then says nothing.
    hook(&place, "pre-receive", "sleep 5; exit 1");
    refused(&sink, &["no end after 2 seconds"]).await;
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert_eq!(place.branches(), before);
}

#[tokio::test]
async fn the_branch_that_is_followed_is_never_written_to() {
    let place = Place::new();
    let before = place.branches();
    let address = format!("https://127.0.0.1:{}/private/acme", place.road.port);
    for reference in [None, Some("main"), Some("refs/heads/main")] {
        let followed = Repository {
            reference: reference.map(str::to_owned),
            ..repository(&address)
        };
        let sink = place.branch("main");
        let beside = courier().beside(&followed);
        let said = beside.deliver(&sink, &report(9, &sink)).await.unwrap_err();
        let expected =
            "it is the branch that keyfleet follows; write reports to a branch of their own";
        assert!(said.to_string().contains(expected), "{said}");
        assert_eq!(place.branches(), before);
        let other = place.branch("reports");
        beside.deliver(&other, &report(9, &other)).await.unwrap();
        git(&place.bare(), &["update-ref", "-d", "refs/heads/reports"]);
    }
    // `main` of a repository that is only for reports is as good as any.
    fill(&place.server.root.path().join("private/reports.git"));
    let followed = repository(&format!("{address}-of-another-name"));
    let sink = place.branch("main");
    let beside = courier().beside(&followed);
    beside.deliver(&sink, &report(9, &sink)).await.unwrap();
}

#[tokio::test]
async fn over_ssh_a_deploy_key_writes_and_a_stranger_host_is_not_trusted() {
    let sshd = Sshd::start();
    fill(&sshd.at("acme.git"));
    let sink = |known: &str, key: &str| {
        let to = Repository {
            ssh_key: Some(sshd.at(key)),
            known_hosts: Some(sshd.known_hosts(sshd.port, known)),
            ..repository(&sshd.url(sshd.port, "acme.git"))
        };
        branch(to, "reports")
    };
    refused(
        &sink("stranger", "user"),
        &["failed to trust the ssh host key"],
    )
    .await;
    refused(&sink("host", "stranger"), &["refused the key", "/stranger"]).await;
    deliver(&sink("host", "user"), 9).await.unwrap();
    deliver(&sink("host", "user"), 10).await.unwrap();
    let told = git(&sshd.at("acme.git"), &["log", "--format=%s", "reports"]);
    assert_eq!(told.lines().count(), 2, "{told}");
    let hooks = sshd.at("acme.git").join("hooks");
    fs::create_dir_all(&hooks).unwrap();
    fs::write(
        hooks.join("update"),
        "#!/bin/sh\necho no reports here >&2\nexit 1\n",
    )
    .unwrap();
    fs::set_permissions(hooks.join("update"), fs::Permissions::from_mode(0o755)).unwrap();
    let sink = sink("host", "user");
    let said = deliver(&sink, 11).await.unwrap_err();
    assert!(said.contains("hook declined: no reports here"), "{said}");
}

#[tokio::test]
async fn a_directory_of_this_machine_is_no_branch_of_a_server() {
    let folder = TempDir::new().unwrap();
    let sink = branch(repository(folder.path().to_str().unwrap()), "reports");
    refused(&sink, &["name an https or ssh address"]).await;
}
