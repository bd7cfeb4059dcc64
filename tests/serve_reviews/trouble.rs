//! A forge that is down, and webhooks that come in floods.

use super::road::{Road, Traffic};
use super::scene::{Scene, grants, means_nothing};
use super::webhook::Said;
use keyfleet::forge::Kind;

/// The way to the forge, and the settings of a service that takes it.
fn by_road(scene: &Scene) -> (Road, String) {
    let api = scene.forge.place().api;
    let address = api.trim_start_matches("http://").split('/').next().unwrap();
    let road = Road::to(address.parse().unwrap());
    let by_road = format!("127.0.0.1:{}", road.port);
    (road, scene.settings("").replace(address, &by_road))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_forge_did_not_take_is_posted_when_it_is_back() {
    let scene = Scene::new(Kind::GitLab).await;
    let head = scene.pull(|folder| grants(folder, "kv/data/finance/ledger"));
    let (road, settings) = by_road(&scene);
    let service = scene.serve(&settings).await;
    road.set(Traffic::Closed);
    assert_eq!(scene.say(&service, &Said::of(&head)).await, 202);
    service
        .until_said("a pull request could not be reviewed")
        .await;
    assert_eq!(scene.forge.calls(), Vec::<String>::new());
    road.set(Traffic::Free);
    let posted = async || !scene.states(&head).is_empty();
    service.until("status", posted).await;
    assert_eq!(scene.forge.bodies().len(), 1);
    assert!(
        service
            .counted("keyfleet_reviews_total{result=\"failed\"}")
            .await
            >= 1
    );
    scene.nothing_leaked(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_webhooks_costs_a_few_reviews_and_the_newest_state_is_posted() {
    let scene = Scene::new(Kind::GitHub).await;
    scene.pull(|folder| grants(folder, "kv/data/finance/ledger"));
    let (road, settings) = by_road(&scene);
    let service = scene.serve(&settings).await;
    road.set(Traffic::Closed);
    // Each with a commit of its own, so that none is a copy.
    for number in 0..100 {
        let said = Said::of(&format!("{number:040x}"));
        assert_eq!(scene.say(&service, &said).await, 202);
        assert!(service.counted("keyfleet_reviews_waiting").await <= 1);
    }
    let newest = scene.pull(means_nothing);
    assert_eq!(scene.say(&service, &Said::of(&newest)).await, 202);
    road.set(Traffic::Free);
    scene.until_state(&service, &newest, "success").await;
    let reviews = r"keyfleet_reviews_total{result=";
    let mut all = 0;
    for result in [r#""posted"}"#, r#""failed"}"#] {
        all += service.counted(&format!("{reviews}{result}")).await;
    }
    assert!(all < 20, "{all} reviews of 101 webhooks");
    assert_eq!(scene.forge.bodies().len(), 1);
}
