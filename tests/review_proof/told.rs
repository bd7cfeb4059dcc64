//! Who is told what: a table of all that a server can answer, for both audiences.

use crate::revisions::{Revision, asks, at, said};
use keyfleet::observe::live::{FieldNames, LiveMeta};
use keyfleet::observe::outline::{Fields, Outline};
use keyfleet::observe::{Failure, FailureClass, KvVersion, Observed};
use keyfleet::review::{Asks, Audience, Seen};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// In names that nobody asked for: no answer may hold it.
const CANARY: &str = "canary-of-a-name";

pub(crate) fn outline(number: u64, gone: bool, names: &[&str]) -> Observed<Outline> {
    let names = names.iter().chain([&CANARY]);
    let names = names.map(|name| ((*name).to_owned(), Value::Null));
    Observed::Present(Outline {
        version: Some(KvVersion { number, gone }),
        fields: Fields::Named(FieldNames::new(names.collect())),
    })
}

fn with_fields(fields: Fields) -> Observed<Outline> {
    Observed::Present(Outline {
        version: Some(KvVersion {
            number: 3,
            gone: false,
        }),
        fields,
    })
}

fn failure(class: FailureClass) -> Failure {
    Failure::new(class, "read kv/subkeys/a/x", "words of the server").hint("grant `read`")
}

fn seen(path: &str, outline: Observed<Outline>) -> Seen {
    let of_vault = BTreeMap::from([(at(path), outline)]);
    Seen {
        paths: BTreeMap::from([("main".parse().unwrap(), of_vault)]),
        ..Seen::default()
    }
}

/// Every answer that there can be, with what is to be said of it to whoever holds the token, and to everyone where the role
/// could read the path before.
fn answers() -> Vec<(Observed<Outline>, &'static str, &'static str)> {
    let gone = "refuted, its newest version is deleted or destroyed";
    let no_property = "refuted, the secret has no such property";
    let absent = "refuted, there is no secret at this path";
    let not_shown =
        "open, the secret is there; which properties it has does not show without its value";
    let words = "failed to read kv/subkeys/a/x: words of the server; grant `read`";
    let unread = format!("open, {words}").leak();
    let unread_fields = format!("open, the secret is there; its properties: {words}").leak();
    let nested = serde_json::json!({ "p": null, CANARY: null });
    let nested = FieldNames::new(nested.as_object().unwrap().clone());
    vec![
        (outline(3, false, &["p"]), "proven at version 3", "proven"),
        (outline(3, false, &["q"]), no_property, no_property),
        (outline(3, true, &[]), gone, gone),
        (
            outline(0, true, &[]),
            "refuted, no version of it was ever written",
            "refuted, no version of it was ever written",
        ),
        (Observed::Absent, absent, absent),
        (
            with_fields(Fields::Named(nested)),
            "proven at version 3",
            "proven",
        ),
        (with_fields(Fields::NotShown), not_shown, not_shown),
        (
            with_fields(Fields::Unread(failure(FailureClass::Forbidden))),
            unread_fields,
            "open, the secret is there; its properties: Vault does not let the token of this review see it",
        ),
        (
            Observed::Unknown(failure(FailureClass::Forbidden)),
            unread,
            "open, Vault does not let the token of this review see it",
        ),
        (
            Observed::Unknown(failure(FailureClass::Sealed)),
            unread,
            "open, Vault is sealed",
        ),
        (
            Observed::Unknown(failure(FailureClass::Unreachable)),
            unread,
            "open, Vault gave no answer",
        ),
        (
            Observed::Unknown(failure(FailureClass::Setup)),
            unread,
            "open, Vault gave no answer",
        ),
    ]
}

/// A role with these rights before and after, and a Secret that comes.
fn revisions(before: &str, after: &str) -> (Revision, Revision) {
    let mut base = Revision::new();
    base.cluster("a", before);
    let mut head = base.clone();
    head.cluster("a", after);
    head.secret("clusters/a/app.yaml", "app", &[("k", "kv/data/a/x", "p")]);
    (base, head)
}

fn of_path(base: &Revision, head: &Revision, audience: Audience, seen: &Seen) -> String {
    let lines = said(base, head, audience, seen);
    let all = lines.join("\n");
    assert!(!all.contains(CANARY), "{all}");
    let question = "a/a-role kv/data/a/x # p: ";
    let found = lines.iter().find_map(|line| line.strip_prefix(question));
    let found = found.unwrap_or_else(|| panic!("{question} is not answered: {all}"));
    found.trim_end_matches(" [a]").to_owned()
}

const WIDE: &str = "access: [{path: kv/data/a/*, capabilities: [read]}]";

#[test]
fn where_the_role_could_read_it_before_everyone_is_told_what_there_is() {
    let (base, head) = revisions(WIDE, WIDE);
    for (answer, to_holder, to_everyone) in answers() {
        let seen = seen("kv/data/a/x", answer);
        assert_eq!(of_path(&base, &head, Audience::Holder, &seen), to_holder);
        assert_eq!(
            of_path(&base, &head, Audience::Everyone, &seen),
            to_everyone
        );
    }
}

#[test]
fn a_pull_request_that_grants_itself_a_path_learns_nothing_of_it() {
    for (before, after) in [
        // By a derived policy, by hand, by a wildcard, and with a cluster that it brings along.
        ("", ""),
        (
            "access: []",
            "access: [{path: kv/data/a/x, capabilities: [read]}]",
        ),
        ("access: []", WIDE),
        ("access: [{path: kv/data/a/x, capabilities: [list]}]", WIDE),
        (
            "access: [{path: kv/data/a/*, capabilities: [read]}, {path: kv/data/a/x, capabilities: [deny]}]",
            WIDE,
        ),
        ("policies: [by-hand]", WIDE),
    ] {
        let (base, head) = revisions(before, after);
        assert_eq!(
            asks(&base, &head, Audience::Everyone),
            Asks::default(),
            "{before}"
        );
        let mut told: Vec<String> = answers()
            .into_iter()
            .map(|(answer, to_holder, _)| {
                let seen = seen("kv/data/a/x", answer);
                assert_eq!(
                    of_path(&base, &head, Audience::Holder, &seen),
                    to_holder,
                    "{before}"
                );
                of_path(&base, &head, Audience::Everyone, &seen)
            })
            .collect();
        told.dedup();
        assert_eq!(told.len(), 1, "one answer, whatever there is: {told:?}");
        assert!(
            told[0].starts_with("open, not told to everyone"),
            "{told:?}"
        );
    }
}

#[test]
fn what_is_absent_and_what_is_not_granted_read_the_same_to_everyone() {
    let (base, head) = revisions("access: []", "access: []");
    for (answer, _, _) in answers() {
        let seen = seen("kv/data/a/x", answer);
        for audience in [Audience::Holder, Audience::Everyone] {
            assert_eq!(asks(&base, &head, audience).vaults.len(), 0);
            assert_eq!(
                of_path(&base, &head, audience, &seen),
                "refuted, the role may not read this path after the change"
            );
        }
    }
}

#[test]
fn what_a_declaration_of_the_base_reads_may_be_told_and_nothing_beside_it() {
    let mut base = Revision::new();
    base.cluster("a", "");
    base.cluster("b", "");
    base.secret(
        "clusters/b/app.yaml",
        "app",
        &[("k", "kv/data/shared", "p")],
    );
    let mut head = base.clone();
    let keys = [("k", "kv/data/shared", "p"), ("l", "kv/data/shared", "q")];
    head.secret("clusters/a/app.yaml", "app", &keys);
    let seen = seen("kv/data/shared", outline(3, false, &["p", "q"]));
    let lines = said(&base, &head, Audience::Everyone, &seen);
    assert_eq!(lines.len(), 3, "{lines:?}");
    let of = |property: &str| {
        let question = format!("a/a-role kv/data/shared # {property}: ");
        let line = lines.iter().find(|line| line.starts_with(&question));
        line.unwrap().trim_start_matches(&question).to_owned()
    };
    assert_eq!(of("p"), "proven [a]");
    assert!(
        of("q").starts_with("open, not told to everyone"),
        "{}",
        of("q")
    );
}

#[test]
fn a_role_of_which_something_is_not_known_leaves_open_only_what_is_there() {
    let (mut base, mut head) =
        revisions("policies: [own]\naccess: []", "policies: [own]\naccess: []");
    let own = r#"path "kv/data/{{identity.entity.name}}/x" { capabilities = ["read"] }"#;
    base.write("policies/own.hcl", own);
    head.write("policies/own.hcl", own);
    for (answer, expected) in [
        (outline(3, false, &["p"]), "open, only Vault can fill in"),
        (Observed::Absent, "refuted, there is no secret at this path"),
        (
            outline(3, false, &["q"]),
            "refuted, the secret has no such property",
        ),
    ] {
        let seen = seen("kv/data/a/x", answer);
        let said = of_path(&base, &head, Audience::Holder, &seen);
        assert!(said.starts_with(expected), "{said}");
        let said = of_path(&base, &head, Audience::Everyone, &seen);
        assert!(said.starts_with("open, not told to everyone"), "{said}");
    }
}

#[test]
fn a_name_that_is_taken_says_what_would_become_of_it() {
    let meta = |labels: &[(&str, &str)]| {
        let labels = labels.iter();
        let labels = labels.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Observed::Present(Arc::new(LiveMeta {
            labels: labels.collect(),
            ..LiveMeta::default()
        }))
    };
    let ours = [("keyfleet.dev/installation", "acme")];
    let others = [("keyfleet.dev/installation", "other")];
    let unreachable = failure(FailureClass::Unreachable);
    for (spec, found, expected) in [
        ("", Observed::Absent, "proven"),
        ("", meta(&ours), "proven"),
        ("", meta(&others), "belongs to the installation `other`"),
        (
            "",
            meta(&[]),
            "it stays as it is until its cluster says `adopt: true`",
        ),
        ("adopt: true", meta(&[]), "it would be taken over"),
        (
            "adopt: true",
            meta(&others),
            "belongs to the installation `other`",
        ),
        ("", Observed::Unknown(unreachable), "open, failed to"),
    ] {
        let (base, head) = revisions(spec, spec);
        let id = keyfleet::desire::SecretId {
            namespace: "shop".parse().unwrap(),
            name: "app".parse().unwrap(),
        };
        let mut seen = Seen::default();
        let of_cluster = BTreeMap::from([(id, found)]);
        seen.secrets.insert("a".parse().unwrap(), of_cluster);
        let of_name = |audience| {
            let lines = said(&base, &head, audience, &seen);
            let line = lines
                .iter()
                .find(|line| line.starts_with("secret shop/app: "));
            line.unwrap().clone()
        };
        let told = of_name(Audience::Holder);
        assert!(told.contains(expected), "{told} is not {expected}");
        // Which Secrets a cluster has is not for everyone.
        let told = of_name(Audience::Everyone);
        assert!(
            told.starts_with("secret shop/app: open, not told to everyone"),
            "{told}"
        );
    }
}

#[test]
fn what_is_the_same_for_the_clusters_of_a_group_is_told_once() {
    let mut base = Revision::new();
    for name in ["a", "b", "c", "d"] {
        base.cluster(name, "");
    }
    base.group("all");
    let mut head = base.clone();
    let keys = [("k", "kv/data/${cluster.name}/x", "p")];
    head.secret("groups/all/app.yaml", "app", &keys);
    let of_vault = [
        ("a", 3, false),
        ("b", 7, false),
        ("c", 2, true),
        ("d", 2, true),
    ];
    let of_vault = of_vault.map(|(name, version, gone)| {
        let path = at(&format!("kv/data/{name}/x"));
        (path, outline(version, gone, &["p"]))
    });
    let mut seen = Seen::default();
    let of_vault = BTreeMap::from(of_vault);
    seen.paths.insert("main".parse().unwrap(), of_vault);
    let question = "${cluster.name}/${cluster.name}-role kv/data/${cluster.name}/x # p: ";
    let mut lines = said(&base, &head, Audience::Holder, &seen);
    lines.retain(|line| line.starts_with(question));
    let gone = "refuted, its newest version is deleted or destroyed";
    // Their versions differ, so none is told.
    let expected = [
        format!("{question}{gone} [c d]"),
        format!("{question}proven [a b]"),
    ];
    assert_eq!(lines, expected);
}
