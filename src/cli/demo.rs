//! `keyfleet demo`: what keyfleet does, told as a story on servers that it brings along.
//!
//! Every line of output comes from the command itself, started again for each step as a person would start it. What
//! people do by hand in the story is done over the servers' APIs, and shown as they would have typed it.

mod stage;
mod story;

use super::failure::Exit;
use super::interruption::Interruption;
use super::playground::servers::Servers;
use super::playground::{Playground, Shape};
use super::sandbox::new_folder;
use super::ui;
use crate::sandbox::vault;
use stage::Stage;
use uuid::Uuid;

#[derive(Debug, clap::Args)]
pub(super) struct Demo {
    /// On real servers: `bao` or `vault`, `etcd` and `kube-apiserver` of `KUBEBUILDER_ASSETS` or PATH
    #[arg(long)]
    real: bool,
    /// Leave the servers running after the story, until Ctrl-C
    #[arg(long)]
    stay: bool,
}

impl Demo {
    pub(super) async fn run(&self) -> anyhow::Result<Exit> {
        // Whoever has seen enough leaves no server behind.
        let mut interruption = Interruption::caught()?;
        let servers = tokio::select! {
            servers = self.servers() => servers?,
            () = interruption.came() => return Ok(Exit::Error),
        };
        tokio::select! {
            told = self.tell(&servers) => told?,
            () = interruption.came() => return Ok(Exit::Error),
        }
        if self.stay {
            interruption.came().await;
        }
        Ok(Exit::Good)
    }

    async fn servers(&self) -> anyhow::Result<Servers> {
        if self.real {
            let _busy = ui::busy("starting a Vault, etcd and two kube-apiservers".to_owned());
            return Servers::real(Shape::EXAMPLE).await;
        }
        let options = vault::Options {
            root_token: Uuid::new_v4().to_string(),
            ..vault::Options::default()
        };
        Servers::embedded(Shape::EXAMPLE, options).await
    }

    async fn tell(&self, servers: &Servers) -> anyhow::Result<()> {
        let folder = new_folder("demo");
        let furnished =
            Playground::furnish(servers.addresses(), &Shape::EXAMPLE, &folder, &|_, _| {});
        let stage = Stage::new(servers, furnished.await?)?;
        story::tell(&stage).await?;
        story::end(&stage, self.stay);
        Ok(())
    }
}
