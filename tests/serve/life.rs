//! Start, stop, kill, and settings that are read again.

use super::process::Service;
use super::scene::Scene;
use super::support::{Fault, Request};
use std::time::{Duration, Instant};

const OFTEN: &str = "reconcile: {interval: 5s}\n";

fn is_write(request: &Request) -> bool {
    matches!(request.method.as_str(), "PUT" | "POST" | "PATCH" | "DELETE")
        && !request.path.ends_with("/login")
        && !request.path.ends_with("/token")
}

#[tokio::test(flavor = "multi_thread")]
async fn it_onboards_keeps_equal_and_follows_what_is_declared() {
    let scene = Scene::declared("serve-follows").await;
    let service = Service::start(&scene, OFTEN);
    let app = async || scene.secret(&scene.south, "app").await;
    service
        .until("Secret", async || {
            app().await.as_deref() == Some("value-of-app")
        })
        .await;
    scene.put(&scene.south, "app", "rotated").await;
    service
        .until("rotation", async || {
            app().await.as_deref() == Some("rotated")
        })
        .await;
    scene.declare(&scene.north, "new");
    service.until_secret(&scene, "new", "value-of-new").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_end_it_finishes_the_write_in_hand_and_ends_within_ten_seconds() {
    let scene = Scene::declared("serve-term").await;
    let slow = Fault::Delay(Duration::from_secs(2));
    scene.vault_proxy.fault(is_write, slow);
    let mut service = Service::start(&scene, OFTEN);
    let writes = || -> Vec<Request> {
        let all = scene.vault_proxy.requests();
        all.into_iter().filter(is_write).collect()
    };
    service.until("write", async || !writes().is_empty()).await;
    service.signal("TERM");
    let begin = Instant::now();
    let status = service.ended().await;
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(status.code(), Some(0), "{}", service.log());
    assert!(service.log().contains("stopping after what is in hand"));
    let cut: Vec<Request> = writes()
        .into_iter()
        .filter(|write| write.status.is_none_or(|status| status >= 300))
        .collect();
    assert!(cut.is_empty(), "{cut:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_the_next_start_finishes() {
    let scene = Scene::declared("serve-kill").await;
    for moment in 0..12 {
        let service = Service::start(&scene, OFTEN);
        tokio::time::sleep(Duration::from_millis(150 * moment)).await;
        drop(service);
    }
    let service = Service::start(&scene, OFTEN);
    service
        .until("all Secrets", async || {
            scene.secret(&scene.north, "app").await.is_some()
                && scene.secret(&scene.south, "app").await.is_some()
        })
        .await;
    drop(service);
    assert_eq!(scene.run(&["plan"]).code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_read_again_and_bad_ones_are_not_taken() {
    let scene = Scene::applied("serve-hup").await;
    let service = Service::start(&scene, "reconcile: {interval: 5s, mode: report}\n");
    service.until_said("following").await;
    scene.put(&scene.north, "app", "rotated").await;
    service.resettle(&scene, "reconcile: {interval: 5s, mode: applly}\n");
    service.signal("HUP");
    service.until_said("did you mean `apply`?").await;
    service.until_said("the old ones stay in force").await;
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(
        scene.secret(&scene.north, "app").await.as_deref(),
        Some("value-of-app"),
        "mode: report writes nothing"
    );
    service.resettle(&scene, OFTEN);
    service.signal("HUP");
    service.until_secret(&scene, "app", "rotated").await;
}

/// One by one in one life: what cannot be taken is refused whole, with its place; what can is taken, also where it listens.
#[tokio::test(flavor = "multi_thread")]
async fn settings_are_taken_whole_or_not_at_all() {
    let scene = Scene::applied("serve-hup-whole").await;
    let service = Service::start(&scene, "reconcile: {interval: 5s, mode: report}\n");
    service.until_said("following").await;
    let reloaded = async |is_good: bool| {
        let expected = format!("keyfleet_settings_reload_success {}", u8::from(is_good));
        let is_so = async || {
            let metrics = service.get(service.ports.probes, "/metrics").await;
            metrics.1.contains(&expected)
        };
        service.until(&expected, is_so).await;
    };
    scene.put(&scene.north, "app", "rotated").await;
    service.resettle(&scene, "reconcile: {interval: 5s}\nlog: {format: json}\n");
    service.signal("HUP");
    service
        .until_said("`log.format` has changed, which takes a restart")
        .await;
    service.until_said("keyfleet.yaml:9:15").await;
    reloaded(false).await;
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = busy.local_addr().unwrap();
    let settings = std::fs::read_to_string(&service.settings).unwrap();
    let web = format!("web: {{listen: 127.0.0.1:{}}}", service.ports.web);
    let elsewhere = settings.replace(&web, &format!("web: {{listen: \"{busy}\"}}"));
    std::fs::write(
        &service.settings,
        elsewhere.replace("log: {format: json}\n", ""),
    )
    .unwrap();
    service.signal("HUP");
    service.until_said("another process has this port").await;
    assert_eq!(
        scene.secret(&scene.north, "app").await.as_deref(),
        Some("value-of-app"),
        "mode: report is still in force"
    );
    let token = service.settings.with_file_name("dashboard-token");
    std::fs::write(&token, "canary-of-the-dashboard\n").unwrap();
    let open = format!(
        "web: {{listen: \"0.0.0.0:{}\", token: {{file: {}}}}}",
        service.ports.web,
        token.display()
    );
    let good = settings.replace(&web, &open);
    std::fs::write(&service.settings, good.replace("log: {format: json}\n", "")).unwrap();
    service.signal("HUP");
    reloaded(true).await;
    assert_eq!(service.get(service.ports.web, "/api/v1/fleet").await.0, 401);
    service
        .until("rotation", async || {
            scene.secret(&scene.north, "app").await.as_deref() == Some("rotated")
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_waits_for_the_data_directory_and_takes_over() {
    let scene = Scene::applied("serve-lock").await;
    let first = Service::start(&scene, OFTEN);
    first.until_said("this process is active").await;
    let second = Service::start(&scene, OFTEN);
    second.until_said("standing by").await;
    scene.forget();
    scene.put(&scene.north, "app", "rotated").await;
    drop(first);
    second.until_said("this process is active").await;
    second.until_secret(&scene, "app", "rotated").await;
}
