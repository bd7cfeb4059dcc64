use std::cell::{Cell, RefCell};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use git2::{
    AutotagOption, Config, ConfigLevel, Direction, ErrorClass, ErrorCode, FetchOptions, Oid,
    Progress, ProxyOptions, PushOptions, Remote, RemoteCallbacks, RemoteConnection, RemoteRedirect,
    Repository, RepositoryInitOptions,
};

use super::authority::Authority;
use super::credentials::Login;
use super::known_hosts::HostCheck;
use crate::git::source::{Scheme, Url};
use crate::git::{Access, Error, Limits};

/// One conversation with a server, and what was noticed in it: libgit2 passes no reason through its callbacks.
pub(in crate::git) struct Session {
    url: Url,
    limits: Limits,
    deadline: Instant,
    login: RefCell<Login>,
    host: RefCell<HostCheck>,
    authority: Option<RefCell<Authority>>,
    stopped: Cell<Option<Stop>>,
    /// Bytes of packs: of those that are done, and of the one that arrives.
    received: Cell<(u64, u64)>,
    /// What the server said about a reference that it did not take.
    rejected: RefCell<Option<String>>,
    /// What it said besides, as people see it when they push: the words of its hooks.
    words: RefCell<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::git) enum Stop {
    Late,
    TooMuch,
}

/// Bytes of what a server says that are kept: forges explain themselves in a few lines.
const MOST_WORDS: usize = 500;

/// An empty bare repository that knows no configuration but its own.
pub(in crate::git) fn new_repository(directory: &Path, url: &Url) -> Result<Repository, Error> {
    let made = || {
        let mut options = RepositoryInitOptions::new();
        options.bare(true).external_template(false);
        let repository = Repository::init_opts(directory, &options)?;
        let mut config = Config::new()?;
        config.add_file(&directory.join("config"), ConfigLevel::Local, false)?;
        config.set_bool("http.followRedirects", false)?;
        repository.set_config(&config)?;
        Ok(repository)
    };
    made().map_err(|error: git2::Error| Error::Fetch {
        url: url.text.clone(),
        hint: "a repository to fetch into could not be made; see whether there is space, and whether git's configuration files are valid",
        source: error.into(),
    })
}

impl Session {
    /// Reads what the files of `access` hold now.
    pub(in crate::git) fn new(
        url: &Url,
        access: &Access,
        limits: &Limits,
        deadline: Instant,
    ) -> Result<Self, Error> {
        let read = |path: &PathBuf| {
            fs::read_to_string(path).map_err(|source| Error::AccessFile {
                what: "the known hosts file",
                path: path.clone(),
                source,
            })
        };
        let (ssh, https) = (url.scheme == Scheme::Ssh, url.scheme == Scheme::Https);
        let known = access.known_hosts.as_ref().filter(|_| ssh);
        let known = known.map(|path| Ok((path.clone(), read(path)?)));
        let authority = access.authority.as_ref().filter(|_| https);
        let authority = authority.map(|file| Authority::new(file, url, deadline));
        let host = HostCheck::new(url.host.clone(), url.port, known.transpose()?);
        Ok(Self {
            url: url.clone(),
            limits: *limits,
            deadline,
            login: Login::new(url, access)?.into(),
            host: host.into(),
            authority: authority.transpose()?.map(RefCell::new),
            stopped: Cell::new(None),
            received: Cell::new((0, 0)),
            rejected: RefCell::new(None),
            words: RefCell::default(),
        })
    }

    /// Connects, to see which references there are.
    pub(in crate::git) fn connect<'s, 'r, 'c>(
        &'s self,
        remote: &'c mut Remote<'r>,
        direction: Direction,
    ) -> Result<RemoteConnection<'r, 'c, 's>, Error> {
        self.login.borrow_mut().start_again();
        remote
            .connect_auth(direction, Some(self.callbacks()), Some(self.proxy()))
            .map_err(|error| self.explain(&error))
    }

    pub(in crate::git) fn heads(
        &self,
        connection: &RemoteConnection<'_, '_, '_>,
    ) -> Result<Vec<(String, Oid)>, Error> {
        let heads = connection.list().map_err(|error| self.explain(&error))?;
        Ok(heads
            .iter()
            .map(|head| (head.name().to_owned(), head.oid()))
            .collect())
    }

    /// Fetches by a connection of its own, unless the remote has one. A depth of 0 is the whole history.
    pub(in crate::git) fn fetch(
        &self,
        remote: &mut Remote<'_>,
        refspecs: &[&str],
        depth: i32,
    ) -> Result<(), git2::Error> {
        let mut options = FetchOptions::new();
        options
            .depth(depth)
            .download_tags(AutotagOption::None)
            .update_fetchhead(false)
            .follow_redirects(RemoteRedirect::None)
            .proxy_options(self.proxy())
            .remote_callbacks(self.callbacks());
        self.login.borrow_mut().start_again();
        let fetched = remote.fetch(refspecs, Some(&mut options), None);
        let (before, last) = self.received.get();
        self.received.set((before + last, 0));
        fetched
    }

    /// Pushes without force. Nothing is sent once the deadline has passed.
    pub(in crate::git) fn push(
        &self,
        remote: &mut Remote<'_>,
        refspec: &str,
    ) -> Result<(), git2::Error> {
        let mut callbacks = self.callbacks();
        callbacks.push_negotiation(|_| {
            let late = || git2::Error::from_str("too late");
            self.go_on(None).then_some(()).ok_or_else(late)
        });
        callbacks.sideband_progress(|said| {
            self.hear(said);
            self.go_on(None)
        });
        callbacks.push_update_reference(|_, status| {
            if let Some(status) = status {
                *self.rejected.borrow_mut() = Some(status.to_owned());
            }
            Ok(())
        });
        let mut options = PushOptions::new();
        options
            .follow_redirects(RemoteRedirect::None)
            .proxy_options(self.proxy())
            .remote_callbacks(callbacks);
        self.login.borrow_mut().start_again();
        remote.push(&[refspec], Some(&mut options))
    }

    /// Why this side ended the transfer.
    pub(in crate::git) fn stopped(&self) -> Option<Stop> {
        self.stopped.get()
    }

    /// Bytes of packs that the server has sent.
    pub(in crate::git) fn received(&self) -> u64 {
        let (before, last) = self.received.get();
        before + last
    }

    /// Why the server did not take what was pushed, with what its hooks said; on one line.
    pub(in crate::git) fn rejected(&self) -> Option<String> {
        let status = self.rejected.borrow().clone()?;
        let words = self.words.borrow();
        let words = String::from_utf8_lossy(&words);
        let lines = words.lines().map(str::trim).filter(|line| !line.is_empty());
        let words = lines.collect::<Vec<_>>().join(" / ");
        // A server that repeats what it was shown: then its words are nobody's to see.
        if words.is_empty() || self.login.borrow().is_in(&words) {
            return Some(status);
        }
        Some(format!("{status}: {words}"))
    }

    fn hear(&self, said: &[u8]) {
        let mut words = self.words.borrow_mut();
        let room = MOST_WORDS.saturating_sub(words.len());
        words.extend_from_slice(&said[..said.len().min(room)]);
    }

    /// A proxy is looked for (in the environment) only for what TLS protects from it.
    fn proxy(&self) -> ProxyOptions<'static> {
        let mut proxy = ProxyOptions::new();
        if self.url.scheme == Scheme::Https {
            proxy.auto();
        }
        proxy
    }

    fn callbacks(&self) -> RemoteCallbacks<'_> {
        let mut callbacks = RemoteCallbacks::new();
        callbacks
            .credentials(|url, user, allowed| self.login.borrow_mut().next(url, user, allowed));
        callbacks.transfer_progress(|progress| self.go_on(Some(&progress)));
        callbacks.sideband_progress(|_| self.go_on(None));
        if self.url.scheme == Scheme::Ssh {
            callbacks.certificate_check(|certificate, _| self.host.borrow_mut().check(certificate));
        } else if let Some(authority) = &self.authority {
            callbacks.certificate_check(|certificate, host| {
                authority.borrow_mut().check(certificate, host)
            });
        }
        callbacks
    }

    fn go_on(&self, progress: Option<&Progress<'_>>) -> bool {
        if let Some(progress) = progress {
            let (before, _) = self.received.get();
            self.received
                .set((before, progress.received_bytes() as u64));
        }
        if self.received() > self.limits.fetch_bytes {
            self.stopped.set(Some(Stop::TooMuch));
        } else if Instant::now() > self.deadline {
            self.stopped.set(Some(Stop::Late));
        }
        self.stopped.get().is_none()
    }

    /// What an error of libgit2 means, from all that was noticed.
    pub(in crate::git) fn explain(&self, error: &git2::Error) -> Error {
        let url = self.url.text.clone();
        if let Some(stop) = self.stopped.get() {
            return self.over(stop);
        }
        if let Some((what, hint)) = self.login.borrow().refused() {
            return Error::Refused { url, what, hint };
        }
        if error.message().contains("private key") {
            return Error::Refused {
                url,
                what: format!("the key {} cannot be used", self.login.borrow().key()),
                hint: "name a private key file in OpenSSH's or PEM format, without a passphrase"
                    .to_owned(),
            };
        }
        let certificate = error.code() == ErrorCode::Certificate;
        if let Some((what, hint)) = self.host.borrow().refused(certificate) {
            return Error::HostKey { url, what, hint };
        }
        let authority = self.authority.as_ref();
        if let Some((what, file)) = authority.and_then(|a| a.borrow().refused()) {
            return Error::Certificate { url, what, file };
        }
        if error.message().contains("redirect") {
            return Error::Redirected {
                url,
                source: error.message().to_owned().into(),
            };
        }
        Error::Fetch {
            url,
            hint: hint(error, certificate),
            source: error.message().to_owned().into(),
        }
    }

    fn over(&self, stop: Stop) -> Error {
        let url = self.url.text.clone();
        match stop {
            Stop::Late => Error::Deadline {
                url,
                seconds: self.limits.fetch_seconds,
            },
            Stop::TooMuch => Error::Limit {
                limit: "fetch_bytes",
                value: self.limits.fetch_bytes,
                what: format!("{url} sends more"),
            },
        }
    }
}

/// What libgit2 says of what it could not write.
const DISK: [&str; 4] = [
    "packfile",
    "No space left",
    "File too large",
    "Permission denied",
];

fn hint(error: &git2::Error, certificate: bool) -> &'static str {
    let message = error.message();
    if certificate || error.class() == ErrorClass::Ssl {
        "name the certificate authority of the server in KEYFLEET_GIT_CACERT or SSL_CERT_FILE; in the settings of the service, `certificateAuthority`"
    } else if message.contains("status code: 404") {
        "there is no such repository, or the token may not see it"
    } else if message.contains("status code: 403") {
        "the token may not do this with the repository"
    } else if DISK.iter().any(|part| message.contains(part)) {
        "see whether what was fetched can be written: is there space, and permission?"
    } else {
        "check the address, and that the server can be reached from here"
    }
}
