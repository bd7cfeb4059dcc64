use crate::fleet_stage::stage;
use crate::support::Flavour;
use std::collections::BTreeMap;

#[tokio::test]
async fn a_second_apply_and_a_plan_write_nothing() {
    let stage = stage().await;
    let again = stage.apply();
    let plan = stage.plan_of_nothing();
    eprintln!(
        "{}",
        plan.table("nothing to do, with one Secret from KV v1")
    );
    assert_eq!(again.writes(), [0; 3], "{}", again.kinds());
    assert_eq!(plan.writes(), [0; 3], "{}", plan.kinds());
    // KV v1 has no versions: its one value is read, by prod-eu and by nobody else.
    assert_eq!(plan.logins(), [2, 1, 0], "{}", plan.kinds());
    assert_eq!(plan.vault.values(), ["legacy/prod-eu/warehouse"]);
}

#[tokio::test]
async fn with_nothing_to_do_no_value_moves_and_the_read_budget_is_kept() {
    let stage = stage().await;
    let only_v2 = stage.without_kv_v1();
    // The Secret goes, and so does its path in the policy.
    let gone = stage.apply();
    assert_eq!(gone.writes(), [1, 1, 0], "{}", gone.kinds());
    let plan = stage.plan_of_nothing();
    eprintln!("{}{}", plan.table("nothing to do"), plan.kinds());
    assert_eq!(plan.writes(), [0; 3]);
    assert_eq!(plan.logins(), [0; 3]);
    assert_eq!(plan.vault.values(), [""; 0]);
    let in_vault: BTreeMap<&str, usize> = match stage.vault.flavour().await {
        Flavour::OpenBao => BTreeMap::from([
            ("LIST sys/policies/detailed/acl", 1),
            ("GET sys/auth", 1),
            ("GET sys/mounts", 1),
            ("GET auth/*/config", 2),
            ("GET auth/*/role/*-role", 2),
            ("LIST auth/*/role", 2),
            ("SCAN kv/detailed-metadata", 1),
        ]),
        // Each bulk list is asked for once, and then one by one.
        Flavour::HashiCorp => BTreeMap::from([
            ("LIST sys/policies/detailed/acl", 1),
            ("LIST sys/policies/acl", 1),
            ("GET sys/policies/acl/default", 1),
            ("GET sys/policies/acl/platform-read", 1),
            ("GET sys/policies/acl/*-kv-rw", 2),
            ("GET sys/auth", 1),
            ("GET sys/mounts", 1),
            ("GET auth/*/config", 2),
            ("GET auth/*/role/*-role", 2),
            ("LIST auth/*/role", 2),
            ("SCAN kv/detailed-metadata", 1),
            ("GET kv/metadata/*/checkout", 2),
            ("GET kv/metadata/*/mail", 2),
            ("GET kv/metadata/*/payments", 1),
            ("GET kv/metadata/*/payments-common", 1),
            ("GET kv/metadata/shared/mail", 1),
        ]),
    };
    let counted = plan.vault.kinds();
    let counted: BTreeMap<&str, usize> = counted
        .iter()
        .map(|(kind, count)| (kind.trim_end_matches('/'), *count))
        .collect();
    assert_eq!(counted, in_vault);
    let account = "external-secrets";
    for cluster in [&plan.prod_eu, &plan.staging] {
        let counted = cluster.kinds();
        let wanted = [
            "GET /api/v1/namespaces/kube-system".to_owned(),
            format!("GET /api/v1/namespaces/{account}"),
            format!("GET /api/v1/namespaces/{account}/serviceaccounts/kubernetes-{account}"),
            "GET /api/v1/secrets".to_owned(),
            "GET /apis/rbac.authorization.k8s.io/v1/clusterrolebindings/role-tokenreview-binding"
                .to_owned(),
        ];
        assert_eq!(counted, wanted.into_iter().map(|kind| (kind, 1)).collect());
    }
    let edited = stage.edit_file("clusters/prod-eu/cluster.yaml", |text| {
        text.replace("ttl: 1h", "ttl: 2h")
    });
    let one = stage.apply();
    eprintln!("{}", one.table("apply of one field in git (two passes)"));
    assert_eq!(one.writes(), [1, 0, 0]);
    assert_eq!(one.logins(), [0; 3]);
    drop(edited);
    drop(only_v2);
    assert_eq!(stage.apply().writes(), [2, 1, 0]);
}
