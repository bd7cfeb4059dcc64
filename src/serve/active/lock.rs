use super::{Role, Turn, host};
use crate::backends::file_trouble;
use crate::fence::Moment;
use crate::observe::{Failure, FailureClass};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two looks.
pub(super) const AGAIN: Duration = Duration::from_secs(1);
/// Beside the lock, for people: who holds it. Whoever deletes or edits it changes nothing.
const NOTE: &str = "active.json";

/// The data directory, locked: the kernel gives it to one process, keeps it for one that is stopped, and takes it from one
/// that dies. It is the directory itself, so that no file can be deleted to get around it.
///
/// For local disks. Where a file system cannot lock a directory, such as NFS, nobody becomes active.
pub struct LockSeat {
    path: PathBuf,
    folder: File,
    /// Of our own term, while we hold the lock.
    held: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Note {
    epoch: u64,
    holder: Option<Holder>,
}

#[derive(Serialize, Deserialize)]
struct Holder {
    pid: u32,
    host: String,
    since: Timestamp,
}

impl LockSeat {
    /// The directory must be there.
    pub fn new(path: &Path) -> Result<Self, Failure> {
        let folder = File::open(path).and_then(|folder| {
            if folder.metadata()?.is_dir() {
                Ok(folder)
            } else {
                Err(std::io::ErrorKind::NotADirectory.into())
            }
        });
        let folder = folder.map_err(|error| {
            let why = file_trouble::of_file(&error);
            Failure::new(
                FailureClass::Setup,
                format!("open the data directory {}", path.display()),
                why,
            )
            .hint("make the directory, and give it to the user that keyfleet runs as")
        })?;
        Ok(Self {
            path: path.to_owned(),
            folder,
            held: None,
        })
    }

    pub(super) fn turn(&mut self) -> Result<Turn, Failure> {
        if self.held.is_none() {
            match self.folder.try_lock() {
                Ok(()) => self.begin(),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(self.cannot_lock(&error)),
            }
        }
        let (role, until) = if let Some(epoch) = self.held {
            // Nobody else can have it until this process ends or leaves.
            (Role::Active { epoch }, Moment::FOREVER)
        } else {
            let holder = self.note().and_then(|note| note.holder).map(shown);
            (Role::Standby { holder }, Moment::NEVER)
        };
        Ok(Turn {
            role,
            until,
            again: AGAIN,
        })
    }

    fn begin(&mut self) {
        let epoch = self.note().map_or(0, |note| note.epoch).saturating_add(1);
        self.held = Some(epoch);
        self.write(&Note {
            epoch,
            holder: Some(Holder {
                pid: std::process::id(),
                host: host(),
                since: Timestamp::now(),
            }),
        });
    }

    pub(super) fn leave(&mut self) -> Result<(), Failure> {
        let Some(epoch) = self.held.take() else {
            return Ok(());
        };
        self.write(&Note {
            epoch,
            holder: None,
        });
        self.folder
            .unlock()
            .map_err(|error| self.cannot_lock(&error))
    }

    fn note(&self) -> Option<Note> {
        let text = fs::read(self.path.join(NOTE)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Nothing depends on it, so a full disk stops nobody.
    fn write(&self, note: &Note) {
        let path = self.path.join(NOTE);
        let written = serde_json::to_vec(note)
            .map_err(std::io::Error::from)
            .and_then(|text| fs::write(&path, text));
        if let Err(error) = written {
            let why = file_trouble::of_file(&error);
            tracing::warn!(path = %path.display(), why, "who is active is not noted");
        }
    }

    fn cannot_lock(&self, error: &std::io::Error) -> Failure {
        let request = format!("lock the data directory {}", self.path.display());
        Failure::new(FailureClass::Setup, request, file_trouble::of_file(error))
            .hint("the data directory must be on a local disk; network file systems cannot lock it")
    }
}

fn shown(holder: Holder) -> String {
    let Holder { pid, host, since } = holder;
    format!("process {pid} on {host}, since {since:.0}")
}
