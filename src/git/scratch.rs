use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Error;

/// A directory of one's own, removed on drop unless it was moved away.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// Below the system's temporary directory.
    pub(super) fn new() -> Result<Self, Error> {
        Self::below(&std::env::temp_dir(), "keyfleet")
    }

    pub(super) fn below(folder: &Path, prefix: &str) -> Result<Self, Error> {
        let name = format!(
            "{prefix}-{}-{:016x}",
            std::process::id(),
            crate::chance::number()
        );
        let path = folder.join(name);
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        // Fails where something already is: another user cannot prepare the place.
        match builder.create(&path) {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(Error::Scratch { path, source }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(path = %self.0.display(), %error, "failed to remove a temporary directory");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_directory_is_gone_with_its_owner() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().to_owned();
        fs::write(path.join("file"), "x").unwrap();
        drop(scratch);
        assert!(!path.exists());
    }
}
