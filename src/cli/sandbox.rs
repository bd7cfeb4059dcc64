//! `keyfleet sandbox`: the embedded Vault and clusters, left running to play with.

use super::common::Format;
use super::failure::Exit;
use super::interruption::Interruption;
use super::playground::folder::{Passing, must_be_free};
use super::playground::servers::Servers;
use super::playground::{Playground, Shape, quoted, removal};
use super::ui;
use crate::sandbox::vault::{self, Flavour};
use anyhow::Context;
use std::net::SocketAddr;
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
    /// A new or empty folder for the repository and the kubeconfig, which stays; a temporary one without it
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
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

impl Sandbox {
    pub(super) async fn run(&self) -> anyhow::Result<Exit> {
        let mut interruption = Interruption::caught()?;
        let temporary = Passing::temporary("sandbox");
        // The other terminal is somewhere else.
        let folder = std::path::absolute(self.folder.as_deref().unwrap_or(temporary.path()))
            .context("failed to find the folder")?;
        // Before the servers, which may take a while.
        must_be_free(&folder)?;
        let ready = tokio::select! {
            ready = self.ready(&folder) => Some(ready?),
            () = interruption.came() => None,
        };
        let Some((servers, playground)) = ready else {
            ui::talk(&match &self.folder {
                Some(_) => format!(
                    "\nEnded before it was ready; what was written stays in {}.",
                    folder.display()
                ),
                None => "\nEnded before it was ready; nothing of it stays.".to_owned(),
            });
            return Ok(Exit::Good);
        };
        match self.output {
            Format::Text => ui::data(&invitation(&playground, &servers, self.flavour)),
            Format::Json => ui::data(&format!("{}\n", places(&playground, &servers))),
        }
        interruption.came().await;
        drop(servers);
        self.part(&playground, temporary);
        Ok(Exit::Good)
    }

    async fn ready(&self, folder: &Path) -> anyhow::Result<(Servers, Playground)> {
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
        let furnished = Playground::furnish(servers.addresses(), &shape, folder, &progress);
        let playground = furnished.await?;
        drop(busy);
        Ok((servers, playground))
    }

    /// Somebody may have changed the repository, so it stays.
    fn part(&self, playground: &Playground, mut temporary: Passing) {
        let mut words = format!("\n{}", playground.farewell());
        if self.folder.is_none() {
            temporary.keep();
            let removal = removal(&playground.folder);
            words.push_str(&format!(" To take it away:\n\n  {removal}"));
        }
        ui::talk(&words);
    }
}

/// Whatever is to be typed stands in a line of its own, so that it can be copied as it is.
fn invitation(playground: &Playground, servers: &Servers, flavour: FlavourName) -> String {
    let command = own_name();
    let repository = quoted(&playground.repository.folder().display().to_string());
    let environment = quoted(&playground.folder.join("env").display().to_string());
    let variables: String = playground
        .environment()
        .iter()
        .map(|(name, value)| format!("  export {name}={}\n", quoted(value)))
        .collect();
    let names: Vec<&str> = playground
        .addresses
        .clusters
        .iter()
        .map(|cluster| cluster.name.as_str())
        .collect();
    let clusters = crate::report::count(names.len(), "cluster");
    let last = names.last().copied().unwrap_or_default();
    let (vault, other) = match flavour {
        FlavourName::OpenBao => ("bao", "vault"),
        FlavourName::HashiCorp => ("vault", "bao"),
    };
    let control = servers
        .control_address()
        .map_or_else(String::new, |address| control(address, last));
    format!(
        "A Vault and {clusters} are running on 127.0.0.1, in memory. Ctrl-C ends them.\n\n\
         In another terminal, first\n\n  . {environment}\n\nwhich does\n\n{variables}\n\
         and then, with a repository that describes them,\n\n  \
         {command} plan {repository}\n  {command} apply {repository}\n\n\
         or by hand ({other} does as well as {vault})\n\n  \
         {vault} kv get kv/shared/mail\n  kubectl get secrets -A --context {last}\n{control}",
    )
}

fn control(address: SocketAddr, cluster: &str) -> String {
    let faults = format!("http://{address}/faults/{cluster}");
    format!(
        "\nHow often each was asked:\n\n  curl http://{address}/counts\n\n\
         To let one of them hang, and to mend it:\n\n  \
         curl -X PUT {faults} -d '{{\"mishap\": \"hang\"}}'\n  curl -X DELETE {faults}\n"
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

/// As it was typed, where that is how it is found again, also from another folder.
pub(super) fn own_name() -> String {
    let typed = std::env::args().next().unwrap_or_default();
    if typed.is_empty() {
        return "keyfleet".to_owned();
    }
    if !typed.contains('/') {
        return typed;
    }
    let path = std::path::absolute(&typed);
    quoted(&path.map_or(typed, |path| path.display().to_string()))
}
