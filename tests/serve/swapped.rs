//! Certificates and tokens that are replaced while it runs, as mounted Secrets are: no restart, and it goes on within a minute.

use super::process::Service;
use super::scene::{Member, Scene};
use super::support::tls::Authority;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::json;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_util::sync::CancellationToken;

const OFTEN: &str = "reconcile: {interval: 5s}\n";

/// The TLS of a real server, with a certificate that can be swapped.
struct Front {
    url: String,
    serving: Arc<Mutex<Serving>>,
}

struct Serving {
    acceptor: TlsAcceptor,
    /// Ends the connections that were made with it.
    ended: CancellationToken,
}

#[derive(Clone)]
struct Upstream {
    address: SocketAddr,
    tls: Option<TlsConnector>,
}

impl Upstream {
    /// `url` without a path; with an authority, it speaks TLS itself.
    fn of(url: &str, authority: Option<&str>) -> Self {
        let address = url.split_once("://").unwrap().1.parse().unwrap();
        let tls = authority.map(|pem| {
            let mut roots = rustls::RootCertStore::empty();
            let root = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
            roots.add(root).unwrap();
            let config = rustls::ClientConfig::builder().with_root_certificates(roots);
            TlsConnector::from(Arc::new(config.with_no_client_auth()))
        });
        Self { address, tls }
    }
}

impl Front {
    async fn start(upstream: Upstream, authority: &Authority) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let serving = Arc::new(Mutex::new(Serving::by(authority)));
        let current = Arc::clone(&serving);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, ended) = {
                    let serving = current.lock().unwrap();
                    (serving.acceptor.clone(), serving.ended.clone())
                };
                let upstream = upstream.clone();
                let carried = async move { carry(stream, &acceptor, &upstream).await };
                tokio::spawn(ended.run_until_cancelled_owned(carried));
            }
        });
        Self { url, serving }
    }

    /// As a server that starts again with another certificate.
    fn swap(&self, authority: &Authority) {
        let mut serving = self.serving.lock().unwrap();
        let old = std::mem::replace(&mut *serving, Serving::by(authority));
        old.ended.cancel();
    }
}

impl Serving {
    fn by(authority: &Authority) -> Self {
        Self {
            acceptor: authority.acceptor(),
            ended: CancellationToken::new(),
        }
    }
}

async fn carry(stream: TcpStream, acceptor: &TlsAcceptor, upstream: &Upstream) {
    // Who does not trust the certificate ends here.
    let Ok(mut client) = acceptor.accept(stream).await else {
        return;
    };
    let mut server = TcpStream::connect(upstream.address).await.unwrap();
    // However a connection ends, it has ended.
    if let Some(tls) = &upstream.tls {
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let mut server = tls.connect(name, server).await.unwrap();
        let _ = copy_bidirectional(&mut client, &mut server).await;
    } else {
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}

/// As Kubernetes swaps a mounted Secret: by another file in its place.
fn swap(path: &Path, text: &str) {
    let next = path.with_extension("next");
    fs::write(&next, text).unwrap();
    fs::rename(next, path).unwrap();
}

/// A rotation reaches the cluster: everything that is needed for it works.
async fn goes_on(scene: &Scene, service: &Service, member: &Member, value: &str) {
    scene.put(member, "app", value).await;
    service
        .until(value, async || {
            scene.secret(member, "app").await.as_deref() == Some(value)
        })
        .await;
}

async fn new_token(scene: &Scene) -> String {
    let body = json!({"policies": ["root"]});
    let vault = scene.north.vault;
    let (status, made) = vault.api("POST", "auth/token/create", Some(body)).await;
    assert_eq!(status, 200);
    made["auth"]["client_token"].as_str().unwrap().to_owned()
}

fn beside(scene: &Scene, name: &str) -> PathBuf {
    scene.keyfleet.repository.with_file_name(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_with_another_certificate_and_a_token_that_was_replaced() {
    let mut scene = Scene::applied("serve-swap-vault").await;
    let (one, two) = (Authority::new("one"), Authority::new("two"));
    let upstream = Upstream::of(scene.vault_proxy.url(), None);
    let front = Front::start(upstream, &one).await;
    let (trusted, token) = (beside(&scene, "vault-ca"), beside(&scene, "vault-token"));
    fs::write(&trusted, one.pem()).unwrap();
    scene.keyfleet.vault_addr.clone_from(&front.url);
    scene.keyfleet.vault_token = "of-nobody".to_owned();
    let variable = ("VAULT_CACERT".to_owned(), trusted.display().to_string());
    scene.variables.push(variable);
    let vaults = format!(
        "vaults: {{main: {{address: \"{}\", token: {{file: {}}}}}}}\n",
        front.url,
        token.display()
    );
    let service = Service::start(&scene, &(OFTEN.to_owned() + &vaults));
    let probes = service.ports.probes;
    let says = async |path: &str, text: &str| service.get(probes, path).await.1.contains(text);
    service.until_said("following").await;
    // Its file comes later, as from an agent.
    let lacking = "degraded: no token that is accepted for vault main";
    service
        .until(lacking, async || says("/readyz", lacking).await)
        .await;
    assert!(says("/metrics", "keyfleet_vault_up{vault=\"main\"} 0").await);
    let first = new_token(&scene).await;
    fs::write(&token, &first).unwrap();
    service
        .until("ok", async || says("/readyz", "ok").await)
        .await;
    goes_on(&scene, &service, &scene.north, "at-first").await;

    swap(&token, &new_token(&scene).await);
    let revoke = Some(json!({"token": first}));
    let revoked = scene.north.vault.api("POST", "auth/token/revoke", revoke);
    assert_eq!(revoked.await.0, 204);
    goes_on(&scene, &service, &scene.north, "with-another-token").await;

    front.swap(&two);
    service.until_said("certificate").await;
    assert!(!service.log().contains("panicked"), "{}", service.log());
    swap(&trusted, &two.pem());
    goes_on(&scene, &service, &scene.north, "with-another-authority").await;
    goes_on(&scene, &service, &scene.south, "and-the-other").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_with_another_certificate() {
    let scene = Scene::applied("serve-swap-cluster").await;
    let (one, two) = (Authority::new("one"), Authority::new("two"));
    let cluster = &scene.north.cluster;
    let upstream = Upstream::of(cluster.server(), Some(&cluster.ca_pem()));
    let front = Front::start(upstream, &one).await;
    let trust = |authority: &Authority| {
        scene.write_kubeconfig(|name, entry| {
            if name == scene.north.name {
                entry["server"] = front.url.as_str().into();
                entry["ca"] = authority.pem().into();
            }
        });
    };
    trust(&one);
    let service = Service::start(&scene, OFTEN);
    goes_on(&scene, &service, &scene.north, "at-first").await;

    front.swap(&two);
    scene.put(&scene.north, "app", "rotated").await;
    service.until_said("certificate").await;
    assert_eq!(
        scene.secret(&scene.north, "app").await.as_deref(),
        Some("at-first")
    );
    goes_on(&scene, &service, &scene.south, "the-other-goes-on").await;
    trust(&two);
    goes_on(&scene, &service, &scene.north, "with-another-authority").await;
}
