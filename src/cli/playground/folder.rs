//! The folder of a playground: a new one or an empty one, so that nothing of anybody's is written over. What opens the
//! servers lies in it, and is its owner's alone from the moment it is there.

use anyhow::Context;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// A folder that goes with all that is in it when this is dropped, unless somebody still needs it.
#[derive(Debug)]
pub(in crate::cli) struct Passing {
    path: PathBuf,
    is_kept: bool,
}

impl Passing {
    /// Below where temporary things go, by a name that nobody else has. It is not made yet.
    pub(in crate::cli) fn temporary(what: &str) -> Self {
        let id = Uuid::new_v4().simple().to_string();
        Self {
            path: std::env::temp_dir().join(format!("keyfleet-{what}-{}", &id[..8])),
            is_kept: false,
        }
    }

    pub(in crate::cli) fn path(&self) -> &Path {
        &self.path
    }

    pub(in crate::cli) fn keep(&mut self) {
        self.is_kept = true;
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        if !self.is_kept {
            // It may never have been made.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Nothing is there, or an empty folder.
pub(in crate::cli) fn must_be_free(folder: &Path) -> anyhow::Result<()> {
    let shown = folder.display();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            anyhow::bail!("{shown} is not a folder: name a new one, or an empty one")
        }
        Err(error) => return Err(error).with_context(|| format!("failed to look into {shown}")),
    };
    anyhow::ensure!(
        entries.count() == 0,
        "{shown} is not empty, and what is in it is kept: name a new folder, or an empty one"
    );
    Ok(())
}

/// Makes the folder, where it is not there yet. Who may enter one that is there, its owner has settled.
pub(super) fn claim(folder: &Path) -> anyhow::Result<()> {
    must_be_free(folder)?;
    make_private(folder)
}

/// A folder that nobody else can enter.
pub(super) fn make_private(folder: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("failed to make {}", folder.display()))
}

/// A new file that nobody else can read.
pub(super) fn create_private(file: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let made = options.open(file);
    made.with_context(|| format!("failed to make {}", file.display()))
}

pub(super) fn write_private(file: &Path, text: &str) -> anyhow::Result<()> {
    let written = create_private(file)?.write_all(text.as_bytes());
    written.with_context(|| format!("failed to write {}", file.display()))
}
