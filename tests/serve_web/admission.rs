//! Who gets to the pages.

use super::client::{Answer, get, post, send_from};
use super::log;
use super::service::{Service, TOKEN};
use keyfleet::serve::settings::Admission;
use std::net::SocketAddr;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const OTHER_TOKEN: &str = "another-token-0123456789abcdef";

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

async fn log_in(web: SocketAddr, token: &str, more: &[(&str, &str)]) -> Answer {
    let headers = [&[FORM], more].concat();
    post(web, "/login", &headers, format!("token={token}").as_bytes()).await
}

#[tokio::test]
async fn a_name_that_was_bound_to_this_machine_gets_nothing() {
    let service = Service::start(Admission::Loopback).await;
    let web = service.at.web;
    assert_eq!(get(web, "/", &[]).await.status, 200);
    let port = web.port();
    for host in [
        format!("localhost:{port}"),
        "localhost:9999".to_owned(),
        format!("[::1]:{port}"),
    ] {
        assert_eq!(
            get(web, "/", &[("Host", &host)]).await.status,
            200,
            "{host}"
        );
    }
    for host in [
        format!("evil.example:{port}"),
        "keyfleet".to_owned(),
        "127.0.0.1.evil.example".to_owned(),
    ] {
        let answer = get(web, "/", &[("Host", &host)]).await;
        assert_eq!(answer.status, 403, "{host}");
        assert!(answer.body.contains("open it as localhost") && !answer.body.contains("evil"));
        assert_eq!(
            get(web, "/nothing", &[("Host", &host)]).await.status,
            403,
            "{host}"
        );
    }
    let two = [("Host", "localhost"), ("Host", "evil.example")];
    assert!(get(web, "/", &two).await.status >= 400);
    // Nobody logs in here.
    assert_eq!(get(web, "/login", &[]).await.status, 404);
}

#[tokio::test]
async fn a_machine_shows_the_token() {
    let service = Service::with_token().await;
    let web = service.at.web;
    for right in [bearer(TOKEN), format!("bearer {TOKEN}")] {
        assert_eq!(
            get(web, "/", &[("Authorization", &right)]).await.status,
            200
        );
    }
    for wrong in [
        bearer(OTHER_TOKEN),
        bearer(""),
        TOKEN.to_owned(),
        format!("Basic {TOKEN}"),
        bearer(&TOKEN[..28]),
    ] {
        let answer = get(web, "/", &[("Authorization", &wrong)]).await;
        assert_eq!(answer.status, 401, "{wrong}");
        assert_eq!(
            answer.header("www-authenticate"),
            Some("Bearer realm=\"keyfleet\"")
        );
    }
    assert_eq!(get(web, "/", &[]).await.status, 401);
    let seen = get(web, "/headers", &[("Authorization", &bearer(TOKEN))]).await;
    assert!(
        !seen.body.contains("authorization"),
        "pages do not get it: {}",
        seen.body
    );
}

#[tokio::test]
async fn a_person_logs_in_once_and_out_again() {
    let service = Service::with_token().await;
    let web = service.at.web;
    let shown = get(web, "/", &[("Accept", "text/html")]).await;
    assert_eq!(
        (shown.status, shown.header("location")),
        (303, Some("/login"))
    );
    assert!(
        get(web, "/login", &[])
            .await
            .body
            .contains("<form method=\"post\" action=\"/login\">")
    );

    let answer = log_in(web, TOKEN, &[]).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    let set = answer.header("set-cookie").unwrap();
    assert!(
        set.starts_with("keyfleet_session=") && !set.contains(TOKEN),
        "{set}"
    );
    for flag in [
        "; Path=/",
        "; HttpOnly",
        "; SameSite=Strict",
        "; Max-Age=43200",
    ] {
        assert!(set.contains(flag), "{set}");
    }
    assert!(!set.contains("Secure") && !set.contains("Domain"), "{set}");

    let cookie = answer.cookie().unwrap();
    let home = get(web, "/", &[("Cookie", cookie)]).await;
    assert_eq!(home.status, 200);
    assert!(home.body.contains("can_log_out: true"), "{}", home.body);
    let among = format!("other=1; {cookie}; more=2");
    assert_eq!(get(web, "/", &[("Cookie", &among)]).await.status, 200);
    let forged = format!("{}A", &cookie[..cookie.len() - 1]);
    let forged = if forged == cookie {
        format!("{}B", &cookie[..cookie.len() - 1])
    } else {
        forged
    };
    for wrong in [
        forged.as_str(),
        "keyfleet_session=",
        &format!("keyfleet_session={TOKEN}"),
    ] {
        assert_eq!(
            get(web, "/", &[("Cookie", wrong)]).await.status,
            401,
            "{wrong}"
        );
    }

    let out = post(web, "/logout", &[("Cookie", cookie)], b"").await;
    assert_eq!((out.status, out.header("location")), (303, Some("/login")));
    assert!(
        out.header("set-cookie")
            .unwrap()
            .starts_with("keyfleet_session=; ")
    );
    assert_eq!(
        get(web, "/", &[("Cookie", cookie)]).await.status,
        401,
        "a copy of it is worth nothing"
    );
}

/// A browser sends no strict cookie with a link in a chat, and sends it when our own page loads again.
#[tokio::test]
async fn a_link_from_elsewhere_is_loaded_again_before_anybody_is_asked_to_log_in() {
    let service = Service::with_token().await;
    for (site, status, again) in [
        ("cross-site", 200, true),
        ("same-site", 200, true),
        ("same-origin", 303, false),
        ("none", 303, false),
    ] {
        let headers = [("Accept", "text/html"), ("Sec-Fetch-Site", site)];
        let answer = get(service.at.web, "/clusters/prod-eu?page=2", &headers).await;
        let is_loaded_again = answer.body.contains("http-equiv=\"refresh\" content=\"0\"");
        assert_eq!((answer.status, is_loaded_again), (status, again), "{site}");
        assert!(!answer.body.contains("prod-eu"), "{}", answer.body);
    }
    let machine = [("Sec-Fetch-Site", "cross-site")];
    assert_eq!(get(service.at.web, "/", &machine).await.status, 401);
}

#[tokio::test]
async fn over_tls_the_cookie_is_kept_for_tls() {
    let service = Service::with_token().await;
    let tls = [("X-Forwarded-Proto", "https")];
    let answer = log_in(service.at.web, TOKEN, &tls).await;
    let set = answer.header("set-cookie").unwrap();
    assert!(
        set.starts_with("__Host-keyfleet_session=") && set.ends_with("; Secure"),
        "{set}"
    );
    let cookie = answer.cookie().unwrap();
    assert_eq!(
        get(service.at.web, "/", &[("Cookie", cookie)]).await.status,
        200
    );
}

#[tokio::test]
async fn a_form_on_somebody_elses_page_does_nothing() {
    let service = Service::with_token().await;
    for site in ["cross-site", "same-site"] {
        let answer = log_in(service.at.web, TOKEN, &[("Sec-Fetch-Site", site)]).await;
        assert_eq!(
            (answer.status, answer.header("set-cookie")),
            (403, None),
            "{site}"
        );
    }
    let answer = log_in(service.at.web, TOKEN, &[("Sec-Fetch-Site", "same-origin")]).await;
    assert_eq!(answer.status, 303);
}

#[tokio::test]
async fn guessing_is_slow_and_of_one_peer_only() {
    let service = Service::with_token().await;
    let web = service.at.web;
    let session = log_in(web, TOKEN, &[]).await;
    let guess = bearer(OTHER_TOKEN);
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(get(web, "/", &[("Authorization", &guess)]).await.status);
        statuses.push(log_in(web, OTHER_TOKEN, &[]).await.status);
    }
    assert_eq!(statuses, [[401; 10].as_slice(), &[429; 2]].concat());
    // Also the right one has to wait, or a guess would be told from it.
    assert_eq!(log_in(web, TOKEN, &[]).await.status, 429);
    // Who is in stays in, and others are not kept out.
    let cookie = session.cookie().unwrap();
    assert_eq!(get(web, "/", &[("Cookie", cookie)]).await.status, 200);
    let right = bearer(TOKEN);
    let headers = [("Authorization", right.as_str())];
    assert_eq!(
        send_from("127.0.0.2", web, "GET", "/", &headers, b"")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_new_token_is_found_and_ends_the_sessions_of_the_old_one() {
    let service = Service::with_token().await;
    let web = service.at.web;
    let cookie = log_in(web, TOKEN, &[]).await.cookie().unwrap().to_owned();
    let both = format!("{OTHER_TOKEN}\n{TOKEN}\n");
    service.write_secret("token", &both);
    for token in [TOKEN, OTHER_TOKEN] {
        assert_eq!(
            get(web, "/", &[("Authorization", &bearer(token))])
                .await
                .status,
            200
        );
    }
    assert_eq!(get(web, "/", &[("Cookie", &cookie)]).await.status, 200);
    service.write_secret("token", OTHER_TOKEN);
    assert_eq!(get(web, "/", &[("Cookie", &cookie)]).await.status, 401);
    assert_eq!(
        get(web, "/", &[("Authorization", &bearer(TOKEN))])
            .await
            .status,
        401
    );
    // A file that is being written is no token.
    service.write_secret("token", "");
    assert_eq!(
        get(web, "/", &[("Authorization", &bearer(OTHER_TOKEN))])
            .await
            .status,
        200
    );
}

fn proxy(from: &str) -> Admission {
    Admission::Proxy {
        header: "X-Forwarded-User".to_owned(),
        from: vec![from.parse().unwrap()],
    }
}

#[tokio::test]
async fn the_proxy_alone_says_who_looks() {
    let service = Service::start(proxy("127.0.0.7/32")).await;
    let web = service.at.web;
    let alice = [("X-Forwarded-User", "alice")];
    let by_proxy = async |headers: &[(&str, &str)]| {
        send_from("127.0.0.7", web, "GET", "/", headers, b"").await
    };
    let answer = by_proxy(&alice).await;
    assert_eq!(
        (answer.status, answer.body.contains("Some(\"alice\")")),
        (200, true),
        "{answer:?}"
    );
    assert_eq!(by_proxy(&[]).await.status, 403);
    assert_eq!(
        by_proxy(&[alice[0], ("X-Forwarded-User", "root")])
            .await
            .status,
        403
    );
    // Past the proxy, and with its name for where a request comes from.
    let past = [
        alice[0],
        ("X-Forwarded-For", "127.0.0.7"),
        ("Forwarded", "for=127.0.0.7"),
    ];
    for headers in [&alice[..], &past] {
        let answer = get(web, "/", headers).await;
        assert_eq!(answer.status, 403);
        assert!(!answer.body.contains("alice"), "{}", answer.body);
    }
    // Any host: it is the proxy's own name.
    assert_eq!(
        by_proxy(&[alice[0], ("Host", "keyfleet.example")])
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_name_that_is_markup_arrives_as_text_and_in_no_page_of_ours() {
    let service = Service::start(proxy("127.0.0.0/8")).await;
    let name = "<script>alert(1)</script>";
    let answer = get(service.at.web, "/", &[("X-Forwarded-User", name)]).await;
    assert!(
        answer.body.contains(name),
        "whoever shows it gets it as it is, and escapes it"
    );
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let twice = [("X-Forwarded-User", name), ("X-Forwarded-User", name)];
    assert!(
        !get(service.at.web, "/", &twice)
            .await
            .body
            .contains("script")
    );
    assert!(!log::text().contains(name));
}

#[tokio::test]
async fn the_token_is_in_no_answer_and_in_no_line_of_the_log() {
    let service = Service::with_token().await;
    let web = service.at.web;
    let (right, wrong) = (bearer(TOKEN), bearer(&format!("{TOKEN}x")));
    let mut told = String::new();
    for headers in [
        [("Authorization", right.as_str())],
        [("Authorization", &wrong)],
    ] {
        for path in ["/", "/headers", "/nothing", "/login"] {
            told.push_str(&format!("{:?}", get(web, path, &headers).await));
        }
    }
    for token in [TOKEN, "canary-token-wrong"] {
        told.push_str(&format!("{:?}", log_in(web, token, &[]).await));
    }
    told.push_str(&format!(
        "{:?}",
        post(web, "/login", &[FORM], b"canary-token=1&").await
    ));
    told.push_str(&format!(
        "{:?}",
        get(service.at.probes, "/metrics", &[]).await
    ));
    service.stop().await;
    let log = log::text();
    assert!(
        log.contains("somebody gave a wrong token"),
        "the log is looked at"
    );
    for text in [told, log] {
        let at = text.find("canary-token");
        assert!(
            at.is_none(),
            "{:?}",
            at.map(|at| text[at.saturating_sub(200)..]
                .chars()
                .take(400)
                .collect::<String>())
        );
    }
}
