use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use git2::{Direction, ErrorClass, Oid, Remote, Repository};

use super::history::{self, Relation, Rewrite};
use crate::git::remote::fetch::{DEPTHS, KEPT, everything, kept_as, kept_commit};
use crate::git::remote::refs::{self, Want};
use crate::git::remote::session::{Session, new_repository};
use crate::git::source::Url;
use crate::git::{Access, Error, Limits, tree};

/// One fetch into a repository of its own, owned, so that it can outlive the caller's patience.
pub(super) struct Pull {
    pub(super) url: Url,
    pub(super) reference: Option<String>,
    pub(super) access: Access,
    pub(super) limits: Limits,
    pub(super) directory: PathBuf,
    pub(super) followed: Option<Oid>,
    pub(super) held: Option<Oid>,
    pub(super) have: Option<Have>,
}

/// What is on disk and need not be fetched.
pub(super) struct Have {
    pub(super) objects: PathBuf,
    pub(super) tips: Vec<Oid>,
    pub(super) shallow: Option<Vec<u8>>,
}

pub(super) struct Pulled {
    pub(super) tip: Oid,
    pub(super) relation: Relation,
    pub(super) received: u64,
    /// There is something new in the directory.
    pub(super) brought: bool,
}

impl Pull {
    pub(super) fn run(&self, deadline: Instant) -> Result<Pulled, Error> {
        let session = Session::new(&self.url, &self.access, &self.limits, deadline)?;
        let repository = new_repository(&self.directory, &self.url)?;
        self.lend(&repository)?;
        let mut remote = repository
            .remote_anonymous(&self.url.text)
            .map_err(|error| session.explain(&error))?;
        let mut connection = session.connect(&mut remote, Direction::Fetch)?;
        let heads = session.heads(&connection)?;
        let want = refs::choose(&heads, self.reference.as_deref(), &self.url.text)?;
        if let (Some(tip), Some(_)) = (tip(&heads, &want), &self.have)
            && let Some(relation) = self.known(tip)
        {
            return Ok(Pulled {
                tip,
                relation,
                received: 0,
                brought: false,
            });
        }
        let (tip, relation) = self.bring(&session, &repository, connection.remote(), &want)?;
        // A server that leaves something out is found out here, and not when the revision is needed.
        tree::check_commit(&repository, tip)?;
        Ok(Pulled {
            tip,
            relation,
            received: session.received(),
            brought: true,
        })
    }

    fn known(&self, tip: Oid) -> Option<Relation> {
        if self.followed == Some(tip) {
            return Some(Relation::Same);
        }
        (self.held == Some(tip)).then_some(Relation::AsHeld)
    }

    /// Lets the new repository see the objects of the cache, so that the server is told what need not be sent.
    fn lend(&self, repository: &Repository) -> Result<(), Error> {
        let Some(have) = &self.have else {
            return Ok(());
        };
        let shown = || {
            let objects = have.objects.to_str().ok_or_else(|| {
                git2::Error::from_str("the path of the cache is not UTF-8; choose another")
            })?;
            repository.odb()?.add_disk_alternate(objects)?;
            for (number, tip) in have.tips.iter().enumerate() {
                let name = format!("refs/keyfleet/have/{number}");
                repository.reference(&name, *tip, true, "on disk")?;
            }
            Ok(())
        };
        if let Some(shallow) = &have.shallow {
            let path = self.directory.join("shallow");
            fs::write(&path, shallow).map_err(|source| Error::Cache { path, source })?;
        }
        shown().map_err(|error| tree::damaged("", error))
    }

    fn bring(
        &self,
        session: &Session,
        repository: &Repository,
        remote: &mut Remote<'_>,
        want: &Want,
    ) -> Result<(Oid, Relation), Error> {
        let Some(refspec) = kept_as(want, KEPT) else {
            return Err(Error::UnknownReference {
                reference: self.reference.clone().unwrap_or_default(),
                place: self.url.text.clone(),
                hint: "write all 40 digits of the commit".to_owned(),
            });
        };
        let name = self.reference.as_deref().unwrap_or("HEAD");
        let mut tip = None;
        for depth in DEPTHS {
            match session.fetch(remote, &[&refspec], depth) {
                Ok(()) => {}
                Err(_) if tip.is_some() && session.stopped().is_some() => break,
                Err(_) if matches!(want, Want::Commit(_)) && session.stopped().is_none() => {
                    // Many servers give a commit only by the name of a reference.
                    everything(session, remote)?;
                    let found = refs::find_fetched(repository, want, &self.url.text)?;
                    return Ok((found, self.relation(repository, found)));
                }
                Err(error) => return Err(self.explain(session, &error)),
            }
            let new = kept_commit(repository, KEPT, name, &self.url.text)?;
            tip = Some(new);
            let Some(followed) = self.followed else {
                return Ok((new, Relation::Forward));
            };
            if let Some(relation) = history::relation(repository, followed, new) {
                self.rescue(session, repository, remote);
                return Ok((new, relation));
            }
        }
        self.rescue(session, repository, remote);
        let tip = tip.ok_or_else(|| tree::damaged("", git2::Error::from_str("nothing came")))?;
        Ok((tip, Relation::Rewritten(Rewrite::Unknown)))
    }

    fn relation(&self, repository: &Repository, tip: Oid) -> Relation {
        let Some(followed) = self.followed else {
            return Relation::Forward;
        };
        history::relation(repository, followed, tip)
            .unwrap_or(Relation::Rewritten(Rewrite::Unknown))
    }

    /// Where the objects of the followed commit were lost and the branch no longer leads to it, a server may still have it.
    fn rescue(&self, session: &Session, repository: &Repository, remote: &mut Remote<'_>) {
        if let Some(followed) = self.followed
            && repository.find_commit(followed).is_err()
        {
            let refspec = format!("+{followed}:refs/keyfleet/followed");
            // Without it there is no last good revision to read, which reading it says.
            let _ = session.fetch(remote, &[&refspec], 1);
        }
    }

    /// An error of git that may come from what is on disk is one of the repository, which is then fetched anew.
    fn explain(&self, session: &Session, error: &git2::Error) -> Error {
        let explained = session.explain(error);
        let doubtful = matches!(
            error.class(),
            ErrorClass::Odb | ErrorClass::Indexer | ErrorClass::Zlib | ErrorClass::Object
        );
        match explained {
            Error::Fetch { .. } if doubtful && self.have.is_some() => {
                tree::damaged("", git2::Error::from_str(error.message()))
            }
            explained => explained,
        }
    }
}

/// The commit that the server says is there, before anything is fetched.
fn tip(heads: &[(String, Oid)], want: &Want) -> Option<Oid> {
    let of = |name: &str| {
        heads
            .iter()
            .find(|(head, _)| head == name)
            .map(|head| head.1)
    };
    match want {
        Want::Name(name) => of(&format!("{name}^{{}}")).or_else(|| of(name)),
        Want::Commit(id) => Some(*id),
        Want::Prefix(_) => None,
    }
}
