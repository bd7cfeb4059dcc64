//! Both revisions on a server.

use keyfleet::git::{Access, Comparison, Error, How, Limits, Memory, Source, compare};

use super::command::git;
use super::place::{Place, said, shown, wanted};
use super::server::Server;

/// A server, and somebody who pushes to it.
struct Remote {
    server: Server,
    place: Place,
    limits: Limits,
}

impl Remote {
    /// Where `main` and `feature` have each a commit of their own.
    fn new() -> Self {
        let remote = Self {
            server: Server::start(),
            place: Place::new(),
            limits: Limits::default(),
        };
        let root = remote.server.root.path();
        git(root, &["init", "-q", "--bare", "acme.git"]);
        let bare = root.join("acme.git");
        let place = &remote.place;
        place.git(&["remote", "add", "origin", bare.to_str().unwrap()]);
        place.branch("feature");
        place.edit("a.yaml", "line3: 3", "line3: three");
        place.commit();
        place.go("main");
        place.edit("a.yaml", "line18: 18", "line18: eighteen");
        place.commit();
        remote.push("main:main");
        remote.push("feature:feature");
        remote
    }

    fn push(&self, what: &str) {
        self.place.git(&["push", "-q", "-f", "origin", what]);
    }

    fn bare(&self, arguments: &[&str]) {
        git(&self.server.root.path().join("acme.git"), arguments);
    }

    fn try_compare(&self, base: Option<&str>, head: Option<&str>) -> Result<Comparison, Error> {
        let source = Source::parse(&self.server.url("acme.git")).unwrap();
        let access = Access {
            authority: Some(self.server.authority()),
            ..Access::default()
        };
        let mut memory = Memory::default();
        compare(
            &source,
            (base, head),
            &self.limits,
            &wanted,
            &access,
            &mut memory,
        )
    }

    fn compare(&self, base: Option<&str>, head: &str) -> Comparison {
        let compared = self.try_compare(base, Some(head));
        compared.unwrap_or_else(|error| panic!("{}", said(&error)))
    }

    fn fails(&self, base: Option<&str>, head: Option<&str>, expected: &[&str]) {
        let said = said(&self.try_compare(base, head).unwrap_err());
        for part in expected {
            assert!(said.contains(part), "no {part:?} in {said}");
        }
    }
}

#[test]
fn a_branch_of_a_server_is_merged_into_its_default_branch() {
    let remote = Remote::new();
    for base in [None, Some("main")] {
        let compared = remote.compare(base, "feature");
        assert_eq!(
            (&*compared.base_name, &*compared.head_name),
            ("main", "feature")
        );
        assert_eq!(compared.how, How::Merged);
        assert_eq!(shown(&compared.changes), ["modified a.yaml 4-4"]);
        assert_eq!(compared.head.name, "acme");
        let merged = &compared.head.files["a.yaml"];
        assert!(
            merged.contains("three") && merged.contains("eighteen"),
            "{merged}"
        );
    }
    remote.fails(None, None, &["--head"]);
    remote.fails(None, Some("featrue"), &["did you mean 'feature'?"]);
    remote.fails(Some("mian"), Some("feature"), &["did you mean 'main'?"]);
}

#[test]
fn the_head_of_a_pull_request_is_a_head() {
    let remote = Remote::new();
    for name in ["refs/pull/12/head", "refs/merge-requests/3/head"] {
        remote.push(&format!("feature:{name}"));
    }
    remote.bare(&["branch", "-q", "-D", "feature"]);
    for name in [
        "refs/pull/12/head",
        "refs/merge-requests/3/head",
        "pull/12/head",
    ] {
        let compared = remote.compare(None, name);
        assert_eq!(shown(&compared.changes), ["modified a.yaml 4-4"]);
        assert_eq!(compared.head_name, name);
    }
    let expected = ["'refs/pull/13/head'", "did you mean 'refs/pull/12/head'?"];
    remote.fails(None, Some("refs/pull/13/head"), &expected);
}

#[test]
fn commits_that_a_server_gives_only_by_its_history_are_found() {
    let remote = Remote::new();
    let place = &remote.place;
    let fork = place.git(&["rev-parse", "main~1"]);
    let head = place.git(&["rev-parse", "feature"]);
    for base in [&*fork, &fork[..9]] {
        for head in ["feature", &head, &head[..9]] {
            let compared = remote.compare(Some(base), head);
            assert_eq!(compared.how, How::Ahead, "{base} {head}");
        }
    }
    remote.push("feature:refs/pull/12/head");
    remote.bare(&["branch", "-q", "-D", "feature"]);
    let compared = remote.compare(Some(&fork), "refs/pull/12/head");
    assert_eq!(compared.how, How::Ahead);
    remote.bare(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    assert_eq!(remote.compare(Some(&fork), &head).how, How::Ahead);
}

#[test]
fn history_is_fetched_until_both_meet() {
    let remote = Remote::new();
    let place = &remote.place;
    let before = remote.server.seen().len();
    remote.compare(None, "feature");
    let asked = |from: usize| {
        let seen = remote.server.seen();
        let bodies = seen[from..].iter().map(|(.., body)| body.clone());
        bodies.collect::<Vec<_>>().join("\n")
    };
    let near = asked(before);
    assert!(
        near.contains("deepen 64") && !near.contains("deepen 1024"),
        "{near}"
    );
    for (branch, count) in [("main", 100), ("feature", 1200)] {
        let tree = place.git(&["rev-parse", &format!("{branch}^{{tree}}")]);
        let mut tip = place.git(&["rev-parse", branch]);
        for number in 0..count {
            let message = number.to_string();
            tip = place.git(&["commit-tree", "-p", &tip, "-m", &message, &tree]);
        }
        let name = format!("refs/heads/{branch}");
        place.git(&["update-ref", &name, &tip]);
        remote.push(&format!("{branch}:{branch}"));
        let before = remote.server.seen().len();
        let compared = remote.compare(None, "feature");
        assert_eq!(shown(&compared.changes), ["modified a.yaml 4-4"]);
        let far = asked(before);
        assert!(far.contains("deepen 1024"), "{far}");
    }
}

#[test]
fn histories_without_a_common_commit_are_told_from_those_that_are_too_long() {
    let mut remote = Remote::new();
    let place = &remote.place;
    place.git(&["checkout", "-q", "--orphan", "other"]);
    place.commit();
    remote.push("other:other");
    remote.fails(
        None,
        Some("other"),
        &["'main' and 'other' have no commit in common"],
    );
    place.write(
        "noise.bin",
        (0..400_000_u32)
            .flat_map(|n| {
                n.wrapping_mul(2_654_435_761)
                    .rotate_left(n % 31)
                    .to_le_bytes()
            })
            .collect::<Vec<_>>(),
    );
    place.commit();
    remote.push("other:other");
    remote.limits.fetch_bytes = 100_000;
    remote.fails(None, Some("other"), &["--git-limit fetch_bytes=N"]);
}
