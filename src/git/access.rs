use std::fmt;
use std::fs;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::Error;

/// How keyfleet gets into a git server. Never part of a URL, never printed.
///
/// Every file is read again for each fetch, so one that is replaced (a rotated token, a new authority) counts from then on.
/// libgit2 makes its own copy of the token for the length of a request, which keyfleet cannot wipe.
#[derive(Clone, Default)]
pub struct Access {
    /// User name that goes with the token. Most servers ignore it; `x-access-token` when absent.
    pub username: Option<String>,
    /// Password or token for https, sent to the host of the URL and to no other.
    pub token: Option<Token>,
    /// PEM file with the only certificate authorities that are trusted for https. When absent, those of the system.
    pub authority: Option<PathBuf>,
    /// Private key file for ssh, without a passphrase. When absent, the ssh agent is asked.
    pub ssh_key: Option<PathBuf>,
    /// File of trusted ssh host keys in OpenSSH's format. When absent, `~/.ssh/known_hosts`.
    pub known_hosts: Option<PathBuf>,
}

/// Where the token for https is.
#[derive(Clone)]
pub enum Token {
    Value(Zeroizing<String>),
    File(PathBuf),
}

impl Token {
    /// The token itself, without the space around it: a file that was written by `echo` ends with a newline that no server
    /// accepts.
    pub(super) fn read(&self) -> Result<Zeroizing<String>, Error> {
        let path = match self {
            Self::Value(token) => return Ok(token.clone()),
            Self::File(path) => path,
        };
        let failed = |source| Error::AccessFile {
            what: "the token file",
            path: path.clone(),
            source,
        };
        let text = Zeroizing::new(fs::read_to_string(path).map_err(failed)?);
        if text.trim().is_empty() {
            return Err(failed(std::io::Error::other("it is empty")));
        }
        Ok(Zeroizing::new(text.trim().to_owned()))
    }
}

impl Access {
    pub const USERNAME: &str = "KEYFLEET_GIT_USERNAME";
    pub const TOKEN: &str = "KEYFLEET_GIT_TOKEN";
    pub const TOKEN_FILE: &str = "KEYFLEET_GIT_TOKEN_FILE";
    pub const AUTHORITY: &str = "KEYFLEET_GIT_CACERT";
    pub const SSH_KEY: &str = "KEYFLEET_GIT_SSH_KEY";
    pub const KNOWN_HOSTS: &str = "KEYFLEET_GIT_KNOWN_HOSTS";

    /// Builds it from variables by their names, for instance those of the environment. An empty one counts as absent, and the
    /// file of a token goes before its value.
    pub fn from_lookup(variable: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name| {
            variable(name)
                .map(|v| v.trim().to_owned())
                .filter(|v| !v.is_empty())
        };
        let value = || get(Self::TOKEN).map(|token| Token::Value(Zeroizing::new(token)));
        Self {
            username: get(Self::USERNAME),
            token: get(Self::TOKEN_FILE)
                .map(|path| Token::File(path.into()))
                .or_else(value),
            authority: get(Self::AUTHORITY).map(PathBuf::from),
            ssh_key: get(Self::SSH_KEY).map(PathBuf::from),
            known_hosts: get(Self::KNOWN_HOSTS).map(PathBuf::from),
        }
    }
}

impl fmt::Display for Token {
    /// Where it comes from, for an error.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => write!(f, "the token from {}", Access::TOKEN),
            Self::File(path) => write!(f, "the token in {}", path.display()),
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("[hidden]"),
            Self::File(path) => path.fmt(f),
        }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("username", &self.username)
            .field("token", &self.token)
            .field("authority", &self.authority)
            .field("ssh_key", &self.ssh_key)
            .field("known_hosts", &self.known_hosts)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_not_printed() {
        let access =
            Access::from_lookup(|name| (name == Access::TOKEN).then(|| "s3cr3t\n".to_owned()));
        let token = access.token.as_ref().unwrap();
        assert_eq!(token.read().unwrap().as_str(), "s3cr3t");
        assert!(!format!("{access:?} {token}").contains("s3cr3t"));
    }

    #[test]
    fn an_empty_variable_counts_as_absent() {
        assert!(Access::from_lookup(|_| Some(String::new())).token.is_none());
    }

    #[test]
    fn a_token_file_that_is_not_there_or_empty_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let token = Token::File(path.clone());
        assert!(
            token
                .read()
                .unwrap_err()
                .to_string()
                .contains("the token file")
        );
        fs::write(&path, "\n").unwrap();
        assert!(
            token
                .read()
                .unwrap_err()
                .to_string()
                .contains(path.to_str().unwrap())
        );
        fs::write(&path, "s3cr3t\n").unwrap();
        assert_eq!(token.read().unwrap().as_str(), "s3cr3t");
    }
}
