use crate::stage::{ByHand, Drift, stage};
use crate::support::{Flavour, world};
use serde_json::json;

const OF_CLUSTER: &str = "prod-eu-kv-rw";
const BY_HAND: &str = "platform-read";

/// A text without its first line, which holds the mark.
fn without_mark(text: &str) -> String {
    let (mark, rest) = text.split_once('\n').unwrap();
    assert!(mark.starts_with("# keyfleet "), "{text}");
    rest.to_owned()
}

/// A text without the stanza of this path.
fn without(text: &str, path: &str) -> String {
    let start = text.find(&format!("path \"{path}\"")).unwrap();
    let end = start + text[start..].find("}\n").unwrap() + 2;
    format!("{}{}", &text[..start], &text[end..])
}

/// The same grants as JSON.
fn as_json(text: &str) -> String {
    let paths = text
        .lines()
        .filter_map(|line| line.strip_prefix("path \"")?.strip_suffix("\" {"));
    let paths: serde_json::Map<_, _> = paths
        .map(|path| (path.to_owned(), json!({ "capabilities": ["read"] })))
        .collect();
    assert!(paths.len() > 1, "{text}");
    json!({ "path": paths }).to_string()
}

#[tokio::test]
async fn whatever_is_granted_otherwise_is_found_and_put_back() {
    let of =
        |name, change, fields| Drift::new(ByHand::Policy(name, change), "Policy", name, fields);
    stage()
        .await
        .finds_and_restores(vec![
            of(
                OF_CLUSTER,
                |text| text.replacen("[\"read\"]", "[\"read\", \"list\"]", 1),
                &["kv/data/prod-eu/checkout"],
            ),
            of(
                OF_CLUSTER,
                |text| text.to_owned() + "path \"kv/data/*\" {\n  capabilities = [\"read\"]\n}\n",
                &["kv/data/*"],
            ),
            of(
                OF_CLUSTER,
                |text| {
                    text.to_owned()
                        + "path \"kv/data/prod-eu/mail\" {\n  capabilities = [\"deny\"]\n}\n"
                },
                &["kv/data/prod-eu/mail"],
            ),
            of(
                OF_CLUSTER,
                |text| without(text, "kv/data/prod-eu/mail"),
                &["kv/data/prod-eu/mail"],
            ),
            of(
                BY_HAND,
                |text| text.replace("[\"read\", \"list\"]", "[\"read\"]"),
                &["kv/data/platform/*"],
            ),
            of(
                BY_HAND,
                |text| text.replace("[\"read\", \"list\"]", "[\"deny\"]"),
                &["kv/data/platform/*"],
            ),
            of(
                BY_HAND,
                |text| text.replace("]\n", "]\n  required_parameters = [\"version\"]\n"),
                &["kv/data/platform/*"],
            ),
            of(
                BY_HAND,
                |text| text.replace("kv/data/platform/*", "kv/data/platform/+"),
                &["kv/data/platform/*", "kv/data/platform/+"],
            ),
        ])
        .await;
}

/// The mount of the cluster remembers that the policy is keyfleet's, so a text without the mark is put back as well.
#[tokio::test]
async fn the_mark_of_a_clusters_policy_is_put_back_and_so_is_what_another_tool_wrote() {
    let of = |change, fields| {
        Drift::new(
            ByHand::Policy(OF_CLUSTER, change),
            "Policy",
            OF_CLUSTER,
            fields,
        )
    };
    stage()
        .await
        .finds_and_restores(vec![
            of(without_mark, &["mark"]),
            // JSON has no place for a mark.
            of(as_json, &["mark"]),
            of(
                |text| format!("# managed by another tool\n{}", without_mark(text)),
                &["mark"],
            ),
            of(
                |text| without_mark(text).replacen("[\"read\"]", "[\"read\", \"list\"]", 1),
                &["kv/data/prod-eu/checkout", "mark"],
            ),
        ])
        .await;
}

#[tokio::test]
async fn the_plan_says_since_when_a_policy_is_otherwise_where_the_server_does() {
    let stage = stage().await;
    let widen = ByHand::Policy(OF_CLUSTER, |text| {
        text.replacen("[\"read\"]", "[\"read\", \"list\"]", 1)
    });
    stage.by_hand(&widen).await;
    let cause = stage.keyfleet.plan_json()["changes"][0]["cause"].clone();
    let vault = &world().await.vault;
    let path = format!("sys/policies/acl/{OF_CLUSTER}");
    let (_, read) = vault.api("GET", &path, None).await;
    let modified = &read["data"]["modified"];
    assert_eq!(
        modified.is_string(),
        vault.flavour().await == Flavour::OpenBao
    );
    assert_eq!(
        cause,
        json!({ "kind": "drift", "by": null, "since": modified })
    );
    stage.restores(1).unwrap();
}

/// Nothing else remembers whose a hand-written policy is: without its mark, it is another tool's until adopted.
#[tokio::test]
async fn a_hand_written_policy_that_another_tool_replaced_is_held_until_it_is_adopted() {
    let stage = stage().await;
    let replace = ByHand::Policy(BY_HAND, |text| {
        without_mark(text).replace("[\"read\", \"list\"]", "[\"sudo\"]")
    });
    stage.by_hand(&replace).await;
    let plan = stage.keyfleet.plan_json();
    let held = &plan["held"][0];
    assert_eq!(
        (
            &held["name"],
            &held["fields"][0]["field"],
            &held["why"][0]["release"]
        ),
        (
            &BY_HAND.into(),
            &"kv/data/platform/*".into(),
            &"adopt".into()
        ),
        "{plan:#}"
    );
    assert_eq!(plan["changes"], json!([]), "{plan:#}");
    assert_eq!(stage.writes_of_apply(), (0, 0));
    let adopt = stage.edit_file("fleet.yaml", |text| {
        text.replace("    main:\n", "    main:\n      adopt: true\n")
    });
    // The policy, and the marks of the two mounts that were made by hand.
    stage.restores(3).unwrap();
    drop(adopt);
    assert_eq!(stage.keyfleet.plan_json()["inSync"], true);
    for mount in ["kv", "legacy"] {
        let nothing = json!({ "description": "" });
        stage
            .by_hand(&ByHand::Write(format!("sys/mounts/{mount}/tune"), nothing))
            .await;
    }
}
