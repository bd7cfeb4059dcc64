use super::support::tls::Authority;
use super::support::{Fault, Proxy};
use super::*;
use keyfleet::observe::ReadCluster as _;
use std::time::Instant;

/// Reads a Secret that is there, once, with every request answered by this fault.
async fn read_with(fault: Fault) -> (Failure, usize) {
    let cluster = cluster().await;
    let proxy = Proxy::in_front_of_cluster(cluster);
    proxy.fault(|_| true, fault);
    let reader = through(cluster, &proxy).reader();
    let failure = unknown(reader.secret(&namespace("default"), &name("any")).await);
    (failure, proxy.count(|_| true))
}

#[tokio::test]
async fn another_ca_is_named_as_the_reason() {
    let cluster = cluster().await;
    for ca in [Authority::new("another-ca"), Authority::new("backend-ca")] {
        let access = Access::Token {
            server: cluster.server().to_owned(),
            ca_pem: Some(ca.pem()),
            token: SecretBytes::from(cluster.admin_token().to_owned()),
            origin: "clusters/prod-eu/ca.crt".to_owned(),
        };
        let reader = ClusterConnection::new(access, Limits::default())
            .expect("it is well described")
            .reader();
        let failure = failed(reader.identity().await, FailureClass::Tls);
        let expected = format!(
            "the certificate of {} is not signed by the CA in clusters/prod-eu/ca.crt",
            cluster.server()
        );
        assert_eq!(failure.why, expected);
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_and_a_plain_port_are_tls_failures() {
    let cluster = cluster().await;
    let named = cluster.kubeconfig_yaml(None, None).replace(
        r#""server""#,
        r#""tls-server-name": "other.example", "server""#,
    );
    let reader = access::text(&named, None)
        .expect("it is a kubeconfig")
        .reader();
    let failure = failed(reader.identity().await, FailureClass::Tls);
    assert!(
        failure.why.ends_with("is made for other names"),
        "{failure:?}"
    );

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback has a port");
    let address = listener.local_addr().expect("it has an address");
    let serve = async {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut stream, _) = listener.accept().await.expect("somebody connects");
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    };
    let reader = at(cluster, &format!("https://{address}"), Limits::default()).reader();
    let (outcome, ()) = tokio::join!(reader.identity(), serve);
    failed(outcome, FailureClass::Tls);
}

#[tokio::test]
async fn nobody_at_the_address_is_told_as_that() {
    let cluster = cluster().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port");
    let reader = at(cluster, &format!("https://{port}"), Limits::default()).reader();
    let failure = failed(reader.identity().await, FailureClass::Unreachable);
    assert!(failure.why.ends_with("refuses connections"), "{failure:?}");
    let reader = at(cluster, "https://no-such-host.invalid", Limits::default()).reader();
    failed(reader.identity().await, FailureClass::Unreachable);
}

#[tokio::test]
async fn a_token_that_is_not_valid_is_unauthenticated_and_one_without_rights_forbidden() {
    let cluster = cluster().await;
    for (token, class) in [
        ("expired", FailureClass::Unauthenticated),
        (cluster.user_token(), FailureClass::Forbidden),
    ] {
        let reader = with_token(cluster, cluster.server(), token, Limits::default()).reader();
        let failure = failed(reader.identity().await, class);
        assert!(failure.hint.is_some());
        let seen = unknown(reader.secret(&namespace("default"), &name("none")).await);
        assert_eq!(seen.class, class, "what may not be read is not absent");
        failed(reader.marked_secrets().await, class);
    }
}

#[tokio::test]
async fn a_read_waits_as_the_server_asks_and_then_succeeds() {
    let cluster = cluster().await;
    let proxy = Proxy::in_front_of_cluster(cluster);
    proxy.fault_times(
        1,
        |_| true,
        Fault::answer(429, "").with_header("Retry-After", "1"),
    );
    proxy.fault_times(
        1,
        |_| true,
        Fault::answer(
            503,
            r#"{"kind":"Status","details":{"retryAfterSeconds":1}}"#,
        ),
    );
    let begin = Instant::now();
    through(cluster, &proxy)
        .reader()
        .identity()
        .await
        .expect("the third try succeeds");
    assert!(begin.elapsed() >= Duration::from_secs(2));
    assert_eq!(proxy.count(|_| true), 3);
}

#[tokio::test]
async fn a_read_gives_up_after_three_tries_and_at_once_when_asked_to_wait_long() {
    let (failure, tries) = read_with(Fault::answer(429, "")).await;
    assert_eq!(
        (failure.class, failure.status, tries),
        (FailureClass::RateLimited, Some(429), 3)
    );
    let (_, tries) = read_with(Fault::answer(429, "").with_header("Retry-After", "3600")).await;
    assert_eq!(tries, 1);
    let (failure, tries) = read_with(Fault::DropRequest).await;
    assert_eq!(failure.class, FailureClass::Unreachable);
    assert!(tries >= 3, "{tries}");
}

#[tokio::test]
async fn a_page_of_a_proxy_is_never_taken_for_an_answer_of_the_api() {
    let page = format!("<html>{CANARY} {CANARY_BASE64}</html>");
    for status in [200, 400, 401, 403, 404, 409, 500, 502] {
        let (failure, _) = read_with(Fault::answer(status, &page)).await;
        assert_eq!(failure.class, FailureClass::Protocol, "{status}");
    }
    let json = [
        json!({}).to_string(),
        json!([]).to_string(),
        json!({ "kind": "Secret", "metadata": {}, "data": { "a": CANARY_BASE64 } }).to_string(),
        json!({ "kind": "Secret", "metadata": { "uid": "1", "resourceVersion": "2" }, "data": { "a": CANARY } }).to_string(),
        json!({ "kind": "Secret", "metadata": CANARY }).to_string(),
    ];
    for body in json {
        let (failure, _) = read_with(Fault::answer(200, &body)).await;
        assert_eq!(failure.class, FailureClass::Protocol, "{body}");
    }
    // The whole resource is unknown here: that says nothing about the object.
    let elsewhere = json!({ "kind": "Status", "reason": "NotFound", "code": 404, "message": CANARY, "details": {} });
    let (failure, _) = read_with(Fault::answer(404, &elsewhere.to_string())).await;
    assert_eq!(failure.class, FailureClass::Protocol);
}

#[tokio::test]
async fn an_empty_list_is_only_believed_when_it_is_one() {
    let cluster = cluster().await;
    let proxy = Proxy::in_front_of_cluster(cluster);
    let reader = through(cluster, &proxy).reader();
    for body in [
        "{}",
        r#"{"kind":"PartialObjectMetadataList","metadata":{}}"#,
        r#"{"kind":"List","metadata":{},"items":[]}"#,
    ] {
        proxy.fault_times(1, |_| true, Fault::answer(200, body));
        failed(reader.marked_secrets().await, FailureClass::Protocol);
    }
    let empty = r#"{"kind":"PartialObjectMetadataList","metadata":{},"items":[]}"#;
    proxy.fault_times(1, |_| true, Fault::answer(200, empty));
    assert_eq!(reader.marked_secrets().await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let cluster = cluster().await;
    let target = Proxy::in_front_of_cluster(cluster);
    let location = format!(
        "{}/api/v1/namespaces/default/secrets/any?token={CANARY}",
        target.url()
    );
    let (failure, tries) =
        read_with(Fault::answer(307, "").with_header("Location", &location)).await;
    assert_eq!((failure.class, tries), (FailureClass::Redirected, 1));
    assert!(
        failure.why.contains("redirects to 127.0.0.1,"),
        "{failure:?}"
    );
    assert_eq!(target.count(|_| true), 0);
}

#[tokio::test]
async fn a_hanging_server_is_given_up_at_the_deadline() {
    let begin = Instant::now();
    let (failure, tries) = read_with(Fault::Hang).await;
    assert_eq!((failure.class, tries), (FailureClass::TimedOut, 1));
    assert!(begin.elapsed() < Duration::from_secs(6));
    assert!(failure.is_outage());
}
