//! `keyfleet demo`: what keyfleet does, told as a story on servers that it brings along.
//!
//! Every line of output comes from the command itself, started again for each step as a person would start it. What
//! people do by hand in the story is done over the servers' APIs, and shown as they would have typed it.

mod stage;
mod story;

use super::failure::Exit;
use super::playground::servers::Servers;
use super::playground::{Playground, Shape};
use super::sandbox::new_folder;
use super::ui;
use crate::sandbox::vault;
use stage::Stage;
use tokio::signal::unix::{SignalKind, signal};
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
        let shape = Shape::EXAMPLE;
        let servers = if self.real {
            let _busy = ui::busy("starting a Vault, etcd and two kube-apiservers".to_owned());
            Servers::real(shape).await?
        } else {
            let options = vault::Options {
                root_token: Uuid::new_v4().to_string(),
                ..vault::Options::default()
            };
            Servers::embedded(shape, options).await?
        };
        let folder = new_folder("demo");
        let playground =
            Playground::furnish(servers.addresses(), &shape, &folder, &|_, _| {}).await?;
        let stage = Stage::new(&servers, playground)?;
        story::tell(&stage).await?;
        story::end(&stage, self.stay);
        if self.stay {
            let mut interrupted = signal(SignalKind::interrupt())?;
            let mut terminated = signal(SignalKind::terminate())?;
            tokio::select! {
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {}
            }
        }
        Ok(Exit::Good)
    }
}
