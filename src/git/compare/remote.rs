use std::path::PathBuf;
use std::time::Instant;

use git2::{Direction, Oid, Remote, Repository};

use super::{Pair, fork};
use crate::git::local::Located;
use crate::git::remote::bounded;
use crate::git::remote::fetch::{DEPTHS, EVERYTHING, kept_as, kept_commit};
use crate::git::remote::refs::{self, Want};
use crate::git::remote::session::{Session, new_repository};
use crate::git::scratch::Scratch;
use crate::git::source::Url;
use crate::git::{Access, Error, Limits, names, tree};

/// Fetches both commits and as much of their history as it takes to find where the head left the base.
pub(super) fn fetch(
    url: &Url,
    (base, head): (Option<&str>, Option<&str>),
    limits: &Limits,
    access: &Access,
    scratch: &Scratch,
) -> Result<Pair, Error> {
    let Some(head) = head else {
        return Err(fork::no_head(&url.text));
    };
    let job = Job {
        url: url.clone(),
        base: base.map(str::to_owned),
        head: head.to_owned(),
        access: access.clone(),
        limits: *limits,
        directory: scratch.path().to_owned(),
    };
    let found = bounded::within(url, limits, move |deadline| job.run(deadline))?;
    let repository = Repository::open_bare(scratch.path());
    Ok(Pair {
        located: Located {
            repository: repository.map_err(|error| tree::damaged("", error))?,
            prefix: String::new(),
        },
        place: url.text.clone(),
        base_name: found.base_name,
        head_name: names::printable(head),
        base: found.base,
        head: found.head,
        fork: found.fork,
        standing: None,
    })
}

/// One fetch, owned, so that it can outlive the caller's patience.
struct Job {
    url: Url,
    base: Option<String>,
    head: String,
    access: Access,
    limits: Limits,
    directory: PathBuf,
}

/// Where the commits are kept in the repository that they are fetched into.
const BASE: &str = "refs/keyfleet/base";
const HEAD: &str = "refs/keyfleet/head";

/// One of both commits.
struct Wanted {
    want: Want,
    /// What people call it.
    name: String,
    /// Where it is kept in the repository that it is fetched into.
    kept: &'static str,
}

impl Wanted {
    fn refspec(&self) -> Option<String> {
        kept_as(&self.want, self.kept)
    }
}

struct Met {
    base: Oid,
    head: Oid,
    fork: Option<Oid>,
}

struct Found {
    base_name: String,
    base: Oid,
    head: Oid,
    fork: Oid,
}

impl Job {
    fn run(&self, deadline: Instant) -> Result<Found, Error> {
        let repository = new_repository(&self.directory, &self.url)?;
        let session = Session::new(&self.url, &self.access, &self.limits, deadline)?;
        let mut remote = repository
            .remote_anonymous(&self.url.text)
            .map_err(|error| session.explain(&error))?;
        let mut connection = session.connect(&mut remote, Direction::Fetch)?;
        let heads = session.heads(&connection)?;
        let default = connection.default_branch().ok();
        let wanted = self.wanted(&heads, default.as_ref().and_then(|name| name.as_str().ok()))?;
        let met = self.by_name(&session, connection.remote(), &wanted)?;
        let met = match met {
            Some(met) => met,
            None => self.by_history(&session, connection.remote(), &wanted)?,
        };
        let repository = self.repository()?;
        let names = wanted.each_ref().map(|wanted| &*wanted.name);
        let fork = met
            .fork
            .ok_or_else(|| fork::nothing_common(&repository, &self.url.text, names))?;
        let [base_name, _] = wanted.map(|wanted| wanted.name);
        Ok(Found {
            base_name,
            base: met.base,
            head: met.head,
            fork,
        })
    }

    fn wanted(&self, heads: &[(String, Oid)], default: Option<&str>) -> Result<[Wanted; 2], Error> {
        let wanted = |reference: Option<&str>, name: &str, kept| {
            Ok(Wanted {
                want: refs::choose(heads, reference, &self.url.text)?,
                name: names::printable(name),
                kept,
            })
        };
        let base = self.base.as_deref();
        let default = default.map_or("HEAD", |name| {
            name.strip_prefix("refs/heads/").unwrap_or(name)
        });
        Ok([
            wanted(base, base.unwrap_or(default), BASE)?,
            wanted(Some(&self.head), &self.head, HEAD)?,
        ])
    }

    /// Fetches both until their histories meet, or nothing where the server does not give one of them like that.
    fn by_name(
        &self,
        session: &Session,
        remote: &mut Remote<'_>,
        wanted: &[Wanted; 2],
    ) -> Result<Option<Met>, Error> {
        let refspecs: Vec<String> = wanted.iter().filter_map(Wanted::refspec).collect();
        if refspecs.len() < wanted.len() {
            return Ok(None);
        }
        let refspecs: Vec<&str> = refspecs.iter().map(String::as_str).collect();
        let by_id = wanted.iter().any(|it| matches!(it.want, Want::Commit(_)));
        let mut met: Option<Met> = None;
        for depth in DEPTHS {
            match session.fetch(remote, &refspecs, depth) {
                Ok(()) => {}
                // Many servers give a commit only by the name of a reference.
                Err(_) if by_id && met.is_none() && session.stopped().is_none() => return Ok(None),
                Err(error) => return Err(session.explain(&error)),
            }
            let now = met.insert(self.meet(wanted)?);
            if now.fork.is_some() {
                break;
            }
        }
        Ok(met)
    }

    /// Fetches everything, and looks for both in it.
    fn by_history(
        &self,
        session: &Session,
        remote: &mut Remote<'_>,
        wanted: &[Wanted; 2],
    ) -> Result<Met, Error> {
        let named = wanted.iter().filter(|it| matches!(it.want, Want::Name(_)));
        let refspecs: Vec<String> = named.filter_map(Wanted::refspec).collect();
        let refspecs: Vec<&str> = refspecs
            .iter()
            .map(String::as_str)
            .chain(EVERYTHING)
            .collect();
        session
            .fetch(remote, &refspecs, 0)
            .map_err(|error| session.explain(&error))?;
        self.meet(wanted)
    }

    fn meet(&self, wanted: &[Wanted; 2]) -> Result<Met, Error> {
        let repository = self.repository()?;
        let place = &self.url.text;
        let find = |wanted: &Wanted| match repository.find_reference(wanted.kept) {
            Ok(_) => kept_commit(&repository, wanted.kept, &wanted.name, place),
            Err(_) => refs::find_fetched(&repository, &wanted.want, place),
        };
        let [base, head] = wanted;
        let (base, head) = (find(base)?, find(head)?);
        let fork = fork::fork(&repository, [base, head])?;
        Ok(Met { base, head, fork })
    }

    /// Opened anew, because what libgit2 has read of a history that ended early stays so for it; and not as a bare one,
    /// because then libgit2 does not read where the history ends.
    fn repository(&self) -> Result<Repository, Error> {
        Repository::open(&self.directory).map_err(|error| tree::damaged("", error))
    }
}
