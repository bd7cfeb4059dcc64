//! To whom the operator's tokens are shown.

use super::process::Service;
use super::scene::Scene;
use super::support::{Proxy, Vault};

const OFTEN: &str = "reconcile: {interval: 5s}\n";

/// Whoever can merge could else have it sent to a server of theirs.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_the_environment_goes_to_no_address_that_only_git_names() {
    let second = Box::leak(Box::new(Vault::start().await));
    let main = &super::support::world::world().await.vault;
    let mut scene = Scene::declared_in("serve-logins", main, second).await;
    let theirs = Proxy::in_front_of_vault(second.addr());
    let fleet = scene
        .fleet(Some(second))
        .replace(second.addr(), theirs.url());
    scene.write("fleet.yaml", &fleet);
    scene
        .variables
        .retain(|(name, _)| name == "VAULT_TOKEN_SECOND");
    let service = Service::start(&scene, OFTEN);
    service
        .until_said("VAULT_TOKEN_SECOND is not sent there")
        .await;
    service.until_said("set VAULT_ADDR_SECOND").await;
    // The other Vault is the one that VAULT_ADDR names.
    service
        .until("Secret", async || {
            scene.secret(&scene.north, "app").await.is_some()
        })
        .await;
    let sent = theirs.requests();
    assert!(sent.is_empty(), "{sent:?}");

    let login = format!(
        "{OFTEN}vaults: {{second: {{address: \"{}\", token: {{environment: VAULT_TOKEN_SECOND}}}}}}\n",
        theirs.url()
    );
    service.resettle(&scene, &login);
    service.signal("HUP");
    service
        .until("Secret of the second", async || {
            scene.secret(&scene.south, "app").await.is_some()
        })
        .await;
}
