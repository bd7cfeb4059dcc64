//! `keyfleet demo`: what keyfleet does, told as a story on servers that it brings along.
//!
//! Every line of output comes from the command itself, started again for each step as a person would start it. What
//! people do by hand in the story is done over the servers' APIs, and shown as they would have typed it.

mod stage;
mod story;

use super::failure::Exit;
use super::interruption::Interruption;
use super::playground::folder::Passing;
use super::playground::servers::Servers;
use super::playground::{Playground, Shape, removal};
use super::ui;
use crate::sandbox::vault;
use anyhow::Context;
use stage::Stage;
use std::path::Path;
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
        let mut interruption = Interruption::caught()?;
        let mut folder = Passing::temporary("demo");
        let ready = tokio::select! {
            ready = self.ready(folder.path()) => Some(ready?),
            () = interruption.came() => None,
        };
        let Some((servers, playground)) = ready else {
            ui::talk("\nEnded before the story began; nothing of it stays.");
            return Ok(Exit::Interrupted);
        };
        folder.keep();
        let stage = Stage::new(&servers, playground)?;
        // First of all the interruption: what runs in the story hears of it as well, and ends otherwise than told.
        let exit = tokio::select! {
            biased;
            () = interruption.came() => Exit::Interrupted,
            told = story::tell(&stage) => {
                told.with_context(|| {
                    let repository = stage.playground.repository.folder();
                    format!("the story stopped; its repository stays in {}", repository.display())
                })?;
                story::end(&stage, self);
                Exit::Good
            }
        };
        if exit == Exit::Good {
            if !self.stay {
                return Ok(exit);
            }
            interruption.came().await;
        }
        let words = stage.playground.farewell();
        drop(stage);
        drop(servers);
        ui::talk(&format!(
            "\n{words} To take it away:\n\n  {}",
            removal(folder.path())
        ));
        Ok(exit)
    }

    /// The servers, and the place where the story plays.
    async fn ready(&self, folder: &Path) -> anyhow::Result<(Servers, Playground)> {
        let servers = self.servers().await?;
        let addresses = servers.addresses();
        let furnished = Playground::furnish(addresses, &Shape::EXAMPLE, folder, &|_, _| {});
        let playground = furnished.await?;
        Ok((servers, playground))
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
}
