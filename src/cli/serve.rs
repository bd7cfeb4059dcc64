//! `keyfleet serve`: the service, until it is told to stop.

use super::failure::Exit;
use super::interruption::Interruption;
use super::ui;
use crate::connect::variable;
use crate::diagnostics::{self, Diagnostic, Diagnostics, Place, Sources};
use crate::git::{Access, Source};
use crate::pipeline;
use crate::serve::settings::{self, LogFormat, SecretSource};
use crate::serve::{Reading, Settings, Signals};
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
    /// Check the settings and end: with all that this machine and a folder with declarations tell, or `--check=file`, for
    /// settings of another machine
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    check: Option<Check>,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Check {
    All,
    File,
}

impl Serve {
    pub(super) async fn run(&self, verbose: u8) -> anyhow::Result<Exit> {
        let mut reading = self.read_settings();
        if self.check == Some(Check::All) {
            check_names(&mut reading).await;
        }
        let is_good = !reading.problems.has_errors();
        if self.check.is_some() {
            show(&reading);
            if is_good {
                ui::data("the settings are good\n");
            }
            return Ok(if is_good { Exit::Good } else { Exit::Error });
        }
        let format = reading.settings.log;
        let log = crate::serve::log::start(format, verbose);
        match format {
            LogFormat::Text => show(&reading),
            LogFormat::Json => crate::serve::log::problems(&reading.problems),
        }
        if !is_good {
            return Ok(Exit::Error);
        }
        let signals = signals()?;
        let reread = || self.read_settings();
        match crate::serve::run(reading.settings, &reread, signals, &log).await {
            // Whoever reads the log by a program reads this, too.
            Err(error) if format == LogFormat::Json => {
                tracing::error!(target: "keyfleet::serve", "{error:#}");
                Ok(Exit::Error)
            }
            ended => ended.map(|()| Exit::Good),
        }
    }

    /// Flags and environment over the file, the file over what holds without it.
    fn read_settings(&self) -> Reading {
        let mut reading = match &self.settings {
            Some(path) => read_file(path),
            None => Reading {
                settings: Settings::new(default_data()),
                problems: Diagnostics::default(),
                sources: Sources::default(),
            },
        };
        from_environment(&mut reading.settings);
        self.give(&mut reading.settings, &mut reading.problems);
        if !reading.problems.has_errors() {
            reading.settings.check(&mut reading.problems);
            if self.check != Some(Check::File) {
                reading.settings.check_here(&mut reading.problems);
            }
        }
        reading
    }

    /// What the flags say, or the variables of the same meaning.
    fn give(&self, settings: &mut Settings, problems: &mut Diagnostics) {
        let mut given = std::mem::take(&mut settings.places);
        if let Some(repository) = &self.repository {
            given.give("repository.url", "REPO or KEYFLEET_REPOSITORY");
            match Source::parse(repository) {
                Ok(source) => settings.repository.source = source,
                Err(error) => problems.error(&given.of("repository.url"), error.to_string()),
            }
        }
        if let Some(reference) = &self.reference {
            given.give("repository.ref", "--ref or KEYFLEET_REF");
            settings.repository.reference = Some(reference.clone());
        }
        if !self.clusters.is_empty() {
            given.give("reconcile.clusters", "--cluster");
            settings.reconcile.clusters = self.clusters.iter().cloned().collect();
        }
        if let Some(mode) = self.mode {
            settings.reconcile.apply = mode == Mode::Apply;
        }
        if let Some(data) = &self.data {
            given.give("data", "--data or KEYFLEET_DATA");
            settings.data.clone_from(data);
        }
        if let Some(listen) = self.listen {
            given.give("web.listen", "--listen or KEYFLEET_LISTEN");
            settings.web.listen = listen;
        }
        if let Some(probes) = self.probes {
            given.give("probes.listen", "--probes or KEYFLEET_PROBES");
            settings.probes = probes;
        }
        settings.log = match self.log {
            Some(Log::Text) => LogFormat::Text,
            Some(Log::Json) => LogFormat::Json,
            None => settings.log,
        };
        settings.places = given;
    }
}

/// Where the declarations are a folder, they are looked at as well. One with errors says nothing of what the fleet has.
async fn check_names(reading: &mut Reading) {
    let repository = &reading.settings.repository;
    if matches!(repository.source, Source::Remote(_)) || reading.problems.has_errors() {
        return;
    }
    let (source, reference) = (repository.source.clone(), repository.reference.clone());
    let read = pipeline::read(source, reference, repository.limits, Access::default());
    let (settings, problems) = (&reading.settings, &mut reading.problems);
    let place = settings.places.of("repository.url");
    match read.await.map(pipeline::compile) {
        Ok(wanted) if wanted.is_empty => {
            let empty = Diagnostic::warning(&place, "the repository holds no declaration at all");
            problems
                .push(empty.hint("keyfleet waits for one: name the folder that fleet.yaml is in"));
        }
        Ok(wanted) if wanted.is_plannable() => {
            settings.check_names(&wanted.desired, problems);
        }
        Ok(_) => {
            let unusable =
                Diagnostic::warning(&place, "fleet.yaml has errors, and cannot be followed");
            problems.push(unusable.hint("`keyfleet validate` says which"));
        }
        Err(error) => problems.error(&place, format!("{error:#}")),
    }
}

/// For a person at a terminal.
fn show(reading: &Reading) {
    if !reading.problems.is_empty() {
        let colour = ui::style().colour;
        let shown = diagnostics::render(&reading.problems, &reading.sources, colour);
        ui::talk(shown.trim_end());
    }
}

/// SIGTERM and Ctrl-C end the service, SIGHUP has the settings read again.
fn signals() -> anyhow::Result<Signals> {
    let stop = CancellationToken::new();
    let mut interruption = Interruption::caught()?;
    let told = stop.clone();
    tokio::spawn(async move {
        interruption.came().await;
        tracing::info!(target: "keyfleet::serve", "stopping after what is in hand");
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

fn read_file(path: &Path) -> Reading {
    let shown = path.display().to_string();
    let without = Settings::new(default_data());
    let mut problems = Diagnostics::default();
    match std::fs::read_to_string(path) {
        Ok(text) => Reading {
            settings: settings::read(&shown, &text, without, &mut problems),
            problems,
            sources: Sources::from([(shown, text.into())]),
        },
        Err(error) => {
            let place = Place::outside(&shown);
            let unread = Diagnostic::error(&place, format!("the settings cannot be read: {error}"));
            problems.push(unread.hint("name the settings file with --settings"));
            Reading {
                settings: without,
                problems,
                sources: Sources::default(),
            }
        }
    }
}

/// What the other verbs take from the environment for git holds here too.
fn from_environment(settings: &mut Settings) {
    let (repository, places) = (&mut settings.repository, &mut settings.places);
    let mut given = |setting, name| {
        let value = variable(name)?;
        places.give(setting, name);
        Some(value)
    };
    if let Some(username) = given("repository.username", Access::USERNAME) {
        repository.username = Some(username);
    }
    if given("repository.token", Access::TOKEN).is_some() {
        repository.token = Some(SecretSource::Environment(Access::TOKEN.to_owned()));
    }
    if let Some(file) = given("repository.token", Access::TOKEN_FILE) {
        repository.token = Some(SecretSource::File(PathBuf::from(file)));
    }
    for (setting, name, path) in [
        (
            "repository.certificateAuthority",
            Access::AUTHORITY,
            &mut repository.certificate_authority,
        ),
        (
            "repository.sshKey",
            Access::SSH_KEY,
            &mut repository.ssh_key,
        ),
        (
            "repository.knownHosts",
            Access::KNOWN_HOSTS,
            &mut repository.known_hosts,
        ),
    ] {
        if let Some(value) = given(setting, name) {
            *path = Some(PathBuf::from(value));
        }
    }
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
