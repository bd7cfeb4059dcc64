//! Settings that are read again while it listens.

use super::client::{connect, get, post};
use super::service::{GITHUB_SECRET, Service, TOKEN, secret};
use keyfleet::serve::settings::{Admission, Forge, Webhook};
use std::net::{SocketAddr, TcpListener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const OTHER_TOKEN: &str = "another-token-0123456789abcdef";

/// What one more request on this connection is answered with.
async fn status(stream: &mut TcpStream, token: &str) -> String {
    let request = format!("GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 4096];
    let length = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn who_may_look_changes_also_on_a_connection_that_stays() {
    let mut service = Service::with_token().await;
    let (web, probes) = (service.at.web, service.at.probes);
    let mut open = connect(web).await;
    assert_eq!(status(&mut open, TOKEN).await, "200");
    let changed = service.resettle(|settings, folder| {
        let token = secret(folder, "other", OTHER_TOKEN);
        settings.web.admission = Admission::Token(token);
    });
    changed.await.unwrap();
    assert_eq!((service.at.web, service.at.probes), (web, probes));
    assert_eq!(status(&mut open, TOKEN).await, "401");
    assert_eq!(status(&mut open, OTHER_TOKEN).await, "200");
}

/// Who is logged in stays so, and who was put out stays out.
#[tokio::test]
async fn what_the_settings_leave_as_it_was_goes_on() {
    let mut service = Service::with_token().await;
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let body = format!("token={TOKEN}");
    let answer = post(service.at.web, "/login", &form, body.as_bytes()).await;
    let cookie = answer.cookie().unwrap().to_owned();
    let cookie = [("Cookie", cookie.as_str())];
    assert_eq!(get(service.at.web, "/", &cookie).await.status, 200);
    post(service.at.web, "/logout", &cookie, b"").await;
    let elsewhere: SocketAddr = format!("127.0.0.2:{}", service.at.web.port())
        .parse()
        .unwrap();
    let changed = service.resettle(|settings, _| settings.web.listen = elsewhere);
    changed.await.unwrap();
    assert_eq!(service.at.web, elsewhere);
    assert_eq!(get(elsewhere, "/", &cookie).await.status, 401);
}

#[tokio::test]
async fn an_address_moves_and_one_that_cannot_be_had_changes_nothing() {
    let mut service = Service::with_token().await;
    let (old, probes) = (service.at.web, service.at.probes);
    let bearer = format!("Bearer {TOKEN}");
    let bearer = [("Authorization", bearer.as_str())];
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = busy.local_addr().unwrap();
    let refused = service
        .resettle(|settings, folder| {
            settings.web.listen = address;
            let token = secret(folder, "other", OTHER_TOKEN);
            settings.web.admission = Admission::Token(token);
        })
        .await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("another process has this port"),
        "{refused}"
    );
    assert_eq!(get(old, "/", &bearer).await.status, 200);

    // The same port, now for others, too: the old address is in its way.
    let everywhere: SocketAddr = format!("0.0.0.0:{}", old.port()).parse().unwrap();
    let changed = service.resettle(|settings, folder| {
        settings.web.listen = everywhere;
        settings.web.admission = Admission::Token(secret(folder, "token", TOKEN));
    });
    changed.await.unwrap();
    assert_eq!((service.at.web, service.at.probes), (everywhere, probes));
    let other: SocketAddr = format!("127.0.0.2:{}", old.port()).parse().unwrap();
    assert_eq!(get(other, "/", &bearer).await.status, 200);
    assert_eq!(get(probes, "/livez", &[]).await.status, 200);
}

#[tokio::test]
async fn webhooks_come_and_go() {
    let mut service = Service::with_token().await;
    assert_eq!(service.at.webhooks, None);
    let begun = service.resettle(|settings, folder| {
        settings.webhooks.from = vec![Webhook {
            forge: Forge::Github,
            secret: secret(folder, "github", GITHUB_SECRET),
        }];
    });
    begun.await.unwrap();
    let at = service.webhooks();
    assert_eq!(post(at, "/webhooks/github", &[], b"{}").await.status, 401);
    let ended = service.resettle(|settings, _| settings.webhooks.from.clear());
    ended.await.unwrap();
    assert_eq!(service.at.webhooks, None);
    assert!(
        TcpStream::connect(at).await.is_err(),
        "nobody listens there"
    );
}
