//! Lists: selectors, pages, versions.

use super::clusters;
use super::objects::namespace;
use super::pair::{Ask, Pair};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

async fn five(pair: &Pair, name: &str) -> String {
    let path = namespace(pair, name).await + "/configmaps";
    for number in 1..=5 {
        let labels = json!({ "n": number.to_string(), "app": "x" });
        let body = json!({ "metadata": { "name": format!("c{number}"), "labels": labels } });
        pair.ask(
            Ask::new("POST", &path)
                .json(body)
                .keep("version", "/metadata/resourceVersion"),
        )
        .await;
    }
    path
}

#[tokio::test]
async fn label_selectors_in_their_whole_grammar() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = five(&pair, "labels").await;
    for selector in [
        "",
        "n=1",
        "n==1",
        "n!=1",
        "n in (1,2)",
        "n notin (1,2),app",
        "!zz",
        "!app",
        "app",
        "n>3",
        "n<2",
        "n in (1,2),app,!zz,q!=5",
        "=",
        "a=",
        "a==b=c",
        "a===b",
        "a in (1",
        "a in",
        "!",
        "a!",
        "a b",
        "-a=b",
        "a=-b",
        ",",
        "a,",
        "a notin ()",
        "a in ()",
        "a/b/c=d",
        "A_B/c",
        "/c",
        "a/",
        "a>1,b<2",
        "a=b c",
        "in",
        "in in (in)",
        "(a)",
        "a in (,)",
        "a in (1,,2)",
        "a in (1,)",
        "n notin (1,2,3,4),n!=5",
        "!in",
        "a=b,,c",
        "a<x",
        "n>a",
        "!a b",
        "a in 1",
        "a in (1 2)",
        "a in ((1))",
        "  n = 1 ",
        "n=1,n=2",
        "a=b)",
        "a><b",
        "a!in(b)",
    ] {
        let path = format!("{path}?labelSelector={}", escaped(selector));
        pair.ask(Ask::new("GET", &path)).await;
    }
    let long = "a".repeat(70);
    for selector in [format!("{long}=b"), format!("a={long}")] {
        let path = format!("{path}?labelSelector={selector}");
        pair.ask(Ask::new("GET", &path)).await;
    }
}

#[tokio::test]
async fn field_selectors_of_the_fields_that_a_kind_has() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = five(&pair, "fields").await;
    let secrets = path.replace("configmaps", "secrets");
    let secret = json!({ "metadata": { "name": "c1" }, "type": "a/b" });
    pair.ask(Ask::new("POST", &secrets).json(secret)).await;
    for path in [
        path.as_str(),
        secrets.as_str(),
        "/api/v1/namespaces/fields/serviceaccounts",
        "/apis/coordination.k8s.io/v1/namespaces/fields/leases",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/fields/roles",
    ] {
        for selector in [
            "metadata.name=c1",
            "metadata.name!=c1,metadata.namespace=fields",
            "type=a/b",
            "type!=a/b",
            "foo=b",
            "metadata.name",
            "metadata.name==c2",
            "metadata.name=c1,metadata.name=c2",
            "a=b=c",
            "metadata.name=a\\x",
            "metadata.name=a\\,b",
            ",",
            "metadata.name=",
            "=a",
            "metadata.name=c1\\",
        ] {
            let path = format!("{path}?fieldSelector={}", escaped(selector));
            pair.ask(Ask::new("GET", &path)).await;
        }
    }
    for path in [
        "/api/v1/namespaces?fieldSelector=status.phase%3DActive,metadata.name%3Dfields",
        "/api/v1/namespaces?fieldSelector=metadata.namespace%3Dfields",
        "/api/v1/configmaps?fieldSelector=metadata.namespace%3Dfields,metadata.name%3Dc1",
    ] {
        pair.ask(Ask::new("GET", path)).await;
    }
}

#[tokio::test]
async fn pages_show_one_moment() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = five(&pair, "pages").await;
    let first = |query: &str| {
        let path = format!("{path}?{query}");
        Ask::new("GET", &path).keep("next", "/metadata/continue")
    };
    pair.ask(first("limit=2")).await;
    // What happens meanwhile is not of this moment.
    pair.ask(Ask::new("DELETE", &format!("{path}/c4"))).await;
    let body = json!({ "metadata": { "name": "c3", "labels": { "changed": "yes" } } });
    pair.ask(Ask::new("PUT", &format!("{path}/c3")).json(body))
        .await;
    let body = json!({ "metadata": { "name": "c31" } });
    pair.ask(Ask::new("POST", &path).json(body)).await;
    pair.ask(Ask::new(
        "GET",
        &format!("{path}?limit=2&continue={{next}}"),
    ))
    .await;
    pair.ask(Ask::new("GET", &format!("{path}?continue={{next}}")))
        .await;
    for query in [
        "limit=2&continue={next}&resourceVersion=0",
        "limit=2&continue={next}&resourceVersion=5",
        "continue={next}&resourceVersionMatch=Exact",
        "continue=abc",
        "limit=5",
        "limit=100",
        "limit=-1",
        "limit=abc",
        "limit=0",
        "limit=2&labelSelector=app%3Dx",
        "limit=1&labelSelector=n%3D5",
        "limit=1&labelSelector=n%3D1",
        "limit=1&fieldSelector=metadata.name%3Dc1",
    ] {
        pair.ask(Ask::new("GET", &format!("{path}?{query}"))).await;
    }
    let metadata = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    let mut next = String::new();
    loop {
        let ask = Ask::new("GET", &format!("{path}?limit=1{next}"));
        let ask = ask
            .header("accept", metadata)
            .keep("next", "/metadata/continue");
        if pair.ask(ask).await.body["metadata"]
            .get("continue")
            .is_none()
        {
            break;
        }
        next = "&continue={next}".to_owned();
    }
}

#[tokio::test]
async fn tokens_that_nobody_gave() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = five(&pair, "many-pages").await;
    for token in [
        r#"{"v":"meta.k8s.io/v1","rv":-1,"start":"/c2\u0000"}"#,
        r#"{"v":"x","rv":1,"start":"/c2\u0000"}"#,
        r#"{"v":"meta.k8s.io/v1","rv":1,"start":"../c2\u0000"}"#,
        r#"{"v":"meta.k8s.io/v1","start":"/c2\u0000"}"#,
        r#"{"v":"meta.k8s.io/v1","rv":-1}"#,
        "[]",
        "{}",
        "{",
    ] {
        use base64::Engine as _;
        let token = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(token);
        pair.ask(Ask::new("GET", &format!("{path}?continue={token}")))
            .await;
    }
    pair.ask(Ask::new("GET", &format!("{path}?continue=%21%21")))
        .await;
}

#[tokio::test]
async fn versions_of_a_list() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = five(&pair, "versions").await;
    pair.ask(Ask::new("DELETE", &format!("{path}/c1"))).await;
    for query in [
        "resourceVersion=0",
        "resourceVersion={version}",
        "resourceVersion={version}&resourceVersionMatch=Exact",
        "resourceVersion={version}&resourceVersionMatch=NotOlderThan",
        "resourceVersion={version}&limit=2",
        "resourceVersion={version}&limit=2&resourceVersionMatch=NotOlderThan",
        "resourceVersion={version}&limit=2&resourceVersionMatch=Exact",
        "resourceVersion=0&limit=2",
        "resourceVersion=abc",
        "resourceVersionMatch=Exact",
        "resourceVersion=0&resourceVersionMatch=Exact",
        "resourceVersion=0&resourceVersionMatch=Other",
        "resourceVersion=0&resourceVersionMatch=NotOlderThan&labelSelector=n%3D2",
        "sendInitialEvents=true",
        "timeoutSeconds=abc",
    ] {
        pair.ask(Ask::new("GET", &format!("{path}?{query}"))).await;
    }
    for query in [
        "resourceVersion=0",
        "resourceVersion={version}",
        "resourceVersion=abc",
    ] {
        pair.ask(Ask::new("GET", &format!("{path}/c2?{query}")))
            .await;
    }
}

#[tokio::test]
async fn lists_of_metadata_alone() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = five(&pair, "metadata").await;
    let metadata = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    for query in ["", "?labelSelector=n%3D1", "?labelSelector=n%3D9"] {
        for accept in [metadata, "application/json"] {
            let ask = Ask::new("GET", &format!("{path}{query}"));
            pair.ask(ask.header("accept", accept)).await;
        }
    }
}
