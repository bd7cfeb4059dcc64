use crate::fleet_stage::stage;

#[tokio::test]
async fn a_new_value_is_one_write_for_each_cluster_that_uses_it_and_reads_no_other() {
    let stage = stage().await;
    let only_v2 = stage.without_kv_v1();
    stage.apply();
    let version = stage
        .vault
        .kv_put("kv", "shared/mail", &[("noreply", "canary-new-noreply")])
        .await;
    let plan = stage.keyfleet.plan_json();
    for change in plan["changes"].as_array().unwrap() {
        assert_eq!(change["name"], "shop/mail", "{plan:#}");
        assert_eq!(change["cause"]["to"], version, "{plan:#}");
    }
    let shared = stage.apply();
    eprintln!(
        "{}",
        shared.table("apply after one new value that both clusters use (two passes)")
    );
    assert_eq!(shared.writes(), [0, 1, 1], "{}", shared.kinds());
    assert_eq!(shared.logins(), [4, 1, 1], "{}", shared.kinds());
    assert_eq!(
        shared.vault.values(),
        [
            "kv/data/prod-eu/mail",
            "kv/data/shared/mail",
            "kv/data/staging/mail"
        ]
    );

    let pairs = [
        ("username", "canary-user"),
        ("password", "canary-new-password"),
    ];
    stage.vault.kv_put("kv", "prod-eu/checkout", &pairs).await;
    let own = stage.apply();
    eprintln!(
        "{}",
        own.table("apply after one new value of one cluster (two passes)")
    );
    assert_eq!(own.writes(), [0, 1, 0], "{}", own.kinds());
    assert_eq!(own.logins(), [2, 1, 0], "{}", own.kinds());
    assert_eq!(own.vault.values(), ["kv/data/prod-eu/checkout"]);

    assert_eq!(stage.plan_of_nothing().logins(), [0; 3]);
    drop(only_v2);
    stage.apply();
}

/// A new version with the same value: nothing of the data changes, but what it was made from does.
#[tokio::test]
async fn the_same_value_written_again_is_read_once_and_then_no_more() {
    let stage = stage().await;
    let only_v2 = stage.without_kv_v1();
    stage.apply();
    stage
        .vault
        .kv_put("kv", "staging/mail", &[("relay", "canary-relay")])
        .await;
    let again = stage.apply();
    assert_eq!(again.writes(), [0, 0, 1], "{}", again.kinds());
    let plan = stage.plan_of_nothing();
    assert_eq!(plan.vault.values(), [""; 0]);
    drop(only_v2);
    stage.apply();
}
