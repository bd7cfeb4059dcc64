use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

/// How keyfleet gets into a git server. Never part of a URL, never printed.
///
/// libgit2 makes its own copy of the token for the length of a request, which keyfleet cannot wipe.
#[derive(Clone, Default)]
pub struct Access {
    /// User name that goes with the token. Most servers ignore it; `x-access-token` when absent.
    pub username: Option<String>,
    /// Password or token for https, sent to the host of the URL and to no other.
    pub token: Option<Zeroizing<String>>,
    /// Private key file for ssh, without a passphrase. When absent, the ssh agent is asked.
    pub ssh_key: Option<PathBuf>,
    /// File of trusted ssh host keys in OpenSSH's format. When absent, `~/.ssh/known_hosts`.
    pub known_hosts: Option<PathBuf>,
}

impl Access {
    pub const USERNAME: &str = "KEYFLEET_GIT_USERNAME";
    pub const TOKEN: &str = "KEYFLEET_GIT_TOKEN";
    pub const SSH_KEY: &str = "KEYFLEET_GIT_SSH_KEY";
    pub const KNOWN_HOSTS: &str = "KEYFLEET_GIT_KNOWN_HOSTS";

    /// Builds it from variables by their names, for instance those of the environment. An empty one counts as absent.
    pub fn from_lookup(variable: impl Fn(&str) -> Option<String>) -> Self {
        // A token that was written to a file by `echo` ends with a newline that no server accepts.
        let get = |name| {
            variable(name)
                .map(|v| v.trim().to_owned())
                .filter(|v| !v.is_empty())
        };
        Self {
            username: get(Self::USERNAME),
            token: get(Self::TOKEN).map(Zeroizing::new),
            ssh_key: get(Self::SSH_KEY).map(PathBuf::from),
            known_hosts: get(Self::KNOWN_HOSTS).map(PathBuf::from),
        }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("username", &self.username)
            .field("token", &self.token.as_ref().map(|_| "[hidden]"))
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
        assert_eq!(access.token.as_deref().map(String::as_str), Some("s3cr3t"));
        assert!(!format!("{access:?}").contains("s3cr3t"));
    }

    #[test]
    fn an_empty_variable_counts_as_absent() {
        assert!(Access::from_lookup(|_| Some(String::new())).token.is_none());
    }
}
