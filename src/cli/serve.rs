//! `keyfleet serve`: the service, until it is told to stop.

use super::failure::Exit;
use super::interruption::Interruption;
use super::ui;
use crate::connect::variable;
use crate::diagnostics::{self, Diagnostics, Sources};
use crate::git::{Access, Source};
use crate::serve::Signals;
use crate::serve::settings::{self, LogFormat, SecretSource, Settings};
use anyhow::Context;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// A directory, or a git URL (https, ssh, file), instead of the settings' `repository.url`
    #[arg(value_name = "REPO", env = "KEYFLEET_REPOSITORY")]
    repository: Option<String>,
    /// The settings file
    #[arg(long, value_name = "FILE", env = "KEYFLEET_SETTINGS")]
    settings: Option<PathBuf>,
    /// A branch, tag or commit, instead of the default branch
    #[arg(long = "ref", value_name = "REF", env = "KEYFLEET_REF")]
    reference: Option<String>,
    /// Only this cluster (can be repeated). What clusters share is then left alone
    #[arg(long = "cluster", value_name = "NAME")]
    clusters: Vec<String>,
    /// Whether to write, or only to look and report
    #[arg(long, value_enum, env = "KEYFLEET_MODE")]
    mode: Option<Mode>,
    /// Where the cache of git, the ledger of findings and the lock are kept
    #[arg(long, value_name = "FOLDER", env = "KEYFLEET_DATA")]
    data: Option<PathBuf>,
    /// Where the dashboard and the API listen
    #[arg(long, value_name = "ADDRESS", env = "KEYFLEET_LISTEN")]
    listen: Option<SocketAddr>,
    /// Where /livez, /readyz and /metrics listen
    #[arg(long, value_name = "ADDRESS", env = "KEYFLEET_PROBES")]
    probes: Option<SocketAddr>,
    /// How to log on stderr
    #[arg(long, value_enum, env = "KEYFLEET_LOG")]
    log: Option<Log>,
    /// Check the settings and end
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Mode {
    Apply,
    Report,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Log {
    Text,
    Json,
}

impl Serve {
    pub(super) async fn run(&self, verbose: u8) -> anyhow::Result<Exit> {
        let Some(settings) = self.read_settings()? else {
            return Ok(Exit::Error);
        };
        if self.check {
            ui::data("the settings are good\n");
            return Ok(Exit::Good);
        }
        let log = crate::serve::log::start(settings.log, verbose);
        let signals = signals()?;
        let reread = || match self.read_settings() {
            Ok(settings) => settings,
            Err(error) => {
                ui::talk(&format!("{error:#}"));
                None
            }
        };
        crate::serve::run(settings, &reread, signals, &log).await?;
        Ok(Exit::Good)
    }

    /// Flags and environment over the file, the file over what holds without it. `None` after what is wrong was shown.
    fn read_settings(&self) -> anyhow::Result<Option<Settings>> {
        let mut settings = Settings::new(default_data());
        if let Some(path) = &self.settings {
            match read_file(path, settings)? {
                Some(read) => settings = read,
                None => return Ok(None),
            }
        }
        from_environment(&mut settings);
        if let Some(repository) = &self.repository {
            settings.repository.source = Source::parse(repository)?;
        }
        if let Some(reference) = &self.reference {
            settings.repository.reference = Some(reference.clone());
        }
        if !self.clusters.is_empty() {
            settings.reconcile.clusters = self.clusters.iter().cloned().collect();
        }
        if let Some(mode) = self.mode {
            settings.reconcile.apply = mode == Mode::Apply;
        }
        if let Some(data) = &self.data {
            settings.data.clone_from(data);
        }
        settings.web.listen = self.listen.unwrap_or(settings.web.listen);
        settings.probes = self.probes.unwrap_or(settings.probes);
        settings.log = match self.log {
            Some(Log::Text) => LogFormat::Text,
            Some(Log::Json) => LogFormat::Json,
            None => settings.log,
        };
        settings.check()?;
        Ok(Some(settings))
    }
}

/// SIGTERM and Ctrl-C end the service, SIGHUP has the settings read again.
fn signals() -> anyhow::Result<Signals> {
    let stop = CancellationToken::new();
    let mut interruption = Interruption::caught()?;
    let told = stop.clone();
    tokio::spawn(async move {
        interruption.came().await;
        tracing::info!("stopping after what is in hand");
        told.cancel();
    });
    let mut hangup = signal(SignalKind::hangup()).context("failed to wait for SIGHUP")?;
    let (again, reload) = mpsc::channel(1);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            // One that waits already says the same.
            let _ = again.try_send(());
        }
    });
    Ok(Signals { stop, reload })
}

fn read_file(path: &Path, settings: Settings) -> anyhow::Result<Option<Settings>> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {shown}"))?;
    let mut problems = Diagnostics::default();
    let settings = settings::read(&shown, &text, settings, &mut problems);
    if !problems.is_empty() {
        let sources = Sources::from([(shown, text.into())]);
        ui::talk(diagnostics::render(&problems, &sources, ui::style().colour).trim_end());
    }
    Ok((!problems.has_errors()).then_some(settings))
}

/// What the other verbs take from the environment for git holds here too.
fn from_environment(settings: &mut Settings) {
    let repository = &mut settings.repository;
    let path = |name, now: Option<PathBuf>| variable(name).map(PathBuf::from).or(now);
    if let Some(username) = variable(Access::USERNAME) {
        repository.username = Some(username);
    }
    if variable(Access::TOKEN).is_some() {
        repository.token = Some(SecretSource::Environment(Access::TOKEN.to_owned()));
    }
    if let Some(file) = variable(Access::TOKEN_FILE) {
        repository.token = Some(SecretSource::File(PathBuf::from(file)));
    }
    let authority = repository.certificate_authority.take();
    repository.certificate_authority = path(Access::AUTHORITY, authority);
    repository.ssh_key = path(Access::SSH_KEY, repository.ssh_key.take());
    repository.known_hosts = path(Access::KNOWN_HOSTS, repository.known_hosts.take());
}

/// Where systemd says, or where a person's programs keep such things.
fn default_data() -> PathBuf {
    if let Some(given) = variable("STATE_DIRECTORY") {
        return PathBuf::from(given);
    }
    let home = variable("XDG_STATE_HOME").map(PathBuf::from).or_else(|| {
        let home = variable("HOME")?;
        Some(PathBuf::from(home).join(".local/state"))
    });
    home.unwrap_or_else(|| PathBuf::from("/var/lib"))
        .join("keyfleet")
}
