//! Creating, reading and replacing objects.

use super::clusters;
use super::pair::{Ask, Pair, Token};
use serde_json::{Value, json};

/// A namespace of a test's own.
pub(crate) async fn namespace(pair: &Pair, name: &str) -> String {
    let body = json!({ "metadata": { "name": name } });
    pair.ask(Ask::new("POST", "/api/v1/namespaces").json(body))
        .await;
    format!("/api/v1/namespaces/{name}")
}

pub(crate) fn named(name: &str) -> Value {
    json!({ "metadata": { "name": name } })
}

#[tokio::test]
async fn an_object_is_created_once_and_read_back() {
    let (pair, _sandbox, _real) = clusters().await;
    let secrets = namespace(&pair, "create").await + "/secrets";
    let post = |body: Value| Ask::new("POST", &secrets).json(body);
    pair.ask(post(
        json!({"metadata": {"name": "a", "labels": {"x": "y"}}, "stringData": {"k": "v"}}),
    ))
    .await;
    pair.ask(post(named("a"))).await;
    pair.ask(Ask::new("GET", &format!("{secrets}/a"))).await;
    pair.ask(Ask::new("GET", &format!("{secrets}/missing")))
        .await;
    for body in [
        json!({}),
        json!({ "metadata": {} }),
        json!({"metadata": {"name": "b", "namespace": "other"}}),
        json!({"metadata": {"name": "b", "resourceVersion": "5"}}),
        json!({"metadata": {"name": "c", "resourceVersion": "abc"}}),
        json!({"metadata": {"name": "d", "uid": "5", "selfLink": "x", "generation": 4,
            "creationTimestamp": "2020-01-01T00:00:00Z", "deletionTimestamp": "2020-01-01T00:00:00Z",
            "deletionGracePeriodSeconds": 4}}),
        json!({"metadata": {"name": "e", "labels": {}, "annotations": {}}, "data": {}}),
    ] {
        pair.ask(post(body)).await;
    }
    pair.ask(Ask::new("GET", &secrets)).await;
}

#[tokio::test]
async fn a_name_is_made_up_where_only_its_start_is_given() {
    let (pair, _sandbox, _real) = clusters().await;
    let secrets = namespace(&pair, "generate").await + "/secrets";
    let body = json!({ "metadata": { "generateName": "start-" } });
    let ask = Ask::new("POST", &format!("{secrets}?dryRun=All")).json(body.clone());
    // The name itself is made up, so that only its start can be the same.
    for side in [&pair.sandbox, &pair.real] {
        let answer = side.say(&ask).await;
        assert_eq!(answer.status, 201);
        let name = answer.body["metadata"]["name"].as_str().unwrap().to_owned();
        assert!(name.starts_with("start-") && name.len() == 11, "{name}");
        assert_eq!(answer.body["metadata"]["generateName"], "start-");
    }
}

#[tokio::test]
async fn options_of_a_write_are_checked() {
    let (pair, _sandbox, _real) = clusters().await;
    let secrets = namespace(&pair, "options").await + "/secrets";
    let long = "a".repeat(130);
    let queries = [
        "dryRun=All".to_owned(),
        "dryRun=Some".to_owned(),
        "dryRun=All&dryRun=Some".to_owned(),
        "dryRun=".to_owned(),
        "fieldValidation=Some".to_owned(),
        "fieldValidation=Ignore".to_owned(),
        format!("fieldManager={long}"),
        "fieldManager=a%0Ab&dryRun=x".to_owned(),
        "pretty=false&unknown=1&fieldManager=somebody".to_owned(),
    ];
    for (index, query) in queries.iter().enumerate() {
        let path = format!("{secrets}?{query}");
        pair.ask(Ask::new("POST", &path).json(named(&format!("n{index}"))))
            .await;
        let path = format!("{secrets}/n8?{query}");
        pair.ask(Ask::new("PUT", &path).json(named("n8"))).await;
        let merge = Ask::new("PATCH", &path)
            .header("content-type", "application/merge-patch+json")
            .json(json!({}));
        pair.ask(merge).await;
        pair.ask(Ask::new("DELETE", &path)).await;
    }
    pair.ask(Ask::new("GET", &secrets)).await;
}

#[tokio::test]
async fn nothing_is_created_where_there_is_no_place_for_it() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = "/api/v1/namespaces/nowhere/secrets";
    pair.ask(Ask::new("POST", path).json(named("a"))).await;
    pair.ask(Ask::new("GET", path)).await;
    pair.ask(Ask::new("GET", "/api/v1/namespaces/nowhere"))
        .await;
    pair.ask(Ask::new("PUT", &format!("{path}/a")).json(named("a")))
        .await;
    pair.ask(Ask::new("DELETE", &format!("{path}/a"))).await;
}

#[tokio::test]
async fn paths_that_are_nothing_and_methods_that_are_not_there() {
    let (pair, _sandbox, _real) = clusters().await;
    for (method, path) in [
        ("GET", "/api/v1/namespaces/default/nothing"),
        ("GET", "/api/v1/nothing/x"),
        ("GET", "/apis/rbac.authorization.k8s.io/v1/nothing"),
        ("GET", "/apis/nothing.example/v1/things"),
        ("GET", "/apis/rbac.authorization.k8s.io/v9/roles"),
        ("GET", "/nothing"),
        ("POST", "/api/v1/secrets"),
        ("DELETE", "/api/v1/secrets"),
        ("DELETE", "/api/v1/namespaces"),
        ("POST", "/api/v1/namespaces/default/secrets/a"),
        ("PUT", "/api/v1/namespaces/default/secrets"),
        ("PATCH", "/api/v1/namespaces/default/secrets"),
        ("GET", "/api/v1/namespaces/default/secrets/a/status"),
        ("PUT", "/api/v1/namespaces/default/secrets/a/status"),
        ("GET", "/api/v1/namespaces/default/secrets/a/b/c"),
        ("GET", "/api/v1/namespaces/default/finalize"),
        ("POST", "/api/v1/namespaces/default"),
    ] {
        pair.ask(Ask::new(method, path)).await;
        pair.ask(Ask::new(method, path).by(Token::Nobody)).await;
    }
}

#[tokio::test]
async fn media_types_that_are_not_spoken() {
    let (pair, _sandbox, _real) = clusters().await;
    let secrets = namespace(&pair, "media").await + "/secrets";
    let post = |kind: &str, text: &str| {
        let ask = Ask::new("POST", &secrets).text(text);
        ask.header("content-type", kind)
    };
    pair.ask(post("text/plain", r#"{"metadata":{"name":"a"}}"#))
        .await;
    pair.ask(post("application/json", "metadata: {name: a}"))
        .await;
    pair.ask(post("application/json", "")).await;
    pair.ask(post("application/yaml", "metadata: {name: a}"))
        .await;
    pair.ask(post(
        "application/json; charset=utf-8",
        r#"{"metadata":{"name":"b"}}"#,
    ))
    .await;
    for accept in [
        "text/plain",
        "application/json",
        "*/*",
        "application/*",
        "text/html, application/json",
        "application/json;as=Other;v=v1;g=meta.k8s.io",
        "application/json;as=Other;v=v1;g=meta.k8s.io, application/json",
        "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
        "application/json;as=PartialObjectMetadata;v=v9;g=meta.k8s.io",
        "application/json;as=Table;v=v1;g=meta.k8s.io",
    ] {
        for path in [format!("{secrets}/a"), secrets.clone()] {
            pair.ask(Ask::new("GET", &path).header("accept", accept))
                .await;
        }
    }
}

#[tokio::test]
async fn an_update_replaces_the_version_that_it_names() {
    let (pair, _sandbox, _real) = clusters().await;
    let secrets = namespace(&pair, "update").await + "/secrets";
    let path = format!("{secrets}/a");
    let put = |body: Value| Ask::new("PUT", &path).json(body);
    let made = json!({"metadata": {"name": "a"}, "data": {"k": "eA=="}});
    pair.ask(put(made.clone())).await;
    pair.ask(
        Ask::new("POST", &secrets)
            .json(made.clone())
            .keep("uid", "/metadata/uid")
            .keep("version", "/metadata/resourceVersion"),
    )
    .await;
    // Nothing changes, so the version stays.
    pair.ask(put(made.clone())).await;
    for body in [
        json!({"data": {"k": "eA=="}}),
        json!({"metadata": {"name": "b"}}),
        json!({"metadata": {"name": "a", "namespace": "b"}}),
        json!({"metadata": {"name": "a", "resourceVersion": "1"}}),
        json!({"metadata": {"name": "a", "resourceVersion": "abc"}}),
        json!({"metadata": {"name": "a", "resourceVersion": "0"}, "data": {"k": "eA=="}}),
        json!({"metadata": {"name": "a", "uid": "abc"}}),
        json!({"metadata": {"name": "a", "uid": "abc", "resourceVersion": "1"}}),
        json!({"metadata": {"name": "a", "uid": "{uid}", "resourceVersion": "{version}"}, "data": {"k": "eQ=="}}),
        json!({"metadata": {"name": "a", "uid": "{uid}", "resourceVersion": "{version}"}, "data": {"k": "eg=="}}),
        json!({"metadata": {"name": "a", "labels": {"l": "m"}}}),
        json!({"metadata": {"name": "a", "generation": 7, "creationTimestamp": null}}),
    ] {
        pair.ask(put(body)).await;
        pair.ask(Ask::new("GET", &path)).await;
    }
    let dry = format!("{path}?dryRun=All");
    pair.ask(Ask::new("PUT", &dry).json(json!({"metadata": {"name": "a"}, "data": {"d": "eA=="}})))
        .await;
    pair.ask(Ask::new("GET", &path)).await;
}

#[tokio::test]
async fn what_a_put_makes_and_what_it_must_know() {
    let (pair, _sandbox, _real) = clusters().await;
    let place = namespace(&pair, "puts").await;
    let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/puts";
    let reference = json!({"kind": "Role", "name": "n", "apiGroup": "rbac.authorization.k8s.io"});
    for path in [
        format!("{place}/configmaps"),
        format!("{place}/serviceaccounts"),
        format!("{rbac}/roles"),
        format!("{rbac}/rolebindings"),
        "/apis/coordination.k8s.io/v1/namespaces/puts/leases".to_owned(),
    ] {
        let object = |metadata: Value| {
            let mut object = json!({ "metadata": metadata });
            if path.ends_with("rolebindings") {
                object["roleRef"] = reference.clone();
            }
            object
        };
        let put = |name: &str, body: Value| Ask::new("PUT", &format!("{path}/{name}")).json(body);
        pair.ask(put("n", object(json!({"name": "n"})))).await;
        pair.ask(Ask::new("POST", &path).json(object(json!({"name": "n"}))))
            .await;
        pair.ask(put("n", object(json!({"name": "n", "labels": {"a": "b"}}))))
            .await;
        pair.ask(put(
            "m",
            object(json!({"name": "m", "resourceVersion": "5"})),
        ))
        .await;
        pair.ask(put("o", object(json!({"name": "o", "uid": "5"}))))
            .await;
        pair.ask(put("p?dryRun=All", object(json!({"name": "p"}))))
            .await;
        pair.ask(Ask::new("GET", &path)).await;
    }
}

#[tokio::test]
async fn rows_for_people() {
    let (pair, _sandbox, _real) = clusters().await;
    let place = namespace(&pair, "rows").await;
    let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/rows";
    let leases = "/apis/coordination.k8s.io/v1/namespaces/rows/leases";
    let subjects = json!([
        {"kind": "User", "name": "u"}, {"kind": "Group", "name": "g"}, {"kind": "Group", "name": "h"},
        {"kind": "ServiceAccount", "name": "s", "namespace": "n"},
    ]);
    let reference = json!({"kind": "Role", "name": "n", "apiGroup": "rbac.authorization.k8s.io"});
    for (path, object) in [
        (
            format!("{place}/secrets"),
            json!({"data": {"a": "", "b": ""}}),
        ),
        (
            format!("{place}/configmaps"),
            json!({"data": {"a": ""}, "binaryData": {"b": ""}}),
        ),
        (
            format!("{place}/serviceaccounts"),
            json!({"secrets": [{"name": "a"}]}),
        ),
        (format!("{rbac}/roles"), json!({"rules": []})),
        (
            format!("{rbac}/rolebindings"),
            json!({"roleRef": reference, "subjects": subjects}),
        ),
        (leases.to_owned(), json!({"spec": {"holderIdentity": "me"}})),
    ] {
        let mut object = object;
        object["metadata"]["name"] = "a".into();
        pair.ask(Ask::new("POST", &path).json(object)).await;
        let accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        for query in [
            "",
            "/a",
            "?includeObject=None",
            "?includeObject=Object",
            "?includeObject=Other",
        ] {
            let path = format!("{path}{query}");
            pair.ask(Ask::new("GET", &path).header("accept", accept))
                .await;
        }
    }
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    pair.ask(Ask::new("GET", "/api/v1/namespaces/rows").header("accept", accept))
        .await;
}
