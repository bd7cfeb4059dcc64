//! Where people review: a comment and a status on a pull request of GitHub, GitLab, Gitea or Forgejo.
//!
//! A merge request is called a pull request here, and a note a comment: one word for what is one thing.
//!
//! Promises: there is one comment for each pull request, edited in place, and a comment of anybody else is neither changed
//! nor trusted, whatever it says. What is posted already is not posted again. The token goes to the API's own host and nowhere
//! else: over https, through no redirect, and into no message. A message holds nothing of what the forge answered. Every
//! request, answer, wait and repetition has an end.
//!
//! Deliberately absent: what a review says. `report` makes it finished Markdown, and inert: of what a text can do by itself, only
//! GitLab's quick actions are taken out here, since a text for all forges need not know them.

mod address;
mod api;
mod call;
mod client;
mod comment;
mod cut;
mod job;
mod post;
mod refusal;

pub use crate::chance::Patience;
pub use job::{Job, PullRequest};
pub use post::{CONTEXT, Post};

use crate::observe::{Failure, FailureClass};
use crate::secret::SecretBytes;
use address::Address;
use api::{Found, Me};
use call::{Call, Repository};
use client::Client;
use comment::{Marker, Text};
use std::io;
use std::path::Path;

/// Which API it speaks. That of Forgejo is Gitea's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Also GitHub Enterprise.
    GitHub,
    GitLab,
    Gitea,
}

/// A repository on a forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub kind: Kind,
    /// `https://api.github.com`, `https://gitlab.example/api/v4`, `https://gitea.example/api/v1`.
    pub api: String,
    /// `owner/name`; on GitLab also the number of the project.
    pub repository: String,
}

impl Place {
    /// Whether it could be one. Asks nobody.
    pub fn check(&self) -> Result<(), Failure> {
        Address::parse(&self.api)?;
        Repository::of(self).map(drop)
    }
}

/// One comment for a pull request, as it should be.
#[derive(Debug, Clone, Copy)]
pub struct Comment<'a> {
    /// Whose comment it is, in at most 200 bytes: two that comment on one pull request have two names, each its own
    /// comment. The name of the repository, with the folder where a repository holds several fleets.
    pub name: &'a str,
    pub markdown: &'a str,
    /// Where all of it is, for a reader of one that had to be cut.
    pub whole: Option<&'a str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    pub deed: Deed,
    /// Where a person reads it, where the forge says that.
    pub url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Created,
    Edited,
    /// It says that already: nothing was written.
    Unchanged,
}

/// What is shown beside a commit, and what a rule of the forge may ask for before a merge.
#[derive(Debug, Clone, Copy)]
pub struct Status<'a> {
    pub state: State,
    /// Its name: a later one of the same name is in the place of this.
    pub context: &'a str,
    /// One plain line; cut where the forge takes less.
    pub description: &'a str,
    pub link: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Pending,
    Success,
    /// What was looked at is not good.
    Failure,
    /// It could not be looked at.
    Error,
}

/// How often it is looked for the comment again, after it vanished or may have been made.
const ROUNDS: u32 = 3;
/// A pull request with more comments than fit on so many pages is not looked through.
const PAGES: u32 = 50;

/// A forge, with the right to post there.
#[derive(Debug)]
pub struct Forge {
    repository: Repository,
    client: Client,
    patience: Patience,
}

impl Forge {
    /// `authorities`: a bundle in PEM, in place of the system's. Asks nothing yet.
    pub fn new(
        place: &Place,
        token: &SecretBytes,
        authorities: Option<&[u8]>,
        patience: Patience,
    ) -> Result<Self, Failure> {
        let address = Address::parse(&place.api)?;
        Ok(Self {
            repository: Repository::of(place)?,
            client: Client::new(place.kind, address, token, authorities, patience)?,
            patience,
        })
    }

    /// The forge whose job this process is, and the job. `variable` is a variable of the environment, `read` a file.
    pub fn from_environment(
        variable: impl Fn(&str) -> Option<String>,
        read: impl Fn(&Path) -> io::Result<Vec<u8>>,
    ) -> Result<(Self, Job), Failure> {
        let job = Job::find(&variable, &read)?;
        let token = job.token(&variable)?;
        let forge = Self::new(&job.place, &token, None, Patience::default())?;
        Ok((forge, job))
    }

    /// How many bytes of Markdown a comment takes whole. Forges count characters, of which there are never more.
    pub fn longest_comment(&self) -> usize {
        comment::room(self.repository.kind)
    }

    /// Makes the comment of this name say this: edits the one that is there, or makes one.
    pub async fn put_comment(
        &self,
        pull_request: u64,
        comment: &Comment<'_>,
    ) -> Result<Posted, Failure> {
        let marker = Marker::new(comment.name)?;
        let text = Text::new(self.repository.kind, &marker, comment);
        let rounds = self.rounds(pull_request, &marker, &text);
        self.in_time(rounds, &format!("comment on pull request {pull_request}"))
            .await
    }

    /// Sets this status of a commit.
    pub async fn put_status(&self, commit: &str, status: Status<'_>) -> Result<(), Failure> {
        let call = Call::put_status(&self.repository, commit, status)?;
        let doing = call.doing.clone();
        self.in_time(self.client.ask(&call), &doing).await.map(drop)
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
        doing: &str,
    ) -> Result<T, Failure> {
        let all = self.patience.all;
        let done = tokio::time::timeout(all, work).await;
        done.unwrap_or_else(|_| {
            let why = format!("the forge did not do it within {} s", all.as_secs_f64());
            let failure = Failure::new(FailureClass::TimedOut, doing, why);
            Err(failure.hint("run the job again; the comment may be there already"))
        })
    }

    async fn rounds(
        &self,
        pull_request: u64,
        marker: &Marker,
        text: &Text,
    ) -> Result<Posted, Failure> {
        let mut round = 1;
        loop {
            let once = self.round(pull_request, marker, text).await;
            match once {
                Ok(posted) => return Ok(posted),
                Err(Missed::ForGood(failure)) => return Err(failure),
                Err(Missed::LookAgain(failure)) if round >= ROUNDS => return Err(failure),
                Err(Missed::LookAgain(_)) => {}
            }
            tokio::time::sleep(self.patience.wait(round)).await;
            round += 1;
        }
    }

    async fn round(
        &self,
        pull_request: u64,
        marker: &Marker,
        text: &Text,
    ) -> Result<Posted, Missed> {
        let found = self.find(pull_request, marker).await;
        let Some(found) = found.map_err(Missed::ForGood)? else {
            let call = Call::create(&self.repository, pull_request, text.as_str());
            let created = self.client.ask(&call).await;
            return match created {
                Ok(answer) => Ok(Posted::new(Deed::Created, answer.url())),
                // It may be there nevertheless.
                Err(failure) if is_unclear(&failure) => Err(Missed::LookAgain(failure)),
                Err(failure) => Err(Missed::ForGood(failure)),
            };
        };
        if text.is_said_by(&found.body) {
            return Ok(Posted::new(Deed::Unchanged, found.url));
        }
        let call = Call::edit(&self.repository, pull_request, found.id, text.as_str());
        match self.client.ask(&call).await {
            Ok(answer) => Ok(Posted::new(Deed::Edited, answer.url().or(found.url))),
            Err(failure) if failure.class == FailureClass::NotFound => {
                Err(Missed::LookAgain(failure))
            }
            Err(failure) => Err(Missed::ForGood(failure)),
        }
    }

    /// The oldest comment that bears the marker and is ours. Who we are is only asked once somebody bears it.
    async fn find(&self, pull_request: u64, marker: &Marker) -> Result<Option<Found>, Failure> {
        let mut me: Option<Me> = None;
        for page in 1..=PAGES {
            let call = Call::list(&self.repository, pull_request, page);
            let answer = self.client.ask(&call).await?;
            for found in api::comments(self.repository.kind, &call, &answer)? {
                if !marker.is_on(&found.body) {
                    continue;
                }
                if me.is_none() {
                    me = Some(self.who_we_are().await?);
                }
                if me.as_ref().is_some_and(|me| me.wrote(&found)) {
                    return Ok(Some(found));
                }
            }
            if !answer.has_more {
                return Ok(None);
            }
        }
        let doing = format!("find the comment of pull request {pull_request}");
        let why = format!("there are more comments than fit on {PAGES} pages");
        Err(Failure::new(FailureClass::Protocol, doing, why)
            .hint("open another pull request for the same branch"))
    }

    async fn who_we_are(&self) -> Result<Me, Failure> {
        let call = Call::who(self.repository.kind);
        let answer = self.client.ask(&call).await?;
        api::me(self.repository.kind, &call, &answer)
    }
}

impl Posted {
    fn new(deed: Deed, url: Option<String>) -> Self {
        Self { deed, url }
    }
}

/// Why a round did not end with the comment.
enum Missed {
    /// What is there may have changed.
    LookAgain(Failure),
    ForGood(Failure),
}

/// Whether the forge may have done it.
fn is_unclear(failure: &Failure) -> bool {
    matches!(
        failure.class,
        FailureClass::Server | FailureClass::TimedOut | FailureClass::Unreachable
    )
}
