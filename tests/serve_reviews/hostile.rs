//! Heads that were made to do harm: each ends as a bounded comment or a plain status, and the passes go on.

use super::scene::{Scene, grants};
use super::webhook::Said;
use keyfleet::forge::Kind;
use std::fs;
use std::path::Path;

/// Gives the state that it ended with.
async fn ends(
    scene: &Scene,
    service: &super::service::Service,
    edit: impl FnOnce(&Path),
) -> String {
    let passes = r#"keyfleet_passes_total{result="done"}"#;
    let before = service.counted(passes).await;
    let head = scene.pull(edit);
    assert_eq!(scene.say(service, &Said::of(&head)).await, 202);
    let posted = async || !scene.states(&head).is_empty();
    service.until("status", posted).await;
    let goes_on = async || service.counted(passes).await > before;
    service.until("further pass", goes_on).await;
    assert!(service.get("/readyz").await.starts_with("ok"));
    let longest = scene.forge.forge().longest_comment();
    for body in scene.forge.bodies() {
        assert!(body.len() <= longest, "{} bytes", body.len());
        let markup = outside_of_code(&body);
        for said in ["<script", "@everyone", "](javascript"] {
            assert!(!markup.contains(said), "{said} in {markup}");
        }
    }
    scene.states(&head).pop().unwrap()
}

/// What could be markup: in a span of code, nothing is.
fn outside_of_code(body: &str) -> String {
    let mut outside = String::new();
    let mut rest = body;
    while let Some(begin) = rest.find('`') {
        outside.push_str(&rest[..begin]);
        let fence = rest[begin..].chars().take_while(|it| *it == '`').count();
        let inside = &rest[begin + fence..];
        let end = inside.find(&"`".repeat(fence)).expect("a span that ends");
        rest = &inside[end + fence..];
    }
    outside + rest
}

fn secret(name: &str, key: &str) -> String {
    format!(
        "apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {{name: \"{name}\", namespace: shop}}\n\
         spec:\n  backendType: vault\n  data:\n  - {{key: \"{key}\", name: a, property: \"a\"}}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_head_ends_as_a_bounded_comment_or_a_status_and_the_passes_go_on() {
    let scene = Scene::new(Kind::GitHub).await;
    let service = scene.serve(&scene.settings("")).await;
    let folder = |root: &Path| root.join("clusters/prod-eu");

    let many = ends(&scene, &service, |root| {
        for number in 0..10_000 {
            let text = secret(&format!("s{number}"), &format!("kv/data/many/{number}"));
            fs::write(folder(root).join(format!("{number}.yaml")), text).unwrap();
        }
    });
    assert!(["success", "failure"].contains(&&*many.await));

    let bomb = ends(&scene, &service, |root| {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..30 {
            let before = format!("*a{}, ", level - 1).repeat(9);
            text += &format!("a{level}: &a{level} [{before}x]\n");
        }
        fs::write(folder(root).join("bomb.yaml"), text).unwrap();
        fs::write(folder(root).join("deep.yaml"), "[".repeat(900_000)).unwrap();
    });
    assert_eq!(bomb.await, "failure");

    let huge = ends(&scene, &service, |root| {
        let text = secret("huge", "kv/data/huge") + &"# x\n".repeat(6 << 20);
        fs::write(folder(root).join("huge.yaml"), text).unwrap();
    });
    assert_eq!(huge.await, "failure");

    let named = ends(&scene, &service, |root| {
        let markup = "<script>@everyone</script>";
        fs::write(
            folder(root).join("![x](javascript:x) @everyone.yaml"),
            secret(markup, markup),
        )
        .unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder(root).join("link.yaml")).unwrap();
        grants(root, "kv/data/@everyone/<script>");
    });
    assert_eq!(named.await, "failure");

    let much = ends(&scene, &service, |root| {
        for number in 0..12 {
            let text = secret(&format!("s{number}"), "kv/data/x") + &"# x\n".repeat(250_000);
            fs::write(folder(root).join(format!("{number}.yaml")), text).unwrap();
        }
    });
    assert_eq!(much.await, "error");
    service.until_said("a pull request is not reviewed").await;
    scene.nothing_leaked(&service).await;
}
