use super::support::{Flavour, Proxy, Repository, Vault, kubeconfig, world};
use super::{declare_app, has_app, shared};

#[tokio::test]
async fn the_token_goes_to_no_address_that_only_git_names() {
    let cluster = shared().await;
    let vault = &world().await.vault;
    let elsewhere = Proxy::in_front_of_vault(vault.addr());
    let repository = Repository::new();
    repository.fleet(
        "address",
        &format!("vaults:\n  main:\n    address: {}\n", elsewhere.url()),
    );
    repository.cluster("address", &cluster, "");
    let mut keyfleet = repository.keyfleet(vault.addr(), &kubeconfig(&[(&cluster, None)]));

    for verb in [&["plan"][..], &["apply", "--yes"], &["status"]] {
        let run = keyfleet.run(verb);
        assert_eq!(run.code, 1, "{run:?}");
        let text = format!("{}{}", run.out, run.err);
        assert!(
            text.contains("VAULT_TOKEN is not sent there") && text.contains("VAULT_TOKEN_MAIN"),
            "{text}"
        );
    }
    assert!(
        elsewhere.requests().is_empty(),
        "{:?}",
        elsewhere.requests()
    );

    // Named by the operator too: by its own token, by the same address, or with no other address in sight.
    let own = keyfleet.run_with(
        &["plan"],
        &[("VAULT_TOKEN", ""), ("VAULT_TOKEN_MAIN", "root")],
    );
    assert_eq!(own.code, 2, "{own:?}");
    keyfleet.vault_addr = format!("{}/", elsewhere.url());
    assert_eq!(keyfleet.run(&["plan"]).code, 2);
    keyfleet.vault_addr = String::new();
    assert_eq!(keyfleet.run(&["plan"]).code, 2);
    keyfleet.vault_token = String::new();
    let none = keyfleet.run(&["plan"]);
    assert_eq!(none.code, 1);
    assert!(
        format!("{}{}", none.out, none.err).contains("VAULT_TOKEN"),
        "{none:?}"
    );
}

#[tokio::test]
async fn a_second_vault_has_a_token_of_its_own_and_fails_alone() {
    let cluster = shared().await;
    let other = world().await.cluster("two").await;
    other.create_namespace("shop").await;
    let vault = &world().await.vault;
    let second = Vault::start().await;
    second.cli_ok(&["secrets", "enable", "-path=kv", "kv-v2"]);
    let proxy = Proxy::in_front_of_vault(second.addr());
    let repository = Repository::new();
    repository.fleet(
        "pair",
        &format!(
            "vaults:\n  main: {{}}\n  second-eu:\n    address: {}\n",
            proxy.url()
        ),
    );
    repository.cluster("first", &cluster, "vault: main\n");
    repository.cluster("second", &other, "vault: second-eu\n");
    declare_app(&repository, vault, "first").await;
    declare_app(&repository, &second, "second").await;
    let config = kubeconfig(&[(&cluster, None), (&other, None)]);
    let keyfleet = repository.keyfleet(vault.addr(), &config);

    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 1, "{applied:?}");
    assert!(has_app(&cluster, "first").await, "{applied:?}");
    assert!(
        proxy.requests().is_empty(),
        "the token of `main` goes nowhere else"
    );
    assert!(
        applied.out.contains("VAULT_TOKEN_SECOND_EU"),
        "{}",
        applied.out
    );

    let applied = keyfleet.run_with(&["apply", "--yes"], &[("VAULT_TOKEN_SECOND_EU", "root")]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert!(has_app(&other, "second").await, "{applied:?}");
    let (status, _) = vault.api("GET", "sys/auth/second", None).await;
    assert_ne!(status, 200, "it is a mount of the other Vault");
}

#[tokio::test]
async fn a_namespace_holds_everything_of_its_vault() {
    let cluster = shared().await;
    let vault = &world().await.vault;
    let repository = Repository::new();
    repository.fleet(
        "spaces",
        "vaults:\n  main:\n    namespace: team-a\n    kvMounts:\n      - path: kv\n",
    );
    repository.cluster("spaces", &cluster, "");
    repository.kes(
        "clusters/spaces/app.yaml",
        "spaces-app",
        &[("password", "kv/data/spaces/app", "password")],
    );
    let keyfleet = repository.keyfleet(vault.addr(), &kubeconfig(&[(&cluster, None)]));
    if vault.flavour().await == Flavour::HashiCorp {
        // Its community edition has no namespaces and takes the header for nothing: writing would hit the root.
        let run = keyfleet.run(&["apply", "--yes"]);
        assert_eq!(run.code, 1, "{run:?}");
        let (status, _) = vault.api("GET", "sys/auth/spaces", None).await;
        assert_ne!(status, 200, "nothing lands in the root namespace: {run:?}");
        return;
    }
    vault.cli_ok(&["namespace", "create", "team-a"]);
    let first = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(first.code, 1, "the value is not there yet: {first:?}");
    vault.cli_ok(&[
        "kv",
        "put",
        "-namespace=team-a",
        "-mount=kv",
        "spaces/app",
        "password=canary-space",
    ]);
    let applied = keyfleet.run(&["apply", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(
        cluster.secret("shop", "spaces-app").await.unwrap()["password"],
        b"canary-space"
    );
    assert_eq!(keyfleet.run(&["plan"]).code, 0);
    assert_eq!(keyfleet.run(&["status"]).code, 0);
    let (status, _) = vault.api("GET", "sys/auth/spaces", None).await;
    assert_ne!(status, 200, "not in the root namespace");
    vault.cli_ok(&["read", "-namespace=team-a", "auth/spaces/role/spaces-role"]);
}
