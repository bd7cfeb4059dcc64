//! Files that somebody else writes anew: when they have changed, and what is in them.

use crate::backends::file_trouble;
use crate::observe::{Failure, FailureClass};
use crate::secret::SecretBytes;
use std::fs;
use std::path::Path;
use zeroize::Zeroizing;

pub(super) use crate::backends::file_mark::FileMark;

/// More than any token.
const LONGEST: u64 = 1 << 20;

/// A secret in a file of its own, without the end of its line.
pub(super) fn read_text(path: &Path) -> Result<SecretBytes, Failure> {
    let wrong = |why: String| {
        let request = format!("read {}", path.display());
        Failure::new(FailureClass::Setup, request, why)
    };
    let unreadable = |error| wrong(file_trouble::of_file(&error));
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length > LONGEST {
        return Err(wrong("it is too large for a token".to_owned()));
    }
    let text = Zeroizing::new(fs::read(path).map_err(unreadable)?);
    match text.trim_ascii() {
        [] => Err(wrong("it is empty".to_owned())),
        trimmed => Ok(SecretBytes::new(trimmed.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_without_the_end_of_its_line_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        assert_eq!(read_text(&path).unwrap_err().why, "there is no such file");
        fs::write(&path, " \n").unwrap();
        assert_eq!(read_text(&path).unwrap_err().why, "it is empty");
        fs::write(&path, "canary-4711\n").unwrap();
        let token = read_text(&path).unwrap();
        assert_eq!(token.expose(), b"canary-4711");
        assert!(!format!("{token:?}").contains("canary"));
    }
}
