//! Failures that have a value or a token at hand, and must not show it.

use super::output::{VALUES, Watched};
use super::support::{Fault, proxy::on};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// An API server that repeats what was sent to it, as real ones do for what they do not accept.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_secret_is_refused_without_its_value() {
    let watched = Watched::new("refused").await;
    let encoded = STANDARD.encode(VALUES[0]);
    let message = format!(
        "Secret \"app\" is invalid: data[password]: Invalid value: \"{encoded}\": {}",
        VALUES[0]
    );
    for (status, reason) in [
        (422, "Invalid"),
        (400, "BadRequest"),
        (403, "Forbidden"),
        (500, "InternalError"),
        (409, "Conflict"),
    ] {
        let body = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "reason": reason, "message": message,
            "details": {"name": "app", "kind": "Secret", "causes": [
                {"reason": "FieldValueInvalid", "message": message, "field": "data[password]"},
            ]},
        });
        let refusal = Fault::answer(status, &body.to_string())
            .with_header("Content-Type", "application/json");
        watched.scene.north.proxy.clear_faults();
        watched
            .scene
            .north
            .proxy
            .fault(on("PATCH", "/secrets/app"), refusal);
        watched.run_all(&["apply", "--yes"]);
        watched.run_all(&["apply", "--yes", "-o", "json"]);
    }
    watched.assert_said("does not accept data[password]");
    watched.assert_silent();
}

/// What comes in place of a value: pages and errors that hold it.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_no_value_is_not_repeated() {
    let watched = Watched::new("pages").await;
    let token = watched.scene.keyfleet.vault_token.clone();
    let (value, encoded) = (VALUES[0], STANDARD.encode(VALUES[0]));
    let page = format!("<html>{value} {encoded} {token}</html>");
    let errors = json!({"errors": [format!("1 error occurred: {value} of {token}")]}).to_string();
    let data = json!({"data": {"data": value, "metadata": {"version": 1}}}).to_string();
    let broken = format!("{{\"data\": {{\"data\": {{\"password\": \"{value}");
    for (status, kind, body) in [
        (200, "text/html", &page),
        (502, "text/html", &page),
        (200, "application/json", &data),
        (200, "application/json", &broken),
        (403, "application/json", &errors),
        (500, "application/json", &errors),
    ] {
        let answer = Fault::answer(status, body).with_header("Content-Type", kind);
        watched.scene.vault_proxy.clear_faults();
        watched.scene.vault_proxy.fault(on("GET", "/data/"), answer);
        watched.run_all(&["apply", "--yes"]);
    }
    watched.assert_said("the answer is not one of Vault's API");
    for path in ["sys/auth", "/login"] {
        let answer = Fault::answer(400, &errors).with_header("Content-Type", "application/json");
        watched.scene.vault_proxy.clear_faults();
        watched.scene.vault_proxy.fault(on("*", path), answer);
        watched.run_all(&["plan"]);
        watched.run_all(&["status", "-o", "json"]);
    }
    watched.assert_silent();
}

/// Values that cannot be used as they are asked for, and Secrets that cannot take them.
#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_cannot_be_used_is_not_shown() {
    let watched = Watched::new("unusable").await;
    let scene = &watched.scene;
    let north = &scene.north;
    let (folder, namespace) = (
        format!("clusters/{}", north.name),
        format!("apps-{}", scene.tag),
    );
    let app = scene.external_secret(&north.name, "app");
    let named = |name: &str| app.replace("name: app\n", &format!("name: {name}\n"));
    scene.write(
        &format!("{folder}/binary.yaml"),
        &(named("binary") + "      isBinary: true\n"),
    );
    scene.write(
        &format!("{folder}/missing.yaml"),
        &named("missing").replace("property: password", "property: user.name"),
    );
    scene.write(
        &format!("{folder}/nested.yaml"),
        &named("nested").replace("property: password", "property: password.of"),
    );
    scene.write(&format!("{folder}/frozen.yaml"), &named("frozen"));
    let frozen = json!({"metadata": {"name": "frozen"}, "immutable": true, "data": {"password": STANDARD.encode(VALUES[2])}});
    north
        .cluster
        .create(&format!("/api/v1/namespaces/{namespace}/secrets"), frozen)
        .await;
    for _ in 0..2 {
        watched.run_all(&["apply", "--yes"]);
    }
    watched.run_all(&["plan", "-o", "json"]);
    watched.run_all(&["status"]);
    for said in ["base64", "user.name", "immutable"] {
        watched.assert_said(said);
    }
    watched.assert_silent();
}

/// Credentials in the wrong place, or broken ones in the right place.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_credential_is_not_shown() {
    let watched = Watched::new("credentials").await;
    let scene = &watched.scene;
    let north = &scene.north;
    // A kubeconfig in Vault that is none.
    let head =
        std::fs::read_to_string(scene.path(&format!("clusters/{}/cluster.yaml", north.name)))
            .unwrap();
    let context = format!("    kubeconfig:\n      context: {}\n", north.name);
    for (property, kubeconfig) in [
        ("kubeconfig", VALUES[0].to_owned()),
        ("token", VALUES[1].to_owned()),
        (
            "kubeconfig",
            format!(
                "apiVersion: v1\nusers: [{{name: a, user: {{token: '{}'}}\n",
                VALUES[0]
            ),
        ),
    ] {
        scene.put(north, "access", &kubeconfig).await;
        let vault = format!(
            "    vault:\n      path: {}/data/{}/access\n      {property}: password\n",
            scene.mount(),
            north.name
        );
        assert!(head.contains(&context));
        scene.write(
            &format!("clusters/{}/cluster.yaml", north.name),
            &head.replace(&context, &vault),
        );
        watched.run_all(&["plan"]);
        watched.run_all(&["status", "-o", "json"]);
    }
    // A private key where the CA is meant to be.
    scene.write(&format!("clusters/{}/cluster.yaml", north.name), &head);
    let key = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        VALUES[3]
    );
    scene.write(&format!("clusters/{}/ca.crt", north.name), &key);
    watched.run_all(&["validate"]);
    watched.run_all(&["plan", "-o", "json"]);
    // Tokens that no header takes.
    let mut keyfleet = watched.scene.keyfleet.clone();
    keyfleet.vault_token = format!("{}\nsecond line", VALUES[3]);
    let run = keyfleet.run_with(&["plan"], &[("RUST_LOG", "trace")]);
    assert_eq!(run.code, 1);
    assert!(
        !run.err.contains(VALUES[3]) && !run.out.contains(VALUES[3]),
        "the token is shown"
    );
    watched.assert_said("this is not a PEM certificate");
    watched.assert_silent();
}

/// A reviewer token in Vault, of which keyfleet only knows that it is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_reviewer_token_is_not_shown() {
    let watched = Watched::new("reviewer").await;
    watched.run_all(&["apply", "--yes"]);
    let north = &watched.scene.north;
    let namespace = format!("es-{}", watched.scene.tag);
    let jwt = north.cluster.token_request(&namespace, "reader").await;
    watched.watch("the reviewer's token", &jwt);
    let body = json!({
        "kubernetes_host": north.cluster.server(), "kubernetes_ca_cert": north.cluster.ca_pem(),
        "token_reviewer_jwt": jwt, "disable_local_ca_jwt": true,
    });
    let (status, _) = north
        .vault
        .api("POST", &format!("auth/{}/config", north.name), Some(body))
        .await;
    assert_eq!(status, 204);
    watched.run_all(&["plan"]);
    watched.run_all(&["plan", "-o", "json"]);
    watched.run_all(&["apply", "--yes", "-o", "json"]);
    watched.run_all(&["status"]);
    watched.assert_silent();
}
