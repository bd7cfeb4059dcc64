use git2::{Cred, CredentialType, Error as GitError};

use crate::git::source::{Scheme, Source, Url};
use crate::git::{Access, names};

/// Answers a server's questions for credentials: each kind once, and no kind after one was refused.
#[derive(Default)]
pub(super) struct Login {
    tried: Option<&'static str>,
    refused: Option<(String, String)>,
}

impl Login {
    /// What was refused and what to do about it, when a login failed.
    pub(super) fn refused(&self) -> Option<(String, String)> {
        self.refused.clone()
    }

    /// A second connection to the same server may present the same credential.
    pub(super) fn start_again(&mut self) {
        self.tried = None;
    }

    /// Called by libgit2 for every question, again and again as long as the server refuses.
    pub(super) fn next(
        &mut self,
        url: &Url,
        access: &Access,
        (asking, user, allowed): (&str, Option<&str>, CredentialType),
    ) -> Result<Cred, GitError> {
        if let Some(tried) = self.tried {
            return self.give_up(&format!("the server refused {tried}"), hint(url.scheme));
        }
        if url.scheme == Scheme::Ssh {
            return self.ssh(access, user.unwrap_or("git"), allowed);
        }
        if !same_server(url, asking) {
            let what = format!(
                "'{}' asks for a login, which is not the server of the URL",
                names::printable(asking)
            );
            return self.give_up(&what, "use the address of the server itself");
        }
        match &access.token {
            Some(token) if allowed.contains(CredentialType::USER_PASS_PLAINTEXT) => {
                self.tried = Some("the token from KEYFLEET_GIT_TOKEN");
                let user = access.username.as_deref().unwrap_or("x-access-token");
                Cred::userpass_plaintext(user, token)
            }
            Some(_) => self.give_up("the server takes no token", "use ssh"),
            None => self.give_up(
                "the server asks for a login and there is no token",
                hint(url.scheme),
            ),
        }
    }

    fn ssh(
        &mut self,
        access: &Access,
        user: &str,
        allowed: CredentialType,
    ) -> Result<Cred, GitError> {
        if allowed.contains(CredentialType::USERNAME) {
            return Cred::username(user);
        }
        if !allowed.contains(CredentialType::SSH_KEY) {
            return self.give_up(
                "the server takes no ssh keys",
                "allow public keys there, or use https",
            );
        }
        if let Some(key) = &access.ssh_key {
            self.tried = Some("the key from KEYFLEET_GIT_SSH_KEY");
            return Cred::ssh_key(user, None, key, None);
        }
        self.tried = Some("every key of the ssh agent, or there is no agent");
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
            "set KEYFLEET_GIT_SSH_KEY to a private key file without a passphrase, or add the key with `ssh-add`"
        }
        Scheme::Https | Scheme::Http => {
            "set KEYFLEET_GIT_TOKEN to a token that may read the repository (and KEYFLEET_GIT_USERNAME if the server wants a name)"
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

    fn ask(login: &mut Login, access: &Access, url: &str, asking: &str) -> Option<String> {
        let Ok(Source::Remote(url)) = Source::parse(url) else {
            panic!("{url}")
        };
        let asked = (asking, None, CredentialType::USER_PASS_PLAINTEXT);
        login
            .next(&url, access, asked)
            .is_err()
            .then(|| login.refused().unwrap().0)
    }

    fn with_token() -> Access {
        Access::from_lookup(|name| (name == Access::TOKEN).then(|| "t0ken".to_owned()))
    }

    #[test]
    fn a_port_that_goes_without_saying_may_be_said() {
        let (url, asking) = ("https://Git.example:443/acme", "https://git.example/acme");
        assert_eq!(ask(&mut Login::default(), &with_token(), url, asking), None);
    }

    #[test]
    fn a_refused_token_is_tried_once() {
        let (mut login, url) = (Login::default(), "https://git.example/acme");
        assert_eq!(ask(&mut login, &with_token(), url, url), None);
        let said = ask(&mut login, &with_token(), url, url).unwrap();
        assert!(
            said.contains("refused the token from KEYFLEET_GIT_TOKEN"),
            "{said}"
        );
    }

    #[test]
    fn the_token_stays_with_its_server() {
        let url = "https://git.example/acme";
        for other in [
            "https://evil.example/acme",
            "https://git.example:8443/acme",
            "http://127.0.0.1/acme",
            "https://git.example.evil.example/acme",
            "git@git.example:acme",
        ] {
            assert!(
                ask(&mut Login::default(), &with_token(), url, other).is_some(),
                "{other}"
            );
        }
    }

    #[test]
    fn without_a_token_the_hint_names_the_variable() {
        let mut login = Login::default();
        let url = "https://git.example/acme";
        assert!(ask(&mut login, &Access::default(), url, url).is_some());
        assert!(login.refused().unwrap().1.contains("KEYFLEET_GIT_TOKEN"));
    }
}
