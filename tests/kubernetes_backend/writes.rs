use super::support::proxy::on;
use super::support::{Fault, Proxy};
use super::*;
use keyfleet::apply::WriteCluster as _;
use keyfleet::observe::ReadCluster as _;
use std::collections::BTreeSet;

async fn stored(cluster: &Cluster, space: &str) -> serde_json::Value {
    let (status, object) = cluster
        .get(&format!("/api/v1/namespaces/{space}/secrets/mail"))
        .await;
    assert_eq!(status, 200, "{object}");
    object
}

fn version(object: &serde_json::Value) -> Option<String> {
    object["metadata"]["resourceVersion"]
        .as_str()
        .map(ToOwned::to_owned)
}

#[tokio::test]
async fn a_namespace_a_service_account_and_a_binding_are_made_once_and_then_left_alone() {
    let cluster = cluster().await;
    let connection = directly(cluster);
    let (reader, writer) = (connection.reader(), connection.writer());
    let eso = account("writes-objects/eso");
    let subjects = BTreeSet::from([eso.clone()]);
    let write = async || {
        writer
            .apply_namespace(&eso.namespace, &marks())
            .await
            .expect("the namespace is applied");
        writer
            .apply_service_account(&eso, &marks())
            .await
            .expect("the account is applied");
        let role = "system:auth-delegator";
        writer
            .apply_binding(&name("writes-binding"), role, &subjects, &marks(), false)
            .await
            .expect("the binding is applied");
    };
    let read = async || {
        let binding = present(reader.binding(&name("writes-binding")).await);
        assert_eq!(binding.role, "ClusterRole/system:auth-delegator");
        assert_eq!(
            binding.subjects,
            BTreeSet::from(["ServiceAccount/writes-objects/eso".to_owned()])
        );
        [
            present(reader.namespace(&eso.namespace).await),
            present(reader.service_account(&eso).await),
            binding.meta,
        ]
    };

    write().await;
    let first = read().await;
    write().await;

    assert_eq!(first, read().await, "the second write changed nothing");
    assert!(
        first
            .iter()
            .all(|meta| meta.annotations == marks().annotations
                && meta.managers[0].name == "keyfleet")
    );
    assert!(
        first
            .iter()
            .all(|meta| meta.labels.contains_key("app.kubernetes.io/managed-by"))
    );

    let other = writer
        .apply_binding(&name("writes-binding"), "view", &subjects, &marks(), false)
        .await;
    let failure = failed(other, FailureClass::Rejected);
    assert_eq!(failure.why, "the role of a binding cannot change in place");

    let binding = &first[2];
    let stale = writer
        .delete_binding(
            &name("writes-binding"),
            "another-uid",
            &binding.resource_version,
        )
        .await;
    failed(stale, FailureClass::Conflict);
    for _ in 0..2 {
        writer
            .delete_binding(
                &name("writes-binding"),
                &binding.uid,
                &binding.resource_version,
            )
            .await
            .expect("it goes");
    }
    assert_eq!(
        reader.binding(&name("writes-binding")).await,
        Observed::Absent
    );
}

#[tokio::test]
async fn a_key_that_is_not_declared_any_more_goes_and_a_foreign_key_stays() {
    let cluster = cluster().await;
    cluster.create_namespace("writes-keys").await;
    let writer = directly(cluster).writer();
    writer
        .apply_secret(&secret("writes-keys", &["token", "user"], None), false)
        .await
        .expect("it is new");
    edit(cluster, "writes-keys", "mail", json!({ "foreign": "eA==" })).await;
    let seen = stored(cluster, "writes-keys").await;
    assert_eq!(seen["type"], "Opaque");

    writer
        .apply_secret(&secret("writes-keys", &["token"], version(&seen)), false)
        .await
        .expect("it is as seen");

    let data = stored(cluster, "writes-keys").await["data"].clone();
    let keys: Vec<_> = data.as_object().expect("there is data").keys().collect();
    assert_eq!(keys, ["foreign", "token"]);
}

#[tokio::test]
async fn our_manager_owns_an_object_through_one_entry_from_its_first_write_on() {
    let cluster = cluster().await;
    cluster.create_namespace("writes-owner").await;
    let writer = directly(cluster).writer();
    writer
        .apply_secret(&secret("writes-owner", &["token"], None), false)
        .await
        .expect("it is new");
    let seen = stored(cluster, "writes-owner").await;
    writer
        .apply_secret(&secret("writes-owner", &["user"], version(&seen)), false)
        .await
        .expect("it is as seen");
    let entries = stored(cluster, "writes-owner").await["metadata"]["managedFields"].clone();
    assert_eq!(entries.as_array().map(Vec::len), Some(1), "{entries}");
    assert_eq!(entries[0]["operation"], "Apply");
}

#[tokio::test]
async fn an_object_that_appeared_or_changed_meanwhile_is_not_touched() {
    let cluster = cluster().await;
    cluster.create_namespace("writes-races").await;
    let writer = directly(cluster).writer();
    create_secret(cluster, "writes-races", "mail", "theirs").await;
    let before = stored(cluster, "writes-races").await;

    // Other keys than theirs: nothing but the precondition is in the way. Not even taking over gets around it.
    for take_over in [false, true] {
        let new = writer
            .apply_secret(&secret("writes-races", &["user"], None), take_over)
            .await;
        let failure = failed(new, FailureClass::Conflict);
        assert_eq!(
            failure.to_string(),
            "failed to apply Secret writes-races/mail: it was changed, made or replaced since it was looked at"
        );
    }
    edit(cluster, "writes-races", "mail", json!({ "token": "eA==" })).await;
    let stale = writer
        .apply_secret(&secret("writes-races", &["user"], version(&before)), false)
        .await;
    failed(stale, FailureClass::Conflict);

    assert_eq!(
        stored(cluster, "writes-races").await["data"],
        json!({ "token": "eA==" })
    );
}

#[tokio::test]
async fn a_field_of_another_manager_is_refused_by_name_and_taken_over_when_released() {
    let cluster = cluster().await;
    cluster.create_namespace("writes-conflict").await;
    let writer = directly(cluster).writer();
    writer
        .apply_secret(&secret("writes-conflict", &["token"], None), false)
        .await
        .expect("it is new");
    edit(
        cluster,
        "writes-conflict",
        "mail",
        json!({ "token": CANARY_BASE64 }),
    )
    .await;
    let seen = version(&stored(cluster, "writes-conflict").await);

    let refused = writer
        .apply_secret(&secret("writes-conflict", &["token"], seen.clone()), false)
        .await;
    let failure = failed(refused, FailureClass::Conflict);
    assert_eq!(
        failure.why,
        "field manager \"kubectl-edit\" holds .data.token"
    );

    writer
        .apply_secret(&secret("writes-conflict", &["token"], seen), true)
        .await
        .expect("it is released");
    let live = directly(cluster)
        .reader()
        .secret(&namespace("writes-conflict"), &name("mail"))
        .await;
    let live = present(live);
    assert_eq!(
        live.data["token"].expose(),
        format!("{CANARY}token").as_bytes()
    );
    assert_eq!(managers(&live.meta)["keyfleet"], ["token"]);
}

#[tokio::test]
async fn what_the_server_refuses_is_told_without_the_value() {
    let cluster = cluster().await;
    cluster.create_namespace("writes-refused").await;
    let writer = directly(cluster).writer();
    writer
        .apply_secret(&secret("writes-refused", &["token"], None), false)
        .await
        .expect("it is new");
    let seen = version(&stored(cluster, "writes-refused").await);

    let mut typed = secret("writes-refused", &["token"], seen);
    typed.kind = "example.com/mail".to_owned();
    let failure = failed(
        writer.apply_secret(&typed, false).await,
        FailureClass::Rejected,
    );
    assert_eq!(failure.why, "the type of a Secret cannot change in place");

    let mut docker = secret("writes-refused", &[".dockerconfigjson"], None);
    (docker.kind, docker.name) = ("kubernetes.io/dockerconfigjson".to_owned(), name("docker"));
    let failure = failed(
        writer.apply_secret(&docker, false).await,
        FailureClass::Rejected,
    );
    assert_eq!(
        failure.why,
        "the API server does not accept data[.dockerconfigjson]"
    );

    let failure = failed(
        writer
            .apply_secret(&secret("no-such-place", &["a"], None), false)
            .await,
        FailureClass::NotFound,
    );
    assert_eq!(failure.why, "namespaces `no-such-place` not found");

    let mut large = secret("writes-refused", &[], None);
    large.name = name("large");
    large
        .data
        .insert("a".to_owned(), SecretBytes::from(CANARY.repeat(100_000)));
    failed(
        writer.apply_secret(&large, false).await,
        FailureClass::Rejected,
    );

    let user = with_token(
        cluster,
        cluster.server(),
        cluster.user_token(),
        Limits::default(),
    )
    .writer();
    failed(
        user.apply_secret(&secret("writes-refused", &["a"], None), false)
            .await,
        FailureClass::Forbidden,
    );
}

#[tokio::test]
async fn a_namespace_that_is_being_deleted_is_named_as_the_reason() {
    let cluster = cluster().await;
    cluster.create_namespace("writes-ending").await;
    cluster
        .api("DELETE", "/api/v1/namespaces/writes-ending", "", None)
        .await;
    let refused = directly(cluster)
        .writer()
        .apply_secret(&secret("writes-ending", &["a"], None), false)
        .await;
    assert_eq!(
        failed(refused, FailureClass::Rejected).why,
        "the namespace is being deleted"
    );
}

#[tokio::test]
async fn only_the_secret_that_was_seen_is_deleted_and_a_missing_one_is_no_failure() {
    let cluster = cluster().await;
    cluster.create_namespace("writes-delete").await;
    create_secret(cluster, "writes-delete", "mail", CANARY).await;
    let connection = directly(cluster);
    let (reader, writer) = (connection.reader(), connection.writer());
    let place = (namespace("writes-delete"), name("mail"));
    let seen = present(reader.secret_meta(&place.0, &place.1).await);
    edit(cluster, "writes-delete", "mail", json!({ "token": "eA==" })).await;

    let stale = writer
        .delete_secret(&place.0, &place.1, &seen.uid, &seen.resource_version)
        .await;
    failed(stale, FailureClass::Conflict);
    let seen = present(reader.secret_meta(&place.0, &place.1).await);
    let other = writer
        .delete_secret(&place.0, &place.1, "another-uid", &seen.resource_version)
        .await;
    failed(other, FailureClass::Conflict);
    for _ in 0..2 {
        writer
            .delete_secret(&place.0, &place.1, &seen.uid, &seen.resource_version)
            .await
            .expect("it goes");
    }
    assert_eq!(
        reader.secret_meta(&place.0, &place.1).await,
        Observed::Absent
    );
}

#[tokio::test]
async fn a_secret_that_a_finalizer_holds_is_terminating_after_its_delete() {
    let cluster = cluster().await;
    cluster.create_namespace("writes-held").await;
    let metadata = json!({ "name": "mail", "finalizers": ["example.com/hold"] });
    let object = json!({ "metadata": metadata, "data": { "a": CANARY_BASE64 } });
    cluster
        .create("/api/v1/namespaces/writes-held/secrets", object)
        .await;
    let connection = directly(cluster);
    let place = (namespace("writes-held"), name("mail"));
    let seen = present(connection.reader().secret_meta(&place.0, &place.1).await);
    connection
        .writer()
        .delete_secret(&place.0, &place.1, &seen.uid, &seen.resource_version)
        .await
        .expect("it is told");
    assert!(present(connection.reader().secret_meta(&place.0, &place.1).await).terminating);
}

#[tokio::test]
async fn a_write_without_an_answer_is_sent_once_and_says_that_it_may_have_happened() {
    let cluster = cluster().await;
    cluster.create_namespace("writes-doubt").await;
    let proxy = Proxy::in_front_of_cluster(cluster);
    let writer = through(cluster, &proxy).writer();
    for (fault, class) in [
        (Fault::DropResponse, FailureClass::Unreachable),
        (Fault::Hang, FailureClass::TimedOut),
        (
            Fault::answer(503, r#"{"kind":"Status","reason":"ServiceUnavailable"}"#),
            FailureClass::Server,
        ),
        (
            Fault::answer(502, "<html>bad gateway</html>"),
            FailureClass::Protocol,
        ),
        (
            Fault::answer(200, "<html>please log in</html>"),
            FailureClass::Protocol,
        ),
    ] {
        proxy.clear();
        proxy.clear_faults();
        proxy.fault(on("PATCH", "/secrets/"), fault.clone());
        let outcome = writer
            .apply_secret(&secret("writes-doubt", &["token"], None), false)
            .await;
        let failure = failed(outcome, class);
        assert!(
            failure
                .why
                .ends_with("; the write may have been applied all the same"),
            "{failure:?}"
        );
        assert_eq!(proxy.count(|_| true), 1, "{fault:?}");
    }
    let applied = stored(cluster, "writes-doubt").await;
    assert_eq!(
        applied["data"].as_object().map(serde_json::Map::len),
        Some(1),
        "the first was applied"
    );
}

#[tokio::test]
async fn a_write_waits_when_the_server_asks_and_is_then_applied() {
    let cluster = cluster().await;
    cluster.create_namespace("writes-busy").await;
    let proxy = Proxy::in_front_of_cluster(cluster);
    proxy.fault_times(
        1,
        on("PATCH", "/secrets/"),
        Fault::answer(429, "busy").with_header("Retry-After", "1"),
    );
    let begin = std::time::Instant::now();
    let outcome = through(cluster, &proxy)
        .writer()
        .apply_secret(&secret("writes-busy", &["token"], None), false)
        .await;
    outcome.expect("the second try is let in");
    assert!(begin.elapsed() >= Duration::from_secs(1));
    assert_eq!(stored(cluster, "writes-busy").await["type"], "Opaque");
}

#[tokio::test]
async fn a_server_that_repeats_what_it_was_sent_is_not_quoted() {
    let cluster = cluster().await;
    let proxy = Proxy::in_front_of_cluster(cluster);
    let writer = through(cluster, &proxy).writer();
    for (code, class) in [
        (400, FailureClass::Rejected),
        (401, FailureClass::Unauthenticated),
        (403, FailureClass::Forbidden),
        (404, FailureClass::NotFound),
        (409, FailureClass::Conflict),
        (413, FailureClass::Rejected),
        (422, FailureClass::Rejected),
        (429, FailureClass::RateLimited),
        (500, FailureClass::Server),
    ] {
        let cause =
            json!({ "reason": "FieldValueInvalid", "message": CANARY, "field": "data[token]" });
        let reason = if code == 404 { "NotFound" } else { "Invalid" };
        let details = json!({ "name": "mail", "kind": "secrets", "causes": [cause] });
        let status = json!({ "kind": "Status", "reason": reason, "message": format!("denied: {CANARY}"), "details": details });
        proxy.clear_faults();
        proxy.fault(
            on("PATCH", "/secrets/"),
            Fault::answer(code, &status.to_string()),
        );
        let outcome = writer
            .apply_secret(&secret("default", &["token"], None), false)
            .await;
        failed(outcome, class);
    }
}
