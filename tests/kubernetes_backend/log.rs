use super::support::{Fault, Proxy, log};
use super::*;
use keyfleet::apply::WriteCluster as _;
use keyfleet::observe::ReadCluster as _;

#[tokio::test]
async fn no_value_and_no_token_reaches_the_log_at_any_level() {
    let cluster = cluster().await;
    cluster.create_namespace("log-values").await;
    cluster.create_service_account("log-values", "eso").await;
    let proxy = Proxy::in_front_of_cluster(cluster);
    let connection = through(cluster, &proxy);
    let (reader, writer) = (connection.reader(), connection.writer());
    let place = (namespace("log-values"), name("mail"));

    writer
        .apply_secret(&secret("log-values", &["token"], None), false)
        .await
        .expect("it is new");
    present(reader.secret(&place.0, &place.1).await);
    let jwt = reader
        .mint_token(&account("log-values/eso"), None)
        .await
        .expect("the account is there");
    for body in [
        json!({ "kind": "Secret", "data": { "token": CANARY_BASE64 } }).to_string(),
        format!(r#"{{"kind":"Secret","data":{{"token":"{CANARY_BASE64}"#),
    ] {
        proxy.fault_times(1, |_| true, Fault::answer(200, &body));
        unknown(reader.secret(&place.0, &place.1).await);
    }
    proxy.fault_times(
        1,
        |_| true,
        Fault::answer(422, &format!(r#"{{"kind":"Status","message":"{CANARY}"}}"#)),
    );
    let refused = writer
        .apply_secret(&secret("log-values", &["token"], None), false)
        .await;
    failed(refused, FailureClass::Rejected);

    let log = log::text();
    assert!(
        log.contains("/api/v1/namespaces/log-values/secrets/mail"),
        "the log was kept"
    );
    let jwt = jwt.expose_text().expect("a JWT is text");
    for secret in [CANARY, CANARY_BASE64, cluster.admin_token(), jwt] {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{line:?}");
    }
}
