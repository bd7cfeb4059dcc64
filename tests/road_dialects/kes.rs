use super::support::world;
use super::{UMLAUTS, assert_holds, declared, every_byte, states};
use serde_json::json;

/// An ExternalSecret with this spec, in the namespace `shop`.
fn external(name: &str, spec: &str) -> String {
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "---\napiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata:\n  name: {name}\n  namespace: shop\nspec:\n  backendType: vault\n{spec}"
    )
}

#[tokio::test]
async fn every_form_of_kubernetes_external_secrets_gives_its_bytes() {
    let manifests = [
        external(
            "kes-keys",
            "vaultMountPoint: kes\nvaultRole: kes-role\nkvVersion: 2\ndata:\n- {key: kv/data/shop/app, name: password, property: password}\n- {key: kv/data/shop/app, name: USER.name, property: user}\n- {key: team/kv/data/deep/er, name: token, property: token}\n- {key: kv/data/shop/app, name: empty, property: empty}",
        ),
        external(
            "kes-binary",
            "data:\n- {key: kv/data/shop/app, name: raw, property: binary, isBinary: true}\n- {key: kv/data/shop/app, name: text, property: user}",
        ),
        external(
            "kes-nested",
            "data:\n- {key: kv/data/shop/app, name: exact, property: api.key}\n- {key: kv/data/shop/app, name: path, property: 'api.hosts[1].name'}\n- {key: kv/data/shop/app, name: number, property: port}\n- {key: kv/data/shop/app, name: flag, property: 'on'}\n- {key: kv/data/shop/app, name: tree, property: api}",
        ),
        external(
            "kes-whole",
            "data:\n- {key: kv/data/shop/common, name: common.json}",
        ),
        external(
            "kes-from",
            "dataFrom: [kv/data/shop/common]\ndata:\n- {key: kv/data/shop/app, name: user, property: user}",
        ),
        external(
            "kes-legacy",
            "kvVersion: 1\ndataFrom: [legacy/shop/app]\ndata:\n- {key: legacy/shop/app, name: again, property: host}",
        ),
    ];
    let (_repository, keyfleet, cluster) = declared("kes", "", &manifests.concat()).await;
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");

    assert_holds(
        &cluster,
        "kes-keys",
        &[
            ("password", UMLAUTS.as_bytes()),
            ("USER.name", b"shop"),
            ("token", b"team"),
            ("empty", b""),
        ],
    )
    .await;
    assert_holds(
        &cluster,
        "kes-binary",
        &[("raw", &every_byte()), ("text", b"shop")],
    )
    .await;
    assert_holds(
        &cluster,
        "kes-nested",
        &[
            ("exact", b"exact"),
            ("path", b"b"),
            ("number", b"5432"),
            ("flag", b"true"),
            ("tree", br#"{"hosts":["a",{"name":"b"}],"key":"nested"}"#),
        ],
    )
    .await;
    assert_holds(
        &cluster,
        "kes-whole",
        &[("common.json", br#"{"region":"eu","user":"common"}"#)],
    )
    .await;
    assert_holds(
        &cluster,
        "kes-from",
        &[("region", b"eu"), ("user", b"shop")],
    )
    .await;
    assert_holds(
        &cluster,
        "kes-legacy",
        &[("host", b"legacy"), ("port", b"1"), ("again", b"legacy")],
    )
    .await;
    let plan = keyfleet.run(&["plan"]);
    assert_eq!(plan.code, 0, "{plan:?}");
    assert!(states(&keyfleet).values().all(|state| state == "SUCCESS"));
}

#[tokio::test]
async fn a_secret_that_fails_does_not_stop_the_others() {
    let manifests = [
        external(
            "fails-path",
            "data:\n- {key: kv/data/shop/none, name: a, property: user}",
        ),
        external(
            "fails-gone",
            "data:\n- {key: kv/data/shop/gone, name: a, property: user}",
        ),
        external(
            "fails-property",
            "data:\n- {key: kv/data/shop/app, name: a, property: uzer}",
        ),
        external(
            "fails-binary",
            "data:\n- {key: kv/data/shop/app, name: a, property: password, isBinary: true}",
        ),
        external("fails-keys", "dataFrom: [kv/data/shop/odd]"),
        external(
            "fails-mount",
            "data:\n- {key: nokv/data/shop/app, name: a, property: user}",
        ),
        external("fails-legacy", "kvVersion: 1\ndataFrom: [legacy/shop/none]"),
        external(
            "works",
            "data:\n- {key: kv/data/shop/app, name: a, property: user}",
        ),
    ];
    let (_repository, keyfleet, cluster) = declared("fails", "", &manifests.concat()).await;
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 1, "{applied:?}");
    assert_holds(&cluster, "works", &[("a", b"shop")]).await;
    let states = states(&keyfleet);
    for (name, state) in [
        ("works", "SUCCESS"),
        ("fails-path", "ERROR, Status 404"),
        ("fails-gone", "ERROR, Status 404"),
        ("fails-legacy", "ERROR, Status 404"),
        ("fails-property", "ERROR"),
        ("fails-binary", "ERROR"),
        ("fails-keys", "ERROR"),
    ] {
        assert_eq!(
            states[&format!("shop/{name}")],
            state,
            "{name} in {states:?}"
        );
    }
    assert!(
        states["shop/fails-mount"].starts_with("ERROR"),
        "{states:?}"
    );
    let text = keyfleet.run(&["plan"]).out;
    assert!(!text.contains("pässwörd"), "no value is shown: {text}");
    assert!(
        text.contains("\"uzer\""),
        "the key that failed is named: {text}"
    );
}

#[tokio::test]
async fn a_role_of_the_mount_that_somebody_else_keeps_is_logged_in_with_as_it_is() {
    let manifest = external(
        "role-app",
        "vaultRole: role-auditor\ndata:\n- {key: kv/data/shop/common, name: region, property: region}",
    );
    let (repository, keyfleet, cluster) = declared("role", "", "").await;
    let vault = &world().await.vault;
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    repository.write("clusters/role/secrets.yaml", &manifest);
    let plan = keyfleet.run(&["plan"]);
    assert!(
        plan.err.contains("role-auditor"),
        "it is said: {}",
        plan.err
    );
    assert!(cluster.secret("shop", "role-app").await.is_none());

    let text = "path \"kv/data/shop/common\" { capabilities = [\"read\"] }";
    put_policy("role-auditor", text).await;
    vault.cli_ok(&[
        "write",
        "auth/role/role/role-auditor",
        "bound_service_account_names=kubernetes-external-secrets",
        "bound_service_account_namespaces=external-secrets",
        "policies=role-auditor",
    ]);
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_holds(&cluster, "role-app", &[("region", b"eu")]).await;
}

async fn put_policy(name: &str, text: &str) {
    let path = format!("sys/policies/acl/{name}");
    let (status, _) = world()
        .await
        .vault
        .api("POST", &path, Some(json!({ "policy": text })))
        .await;
    assert!(status < 300, "writing a policy: {status}");
}
