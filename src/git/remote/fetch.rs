use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use git2::{
    AutotagOption, Config, ConfigLevel, Direction, ErrorClass, ErrorCode, FetchOptions, Oid,
    Progress, ProxyOptions, Remote, RemoteCallbacks, RemoteRedirect, Repository,
    RepositoryInitOptions,
};

use super::credentials::Login;
use super::known_hosts::HostCheck;
use super::refs::{self, Want};
use crate::git::source::{Scheme, Url};
use crate::git::{Access, Error, Limits, tree};

/// Everything one fetch needs, owned, so that it can outlive the caller's patience.
pub(super) struct Job {
    pub(super) url: Url,
    pub(super) reference: Option<String>,
    pub(super) access: Access,
    pub(super) limits: Limits,
    pub(super) directory: PathBuf,
    pub(super) deadline: Instant,
}

/// Where the fetched commit is kept in the temporary repository.
const KEPT: &str = "refs/keyfleet/commit";

pub(super) fn run(job: &Job) -> Result<Oid, Error> {
    let repository = own_repository(&job.directory).map_err(|error| Error::Fetch {
        url: job.url.text.clone(),
        hint: "the temporary repository could not be made; see whether git's configuration files are valid",
        source: error.into(),
    })?;
    let session = Session::new(job)?;
    let mut remote = repository
        .remote_anonymous(&job.url.text)
        .map_err(|e| session.explain(&e))?;
    let want = match session.one_commit(&mut remote)? {
        Want::Name(_) => return kept_commit(&repository, job),
        Want::Commit(id) if repository.find_commit(id).is_ok() => return Ok(id),
        want => want,
    };
    session.everything(&mut remote)?;
    refs::find_fetched(&repository, &want, &job.url.text)
}

/// An empty bare repository that knows no configuration but its own.
fn own_repository(directory: &Path) -> Result<Repository, git2::Error> {
    let mut options = RepositoryInitOptions::new();
    let repository = Repository::init_opts(directory, options.bare(true).external_template(false))?;
    let mut config = Config::new()?;
    config.add_file(&directory.join("config"), ConfigLevel::Local, false)?;
    config.set_bool("http.followRedirects", false)?;
    repository.set_config(&config)?;
    Ok(repository)
}

fn kept_commit(repository: &Repository, job: &Job) -> Result<Oid, Error> {
    let kept = repository
        .find_reference(KEPT)
        .map_err(|e| tree::damaged("", e))?;
    kept.peel_to_commit()
        .map(|commit| commit.id())
        .map_err(|_| Error::UnknownReference {
            reference: job.reference.clone().unwrap_or_else(|| "HEAD".to_owned()),
            place: job.url.text.clone(),
            hint: "it is not a commit; name a branch, a tag or a commit".to_owned(),
        })
}

/// One conversation with the server, and what was noticed in it: libgit2 passes no reason through its callbacks.
struct Session<'j> {
    job: &'j Job,
    login: RefCell<Login>,
    host: RefCell<HostCheck>,
    stopped: RefCell<Option<Stop>>,
}

#[derive(Clone, Copy)]
enum Stop {
    Late,
    TooMuch,
}

impl<'j> Session<'j> {
    fn new(job: &'j Job) -> Result<Self, Error> {
        let read = |what, path: &PathBuf| {
            fs::read_to_string(path).map_err(|source| Error::AccessFile {
                what,
                path: path.clone(),
                source,
            })
        };
        let ssh = job.url.scheme == Scheme::Ssh;
        let known = job.access.known_hosts.as_ref().filter(|_| ssh);
        let known = known
            .map(|path| read("the known hosts file", path))
            .transpose()?;
        if let Some(key) = job.access.ssh_key.as_ref().filter(|_| ssh) {
            // libgit2's word for a missing key file is "authentication failed".
            fs::File::open(key).map_err(|source| Error::AccessFile {
                what: "the ssh key",
                path: key.clone(),
                source,
            })?;
        }
        let host = HostCheck::new(job.url.host.clone(), job.url.port, known);
        let login = Login::default();
        Ok(Self {
            job,
            login: login.into(),
            host: host.into(),
            stopped: RefCell::new(None),
        })
    }

    /// Chooses a reference among those the server has, and fetches that commit alone, if the server gives single commits.
    fn one_commit(&self, remote: &mut Remote<'_>) -> Result<Want, Error> {
        let mut connection = remote
            .connect_auth(Direction::Fetch, Some(self.callbacks()), Some(self.proxy()))
            .map_err(|e| self.explain(&e))?;
        let heads = connection.list().map_err(|e| self.explain(&e))?;
        let heads: Vec<_> = heads
            .iter()
            .map(|head| (head.name().to_owned(), head.oid()))
            .collect();
        let want = refs::choose(&heads, self.job.reference.as_deref(), &self.job.url.text)?;
        let refspec = match &want {
            Want::Name(name) => format!("+{name}:{KEPT}"),
            Want::Commit(id) => format!("+{id}:{KEPT}"),
            Want::Prefix(_) => return Ok(want),
        };
        match connection
            .remote()
            .fetch(&[refspec], Some(&mut self.options(1)), None)
        {
            // Many servers give a commit only by the name of a reference: then its history is fetched instead.
            Err(_) if matches!(want, Want::Commit(_)) && self.stopped.borrow().is_none() => {
                Ok(want)
            }
            Err(error) => Err(self.explain(&error)),
            Ok(()) => Ok(want),
        }
    }

    fn everything(&self, remote: &mut Remote<'_>) -> Result<(), Error> {
        let refspecs = [
            "+refs/heads/*:refs/keyfleet/heads/*",
            "+refs/tags/*:refs/keyfleet/tags/*",
        ];
        self.login.borrow_mut().start_again();
        remote
            .fetch(&refspecs, Some(&mut self.options(0)), None)
            .map_err(|e| self.explain(&e))
    }

    /// A depth of 0 is the whole history.
    fn options(&self, depth: i32) -> FetchOptions<'_> {
        let mut options = FetchOptions::new();
        options
            .depth(depth)
            .download_tags(AutotagOption::None)
            .update_fetchhead(false)
            .follow_redirects(RemoteRedirect::None)
            .proxy_options(self.proxy())
            .remote_callbacks(self.callbacks());
        options
    }

    /// A proxy is looked for (in the environment) only for what TLS protects from it.
    fn proxy(&self) -> ProxyOptions<'static> {
        let mut proxy = ProxyOptions::new();
        if self.job.url.scheme == Scheme::Https {
            proxy.auto();
        }
        proxy
    }

    fn callbacks(&self) -> RemoteCallbacks<'_> {
        let mut callbacks = RemoteCallbacks::new();
        callbacks.credentials(|url, user, allowed| {
            self.login
                .borrow_mut()
                .next(&self.job.url, &self.job.access, (url, user, allowed))
        });
        callbacks.transfer_progress(|progress| self.go_on(Some(&progress)));
        callbacks.sideband_progress(|_| self.go_on(None));
        if self.job.url.scheme == Scheme::Ssh {
            callbacks.certificate_check(|certificate, _| self.host.borrow_mut().check(certificate));
        }
        callbacks
    }

    fn go_on(&self, progress: Option<&Progress<'_>>) -> bool {
        let received = progress.map_or(0, |progress| progress.received_bytes() as u64);
        let stop = if received > self.job.limits.fetch_bytes {
            Some(Stop::TooMuch)
        } else {
            (Instant::now() > self.job.deadline).then_some(Stop::Late)
        };
        if stop.is_some() {
            *self.stopped.borrow_mut() = stop;
        }
        stop.is_none()
    }

    fn explain(&self, error: &git2::Error) -> Error {
        let url = self.job.url.text.clone();
        let limits = &self.job.limits;
        match *self.stopped.borrow() {
            Some(Stop::Late) => {
                return Error::Deadline {
                    url,
                    seconds: limits.fetch_seconds,
                };
            }
            Some(Stop::TooMuch) => {
                let what = format!("{url} sends more");
                return Error::Limit {
                    limit: "fetch_bytes",
                    value: limits.fetch_bytes,
                    what,
                };
            }
            None => {}
        }
        if let Some((what, hint)) = self.login.borrow().refused() {
            return Error::Refused { url, what, hint };
        }
        if error.message().contains("private key") {
            return Error::Refused {
                url,
                what: "the key from KEYFLEET_GIT_SSH_KEY cannot be used".to_owned(),
                hint: "name a private key file in OpenSSH's or PEM format, without a passphrase"
                    .to_owned(),
            };
        }
        let certificate = error.code() == ErrorCode::Certificate;
        if let Some((what, hint)) = self.host.borrow().refused(certificate) {
            return Error::HostKey { url, what, hint };
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
}

fn hint(error: &git2::Error, certificate: bool) -> &'static str {
    let message = error.message();
    if certificate || error.class() == ErrorClass::Ssl {
        "name the certificate authority of the server in SSL_CERT_FILE"
    } else if message.contains("status code: 404") {
        "there is no such repository, or the token (KEYFLEET_GIT_TOKEN) may not see it"
    } else if message.contains("status code: 403") {
        "the token (KEYFLEET_GIT_TOKEN) may not read this repository"
    } else {
        "check the address, and that the server can be reached from here"
    }
}
