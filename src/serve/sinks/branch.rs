//! A branch of a git repository: the newest report under a name that stays, so that its history is git's.
//!
//! Each report is a commit, also one without findings: it says when it was made. One that arrived already, because the answer to
//! the last try was lost, is not committed twice.

use super::Rendered;
use crate::git::{Branch, Change, Person, Source, Url};
use crate::serve::origin::access;
use crate::serve::settings::Repository;

const AUTHOR: (&str, &str) = ("keyfleet", "keyfleet@localhost");

/// Commits the report's files to a folder of the branch, and pushes.
pub(super) async fn push(
    repository: &Repository,
    branch: &str,
    folder: &str,
    rendered: &Rendered,
    followed: Option<&(Url, Option<String>)>,
) -> Result<(), String> {
    let Source::Remote(url) = &repository.source else {
        return Err("a branch is pushed to a server: name an https or ssh address".to_owned());
    };
    let said = |error: anyhow::Error| format!("{error:#}");
    let mut branch = Branch::new(url, branch).map_err(|error| said(error.into()))?;
    if let Some((url, reference)) = followed {
        branch = branch.beside(url, reference.as_deref());
    }
    let access = access(repository).map_err(said)?;
    let (limits, change) = (repository.limits, change(folder, rendered));
    let pushing = tokio::task::spawn_blocking(move || branch.write(&change, &limits, &access));
    match pushing.await {
        Ok(pushed) => pushed.map(drop).map_err(|error| said(error.into())),
        Err(_) => Err("pushing it failed by a fault of keyfleet".to_owned()),
    }
}

fn change(folder: &str, rendered: &Rendered) -> Change {
    let folder = folder.trim_matches('/');
    let path = |ending: &str| match folder {
        "" => format!("{}.{ending}", rendered.schedule),
        folder => format!("{folder}/{}.{ending}", rendered.schedule),
    };
    let files = rendered.files.iter().map(|(name, text)| {
        let ending = name.strip_prefix(&rendered.name).unwrap_or(name);
        (
            path(ending.trim_start_matches('.')),
            text.clone().into_bytes(),
        )
    });
    let by = Person {
        name: AUTHOR.0.to_owned(),
        email: AUTHOR.1.to_owned(),
        at: rendered.made,
    };
    Change {
        files: files.collect(),
        message: rendered.message.clone(),
        author: by.clone(),
        committer: by,
    }
}
