//! A repository on a git server, somebody who pushes to it, and the folder of a cache.

use std::fs;
use std::path::{Path, PathBuf};

use keyfleet::git::{
    Access, Cache, Checkout, Error, Fetched, Limits, Memory, Outcome, Source, Url,
};
use tempfile::TempDir;

use super::command::{commit_all, git, new_repository};
use super::road::Road;
use super::server::Server;

pub(crate) struct Place {
    pub(crate) server: Server,
    pub(crate) road: Road,
    pub(crate) work: TempDir,
    pub(crate) folder: TempDir,
    pub(crate) access: Access,
    pub(crate) limits: Limits,
    /// Whether the repository is followed by its path, as one of this machine.
    here: bool,
}

pub(crate) fn url(text: &str) -> Url {
    match Source::parse(text) {
        Ok(Source::Remote(url)) => url,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn said(error: &Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    format!("{error}: {}", cause.unwrap_or_default())
}

/// All the files of a cache's folder, in bytes.
pub(crate) fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let sizes = entries.map(|entry| {
        if entry.file_type().unwrap().is_dir() {
            size(&entry.path())
        } else {
            entry.metadata().unwrap().len()
        }
    });
    sizes.sum()
}

/// Bytes that do not compress.
pub(crate) fn noise(seed: u64, length: u64) -> Vec<u8> {
    let mix = |n: u64| {
        n.wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(23)
            .wrapping_mul(0xd134_2543_de82_ef95)
    };
    let words = (0..length / 8).map(|n| mix(n + (seed << 40)) ^ mix(mix(n)));
    words.flat_map(u64::to_le_bytes).collect()
}

impl Place {
    /// With two commits on `main`.
    pub(crate) fn new() -> Self {
        let server = Server::start();
        let place = Self {
            road: Road::to(server.address),
            work: new_repository(),
            folder: TempDir::new().unwrap(),
            access: Access {
                authority: Some(server.authority()),
                ..Access::default()
            },
            limits: Limits::default(),
            here: false,
            server,
        };
        git(
            place.server.root.path(),
            &["init", "-q", "--bare", "acme.git"],
        );
        place.git(&["remote", "add", "origin", place.bare().to_str().unwrap()]);
        place.commit("first");
        place.commit("second");
        place.push();
        place
    }

    /// The same rules hold for a server's branch and for one of this machine.
    pub(crate) fn of_both_kinds() -> [Self; 2] {
        let mut here = Self::new();
        here.here = true;
        [Self::new(), here]
    }

    pub(crate) fn bare(&self) -> PathBuf {
        self.server.root.path().join("acme.git")
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(self.work.path(), arguments)
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        fs::write(self.work.path().join(path), content).unwrap();
    }

    /// Commits `fleet.yaml` with this content.
    pub(crate) fn commit(&self, content: &str) -> String {
        self.write("fleet.yaml", content);
        commit_all(self.work.path());
        self.head()
    }

    pub(crate) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Makes the server's `main` what is checked out here.
    pub(crate) fn push(&self) {
        self.git(&["push", "-q", "--force", "origin", "HEAD:main"]);
    }

    pub(crate) fn url(&self) -> Url {
        url(&format!("https://127.0.0.1:{}/acme.git", self.road.port))
    }

    /// As a process that has just started would.
    pub(crate) fn cache(&self) -> Cache {
        self.cache_of("main")
    }

    pub(crate) fn cache_of(&self, reference: &str) -> Cache {
        let source = if self.here {
            Source::File(self.bare())
        } else {
            Source::Remote(self.url())
        };
        let cache = Cache::of(self.folder.path(), &source, Some(reference));
        cache.unwrap().unwrap()
    }

    pub(crate) fn fetch(&self, cache: &mut Cache) -> Fetched {
        let fetched = cache.fetch(&self.limits, &self.access);
        fetched.unwrap_or_else(|error| panic!("{}", said(&error)))
    }

    pub(crate) fn outcome(&self, cache: &mut Cache) -> Outcome {
        self.fetch(cache).outcome
    }

    pub(crate) fn fails(&self, cache: &mut Cache, expected: &[&str]) -> String {
        let said = said(&cache.fetch(&self.limits, &self.access).unwrap_err());
        for part in expected {
            assert!(said.contains(part), "no {part:?} in {said}");
        }
        said
    }

    pub(crate) fn read(&self, cache: &mut Cache, commit: &str) -> Result<Checkout, Error> {
        cache.read(commit, &self.limits, &|_| true, &mut Memory::default())
    }

    /// Whether the cache follows this commit and can read it.
    pub(crate) fn reads(&self, cache: &mut Cache, commit: &str, content: &str) {
        assert_eq!(cache.followed(), Some(commit));
        let checkout = self.read(cache, commit);
        let checkout = checkout.unwrap_or_else(|error| panic!("{}", said(&error)));
        assert_eq!(checkout.name, "acme");
        assert_eq!(checkout.revision.commit.as_deref(), Some(commit));
        assert_eq!(&*checkout.files["fleet.yaml"], content);
    }
}
