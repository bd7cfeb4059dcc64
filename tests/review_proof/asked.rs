//! What is asked, before anybody asks: each thing once, of the servers of the base, and only what a change touches.

use crate::revisions::{Revision, asks, at, said};
use keyfleet::review::{Asks, Audience, Seen};
use std::collections::BTreeMap;

/// The paths that Vault `main` is asked for, with whether the names of fields are.
fn paths(asks: &Asks) -> BTreeMap<String, bool> {
    let of_vaults = asks.vaults.iter().flat_map(|(vault, asked)| {
        assert_eq!(vault.as_str(), "main");
        &asked.paths
    });
    of_vaults
        .map(|(from, fields)| (from.api_path(), *fields))
        .collect()
}

fn only(path: &str, fields: bool) -> BTreeMap<String, bool> {
    BTreeMap::from([(path.to_owned(), fields)])
}

fn names(asks: &Asks) -> Vec<String> {
    let of_clusters = asks.clusters.iter();
    let names = of_clusters.flat_map(|(cluster, names)| {
        let names = names.iter();
        names.map(move |name| format!("{cluster} {name}"))
    });
    names.collect()
}

#[test]
fn a_path_that_two_hundred_clusters_read_is_one_question() {
    let mut base = Revision::new();
    for number in 0..200 {
        base.cluster(&format!("c{number:03}"), "");
    }
    base.group("all");
    let mut head = base.clone();
    let keys = [
        ("a", "kv/data/shared/mail", "x"),
        ("b", "kv/data/shared/mail", "y"),
    ];
    head.secret("groups/all/mail.yaml", "mail", &keys);

    let asked = asks(&base, &head, Audience::Holder);
    assert_eq!(paths(&asked), only("kv/data/shared/mail", true));
    assert_eq!(names(&asked).len(), 200);

    let said = said(&base, &head, Audience::Holder, &Seen::default());
    let said: Vec<&str> = said
        .iter()
        .map(|line| line.split(" [c000").next().unwrap())
        .collect();
    let expected = [
        "${cluster.name}/${cluster.name}-role kv/data/shared/mail # x: open, it was not asked",
        "${cluster.name}/${cluster.name}-role kv/data/shared/mail # y: open, it was not asked",
        "secret shop/mail: open, it was not asked",
    ];
    assert_eq!(said, expected);
}

#[test]
fn only_what_a_change_touches_is_asked() {
    let mut base = Revision::new();
    base.cluster("a", "");
    base.cluster("b", "");
    let old = [("x", "kv/data/a/x", "p"), ("y", "kv/data/a/y", "p")];
    base.secret("clusters/a/app.yaml", "app", &old);
    base.secret("clusters/b/app.yaml", "app", &[("x", "kv/data/b/x", "p")]);

    let mut head = base.clone();
    head.secret(
        "clusters/a/app.yaml",
        "app",
        &[old[0], ("y", "kv/data/a/y", "q")],
    );
    let asked = asks(&base, &head, Audience::Holder);
    assert_eq!(paths(&asked), only("kv/data/a/y", true));
    assert_eq!(names(&asked), Vec::<String>::new());

    // Another key from the same place, less of it, and other words for it, are nothing to ask.
    for keys in [
        &[old[0], old[1], ("z", "kv/data/a/x", "p")][..],
        &old[..1],
        &[old[1], old[0]],
    ] {
        let mut head = base.clone();
        head.secret("clusters/a/app.yaml", "app", keys);
        assert_eq!(asks(&base, &head, Audience::Holder), Asks::default());
    }
}

#[test]
fn a_path_whose_access_changes_is_asked_under_a_declaration_that_stays() {
    let narrow = "access: [{path: kv/data/a/x, capabilities: [read]}]";
    let wide = "access: [{path: kv/data/a/*, capabilities: [read]}]";
    let mut base = Revision::new();
    base.cluster("a", narrow);
    let keys = [("x", "kv/data/a/x", "p"), ("y", "kv/data/a/y", "p")];
    base.secret("clusters/a/app.yaml", "app", &keys);
    let mut head = base.clone();
    head.cluster("a", wide);
    assert_eq!(
        paths(&asks(&base, &head, Audience::Holder)),
        only("kv/data/a/y", true)
    );
    // What the role may not read any more is known without a question.
    assert_eq!(asks(&head, &base, Audience::Holder), Asks::default());
    assert_eq!(
        said(&head, &base, Audience::Everyone, &Seen::default()),
        ["a/a-role kv/data/a/y # p: refuted, the role may not read this path after the change [a]"]
    );
}

#[test]
fn a_whole_secret_needs_no_names_of_fields_and_a_secret_that_moves_asks_for_its_name() {
    let mut base = Revision::new();
    base.cluster("a", "");
    base.secret("clusters/a/app.yaml", "app", &[("x", "kv/data/a/x", "p")]);
    let mut head = base.clone();
    head.remove("clusters/a/app.yaml");
    head.write(
        "clusters/a/app.yaml",
        "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: other, namespace: shop}\nspec:\n  backendType: vault\n  data: [{key: kv/data/a/x, name: whole}]\n",
    );
    let asked = asks(&base, &head, Audience::Holder);
    assert_eq!(paths(&asked), only("kv/data/a/x", false));
    assert_eq!(names(&asked), ["a shop/other"]);
}

#[test]
fn policies_that_are_not_in_the_repository_are_read_for_whoever_holds_the_token_only() {
    let mut base = Revision::new();
    base.cluster("a", "policies: [default, by-hand]\naccess: []");
    let mut head = base.clone();
    head.secret("clusters/a/app.yaml", "app", &[("x", "kv/data/a/x", "p")]);
    let asked = asks(&base, &head, Audience::Holder);
    let policies: Vec<String> = asked
        .vaults
        .values()
        .flat_map(|it| &it.policies)
        .map(ToString::to_string)
        .collect();
    assert_eq!(policies, ["by-hand"]);
    assert_eq!(asks(&base, &head, Audience::Everyone), Asks::default());

    let text = |rule: &str| {
        let policy = keyfleet::policy::Policy::parse(rule).unwrap();
        let of_vault = BTreeMap::from([("by-hand".parse().unwrap(), policy)]);
        Seen {
            policies: BTreeMap::from([("main".parse().unwrap(), of_vault)]),
            ..Seen::default()
        }
    };
    let grants = text(r#"path "kv/data/a/x" { capabilities = ["read"] }"#);
    let question = "a/a-role kv/data/a/x # p: ";
    let first = |seen: &Seen| said(&base, &head, Audience::Holder, seen).remove(0);
    assert_eq!(
        first(&grants),
        format!("{question}open, it was not asked [a]")
    );
    let nothing = text("# nothing");
    let refuted = "refuted, the role may not read this path after the change";
    assert_eq!(first(&nothing), format!("{question}{refuted} [a]"));
}

#[test]
fn a_server_that_the_change_itself_names_is_not_asked() {
    let mut base = Revision::new();
    base.write("fleet.yaml", "apiVersion: keyfleet.dev/v1alpha1\nkind: Fleet\nmetadata: {name: acme}\nspec: {vaults: {main: {address: \"https://vault.example:8200\"}}}\n");
    base.cluster("a", "");
    let mut head = base.clone();
    head.secret("clusters/a/app.yaml", "app", &[("x", "kv/data/a/x", "p")]);
    let asked = asks(&base, &head, Audience::Holder);
    assert_eq!((asked.vaults.len(), asked.clusters.len()), (1, 1));

    // Another address for the Vault: the token would go there.
    let mut elsewhere = head.clone();
    elsewhere.write("fleet.yaml", "apiVersion: keyfleet.dev/v1alpha1\nkind: Fleet\nmetadata: {name: acme}\nspec: {vaults: {main: {address: \"https://evil.example:8200\"}}}\n");
    assert_eq!(asks(&base, &elsewhere, Audience::Holder).vaults.len(), 0);
    let lines = said(&base, &elsewhere, Audience::Holder, &Seen::default());
    assert!(
        lines
            .iter()
            .any(|line| line.contains("open, the change itself says where this Vault is")),
        "{lines:?}"
    );

    // Another place for the cluster, or other credentials for it: a secret of Vault could be sent anywhere.
    for (server, spec) in [
        ("https://evil.example:6443", ""),
        (
            "https://a.example:6443",
            "connect: {kubeconfig: {context: admin}}",
        ),
        (
            "https://a.example:6443",
            "connect: {vault: {path: kv/data/prod/db, token: password}}",
        ),
    ] {
        let mut elsewhere = head.clone();
        elsewhere.cluster_at("a", server, spec);
        let asked = asks(&base, &elsewhere, Audience::Holder);
        assert_eq!(asked.clusters.len(), 0, "{server} {spec}");
        let lines = said(&base, &elsewhere, Audience::Holder, &Seen::default());
        let open = "secret shop/app: open, the change itself says where this cluster is";
        assert!(lines.iter().any(|line| line.contains(open)), "{lines:?}");
    }

    // A cluster that comes with the change is none of the base; its Vault is.
    let mut joins = base.clone();
    joins.cluster("b", "");
    joins.secret("clusters/b/app.yaml", "app", &[("x", "kv/data/b/x", "p")]);
    let asked = asks(&base, &joins, Audience::Holder);
    assert_eq!(
        (paths(&asked), asked.clusters.len()),
        (only("kv/data/b/x", true), 0)
    );
}

#[test]
fn there_is_an_end_to_what_is_asked_and_what_is_left_out_is_counted() {
    let mut base = Revision::new();
    base.cluster("a", "");
    let mut head = base.clone();
    for number in 0..600 {
        let path = format!("kv/data/a/{number:03}");
        let keys = [("x", path.as_str(), "p"), ("y", path.as_str(), "q")];
        head.secret(
            &format!("clusters/a/{number}.yaml"),
            &format!("s{number:03}"),
            &keys,
        );
    }
    let asked = asks(&base, &head, Audience::Holder);
    assert_eq!((paths(&asked).len(), names(&asked).len()), (500, 500));
    let reviewed = crate::revisions::reviewed(&base, &head);
    let questions = keyfleet::review::Questions::of(&reviewed.base.desired, &reviewed.head.desired);
    let proof = questions.decide(Audience::Holder, &Seen::default());
    // A hundred paths with two properties, and a hundred names.
    assert_eq!((proof.answers.len(), proof.left_out), (1500, 300));
}

#[test]
fn of_a_role_that_is_none_of_the_fleet_it_is_said_that_nobody_knows() {
    let mut base = Revision::new();
    base.cluster("a", "");
    let mut head = base.clone();
    head.write(
        "clusters/a/app.yaml",
        "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: app, namespace: shop}\nspec:\n  backendType: vault\n  vaultMountPoint: a\n  vaultRole: by-hand\n  data: [{key: kv/data/a/x, name: x, property: p}]\n",
    );
    assert_eq!(
        paths(&asks(&base, &head, Audience::Holder)),
        only("kv/data/a/x", true)
    );
    let mut seen = Seen::default();
    let outline = crate::told::outline(3, false, &["p"]);
    let of_vault = BTreeMap::from([(at("kv/data/a/x"), outline)]);
    seen.paths.insert("main".parse().unwrap(), of_vault);
    let lines = said(&base, &head, Audience::Holder, &seen);
    let open = "a/by-hand kv/data/a/x # p: open, the role is none of this repository";
    assert!(lines.iter().any(|line| line.starts_with(open)), "{lines:?}");
}
