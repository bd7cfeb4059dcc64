use crate::fleet_stage::stage;

/// In the Vault: three policies and, for each cluster, mount, config and role. In a cluster: namespace, account,
/// binding and its Secrets, of which there are four and two. The KV mounts were there before.
#[tokio::test]
async fn a_fleet_that_nobody_has_heard_of_takes_one_write_for_each_object() {
    let stage = stage().await;
    let cold = &stage.cold;
    eprintln!("{}{}", cold.table("cold apply"), cold.kinds());
    assert_eq!(cold.writes(), [3 + 2 * 3, 3 + 4, 3 + 2], "{}", cold.kinds());
    // A login for each cluster, and its end; a token of the service account.
    assert_eq!(cold.logins(), [4, 1, 1], "{}", cold.kinds());
    let written: Vec<_> = [&cold.vault, &cold.prod_eu, &cold.staging]
        .into_iter()
        .flat_map(|tally| &tally.requests)
        .filter(|request| request.purpose == crate::support::Purpose::Write)
        .collect();
    assert!(
        written
            .iter()
            .all(|request| request.status.is_some_and(|status| status < 300)),
        "{written:#?}"
    );
}
