//! A place to play in: servers, a repository that fits them, and what its declarations refer to. `sandbox` leaves one
//! running, `demo` tells its story in one.
//!
//! The servers are the embedded ones or, where somebody asks for it, real ones; whatever is done to them here goes over
//! their HTTP APIs, as a person would do it with `vault` and `kubectl`. keyfleet itself is only ever run as a command.

pub(super) mod address;
mod example;
mod fleet;
pub(super) mod folder;
pub(super) mod hands;
mod kubeconfig;
mod loopback;
mod real;
pub(super) mod repository;
pub(super) mod seed;
pub(super) mod servers;

pub(super) use fleet::Shape;

use address::Addresses;
use anyhow::Context;
use repository::Repository;
use std::path::{Path, PathBuf};

/// Everything that a person needs to go on by hand.
#[derive(Debug)]
pub(super) struct Playground {
    pub addresses: Addresses,
    pub repository: Repository,
    pub kubeconfig: PathBuf,
    /// Where all of it lies.
    pub folder: PathBuf,
}

impl Playground {
    /// Writes the files for these servers into `folder`, and puts into the servers what the declarations refer to.
    pub(super) async fn furnish(
        addresses: Addresses,
        shape: &Shape,
        folder: &Path,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> anyhow::Result<Self> {
        folder::claim(folder)?;
        let kubeconfig = kubeconfig::write(&addresses, folder)?;
        let repository = Repository::create(&folder.join("acme"))?;
        for (path, text) in fleet::files(shape, &addresses) {
            repository.write(&path, &text)?;
        }
        repository.commit("Onboard the fleet")?;
        seed::everything(shape, &addresses, progress).await?;
        let playground = Self {
            addresses,
            repository,
            kubeconfig,
            folder: folder.to_owned(),
        };
        playground.write_environment()?;
        Ok(playground)
    }

    /// What a shell has to know: name and value.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("VAULT_ADDR", self.addresses.vault.clone()),
            ("VAULT_TOKEN", self.addresses.vault_token.clone()),
            ("KUBECONFIG", self.kubeconfig.display().to_string()),
        ];
        if self.addresses.vault_ca_pem.is_some() {
            let file = self.folder.join("vault-ca.crt");
            variables.push(("VAULT_CACERT", file.display().to_string()));
        }
        variables
    }

    /// The last words, when the servers have ended.
    pub(super) fn farewell(&self) -> String {
        format!(
            "The servers are gone, with all that was in them.\nThe repository stays in {}.",
            self.repository.folder().display()
        )
    }

    /// For `. FOLDER/env`.
    fn write_environment(&self) -> anyhow::Result<()> {
        if let Some(pem) = &self.addresses.vault_ca_pem {
            write(&self.folder.join("vault-ca.crt"), pem)?;
        }
        let lines: String = self
            .environment()
            .iter()
            .map(|(name, value)| format!("export {name}={}\n", quoted(value)))
            .collect();
        folder::write_private(&self.folder.join("env"), &lines)
    }
}

/// What takes a folder away that nobody will miss.
pub(super) fn removal(folder: &Path) -> String {
    format!("rm -r {}", quoted(&folder.display().to_string()))
}

/// As a shell takes it for one word.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@%+,=".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).with_context(|| format!("failed to write {}", file.display()))
}
