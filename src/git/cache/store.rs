use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};

use git2::{Odb, Oid, Repository};

use super::history;
use crate::git::files::Collector;
use crate::git::remote::session::new_repository;
use crate::git::scratch::Scratch;
use crate::git::source::Url;
use crate::git::{Error, Revision, tree};

/// What the folders of a fetch under way begin with.
pub(super) const INCOMING: &str = "incoming";
const REPOSITORY: &str = "repository";

/// Every fetch leaves a pack; that many are kept before all are written into one.
const PACKS: usize = 48;
/// The same for bytes, beyond twice what it takes to hold the newest history in one pack.
const BYTES: u64 = 64 << 20;
/// How much history is kept then: as much as an ordinary fetch asks for.
const GENERATIONS: usize = 64;

/// The bare repository of a cache. Its objects are read without its configuration and without that of the user.
pub(super) struct Store(PathBuf);

#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    packs: usize,
    pub(super) bytes: u64,
}

impl Size {
    pub(super) fn too_much(self, packed: u64) -> bool {
        self.packs > PACKS || self.bytes > packed.saturating_mul(2).saturating_add(BYTES)
    }
}

impl Store {
    pub(super) fn open(folder: &Path, name: &str) -> Self {
        Self(folder.join(name))
    }

    /// Takes over a whole repository that was fetched.
    pub(super) fn adopt(folder: &Path, incoming: &Path) -> Result<Self, Error> {
        let store = Self(folder.join(format!("{REPOSITORY}-{}", uuid::Uuid::new_v4().simple())));
        let moved = sync_packs(&incoming.join("objects/pack"))
            .and_then(|()| fs::rename(incoming, &store.0));
        moved.map_err(|source| cache_error(&store.0, source))?;
        Ok(store)
    }

    /// Takes over what a fetch has brought. A pack counts once its index is there, so that comes last.
    pub(super) fn take(&self, incoming: &Path) -> Result<(), Error> {
        let (from, to) = (incoming.join("objects/pack"), self.packs());
        let moved = || {
            sync_packs(&from)?;
            let mut names: Vec<_> = fs::read_dir(&from)?
                .map(|entry| Ok(entry?.file_name()))
                .collect::<io::Result<_>>()?;
            names.sort_by_key(|name| Path::new(name).extension().is_some_and(|e| e == "idx"));
            for name in names {
                fs::rename(from.join(&name), to.join(&name))?;
            }
            // Says where the history ends; without the packs it would be wrong, with them it may be late.
            match fs::rename(incoming.join("shallow"), self.0.join("shallow")) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    remove_if_there(&self.0.join("shallow"))
                }
                moved => moved,
            }
        };
        moved().map_err(|source| cache_error(&self.0, source))
    }

    pub(super) fn name(&self) -> String {
        let name = self.0.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    pub(super) fn objects(&self) -> PathBuf {
        self.0.join("objects")
    }

    fn packs(&self) -> PathBuf {
        self.0.join("objects/pack")
    }

    /// The commits whose parents are not there, as git writes them; nothing where the history is whole.
    pub(super) fn shallow(&self) -> Option<Vec<u8>> {
        fs::read(self.0.join("shallow")).ok()
    }

    pub(super) fn size(&self) -> Size {
        let files = fs::read_dir(self.packs()).into_iter().flatten().flatten();
        let mut size = Size { packs: 0, bytes: 0 };
        for file in files {
            let path = file.path();
            size.packs += usize::from(path.extension().is_some_and(|e| e == "pack"));
            size.bytes += file.metadata().map_or(0, |metadata| metadata.len());
        }
        size
    }

    fn repository(&self) -> Result<Repository, Error> {
        let opened = || {
            let odb = Odb::new()?;
            let objects = self.objects();
            let objects = objects.to_str().ok_or_else(|| {
                git2::Error::from_str("the path of the cache is not UTF-8; choose another")
            })?;
            odb.add_disk_alternate(objects)?;
            Repository::from_odb(odb)
        };
        opened().map_err(|error| tree::damaged("", error))
    }

    pub(super) fn has(&self, commit: Oid) -> bool {
        self.repository()
            .is_ok_and(|repository| repository.find_commit(commit).is_ok())
    }

    /// Whether a commit is there with all that belongs to it.
    pub(super) fn check(&self, commit: Oid) -> Result<(), Error> {
        tree::check_commit(&self.repository()?, commit)
    }

    pub(super) fn read(&self, commit: Oid, found: &mut Collector<'_>) -> Result<Revision, Error> {
        tree::read_commit(&self.repository()?, commit, found)
    }

    /// Writes what is needed of these commits into a new repository beside this one: one pack with their newest history.
    pub(super) fn compact(&self, tips: &[Oid], url: &Url) -> Result<Self, Error> {
        let folder = self.0.parent().unwrap_or(&self.0);
        let small = Scratch::below(folder, INCOMING)?;
        new_repository(small.path(), url)?;
        let repository = self.repository()?;
        let (commits, ends) = history::newest(&repository, tips, GENERATIONS);
        let written = || {
            let mut pack = repository.packbuilder()?;
            for commit in commits {
                pack.insert_commit(commit)?;
            }
            pack.write(&small.path().join("objects/pack"), 0o444)
        };
        written().map_err(|error| tree::damaged("", error))?;
        let shallow: String = ends.iter().map(|id| format!("{id}\n")).collect();
        if !ends.is_empty() {
            let path = small.path().join("shallow");
            fs::write(&path, shallow).map_err(|source| cache_error(&path, source))?;
        }
        for tip in tips {
            Self(small.path().to_owned()).check(*tip)?;
        }
        Self::adopt(folder, small.path())
    }
}

/// For this user only: what is in the repository is nobody else's business.
pub(super) fn make_folder(folder: &Path) -> Result<(), Error> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|source| cache_error(folder, source))
}

/// Removes every folder that is a fetch or a repository, but the one that is used.
pub(super) fn clean(folder: &Path, used: Option<&str>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ours = [INCOMING, REPOSITORY].iter().any(|start| {
            let rest = name.strip_prefix(start);
            rest.is_some_and(|rest| rest.starts_with('-'))
        });
        if ours
            && used != Some(&*name)
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::warn!(path = %entry.path().display(), %error, "failed to remove an old git repository");
        }
    }
}

fn sync_packs(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        File::open(entry?.path())?.sync_all()?;
    }
    Ok(())
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn cache_error(path: &Path, source: io::Error) -> Error {
    Error::Cache {
        path: path.to_owned(),
        source,
    }
}
