//! What is wrong with settings that can all be read, each with its place, and nobody asked for it.
//!
//! Three looks: at what the settings say, at this machine, and at the declarations. Only the second depends on where it is made.
//! Deliberately absent: anything that contacts a server, and anything that makes or changes a file.

mod here;
mod names;
mod review;

use super::{Admission, Destination, Forge, Places, Repository, Settings};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::git::{Branch, Source};
use crate::serve::web;
use std::collections::BTreeMap;

impl Settings {
    /// What the settings tell by themselves, once flags and environment are there too.
    pub fn check(&self, problems: &mut Diagnostics) {
        let is_open = self.web.admission == Admission::Loopback;
        if is_open && !self.web.listen.ip().to_canonical().is_loopback() {
            let place = self.places.of("web.listen");
            let wrong = format!("everybody who reaches {} could look", self.web.listen);
            let hint = "say who may with `web.token` or `web.proxy` in the settings, or listen at 127.0.0.1";
            problems.push(Diagnostic::error(&place, wrong).hint(hint));
        }
        if let Some(error) = web::shared_address(self) {
            problems.error(&self.places.of(error.setting()), error.to_string());
        }
        self.check_forges(problems);
        self.check_review(problems);
        self.check_directories(problems);
        for (index, sink) in self.reports.sinks.iter().enumerate() {
            if let Destination::Branch {
                repository, branch, ..
            } = &sink.to
            {
                let setting = format!("reports.sinks.{index}.branch");
                self.check_branch(&setting, repository, branch, problems);
            }
        }
    }

    /// What is due together is put there together, under one name.
    fn check_directories(&self, problems: &mut Diagnostics) {
        let mut known = BTreeMap::new();
        for (index, sink) in self.reports.sinks.iter().enumerate() {
            let Destination::Directory(folder) = &sink.to else {
                continue;
            };
            let Some(first) = known.insert(folder, &sink.name) else {
                continue;
            };
            let place = self.places.of(&format!("reports.sinks.{index}.directory"));
            let wrong = format!("the sink {first} writes to this directory, too");
            let hint = format!("give it another one, or let the schedules name {first}");
            problems.push(Diagnostic::error(&place, wrong).hint(hint));
        }
    }

    /// A webhook that no push would ever send.
    fn check_forges(&self, problems: &mut Diagnostics) {
        if self.webhooks.from.is_empty() {
            return;
        }
        let Source::Remote(url) = &self.repository.source else {
            let wrong = "the repository is a folder of this machine: no forge says when it changes";
            let place = self.places.of("webhooks.from");
            let hint =
                "take `webhooks` out; the folder is read again at each `repository.interval`";
            return problems.push(Diagnostic::warning(&place, wrong).hint(hint));
        };
        let Some(usual) = forge_of(url.host()) else {
            return;
        };
        for (index, hook) in self.webhooks.from.iter().enumerate() {
            if hook.forge != usual {
                let place = self.places.of(&format!("webhooks.from.{index}.forge"));
                let (host, word) = (url.host(), hook.forge.word());
                let wrong = format!("{host} does not sign its webhooks as {word} does");
                let hint = format!("write `forge: {}`", usual.word());
                problems.push(Diagnostic::warning(&place, wrong).hint(hint));
            }
        }
    }

    fn check_branch(
        &self,
        setting: &str,
        repository: &Repository,
        branch: &str,
        problems: &mut Diagnostics,
    ) {
        let at = |field: &str| self.places.of(&format!("{setting}.{field}"));
        let Source::Remote(url) = &repository.source else {
            let wrong = "reports are pushed to a branch on a server, and this is a folder";
            let hint = "name an https or ssh address, or use a sink with `directory: FOLDER`";
            return problems.push(Diagnostic::error(&at("url"), wrong).hint(hint));
        };
        if let Err(error) = Branch::new(url, branch) {
            problems.error(&at("name"), error.to_string());
        }
        if repository.source != self.repository.source {
            return;
        }
        let hint = "name a branch that is for reports alone";
        match self.repository.reference.as_deref() {
            Some(followed) if short(followed) == short(branch) => {
                let wrong = format!(
                    "{branch} is the branch that is followed: each report would be a new revision"
                );
                problems.push(Diagnostic::error(&at("name"), wrong).hint(hint));
            }
            None if ["main", "master"].contains(&short(branch)) => {
                let wrong = format!(
                    "{branch} may be the default branch, which is followed: each report would be a new revision"
                );
                problems.push(Diagnostic::warning(&at("name"), wrong).hint(hint));
            }
            _ => {}
        }
    }
}

fn short(branch: &str) -> &str {
    branch.strip_prefix("refs/heads/").unwrap_or(branch)
}

/// Whose webhooks a host sends, where its name tells.
fn forge_of(host: &str) -> Option<Forge> {
    let forges = [
        ("github", Forge::Github),
        ("gitlab", Forge::Gitlab),
        ("gitea", Forge::Gitea),
        ("forgejo", Forge::Gitea),
        ("codeberg", Forge::Gitea),
    ];
    let first = host.split('.').next()?;
    let found = forges.iter().find(|(name, _)| *name == first);
    found.map(|(_, forge)| *forge)
}
