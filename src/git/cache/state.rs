use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use git2::Oid;
use serde::{Deserialize, Serialize};

use super::Rewrite;
use crate::git::{Error, names};

const FILE: &str = "state.json";

/// What a process that starts must know of the one before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    source: String,
    reference: Option<String>,
    /// The folder with the objects, beside this file; empty before the first fetch.
    pub(super) repository: String,
    /// Bytes of that folder when it was last as small as it can be.
    pub(super) packed: u64,
    pub(super) followed: String,
    pub(super) held: Option<Held>,
}

/// A commit that is not followed because the branch was rewritten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    pub commit: String,
    pub why: Rewrite,
}

impl Held {
    pub(super) fn id(&self) -> Result<Oid, Error> {
        parse(&self.commit)
    }
}

impl State {
    pub(super) fn new(source: &str, reference: Option<&str>, followed: &str) -> Self {
        Self {
            source: source.to_owned(),
            reference: reference.map(str::to_owned),
            repository: String::new(),
            packed: 0,
            followed: followed.to_owned(),
            held: None,
        }
    }

    /// The state on disk. Where there is none: why not, if something should have been there.
    pub(super) fn load(folder: &Path) -> Result<Result<Self, Option<String>>, Error> {
        let path = folder.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Err(None)),
            Err(source) => return Err(Error::Cache { path, source }),
        };
        let state = serde_json::from_slice::<Self>(&text).ok();
        let sound = |state: &Self| {
            let plain = !state.repository.contains(['/', '\\']) && state.repository != "..";
            plain && state.tips().is_ok()
        };
        Ok(state
            .filter(sound)
            .ok_or_else(|| Some(format!("{FILE} is damaged"))))
    }

    /// Whose cache it is, when it is another's.
    pub(super) fn differs(&self, source: &str, reference: Option<&str>) -> Option<String> {
        let named = |reference: Option<&str>| {
            reference.map_or_else(|| "the default branch".to_owned(), |r| format!("'{r}'"))
        };
        let before = (&*self.source, self.reference.as_deref());
        (before != (source, reference)).then(|| {
            let (source, reference) = before;
            names::printable(&format!("it is of {} of {source}", named(reference)))
        })
    }

    pub(super) fn followed(&self) -> Result<Oid, Error> {
        parse(&self.followed)
    }

    /// The commits that the cache is for.
    pub(super) fn tips(&self) -> Result<Vec<Oid>, Error> {
        let held = self.held.as_ref().map(Held::id);
        [Some(self.followed()), held]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Replaces the file in one step, and only once all of it is on disk.
    pub(super) fn save(&self, folder: &Path) -> Result<(), Error> {
        let (path, new) = (folder.join(FILE), folder.join("state.json.new"));
        let written = || {
            let mut file = File::create(&new)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            File::open(folder)?.sync_all()
        };
        written().map_err(|source| Error::Cache { path, source })
    }
}

fn parse(id: &str) -> Result<Oid, Error> {
    Oid::from_str(id).map_err(|error| crate::git::tree::damaged("", error))
}
