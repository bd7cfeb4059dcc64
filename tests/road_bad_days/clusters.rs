//! A cluster's API server fails.

use super::scene::Scene;
use super::support::{Fault, proxy::on};
use super::{Elsewhere, hits_north_only};
use std::time::Instant;

fn html(status: u16) -> Fault {
    Fault::answer(status, "<html>log in here</html>").with_header("Content-Type", "text/html")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_whose_ca_in_the_kubeconfig_is_another() {
    let scene = Scene::applied("kubeca").await;
    let other = scene.south.cluster.ca_pem();
    scene.write_kubeconfig(|name, entry| {
        if name.starts_with("north") {
            entry["ca"] = other.as_str().into();
        }
    });
    hits_north_only(&scene, &["north: failed to read Namespace kube-system, which tells clusters apart: the certificate of NORTH is not signed by the CA in the kubeconfig FOLDER/kubeconfig (context north) | put the CA that the cluster uses now into the kubeconfig FOLDER/kubeconfig (context north), if this is the right cluster"], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_whose_token_is_not_valid_any_more() {
    let scene = Scene::applied("kubetoken").await;
    scene.write_kubeconfig(|name, entry| {
        if name.starts_with("north") {
            entry["token"] = "of-yesterday".into();
        }
    });
    hits_north_only(&scene, &["north: failed to read Namespace kube-system, which tells clusters apart: NORTH does not accept the credentials of the kubeconfig FOLDER/kubeconfig (context north) | they may have expired or been revoked: renew them in the kubeconfig FOLDER/kubeconfig (context north)"], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_lets_keyfleet_do_nothing() {
    let scene = Scene::applied("kube403").await;
    let user = scene.north.cluster.user_token().to_owned();
    scene.write_kubeconfig(|name, entry| {
        if name.starts_with("north") {
            entry["token"] = user.as_str().into();
        }
    });
    hits_north_only(&scene, &[r#"north: failed to list the Secrets that keyfleet manages: it is not allowed: secrets is forbidden: User "user" cannot list resource "secrets" in API group "" at the cluster scope | grant this to the identity of the kubeconfig FOLDER/kubeconfig (context north); an admission webhook may also have refused"#, r#"north: failed to read ClusterRoleBinding tokenreview: it is not allowed: clusterrolebindings.rbac.authorization.k8s.io "tokenreview" is forbidden: User "user" cannot get resource "clusterrolebindings" in API group "rbac.authorization.k8s.io" at the cluster scope | grant this to the identity of the kubeconfig FOLDER/kubeconfig (context north); an admission webhook may also have refused"#, r#"north: failed to read Namespace es: it is not allowed: namespaces "es" is forbidden: User "user" cannot get resource "namespaces" in API group "" in the namespace "es" | grant this to the identity of the kubeconfig FOLDER/kubeconfig (context north); an admission webhook may also have refused"#, r#"north: failed to read ServiceAccount es/reader: it is not allowed: serviceaccounts "reader" is forbidden: User "user" cannot get resource "serviceaccounts" in API group "" in the namespace "es" | grant this to the identity of the kubeconfig FOLDER/kubeconfig (context north); an admission webhook may also have refused"#, r#"north: failed to read the metadata of Secret apps/app: it is not allowed: secrets "app" is forbidden: User "user" cannot get resource "secrets" in API group "" in the namespace "apps" | grant this to the identity of the kubeconfig FOLDER/kubeconfig (context north); an admission webhook may also have refused"#, r#"north: failed to read the metadata of Secret apps/new: it is not allowed: secrets "new" is forbidden: User "user" cannot get resource "secrets" in API group "" in the namespace "apps" | grant this to the identity of the kubeconfig FOLDER/kubeconfig (context north); an admission webhook may also have refused"#], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_down() {
    let scene = Scene::applied("down").await;
    scene.write_kubeconfig(|name, entry| {
        if name.starts_with("north") {
            entry["server"] = "https://127.0.0.1:1".into();
        }
    });
    hits_north_only(&scene, &["north: failed to read Namespace kube-system, which tells clusters apart: https://127.0.0.1:1 refuses connections | check that the API server runs, and that this machine may reach it"], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_hangs_is_waited_for_once_in_a_run() {
    let scene = Scene::applied("hung").await;
    scene.north.proxy.fault(on("*", ""), Fault::Hang);
    scene.declare(&scene.south, "new");
    let begin = Instant::now();
    let run = scene.apply();
    assert_eq!(run.code, 1);
    // Two rounds, and one wait.
    assert!(begin.elapsed().as_secs() < 45, "{:?}", begin.elapsed());
    assert_eq!(scene.north.proxy.requests().len(), 1);
    let told = scene.plain(&run.out);
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("NORTH did not answer within 30 s check that the API server is well"),
        "{told}"
    );
    assert_eq!(
        scene.secret(&scene.south, "new").await.as_deref(),
        Some("value-of-new")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_whose_place_a_page_takes() {
    let scene = Scene::applied("html").await;
    scene.north.proxy.fault(on("*", ""), html(200));
    hits_north_only(&scene, &["north: failed to read Namespace kube-system, which tells clusters apart: the answer is not what this API answers | a proxy or login page may answer in place of the API server: check the address"], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_whose_place_an_error_page_takes() {
    let scene = Scene::applied("html502").await;
    scene.north.proxy.fault(on("*", ""), html(502));
    hits_north_only(&scene, &["north: failed to read Namespace kube-system, which tells clusters apart: NORTH answered 502 with something that is not a Kubernetes status | a proxy or load balancer may answer in place of the API server: check the address and what lies between"], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_sends_elsewhere() {
    let scene = Scene::applied("redirect").await;
    let elsewhere = Elsewhere::new();
    let to = format!("https://{}/login", elsewhere.address());
    scene.north.proxy.fault(
        on("*", ""),
        Fault::answer(307, "").with_header("Location", &to),
    );
    hits_north_only(&scene, &["north: failed to read Namespace kube-system, which tells clusters apart: NORTH redirects to 127.0.0.1, which keyfleet never follows | give the API server's own address; a login page or proxy is in between"], &[]).await;
    elsewhere.assert_not_asked();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_asks_for_patience_gets_it() {
    let scene = Scene::applied("patience").await;
    let busy = Fault::answer(429, "").with_header("Retry-After", "1");
    scene.north.proxy.fault_times(2, on("*", ""), busy);
    scene.declare(&scene.north, "new");
    let begin = Instant::now();
    scene.apply_well();
    assert!(begin.elapsed().as_secs() >= 1, "it did not wait");
    assert_eq!(
        scene.secret(&scene.north, "new").await.as_deref(),
        Some("value-of-new")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_overloaded_for_good() {
    let scene = Scene::applied("overload").await;
    let busy = Fault::answer(429, "").with_header("Retry-After", "0");
    scene.north.proxy.fault(on("*", ""), busy);
    hits_north_only(&scene, &["north: failed to read Namespace kube-system, which tells clusters apart: the API server asks for fewer requests | it is overloaded; the next run tries again"], &[]).await;
}
