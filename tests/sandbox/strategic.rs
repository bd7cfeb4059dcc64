//! Strategic merge patches that direct the merge, and those that cannot be merged.

use super::clusters;
use super::objects::{named, namespace};
use super::pair::{Ask, Pair};

async fn try_patch(pair: &Pair, path: &str, body: &str) {
    patch(pair, &format!("{path}?dryRun=All"), body).await;
}

async fn patch(pair: &Pair, path: &str, body: &str) {
    let ask = Ask::new("PATCH", path);
    let ask = ask.header("content-type", "application/strategic-merge-patch+json");
    pair.ask(ask.text(body)).await;
}

/// Objects of the name `a` that hold nothing.
async fn empty(pair: &Pair, name: &str) -> [String; 4] {
    let core = namespace(pair, name).await;
    let leases = format!("/apis/coordination.k8s.io/v1/namespaces/{name}/leases");
    let roles = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{name}/roles");
    let all = [
        format!("{core}/configmaps"),
        format!("{core}/serviceaccounts"),
        leases,
        roles,
    ];
    for path in &all {
        pair.ask(Ask::new("POST", path).json(named("a"))).await;
    }
    all.map(|path| path + "/a")
}

#[tokio::test]
async fn what_is_not_there_is_not_merged() {
    let (pair, _sandbox, _real) = clusters().await;
    let [config_map, account, lease, role] = empty(&pair, "fresh").await;
    for body in [
        r#"{"data":{"$patch":"replace","x":"y"}}"#,
        r#"{"data":{"$patch":"delete","x":"y"}}"#,
        r#"{"data":{"$patch":"merge","x":"y"}}"#,
        r#"{"data":{"$patch":"foo","x":"y"}}"#,
        r#"{"data":{"$patch":null,"x":"y"}}"#,
        r#"{"data":{"x":null,"y":"z"}}"#,
        r#"{"data":{"x":{"$patch":"replace"}}}"#,
        r#"{"data":{"$retainKeys":["x"],"x":"y"}}"#,
        r#"{"data":{"$deleteFromPrimitiveList/x":["x"],"x":"y"}}"#,
        r#"{"binaryData":{"$retainKeys":["a"],"a":"eA=="}}"#,
        r#"{"metadata":{"labels":{"$patch":"replace","x":"y"}}}"#,
        r#"{"metadata":{"finalizers":["a/b",{"$patch":"replace"}]}}"#,
        r#"{"metadata":{"ownerReferences":[{"uid":"u","$patch":"delete"}]}}"#,
        r#"{"immutable":null,"data":null}"#,
    ] {
        try_patch(&pair, &config_map, body).await;
    }
    for body in [
        r#"{"secrets":[{"$patch":"replace"},{"name":"q"}]}"#,
        r#"{"secrets":[{"name":"q","$patch":"delete"}]}"#,
        r#"{"secrets":[{"name":"q","$patch":"foo"}]}"#,
        r#"{"secrets":[{"name":"q"},{"name":"q","$patch":"delete"},{"name":"r"}]}"#,
        r#"{"imagePullSecrets":[{"name":"q","$patch":"merge"}]}"#,
    ] {
        try_patch(&pair, &account, body).await;
    }
    let body = r#"{"spec":{"$patch":"replace","holderIdentity":"x"}}"#;
    try_patch(&pair, &lease, body).await;
    let body = r#"{"rules":[{"$patch":"replace"},{"verbs":["get"],"resources":["pods"],"apiGroups":[""]}]}"#;
    try_patch(&pair, &role, body).await;
}

#[tokio::test]
async fn what_is_there_is_merged_as_directed() {
    let (pair, _sandbox, _real) = clusters().await;
    let [config_map, account, ..] = empty(&pair, "directed").await;
    patch(&pair, &config_map, r#"{"data":{"a":"b","c":"d"}}"#).await;
    for body in [
        r#"{"data":{"$patch":"replace","x":"y"}}"#,
        r#"{"data":{"$patch":"delete"}}"#,
        r#"{"data":{"$patch":"foo","x":"y"}}"#,
        r#"{"data":{"$patch":1,"x":"y"}}"#,
        r#"{"data":{"$patch":true,"x":"y"}}"#,
        r#"{"data":{"$retainKeys":["a"],"a":"x"}}"#,
        r#"{"data":{"$retainKeys":["q"],"a":"b"}}"#,
        r#"{"data":{"$retainKeys":"q","a":"b"}}"#,
        r#"{"metadata":{"$patch":"merge","labels":{"a":"b"}}}"#,
        r#"{"metadata":{"$patch":"delete"}}"#,
        r#"{"metadata":{"name":"a","$patch":"replace"}}"#,
        r#"{"$patch":"delete"}"#,
        r#"{"$patch":"replace","data":{"q":"r"}}"#,
        r#"{"$patch":"foo"}"#,
        r#"{"$retainKeys":["data"],"data":{"x":"y"}}"#,
    ] {
        try_patch(&pair, &config_map, body).await;
    }
    let body = r#"{"secrets":[{"name":"a"}],"metadata":{"finalizers":["a/b"]}}"#;
    patch(&pair, &account, body).await;
    for body in [
        r#"{"secrets":[{"name":"q","$patch":"foo"}]}"#,
        r#"{"secrets":[{"name":"q","kind":null}]}"#,
        r#"{"secrets":[{"x":"y"}]}"#,
        r#"{"secrets":["x"]}"#,
        r#"{"secrets":[null]}"#,
        r#"{"secrets":"x"}"#,
        r#"{"secrets":{"name":"x"}}"#,
        r#"{"secrets":[{"name":"a","kind":5}]}"#,
        r#"{"metadata":{"finalizers":[5]}}"#,
        r#"{"metadata":{"finalizers":[null]}}"#,
        r#"{"metadata":{"finalizers":[{"a":1}]}}"#,
    ] {
        try_patch(&pair, &account, body).await;
    }
}

#[tokio::test]
async fn what_is_of_another_type_is_told() {
    let (pair, _sandbox, _real) = clusters().await;
    let [config_map, account, lease, role] = empty(&pair, "mistyped").await;
    // A whole number with a fraction or an exponent is the same number here, and another one to Go.
    let values = ["1", "1.5", "true", "{}", r#"{"y":1}"#, r#"["y"]"#, r#""x""#];
    for value in values {
        for field in [
            r#"{"data":?}"#,
            r#"{"data":{"x":?}}"#,
            r#"{"binaryData":{"x":?}}"#,
            r#"{"immutable":?}"#,
            r#"{"kind":?}"#,
            r#"{"metadata":?}"#,
            r#"{"metadata":{"labels":?}}"#,
            r#"{"metadata":{"uid":?}}"#,
            r#"{"metadata":{"creationTimestamp":?}}"#,
            r#"{"metadata":{"generation":?}}"#,
            r#"{"metadata":{"finalizers":?}}"#,
            r#"{"metadata":{"ownerReferences":?}}"#,
        ] {
            try_patch(&pair, &config_map, &field.replace('?', value)).await;
        }
        for field in [
            r#"{"secrets":?}"#,
            r#"{"secrets":[?]}"#,
            r#"{"imagePullSecrets":?}"#,
            r#"{"automountServiceAccountToken":?}"#,
        ] {
            try_patch(&pair, &account, &field.replace('?', value)).await;
        }
    }
    for body in [
        r#"{"spec":"x"}"#,
        r#"{"spec":{"holderIdentity":5}}"#,
        r#"{"spec":{"leaseDurationSeconds":"x"}}"#,
        r#"{"spec":{"leaseDurationSeconds":1.5}}"#,
        r#"{"spec":{"renewTime":"x"}}"#,
        r#"{"spec":{"strategy":5}}"#,
    ] {
        try_patch(&pair, &lease, body).await;
    }
    for body in [r#"{"rules":"x"}"#, r#"{"rules":[{"verbs":[5]}]}"#] {
        try_patch(&pair, &role, body).await;
    }
    let strict = format!("{config_map}?fieldValidation=Strict");
    patch(&pair, &strict, r#"{"nope":1,"data":{"x":"z"}}"#).await;
}
