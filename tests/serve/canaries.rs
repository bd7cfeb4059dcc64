//! No value and no credential in anything that the service says, shows, or writes to disk.

use super::command::git;
use super::git::{Forge, SECRET, deliver, forge, https};
use super::process::{Ports, Service};
use super::reports::edit;
use super::road::{Road, Traffic};
use super::server::{Server, TOKEN as GIT_TOKEN};
use super::support::canary::Canaries;
use super::support::proxy::on;
use super::support::{Fault, Request, request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// With characters that every encoding has to encode.
const VALUE: &str = "canary-one \"quoted\" /+&<ü>\\ end-of-it";
const ROTATED: &str = "canary-two \"quoted\" /+&<ß>\\ end-of-it";
const BY_HAND: &str = "canary-by-hand \"quoted\" ?=%<é>\\ end";
const WEB_TOKEN: &str = "the-token-of-the-dashboard-4711";

/// The largest number of pages of so small a site.
const MOST_PAGES: usize = 400;

/// Everything that was said, by where.
type Said = BTreeMap<String, String>;

async fn own_token(forge: &Forge) -> String {
    let vault = forge.scene.north.vault;
    let body = json!({"policies": ["root"]});
    let (status, made) = vault.api("POST", "auth/token/create", Some(body)).await;
    assert_eq!(status, 200);
    made["auth"]["client_token"].as_str().unwrap().to_owned()
}

fn canaries(forge: &Forge, own_token: &str) -> Canaries {
    let mut canaries = Canaries::default();
    for (what, value) in [
        ("a value", VALUE),
        ("a rotated value", ROTATED),
        ("a value by hand", BY_HAND),
        ("keyfleet's own token", own_token),
        ("the token of git", GIT_TOKEN),
        ("the secret of the webhook", SECRET),
        ("the token of the dashboard", WEB_TOKEN),
    ] {
        canaries.add(what, value);
    }
    for member in forge.scene.members() {
        canaries.add("the token of a cluster", member.cluster.admin_token());
    }
    canaries
}

/// With every secret in a file outside of what is searched.
fn settings(forge: &Forge, ports: Ports, folder: &Path, branch: &str) -> String {
    let (here, vault) = (folder.display(), forge.scene.vault_proxy.url());
    let (access, web, probes, webhooks) = (&forge.access, ports.web, ports.probes, ports.webhooks);
    format!(
        "apiVersion: keyfleet.dev/v1alpha1\nkind: Service\nrepository:\n  interval: 5s\n{access}data: {here}/data\n\
         reconcile: {{interval: 5s}}\nvaults: {{main: {{address: \"{vault}\", token: {{file: {here}/own}}}}}}\n\
         web: {{listen: 127.0.0.1:{web}, token: {{file: {here}/web}}}}\nprobes: {{listen: 127.0.0.1:{probes}}}\n\
         webhooks: {{listen: 127.0.0.1:{webhooks}, from: [{{forge: github, secret: {{file: {here}/webhook}}}}]}}\n\
         reports:\n  sinks:\n    - name: files\n      directory: {here}/reports\n    - name: archive\n      branch:\n\
         {branch}        name: reports\n  schedules:\n    - name: often\n      \
         cron: \"* * * * *\"\n      zone: Europe/Berlin\n      to: [files, archive]\n      \
         formats: [text, markdown, html, json, junit, sarif]\n"
    )
}

/// A repository on the same server, where reports are pushed to.
fn archive(server: &Server, folder: &Path) -> (PathBuf, String) {
    let bare = server.root.path().join("private/reports.git");
    fs::create_dir_all(&bare).unwrap();
    git(&bare, &["init", "-q", "--bare"]);
    git(&bare, &["config", "http.receivepack", "true"]);
    let (url, here) = (server.url("private/reports.git"), folder.display());
    let authority = server.authority();
    let access = format!(
        "        url: {url}\n        token: {{file: {here}/git-token}}\n        certificateAuthority: {}\n",
        authority.display()
    );
    (bare, access)
}

/// Answers of servers that repeat what they should not.
fn break_servers(forge: &Forge, own_token: &str) {
    let encoded = STANDARD.encode(ROTATED);
    let message = format!("data[password]: Invalid value: \"{encoded}\": {ROTATED} of {own_token}");
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 422, "reason": "Invalid", "message": message,
        "details": {"name": "app", "kind": "Secret", "causes": [
            {"reason": "FieldValueInvalid", "message": message, "field": "data[password]"},
        ]},
    });
    let answer = |status: u16, body: String| {
        Fault::answer(status, &body).with_header("Content-Type", "application/json")
    };
    let scene = &forge.scene;
    let refusal = answer(422, status.to_string());
    scene
        .north
        .proxy
        .fault(on("PATCH", "/secrets/app"), refusal);
    let errors = json!({"errors": [message]}).to_string();
    let south = format!("/data/{}/", scene.south.name);
    scene
        .vault_proxy
        .fault(on("GET", &south), answer(500, errors));
}

/// A dashboard and an API, read by whoever may, from link to link.
async fn crawl(service: &Service, forge: &Forge, said: &mut Said) {
    let (north, apps) = (&forge.scene.north.name, format!("apps-{}", forge.scene.tag));
    let mut waiting: Vec<String> = [
        "fleet", "clusters", "findings", "held", "reports", "nothing",
    ]
    .iter()
    .map(|path| format!("/api/v1/{path}"))
    .collect();
    waiting.push("/".to_owned());
    waiting.push(format!("/api/v1/clusters/{north}"));
    waiting.push(format!("/api/v1/clusters/{north}/secrets"));
    waiting.push(format!("/api/v1/clusters/{north}/secrets/{apps}/app"));
    let mut seen = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        assert!(seen.len() < MOST_PAGES, "{seen:#?}");
        let url = format!("http://127.0.0.1:{}{path}", service.ports.web);
        let call = request::client(None).get(url).bearer_auth(WEB_TOKEN);
        let answer = call.send().await.unwrap();
        let headers = format!("{:?}", answer.headers());
        let text = answer.text().await.unwrap();
        let links = text.split("href=\"/").skip(1);
        waiting.extend(links.map(|link| {
            let link = link.split(['"', '#']).next().unwrap();
            format!("/{}", link.replace("&amp;", "&"))
        }));
        said.insert(format!("page {path}"), headers + &text);
    }
}

/// Names and contents of all files in a folder.
fn read_all(folder: &Path, said: &mut Said) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, said);
        } else {
            let text = fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&text).into_owned();
            said.insert(path.display().to_string(), text);
        }
    }
}

/// Those who come without the right credentials, with ones that are nearly right, and with too much.
async fn strangers(service: &Service) {
    let web = format!("http://127.0.0.1:{}/", service.ports.web);
    let hooks = format!(
        "http://127.0.0.1:{}/webhooks/github",
        service.ports.webhooks
    );
    let client = request::client(None);
    let wrong = client.get(&web).bearer_auth(format!("{WEB_TOKEN}x"));
    assert_eq!(request::send(wrong).await.0, 401);
    let in_the_address = client.get(format!("{web}findings?token={}", "a-guess"));
    assert_eq!(request::send(in_the_address).await.0, 401);
    assert_eq!(deliver(service, "bad", &format!("{SECRET}x")).await, 401);
    let unsigned = client
        .post(&hooks)
        .header("X-GitHub-Event", "push")
        .header("X-Hub-Signature-256", SECRET)
        .body(format!("{{\"secret\": \"{SECRET}\""));
    assert_eq!(request::send(unsigned).await.0, 401);
}

/// What a healthy day shows.
async fn while_all_is_well(service: &Service, forge: &Forge) -> Said {
    let (scene, mut said) = (&forge.scene, Said::new());
    service.until_secret(scene, "app", VALUE).await;
    edit(scene, BY_HAND).await;
    service.until_secret(scene, "app", VALUE).await;
    crawl(service, forge, &mut said).await;
    said
}

/// What a bad one says: servers that repeat what they should not, strangers, and a git server that breaks off.
async fn while_servers_fail(service: &Service, forge: &Forge, own: &str, road: &Road) {
    let scene = &forge.scene;
    break_servers(forge, own);
    for member in scene.members() {
        scene.put(member, "app", ROTATED).await;
    }
    scene.declare(&scene.south, "new");
    forge.push();
    strangers(service).await;
    service.until_said("does not accept data[password]").await;
    service
        .until("error of Vault", async || {
            let is_error = |request: &Request| request.status == Some(500);
            scene.vault_proxy.count(is_error) > 0
        })
        .await;
    edit(scene, BY_HAND).await;
    road.set(Traffic::CutAfter(100));
    service.until_said("the repository could not be read").await;
}

/// What is on disk and on the branch of the reports, once there is a report.
async fn kept(service: &Service, folder: &Path, bare: &Path, said: &mut Said) {
    let reports = folder.join("reports");
    service
        .until("report", async || {
            // A hidden one is on its way.
            let is_there =
                |file: &fs::DirEntry| !file.file_name().as_encoded_bytes().starts_with(b".");
            let files = fs::read_dir(&reports).into_iter().flatten().flatten();
            files.filter(is_there).count() >= 6 && bare.join("refs/heads/reports").exists()
        })
        .await;
    read_all(&folder.join("data"), said);
    read_all(&reports, said);
    let pushed = git(bare, &["log", "-p", "--format=raw", "reports"]);
    assert!(pushed.contains("drift: often"), "{pushed}");
    said.insert("what was pushed".to_owned(), pushed);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_and_no_credential_is_logged_shown_or_kept() {
    let (server, road) = https();
    let mut forge = forge("serve-canary", &server, &road).await;
    let folder = forge.scene.keyfleet.repository.parent().unwrap().to_owned();
    let own = own_token(&forge).await;
    fs::write(folder.join("own"), &own).unwrap();
    fs::write(folder.join("web"), WEB_TOKEN).unwrap();
    let canaries = canaries(&forge, &own);
    for (name, value) in [("RUST_LOG", "trace"), ("RUST_BACKTRACE", "1")] {
        let variable = (name.to_owned(), value.to_owned());
        forge.scene.variables.push(variable);
    }
    for member in forge.scene.members() {
        forge.scene.put(member, "app", VALUE).await;
    }
    let (bare, branch) = archive(&server, &folder);
    let service = Service::start_with(&forge.scene, |ports| {
        settings(&forge, ports, &folder, &branch)
    });
    let said = while_all_is_well(&service, &forge).await;
    while_servers_fail(&service, &forge, &own, &road).await;
    let mut later = Said::new();
    kept(&service, &folder, &bare, &mut later).await;
    crawl(&service, &forge, &mut later).await;
    assert!(later.len() > 20, "{:?}", later.keys());
    for path in ["/readyz?verbose", "/livez?verbose", "/metrics"] {
        let text = service.get(service.ports.probes, path).await.1;
        later.insert(path.to_owned(), text);
    }
    let log = service.log();
    let traced = log.lines().filter(|line| line.contains("TRACE")).count();
    assert!(traced > 200, "{traced} lines of the libraries' own");
    later.insert("the log".to_owned(), log);
    let all = said.iter().chain(&later);
    let hits = all.flat_map(|(place, text)| {
        let found = canaries.found_in(text).into_iter();
        found.map(move |what| format!("{what} in {place}"))
    });
    let hits: Vec<String> = hits.collect();
    assert!(hits.is_empty(), "{hits:#?}");
}
