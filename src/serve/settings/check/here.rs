//! What this machine tells: whether the files, folders and variables that the settings name are there, and for whom.

use super::{Destination, Places, Repository, Settings, Source};
use crate::connect::OwnCredential;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::serve::secrets::exposure;
use crate::serve::settings::{Active, Admission, SecretSource};
use crate::serve::{sinks, web};
use rustix::fs::{Access, access};
use std::io;
use std::path::{Path, PathBuf};

/// Where something is that is missing, and whether it may still come.
#[derive(Clone, Copy)]
enum Missing {
    /// Nothing works without it.
    Wrong,
    /// Others may write it later: it is looked for until it is there.
    MayCome,
}

struct Look<'a> {
    places: &'a Places,
    problems: &'a mut Diagnostics,
}

impl Settings {
    /// What this machine tells. It looks as the user that it runs as, and reads each secret to see that it can.
    pub fn check_here(&self, problems: &mut Diagnostics) {
        let mut look = Look {
            places: &self.places,
            problems,
        };
        look.at_followed(&self.repository);
        self.look_at_logins(&mut look);
        self.look_at_listeners(&mut look);
        self.look_at_sinks(&mut look);
        if let Some(review) = &self.review {
            look.at_secret("review.token", &review.token, Missing::Wrong);
        }
        look.at_folder("data", &self.data);
        if matches!(self.active, Active::Lease { context: None, .. }) && !is_in_a_pod() {
            let wrong = "without `context`, this is a Lease of the cluster that keyfleet runs in, and here it runs in none";
            let hint = "name a `context` of the kubeconfig, or write `active: {lock: true}`";
            look.wrong("active.lease", wrong, hint);
        }
    }

    fn look_at_logins(&self, look: &mut Look<'_>) {
        for (name, vault) in &self.vaults {
            let (field, path) = match &*vault.credential {
                OwnCredential::Token(_) => continue,
                OwnCredential::TokenFile(path) => ("token", path),
                OwnCredential::ServiceAccount { token_file, .. } => ("kubernetes", token_file),
                OwnCredential::AppRole { secret_id_file, .. } => ("appRole", secret_id_file),
            };
            let source = SecretSource::File(path.clone());
            look.at_secret(&format!("vaults.{name}.{field}"), &source, Missing::MayCome);
        }
    }

    fn look_at_listeners(&self, look: &mut Look<'_>) {
        if let Admission::Token(source) = &self.web.admission {
            look.at_exposure("web.token", source);
            look.result("web.token", web::check_admission(&self.web));
        }
        for (index, hook) in self.webhooks.from.iter().enumerate() {
            let setting = format!("webhooks.from.{index}.secret");
            look.at_exposure(&setting, &hook.secret);
            look.result(&setting, web::check_webhook(hook));
        }
    }

    fn look_at_sinks(&self, look: &mut Look<'_>) {
        for (index, sink) in self.reports.sinks.iter().enumerate() {
            let setting = |field: &str| format!("reports.sinks.{index}.{field}");
            let (field, source) = match &sink.to {
                Destination::Directory(folder) => {
                    look.at_folder(&setting("directory"), folder);
                    continue;
                }
                Destination::Branch { repository, .. } => {
                    look.at_access(&setting("branch"), repository);
                    continue;
                }
                Destination::Webhook(source) => ("webhook.url", source),
                Destination::Slack(source) => ("slack.url", source),
                Destination::Teams(source) => ("teams.url", source),
            };
            look.at_exposure(&setting(field), source);
            look.result(&setting(field), sinks::check_address(source));
        }
    }
}

impl Look<'_> {
    fn wrong(&mut self, setting: &str, wrong: impl Into<String>, hint: impl Into<String>) {
        let place = self.places.of(setting);
        self.problems
            .push(Diagnostic::error(&place, wrong).hint(hint));
    }

    fn result<E: ToString>(&mut self, setting: &str, result: Result<(), E>) {
        if let Err(error) = result {
            let place = self.places.of(setting);
            self.problems.error(&place, error.to_string());
        }
    }

    fn at_secret(&mut self, setting: &str, source: &SecretSource, missing: Missing) {
        self.at_exposure(setting, source);
        if let Err(error) = source.read() {
            let place = self.places.of(setting);
            let wrong = error.to_string();
            self.problems.push(match missing {
                Missing::Wrong => Diagnostic::error(&place, wrong),
                Missing::MayCome => Diagnostic::warning(&place, wrong)
                    .hint("keyfleet starts, and takes it as soon as it is there"),
            });
        }
    }

    fn at_exposure(&mut self, setting: &str, source: &SecretSource) {
        if let SecretSource::File(path) = source
            && let Some(exposed) = exposure(path)
        {
            let place = self.places.of(setting);
            let hint = "make it 0400 and the user's that keyfleet runs as";
            self.problems
                .push(Diagnostic::warning(&place, exposed).hint(hint));
        }
    }

    /// The repository that is followed.
    fn at_followed(&mut self, repository: &Repository) {
        let folder = match &repository.source {
            Source::Remote(_) => return self.at_access("repository", repository),
            Source::Directory(path) | Source::File(path) => path,
        };
        let wrong = match std::fs::metadata(folder) {
            Ok(found) if found.is_dir() => return,
            Ok(_) => "it is a file".to_owned(),
            Err(error) => error.to_string(),
        };
        let wrong = format!(
            "the repository {} cannot be read: {wrong}",
            folder.display()
        );
        let hint = "name a folder that is there, or the address of a server: https://… or ssh://…";
        self.wrong("repository.url", wrong, hint);
    }

    /// What keyfleet shows to a git server, and what it knows that one by.
    fn at_access(&mut self, section: &str, repository: &Repository) {
        if let Some(token) = &repository.token {
            self.at_secret(&format!("{section}.token"), token, Missing::Wrong);
        }
        if let Some(key) = &repository.ssh_key {
            let key = SecretSource::File(key.clone());
            self.at_secret(&format!("{section}.sshKey"), &key, Missing::Wrong);
        }
        let known = [
            ("knownHosts", &repository.known_hosts),
            ("certificateAuthority", &repository.certificate_authority),
        ];
        for (field, path) in known {
            if let Some(path) = path
                && let Err(error) = std::fs::read(path)
            {
                let wrong = format!("{} cannot be read: {error}", path.display());
                let hint = "see that the file is there and that keyfleet may read it";
                self.wrong(&format!("{section}.{field}"), wrong, hint);
            }
        }
    }

    /// One that keyfleet writes to, and makes when it is not there.
    fn at_folder(&mut self, setting: &str, folder: &Path) {
        if let Err(error) = can_be_written(folder) {
            let wrong = format!("nothing can be written to {}: {error}", folder.display());
            let hint = "name a folder that is the user's that keyfleet runs as, or one that this user may make";
            self.wrong(setting, wrong, hint);
        }
    }
}

/// Asks the system, so that a disk that is read-only is found as well.
fn can_be_written(folder: &Path) -> io::Result<()> {
    let mut nearest = std::path::absolute(folder)?;
    loop {
        match std::fs::metadata(&nearest) {
            Ok(found) if found.is_dir() => break,
            Ok(_) => {
                let wrong = format!("{} is a file", nearest.display());
                return Err(io::Error::new(io::ErrorKind::NotADirectory, wrong));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let above = nearest.parent().map(Path::to_owned);
                nearest = above.unwrap_or_else(|| PathBuf::from("/"));
            }
            Err(error) => return Err(error),
        }
    }
    access(&nearest, Access::WRITE_OK | Access::EXEC_OK)?;
    Ok(())
}

/// What a client of Kubernetes finds its own API server by.
fn is_in_a_pod() -> bool {
    std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
}
