//! A Vault fails, or what a cluster needs of it.

use super::scene::Scene;
use super::support::{Fault, Vault, proxy::on, world::world};
use super::{Elsewhere, hits_north_only};
use serde_json::json;
use tokio::sync::OnceCell;

/// The Vault of `south` where only that of `north` fails.
async fn second() -> &'static Vault {
    static SECOND: OnceCell<Vault> = OnceCell::const_new();
    SECOND.get_or_init(Vault::start).await
}

async fn two_vaults(tag: &str) -> Scene {
    Scene::applied_in(tag, &world().await.vault, second().await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_is_sealed() {
    let own: &'static Vault = Box::leak(Box::new(Vault::start().await));
    let scene = Scene::applied_in("sealed", own, second().await).await;
    let (status, _) = own.api("PUT", "sys/seal", None).await;
    assert_eq!(status, 204);
    // Reading Vault for a comparison would find it sealed too.
    for member in scene.members() {
        scene.declare(member, "new");
    }
    let plan = scene.run(&["plan"]);
    assert_eq!(plan.code, 1);
    let told = "    failed to read sys/auth: Vault is sealed\n    unseal Vault; nothing can be read until then\n";
    assert_eq!(plan.out.matches(told).count(), 1, "{}", plan.out);
    let run = scene.apply();
    assert_eq!(run.code, 1);
    assert_eq!(
        scene.secret(&scene.south, "new").await.as_deref(),
        Some("value-of-new")
    );
    for secret in [("app", Some("value-of-app")), ("new", None)] {
        assert_eq!(
            scene.secret(&scene.north, secret.0).await.as_deref(),
            secret.1
        );
    }
    let status = scene.run(&["status"]);
    assert_eq!(status.code, 1);
    for line in [
        "✗  main    sealed",
        "?  apps-sealed/new  NOT KNOWN, Status 503",
        "✓  apps-sealed/new  SUCCESS",
    ] {
        assert!(status.out.contains(line), "{}", status.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_token_that_has_expired() {
    let mut scene = two_vaults("expired").await;
    let (_, made) = scene
        .north
        .vault
        .api("POST", "auth/token/create", Some(json!({"ttl": "1h"})))
        .await;
    let token = made["auth"]["client_token"].as_str().unwrap().to_owned();
    scene
        .north
        .vault
        .api_as(&token, "POST", "auth/token/revoke-self", None)
        .await;
    scene.keyfleet.vault_token = token;
    hits_north_only(&scene, &["main: failed to read sys/auth: the token is not valid: expired, revoked, or of another Vault | log in again", "north: failed to read sys/auth: the token is not valid: expired, revoked, or of another Vault | log in again"], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_whose_place_a_page_takes() {
    for (status, tag) in [(200, "vhtml"), (502, "vhtml502")] {
        let told = format!(
            "failed to read sys/auth: the answer is not one of Vault's API (status {status}, text/html) | is there a \
             proxy in between, or is the address wrong?"
        );
        let scene = two_vaults(tag).await;
        let page = Fault::answer(status, "<html>log in here</html>")
            .with_header("Content-Type", "text/html");
        scene.vault_proxy.fault(on("*", ""), page);
        hits_north_only(
            &scene,
            &[&format!("main: {told}"), &format!("north: {told}")],
            &[],
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_sends_elsewhere() {
    let scene = two_vaults("vredirect").await;
    let elsewhere = Elsewhere::new();
    let to = format!("http://{}/v1/sys/auth", elsewhere.address());
    scene.vault_proxy.fault(
        on("*", ""),
        Fault::answer(307, "").with_header("Location", &to),
    );
    hits_north_only(&scene, &["main: failed to read sys/auth: Vault answered that it is at ELSEWHERE; the token was not sent there | a standby node answers so: give the address of the active node, or of a load balancer in front", "north: failed to read sys/auth: Vault answered that it is at ELSEWHERE; the token was not sent there | a standby node answers so: give the address of the active node, or of a load balancer in front"], &[]).await;
    elsewhere.assert_not_asked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_is_overloaded_for_good() {
    let scene = two_vaults("voverload").await;
    let busy = Fault::answer(429, r#"{"errors":["rate limit quota exceeded"]}"#)
        .with_header("Retry-After", "0");
    scene.vault_proxy.fault(on("*", ""), busy);
    hits_north_only(&scene, &["main: failed to read sys/auth: rate limit quota exceeded | raise Vault's rate limit quota, or run fewer clusters at once", "north: failed to read sys/auth: rate limit quota exceeded | raise Vault's rate limit quota, or run fewer clusters at once"], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_asks_for_patience_gets_it() {
    let scene = two_vaults("vpatience").await;
    let busy = Fault::answer(429, r#"{"errors":["rate limit quota exceeded"]}"#)
        .with_header("Retry-After", "1");
    scene.vault_proxy.fault_times(3, on("*", ""), busy);
    scene.declare(&scene.north, "new");
    scene.apply_well();
    assert_eq!(
        scene.secret(&scene.north, "new").await.as_deref(),
        Some("value-of-new")
    );
}

/// keyfleet's own token may not see some of what is `north`'s: each is named with the capability that is missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_may_not_see_a_cluster() {
    let mut scene = Scene::applied("narrow").await;
    let vault = scene.north.vault;
    let (north, mount) = (scene.north.name.clone(), scene.mount());
    let denied = [
        format!("auth/{north}/config"),
        format!("auth/{north}/role/{north}-role"),
        "sys/policies/detailed/acl".to_owned(),
        format!("sys/policies/acl/{north}-kv-rw"),
        format!("{mount}/metadata/{north}/*"),
        format!("{mount}/detailed-metadata"),
    ];
    let rules: String = denied
        .iter()
        .flat_map(|path| [path.clone(), format!("{path}/")])
        .map(|path| format!("path \"{path}\" {{ capabilities = [\"deny\"] }}\n"))
        .collect();
    let all = "path \"*\" { capabilities = [\"create\", \"read\", \"update\", \"delete\", \"list\", \"sudo\"] }\n";
    let policy = format!("{all}{rules}");
    let (status, body) = vault
        .api(
            "POST",
            "sys/policies/acl/narrow-of-keyfleet",
            Some(json!({"policy": policy})),
        )
        .await;
    assert!(status < 300, "{body}");
    let (_, made) = vault
        .api(
            "POST",
            "auth/token/create",
            Some(json!({"policies": ["narrow-of-keyfleet"]})),
        )
        .await;
    made["auth"]["client_token"]
        .as_str()
        .unwrap()
        .clone_into(&mut scene.keyfleet.vault_token);
    hits_north_only(&scene, &["main: failed to read auth/north/config: permission denied | the policies of this token must grant `read` on `auth/north/config`", "main: failed to read auth/north/role/north-role: permission denied | the policies of this token must grant `read` on `auth/north/role/north-role`", "main: failed to read sys/policies/acl/north-kv-rw: permission denied | the policies of this token must grant `read` on `sys/policies/acl/north-kv-rw`", "north: failed to read auth/north/config: permission denied | the policies of this token must grant `read` on `auth/north/config`"], &[]).await;
}

/// Vault is told another CA than the cluster's: keyfleet gets in, and the cluster's logins do not.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_whose_ca_in_vault_is_another() {
    let scene = Scene::declared("vaultca").await;
    scene.write(
        &format!("clusters/{}/ca.crt", scene.north.name),
        &scene.south.cluster.ca_pem(),
    );
    let run = scene.apply();
    assert_eq!(run.code, 1, "{run:?}");
    // The policy of the further Secret is still to be written, and who can log in after that is not told yet.
    hits_north_only(&scene, &[], &[]).await;
    let plan = scene.plan_json();
    let told = "could not log in: Vault or the cluster's API server did not accept the service account's token | see whether \
                the role is bound to this service account, and whether Vault reaches the cluster's API server with its CA";
    let told = ["app", "new"].map(|name| format!("north Secret apps/{name}: north {told}"));
    assert_eq!(super::blocked(&scene, &plan), told);
}

/// A value that is not there stops its Secret alone, and what is in the cluster stays.
#[tokio::test(flavor = "multi_thread")]
async fn values_that_are_not_there() {
    let scene = Scene::applied("gone").await;
    let (north, mount, vault) = (scene.north.name.clone(), scene.mount(), scene.north.vault);
    scene.put(&scene.north, "destroyed", "gone").await;
    for (secret, path) in [("app", "delete"), ("destroyed", "destroy")] {
        let body = json!({"versions": [1]});
        let (status, _) = vault
            .api(
                "PUT",
                &format!("{mount}/{path}/{north}/{secret}"),
                Some(body),
            )
            .await;
        assert_eq!(status, 204);
    }
    let before = scene.snapshot().await;
    for secret in ["absent", "destroyed", "new"] {
        scene.declare(&scene.north, secret);
    }
    let plan = scene.plan_json();
    let hint = "write the value in Vault, undelete it, or refer to another path; a Secret that is there stays as it is";
    let told = [
        ("absent", "is not there"),
        ("app", "is deleted or destroyed (version 1)"),
        ("destroyed", "is deleted or destroyed (version 1)"),
    ];
    let told = told.map(|(name, what)| {
        format!("north Secret apps/{name}: key password: kv/data/north/{name} {what} | {hint}")
    });
    assert_eq!(super::blocked(&scene, &plan), told);
    let run = scene.apply();
    assert_eq!(run.code, 1);
    assert_eq!(
        scene.secret(&scene.north, "new").await.as_deref(),
        Some("value-of-new")
    );
    super::nothing_deleted(&before, &scene.snapshot().await);
    scene.put(&scene.north, "new", "rotated").await;
    values_that_vault_does_not_give(&scene);
}

/// Without an answer nobody knows what is there: that is asked again, and no person has to mend it.
fn values_that_vault_does_not_give(scene: &Scene) {
    let (north, mount) = (&scene.north.name, scene.mount());
    let broken = || Fault::answer(500, r#"{"errors":["internal error"]}"#);
    for (what, fault) in [
        (format!("{mount}/data/{north}/new"), broken as fn() -> Fault),
        (format!("auth/{north}/login"), broken),
        (format!("auth/{north}/login"), || Fault::DropRequest),
    ] {
        scene.vault_proxy.fault(on("*", &what), fault());
        let plan = scene.plan_json();
        let is_new =
            |finding: &&serde_json::Value| finding["name"].as_str().unwrap().ends_with("/new");
        let told = |part: &str| plan[part].as_array().unwrap().iter().find(is_new).cloned();
        assert!(told("unknown").is_some(), "{what}: {plan:#}");
        assert_eq!(told("blocked"), None, "{what}");
        scene.vault_proxy.clear_faults();
    }
}
