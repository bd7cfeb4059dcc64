//! The names of everything in a KV mount, and no value: one recursive list where the server has it, else folder by folder.
//!
//! Bounded in requests, names and time: where it ends before the mount does, that is said. A folder that may not be listed is
//! counted and not named: its name may be all that somebody wanted to hide.

use super::outline::late;
use super::{Failure, FailureClass, KvEngine, ReadVault};
use crate::names::MountPath;
use futures::stream::{self, StreamExt};
use std::collections::{BTreeSet, VecDeque};
use tokio::time::Instant;

/// How many folders are listed at once, and at most.
const AT_ONCE: usize = 8;
const MOST_FOLDERS: usize = 1_000;
/// How many names are kept of a mount.
const MOST_NAMES: usize = 50_000;
/// A folder deeper than this is a loop of somebody's making.
const DEEPEST: usize = 32;

/// What is there, as far as it was seen.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Paths below the mount.
    pub paths: BTreeSet<String>,
    /// How many folders this token may not list.
    pub forbidden: usize,
    /// Whether there is more than was looked at.
    pub cut: bool,
    /// What ended it.
    pub failure: Option<Failure>,
}

/// Lists a mount.
pub async fn list_mount(
    vault: &dyn ReadVault,
    mount: &MountPath,
    engine: KvEngine,
    until: Instant,
) -> Listing {
    let top = match engine {
        KvEngine::V1 => "",
        KvEngine::V2 => "metadata/",
    };
    let mut listing = Listing::default();
    match in_time(until, vault.kv_scan(mount, top)).await {
        Ok(Some(names)) => {
            let names = names.into_iter().filter(|name| !name.ends_with('/'));
            listing.take(names);
        }
        Ok(None) => listing.walk(vault, mount, top, until).await,
        Err(failure) => listing.failure = Some(failure),
    }
    listing
}

impl Listing {
    fn take(&mut self, paths: impl Iterator<Item = String>) {
        for path in paths {
            if self.paths.len() >= MOST_NAMES {
                self.cut = true;
                return;
            }
            self.paths.insert(path);
        }
    }

    async fn walk(&mut self, vault: &dyn ReadVault, mount: &MountPath, top: &str, until: Instant) {
        let mut waiting = VecDeque::from([String::new()]);
        let mut asked = 0;
        while !waiting.is_empty() && self.failure.is_none() && !self.cut {
            let some = waiting.len().min(AT_ONCE).min(MOST_FOLDERS - asked);
            if some == 0 {
                self.cut = true;
                return;
            }
            asked += some;
            let folders: Vec<String> = waiting.drain(..some).collect();
            let lists = folders.into_iter().map(|folder| async move {
                let below = format!("{top}{folder}");
                let names = in_time(until, vault.kv_names(mount, &below)).await;
                (folder, names)
            });
            let lists: Vec<_> = lists.collect();
            let listed: Vec<_> = stream::iter(lists)
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            for (folder, names) in listed {
                self.took(&folder, names, &mut waiting);
            }
        }
    }

    fn took(
        &mut self,
        folder: &str,
        names: Result<BTreeSet<String>, Failure>,
        waiting: &mut VecDeque<String>,
    ) {
        let names = match names {
            Ok(names) => names,
            Err(failure) if failure.class == FailureClass::Forbidden => {
                self.forbidden += 1;
                return;
            }
            Err(failure) => {
                self.failure = Some(failure);
                return;
            }
        };
        let paths = names.into_iter().map(|name| format!("{folder}{name}"));
        let (folders, paths): (Vec<_>, Vec<_>) = paths.partition(|path| path.ends_with('/'));
        let (near, deep): (Vec<_>, Vec<_>) = folders
            .into_iter()
            .partition(|path| path.matches('/').count() <= DEEPEST);
        self.cut |= !deep.is_empty();
        waiting.extend(near);
        self.take(paths.into_iter());
    }
}

async fn in_time<T>(
    until: Instant,
    asked: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let answer = tokio::time::timeout_at(until, asked).await;
    answer.unwrap_or_else(|_| Err(late("list what is in KV")))
}
