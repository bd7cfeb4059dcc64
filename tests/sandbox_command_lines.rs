//! The ordinary kubectl works on a cluster of the sandbox, and prints what it prints on a real one.
#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test fail as the test does"
)]

pub(crate) mod support;

use keyfleet::sandbox::kubernetes;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is applied, and then changed.
const MANIFEST: &str = "apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: story, labels: { app: shop } }
data: { a: VALUE, b: two }
---
apiVersion: v1
kind: Secret
metadata: { name: key, namespace: story }
data: { p: cQ== }
";

/// With a field that there is none of, and a name that cannot be one.
const BAD: &str = "apiVersion: v1
kind: ConfigMap
metadata: { name: Bad_, namespace: story }
datas: { a: b }
";

/// As `kubectl get -o json` writes it.
const LIST: &str = r#"{ "apiVersion": "v1", "kind": "List", "items": [
    { "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "listed", "namespace": "story" }, "data": { "a": "b" } }
]}"#;

/// One line, one command; `{one}`, `{two}`, `{bad}` and `{list}` are files.
const STORY: &str = "\
create namespace story
get namespace story
create secret generic login -n story --from-literal=user=x
get secrets -n story
get secrets -n story -o wide
get secrets -n story --show-labels
get secret login -n story -o yaml
get secret login -n story -o name
get secret login -n story -o jsonpath={.data.user}
describe secret login -n story
create serviceaccount app -n story
create role reader -n story --verb=get,list --resource=secrets
create rolebinding readers -n story --role=reader --serviceaccount=story:app
create clusterrole story-namer --verb=get --resource=namespaces
create clusterrolebinding story-namers --clusterrole=story-namer --user=bob
get role,rolebinding -n story
get clusterrolebinding story-namers -o wide
describe role reader -n story
describe rolebinding readers -n story
describe serviceaccount app -n story
create token app -n story
create token app -n story --duration=10s
create token nobody -n story
auth whoami
auth whoami --as bob --as-group staff
auth can-i get secrets -n story --as system:serviceaccount:story:app
auth can-i delete secrets -n story --as system:serviceaccount:story:app
auth can-i get namespaces --as bob
auth can-i --list -n story --as bob
get secrets -n story --as system:serviceaccount:story:app
get configmaps -n story --as system:serviceaccount:story:app
get secrets -A --as bob
apply -f {one}
apply -f {one}
apply -f {one} --prune -l app=shop
create -f {bad} --validate=warn
create -f {bad}
diff -f {two}
describe configmap settings -n story
apply -f {list}
apply -f {two}
apply --server-side -f {one}
apply --server-side --field-manager=other -f {two}
apply --server-side --field-manager=other --force-conflicts -f {two}
apply --dry-run=server -f {one}
get configmap settings -n story -o yaml --show-managed-fields
label secret login -n story tier=one
label secret login -n story tier=two
label secret login -n story tier=two --overwrite
annotate secret login -n story note=hello
get secrets -n story -l tier=two
wait --for=delete secret/login -n story --timeout=1s
get secrets -n story --field-selector metadata.name=login
patch secret login -n story -p {\"data\":{\"z\":\"eA==\"}}
patch secret login -n story --type=json -p [{\"op\":\"remove\",\"path\":\"/data/z\"}]
create secret generic login -n story
get secret none -n story
get nothings
get all -n story
get pods -n story
get deploy,svc -n story -o wide
get nodes
get rc,ep,pvc,pv,ing,jobs,cj -n story
get events -n story
events -n story
describe namespace story
cluster-info
scale deployment none --replicas=2
rollout status deployment/none
logs none
delete pod none
create role of-pods -n story --verb=get --resource=pods,pods/log,deployments.apps
auth can-i get pods/log -n story --as bob
delete secret login -n story
delete -f {one}
delete clusterrolebinding story-namers
delete clusterrole story-namer
";

/// A server and the files to reach it with.
struct Place {
    folder: PathBuf,
    name: &'static str,
}

impl Place {
    fn new(folder: &Path, name: &'static str, server: &str, ca_pem: &str, token: &str) -> Self {
        let folder = folder.join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("ca.crt"), ca_pem).unwrap();
        let ca = folder.join("ca.crt").display().to_string();
        let config = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
             clusters: [{{ name: c, cluster: {{ server: '{server}', certificate-authority: '{ca}' }} }}]\n\
             users: [{{ name: u, user: {{ token: '{token}' }} }}]\n\
             contexts: [{{ name: c, context: {{ cluster: c, user: u }} }}]\n"
        );
        fs::write(folder.join("config"), config).unwrap();
        Self { folder, name }
    }

    /// The end and everything that was printed, without what is made up or takes its time.
    fn says(&self, kubectl: &Path, line: &str, files: &Path) -> String {
        let mut line = line.to_owned();
        for name in ["one", "two", "bad", "list"] {
            let file = files.join(name).display().to_string();
            line = line.replace(&format!("{{{name}}}"), &file);
        }
        let output = Command::new(kubectl)
            .arg("--kubeconfig")
            .arg(self.folder.join("config"))
            .args(line.split(' '))
            .env("HOME", &self.folder)
            .output()
            .unwrap_or_else(|error| panic!("kubectl for {}: {error}", self.name));
        let text = |bytes: &[u8]| masked(&String::from_utf8_lossy(bytes));
        format!(
            "{:?}\n{}{}",
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr)
        )
    }
}

/// Ages, times, uids, revisions, tokens and the names of temporary files.
fn masked(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut words: Vec<String> = line.split_whitespace().map(word).collect();
        // A line of a log: `W1128 time process file]`.
        if let [_, _, process, file, ..] = &mut words[..]
            && file.ends_with(']')
            && file.contains(".go:")
        {
            "<process>".clone_into(process);
        }
        lines.push(words.join(" "));
    }
    lines.join("\n") + "\n"
}

fn word(word: &str) -> String {
    let bare = word.trim_matches(['"', ',']);
    let is_age = bare
        .strip_suffix(['s', 'm', 'h'])
        .is_some_and(|number| number.chars().all(|digit| digit.is_ascii_digit()));
    let is_revision = bare.parse::<u64>().is_ok() && word.starts_with('"');
    let is_time = bare.parse::<jiff::Timestamp>().is_ok()
        || bare.parse::<jiff::civil::Date>().is_ok()
        || bare.parse::<jiff::civil::Time>().is_ok();
    let made_up = uuid::Uuid::try_parse(bare).is_ok()
        || bare.starts_with("eyJ")
        || bare.contains("https://127.0.0.1:")
        || bare.contains("LIVE-")
        || bare.contains("MERGED-");
    if is_age || is_revision || is_time || made_up {
        "<made up>".to_owned()
    } else {
        word.to_owned()
    }
}

#[tokio::test]
async fn kubectl_prints_the_same_on_the_sandbox_and_on_a_real_cluster() {
    let real = support::world().await.cluster("lines").await;
    let sandbox = kubernetes::Cluster::start(kubernetes::Options {
        name: "lines".to_owned(),
        port: 0,
        admin_token: real.admin_token().to_owned(),
        user_token: None,
    })
    .await
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().to_owned();
    fs::write(files.join("one"), MANIFEST.replace("VALUE", "one")).unwrap();
    fs::write(files.join("two"), MANIFEST.replace("VALUE", "other")).unwrap();
    fs::write(files.join("bad"), BAD).unwrap();
    fs::write(files.join("list"), LIST).unwrap();
    let token = real.admin_token();
    let ours = Place::new(
        folder.path(),
        "sandbox",
        sandbox.server(),
        sandbox.ca_pem(),
        token,
    );
    let theirs = Place::new(folder.path(), "real", real.server(), &real.ca_pem(), token);
    let told = tokio::task::spawn_blocking(move || {
        let kubectl = support::binaries::kubectl();
        let mut unlike = Vec::new();
        for line in STORY.lines() {
            let (ours, theirs) = std::thread::scope(|scope| {
                let ours = scope.spawn(|| ours.says(&kubectl, line, &files));
                let theirs = theirs.says(&kubectl, line, &files);
                (ours.join().unwrap(), theirs)
            });
            if ours != theirs {
                unlike.push(format!(
                    "kubectl {line}\n-- sandbox: {ours}\n-- real: {theirs}"
                ));
            }
        }
        unlike
    });
    let unlike = told.await.unwrap();
    drop((sandbox, folder));
    assert!(unlike.is_empty(), "{}", unlike.join("\n"));
}
