//! Binding, limits and headers.

use super::client::{connect, get, post, send};
use super::service::{Service, TOKEN, parts, secret, settings};
use keyfleet::serve::Settings;
use keyfleet::serve::settings::{Admission, Forge, SecretSource, Webhook};
use keyfleet::serve::web::Listeners;
use std::net::TcpListener;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn refused(settings: &Settings) -> String {
    match Listeners::start(settings, parts()).await {
        Ok(_) => panic!("it is refused"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_port_in_use_is_said_at_the_start() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for (what, change) in [
        (
            "the dashboard",
            (|settings, address| settings.web.listen = address) as fn(&mut Settings, _),
        ),
        ("the probes", |settings, address| settings.probes = address),
    ] {
        let mut settings = settings();
        change(&mut settings, address);
        let said = refused(&settings).await;
        for part in [what, &address.to_string(), "another process has this port"] {
            assert!(said.contains(part), "{said}");
        }
    }
}

#[tokio::test]
async fn two_listeners_do_not_share_a_port() {
    let mut settings = settings();
    settings.web.listen = "127.0.0.1:18080".parse().unwrap();
    settings.probes = settings.web.listen;
    let said = refused(&settings).await;
    assert!(
        said.contains("the dashboard and the probes cannot share 127.0.0.1:18080"),
        "{said}"
    );
}

#[tokio::test]
async fn an_address_that_others_reach_needs_a_token_or_a_proxy() {
    for address in [
        "0.0.0.0:0",
        "[::]:0",
        "192.0.2.1:8080",
        "[::ffff:192.0.2.1]:80",
    ] {
        let mut settings = settings();
        settings.web.listen = address.parse().unwrap();
        let said = refused(&settings).await;
        assert!(
            said.contains("open to everybody") && said.contains("set a token"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_secret_that_is_none_is_said_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let missing = SecretSource::File(folder.path().join("missing"));
    let empty = secret(&folder, "empty", "\n");
    let short = secret(&folder, "short", "canary-short\n");
    for (source, said) in [
        (&missing, "see that the file is there"),
        (&empty, "is empty"),
        (&short, "at least 16 characters"),
    ] {
        let mut with_token = settings();
        with_token.web.admission = Admission::Token(source.clone());
        let error = refused(&with_token).await;
        assert!(error.contains(said) && !error.contains("canary"), "{error}");
    }
    for source in [missing, empty] {
        let mut with_hook = settings();
        let forge = Forge::Gitea;
        with_hook.webhooks.from = vec![Webhook {
            forge,
            secret: source,
        }];
        let error = refused(&with_hook).await;
        assert!(error.contains("webhooks of gitea"), "{error}");
    }
    let mut without_proxy = settings();
    without_proxy.web.admission = Admission::Proxy {
        header: "X-User".to_owned(),
        from: Vec::new(),
    };
    assert!(
        refused(&without_proxy)
            .await
            .contains("at which addresses the proxy is")
    );
}

#[tokio::test]
async fn every_answer_is_kept_in_bounds_by_its_headers() {
    let service = Service::start_with(tempfile::tempdir().unwrap(), |settings, secrets| {
        settings.web.admission = Admission::Token(secret(secrets, "token", TOKEN));
        settings.webhooks.from = vec![Webhook {
            forge: Forge::Github,
            secret: secret(secrets, "github", "x"),
        }];
    })
    .await;
    let (web, probes, hooks) = (service.at.web, service.at.probes, service.webhooks());
    let bearer = format!("Bearer {TOKEN}");
    let bearer = [("Authorization", bearer.as_str())];
    let html = [("Accept", "text/html")];
    let answers = [
        (200, get(web, "/", &bearer).await),
        (401, get(web, "/", &[]).await),
        (303, get(web, "/", &html).await),
        (404, get(web, "/nothing", &bearer).await),
        (401, get(web, "/nothing", &[]).await),
        (405, send(web, "DELETE", "/", &bearer, b"").await),
        (200, get(web, "/login", &[]).await),
        (200, get(web, "/login.css", &[]).await),
        (413, post(web, "/echo", &bearer, &vec![b'x'; 70_000]).await),
        (200, get(probes, "/livez", &[]).await),
        (503, get(probes, "/readyz", &[]).await),
        (200, get(probes, "/metrics", &[]).await),
        (404, get(probes, "/", &[]).await),
        (401, post(hooks, "/webhooks/github", &[], b"{}").await),
        (405, get(hooks, "/webhooks/github", &[]).await),
        (404, get(hooks, "/", &[]).await),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{answer:?}");
        let policy = answer.header("content-security-policy").unwrap();
        assert_eq!(
            policy,
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("server"), None);
    }
}

#[tokio::test]
async fn only_exact_paths_lead_anywhere() {
    let service = Service::start(Admission::Loopback).await;
    for path in [
        "//",
        "/../",
        "/%2e%2e/",
        "/.",
        "/headers/",
        "/HEADERS",
        "/headers%00",
        "/%68eaders",
        "/..%2fheaders",
    ] {
        let answer = get(service.at.web, path, &[]).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(get(service.at.probes, "/livez/", &[]).await.status, 404);
}

#[tokio::test]
async fn nothing_is_decompressed_and_a_head_has_a_bound() {
    let service = Service::start(Admission::Loopback).await;
    let web = service.at.web;
    let zipped = b"\x1f\x8b\x08\x00";
    let answer = post(web, "/echo", &[("Content-Encoding", "gzip")], zipped).await;
    assert!(
        answer.status == 400 || answer.body.contains('\u{8}'),
        "{answer:?}"
    );
    let long = "x".repeat(60_000);
    let answer = get(web, "/", &[("X-Long", &long)]).await;
    assert_eq!(answer.status, 431);
    let mut stream = connect(web).await;
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 2"), "HTTP/2 is not spoken");
}

#[tokio::test]
async fn whoever_dribbles_is_let_go_after_ten_seconds() {
    let service = Service::start(Admission::Loopback).await;
    let mut stream = connect(service.at.web).await;
    let began = Instant::now();
    let _ = stream.write_all(b"GET / HTTP/1.1\r\n").await;
    while stream.write_all(b"X-A: b\r\n").await.is_ok() && began.elapsed() < Duration::from_secs(20)
    {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let took = began.elapsed().as_secs();
    assert!((9..=13).contains(&took), "{took}");
}

#[tokio::test]
async fn it_ends_when_it_is_told_to() {
    let service = Service::start(Admission::Loopback).await;
    let (web, probes) = (service.at.web, service.at.probes);
    let mut idle = connect(web).await;
    let began = Instant::now();
    service.stop().await;
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(idle.read(&mut [0; 16]).await.unwrap_or(0), 0);
    for address in [web, probes] {
        assert!(tokio::net::TcpStream::connect(address).await.is_err());
    }
}
