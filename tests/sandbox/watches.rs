//! Watches.

use super::clusters;
use super::objects::namespace;
use super::pair::{Ask, Pair};
use serde_json::json;
use std::time::Duration;

async fn three(pair: &Pair, name: &str) -> String {
    let path = namespace(pair, name).await + "/configmaps";
    for number in 1..=3 {
        let body = json!({"metadata": {"name": format!("c{number}"), "labels": {"n": number.to_string()}}});
        let ask = Ask::new("POST", &path).json(body);
        pair.ask(ask.keep(&format!("version{number}"), "/metadata/resourceVersion"))
            .await;
    }
    path
}

#[tokio::test]
async fn a_watch_begins_where_it_is_told_to() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = three(&pair, "begins").await;
    for query in [
        "",
        "&resourceVersion=0&labelSelector=n%3D1",
        "&resourceVersion={version2}",
        "&resourceVersion={version3}",
        "&resourceVersion={version2}&allowWatchBookmarks=true",
        "&resourceVersion=abc",
        "&resourceVersion=99999999",
        "&resourceVersionMatch=NotOlderThan",
        "&resourceVersionMatch=Other",
        "&resourceVersion={version2}&resourceVersionMatch=Exact",
        "&sendInitialEvents=true",
        "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
        "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=n%3D1",
        "&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion={version2}",
        "&limit=1",
        "&fieldSelector=metadata.name%3Dc3&resourceVersion=0",
        "&labelSelector=%3D",
        "&fieldSelector=x%3Dy",
    ] {
        pair.ask(Ask::new(
            "GET",
            &format!("{path}?watch=1&timeoutSeconds=1{query}"),
        ))
        .await;
    }
    pair.ask(Ask::new(
        "GET",
        &format!("{path}?watch=1&timeoutSeconds=abc"),
    ))
    .await;
    pair.ask(Ask::new(
        "GET",
        &format!("{path}/c1?watch=1&timeoutSeconds=1"),
    ))
    .await;
}

#[tokio::test]
async fn a_watch_comes_in_the_form_that_is_asked_for() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = three(&pair, "forms").await + "?watch=1&timeoutSeconds=1&resourceVersion={version1}";
    for of in [
        "PartialObjectMetadata",
        "PartialObjectMetadataList",
        "Table",
    ] {
        let accept = format!("application/json;as={of};v=v1;g=meta.k8s.io");
        pair.ask(Ask::new("GET", &path).header("accept", &accept))
            .await;
    }
}

#[tokio::test]
async fn a_watch_tells_what_happens_as_its_selectors_see_it() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = three(&pair, "happens").await;
    let watch = format!(
        "{path}?watch=true&timeoutSeconds=3&resourceVersion={{version3}}&labelSelector=n+in+(2,3,7)"
    );
    let merge = |name: &str, n: &str| {
        let ask = Ask::new("PATCH", &format!("{path}/{name}"));
        ask.json(json!({"metadata": {"labels": {"n": n}}}))
            .header("content-type", "application/merge-patch+json")
    };
    let writes = async {
        // The watch is there first, as it would be in life; it would tell the same if it were not.
        tokio::time::sleep(Duration::from_millis(300)).await;
        pair.ask(merge("c1", "7")).await;
        pair.ask(merge("c2", "3")).await;
        pair.ask(merge("c3", "9")).await;
        pair.ask(Ask::new("DELETE", &format!("{path}/c2"))).await;
        pair.ask(Ask::new("DELETE", &format!("{path}/c3"))).await;
    };
    tokio::join!(pair.ask(Ask::new("GET", &watch)), writes);
}
