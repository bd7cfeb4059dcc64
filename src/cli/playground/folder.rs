//! The folder of a playground: a new one or an empty one, so that nothing of anybody's is written over.

use anyhow::Context;
use std::io::ErrorKind;
use std::path::Path;

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

/// Makes the folder, where it is not there yet.
pub(super) fn claim(folder: &Path) -> anyhow::Result<()> {
    must_be_free(folder)?;
    std::fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))
}
