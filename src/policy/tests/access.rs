use super::super::Capability::{Create, List, Read, Sudo, Update};
use super::super::*;
use super::{granted, pattern, policy};

fn acl(texts: &[&str]) -> Acl {
    let policies: Vec<Policy> = texts.iter().map(|text| policy(text)).collect();
    Acl::new(&policies.iter().collect::<Vec<_>>())
}

#[test]
fn the_documented_priority_of_patterns_holds() {
    // Each pattern beats the one after it on the path, which all of them match.
    let path = "secret/foo/bar/baz";
    let by_rank = [
        "secret/foo/bar/baz",
        "secret/foo/bar/ba*",
        "secret/foo/bar/+",
        "secret/foo/bar/*",
        "secret/foo/+/baz",
        "secret/foo/*",
        "secret/foo/+/ba*",
        "secret/foo/+/*",
        "secret/+/bar/baz",
        "secret/+/+/baz",
        "secret/*",
        "secret/+/bar/ba*",
        "secret/+/bar/b*",
        "secret/+/+/b*",
        "+/foo/bar/baz",
        "*",
    ];
    for (index, winner) in by_rank.iter().enumerate() {
        assert!(pattern(winner).matches(path), "{winner}");
        for loser in &by_rank[index + 1..] {
            let read = format!("path \"{winner}\" {{ capabilities = [\"read\"] }}");
            let sudo = format!("path \"{loser}\" {{ capabilities = [\"sudo\"] }}");
            assert_eq!(
                acl(&[&sudo, &read]).capabilities(path),
                granted(&[Read]),
                "{winner} {loser}"
            );
        }
    }
}

#[test]
fn deny_wins_for_the_same_pattern_and_loses_to_a_more_exact_one() {
    let acl = acl(&[
        "path \"a/*\" { policy = \"write\" }",
        "path \"a/*\" { policy = \"deny\" } path \"a/b\" { policy = \"read\" }",
    ]);
    assert_eq!(acl.capabilities("a/c"), Access::Denied);
    assert_eq!(acl.capabilities("a/b"), granted(&[Read, List]));
}

#[test]
fn a_stanza_that_grants_nothing_shadows_what_is_wider() {
    let acl = acl(&["path \"a/*\" { policy = \"read\" } path \"a/b\" { }"]);
    assert_eq!(acl.capabilities("a/b"), Access::Denied);
    assert!(acl.allows("a/c", Read) && !acl.allows("a/c", Update) && !acl.allows("b", Read));
}

#[test]
fn list_falls_back_to_the_path_without_its_slash() {
    let acl = acl(&["path \"a\" { capabilities = [\"list\", \"read\"] }"]);
    assert!(acl.allows("a/", List) && acl.allows("/a/", List));
    assert!(!acl.allows("a/", Read));
}

#[test]
fn the_two_servers_disagree_on_a_pattern_before_the_slash() {
    let policy = policy(
        "path \"a/+\" { capabilities = [\"list\"] } path \"a/+/*\" { capabilities = [\"read\"] }",
    );
    let list = |dialect| Acl::for_server(dialect, &[&policy]).allows("a/b/", List);
    assert!(!list(Dialect::OpenBao));
    assert!(list(Dialect::Vault));
}

#[test]
fn root_may_do_everything() {
    let acl = Acl::new(&[&Policy::root()]);
    assert_eq!(
        acl.capabilities("sys/raw/x"),
        Access::Granted(CapabilitySet::ALL)
    );
    assert!(acl.allows("anything", Sudo));
}

#[test]
fn a_template_that_might_match_makes_the_answer_unknown() {
    let text = "path \"secret/{{identity.entity.name}}/x\" { policy = \"write\" }
                path \"secret/*\" { policy = \"read\" }
                path \"secret/no/x\" { policy = \"deny\" }";
    let acl = acl(&[text]);
    let templated = vec![pattern("secret/{{identity.entity.name}}/x")];
    assert_eq!(
        acl.capabilities("secret/me/x"),
        Access::Unknown { templated }
    );
    assert_eq!(acl.capabilities("secret/me/y"), granted(&[Read, List]));
    assert_eq!(acl.capabilities("secret/no/x"), Access::Denied);
    assert_eq!(acl.capabilities("other/me/x"), Access::Denied);
    assert!(!acl.allows("secret/me/x", Read));
}

#[test]
fn the_deciding_rule_keeps_its_constraints() {
    let acl = acl(&[
        "path \"a*\" { capabilities = [\"create\"] max_wrapping_ttl = \"1h\" }",
        "path \"a*\" { capabilities = [\"update\"] required_parameters = [\"Ttl\"] }",
    ]);
    let rule = acl.deciding_rule("ab", Create).expect("a rule");
    let text = "create, update with required_parameters = [\"ttl\"], max_wrapping_ttl = \"3600s\"";
    assert_eq!(rule.to_string(), text);
}
