//! Declarations that cannot be read: what is missing may only seem so, and nothing is deleted for it.

use super::nothing_deleted;
use super::scene::{Member, Scene};
use super::support::Run;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

/// Both clusters hold the Secret `old` as well, and nobody declares it any more.
async fn with_an_undeclared_secret(tag: &str) -> Scene {
    let scene = Scene::declared(tag).await;
    for member in scene.members() {
        scene.declare(member, "old");
    }
    scene.apply_well();
    for member in scene.members() {
        scene.remove(&format!("clusters/{}/old.yaml", member.name));
    }
    scene.forget();
    scene
}

async fn has_old(scene: &Scene, member: &Member) -> bool {
    scene.secret(member, "old").await.is_some()
}

async fn grants_old(scene: &Scene, member: &Member) -> bool {
    let (_, policy) = member
        .vault
        .api(
            "GET",
            &format!("sys/policies/acl/{}-kv-rw", member.name),
            None,
        )
        .await;
    let text = policy["data"]["policy"].as_str().unwrap().to_owned();
    text.contains(&format!("{}/data/{}/old", scene.mount(), member.name))
}

/// Held changes as `kind name: why`.
fn held(scene: &Scene, plan: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let all = plan["held"].as_array().into_iter().flatten();
    let mut lines: Vec<String> = all
        .map(|held| {
            let why: Vec<String> = held["why"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|why| text(&why["text"]))
                .collect();
            scene.plain(&format!(
                "{} {}: {}",
                text(&held["kind"]),
                text(&held["name"]),
                why.join("; ")
            ))
        })
        .collect();
    lines.sort();
    lines
}

fn told(scene: &Scene, run: &Run, what: &str) {
    let err = scene.plain(&run.err);
    assert!(err.contains(what), "{what:?} is not in:\n{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_does_not_parse_keeps_what_its_cluster_has() {
    let scene = with_an_undeclared_secret("broken").await;
    let file = format!("clusters/{}/broken.yaml", scene.north.name);
    scene.write(&file, "apiVersion: v1\nkind: [\n");
    let plan = scene.plan_json();
    assert_eq!(
        held(&scene, &plan),
        [
            "Policy north-kv-rw: a declaration here could not be read",
            "Secret apps/old: a declaration here could not be read"
        ]
    );
    assert_eq!(plan["inSync"], false);
    // It may be declared in that very file.
    let summary = "perhaps no longer declared: a declaration of this cluster has an error";
    assert_eq!(plan["held"][1]["summary"], summary);
    let drift = scene.run(&["drift"]);
    assert!(
        drift.out.contains("perhaps no longer declared"),
        "{drift:?}"
    );
    assert!(!drift.out.contains(" no longer declared  "), "{drift:?}");
    let run = scene.apply();
    assert_eq!(run.code, 1, "{run:?}");
    told(&scene, &run, "clusters/north/broken.yaml:");
    assert!(has_old(&scene, &scene.north).await && grants_old(&scene, &scene.north).await);
    assert!(!has_old(&scene, &scene.south).await && !grants_old(&scene, &scene.south).await);
    // No approval releases it: only the file does.
    let id = plan["held"][0]["id"].as_str().unwrap();
    scene.run(&[
        "apply",
        "--yes",
        "--approve",
        id,
        "--approve",
        plan["held"][1]["id"].as_str().unwrap(),
    ]);
    assert!(has_old(&scene, &scene.north).await && grants_old(&scene, &scene.north).await);
    scene.remove(&file);
    scene.apply_well();
    assert!(!has_old(&scene, &scene.north).await && !grants_old(&scene, &scene.north).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_a_folder_of_declarations_keeps_what_its_cluster_has() {
    let scene = with_an_undeclared_secret("linked").await;
    symlink(
        "/tmp",
        scene.path(&format!("clusters/{}/team", scene.north.name)),
    )
    .unwrap();
    let run = scene.apply();
    assert_eq!(run.code, 1, "{run:?}");
    told(&scene, &run, "clusters/north/team");
    assert!(has_old(&scene, &scene.north).await && grants_old(&scene, &scene.north).await);
    assert!(!has_old(&scene, &scene.south).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_group_keeps_what_every_cluster_has() {
    for (number, (group, file)) in [("apiVersion: [", "group.yaml"), ("kind: [", "mail.yaml")]
        .into_iter()
        .enumerate()
    {
        let scene = with_an_undeclared_secret(&format!("group{number}")).await;
        let good = "apiVersion: keyfleet.dev/v1alpha1\nkind: Group\nmetadata:\n  name: all\nspec:\n  clusterSelector: {}\n";
        scene.write("groups/all/group.yaml", good);
        scene.write(&format!("groups/all/{file}"), group);
        assert_nothing_goes(&scene, &format!("groups/all/{file}:")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_behind_a_link_keep_what_every_cluster_has() {
    let scene = with_an_undeclared_secret("grouplink").await;
    symlink("/tmp", scene.path("groups")).unwrap();
    assert_nothing_goes(&scene, "groups").await;
    fs::remove_file(scene.path("groups")).unwrap();
    fs::create_dir(scene.path("groups")).unwrap();
    symlink("/tmp", scene.path("groups/all")).unwrap();
    assert_nothing_goes(&scene, "groups/all").await;
}

async fn assert_nothing_goes(scene: &Scene, place: &str) {
    let before = scene.snapshot().await;
    let run = scene.apply();
    assert_eq!(run.code, 1, "{run:?}");
    told(scene, &run, place);
    assert_eq!(scene.snapshot().await, before);
    for member in scene.members() {
        assert!(has_old(scene, member).await && grants_old(scene, member).await);
    }
}

/// Everything follows from it, down to the name that the marks of the fleet carry.
#[tokio::test(flavor = "multi_thread")]
async fn with_errors_in_the_fleet_no_server_is_asked_anything() {
    let scene = with_an_undeclared_secret("nofleet").await;
    let good = scene.fleet(None);
    let before = scene.snapshot().await;
    for broken in [
        "apiVersion: [\n".to_owned(),
        good.replace("vaults:", "vualts:"),
        good.replace("  name: nofleet\n", "  name: nofleet\n  name: other\n"),
        good.replace("kind: Fleet", "kind: Flotilla"),
        good.replace("path: kv-nofleet", "path: \"../sys\""),
        format!("{good}---\n{good}"),
    ] {
        scene.write("fleet.yaml", &broken);
        for arguments in [
            &["plan"][..],
            &["plan", "-o", "json"],
            &["apply", "--yes"],
            &["status"],
        ] {
            let run = scene.run(arguments);
            assert_eq!(run.code, 1, "{broken}\n{run:?}");
            told(&scene, &run, "fleet.yaml:");
            told(
                &scene,
                &run,
                "error: fleet.yaml has errors, and everything follows from it: no server was looked at\n",
            );
            // Whoever asked for JSON gets what is wrong in it; nobody gets a plan.
            let is_json = arguments.contains(&"json");
            assert!(
                run.out.is_empty() || is_json && run.out.contains("\"changes\": []"),
                "{}",
                run.out
            );
        }
    }
    scene.remove("fleet.yaml");
    symlink("/dev/null", scene.path("fleet.yaml")).unwrap();
    assert_eq!(scene.run(&["apply", "--yes"]).code, 1);
    let asked: usize = [&scene.vault_proxy, &scene.north.proxy, &scene.south.proxy]
        .iter()
        .map(|proxy| proxy.requests().len())
        .sum();
    assert_eq!(asked, 0);
    nothing_deleted(&before, &scene.snapshot().await);
}

/// A cluster that cannot be read is not a cluster that was taken out.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_behind_a_link_or_in_a_submodule_is_not_abandoned() {
    let scene = with_an_undeclared_secret("hidden").await;
    let folder = scene.path(&format!("clusters/{}", scene.north.name));
    let aside = scene.path("aside");
    fs::rename(&folder, &aside).unwrap();
    symlink(&aside, &folder).unwrap();
    is_not_abandoned(&scene).await;

    fs::remove_file(&folder).unwrap();
    fs::rename(&aside, &folder).unwrap();
    git(
        &scene,
        &format!("clusters/{}", scene.north.name),
        &["init", "--quiet"],
    );
    is_not_abandoned(&scene).await;

    git(&scene, ".", &["init", "--quiet"]);
    let inner = format!("clusters/{}", scene.north.name);
    git(&scene, &inner, &["add", "."]);
    git(&scene, &inner, &["commit", "--quiet", "-m", "inner"]);
    git(&scene, ".", &["add", "."]);
    git(&scene, ".", &["commit", "--quiet", "-m", "outer"]);
    let run = scene.run(&["plan", "--ref", "HEAD"]);
    told(&scene, &run, "clusters/north");
    assert_eq!(run.code, 1);
    is_not_abandoned(&scene).await;
}

async fn is_not_abandoned(scene: &Scene) {
    let before = scene.snapshot().await;
    let plan = scene.plan_json();
    let of_north = |entry: &&Value| {
        entry["name"]
            .as_str()
            .is_some_and(|name| name.starts_with("north"))
    };
    let touched: Vec<_> = ["changes", "held", "waiting"]
        .iter()
        .flat_map(|list| plan[list].as_array().into_iter().flatten())
        .filter(of_north)
        .collect();
    assert!(touched.is_empty(), "{touched:?}");
    let run = scene.apply();
    assert_eq!(run.code, 1, "{run:?}");
    told(scene, &run, "clusters/north");
    let after = scene.snapshot().await;
    let north = before
        .into_iter()
        .filter(|(name, _)| name.contains("north"))
        .collect();
    nothing_deleted(&north, &after);
}

fn git(scene: &Scene, folder: &str, arguments: &[&str]) {
    let done = Command::new("git")
        .args([
            "-c",
            "user.name=somebody",
            "-c",
            "user.email=somebody@example.org",
            "-c",
            "advice.addEmbeddedRepo=false",
        ])
        .args(arguments)
        .current_dir(scene.path(folder))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}
