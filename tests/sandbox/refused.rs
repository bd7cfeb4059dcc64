//! Writes that are refused, and what is said all the same of what was passed over in their bodies.

use super::clusters;
use super::objects::namespace;
use super::pair::{Ask, Pair};
use serde_json::json;

const JSON: &str = "application/json";
const PATCHES: [&str; 2] = [
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
];
const APPLY: &str = "application/apply-patch+yaml";

async fn write(pair: &Pair, method: &str, path: &str, media_type: &str, body: &str) {
    let ask = Ask::new(method, path).header("content-type", media_type);
    pair.ask(ask.text(body)).await;
}

/// The `ConfigMap` `a` of a namespace of the test's own; the path of all.
async fn config_map(pair: &Pair, name: &str) -> String {
    let path = namespace(pair, name).await + "/configmaps";
    let body = json!({"metadata": {"name": "a"}});
    pair.ask(Ask::new("POST", &path).json(body)).await;
    path
}

#[tokio::test]
async fn a_refused_create_or_replace_tells_what_was_passed_over() {
    let (pair, _sandbox, _real) = clusters().await;
    let all = config_map(&pair, "passed-over").await;
    let nowhere = all.replace("passed-over", "nowhere");
    for (path, body) in [
        (
            &all,
            r#"{"metadata":{"name":"A_"},"datas":1,"data":{"a":"b","a":"c"}}"#,
        ),
        (&all, r#"{"metadata":{"name":"a"},"datas":1}"#),
        (
            &all,
            r#"{"metadata":{"name":"a","namespace":"o"},"datas":1}"#,
        ),
        (
            &all,
            r#"{"metadata":{"name":"b"},"datas":1,"immutable":"x"}"#,
        ),
        (&nowhere, r#"{"metadata":{"name":"a"},"datas":1}"#),
    ] {
        write(&pair, "POST", path, JSON, body).await;
    }
    let (one, none) = (format!("{all}/a"), format!("{all}/none"));
    for (path, body) in [
        (
            &one,
            r#"{"metadata":{"name":"a","resourceVersion":"1"},"datas":1}"#,
        ),
        (&one, r#"{"metadata":{"name":"a","uid":"1"},"datas":1}"#),
        (&one, r#"{"metadata":{"name":"b"},"datas":1}"#),
        (
            &one,
            r#"{"metadata":{"name":"a","labels":{"a b":"c"}},"datas":1}"#,
        ),
        (&none, r#"{"metadata":{"name":"none"},"datas":1}"#),
    ] {
        write(&pair, "PUT", path, JSON, body).await;
    }
    let roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/passed-over/roles";
    let role = r#"{"metadata":{"name":"r"},"foo":1,"rules":[{"verbs":[]}]}"#;
    write(&pair, "POST", roles, JSON, role).await;
    write(&pair, "PUT", &format!("{roles}/r"), JSON, role).await;
}

#[tokio::test]
async fn a_refused_patch_tells_what_was_passed_over() {
    let (pair, _sandbox, _real) = clusters().await;
    let one = config_map(&pair, "patched-over").await + "/a";
    for media_type in PATCHES {
        for body in [
            r#"{"metadata":{"resourceVersion":"1"},"datas":1}"#,
            r#"{"metadata":{"name":"o"},"datas":1}"#,
            r#"{"metadata":{"namespace":"o"},"datas":1}"#,
            r#"{"metadata":{"labels":{"a b":"c"}},"datas":1}"#,
            r#"{"metadata":{"uid":"1"},"datas":1}"#,
        ] {
            write(&pair, "PATCH", &one, media_type, body).await;
        }
    }
    let body = r#"[{"op":"add","path":"/datas","value":1},{"op":"add","path":"/metadata/labels","value":{"a b":"c"}}]"#;
    write(&pair, "PATCH", &one, "application/json-patch+json", body).await;
    for name in ["a", "new"] {
        let path = one.replace("configmaps/a", &format!("configmaps/{name}?fieldManager=m"));
        for last in [
            format!("{{name: {name}, labels: {{\"a b\": c}}}}"),
            "{name: other}".to_owned(),
            format!("{{name: {name}, resourceVersion: \"1\"}}"),
        ] {
            let body = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\nmetadata: {last}\n"
            );
            write(&pair, "PATCH", &path, APPLY, &body).await;
        }
    }
}

#[tokio::test]
async fn nobody_writes_that_an_object_is_being_deleted() {
    let (pair, _sandbox, _real) = clusters().await;
    let all = config_map(&pair, "never-ends").await;
    let one = format!("{all}/a");
    let ended = r#"{"metadata":{"name":"a","deletionTimestamp":"2020-01-01T00:00:00Z"}}"#;
    let more = r#"{"metadata":{"deletionTimestamp":"2020-01-01T00:00:00Z","deletionGracePeriodSeconds":5,"generation":7}}"#;
    for media_type in PATCHES {
        for body in [ended, more, r#"{"metadata":{"deletionTimestamp":null}}"#] {
            write(&pair, "PATCH", &one, media_type, body).await;
        }
        let body = r#"{"metadata":{"deletionTimestamp":"2020-01-01T00:00:00Z"}}"#;
        let namespace = "/api/v1/namespaces/never-ends";
        write(&pair, "PATCH", namespace, media_type, body).await;
    }
    write(&pair, "PUT", &one, JSON, ended).await;
    let applied = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","deletionTimestamp":"2020-01-01T00:00:00Z"}}"#;
    let path = format!("{one}?fieldManager=m");
    write(&pair, "PATCH", &path, APPLY, applied).await;
    // Where it is true, it stays as it is.
    let held = r#"{"metadata":{"name":"held","finalizers":["a/b"]}}"#;
    write(&pair, "POST", &all, JSON, held).await;
    let held = format!("{all}/held");
    pair.ask(Ask::new("DELETE", &held)).await;
    for value in ["\"2020-01-01T00:00:00Z\"", "null"] {
        let body = format!("{{\"metadata\":{{\"deletionTimestamp\":{value}}}}}");
        write(&pair, "PATCH", &held, PATCHES[0], &body).await;
    }
}

#[tokio::test]
async fn finalizers_of_a_namespace_say_whose_they_are() {
    let (pair, _sandbox, _real) = clusters().await;
    namespace(&pair, "finalizers").await;
    let all = "/api/v1/namespaces";
    for finalizers in [
        json!([]),
        json!(["kubernetes"]),
        json!(["kubernetes", "kubernetes"]),
        json!(["kubernetes", "x.y/z"]),
        json!(["x.y/z"]),
        json!(["x"]),
        json!(["x", "y"]),
        json!([""]),
        json!(["a b/c"]),
        json!(["x/y/z"]),
    ] {
        let object = |name: &str| {
            json!({
                "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name},
                "spec": {"finalizers": finalizers}, "status": {"phase": "Terminating"},
            })
        };
        let create = Ask::new("POST", &format!("{all}?dryRun=All"));
        pair.ask(create.json(object("new"))).await;
        let apply = Ask::new("PATCH", &format!("{all}/new?dryRun=All&fieldManager=m"));
        let apply = apply.header("content-type", APPLY);
        pair.ask(apply.json(object("new"))).await;
        for below in ["/finalize", ""] {
            let path = format!("{all}/finalizers{below}?dryRun=All");
            let put = Ask::new("PUT", &path);
            pair.ask(put.json(object("finalizers"))).await;
        }
    }
}
