//! One branch, tag or commit of a repository, followed by a process that runs for months.
//!
//! [`Cache::fetch`] asks the server for its references and transfers only what is new; [`Cache::read`] reads a revision without the
//! server. A branch that moved forward is followed. One that was rewritten (backwards, sideways, into another history) is
//! *held*: the last good revision stays until somebody calls [`Cache::accept`].
//!
//! On disk there is one file that decides everything, `state.json`: whose cache this is, which commit is followed, which one is
//! held, and the name of the bare repository with their objects. It is replaced in one step. A fetch writes into a folder of its
//! own and its packs are moved only once it is whole, so a process that is killed, or a fetch that is abandoned at its
//! deadline, leaves nothing but a folder that the next one removes.
//!
//! A repository of this machine (`file://`, a bare one, a directory at a reference) is followed by the same rules. Its objects
//! stay where they are: only `state.json` is kept. A followed commit that `git gc` has removed there since the branch was
//! rewritten cannot be read any more, which is an error until the rewrite is accepted.
//!
//! Promises: what is followed and what is held survive a restart and a lost repository; a cache that cannot be used is made
//! anew by the next fetch, which says so; never another tree than the commit's own, because every object is checked
//! against its id; the disk is bounded, see [`store`]'s limits; a server that answers nonsense changes nothing.
//!
//! History: only as much as it takes to tell a fast-forward from a rewrite. A fetch takes the newest 64 commits; where the
//! followed one is not among them, 1024; then everything, as far as the limits allow. A repository of any age so costs a small
//! fetch on an ordinary day, and what cannot be decided within the limits is held, not followed.
//!
//! Deliberately absent: threads and timers (it blocks; the caller decides when), a lock (one process per folder is the
//! caller's to ensure), more than one branch, and a directory that is read as it stands: it has no history to tell a step forward by.

mod history;
mod pull;
mod state;
mod store;

use std::path::{Path, PathBuf};

use git2::Oid;

use super::files::Collector;
use super::scratch::Scratch;
use super::source::{Source, Url};
use super::{Access, Checkout, Error, Limits, Memory, local, remote::bounded};
use history::Relation;
pub use history::Rewrite;
use pull::{Have, Pull};
pub use state::Held;
use state::State;
use store::Store;

/// See the module's description.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    place: Place,
    reference: Option<String>,
    /// What `state.json` says; nothing before the first fetch.
    state: Option<State>,
    /// Why the objects on disk are not used.
    unusable: Option<String>,
}

#[derive(Debug, Clone)]
enum Place {
    Server(Url),
    /// A repository of this machine.
    Here(Source),
}

impl Place {
    fn text(&self) -> String {
        match self {
            Self::Server(url) => url.text.clone(),
            Self::Here(source) => source.to_string(),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Server(url) => Source::Remote(url.clone()).name(),
            Self::Here(source) => source.name(),
        }
    }
}

/// What one fetch found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    pub outcome: Outcome,
    /// Bytes of packs that the server sent: none when nothing is new.
    pub received: u64,
    /// Why the cache on disk could not be used and was made anew.
    pub anew: Option<String>,
}

/// Where the reference is now, by commit ids in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Unchanged {
        commit: String,
    },
    /// The cache is new: this commit is followed from now on.
    First {
        to: String,
    },
    /// The followed commit is an ancestor of the new one, which is followed from now on.
    Forward {
        from: String,
        to: String,
    },
    /// `from` is still followed; `to` is held until it is accepted, or until the server has something that follows `from`.
    Rewritten {
        from: String,
        to: String,
        why: Rewrite,
    },
}

impl Cache {
    /// Opens the cache in a folder, which is made where it is missing. Its first [`Cache::fetch`] fills it. A cache of another
    /// URL or reference, or one that is damaged, is no error: the next fetch makes it anew.
    pub fn open(folder: &Path, url: &Url, reference: Option<&str>) -> Result<Self, Error> {
        Self::open_at(folder, Place::Server(url.clone()), reference)
    }

    /// The same for any source; `None` for a directory that is read as it stands.
    pub fn of(
        folder: &Path,
        source: &Source,
        reference: Option<&str>,
    ) -> Result<Option<Self>, Error> {
        let place = match source {
            Source::Remote(url) => Place::Server(url.clone()),
            here if local::of_commits(here, reference)?.is_some() => Place::Here(here.clone()),
            _ => return Ok(None),
        };
        Self::open_at(folder, place, reference).map(Some)
    }

    fn open_at(folder: &Path, place: Place, reference: Option<&str>) -> Result<Self, Error> {
        store::make_folder(folder)?;
        let mut cache = Self {
            folder: folder.to_owned(),
            place,
            reference: reference.map(str::to_owned),
            state: None,
            unusable: None,
        };
        match State::load(folder)? {
            Ok(state) => match state.differs(&cache.place.text(), reference) {
                None => cache.state = Some(state),
                why => cache.unusable = why,
            },
            Err(why) => cache.unusable = why,
        }
        if let (Some(state), Place::Server(_)) = (&cache.state, &cache.place) {
            let checked = Store::open(folder, &state.repository).check(state.followed()?);
            cache.unusable = checked.err().map(|error| said(&error));
        }
        cache.clean();
        Ok(cache)
    }

    /// The commit that is followed: the last good revision, which [`Cache::read`] reads without a server.
    pub fn followed(&self) -> Option<&str> {
        self.state.as_ref().map(|state| &*state.followed)
    }

    /// The commit that the branch was rewritten to, while nobody has accepted it.
    pub fn held(&self) -> Option<&Held> {
        self.state.as_ref()?.held.as_ref()
    }

    /// Asks the server what is new, and fetches it. On an error everything stays as it was.
    pub fn fetch(&mut self, limits: &Limits, access: &Access) -> Result<Fetched, Error> {
        store::make_folder(&self.folder)?;
        self.clean();
        let url = match &self.place {
            Place::Server(url) => url.clone(),
            Place::Here(source) => return self.look(&source.clone()),
        };
        if self.unusable.is_none() {
            match self.fetch_with(&url, self.have()?, limits, access) {
                Err(error @ Error::Object { .. }) => self.unusable = Some(said(&error)),
                result => return result,
            }
        }
        self.fetch_with(&url, None, limits, access)
    }

    /// Where the branch of a repository of this machine is now.
    fn look(&mut self, source: &Source) -> Result<Fetched, Error> {
        let (repository, tip) = local::tip(source, self.reference.as_deref())?;
        let state = self.state.as_ref();
        let held = state.and_then(|state| state.held.as_ref());
        let relation = if held.is_some_and(|held| held.commit == tip.to_string()) {
            Relation::AsHeld
        } else if let Some(followed) = state.map(State::followed).transpose()? {
            let unknown = Relation::Rewritten(Rewrite::Unknown);
            history::relation(&repository, followed, tip).unwrap_or(unknown)
        } else {
            Relation::Forward
        };
        let next = self.next_state(tip, &relation);
        let outcome = self.outcome(&next);
        let anew = self.unusable.take();
        self.save(next)?;
        Ok(Fetched {
            outcome,
            received: 0,
            anew,
        })
    }

    /// Follows the commit that is held. It is on disk already.
    pub fn accept(&mut self, commit: &str) -> Result<(), Error> {
        let held = self.held().map(|held| held.commit.clone());
        let Some(state) = self
            .state
            .as_ref()
            .filter(|_| held.as_deref() == Some(commit))
        else {
            return Err(Error::NotHeld {
                commit: super::names::printable(commit),
                held,
            });
        };
        let mut next = state.clone();
        commit.clone_into(&mut next.followed);
        next.held = None;
        self.save(next)
    }

    /// Reads a revision that the cache has: the followed one, or the one that is held.
    pub fn read(
        &mut self,
        commit: &str,
        limits: &Limits,
        wanted: &dyn Fn(&str) -> bool,
        memory: &mut Memory,
    ) -> Result<Checkout, Error> {
        let missing = || Error::NotCached {
            commit: super::names::printable(commit),
            folder: self.folder.clone(),
        };
        if let Place::Here(source) = &self.place {
            let known = [self.followed(), self.held().map(|held| &*held.commit)];
            if !known.contains(&Some(commit)) {
                return Err(missing());
            }
            let access = Access::default();
            return super::checkout_again(source, Some(commit), limits, wanted, &access, memory);
        }
        let id = Oid::from_str(commit).map_err(|_| missing())?;
        let state = self.state.as_ref().ok_or_else(missing)?;
        let store = Store::open(&self.folder, &state.repository);
        let known = [
            Some(&state.followed),
            state.held.as_ref().map(|held| &held.commit),
        ];
        if !known.contains(&Some(&commit.to_owned())) && !store.has(id) {
            return Err(missing());
        }
        let mut found = Collector::new(limits, wanted, memory);
        let read = store.read(id, &mut found);
        if let Err(error @ Error::Object { .. }) = &read {
            self.unusable = Some(said(error));
        }
        let revision = read?;
        let (files, problems, texts) = found.finish();
        *memory = texts;
        Ok(Checkout {
            name: self.place.name(),
            revision,
            files,
            problems,
        })
    }

    fn have(&self) -> Result<Option<Have>, Error> {
        let Some(state) = &self.state else {
            return Ok(None);
        };
        let store = Store::open(&self.folder, &state.repository);
        Ok(Some(Have {
            objects: store.objects(),
            tips: state.tips()?,
            shallow: store.shallow(),
        }))
    }

    fn fetch_with(
        &mut self,
        url: &Url,
        have: Option<Have>,
        limits: &Limits,
        access: &Access,
    ) -> Result<Fetched, Error> {
        let incoming = Scratch::below(&self.folder, store::INCOMING)?;
        let state = self.state.as_ref();
        let held = state.and_then(|state| state.held.as_ref());
        let pull = Pull {
            url: url.clone(),
            reference: self.reference.clone(),
            access: access.clone(),
            limits: *limits,
            directory: incoming.path().to_owned(),
            followed: state.map(State::followed).transpose()?,
            held: held.map(Held::id).transpose()?,
            have,
        };
        let anew = pull.have.is_none();
        let pulled = bounded::within(url, limits, move |deadline| pull.run(deadline))?;
        let received = pulled.received;
        let next = self.next_state(pulled.tip, &pulled.relation);
        let outcome = self.outcome(&next);
        if pulled.brought {
            self.keep(url, &incoming, anew, next)?;
        } else {
            self.save(next)?;
        }
        let why = self.unusable.take().filter(|_| anew);
        Ok(Fetched {
            outcome,
            received,
            anew: why,
        })
    }

    /// What is followed and held after this.
    fn next_state(&self, tip: Oid, relation: &Relation) -> State {
        let tip = tip.to_string();
        let mut next = match &self.state {
            Some(state) => state.clone(),
            None => State::new(&self.place.text(), self.reference.as_deref(), &tip),
        };
        let why = match relation {
            Relation::Same | Relation::Forward => None,
            Relation::AsHeld => return next,
            Relation::Rewritten(why) => Some(why.clone()),
        };
        next.held = why.map(|why| Held {
            commit: tip.clone(),
            why,
        });
        if next.held.is_none() {
            next.followed = tip;
        }
        next
    }

    fn outcome(&self, next: &State) -> Outcome {
        let to = next.followed.clone();
        let Some(before) = &self.state else {
            return Outcome::First { to };
        };
        let from = before.followed.clone();
        match &next.held {
            Some(Held { commit, why }) => Outcome::Rewritten {
                from,
                to: commit.clone(),
                why: why.clone(),
            },
            None if from == to => Outcome::Unchanged { commit: to },
            None => Outcome::Forward { from, to },
        }
    }

    /// Takes in what was fetched, and makes the cache small again where it has grown.
    fn keep(
        &mut self,
        url: &Url,
        incoming: &Scratch,
        anew: bool,
        mut next: State,
    ) -> Result<(), Error> {
        let store = Store::open(&self.folder, &next.repository);
        if anew {
            let store = Store::adopt(&self.folder, incoming.path())?;
            next.packed = store.size().bytes;
            next.repository = store.name();
        } else {
            store.take(incoming.path())?;
        }
        self.save(next.clone())?;
        let store = Store::open(&self.folder, &next.repository);
        if store.size().too_much(next.packed) {
            // What is there is good: it is only larger than it has to be, and the next fetch tries again.
            match next.tips().and_then(|tips| store.compact(&tips, url)) {
                Ok(small) => {
                    next.packed = small.size().bytes;
                    next.repository = small.name();
                    self.save(next)?;
                }
                Err(error) => {
                    tracing::warn!(folder = %self.folder.display(), %error, "failed to pack the git cache");
                }
            }
            self.clean();
        }
        Ok(())
    }

    fn save(&mut self, next: State) -> Result<(), Error> {
        if self.state.as_ref() != Some(&next) {
            next.save(&self.folder)?;
            self.state = Some(next);
        }
        Ok(())
    }

    /// Removes what a killed process, or a repository that is no longer used, has left.
    fn clean(&self) {
        let used = self.state.as_ref().map(|state| &*state.repository);
        store::clean(&self.folder, used);
    }
}

fn said(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
