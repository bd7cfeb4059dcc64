use std::path::PathBuf;
use std::time::Instant;

use git2::{Direction, Oid, Remote, Repository};

use super::refs::{self, Want};
use super::session::{Session, new_repository};
use crate::git::source::Url;
use crate::git::{Access, Error, Limits, names, tree};

/// Everything one fetch needs, owned, so that it can outlive the caller's patience.
pub(super) struct Job {
    pub(super) url: Url,
    pub(super) reference: Option<String>,
    pub(super) access: Access,
    pub(super) limits: Limits,
    pub(super) directory: PathBuf,
}

/// Where the fetched commit is kept in the repository that it is fetched into.
pub(in crate::git) const KEPT: &str = "refs/keyfleet/commit";

/// How many generations of commits are asked for, one after the other, until it is clear how two commits stand to each
/// other. The first is what a cache keeps at least, the last is everything.
pub(in crate::git) const DEPTHS: [i32; 3] = [64, 1024, i32::MAX];

/// How to ask for all that people can name.
pub(in crate::git) const EVERYTHING: [&str; 2] = [
    "+refs/heads/*:refs/keyfleet/heads/*",
    "+refs/tags/*:refs/keyfleet/tags/*",
];

pub(super) fn run(job: &Job, deadline: Instant) -> Result<Oid, Error> {
    let repository = new_repository(&job.directory, &job.url)?;
    let session = Session::new(&job.url, &job.access, &job.limits, deadline)?;
    let mut remote = repository
        .remote_anonymous(&job.url.text)
        .map_err(|e| session.explain(&e))?;
    let want = match one_commit(job, &session, &mut remote)? {
        Want::Name(_) => {
            let name = job.reference.as_deref().unwrap_or("HEAD");
            return kept_commit(&repository, KEPT, name, &job.url.text);
        }
        Want::Commit(id) if repository.find_commit(id).is_ok() => return Ok(id),
        want => want,
    };
    everything(&session, &mut remote)?;
    refs::find_fetched(&repository, &want, &job.url.text)
}

/// Chooses a reference among those the server has, and fetches that commit alone, if the server gives single commits.
fn one_commit(job: &Job, session: &Session, remote: &mut Remote<'_>) -> Result<Want, Error> {
    let mut connection = session.connect(remote, Direction::Fetch)?;
    let heads = session.heads(&connection)?;
    let want = refs::choose(&heads, job.reference.as_deref(), &job.url.text)?;
    let Some(refspec) = kept_as(&want, KEPT) else {
        return Ok(want);
    };
    match session.fetch(connection.remote(), &[&refspec], 1) {
        // Many servers give a commit only by the name of a reference: then its history is fetched instead.
        Err(_) if matches!(want, Want::Commit(_)) && session.stopped().is_none() => Ok(want),
        Err(error) => Err(session.explain(&error)),
        Ok(()) => Ok(want),
    }
}

/// How to ask for it alone, if it has a name of its own.
pub(in crate::git) fn kept_as(want: &Want, kept: &str) -> Option<String> {
    match want {
        Want::Name(name) => Some(format!("+{name}:{kept}")),
        Want::Commit(id) => Some(format!("+{id}:{kept}")),
        Want::Prefix(_) => None,
    }
}

pub(in crate::git) fn kept_commit(
    repository: &Repository,
    kept: &str,
    name: &str,
    place: &str,
) -> Result<Oid, Error> {
    let kept = repository
        .find_reference(kept)
        .map_err(|e| tree::damaged("", e))?;
    kept.peel_to_commit()
        .map(|commit| commit.id())
        .map_err(|_| Error::UnknownReference {
            reference: names::printable(name),
            place: place.to_owned(),
            hint: "it is not a commit; name a branch, a tag or a commit".to_owned(),
        })
}

pub(in crate::git) fn everything(session: &Session, remote: &mut Remote<'_>) -> Result<(), Error> {
    session
        .fetch(remote, &EVERYTHING, 0)
        .map_err(|e| session.explain(&e))
}
