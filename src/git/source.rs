use std::fmt;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use super::{Error, names};

const FORMS: &str =
    "use a directory, https://host/path, ssh://git@host/path, git@host:path or file:///path";
const NO_CREDENTIALS: &str = "credentials belong in the environment: KEYFLEET_GIT_TOKEN for https, \
     the ssh agent or KEYFLEET_GIT_SSH_KEY for ssh";

/// Where declarations come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A directory, read as it stands: what is not committed counts.
    Directory(PathBuf),
    /// A repository on this machine, read from its object database only (`file://`).
    File(PathBuf),
    /// A repository on a server.
    Remote(Url),
}

/// The address of a git server's repository. Holds no credential: an address with one is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    pub(super) text: String,
    pub(super) scheme: Scheme,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Https,
    /// Without TLS, so only to this machine.
    Http,
    Ssh,
}

impl Source {
    /// Tells a directory from a URL, as git does: `host:path` is a server, `./host:path` a directory.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.is_empty() {
            return Err(refused("it is empty", FORMS));
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            // From here on the text may hold a password: no error repeats it.
            return match scheme.to_ascii_lowercase().as_str() {
                "https" => Url::parse(Scheme::Https, rest).map(Self::Remote),
                "http" => Url::parse(Scheme::Http, rest).map(Self::Remote),
                "ssh" | "git+ssh" | "ssh+git" => Url::parse(Scheme::Ssh, rest).map(Self::Remote),
                "file" => file(rest),
                "git" => Err(refused("git:// proves neither end to the other", FORMS)),
                _ => Err(refused("its scheme is not one that keyfleet speaks", FORMS)),
            };
        }
        match text.split_once(':') {
            Some((host, path)) if !host.contains('/') => scp_like(host, path).map(Self::Remote),
            _ => Ok(Self::Directory(PathBuf::from(text))),
        }
    }

    /// A short name for people: the last segment of the path, without `.git`.
    pub fn name(&self) -> String {
        let last = match self {
            // `.` has a name only once it is resolved; a directory that is not there fails later, and better.
            Self::Directory(path) => {
                file_name(&path.canonicalize().unwrap_or_else(|_| path.clone()))
            }
            Self::File(path) => file_name(path),
            Self::Remote(url) => url
                .path
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned(),
        };
        let short = last
            .strip_suffix(".git")
            .filter(|s| !s.is_empty())
            .unwrap_or(&last);
        if short.is_empty() {
            "repository".to_owned()
        } else {
            names::printable(short)
        }
    }
}

impl Default for Source {
    fn default() -> Self {
        Self::Directory(PathBuf::from("."))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "{}", path.display()),
            Self::File(path) => write!(f, "file://{}", path.display()),
            Self::Remote(url) => f.write_str(&url.text),
        }
    }
}

impl Url {
    /// The server's name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Where the repository is on it.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn parse(scheme: Scheme, rest: &str) -> Result<Self, Error> {
        if rest.contains(['?', '#']) {
            return Err(refused("it has a `?` or `#` part", NO_CREDENTIALS));
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        // A password with a `/` in it ends up in the path, and what should be a port is no number.
        if path.contains('@') && authority.contains(':') && !is_port(authority) {
            return Err(refused("it holds a password", NO_CREDENTIALS));
        }
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let user = check_user(scheme, user)?;
        let (host, port) = split_port(host)?;
        if scheme == Scheme::Http && !is_loopback(&host) {
            return Err(refused(
                "http:// is not encrypted, and the host is not this machine",
                "use https://",
            ));
        }
        let (name, prefix) = match scheme {
            Scheme::Https => ("https", String::new()),
            Scheme::Http => ("http", String::new()),
            Scheme::Ssh => ("ssh", format!("{}@", user.unwrap_or("git"))),
        };
        check_path(path)?;
        let written = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.clone()
        };
        let number = port.map(|port| format!(":{port}")).unwrap_or_default();
        let text = format!("{name}://{prefix}{written}{number}/{path}");
        Ok(Self {
            text,
            scheme,
            host,
            port,
            path: path.to_owned(),
        })
    }
}

impl Url {
    /// Whether it surely is the same repository, by whichever way it is reached.
    pub(super) fn is_same_repository(&self, other: &Self) -> bool {
        let path = |url: &Self| {
            let path = url.path.trim_matches('/');
            path.strip_suffix(".git").unwrap_or(path).to_owned()
        };
        let by_another_way = self.scheme != other.scheme || self.port == other.port;
        self.host == other.host && by_another_way && path(self) == path(other)
    }
}

/// `git@host:path`, which OpenSSH's scp made popular: ssh without a port, the path relative to the user's home.
fn scp_like(place: &str, path: &str) -> Result<Url, Error> {
    let (user, host) = place
        .split_once('@')
        .map_or((None, place), |(user, host)| (Some(user), host));
    let user = check_user(Scheme::Ssh, user)?.unwrap_or("git");
    if path.contains('@') {
        return Err(refused("it holds a password", NO_CREDENTIALS));
    }
    let (host, _) = split_port(host)?;
    check_path(path)?;
    let text = format!("{user}@{host}:{path}");
    Ok(Url {
        text,
        scheme: Scheme::Ssh,
        host,
        port: None,
        path: path.to_owned(),
    })
}

fn file(rest: &str) -> Result<Source, Error> {
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !path.starts_with('/') {
        return Err(refused(
            "file:// takes an absolute path",
            "write file:///srv/git/acme.git",
        ));
    }
    let path = percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| refused("its path is not UTF-8", FORMS))?;
    Ok(Source::File(PathBuf::from(path.into_owned())))
}

/// For https even a user name alone is refused: with several hosts that name is the token.
fn check_user(scheme: Scheme, user: Option<&str>) -> Result<Option<&str>, Error> {
    match user {
        Some(user) if user.contains(':') => Err(refused("it holds a password", NO_CREDENTIALS)),
        Some(_) if scheme != Scheme::Ssh => {
            Err(refused("it holds a user or a token", NO_CREDENTIALS))
        }
        Some(user) if user.is_empty() || user.starts_with('-') || !user.chars().all(plain) => {
            Err(refused("its user name is not one", FORMS))
        }
        user => Ok(user),
    }
}

fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

fn is_port(authority: &str) -> bool {
    authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok())
}

fn split_port(host: &str) -> Result<(String, Option<u16>), Error> {
    let (name, port) = if let Some(rest) = host.strip_prefix('[') {
        let (name, after) = rest
            .split_once(']')
            .ok_or_else(|| refused("its host is not one", FORMS))?;
        if name.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(refused("its host is not one", FORMS));
        }
        (name, after.strip_prefix(':'))
    } else {
        let (name, port) = host
            .split_once(':')
            .map_or((host, None), |(name, port)| (name, Some(port)));
        if name.is_empty() || name.starts_with('-') || !name.chars().all(plain) {
            return Err(refused("its host is not one", FORMS));
        }
        (name, port)
    };
    let port = port
        .map(|port| {
            port.parse()
                .map_err(|_| refused("its port is not a number", FORMS))
        })
        .transpose()?;
    Ok((name.to_ascii_lowercase(), port))
}

/// The path goes to the server inside a command line: what could leave its quotes, or pass for an option, stays out.
fn check_path(path: &str) -> Result<(), Error> {
    let unusual = |c: char| {
        c.is_control()
            || c.is_whitespace()
            || matches!(
                c,
                '\'' | '"' | '`' | '\\' | '$' | ';' | '|' | '&' | '<' | '>' | '!'
            )
    };
    if path.trim_matches('/').is_empty() {
        return Err(refused("it names a host but no repository", FORMS));
    }
    if path.starts_with('-') || path.contains(unusual) || path.split('/').any(|part| part == "..") {
        return Err(refused(
            "its path has characters that no repository path needs",
            FORMS,
        ));
    }
    Ok(())
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn refused(why: &str, hint: &'static str) -> Error {
    Error::Address {
        why: why.to_owned(),
        hint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(text: &str) -> Url {
        match Source::parse(text) {
            Ok(Source::Remote(url)) => url,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn directories_and_servers_are_told_apart() {
        assert_eq!(Source::parse(".").unwrap(), Source::default());
        assert_eq!(
            Source::parse("./a:b").unwrap(),
            Source::Directory("./a:b".into())
        );
        assert_eq!(
            Source::parse("file:///srv/a%20b.git").unwrap(),
            Source::File("/srv/a b.git".into())
        );
        assert_eq!(
            remote("https://git.example:8443/team/acme.git").port,
            Some(8443)
        );
        assert_eq!(
            remote("git@git.example:team/acme.git").text,
            "git@git.example:team/acme.git"
        );
        assert_eq!(
            remote("ssh://git.example/acme").text,
            "ssh://git@git.example/acme"
        );
        assert_eq!(remote("ssh://git@[::1]:2222/acme").host, "::1");
        assert_eq!(remote("http://127.0.0.1:3000/acme").scheme, Scheme::Http);
    }

    #[test]
    fn a_repository_is_called_by_the_end_of_its_path() {
        let name = |text: &str| Source::parse(text).unwrap().name();
        assert_eq!(name("https://git.example/platform/acme.git"), "acme");
        assert_eq!(name("git@git.example:acme.git/"), "acme");
        assert_eq!(name("file:///srv/git/acme.git"), "acme");
        assert_eq!(
            Source::Directory(env!("CARGO_MANIFEST_DIR").into()).name(),
            { file_name(Path::new(env!("CARGO_MANIFEST_DIR"))) }
        );
    }

    #[test]
    fn a_credential_in_an_address_is_refused_and_not_repeated() {
        for text in [
            "https://joe:hunter2@git.example/acme",
            "https://hunter2@git.example/acme",
            "https://joe:hun/ter2@git.example/acme",
            "https://joe:hunter2@git.example:443/acme",
            "https://git.example/acme?private_token=hunter2",
            "https://git.example/acme#hunter2",
            "ssh://git:hunter2@git.example/acme",
            "git:hunter2@git.example:acme",
            "ftp://joe:hunter2@git.example/acme",
            "http://joe:hunter2@git.example/acme",
        ] {
            let said = format!("{:?} {0}", Source::parse(text).unwrap_err());
            assert!(
                !said.contains("hunter2") && !said.contains("ter2"),
                "{said}"
            );
            assert!(
                said.contains("environment") || text.starts_with("ftp"),
                "{said}"
            );
        }
    }

    #[test]
    fn addresses_that_are_unsafe_or_malformed_are_refused() {
        for text in [
            "",
            "http://git.example/acme",
            "git://git.example/acme",
            "ext::sh -c true://x",
            "https://git.example",
            "https:///acme",
            "https://git.example:port/acme",
            "ssh://-oProxyCommand=x/acme",
            "git@git.example:-x",
            "git@git.example:a'b",
            "ssh://git@git.example/../etc",
            "https://git.example/a\nb",
            "file://srv/acme",
        ] {
            assert!(
                matches!(Source::parse(text), Err(Error::Address { .. })),
                "{text}"
            );
        }
    }
}
