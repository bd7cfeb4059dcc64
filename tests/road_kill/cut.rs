//! The scene of one cluster that is to be onboarded, and what its end must be.
#![allow(
    unreachable_pub,
    reason = "it is shared by the modules of one test binary"
)]

use super::scene::Scene;
use super::support::{Fault, Purpose, Request};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;

/// A path and what lies there, without names of the scene, times and identities.
pub type End = BTreeMap<String, Value>;

/// `north` alone, declared and unheard of, with two Secrets.
pub async fn cold(tag: &str) -> Scene {
    let scene = Scene::declared(tag).await;
    std::fs::remove_dir_all(scene.path(&format!("clusters/{}", scene.south.name))).unwrap();
    scene.declare(&scene.north, "new");
    scene
}

/// `north` onboarded, and then changed in git and in Vault: one Secret goes and takes its access along, another's value
/// was rotated, and the role has another lifetime.
pub async fn changed(tag: &str) -> Scene {
    let scene = cold(tag).await;
    scene.apply_well();
    scene.remove(&format!("clusters/{}/new.yaml", scene.north.name));
    scene.put(&scene.north, "app", "rotated").await;
    scene.write_cluster(&scene.north, "  ttl: 1h\n");
    scene.forget();
    scene
}

/// What an undisturbed run writes, and what it comes to.
pub struct Undisturbed {
    pub writes: usize,
    pub end: End,
}

impl Undisturbed {
    async fn of(scene: Scene) -> Self {
        scene.apply_well();
        Self {
            writes: writes(&scene).len(),
            end: end(&scene).await,
        }
    }
}

/// Of a cluster that is unheard of.
pub async fn undisturbed() -> &'static Undisturbed {
    static COLD: OnceCell<Undisturbed> = OnceCell::const_new();
    COLD.get_or_init(|| async { Undisturbed::of(cold("undisturbed").await).await })
        .await
}

/// Of one that is changed.
pub async fn undisturbed_change() -> &'static Undisturbed {
    static CHANGED: OnceCell<Undisturbed> = OnceCell::const_new();
    CHANGED
        .get_or_init(|| async { Undisturbed::of(changed("unchanged").await).await })
        .await
}

/// Writes to Vault, then to the cluster, each in their order.
pub fn writes(scene: &Scene) -> Vec<Request> {
    [scene.vault_proxy.writes(), scene.north.proxy.writes()].concat()
}

pub async fn end(scene: &Scene) -> End {
    let snapshot = scene.snapshot().await;
    let plain = |text: String| text.replace(&scene.tag, "TAG");
    let stripped = |(name, mut object): (String, Value)| {
        for field in [
            "uid",
            "accessor",
            "uuid",
            "modified",
            "cas_required",
            "version",
        ] {
            object.as_object_mut().unwrap().remove(field);
        }
        for field in ["description", "policy"] {
            if let Some(text) = object[field].as_str() {
                object[field] = without_facts(text).into();
            }
        }
        (
            plain(name),
            serde_json::from_str(&plain(object.to_string())).unwrap(),
        )
    };
    snapshot.into_iter().map(stripped).collect()
}

/// A mark's digests are of texts with the names of the scene.
fn without_facts(text: &str) -> String {
    let line = |line: &str| {
        let words = line
            .split(' ')
            .filter(|word| !line.contains("keyfleet") || !word.contains('='));
        words.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The next run finishes, its end is that of the undisturbed one, and after it there is nothing to do.
pub async fn finishes(scene: &Scene, undisturbed: &Undisturbed, what: &str) {
    scene.vault_proxy.clear_faults();
    scene.north.proxy.clear_faults();
    let run = scene.apply();
    assert_eq!(run.code, 0, "{what}: {run:?}");
    assert_eq!(end(scene).await, undisturbed.end, "{what}");
    let plan = scene.run(&["plan"]);
    assert_eq!(plan.code, 0, "{what}: {plan:?}");
}

/// Counts writes over both servers; the one with this number, from zero, goes wrong.
pub struct Cut(Arc<Counted>);

#[derive(Default)]
struct Counted {
    writes: AtomicUsize,
    /// What goes wrong for good, where it does.
    path: Mutex<Option<String>>,
}

impl Cut {
    pub fn at(scene: &Scene, number: usize, faults: [&Fault; 2]) -> Self {
        Self::set(scene, number, faults, false)
    }

    /// And every further try of the same write.
    pub fn for_good(scene: &Scene, number: usize, faults: [&Fault; 2]) -> Self {
        Self::set(scene, number, faults, true)
    }

    /// The faults are those of Vault and of the cluster.
    fn set(scene: &Scene, number: usize, [vault, cluster]: [&Fault; 2], for_good: bool) -> Self {
        let counted = Arc::new(Counted::default());
        for (proxy, fault) in [(&scene.vault_proxy, vault), (&scene.north.proxy, cluster)] {
            let counted = Arc::clone(&counted);
            proxy.fault(
                move |request| counted.hits(request, number, for_good),
                fault.clone(),
            );
        }
        Self(counted)
    }

    pub fn is_reached(&self, number: usize) -> bool {
        self.0.writes.load(Ordering::SeqCst) > number
    }
}

impl Counted {
    fn hits(&self, request: &Request, number: usize, for_good: bool) -> bool {
        if request.purpose != Purpose::Write {
            return false;
        }
        let mut path = self.path.lock().unwrap();
        let hits = self.writes.fetch_add(1, Ordering::SeqCst) == number;
        if hits && for_good {
            *path = Some(request.path.clone());
        }
        hits || path.as_ref() == Some(&request.path)
    }
}

/// `keyfleet apply --yes`, under way.
pub fn start(scene: &Scene) -> Child {
    Command::new(env!("CARGO_BIN_EXE_keyfleet"))
        .args(["apply", "--yes"])
        .current_dir(&scene.keyfleet.repository)
        .env_clear()
        .env("HOME", scene.path(".."))
        .env("KUBECONFIG", &scene.keyfleet.kubeconfig)
        .env("VAULT_ADDR", &scene.keyfleet.vault_addr)
        .env("VAULT_TOKEN", &scene.keyfleet.vault_token)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

pub async fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(
            begin.elapsed() < Duration::from_secs(30),
            "{what} did not come"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
