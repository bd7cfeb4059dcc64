//! What tells whether a file was written anew, without reading it.

use std::fs::Metadata;
use std::path::Path;
use std::time::SystemTime;

/// A file as it is now. A file that cannot be looked at is like one that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileMark(Option<Seen>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// A mounted Secret is swapped by a symbolic link: another file, perhaps of the same time and length.
    inode: u64,
    length: u64,
    modified: Option<SystemTime>,
}

impl FileMark {
    pub(crate) fn of(path: &Path) -> Self {
        Self(std::fs::metadata(path).ok().map(|metadata| Seen {
            inode: inode(&metadata),
            length: metadata.len(),
            modified: metadata.modified().ok(),
        }))
    }

    pub(crate) fn is_there(&self) -> bool {
        self.0.is_some()
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_that_is_swapped_has_another_mark_and_one_that_is_left_alone_has_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let missing = FileMark::of(&path);
        fs::write(&path, "one").unwrap();
        let first = FileMark::of(&path);
        assert!(missing != first && !missing.is_there() && first.is_there());
        assert_eq!(first, FileMark::of(&path));
        // Of the same length, and so soon that a coarse clock sees no difference.
        let next = folder.path().join("next");
        fs::write(&next, "two").unwrap();
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        fs::File::options()
            .write(true)
            .open(&next)
            .and_then(|file| file.set_modified(time))
            .unwrap();
        fs::rename(&next, &path).unwrap();
        assert_ne!(first, FileMark::of(&path));
    }
}
