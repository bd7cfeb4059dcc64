//! "Look now", and nothing else.

use super::client::{Answer, get, post, raw};
use super::exposition::value;
use super::log;
use super::service::{GITHUB_SECRET, Service};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use keyfleet::serve::settings::Forge;
use ring::hmac;

const MIB_3: usize = 3 << 20;

fn sign(secret: &[u8], body: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::sign(&key, body).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn of_github(body: &[u8]) -> String {
    format!("sha256={}", hex(&sign(GITHUB_SECRET.as_bytes(), body)))
}

async fn github(service: &Service, signature: &str, event: &str, body: &[u8]) -> Answer {
    let headers = [
        ("X-Hub-Signature-256", signature),
        ("X-GitHub-Event", event),
        ("X-GitHub-Delivery", "d-1"),
    ];
    post(service.webhooks(), "/webhooks/github", &headers, body).await
}

fn push(number: usize) -> Vec<u8> {
    format!(r#"{{"ref":"refs/heads/main","after":"{number:040x}"}}"#).into_bytes()
}

#[tokio::test]
async fn githubs_own_example_makes_it_look() {
    let service = Service::with_webhooks(&[(Forge::Github, GITHUB_SECRET)]).await;
    let known = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let answer = github(&service, known, "push", b"Hello, World!").await;
    assert_eq!((answer.status, answer.body.as_str()), (202, ""));
    assert_eq!(service.looks().await, 1);
}

#[tokio::test]
async fn who_has_not_the_secret_moves_nothing_and_learns_nothing() {
    let service = Service::with_webhooks(&[(Forge::Github, GITHUB_SECRET)]).await;
    let body = push(1);
    let other = format!("sha256={}", hex(&sign(b"another secret", &body)));
    let sha1 = "sha1=0123456789abcdef0123456789abcdef01234567";
    let right = of_github(&body);
    let mut refusals = vec![
        github(&service, &other, "push", &body).await,
        github(&service, sha1, "push", &body).await,
        github(&service, &right, "push", &push(2)).await,
        github(&service, "", "push", &body).await,
        github(&service, &other, "push", "[".repeat(1_000_000).as_bytes()).await,
    ];
    let hooks = service.webhooks();
    refusals.push(
        post(
            hooks,
            "/webhooks/github",
            &[("X-Hub-Signature", sha1)],
            &body,
        )
        .await,
    );
    // A forge of which nothing is expected is like one with another secret.
    refusals.push(
        post(
            hooks,
            "/webhooks/gitlab",
            &[("X-Gitlab-Token", GITHUB_SECRET)],
            &body,
        )
        .await,
    );
    refusals.push(
        post(
            hooks,
            "/webhooks/gitea",
            &[("X-Hub-Signature-256", &right)],
            &body,
        )
        .await,
    );
    for answer in refusals {
        assert_eq!((answer.status, answer.body.as_str()), (401, ""));
    }
    assert_eq!(get(hooks, "/webhooks/github", &[]).await.status, 405);
    assert_eq!(
        post(hooks, "/webhooks/bitbucket", &[], &body).await.status,
        404
    );
    assert_eq!(service.looks().await, 0);
    service.stop().await;
    assert!(!log::text().contains(GITHUB_SECRET));
}

#[tokio::test]
async fn what_is_about_something_else_is_taken_and_ignored() {
    let service = Service::with_webhooks(&[(Forge::Github, GITHUB_SECRET)]).await;
    let other =
        br#"{"ref":"refs/heads/feature","repository":{"clone_url":"https://evil.example/x.git"}}"#;
    for (event, body) in [
        ("ping", b"{\"zen\":\"x\"}".as_slice()),
        ("issues", b"{}"),
        ("push", other),
    ] {
        let answer = github(&service, &of_github(body), event, body).await;
        assert_eq!((answer.status, answer.body.as_str()), (202, ""), "{event}");
    }
    assert_eq!(service.looks().await, 0);
    let broken = b"{\"ref\":";
    assert_eq!(
        github(&service, &of_github(broken), "push", broken)
            .await
            .status,
        202
    );
    assert_eq!(
        service.looks().await,
        1,
        "what is not understood is looked for"
    );
}

#[tokio::test]
async fn gitlab_shows_its_token_or_signs() {
    let signing = BASE64_STANDARD.encode([7; 32]);
    let secrets = format!("canary-gitlab-token\nwhsec_{signing}");
    let service = Service::with_webhooks(&[(Forge::Gitlab, &secrets)]).await;
    let hooks = service.webhooks();
    let send = async |headers: &[(&str, &str)], body: &[u8]| {
        let headers = [&[("X-Gitlab-Event", "Push Hook")], headers].concat();
        post(hooks, "/webhooks/gitlab", &headers, body).await.status
    };
    let body = push(1);
    assert_eq!(
        send(&[("X-Gitlab-Token", "canary-gitlab-token")], &body).await,
        202
    );
    assert_eq!(service.looks().await, 1);
    assert_eq!(
        send(&[("X-Gitlab-Token", "canary-gitlab-tokem")], &body).await,
        401
    );

    let signed = |at: i64| {
        let covered = [format!("id-{at}.{at}.").as_bytes(), &body].concat();
        format!("v1,{}", BASE64_STANDARD.encode(sign(&[7; 32], &covered)))
    };
    let now = Timestamp::now().as_second();
    for (at, status) in [(now, 202), (now - 3600, 401)] {
        let (id, time, signature) = (format!("id-{at}"), at.to_string(), signed(at));
        let headers = [
            ("webhook-id", id.as_str()),
            ("webhook-timestamp", &time),
            ("webhook-signature", &signature),
        ];
        assert_eq!(send(&headers, &body).await, status);
        assert_eq!(send(&headers, b"{}").await, 401);
    }
    assert_eq!(service.looks().await, 1);
    // A signature that is wrong is not made right by the token.
    let both = [
        ("webhook-signature", "v1,AAAA"),
        ("X-Gitlab-Token", "canary-gitlab-token"),
    ];
    assert_eq!(send(&both, &body).await, 401);
    service.stop().await;
    assert!(!log::text().contains("canary-gitlab"));
}

#[tokio::test]
async fn gitea_and_forgejo_sign_under_their_own_names() {
    let service = Service::with_webhooks(&[(Forge::Gitea, "Jefe")]).await;
    for (number, name) in ["X-Gitea-Signature", "X-Forgejo-Signature"]
        .into_iter()
        .enumerate()
    {
        let body = push(number);
        let signature = hex(&sign(b"Jefe", &body));
        let headers = [(name, signature.as_str()), ("X-Gitea-Event", "push")];
        assert_eq!(
            post(service.webhooks(), "/webhooks/gitea", &headers, &body)
                .await
                .status,
            202
        );
        assert_eq!(service.looks().await, 1, "{name}");
    }
}

#[tokio::test]
async fn a_copy_of_a_delivery_is_looked_for_once_more_and_never_again() {
    let service = Service::with_webhooks(&[(Forge::Github, GITHUB_SECRET)]).await;
    let body = push(1);
    let mut looks = Vec::new();
    for number in 0..5 {
        let id = format!("forged-{number}");
        let headers = [
            ("X-Hub-Signature-256", of_github(&body)),
            ("X-GitHub-Delivery", id),
        ];
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let answer = post(service.webhooks(), "/webhooks/github", &headers, &body).await;
        assert_eq!((answer.status, answer.body.as_str()), (202, ""));
        looks.push(service.looks().await);
    }
    assert_eq!(looks, [1, 1, 0, 0, 0], "whatever the header calls it");
}

#[tokio::test]
async fn a_delivery_that_is_sent_on_to_another_forges_address_is_a_copy() {
    // Somebody has given two forges the same secret.
    let forges = [Forge::Github, Forge::Gitea].map(|forge| (forge, GITHUB_SECRET));
    let service = Service::with_webhooks(&forges).await;
    let body = push(1);
    let signature = of_github(&body);
    let mut looks = Vec::new();
    for path in ["github", "gitea", "github", "gitea"] {
        let headers = [("X-Hub-Signature-256", signature.as_str())];
        let path = format!("/webhooks/{path}");
        let answer = post(service.webhooks(), &path, &headers, &body).await;
        assert_eq!(answer.status, 202);
        looks.push(service.looks().await);
    }
    assert_eq!(looks, [1, 1, 0, 0]);
}

#[tokio::test]
async fn only_what_is_signed_counts_whatever_it_says_that_it_is() {
    let service = Service::with_webhooks(&[(Forge::Github, GITHUB_SECRET)]).await;
    let send = async |headers: &[(&str, &str)], body: &[u8]| {
        let headers = [&[("X-GitHub-Event", "push")], headers].concat();
        let to = service.webhooks();
        post(to, "/webhooks/github", &headers, body).await.status
    };
    let name = "X-Hub-Signature-256";
    // As GitHub sends it where the content type was left as it is: it cannot be read, so it is looked for.
    let form = b"payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%7D";
    let right = of_github(form);
    let is_form = ("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(send(&[(name, &right), is_form], form).await, 202);
    assert_eq!(service.looks().await, 1);
    // One of two signatures is right: nobody can say which one a proxy looked at.
    let (wrong, body) = (of_github(b"other"), push(2));
    let right = of_github(&body);
    for pair in [[&right, &wrong], [&wrong, &right], [&right, &right]] {
        let headers = pair.map(|signature| (name, signature.as_str()));
        assert_eq!(send(&headers, &body).await, 401);
    }
    let both = format!("{right}, {wrong}");
    assert_eq!(send(&[(name, &both)], &body).await, 401);
    // The key that everybody has.
    let unsigned = format!("sha256={}", hex(&sign(b"", &body)));
    assert_eq!(send(&[(name, &unsigned)], &body).await, 401);
    // A type, an encoding and a length that are not so change nothing of what is signed.
    for header in [
        ("Content-Type", "image/png"),
        ("Content-Encoding", "gzip"),
        ("Content-Type", ""),
    ] {
        assert_eq!(send(&[(name, &right), header], &body).await, 202);
    }
    assert_eq!(service.looks().await, 1);
}

#[tokio::test]
async fn a_flood_costs_one_look_and_is_stopped() {
    let service = Service::with_webhooks(&[(Forge::Github, GITHUB_SECRET)]).await;
    let mut statuses = std::collections::BTreeMap::<u16, usize>::new();
    for number in 0..160 {
        let body = push(number);
        let answer = github(&service, &of_github(&body), "push", &body).await;
        *statuses.entry(answer.status).or_default() += 1;
    }
    assert_eq!(service.looks().await, 1);
    assert!(
        statuses[&202] >= 120 && statuses.contains_key(&429),
        "{statuses:?}"
    );
    let metrics = get(service.at.probes, "/metrics", &[]).await.body;
    let nudged = value(
        &metrics,
        r#"keyfleet_webhooks_total{forge="github",result="nudged"}"#,
    );
    let limited = value(
        &metrics,
        r#"keyfleet_webhooks_total{forge="github",result="limited"}"#,
    );
    assert!((nudged + limited - 160.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn a_large_body_is_verified_and_a_larger_one_is_cut_off() {
    let service = Service::with_webhooks(&[(Forge::Github, GITHUB_SECRET)]).await;
    let largest = vec![b' '; MIB_3];
    assert_eq!(
        github(&service, &of_github(&largest), "push", &largest)
            .await
            .status,
        202
    );
    let too_large = vec![b' '; MIB_3 + 1];
    let signature = of_github(&too_large);
    assert_eq!(
        github(&service, &signature, "push", &too_large)
            .await
            .status,
        413
    );

    let chunked = |body: &[u8]| {
        let head = format!(
            "POST /webhooks/github HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Hub-Signature-256: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
            of_github(body)
        );
        let chunks = body.chunks(100_000).flat_map(|chunk| {
            [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat()
        });
        [head.as_bytes(), &chunks.collect::<Vec<u8>>(), b"0\r\n\r\n"].concat()
    };
    let to = service.webhooks();
    let small = push(7);
    assert_eq!(raw("127.0.0.1", to, &chunked(&small)).await.status, 202);
    assert_eq!(raw("127.0.0.1", to, &chunked(&too_large)).await.status, 413);
    assert_eq!(
        service.looks().await,
        1,
        "two were accepted, before anybody looked"
    );
}

#[tokio::test]
async fn a_secret_is_replaced_without_a_gap() {
    let service = Service::with_webhooks(&[(Forge::Github, "the old secret")]).await;
    let mut number = 0;
    let mut accepts = async |secret: &str| {
        number += 1;
        let body = push(number);
        let signature = format!("sha256={}", hex(&sign(secret.as_bytes(), &body)));
        github(&service, &signature, "push", &body).await.status == 202
    };
    assert!(accepts("the old secret").await && !accepts("the new secret").await);
    service.write_secret("github", "the new secret\nthe old secret\n");
    assert!(accepts("the old secret").await && accepts("the new secret").await);
    service.write_secret("github", "the new secret\n");
    assert!(!accepts("the old secret").await && accepts("the new secret").await);
    service.write_secret("github", "\n");
    assert!(accepts("the new secret").await && !accepts("").await);
}
