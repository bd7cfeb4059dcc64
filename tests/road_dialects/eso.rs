use super::{UMLAUTS, assert_holds, declared, states};

/// A store of this kind; `provider` is what stands below `vault`.
fn store(kind: &str, name: &str, version: &str, provider: &str) -> String {
    let namespace = if kind == "SecretStore" {
        "\n  namespace: shop"
    } else {
        ""
    };
    format!(
        "---\napiVersion: external-secrets.io/{version}\nkind: {kind}\nmetadata:\n  name: {name}{namespace}\nspec:\n  provider:\n    vault:\n      server: https://vault.example:8200\n{provider}      auth:\n        kubernetes:\n          mountPath: eso\n          role: eso-role\n          serviceAccountRef:\n            name: kubernetes-external-secrets\n            namespace: external-secrets\n"
    )
}

fn external(name: &str, version: &str, store: &str, spec: &str) -> String {
    let (kind, store) = store.split_once('/').expect("KIND/NAME");
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "---\napiVersion: external-secrets.io/{version}\nkind: ExternalSecret\nmetadata:\n  name: {name}\n  namespace: shop\n  labels:\n    team: shop\n  annotations:\n    note: kept\nspec:\n  refreshInterval: 1h\n  secretStoreRef:\n    kind: {kind}\n    name: {store}\n{spec}"
    )
}

fn stores() -> String {
    [
        store(
            "ClusterSecretStore",
            "vault",
            "v1",
            "      path: kv\n      version: v2\n",
        ),
        store("SecretStore", "beta", "v1beta1", "      path: kv\n"),
        store("SecretStore", "anywhere", "v1", ""),
        store(
            "ClusterSecretStore",
            "legacy",
            "v1beta1",
            "      path: legacy\n      version: v1\n",
        ),
        store(
            "ClusterSecretStore",
            "team",
            "v1",
            "      path: team/kv\n      version: v2\n",
        ),
    ]
    .concat()
}

#[tokio::test]
async fn every_form_of_external_secrets_operator_gives_its_bytes() {
    let manifests = [
        stores(),
        external(
            "eso-keys",
            "v1",
            "ClusterSecretStore/vault",
            "target:\n  name: eso-target\ndata:\n- secretKey: bare\n  remoteRef: {key: shop/app, property: password}\n- secretKey: mounted\n  remoteRef: {key: kv/shop/app, property: user}\n- secretKey: with-data\n  remoteRef: {key: kv/data/shop/app, property: user}",
        ),
        external(
            "eso-nested",
            "v1beta1",
            "SecretStore/beta",
            "data:\n- secretKey: exact\n  remoteRef: {key: shop/app, property: api.key}\n- secretKey: path\n  remoteRef: {key: shop/app, property: api.hosts.1.name}\n- secretKey: number\n  remoteRef: {key: shop/app, property: port}",
        ),
        external(
            "eso-whole",
            "v1",
            "SecretStore/anywhere",
            "data:\n- secretKey: all\n  remoteRef: {key: kv/shop/common}",
        ),
        external(
            "eso-extract",
            "v1",
            "ClusterSecretStore/vault",
            "target:\n  creationPolicy: Owner\n  deletionPolicy: Retain\ndataFrom:\n- extract: {key: shop/common}\n- extract: {key: shop/odd}\ndata:\n- secretKey: user\n  remoteRef: {key: shop/app, property: user}",
        ),
        external(
            "eso-legacy",
            "v1beta1",
            "ClusterSecretStore/legacy",
            "dataFrom:\n- extract: {key: shop/app}",
        ),
        external(
            "eso-team",
            "v1",
            "ClusterSecretStore/team",
            "data:\n- secretKey: token\n  remoteRef: {key: deep/er, property: token, conversionStrategy: Default, decodingStrategy: None}",
        ),
    ];
    let (_repository, keyfleet, cluster) = declared("eso", "", &manifests.concat()).await;
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");

    assert!(
        cluster.secret("shop", "eso-keys").await.is_none(),
        "`target.name` is its name"
    );
    assert_holds(
        &cluster,
        "eso-target",
        &[
            ("bare", UMLAUTS.as_bytes()),
            ("mounted", b"shop"),
            ("with-data", b"shop"),
        ],
    )
    .await;
    assert_holds(
        &cluster,
        "eso-nested",
        &[("exact", b"exact"), ("path", b"b"), ("number", b"5432")],
    )
    .await;
    assert_holds(
        &cluster,
        "eso-whole",
        &[("all", br#"{"region":"eu","user":"common"}"#)],
    )
    .await;
    assert_holds(
        &cluster,
        "eso-extract",
        &[
            ("region", b"eu"),
            ("user", b"shop"),
            ("a_key_with_signs", b"odd"),
            ("plain", b"x"),
        ],
    )
    .await;
    assert_holds(
        &cluster,
        "eso-legacy",
        &[("host", b"legacy"), ("port", b"1")],
    )
    .await;
    assert_holds(&cluster, "eso-team", &[("token", b"team")]).await;
    let (_, secret) = cluster
        .get("/api/v1/namespaces/shop/secrets/eso-target")
        .await;
    assert_eq!(
        (
            secret["metadata"]["labels"]["team"].as_str(),
            secret["metadata"]["annotations"]["note"].as_str()
        ),
        (Some("shop"), Some("kept"))
    );
    let plan = keyfleet.run(&["plan"]);
    assert_eq!(plan.code, 0, "{plan:?}");
    assert!(states(&keyfleet).values().all(|state| state == "SUCCESS"));
}

#[tokio::test]
async fn what_is_not_supported_yet_is_an_error_at_its_place_and_the_others_go_on() {
    let manifests = [
        store("ClusterSecretStore", "vault", "v1", "      path: kv\n").replace("eso", "later"),
        external(
            "later-template",
            "v1",
            "ClusterSecretStore/vault",
            "target:\n  template:\n    data: {a: b}\ndata:\n- secretKey: a\n  remoteRef: {key: shop/app, property: user}",
        ),
        external(
            "later-find",
            "v1",
            "ClusterSecretStore/vault",
            "dataFrom:\n- find:\n    name: {regexp: .*}",
        ),
        external(
            "later-query",
            "v1",
            "ClusterSecretStore/vault",
            "data:\n- secretKey: a\n  remoteRef: {key: shop/app, property: 'api.hosts.#'}",
        ),
        external(
            "later-store",
            "v1",
            "SecretStore/vault",
            "data:\n- secretKey: a\n  remoteRef: {key: shop/app, property: user}",
        ),
        external(
            "later-works",
            "v1",
            "ClusterSecretStore/vault",
            "data:\n- secretKey: a\n  remoteRef: {key: shop/app, property: user}",
        ),
    ];
    let (_repository, keyfleet, cluster) = declared("later", "", &manifests.concat()).await;
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 1, "{applied:?}");
    for said in ["template", "find", "gjson", "no SecretStore `vault`"] {
        assert!(applied.err.contains(said), "{said:?} in {}", applied.err);
    }
    assert_holds(&cluster, "later-works", &[("a", b"shop")]).await;
    for name in ["later-template", "later-find", "later-query", "later-store"] {
        assert!(cluster.secret("shop", name).await.is_none(), "{name}");
    }
}
