//! From a place that a person named to the texts of a revision.

use crate::declare::{self, Unreadable};
use crate::diagnostics::Sources;
use crate::git::{self, Access, Cache, Checkout, Comparison, Fetched, Limits, Memory, Source};

/// A revision's declarations as texts.
#[derive(Clone)]
pub struct Repository {
    pub name: String,
    pub revision: String,
    pub sources: Sources,
    pub unreadable: Vec<Unreadable>,
}

/// Reads a repository, off the threads that others wait on. Once.
pub async fn read(
    source: Source,
    reference: Option<String>,
    limits: Limits,
    access: Access,
) -> anyhow::Result<Repository> {
    let memory = Memory::default();
    let (read, _) = read_with(source, reference, limits, access, memory).await?;
    read
}

/// The same with what an earlier reading left, which is handed on also when this one fails.
pub(super) async fn read_with(
    source: Source,
    reference: Option<String>,
    limits: Limits,
    access: Access,
    mut memory: Memory,
) -> anyhow::Result<(anyhow::Result<Repository>, Memory)> {
    let reading = tokio::task::spawn_blocking(move || {
        let reference = reference.as_deref();
        let wanted = &declare::is_wanted;
        let read = git::checkout_again(&source, reference, &limits, wanted, &access, &mut memory);
        (read.map(repository).map_err(Into::into), memory)
    });
    Ok(reading.await?)
}

/// Compares a base with what merging a head into it gives, off the threads that others wait on. `also` names files that are
/// wanted besides the declarations. What was read is handed on for the next time.
pub(super) async fn compare(
    source: Source,
    (base, head): (Option<String>, Option<String>),
    limits: Limits,
    access: Access,
    also: fn(&str) -> bool,
    mut memory: Memory,
) -> anyhow::Result<(Result<Comparison<Repository>, git::Error>, Memory)> {
    let reading = tokio::task::spawn_blocking(move || {
        let names = (base.as_deref(), head.as_deref());
        let wanted = |path: &str| declare::is_wanted(path) || also(path);
        let compared = git::compare(&source, names, &limits, &wanted, &access, &mut memory);
        (compared.map(|compared| compared.map(repository)), memory)
    });
    Ok(reading.await?)
}

/// What a cache's server has now, and what is followed.
pub struct Followed {
    pub cache: Cache,
    pub fetched: Result<Fetched, git::Error>,
    /// The followed revision, also when the server did not answer; `None` before the first fetch.
    pub repository: Option<Result<Repository, git::Error>>,
}

/// Fetches into a cache and reads what is followed there, off the threads that others wait on.
pub(super) async fn follow_with(
    mut cache: Cache,
    limits: Limits,
    access: Access,
    mut memory: Memory,
) -> anyhow::Result<(Followed, Memory)> {
    let reading = tokio::task::spawn_blocking(move || {
        let fetched = cache.fetch(&limits, &access);
        let commit = cache.followed().map(str::to_owned);
        let read = commit.map(|commit| {
            let wanted = &declare::is_wanted;
            cache
                .read(&commit, &limits, wanted, &mut memory)
                .map(repository)
        });
        let followed = Followed {
            cache,
            fetched,
            repository: read,
        };
        (followed, memory)
    });
    Ok(reading.await?)
}

fn repository(checkout: Checkout) -> Repository {
    let problems = checkout.problems.iter();
    let unreadable = problems
        .filter(|problem| declare::concerns(&problem.path))
        .map(|problem| Unreadable {
            path: problem.path.clone(),
            why: problem.what.to_string(),
        });
    Repository {
        name: checkout.name,
        revision: checkout.revision.to_string(),
        unreadable: unreadable.collect(),
        sources: checkout.files,
    }
}
