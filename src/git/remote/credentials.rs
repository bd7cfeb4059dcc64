use std::fs;
use std::path::PathBuf;

use git2::{Cred, CredentialType, Error as GitError};
use zeroize::Zeroizing;

use crate::git::source::{Scheme, Source, Url};
use crate::git::{Access, Error, names};

/// Answers a server's questions for credentials: each kind once, and no kind after one was refused.
pub(super) struct Login {
    url: Url,
    username: Option<String>,
    /// The token, and where it comes from.
    token: Option<(Zeroizing<String>, String)>,
    ssh_key: Option<PathBuf>,
    tried: Option<String>,
    refused: Option<(String, String)>,
}

impl Login {
    /// Reads what the files of `access` hold now.
    pub(super) fn new(url: &Url, access: &Access) -> Result<Self, Error> {
        let ssh = url.scheme == Scheme::Ssh;
        let token = access.token.as_ref().filter(|_| !ssh);
        let token = token.map(|token| Ok((token.read()?, token.to_string())));
        if let Some(key) = access.ssh_key.as_ref().filter(|_| ssh) {
            // libgit2's word for a missing key file is "authentication failed".
            fs::File::open(key).map_err(|source| Error::AccessFile {
                what: "the ssh key",
                path: key.clone(),
                source,
            })?;
        }
        Ok(Self {
            url: url.clone(),
            username: access.username.clone(),
            token: token.transpose()?,
            ssh_key: access.ssh_key.clone(),
            tried: None,
            refused: None,
        })
    }

    /// What was refused and what to do about it, when a login failed.
    pub(super) fn refused(&self) -> Option<(String, String)> {
        self.refused.clone()
    }

    /// Whether this text holds the token.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let token = self.token.as_ref();
        token.is_some_and(|(token, _)| text.contains(token.as_str()))
    }

    /// The name of the key for ssh, for an error.
    pub(super) fn key(&self) -> String {
        let path = self.ssh_key.as_ref();
        path.map_or_else(String::new, |path| path.display().to_string())
    }

    /// A second connection to the same server may present the same credential.
    pub(super) fn start_again(&mut self) {
        self.tried = None;
    }

    /// Called by libgit2 for every question, again and again as long as the server refuses.
    pub(super) fn next(
        &mut self,
        asking: &str,
        user: Option<&str>,
        allowed: CredentialType,
    ) -> Result<Cred, GitError> {
        if let Some(tried) = &self.tried {
            let what = format!("the server refused {tried}");
            return self.give_up(&what, hint(self.url.scheme));
        }
        if self.url.scheme == Scheme::Ssh {
            return self.ssh(user.unwrap_or("git"), allowed);
        }
        if !same_server(&self.url, asking) {
            let what = format!(
                "'{}' asks for a login, which is not the server of the URL",
                names::printable(asking)
            );
            return self.give_up(&what, "use the address of the server itself");
        }
        match &self.token {
            Some((token, place)) if allowed.contains(CredentialType::USER_PASS_PLAINTEXT) => {
                self.tried = Some(place.clone());
                let user = self.username.as_deref().unwrap_or("x-access-token");
                Cred::userpass_plaintext(user, token)
            }
            Some(_) => self.give_up("the server takes no token", "use ssh"),
            None => self.give_up(
                "the server asks for a login and there is no token",
                hint(self.url.scheme),
            ),
        }
    }

    fn ssh(&mut self, user: &str, allowed: CredentialType) -> Result<Cred, GitError> {
        if allowed.contains(CredentialType::USERNAME) {
            return Cred::username(user);
        }
        if !allowed.contains(CredentialType::SSH_KEY) {
            return self.give_up(
                "the server takes no ssh keys",
                "allow public keys there, or use https",
            );
        }
        if let Some(key) = &self.ssh_key {
            self.tried = Some(format!("the key {}", key.display()));
            return Cred::ssh_key(user, None, key, None);
        }
        self.tried = Some("every key of the ssh agent, or there is no agent".to_owned());
        Cred::ssh_key_from_agent(user)
    }

    fn give_up(&mut self, what: &str, hint: &str) -> Result<Cred, GitError> {
        self.refused = Some((what.to_owned(), hint.to_owned()));
        Err(GitError::from_str(what))
    }
}

fn hint(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Ssh => {
            "set KEYFLEET_GIT_SSH_KEY, or `sshKey` in the settings of the service, to a private key file without a passphrase, or add the key with `ssh-add`"
        }
        Scheme::Https | Scheme::Http => {
            "give it a token for this repository in KEYFLEET_GIT_TOKEN or a file of one in KEYFLEET_GIT_TOKEN_FILE (and KEYFLEET_GIT_USERNAME if the server wants a name); in the settings of the service, `token` and `username`"
        }
    }
}

/// The token goes to the host, port and scheme of the URL and nowhere else.
fn same_server(url: &Url, asking: &str) -> bool {
    let Ok(Source::Remote(other)) = Source::parse(asking) else {
        return false;
    };
    let port = |url: &Url| {
        url.port
            .unwrap_or(if url.scheme == Scheme::Http { 80 } else { 443 })
    };
    (other.scheme, port(&other), &other.host) == (url.scheme, port(url), &url.host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(url: &str, access: &Access) -> Login {
        let Ok(Source::Remote(url)) = Source::parse(url) else {
            panic!("{url}")
        };
        Login::new(&url, access).unwrap()
    }

    fn ask(login: &mut Login, asking: &str) -> Option<String> {
        let kind = CredentialType::USER_PASS_PLAINTEXT;
        let refused = login.next(asking, None, kind).is_err();
        refused.then(|| login.refused().unwrap().0)
    }

    fn with_token() -> Access {
        Access::from_lookup(|name| (name == Access::TOKEN).then(|| "t0ken".to_owned()))
    }

    #[test]
    fn a_port_that_goes_without_saying_may_be_said() {
        let mut login = login("https://Git.example:443/acme", &with_token());
        assert_eq!(ask(&mut login, "https://git.example/acme"), None);
    }

    #[test]
    fn a_refused_token_is_tried_once() {
        let url = "https://git.example/acme";
        let mut login = login(url, &with_token());
        assert_eq!(ask(&mut login, url), None);
        let said = ask(&mut login, url).unwrap();
        assert!(
            said.contains("refused the token from KEYFLEET_GIT_TOKEN"),
            "{said}"
        );
    }

    #[test]
    fn the_token_stays_with_its_server() {
        for other in [
            "https://evil.example/acme",
            "https://git.example:8443/acme",
            "http://127.0.0.1/acme",
            "https://git.example.evil.example/acme",
            "git@git.example:acme",
        ] {
            let mut login = login("https://git.example/acme", &with_token());
            assert!(ask(&mut login, other).is_some(), "{other}");
        }
    }

    #[test]
    fn without_a_token_the_hint_names_the_variable() {
        let url = "https://git.example/acme";
        let mut login = login(url, &Access::default());
        assert!(ask(&mut login, url).is_some());
        assert!(login.refused().unwrap().1.contains("KEYFLEET_GIT_TOKEN"));
    }
}
