use super::*;
use serde_json::{Value, json};

const COMMIT: &str = "6dcb09b5b57875f334f61aebed695e2e4193db5e";

fn reviewing(kind: Kind, branch: Option<&str>, forks: bool) -> Reviewing {
    Reviewing {
        place: Place {
            kind,
            api: "https://forge.example/api".to_owned(),
            repository: "acme/fleet".to_owned(),
        },
        forks,
        branch: branch.map(str::to_owned),
    }
}

fn means(reviewing: &Reviewing, body: &Value) -> Means {
    reviewing.means(Some(body.to_string().as_bytes()))
}

fn of_github(action: &str) -> Value {
    json!({
        "action": action,
        "number": 7,
        "pull_request": {
            "base": {"ref": "main", "repo": {"id": 1, "full_name": "acme/fleet"}},
            "head": {"ref": "feature", "sha": COMMIT, "repo": {"id": 1, "full_name": "acme/fleet"}}
        },
        "repository": {"id": 1, "full_name": "Acme/Fleet", "default_branch": "main"}
    })
}

fn of_gitlab(action: &str) -> Value {
    json!({
        "object_kind": "merge_request",
        "project": {"id": 5, "path_with_namespace": "acme/fleet", "default_branch": "main"},
        "object_attributes": {
            "iid": 7, "id": 99, "action": action, "target_branch": "main", "source_branch": "feature",
            "source_project_id": 5, "target_project_id": 5, "last_commit": {"id": COMMIT}
        }
    })
}

fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (above, key) = pointer.rsplit_once('/').unwrap();
    let above = if above.is_empty() {
        &mut body
    } else {
        body.pointer_mut(above).unwrap()
    };
    above[key] = value;
    body
}

fn seven() -> Means {
    Means::Review(Asked {
        number: 7,
        head: Some(COMMIT.to_owned()),
    })
}

#[test]
fn what_may_have_changed_is_reviewed_and_nothing_else() {
    for kind in [Kind::GitHub, Kind::Gitea] {
        let reviewing = reviewing(kind, Some("main"), true);
        for action in [
            "opened",
            "synchronize",
            "synchronized",
            "reopened",
            "ready_for_review",
        ] {
            assert_eq!(means(&reviewing, &of_github(action)), seven(), "{action}");
        }
        for action in ["closed", "labeled", "edited", "assigned", "", "Opened"] {
            assert_eq!(
                means(&reviewing, &of_github(action)),
                Means::Nothing,
                "{action}"
            );
        }
        for field in ["base", "ref"] {
            let moved = with(
                of_github("edited"),
                "/changes",
                json!({field: {"from": "other"}}),
            );
            assert_eq!(means(&reviewing, &moved), seven());
        }
    }
    let reviewing = reviewing(Kind::GitLab, Some("main"), true);
    for action in ["open", "reopen"] {
        assert_eq!(means(&reviewing, &of_gitlab(action)), seven());
    }
    for action in ["update", "close", "merge", "approved"] {
        assert_eq!(means(&reviewing, &of_gitlab(action)), Means::Nothing);
    }
    let pushed = with(
        of_gitlab("update"),
        "/object_attributes/oldrev",
        json!("0".repeat(40)),
    );
    assert_eq!(means(&reviewing, &pushed), seven());
    let moved = with(
        of_gitlab("update"),
        "/changes",
        json!({"target_branch": {"previous": "x"}}),
    );
    assert_eq!(means(&reviewing, &moved), seven());
}

#[test]
fn only_what_goes_into_the_branch_that_is_followed_is_reviewed() {
    for (kind, body, base, default) in [
        (
            Kind::GitHub,
            of_github("opened"),
            "/pull_request/base/ref",
            "/repository/default_branch",
        ),
        (
            Kind::GitLab,
            of_gitlab("open"),
            "/object_attributes/target_branch",
            "/project/default_branch",
        ),
    ] {
        let other = with(body.clone(), base, json!("release"));
        for branch in [Some("main"), None] {
            let reviewing = reviewing(kind, branch, true);
            assert_eq!(means(&reviewing, &body), seven());
            assert_eq!(means(&reviewing, &other), Means::Nothing, "{branch:?}");
        }
        assert_eq!(
            means(&reviewing(kind, Some("release"), true), &other),
            seven()
        );
        let without = with(body, default, Value::Null);
        assert_eq!(
            means(&reviewing(kind, None, true), &without),
            Means::Nothing
        );
    }
}

#[test]
fn a_fork_is_told_from_a_branch_and_what_is_not_known_is_one() {
    for (kind, body, from) in [
        (Kind::GitHub, of_github("opened"), "/pull_request/head/repo"),
        (
            Kind::GitLab,
            of_gitlab("open"),
            "/object_attributes/source_project_id",
        ),
    ] {
        let of = |other| {
            if kind == Kind::GitHub {
                json!({"id": other})
            } else {
                json!(other)
            }
        };
        for from_fork in [
            with(body.clone(), from, of(2)),
            with(body.clone(), from, Value::Null),
        ] {
            assert_eq!(means(&reviewing(kind, None, true), &from_fork), seven());
            assert_eq!(
                means(&reviewing(kind, None, false), &from_fork),
                Means::Nothing
            );
        }
        assert_eq!(means(&reviewing(kind, None, false), &body), seven());
    }
}

#[test]
fn another_repository_of_the_same_secret_is_none_of_ours() {
    let body = with(
        of_github("opened"),
        "/repository/full_name",
        json!("acme/other"),
    );
    assert_eq!(
        means(&reviewing(Kind::GitHub, None, true), &body),
        Means::Nothing
    );
    let body = with(
        of_gitlab("open"),
        "/project/path_with_namespace",
        json!("acme/other"),
    );
    assert_eq!(
        means(&reviewing(Kind::GitLab, None, true), &body),
        Means::Nothing
    );
    let mut by_number = reviewing(Kind::GitLab, None, true);
    by_number.place.repository = "5".to_owned();
    assert_eq!(means(&by_number, &body), seven());
}

#[test]
fn what_is_no_number_or_no_commit_goes_nowhere() {
    let reviewing = reviewing(Kind::GitHub, None, true);
    let numbers = [
        json!(0),
        json!(-7),
        json!("7"),
        json!("7/../8"),
        json!(1_u64 << 40),
        json!(7.5),
        Value::Null,
    ];
    for number in numbers {
        let body = with(of_github("opened"), "/number", number);
        assert_eq!(means(&reviewing, &body), Means::Unclear, "{body}");
    }
    for head in [
        json!("main"),
        json!("--upload-pack=x"),
        json!(COMMIT.to_uppercase()),
        Value::Null,
    ] {
        let body = with(of_github("opened"), "/pull_request/head/sha", head);
        let asked = Asked {
            number: 7,
            head: None,
        };
        assert_eq!(means(&reviewing, &body), Means::Review(asked));
    }
    let nested = "[".repeat(500_000);
    for body in [
        None,
        Some("".as_bytes()),
        Some(b"{".as_slice()),
        Some(nested.as_bytes()),
    ] {
        assert_eq!(reviewing.means(body), Means::Unclear);
    }
}
