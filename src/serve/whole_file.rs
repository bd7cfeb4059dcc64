//! A file that is there whole or not at all, whenever the process ends.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Puts these bytes in the place of the file; only its owner may read it, where `private`.
pub(super) fn write(path: &Path, bytes: &[u8], private: bool) -> io::Result<()> {
    let beside = beside(path);
    let written = write_beside(&beside, bytes, private).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What is half there is of no use to anybody.
        let _ = fs::remove_file(&beside);
    }
    written?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn write_beside(path: &Path, bytes: &[u8], private: bool) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if private { 0o600 } else { 0o644 });
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Hidden, and of one name: one process writes.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}
