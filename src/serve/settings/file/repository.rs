//! Which repository is followed, and how keyfleet gets in.

use super::field;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::git::Source;
use crate::serve::settings::Repository;
use crate::yaml::{Fields, Node};
use std::time::Duration;

const SHORTEST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(24 * 3600);

pub(super) fn read(node: &Node, repository: &mut Repository, problems: &mut Diagnostics) {
    let Some(mut fields) = Fields::of(node, "repository", problems) else {
        return;
    };
    access(&mut fields, repository, problems);
    if let Some(text) = fields.text("ref", problems) {
        repository.reference = Some(text.to_owned());
    }
    let accept = fields.optional("accept");
    repository.accept = accept.and_then(|node| commit(node, problems));
    let interval = field::duration(&mut fields, "interval", SHORTEST..=LONGEST, problems);
    repository.interval = interval.unwrap_or(repository.interval);
    if let Some(node) = fields.optional("limits") {
        limits(node, repository, problems);
    }
    fields.finish(problems);
}

/// A short id could mean another commit tomorrow, and a branch always does.
fn commit(node: &Node, problems: &mut Diagnostics) -> Option<String> {
    let text = node.text("`accept`", problems)?;
    let is_whole = matches!(text.len(), 40 | 64);
    if is_whole && text.bytes().all(|it| it.is_ascii_hexdigit()) {
        return Some(text.to_ascii_lowercase());
    }
    let wrong = format!("{text:?} is not the id of a commit");
    let hint = "write all of it, as the log and the dashboard show it";
    problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
    None
}

/// The address and the credentials: the same for a repository that is followed and one that reports go to.
pub(super) fn access(
    fields: &mut Fields<'_>,
    repository: &mut Repository,
    problems: &mut Diagnostics,
) {
    if let Some(node) = fields.optional("url")
        && let Some(text) = node.text("`url`", problems)
    {
        match Source::parse(text) {
            Ok(source) => repository.source = source,
            // Its words name the address, which may hold a credential: the line is not shown.
            Err(error) => {
                let wrong = Diagnostic::error(&node.place, error.to_string());
                problems.push(wrong.without_line());
            }
        }
    }
    repository.username = fields.text("username", problems).map(str::to_owned);
    let token = fields.optional("token");
    repository.token = token.and_then(|node| field::secret(node, "token", problems));
    repository.ssh_key = field::path(fields, "sshKey", problems);
    repository.known_hosts = field::path(fields, "knownHosts", problems);
    repository.certificate_authority = field::path(fields, "certificateAuthority", problems);
}

fn limits(node: &Node, repository: &mut Repository, problems: &mut Diagnostics) {
    for entry in field::entries(node, "limits", problems) {
        let Some(value) = entry.value.text(&format!("`{}`", entry.key), problems) else {
            continue;
        };
        if let Err(error) = repository.limits.set(&format!("{}={value}", entry.key)) {
            problems.push(Diagnostic::error(&entry.place, error.to_string()));
        }
    }
}
