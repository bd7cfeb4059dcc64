//! Why a file cannot be read or a program not started, in words: those of Rust's error kinds are made for programmers.

use std::io::{Error, ErrorKind};

/// Ends a sentence: `… cannot be read: there is no such file`.
pub(crate) fn of_file(error: &Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => of_any(error),
    }
}

/// A name without a slash is looked for on `PATH`.
pub(crate) fn of_program(name: &str, error: &Error) -> String {
    match error.kind() {
        ErrorKind::NotFound if name.contains('/') => "there is no such program".to_owned(),
        ErrorKind::NotFound => "there is no such program on PATH".to_owned(),
        _ => of_any(error),
    }
}

fn of_any(error: &Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::IsADirectory => "it is a directory".to_owned(),
        ErrorKind::NotADirectory => "a file stands where its path needs a directory".to_owned(),
        // The system's own words, without its number. An error that a library made may quote what was read.
        kind => match error.raw_os_error() {
            Some(number) => Error::from_raw_os_error(number)
                .to_string()
                .replace(&format!(" (os error {number})"), ""),
            None => kind.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_file_is_said_in_words() {
        let read = |path: &str| of_file(&std::fs::read_to_string(path).unwrap_err());
        let folder = env!("CARGO_MANIFEST_DIR");
        assert_eq!(read(&format!("{folder}/nope")), "there is no such file");
        assert_eq!(read(folder), "it is a directory");
        assert_eq!(
            read(&format!("{folder}/Cargo.toml/x")),
            "a file stands where its path needs a directory"
        );
    }

    #[test]
    fn what_is_wrong_with_a_program_is_said_in_words() {
        let start =
            |name: &str| of_program(name, &std::process::Command::new(name).spawn().unwrap_err());
        assert_eq!(start("keyfleet-nope"), "there is no such program on PATH");
        assert_eq!(start("/nope/nope"), "there is no such program");
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert_eq!(start(file), "permission denied");
    }

    #[test]
    fn the_number_of_an_error_is_left_out_and_what_a_library_says() {
        assert_eq!(
            of_file(&Error::from_raw_os_error(40)).find("os error"),
            None
        );
        assert_eq!(of_file(&Error::other("canary")), "other error");
    }
}
