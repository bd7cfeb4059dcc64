//! What a cluster says of itself. The sandbox knows fewer kinds than a real one, but what it says of those must be the same.

use super::clusters;
use super::pair::{Answer, Ask, Side, Token};
use serde_json::Value;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

#[tokio::test]
async fn both_are_healthy_and_say_so_to_everybody() {
    let (pair, _sandbox, real) = clusters().await;
    let user = Token::Of(real.user_token().to_owned());
    for path in [
        "/healthz",
        "/livez",
        "/readyz",
        "/livez/ping",
        "/version",
        "/version/",
        "/api",
        "/apis/nothing",
        "/nothing",
        "/openid/v1/jwks",
    ] {
        // The keys and the address are each server's own.
        if path != "/openid/v1/jwks" && path != "/api" {
            pair.ask(Ask::new("GET", path)).await;
            pair.ask(Ask::new("GET", path).by(user.clone())).await;
        }
        pair.ask(Ask::new("GET", path).by(Token::Nobody)).await;
    }
    for path in ["/version", "/healthz", "/api", "/nothing"] {
        pair.ask(Ask::new("DELETE", path)).await;
    }
}

#[tokio::test]
async fn both_say_where_the_keys_of_tokens_are() {
    let (pair, _sandbox, _real) = clusters().await;
    pair.ask(Ask::new("GET", "/.well-known/openid-configuration"))
        .await;
    let keys = async |side: &Side| {
        let mut answer = side.say(&Ask::new("GET", "/openid/v1/jwks")).await;
        for field in ["kid", "x", "y"] {
            let made_up = answer.body["keys"][0][field].take();
            assert_eq!(made_up.as_str().map(str::len), Some(43));
        }
        answer
    };
    assert_eq!(keys(&pair.sandbox).await, keys(&pair.real).await);
}

/// What one side lists, by name.
async fn listed(
    side: &Side,
    path: &str,
    accept: &str,
    list: &str,
    name: &str,
) -> Vec<(String, Value)> {
    let answer = side
        .say(&Ask::new("GET", path).header("accept", accept))
        .await;
    assert_eq!(answer.status, 200, "{path}");
    let items = answer.body[list].as_array().unwrap();
    let named = |item: &Value| {
        (
            item.pointer(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            item.clone(),
        )
    };
    items.iter().map(named).collect()
}

fn same(ours: &[(String, Value)], theirs: &[(String, Value)]) {
    assert!(!ours.is_empty());
    for (name, item) in ours {
        let found = theirs.iter().find(|(other, _)| other == name);
        assert_eq!(Some(item), found.map(|(_, item)| item), "{name}");
    }
}

#[tokio::test]
async fn both_list_the_same_of_the_resources_that_both_have() {
    let (pair, _sandbox, _real) = clusters().await;
    for path in [
        "/api/v1",
        "/apis/rbac.authorization.k8s.io/v1",
        "/apis/apps/v1",
        "/apis/batch/v1",
        "/apis/networking.k8s.io/v1",
        "/apis/coordination.k8s.io/v1",
        "/apis/authentication.k8s.io/v1",
        "/apis/authorization.k8s.io/v1",
    ] {
        let ours = listed(
            &pair.sandbox,
            path,
            "application/json",
            "resources",
            "/name",
        )
        .await;
        let theirs = listed(&pair.real, path, "application/json", "resources", "/name").await;
        same(&ours, &theirs);
    }
    let is_built_in = |(name, _): &(String, Value)| {
        !name.contains("external-secrets") && !name.contains("kubernetes-client")
    };
    let mut ours = listed(
        &pair.sandbox,
        "/apis",
        "application/json",
        "groups",
        "/name",
    )
    .await;
    ours.retain(is_built_in);
    let theirs = listed(&pair.real, "/apis", "application/json", "groups", "/name").await;
    same(&ours, &theirs);
    for path in [
        "/apis/rbac.authorization.k8s.io",
        "/apis/authorization.k8s.io/",
    ] {
        pair.ask(Ask::new("GET", path)).await;
    }
}

#[tokio::test]
async fn both_say_it_to_new_clients_in_one_answer() {
    let (pair, _sandbox, _real) = clusters().await;
    for path in ["/api", "/apis"] {
        let ours = listed(&pair.sandbox, path, AGGREGATED, "items", "/metadata/name").await;
        let theirs = listed(&pair.real, path, AGGREGATED, "items", "/metadata/name").await;
        for (group, item) in &ours {
            let Some((_, other)) = theirs.iter().find(|(other, _)| other == group) else {
                assert!(group.contains("external-secrets") || group.contains("kubernetes-client"));
                continue;
            };
            assert_eq!(item["metadata"], other["metadata"]);
            let resources = |item: &Value| -> Vec<(String, Value)> {
                let resources = item["versions"][0]["resources"].as_array().unwrap();
                resources
                    .iter()
                    .map(|one| (one["resource"].as_str().unwrap().to_owned(), one.clone()))
                    .collect()
            };
            same(&resources(item), &resources(other));
        }
    }
}

/// What `kubectl explain` marks with `-required-`. Of kinds that are only listed, no more than the frame is known.
#[tokio::test]
async fn both_say_which_fields_must_be_said() {
    let (pair, _sandbox, _real) = clusters().await;
    for path in [
        "api/v1",
        "apis/rbac.authorization.k8s.io/v1",
        "apis/coordination.k8s.io/v1",
    ] {
        let ask = Ask::new("GET", &format!("/openapi/v3/{path}"));
        let (ours, theirs) = (pair.sandbox.say(&ask).await, pair.real.say(&ask).await);
        let schemas = |answer: &Answer| answer.body["components"]["schemas"].clone();
        let (ours, theirs) = (schemas(&ours), schemas(&theirs));
        for (name, schema) in ours.as_object().unwrap() {
            if !name.ends_with("core.v1.Event") {
                assert_eq!(schema["required"], theirs[name]["required"], "{name}");
            }
        }
    }
}

/// In how many lines a program of this name is answered.
async fn lines(side: &Side, path: &str, agent: &str) -> usize {
    let request = side.client.get(format!("{}{path}", side.base));
    let request = request.bearer_auth(&side.admin).header("user-agent", agent);
    let text = request.send().await.unwrap().text().await.unwrap();
    text.lines().count()
}

#[tokio::test]
async fn people_are_answered_in_lines() {
    let (pair, _sandbox, _real) = clusters().await;
    for agent in [
        "curl/8.0",
        "Wget/1.2",
        "Mozilla/5.0 (X)",
        "kubectl/v1.34",
        "Curl",
    ] {
        for path in [
            "/version",
            "/api/v1/namespaces/default",
            "/api/v1/namespaces/default?pretty=true",
            "/api/v1/namespaces/default?pretty=false",
            "/api/v1/namespaces/default?pretty",
            "/api/v1/namespaces/none",
            "/api/v1/namespaces/default/secrets?limit=1&labelSelector=none",
            "/apis/rbac.authorization.k8s.io",
            "/.well-known/openid-configuration",
            "/healthz",
            "/nope",
        ] {
            let ours = lines(&pair.sandbox, path, agent).await;
            let theirs = lines(&pair.real, path, agent).await;
            assert_eq!(ours, theirs, "{path} to {agent}");
        }
    }
}
