//! Patches of all four kinds.

use super::clusters;
use super::objects::namespace;
use super::pair::{Ask, Pair};
use serde_json::{Value, json};

const JSON: &str = "application/json-patch+json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

fn patch(path: &str, kind: &str, body: &str) -> Ask {
    Ask::new("PATCH", path)
        .header("content-type", kind)
        .text(body)
}

async fn secret(pair: &Pair, name: &str) -> String {
    let path = namespace(pair, name).await + "/secrets";
    let body = json!({"metadata": {"name": "a"}, "data": {"k": "eA==", "t": "eA=="}});
    pair.ask(Ask::new("POST", &path).json(body)).await;
    path + "/a"
}

#[tokio::test]
async fn a_merge_patch_sets_and_takes_away() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = secret(&pair, "merge").await;
    for body in [
        r#"{"data":{"z":"eA=="}}"#,
        r#"{"data":{"z":null}}"#,
        r#"{"data":{"z":null}}"#,
        r"{}",
        r#"{"metadata":{"name":"o"}}"#,
        r#"{"metadata":{"namespace":"o"}}"#,
        r#"{"metadata":{"resourceVersion":"1"}}"#,
        r#"{"metadata":{"labels":{"a":"b"},"annotations":{"c":"d"}}}"#,
        r#"{"metadata":{"labels":null}}"#,
        r#"{"unknown":1}"#,
        r#"{"data":null}"#,
        "[1]",
        "{",
        "",
        "null",
        "5",
    ] {
        pair.ask(patch(&path, MERGE, body)).await;
    }
    pair.ask(patch(
        &path,
        "application/merge-patch+json; charset=utf-8",
        "{}",
    ))
    .await;
    pair.ask(patch(&path, "application/json", "{}")).await;
    pair.ask(patch(
        &format!("{path}?dryRun=All"),
        MERGE,
        r#"{"data":{"d":"eA=="}}"#,
    ))
    .await;
    pair.ask(patch(&format!("{path}?force=true"), MERGE, "{}"))
        .await;
    pair.ask(patch(
        &format!("{path}?fieldValidation=Ignore"),
        MERGE,
        r#"{"unknown":1}"#,
    ))
    .await;
    for body in ["{}", "{"] {
        pair.ask(patch(
            &path.replace("secrets/a", "secrets/missing"),
            MERGE,
            body,
        ))
        .await;
    }
    pair.ask(Ask::new("GET", &path)).await;
}

#[tokio::test]
async fn a_json_patch_does_one_thing_after_another() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = secret(&pair, "jsonpatch").await;
    for body in [
        r"[]",
        r#"[{"op":"add","path":"/data/u","value":"eA=="}]"#,
        r#"[{"op":"test","path":"/data/u","value":"eA=="},{"op":"replace","path":"/data/u","value":"eQ=="}]"#,
        r#"[{"op":"test","path":"/data/u","value":"eB=="}]"#,
        r#"[{"op":"test","path":"/data/nothing","value":null}]"#,
        r#"[{"op":"remove","path":"/data/none"}]"#,
        r#"[{"op":"replace","path":"/data/none","value":"eA=="}]"#,
        r#"[{"op":"replace","path":"/nah/none","value":1}]"#,
        r#"[{"op":"add","path":"/nah/none","value":1}]"#,
        r#"[{"op":"foo","path":"/data/none","value":1}]"#,
        r#"[{"path":"/data/none","value":1}]"#,
        r#"[{"op":"add"}]"#,
        r#"[{"op":"add","path":"/data/n"}]"#,
        r#"[{"op":"copy","path":"/data/n","from":"/data/u"},{"op":"move","path":"/data/m","from":"/data/n"}]"#,
        r#"[{"op":"move","path":"/data/m","from":"/data/nothing"}]"#,
        r#"[{"op":"add","path":"/metadata/labels","value":{"a~b":"c"}}]"#,
        r#"[{"op":"add","path":"/metadata/labels","value":{"a":"c"}},{"op":"add","path":"/metadata/labels/x~1y","value":"z"}]"#,
        r#"[{"op":"add","path":"/metadata/finalizers","value":["a/b"]},{"op":"add","path":"/metadata/finalizers/-","value":"c/d"},{"op":"add","path":"/metadata/finalizers/0","value":"e/f"}]"#,
        r#"[{"op":"remove","path":"/metadata/finalizers/1"}]"#,
        r#"[{"op":"remove","path":"/metadata/finalizers/7"}]"#,
        r#"[{"op":"replace","path":"/metadata/finalizers","value":null}]"#,
        "{}",
        "[",
        "[1]",
        "null",
    ] {
        pair.ask(patch(&path, JSON, body)).await;
    }
    pair.ask(patch(
        &path.replace("secrets/a", "secrets/missing"),
        JSON,
        "[",
    ))
    .await;
    pair.ask(Ask::new("GET", &path)).await;
}

#[tokio::test]
async fn a_strategic_patch_knows_the_lists() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = secret(&pair, "strategic").await;
    for body in [
        r#"{"data":{"s":"eA=="},"metadata":{"labels":{"a":"b"}}}"#,
        r#"{"data":{"$patch":"replace","t":"eA=="},"metadata":{"labels":{"a":null}}}"#,
        r#"{"metadata":{"finalizers":["a/b"]}}"#,
        r#"{"metadata":{"finalizers":["c/d"]}}"#,
        r#"{"metadata":{"$deleteFromPrimitiveList/finalizers":["a/b"]}}"#,
        r#"{"metadata":{"$deleteFromPrimitiveList/finalizers":["c/d"]}}"#,
        r#"{"nope":5}"#,
        r#"{"data":5}"#,
        "{",
        "[]",
    ] {
        pair.ask(patch(&path, STRATEGIC, body)).await;
    }
    let accounts = path.replace("secrets/a", "serviceaccounts");
    let body = json!({"metadata": {"name": "a"}, "secrets": [{"name": "x"}, {"name": "y"}], "imagePullSecrets": [{"name": "x"}]});
    pair.ask(Ask::new("POST", &accounts).json(body)).await;
    for body in [
        r#"{"secrets":[{"name":"z"}],"imagePullSecrets":[{"name":"y"}]}"#,
        r#"{"secrets":[{"name":"y","$patch":"delete"}],"imagePullSecrets":[{"name":"y","$patch":"delete"}]}"#,
        r#"{"secrets":[{"name":"x","namespace":"n"}]}"#,
        r#"{"secrets":[{"$patch":"replace"},{"name":"q"}]}"#,
        r#"{"secrets":null}"#,
    ] {
        pair.ask(patch(&format!("{accounts}/a"), STRATEGIC, body))
            .await;
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story")]
async fn an_apply_makes_and_merges() {
    let (pair, _sandbox, _real) = clusters().await;
    let path = secret(&pair, "applies").await;
    let of = |metadata: Value, data: Value| {
        let mut object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata});
        if !data.is_null() {
            object["data"] = data;
        }
        object.to_string()
    };
    pair.ask(patch(&path, APPLY, "a: b")).await;
    let here = |name: &str, query: &str| {
        path.replace(
            "secrets/a",
            &format!("secrets/{name}?fieldManager=f{query}"),
        )
    };
    for (name, query, body) in [
        ("a", "", "a: b".to_owned()),
        ("a", "", of(json!({}), Value::Null)),
        ("a", "", of(json!({"name": "b"}), Value::Null)),
        (
            "a",
            "",
            of(json!({"name": "a", "resourceVersion": "1"}), Value::Null),
        ),
        (
            "a",
            "&force=true",
            of(
                json!({"name": "a", "resourceVersion": "1"}),
                json!({"t": "eQ=="}),
            ),
        ),
        (
            "a",
            "",
            of(
                json!({"name": "a", "resourceVersion": "1"}),
                json!({"t": "eQ=="}),
            ),
        ),
        ("a", "", of(json!({"name": "a"}), json!({"t": "eQ=="}))),
        ("a", "", of(json!({"name": "a"}), json!({"u": "eQ=="}))),
        ("a", "", of(json!({"name": "a"}), json!({"u": "eQ=="}))),
        (
            "a",
            "&dryRun=All&force=true",
            of(json!({"name": "a"}), json!({"t": "eQ=="})),
        ),
        (
            "a",
            "&force=true",
            of(json!({"name": "a"}), json!({"t": "eQ=="})),
        ),
        (
            "b",
            "",
            of(json!({"resourceVersion": "1"}), json!({"t": "eQ=="})),
        ),
        (
            "c",
            "",
            of(
                json!({"name": "c", "resourceVersion": "1"}),
                json!({"t": "eQ=="}),
            ),
        ),
        (
            "c",
            "",
            of(
                json!({"name": "c", "resourceVersion": "1"}),
                json!({"t": "eQ=="}),
            ),
        ),
        ("d", "", of(json!({"name": "d", "uid": "x"}), Value::Null)),
        (
            "d",
            "",
            of(json!({"name": "d", "managedFields": [{}]}), Value::Null),
        ),
        (
            "d",
            "",
            of(json!({"name": "d", "namespace": "other"}), Value::Null),
        ),
        ("d", "&dryRun=All", of(json!({"name": "d"}), Value::Null)),
        ("d", "", "{".to_owned()),
        (
            "d",
            "",
            of(json!({"name": "d"}), Value::Null).replace("Secret", "ConfigMap"),
        ),
        (
            "e",
            "",
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: e\nstringData:\n  a: b\n".to_owned(),
        ),
    ] {
        pair.ask(patch(&here(name, query), APPLY, &body)).await;
    }
    let nowhere = "/api/v1/namespaces/nowhere/secrets/a?fieldManager=f";
    pair.ask(patch(
        nowhere,
        APPLY,
        &of(json!({"name": "a"}), Value::Null),
    ))
    .await;
    let path = path.strip_suffix("/a").unwrap();
    pair.ask(Ask::new("GET", path)).await;
}
