//! What is remembered in the data directory. Each file is a cache: without it the service goes on, and says what it does not know.
//!
//! Promises: a file is there whole or not at all; one that cannot be read is put aside and never written over; a disk that takes
//! nothing is said once, and once more when it takes something again.

use super::web::Counters;
use super::whole_file;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What was kept in this file, in the shape of this name; nothing at the first start of all. An error says why what is there is
/// not used; it was put aside then: a version that can read it may come back.
pub(super) fn read<T: DeserializeOwned>(path: &Path, schema: &str) -> Result<Option<T>, String> {
    let read = match std::fs::read(path) {
        Ok(text) => of_shape(&text, schema).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("it could not be read ({error})")),
    };
    if let Err(why) = &read {
        let aside = aside(path);
        let (file, put) = (path.display(), std::fs::rename(path, &aside));
        match put {
            Ok(()) => {
                tracing::warn!(%file, why, aside = %aside.display(), "a file of the data directory begins anew, and the old one was put aside");
            }
            Err(error) => {
                tracing::warn!(%file, why, %error, "a file of the data directory begins anew, and the old one could not be put aside");
            }
        }
    }
    read
}

fn of_shape<T: DeserializeOwned>(text: &[u8], schema: &str) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    let damaged = |_| "it is damaged".to_owned();
    let head: Head = serde_json::from_slice(text).map_err(damaged)?;
    if head.schema != schema {
        return Err("another version of keyfleet wrote it".to_owned());
    }
    serde_json::from_slice(text).map_err(damaged)
}

fn aside(path: &Path) -> PathBuf {
    path.with_extension("json.unread")
}

/// A file that is written again and again.
pub(super) struct Kept {
    path: PathBuf,
    /// As it is called in metrics.
    name: &'static str,
    counters: Arc<Counters>,
    is_failing: AtomicBool,
}

impl Kept {
    pub(super) fn new(data: &Path, name: &'static str, counters: Arc<Counters>) -> Self {
        Self {
            path: data.join(name),
            name,
            counters,
            is_failing: AtomicBool::new(false),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is on disk now.
    pub(super) fn write(&self, text: serde_json::Result<String>) -> bool {
        let written = text.map_err(io::Error::from);
        let written = written.and_then(|text| whole_file::write(&self.path, text.as_bytes(), true));
        self.counters.kept(self.name, written.is_ok());
        let was_failing = self.is_failing.swap(written.is_err(), Ordering::Relaxed);
        let file = self.path.display();
        match &written {
            Err(error) if !was_failing => {
                tracing::warn!(%file, %error, "a file of the data directory could not be written: it is in memory only");
            }
            Ok(()) if was_failing => {
                tracing::info!(%file, "a file of the data directory can be written again");
            }
            _ => {}
        }
        written.is_ok()
    }
}
