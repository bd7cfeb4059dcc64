use super::super::*;
use super::{pattern, policy};

fn lines<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

#[test]
fn a_difference_reads_as_one_line_for_each_path() {
    let before = policy(
        "path \"kv/data/a/*\" { policy = \"read\" } path \"kv/data/c\" { capabilities = [\"read\"] }
         path \"same\" { policy = \"deny\" }",
    );
    let after = policy(
        "path \"kv/data/a/*\" { capabilities = [\"read\"] } path \"same\" { policy = \"deny\" }
         path \"kv/data/b\" { capabilities = [\"read\"] pagination_limit = 5 }",
    );
    let expected = [
        "kv/data/a/*: read, list → read",
        "+ kv/data/b: read with pagination_limit = 5",
        "- kv/data/c: read",
    ];
    assert_eq!(lines(&difference(&before, &after)), expected);
    assert!(difference(&after, &after).is_empty());
}

#[test]
fn what_is_rendered_is_stable_and_has_its_comment_on_the_first_line() {
    let rules = policy(
        "path \"b\" { capabilities = [\"list\", \"read\"] } path \"/a${x}\\\"/*\" { policy = \"deny\" }",
    );
    insta::assert_snapshot!(render(rules.rules(), Some("kept by\nkeyfleet")), @r##"
    # kept by keyfleet

    path "a\u0024{x}\"/*" {
      capabilities = ["deny"]
    }

    path "b" {
      capabilities = ["read", "list"]
    }
    "##);
    assert_eq!(render([], None), "");
    let grant = Grant::of([Capability::List, Capability::Read]);
    let derived = Rule {
        pattern: pattern("a"),
        expires: None,
        grant,
    };
    assert_eq!(
        render([&derived], None),
        "path \"a\" {\n  capabilities = [\"read\", \"list\"]\n}\n"
    );
}

#[test]
fn widening_names_what_was_not_granted_before() {
    for (before, after, expected) in [
        (
            "# nothing",
            "path \"a\" { policy = \"read\" }",
            vec!["a: read, list"],
        ),
        (
            "path \"a/*\" { policy = \"read\" }",
            "path \"a/b\" { policy = \"read\" }",
            vec![],
        ),
        (
            "path \"a/*\" { policy = \"read\" }",
            "path \"a/+/c\" { policy = \"write\" }",
            vec!["a/+/c: create, update, delete"],
        ),
        (
            "path \"a/b\" { policy = \"read\" }",
            "path \"a/*\" { policy = \"read\" }",
            vec!["a/*: read, list"],
        ),
        // The stanza stays, but what took away from it is gone.
        (
            "path \"a/*\" { policy = \"read\" } path \"a/b\" { policy = \"deny\" }",
            "path \"a/*\" { policy = \"read\" }",
            vec!["a/*: read, list"],
        ),
        (
            "path \"a/*\" { policy = \"read\" } path \"a/b\" { policy = \"deny\" }",
            "path \"a/*\" { policy = \"read\" } path \"a/b\" { }",
            vec![],
        ),
        (
            "path \"a\" { policy = \"read\" max_wrapping_ttl = 60 }",
            "path \"a\" { policy = \"read\" }",
            vec!["a: read, list"],
        ),
        (
            "path \"a\" { policy = \"read\" }",
            "path \"a\" { policy = \"read\" required_parameters = [\"x\"] }",
            vec![],
        ),
        (
            "path \"a\" { policy = \"read\" expiration = \"2030-01-01T00:00:00Z\" }",
            "path \"a\" { policy = \"read\" }",
            vec!["a: read, list"],
        ),
        (
            "path \"a/*\" { policy = \"read\" }",
            "path \"a/{{identity.entity.id}}\" { policy = \"read\" }",
            vec![],
        ),
        (
            "path \"a/{{identity.entity.id}}/*\" { policy = \"read\" } path \"a/*\" { policy = \"deny\" }",
            "path \"a/{{identity.entity.id}}/*\" { policy = \"read\" } path \"a/*\" { policy = \"deny\" }",
            vec![],
        ),
        // `list` of `a/` would fall to `a`.
        (
            "path \"a\" { policy = \"read\" } path \"a/\" { policy = \"deny\" }",
            "path \"a\" { policy = \"read\" }",
            vec!["a: list"],
        ),
    ] {
        assert_eq!(
            lines(&widens(&policy(before), &policy(after))),
            expected,
            "{before}\n{after}"
        );
    }
    let read = policy("path \"a\" { policy = \"read\" }");
    assert!(widens(&Policy::root(), &read).is_empty());
    assert_eq!(widens(&read, &Policy::root()).len(), 1);
}

#[test]
fn only_the_needed_paths_and_capabilities_are_not_beyond() {
    let policy = policy(
        "path \"kv/data/a\" { capabilities = [\"read\"] } path \"kv/data/b\" { policy = \"read\" }
         path \"kv/data/c\" { capabilities = [\"read\"] } path \"kv/data/*\" { policy = \"deny\" }
         path \"kv/+/a\" { capabilities = [\"read\"] }",
    );
    let needed = [
        ("kv/data/a".to_owned(), Capability::Read),
        ("/kv/data/b".to_owned(), Capability::Read),
    ];
    assert_eq!(
        lines(&grants_beyond(&policy, &needed)),
        ["kv/+/a", "kv/data/b", "kv/data/c"]
    );
}

#[test]
fn patterns_that_reach_the_servers_own_paths_are_dangerous() {
    use Danger::{Auth, Everything, Identity, Sudo, System};
    let policy = policy(
        "path \"*\" { policy = \"read\" } path \"+/x\" { policy = \"read\" }
         path \"sys/mounts\" { policy = \"sudo\" } path \"auth/+/role/*\" { policy = \"write\" }
         path \"identity*\" { policy = \"read\" } path \"sys/*\" { policy = \"deny\" }
         path \"kv/data/a\" { policy = \"sudo\" } path \"kv/*\" { policy = \"write\" }",
    );
    let found: Vec<(String, Vec<Danger>)> = dangerous_patterns(&policy)
        .into_iter()
        .map(|(p, d)| (p.to_string(), d))
        .collect();
    let expected = [
        ("*", vec![Everything]),
        ("+/x", vec![Everything]),
        ("auth/+/role/*", vec![Auth]),
        ("identity*", vec![Identity]),
        ("kv/data/a", vec![Sudo]),
        ("sys/mounts", vec![System, Sudo]),
    ];
    let mut found = found;
    found.sort();
    assert_eq!(
        found,
        expected.map(|(pattern, dangers)| (pattern.to_owned(), dangers))
    );
    assert!(!pattern("kv/data/sys/x").matches("sys/x"));
}
