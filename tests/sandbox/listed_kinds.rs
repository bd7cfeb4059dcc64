//! Kinds that nobody runs in the sandbox, and people ask for all the same.

use super::objects::namespace;
use super::pair::{Ask, Token};
use super::{clusters, crds};

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// Of a namespace, below the path of its group.
const OF_NAMESPACES: [(&str, &str); 15] = [
    ("/api/v1", "endpoints"),
    ("/api/v1", "events"),
    ("/api/v1", "limitranges"),
    ("/api/v1", "persistentvolumeclaims"),
    ("/api/v1", "pods"),
    ("/api/v1", "replicationcontrollers"),
    ("/api/v1", "resourcequotas"),
    ("/api/v1", "services"),
    ("/apis/apps/v1", "daemonsets"),
    ("/apis/apps/v1", "deployments"),
    ("/apis/apps/v1", "replicasets"),
    ("/apis/apps/v1", "statefulsets"),
    ("/apis/batch/v1", "cronjobs"),
    ("/apis/batch/v1", "jobs"),
    ("/apis/networking.k8s.io/v1", "ingresses"),
];

fn list(path: &str) -> [Ask; 3] {
    let metadata = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    [
        Ask::new("GET", path),
        Ask::new("GET", path).header("accept", TABLE),
        Ask::new("GET", path).header("accept", metadata),
    ]
}

#[tokio::test]
async fn what_does_not_run_is_listed_and_there_is_none() {
    let (pair, _sandbox, real) = clusters().await;
    let user = Token::Of(real.user_token().to_owned());
    namespace(&pair, "listed").await;
    let mut paths = ["/api/v1/nodes", "/api/v1/persistentvolumes"]
        .map(ToOwned::to_owned)
        .to_vec();
    paths.extend(OF_NAMESPACES.map(|(of, resource)| format!("{of}/namespaces/listed/{resource}")));
    for path in paths {
        for ask in list(&path) {
            pair.ask(ask).await;
        }
        pair.ask(Ask::new("GET", &path).by(user.clone())).await;
        pair.ask(Ask::new("POST", &path).by(user.clone())).await;
        let none = format!("{path}/none");
        pair.ask(Ask::new("GET", &none)).await;
        pair.ask(Ask::new("DELETE", &none)).await;
        let merge = Ask::new("PATCH", &none).header("content-type", "application/merge-patch+json");
        pair.ask(merge.text("{}")).await;
        pair.ask(Ask::new("DELETE", &path)).await;
        for field in ["metadata.name=a", "status.nothing=a"] {
            let path = format!("{path}?fieldSelector={field}");
            pair.ask(Ask::new("GET", &path)).await;
        }
    }
}

#[tokio::test]
async fn fields_and_subresources_of_what_does_not_run() {
    let (pair, _sandbox, _real) = clusters().await;
    let core = namespace(&pair, "below").await;
    let apps = "/apis/apps/v1/namespaces/below";
    for path in [
        format!("{core}/events?fieldSelector=involvedObject.name=a,involvedObject.uid=b"),
        format!("{core}/events?fieldSelector=reason=a,type=Warning"),
        format!("{core}/pods?fieldSelector=spec.nodeName=a,status.phase!=Running"),
        format!("{core}/services?fieldSelector=spec.type=ClusterIP,spec.clusterIP=None"),
        "/api/v1/nodes?fieldSelector=spec.unschedulable=true".to_owned(),
        format!("{core}/replicationcontrollers?fieldSelector=status.replicas=1"),
        "/apis/batch/v1/jobs?fieldSelector=status.successful=1".to_owned(),
        format!("{core}/endpoints?watch=true&timeoutSeconds=1"),
        "/api/v1/pods".to_owned(),
        "/apis/apps/v1/deployments".to_owned(),
        "/apis/apps/v1/nothings".to_owned(),
        format!("{core}/pods/none/status"),
        format!("{core}/pods/none/log"),
        format!("{apps}/deployments/none/scale"),
        format!("{apps}/deployments/none/status"),
    ] {
        pair.ask(Ask::new("GET", &path)).await;
    }
}

/// What becomes of its pods is told, unless it was said.
#[tokio::test]
async fn a_job_is_deleted_with_or_without_its_pods() {
    let (pair, _sandbox, _real) = clusters().await;
    namespace(&pair, "jobs").await;
    let jobs = "/apis/batch/v1/namespaces/jobs/jobs";
    for query in [
        "",
        "?propagationPolicy=Background",
        "?orphanDependents=true",
        "?propagationPolicy=None",
    ] {
        pair.ask(Ask::new("DELETE", &format!("{jobs}{query}")))
            .await;
        let none = Ask::new("DELETE", &format!("{jobs}/none{query}"));
        pair.ask(none).await;
    }
    for body in ["{}", "{\"propagationPolicy\":\"Orphan\"}"] {
        let none = Ask::new("DELETE", &format!("{jobs}/none")).text(body);
        pair.ask(none.header("content-type", "application/json"))
            .await;
    }
}

#[tokio::test]
async fn nothing_is_made_that_would_have_to_run() {
    let (pair, _sandbox, _real) = clusters().await;
    namespace(&pair, "idle").await;
    let (pods, none) = (
        "/api/v1/namespaces/idle/pods",
        "/api/v1/namespaces/idle/pods/a",
    );
    let apply = Ask::new("PATCH", &format!("{none}?fieldManager=a"))
        .header("content-type", "application/apply-patch+yaml");
    for ask in [Ask::new("POST", pods).text("{}"), apply.text("{}")] {
        let answer = pair.sandbox.say(&ask).await;
        let message = "nothing runs in the sandbox: pods can be listed, and none can be made";
        assert_eq!(answer.status, 405);
        assert_eq!(answer.body["message"], message);
    }
}

/// Their age is told, and not their time.
#[tokio::test]
async fn rows_of_kinds_without_columns_of_their_own() {
    let (pair, _sandbox, real) = clusters().await;
    crds::install(&real).await;
    namespace(&pair, "plain-rows").await;
    let custom = "/apis/external-secrets.io/v1/namespaces/plain-rows/secretstores";
    let roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/plain-rows/roles";
    for path in [custom, roles] {
        let table = || Ask::new("GET", path).header("accept", TABLE);
        pair.ask(table()).await;
        let body = serde_json::json!({ "metadata": { "name": "a" } });
        pair.ask(Ask::new("POST", path).json(body)).await;
        pair.ask(table()).await;
    }
    for media_type in ["application/strategic-merge-patch+json", "text/plain"] {
        for name in ["a", "none"] {
            let patch = Ask::new("PATCH", &format!("{custom}/{name}"));
            pair.ask(patch.header("content-type", media_type).text("{}"))
                .await;
        }
    }
}
