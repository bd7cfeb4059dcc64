//! `keyfleet sandbox`: the embedded Vault and clusters, left running to play with.

use super::common::Format;
use super::failure::Exit;
use super::interruption::Interruption;
use super::playground::servers::Servers;
use super::playground::{Playground, Shape};
use super::ui;
use crate::sandbox::vault::{self, Flavour};
use std::path::{Path, PathBuf};
use uuid::Uuid;

#[derive(Debug, clap::Args)]
pub(super) struct Sandbox {
    /// How many Kubernetes clusters
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u16).range(1..=5000))]
    clusters: u16,
    /// Declare this many Secrets on every cluster, instead of the example's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=1000))]
    secrets: Option<u16>,
    /// A new folder for the repository and the kubeconfig
    #[arg(long, value_name = "FOLDER", default_value_os_t = new_folder("sandbox"), hide_default_value = true)]
    folder: PathBuf,
    /// Whose API the Vault speaks
    #[arg(long, value_enum, default_value = "openbao")]
    flavour: FlavourName,
    /// The port of the Vault, on 127.0.0.1; any free one without it
    #[arg(
        long,
        value_name = "PORT",
        default_value = "0",
        hide_default_value = true
    )]
    vault_port: u16,
    /// Let the Vault speak TLS as well, with `VAULT_CACERT`
    #[arg(long)]
    vault_tls: bool,
    /// How to print where everything is
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum FlavourName {
    #[value(name = "openbao")]
    OpenBao,
    #[value(name = "hashicorp")]
    HashiCorp,
}

/// Nobody else's, and below where temporary things go.
pub(super) fn new_folder(what: &str) -> PathBuf {
    let id = Uuid::new_v4().simple().to_string();
    std::env::temp_dir().join(format!("keyfleet-{what}-{}", &id[..8]))
}

impl Sandbox {
    pub(super) async fn run(&self) -> anyhow::Result<Exit> {
        let mut interruption = Interruption::caught()?;
        let shape = Shape {
            clusters: usize::from(self.clusters),
            secrets: self.secrets.map(usize::from),
        };
        let options = vault::Options {
            flavour: match self.flavour {
                FlavourName::OpenBao => Flavour::OpenBao,
                FlavourName::HashiCorp => Flavour::HashiCorp,
            },
            port: self.vault_port,
            root_token: Uuid::new_v4().to_string(),
            tls: self.vault_tls,
        };
        let servers = Servers::embedded(shape, options).await?;
        let busy = ui::progress("furnishing");
        let progress = |done, all| busy.at(done, all);
        let addresses = servers.addresses();
        let furnished = Playground::furnish(addresses, &shape, &self.folder, &progress);
        let playground = tokio::select! {
            playground = furnished => playground?,
            () = interruption.came() => return Ok(Exit::Good),
        };
        drop(busy);
        match self.output {
            Format::Text => ui::data(&invitation(&playground, &servers)),
            Format::Json => ui::data(&format!("{}\n", places(&playground, &servers))),
        }
        interruption.came().await;
        ui::talk(&format!(
            "\nThe servers are gone, with all that was in them. The repository stays in {}.",
            playground.repository.folder().display()
        ));
        Ok(Exit::Good)
    }
}

fn invitation(playground: &Playground, servers: &Servers) -> String {
    let command = own_name();
    let repository = playground.repository.folder().display();
    let variables: String = playground
        .environment()
        .iter()
        .map(|(name, value)| format!("  export {name}={value}\n"))
        .collect();
    let clusters = crate::report::count(playground.addresses.clusters.len(), "cluster");
    let control = servers.control_address().map_or_else(String::new, |address| {
        format!(
            "How often each was asked:  curl http://{address}/counts\n\
             To let one of them hang:   curl -X PUT http://{address}/faults/prod-eu -H 'Content-Type: application/json' \
             -d '{{\"mishap\": \"hang\"}}'\n\
             and to mend it:            curl -X DELETE http://{address}/faults/prod-eu\n"
        )
    });
    format!(
        "A Vault and {clusters} are running on 127.0.0.1, in memory. Ctrl-C ends them.\n\n{variables}\n\
         or, in one line:\n\n  . {environment}\n\n\
         The repository is {repository}. In another terminal:\n\n  \
         {command} plan {repository}\n  {command} apply {repository}\n  \
         kubectl get secrets\n  vault kv get kv/shared/mail       (or bao)\n\n{control}",
        environment = quoted(&playground.folder.join("env")),
    )
}

/// The same for a program, in one line.
fn places(playground: &Playground, servers: &Servers) -> serde_json::Value {
    let environment: serde_json::Map<_, _> = playground
        .environment()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    serde_json::json!({
        "schema": "keyfleet.dev/sandbox/v1",
        "repository": playground.repository.folder(),
        "environment": environment,
        "control": servers.control_address().map(|address| format!("http://{address}")),
    })
}

/// As it was typed, where that is how it is found again.
pub(super) fn own_name() -> String {
    let typed = std::env::args().next().unwrap_or_default();
    if typed.is_empty() {
        "keyfleet".to_owned()
    } else {
        typed
    }
}

fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    if text.contains(' ') {
        format!("'{text}'")
    } else {
        text
    }
}
