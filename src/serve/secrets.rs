//! Secrets that the settings name: read when they are needed, so that a rotated one is found without a restart.
//!
//! Promises: no error and no log line holds any of it. Deliberately absent: a secret in the settings file or in a flag, where
//! it would be seen in a process list or committed by accident.

use super::settings::SecretSource;
use crate::secret::SecretBytes;
use std::fmt;
use std::fs::Metadata;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroize;

/// Nobody means a longer one: a wrong path is told from a secret.
const MOST_BYTES: u64 = 64 * 1024;

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error(
        "failed to read the secret in {path}: {source}; see that the file is there and that keyfleet may read it"
    )]
    Unreadable { path: String, source: io::Error },
    #[error("{path} is no file; name the file that holds the secret and nothing else")]
    NoFile { path: String },
    #[error(
        "{path} is longer than {MOST_BYTES} bytes; name the file that holds the secret and nothing else"
    )]
    TooLong { path: String },
    #[error("{place} is empty; write the secret there, or take the setting out that names it")]
    Empty { place: String },
    #[error(
        "the environment variable {name} is not set; set it, or name another place of the secret"
    )]
    Unset { name: String },
}

impl SecretSource {
    /// The secret as it is now, without the line break that an editor leaves at its end.
    pub fn read(&self) -> Result<SecretBytes, SecretError> {
        let secret = match self {
            Self::File(path) => read_file(path)?,
            Self::Environment(name) => {
                let value = std::env::var_os(name);
                let value = value.ok_or_else(|| SecretError::Unset { name: name.clone() })?;
                trimmed(value.into_encoded_bytes())
            }
        };
        if secret.is_empty() {
            let place = self.to_string();
            return Err(SecretError::Empty { place });
        }
        Ok(secret)
    }
}

/// Who else may read a file that holds a secret, in words; `None` where that is as it should be.
///
/// A volume of Kubernetes is let alone: its files are links into a folder that the kubelet swaps, 0644 by default or 0640 with an
/// `fsGroup`, and nobody but the containers that mount it gets to them. Elsewhere, a group is given a file that another user owns
/// so that keyfleet may read it; of a file of its own, its group has no need.
pub(super) fn exposure(path: &Path) -> Option<String> {
    let found = std::fs::metadata(path).ok()?;
    let is_of_kubelet = path
        .parent()
        .is_some_and(|it| it.join("..data").is_symlink());
    if is_of_kubelet {
        return None;
    }
    let mode = found.permissions().mode();
    let is_own = found.uid() == rustix::process::geteuid().as_raw();
    let is_group_of_its_user = found.gid() == found.uid();
    let who = if mode & 0o007 != 0 {
        "every user of this machine"
    } else if mode & 0o070 != 0 && is_own && !is_group_of_its_user {
        "a whole group of users"
    } else {
        return None;
    };
    let (path, mode) = (path.display(), mode & 0o7777);
    Some(format!(
        "{who} may read the secret in {path}: its mode is {mode:04o}"
    ))
}

/// Where it is, without what it is.
impl fmt::Display for SecretSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Environment(name) => write!(formatter, "the environment variable {name}"),
        }
    }
}

fn read_file(path: &Path) -> Result<SecretBytes, SecretError> {
    let named = || path.display().to_string();
    let unreadable = |source| SecretError::Unreadable {
        path: named(),
        source,
    };
    // A pipe would hold up whoever opens it.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(SecretError::NoFile { path: named() });
    }
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::with_capacity(1024);
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES {
        bytes.zeroize();
        return Err(SecretError::TooLong { path: named() });
    }
    Ok(trimmed(bytes))
}

fn trimmed(mut bytes: Vec<u8>) -> SecretBytes {
    let kept = bytes.trim_ascii_end().len();
    bytes.truncate(kept);
    SecretBytes::new(bytes)
}

/// What was made of a secret, made again when its file is another one.
pub(crate) struct Watched<T> {
    source: SecretSource,
    make: fn(&SecretBytes) -> Result<T, String>,
    now: Mutex<Made<T>>,
}

struct Made<T> {
    stamp: Option<Stamp>,
    value: Arc<T>,
}

/// By what a file is known as another one. Kubernetes puts a new Secret beside the old one and turns a link.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            seconds: metadata.mtime(),
            nanoseconds: metadata.mtime_nsec(),
        }
    }

    fn now(source: &SecretSource) -> Option<Self> {
        match source {
            SecretSource::File(path) => std::fs::metadata(path).ok().map(|found| Self::of(&found)),
            // A process's own environment does not change.
            SecretSource::Environment(_) => None,
        }
    }
}

impl<T> Watched<T> {
    /// Reads it for the first time: one that is not there, or is not what it should be, is an error at the start.
    pub(crate) fn open(
        source: SecretSource,
        make: fn(&SecretBytes) -> Result<T, String>,
    ) -> Result<Self, String> {
        let stamp = Stamp::now(&source);
        let value = Arc::new(Self::made(&source, make)?);
        let now = Mutex::new(Made { stamp, value });
        Ok(Self { source, make, now })
    }

    /// What it is now. One that cannot be read, or is not what it should be, leaves the last good one in place.
    pub(crate) fn current(&self) -> Arc<T> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = Stamp::now(&self.source);
        if stamp != now.stamp {
            match Self::made(&self.source, self.make) {
                Ok(value) => now.value = Arc::new(value),
                Err(why) => tracing::warn!("the last good secret stays in use: {why}"),
            }
            // Also after a failure: it is said once, and tried again when the file changes.
            now.stamp = stamp;
        }
        Arc::clone(&now.value)
    }

    fn made(
        source: &SecretSource,
        make: fn(&SecretBytes) -> Result<T, String>,
    ) -> Result<T, String> {
        let secret = source.read().map_err(|error| error.to_string())?;
        make(&secret).map_err(|why| format!("{source}: {why}"))
    }
}

/// The lines of a secret, each one that is in use: with two of them, one is replaced without a gap.
pub(crate) fn lines(secret: &SecretBytes) -> Vec<SecretBytes> {
    secret
        .expose()
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .map(|line| SecretBytes::new(line.to_vec()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{SecretBytes, SecretSource, Watched, exposure, lines};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt};

    fn file(text: &str) -> (tempfile::TempDir, SecretSource) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, text).unwrap();
        (folder, SecretSource::File(path))
    }

    #[test]
    fn the_line_break_at_the_end_is_not_part_of_it() {
        let (_folder, source) = file("canary-1\r\n");
        assert_eq!(source.read().unwrap().expose(), b"canary-1");
    }

    #[test]
    fn every_way_not_to_have_it_is_told_apart() {
        let (folder, empty) = file(" \n");
        let missing = SecretSource::File(folder.path().join("missing"));
        let directory = SecretSource::File(folder.path().to_owned());
        let unset = SecretSource::Environment("KEYFLEET_NO_SUCH_VARIABLE".to_owned());
        let (_other, long) = file(&"x".repeat(70_000));
        for (source, said) in [
            (&empty, "is empty"),
            (&missing, "see that the file is there"),
            (&directory, "is no file"),
            (&unset, "KEYFLEET_NO_SUCH_VARIABLE is not set"),
            (&long, "longer than"),
        ] {
            let error = source.read().unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn one_that_others_may_read_is_said() {
        let (folder, source) = file("canary-2");
        let SecretSource::File(path) = &source else {
            unreachable!()
        };
        let with = |mode| {
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
            exposure(path)
        };
        let said = with(0o644).unwrap();
        assert!(said.contains("0644") && !said.contains("canary"), "{said}");
        assert_eq!(with(0o400), None);
        assert_eq!(with(0o640), None, "the group is that of its user alone");
        let own = std::fs::metadata(path).unwrap();
        // Where this test may give a file to another group.
        if std::os::unix::fs::chown(path, None, Some(own.gid() + 1)).is_ok() {
            assert!(with(0o640).unwrap().contains("a whole group"));
        }
        std::os::unix::fs::symlink("..2026", folder.path().join("..data")).unwrap();
        assert_eq!(with(0o644), None, "it is a volume of Kubernetes");
    }

    #[test]
    fn a_new_file_is_found_and_a_bad_one_leaves_the_last_good_one() {
        let (_folder, source) = file("first");
        let SecretSource::File(path) = source.clone() else {
            unreachable!()
        };
        let watched = Watched::open(source, |secret| Ok(secret.len())).unwrap();
        assert_eq!(*watched.current(), 5);
        std::fs::write(&path, "the second").unwrap();
        assert_eq!(*watched.current(), 10);
        std::fs::write(&path, "").unwrap();
        assert_eq!(*watched.current(), 10);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(*watched.current(), 10);
        std::fs::write(&path, "third").unwrap();
        assert_eq!(*watched.current(), 5);
    }

    #[test]
    fn each_line_that_holds_something_is_one() {
        let secret = SecretBytes::new(b"one\r\n\n  two \n".to_vec());
        let found = lines(&secret);
        let found: Vec<&[u8]> = found.iter().map(SecretBytes::expose).collect();
        assert_eq!(found, [b"one", b"two"]);
    }
}
