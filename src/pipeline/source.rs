//! From a place that a person named to the texts of a revision.

use crate::declare::{self, Unreadable};
use crate::diagnostics::Sources;
use crate::git::{self, Access, Limits, Source};

/// A revision's declarations as texts.
pub struct Repository {
    pub name: String,
    pub revision: String,
    pub sources: Sources,
    pub unreadable: Vec<Unreadable>,
}

/// Reads a repository, off the threads that others wait on.
pub async fn read(
    source: Source,
    reference: Option<String>,
    limits: Limits,
    access: Access,
) -> anyhow::Result<Repository> {
    let checkout = tokio::task::spawn_blocking(move || {
        git::checkout(
            &source,
            reference.as_deref(),
            &limits,
            &declare::is_wanted,
            &access,
        )
    })
    .await??;
    let unreadable = checkout
        .problems
        .iter()
        .filter(|problem| declare::concerns(&problem.path))
        .map(|problem| Unreadable {
            path: problem.path.clone(),
            why: problem.what.to_string(),
        })
        .collect();
    Ok(Repository {
        name: checkout.name,
        revision: checkout.revision.to_string(),
        sources: checkout.files,
        unreadable,
    })
}
