use super::support::{Fault, Proxy};
use super::*;
use base64::Engine as _;
use futures::future::join_all;
use keyfleet::observe::ReadCluster as _;

#[tokio::test]
async fn the_identity_of_a_cluster_is_the_uid_of_kube_system() {
    let cluster = cluster().await;
    let (_, system) = cluster.get("/api/v1/namespaces/kube-system").await;
    let identity = directly(cluster).reader().identity().await;
    assert_eq!(identity.expect("it is there"), system["metadata"]["uid"]);
}

#[tokio::test]
async fn objects_are_present_with_their_marks_or_absent() {
    let cluster = cluster().await;
    let reader = directly(cluster).reader();
    let made = cluster.create_namespace("reads-objects").await;
    cluster.create_service_account("reads-objects", "eso").await;

    let live = present(reader.namespace(&namespace("reads-objects")).await);
    assert_eq!(live.uid, made["metadata"]["uid"]);
    assert!(!live.terminating);
    present(reader.service_account(&account("reads-objects/eso")).await);
    assert_eq!(
        reader.namespace(&namespace("reads-none")).await,
        Observed::Absent
    );
    let none = reader.service_account(&account("reads-objects/none")).await;
    assert_eq!(none, Observed::Absent);
    let none = reader
        .secret_meta(&namespace("reads-none"), &name("none"))
        .await;
    assert_eq!(none, Observed::Absent);
    assert_eq!(reader.binding(&name("reads-none")).await, Observed::Absent);
}

#[tokio::test]
async fn a_deleted_namespace_is_terminating() {
    let cluster = cluster().await;
    cluster.create_namespace("reads-ending").await;
    cluster
        .api("DELETE", "/api/v1/namespaces/reads-ending", "", None)
        .await;
    let live = directly(cluster)
        .reader()
        .namespace(&namespace("reads-ending"))
        .await;
    assert!(present(live).terminating);
}

#[tokio::test]
async fn a_binding_names_its_role_and_every_kind_of_subject() {
    let cluster = cluster().await;
    let api = "rbac.authorization.k8s.io";
    let object = json!({
        "metadata": { "name": "reads-binding" },
        "roleRef": { "apiGroup": api, "kind": "ClusterRole", "name": "system:auth-delegator" },
        "subjects": [
            { "kind": "ServiceAccount", "namespace": "es", "name": "eso" },
            { "apiGroup": api, "kind": "User", "name": "mia" },
            { "apiGroup": api, "kind": "Group", "name": "ops" },
        ],
    });
    cluster
        .create(
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            object,
        )
        .await;

    let live = present(
        directly(cluster)
            .reader()
            .binding(&name("reads-binding"))
            .await,
    );

    assert_eq!(live.role, "ClusterRole/system:auth-delegator");
    assert_eq!(
        live.subjects.iter().map(String::as_str).collect::<Vec<_>>(),
        ["Group/ops", "ServiceAccount/es/eso", "User/mia"]
    );
}

#[tokio::test]
async fn a_secret_is_read_with_its_values_type_and_owner() {
    let cluster = cluster().await;
    cluster.create_namespace("reads-secret").await;
    let owner = json!({ "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": "mail",
        "uid": "0a", "controller": true });
    let object = json!({
        "metadata": { "name": "mail", "ownerReferences": [owner] },
        "type": "example.com/mail",
        "immutable": true,
        "data": { "token": CANARY_BASE64, "binary": "AP+A", "empty": "" },
    });
    cluster
        .create("/api/v1/namespaces/reads-secret/secrets", object)
        .await;

    let live = present(
        directly(cluster)
            .reader()
            .secret(&namespace("reads-secret"), &name("mail"))
            .await,
    );

    assert_eq!(live.kind, "example.com/mail");
    assert!(live.immutable);
    assert_eq!(
        live.meta.owned_by_controller.as_deref(),
        Some("ExternalSecret/mail")
    );
    assert_eq!(live.data["token"].expose(), CANARY.as_bytes());
    assert_eq!(live.data["binary"].expose(), [0, 255, 128]);
    assert_eq!(live.data["empty"].expose(), b"");
    assert!(!format!("{live:?}").contains(CANARY));
}

#[tokio::test]
async fn a_hand_edit_shows_its_manager_its_time_and_its_keys() {
    let cluster = cluster().await;
    cluster.create_namespace("reads-edit").await;
    let connection = directly(cluster);
    let (reader, writer) = (connection.reader(), connection.writer());
    let place = (namespace("reads-edit"), name("mail"));
    let write = secret("reads-edit", &["token", "user"], None);
    keyfleet::apply::WriteCluster::apply_secret(&writer, &write, false)
        .await
        .expect("it is new");

    edit(
        cluster,
        "reads-edit",
        "mail",
        json!({ "token": "aGFuZA==" }),
    )
    .await;

    let live = present(reader.secret_meta(&place.0, &place.1).await);
    let managers = managers(&live);
    assert_eq!(managers["kubectl-edit"], ["token"]);
    assert_eq!(managers["keyfleet"], ["user"]);
    let edited = live
        .managers
        .iter()
        .find(|manager| manager.name == "kubectl-edit");
    let time = edited
        .and_then(|manager| manager.time.clone())
        .expect("the server keeps times");
    assert!(time.ends_with('Z') && time.len() == 20, "{time}");

    edit(cluster, "reads-edit", "mail", json!({ "user": null })).await;
    let live = present(reader.secret_meta(&place.0, &place.1).await);
    assert!(
        super::managers(&live)
            .get("keyfleet")
            .is_none_or(Vec::is_empty),
        "{live:?}"
    );
}

#[tokio::test]
async fn marked_secrets_are_listed_over_pages_and_a_page_too_late_starts_again() {
    let cluster = cluster().await;
    cluster.create_namespace("reads-list").await;
    let path = "/api/v1/namespaces/reads-list/secrets";
    for chunk in (0..502).collect::<Vec<_>>().chunks(32) {
        join_all(chunk.iter().map(|number| {
            let metadata = json!({ "name": format!("s-{number}"), "labels": labels() });
            cluster.create(
                path,
                json!({ "metadata": metadata, "data": { "a": CANARY_BASE64 } }),
            )
        }))
        .await;
    }
    create_secret(cluster, "reads-list", "foreign", CANARY).await;
    let proxy = Proxy::in_front_of_cluster(cluster);
    let gone = json!({ "kind": "Status", "reason": "Expired", "code": 410, "message": "too old" });
    let second_page = |request: &super::support::Request| request.query.contains("continue=");
    proxy.fault_times(1, second_page, Fault::answer(410, &gone.to_string()));

    let found = through(cluster, &proxy)
        .reader()
        .marked_secrets()
        .await
        .expect("the list is read");

    let ours: Vec<_> = found
        .iter()
        .filter(|secret| secret.namespace == "reads-list")
        .collect();
    assert_eq!(ours.len(), 502);
    assert!(
        ours.iter()
            .all(|secret| secret.name.starts_with("s-") && !secret.meta.uid.is_empty())
    );
    assert_eq!(
        proxy.count(|_| true),
        4,
        "two pages, the second too late, and two pages"
    );

    let large = namespace("reads-list");
    let large = directly(cluster)
        .reader()
        .secrets_of_small_namespace(&large)
        .await;
    assert_eq!(large, Ok(None), "503 Secrets are no small namespace");
}

#[tokio::test]
async fn the_secrets_of_a_small_namespace_are_listed_whoever_made_them() {
    let cluster = cluster().await;
    cluster.create_namespace("reads-small").await;
    create_secret(cluster, "reads-small", "foreign", CANARY).await;
    let reader = directly(cluster).reader();
    let listed = async |name: &str| {
        let listed = reader.secrets_of_small_namespace(&namespace(name)).await;
        let listed = listed.expect("it is listed").expect("it is small");
        listed.into_iter().map(|secret| secret.name).collect()
    };
    let there: Vec<String> = listed("reads-small").await;
    assert_eq!(there, ["foreign"]);
    let nowhere: Vec<String> = listed("reads-nowhere").await;
    assert!(nowhere.is_empty());
}

#[tokio::test]
async fn a_token_lives_ten_minutes_and_may_review_itself_with_any_audience() {
    let cluster = cluster().await;
    cluster.create_namespace("reads-token").await;
    cluster.create_service_account("reads-token", "eso").await;
    let reader = directly(cluster).reader();
    let eso = account("reads-token/eso");

    for (audience, expected) in [
        (None, json!(["https://kubernetes.default.svc"])),
        (
            Some("vault"),
            json!(["vault", "https://kubernetes.default.svc"]),
        ),
        (
            Some("https://kubernetes.default.svc"),
            json!(["https://kubernetes.default.svc"]),
        ),
    ] {
        let token = reader
            .mint_token(&eso, audience)
            .await
            .expect("the account is there");
        let claims = token
            .expose_text()
            .and_then(|token| token.split('.').nth(1))
            .expect("it is a JWT");
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(claims)
            .expect("it is a JWT");
        let claims: serde_json::Value = serde_json::from_slice(&claims).expect("it is a JWT");
        assert_eq!(claims["aud"], expected, "{audience:?}");
        let lives = claims["exp"]
            .as_i64()
            .zip(claims["iat"].as_i64())
            .map(|(exp, iat)| exp - iat);
        assert_eq!(lives, Some(600));
        let me = with_token(
            cluster,
            cluster.server(),
            token.expose_text().expect("text"),
            Limits::default(),
        );
        failed(me.reader().identity().await, FailureClass::Forbidden);
    }
    let none = reader.mint_token(&account("reads-token/none"), None).await;
    failed(none, FailureClass::NotFound);
}

#[tokio::test]
async fn requests_at_the_same_time_stay_within_the_limit() {
    let cluster = cluster().await;
    let proxy = Proxy::in_front_of_cluster(cluster);
    proxy.fault(|_| true, Fault::Delay(Duration::from_millis(50)));
    let reader = at(cluster, proxy.url(), Limits::default()).reader();
    let answers = join_all((0..20).map(|_| reader.identity())).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(proxy.most_at_once(), 4);
}
