//! Where the story plays: it prints what is told, runs what is typed, and stops when something ends otherwise than told.

use super::super::playground::Playground;
use super::super::playground::hands::Hands;
use super::super::playground::servers::Servers;
use super::super::ui;
use crate::report::{Ink, Style, wrapped};
use anyhow::Context;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Duration;
use tokio::process::Command;

/// Long enough to see that a new scene begins. Nobody reads where no terminal is.
const PACE: Duration = Duration::from_millis(350);
/// What a person's own shell may say, which is not meant for this Vault and these clusters.
const FOREIGN: [&str; 5] = [
    "VAULT_NAMESPACE",
    "VAULT_CACERT",
    "VAULT_TOKEN_MAIN",
    "RUST_LOG",
    "KEYFLEET_GIT_TOKEN",
];

pub(super) struct Stage<'a> {
    servers: &'a Servers,
    pub(super) playground: Playground,
    pub(super) vault: Hands,
    command: PathBuf,
    style: Style,
    pace: Duration,
}

impl<'a> Stage<'a> {
    pub(super) fn new(servers: &'a Servers, playground: Playground) -> anyhow::Result<Self> {
        let interactive = std::io::stdout().is_terminal();
        Ok(Self {
            servers,
            vault: Hands::on_vault(&playground.addresses)?,
            playground,
            command: std::env::current_exe().context("failed to find this command itself")?,
            style: ui::style(),
            pace: if interactive { PACE } else { Duration::ZERO },
        })
    }

    /// A new scene.
    pub(super) async fn scene(&self, title: &str, text: &str) {
        tokio::time::sleep(self.pace).await;
        ui::data(&format!(
            "\n{}\n",
            self.style.paint(Ink::Good, &format!("── {title}"))
        ));
        for line in wrapped(text, self.style.width.min(100)) {
            ui::data(&format!("{line}\n"));
        }
    }

    pub(super) fn say(&self, text: &str) {
        ui::data("\n");
        for line in wrapped(text, self.style.width.min(100)) {
            ui::data(&format!("{line}\n"));
        }
    }

    /// What somebody types who is not keyfleet.
    pub(super) fn typed(&self, line: &str) {
        ui::data("\n");
        for part in folded(&format!("$ {line}"), self.style.width) {
            ui::data(&format!("{}\n", self.style.paint(Ink::Strong, &part)));
        }
    }

    /// Added, removed, or the name of a file.
    pub(super) fn diff_line(&self, line: &str) {
        let ink = match line.chars().next() {
            Some('+') => Ink::Good,
            Some('-') => Ink::Bad,
            _ => Ink::Plain,
        };
        ui::data(&format!("{}\n", self.style.paint(ink, line)));
    }

    /// Runs keyfleet in the repository; it must end with this code.
    pub(super) async fn keyfleet(&self, arguments: &[&str], code: i32) -> anyhow::Result<()> {
        self.typed(&format!("keyfleet {}", arguments.join(" ")));
        let mut command = Command::new(&self.command);
        command
            // As it is told.
            .arg0("keyfleet")
            .args(arguments)
            .current_dir(self.playground.repository.folder())
            .envs(self.playground.environment())
            .kill_on_drop(true);
        // What it does, step by step, belongs to the story wherever that goes.
        let told = std::io::stdout().as_fd().try_clone_to_owned();
        command.stderr(told.context("failed to share stdout")?);
        for name in FOREIGN {
            command.env_remove(name);
        }
        let status = command.status().await;
        let status =
            status.with_context(|| format!("failed to start {}", self.command.display()))?;
        anyhow::ensure!(
            status.code() == Some(code),
            "the story went another way than it is told: `keyfleet {}` was to end with {code}, and ended with {status}",
            arguments.join(" ")
        );
        Ok(())
    }

    /// Somebody with an administrator's rights on this cluster.
    pub(super) fn hands_on(&self, cluster: &str) -> anyhow::Result<Hands> {
        let clusters = &self.playground.addresses.clusters;
        let found = clusters.iter().find(|known| known.name == cluster);
        Hands::on_cluster(found.with_context(|| format!("there is no cluster {cluster}"))?)
    }

    /// How often the servers were asked since this was last called; real ones do not count.
    pub(super) fn take_counts(&self) -> Option<crate::sandbox::WorldCounts> {
        self.servers.take_counts()
    }
}

/// A line of shell that fits the width, folded between words so that it can still be pasted. A word goes with what is
/// redirected into it by `<<<`.
fn folded(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words(line) {
        let begun = lines.last_mut().filter(|line| !line.is_empty());
        match begun {
            // Room for the backslash, which the last word of all would not need.
            Some(line) if line.chars().count() + 1 + word.chars().count() + 2 <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(line) => {
                line.push_str(" \\");
                lines.push(format!("    {word}"));
            }
            None => word.clone_into(&mut lines[0]),
        }
    }
    lines
}

/// Split at spaces, but not within single quotes and not after `<<<`.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let (mut start, mut is_quoted) = (0, false);
    for (at, letter) in line.char_indices() {
        match letter {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted && !line[start..at].ends_with("<<<") => {
                words.push(&line[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&line[start..]);
    words
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn a_long_command_folds_between_words_and_stays_the_same_command() {
        let line = "$ vault policy write prod-eu-kv-rw - <<< 'path \"kv/*\" { capabilities = [\"read\"] }'";
        assert_eq!(folded(line, 90), [line]);
        let parts = folded(line, 80);
        let expected = [
            "$ vault policy write prod-eu-kv-rw - \\",
            "    <<< 'path \"kv/*\" { capabilities = [\"read\"] }'",
        ];
        assert_eq!(parts, expected);
        assert_eq!(
            folded("$ keyfleet plan", 5),
            ["$ \\", "    keyfleet \\", "    plan"]
        );
    }
}
