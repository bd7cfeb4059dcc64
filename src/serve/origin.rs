//! Where declarations come from, as the service reads them again and again: a branch, whose last good revision is remembered, or a
//! folder as it stands, which has no history that could be rewritten.

use super::settings::{self, SecretSource};
use crate::git::{Access, Cache, Outcome, Token};
use crate::pipeline::{Compiler, Repository};
use anyhow::Context;
use std::path::Path;

pub(super) enum Origin {
    /// A folder of this machine.
    AsItStands,
    /// A branch, wherever its repository is; `None` while it is being read.
    Branch(Option<Box<Cache>>),
}

/// What one reading gave.
pub(super) struct Reading {
    /// The revision to keep everything equal to; `None` where nothing was ever read.
    pub repository: Option<Repository>,
    /// Why the server did not answer, or its answer was of no use.
    pub failure: Option<String>,
    /// A branch that was rewritten.
    pub held: Option<Rewritten>,
}

pub(super) struct Rewritten {
    pub from: String,
    pub to: String,
    pub why: String,
}

impl Origin {
    /// What is remembered of a branch, and the cache of a server's repository, is in this folder.
    pub(super) fn open(settings: &settings::Repository, folder: &Path) -> anyhow::Result<Self> {
        let Some(mut cache) = open(settings, folder)? else {
            return Ok(Self::AsItStands);
        };
        let held = cache.held().map(|held| held.commit.clone());
        if let (Some(held), Some(accepted)) = (held, &settings.accept)
            && held == *accepted
        {
            cache.accept(accepted)?;
        }
        Ok(Self::Branch(Some(Box::new(cache))))
    }

    pub(super) async fn read(
        &mut self,
        settings: &settings::Repository,
        folder: &Path,
        compiler: &mut Compiler,
    ) -> anyhow::Result<Reading> {
        let cache = match self {
            Self::AsItStands => {
                let (source, reference) = (settings.source.clone(), settings.reference.clone());
                let read = compiler.read(source, reference, settings.limits, access(settings)?);
                return Ok(Reading {
                    repository: Some(read.await?),
                    failure: None,
                    held: None,
                });
            }
            Self::Branch(cache) => cache.take(),
        };
        // Reading was given up in the middle: what is on disk holds.
        let cache = match cache {
            Some(cache) => *cache,
            None => open(settings, folder)?.context("the repository is no branch any more")?,
        };
        let followed = compiler
            .follow(cache, settings.limits, access(settings)?)
            .await?;
        *self = Self::Branch(Some(Box::new(followed.cache)));
        let (failure, held) = match followed.fetched {
            Err(error) => (Some(format!("{:#}", anyhow::Error::from(error))), None),
            Ok(fetched) => {
                if let Some(why) = fetched.anew {
                    tracing::warn!(why, "the cache of git was made anew");
                }
                (None, rewritten(fetched.outcome))
            }
        };
        let repository = followed.repository.transpose();
        let repository = match &held {
            // Where `git gc` has removed it since.
            Some(held) => repository.with_context(|| {
                let to = &held.to;
                format!("the branch was rewritten to {to}, which is held, and what was followed cannot be read any more")
            }),
            None => repository.map_err(Into::into),
        }?;
        if let (None, Some(failure)) = (&repository, &failure) {
            anyhow::bail!("{failure}");
        }
        Ok(Reading {
            repository,
            failure,
            held,
        })
    }
}

fn open(settings: &settings::Repository, folder: &Path) -> anyhow::Result<Option<Cache>> {
    let cache = Cache::of(folder, &settings.source, settings.reference.as_deref())?;
    Ok(cache)
}

fn rewritten(outcome: Outcome) -> Option<Rewritten> {
    match outcome {
        Outcome::Rewritten { from, to, why } => Some(Rewritten {
            from,
            why: why.to_string(),
            to,
        }),
        Outcome::Unchanged { .. } | Outcome::First { .. } | Outcome::Forward { .. } => None,
    }
}

/// How keyfleet gets in. Files are read for each fetch.
pub(super) fn access(settings: &settings::Repository) -> anyhow::Result<Access> {
    let token = settings.token.as_ref().map(|source| match source {
        SecretSource::File(path) => Ok(Token::File(path.clone())),
        SecretSource::Environment(_) => {
            let token = source.read()?;
            let text = token.expose_text();
            let text = text.with_context(|| format!("{source} holds no text"))?;
            Ok::<_, anyhow::Error>(Token::Value(text.to_owned().into()))
        }
    });
    Ok(Access {
        username: settings.username.clone(),
        token: token.transpose()?,
        authority: settings.certificate_authority.clone(),
        ssh_key: settings.ssh_key.clone(),
        known_hosts: settings.known_hosts.clone(),
    })
}
