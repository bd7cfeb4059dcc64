//! From a number to a review. All of it is read, and nothing of it is followed or run.

use super::Unmade;
use crate::forge::{Kind, Place};
use crate::git::{Comparison, Error};
use crate::pipeline::{self, Repository};
use crate::report::review::{self, About};
use crate::review::Review;
use crate::serve::origin::access;
use crate::serve::settings;
use anyhow::anyhow;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long it may take to understand both revisions, once they are read.
const WITHIN: Duration = Duration::from_secs(60);
/// By how much the texts of a head may be longer than those of its base: more is no change that a person would review, and the
/// memory that it takes is the passes'.
const MOST_MORE: usize = 8 << 20;

/// A review, with what it is of.
pub(super) struct Made {
    /// The commit that was read.
    pub(super) commit: String,
    /// Whose review it is.
    pub(super) name: String,
    about: About,
    review: Review,
}

impl Made {
    pub(super) fn shown(&self) -> review::Reviewed<'_> {
        review::Reviewed {
            about: &self.about,
            review: &self.review,
        }
    }

    pub(super) fn verdict(&self) -> (bool, String) {
        review::verdict(self.shown())
    }
}

/// The name under which a forge keeps the head of a pull request, also of one from a fork.
fn head(kind: Kind, number: u64) -> String {
    match kind {
        Kind::GitHub | Kind::Gitea => format!("refs/pull/{number}/head"),
        Kind::GitLab => format!("refs/merge-requests/{number}/head"),
    }
}

/// What is followed, and what would be there after the merge.
pub(super) async fn read(
    settings: &settings::Repository,
    place: &Place,
    number: u64,
) -> Result<Comparison<Repository>, Unmade> {
    let names = (settings.reference.clone(), Some(head(place.kind, number)));
    let (source, access) = (settings.source.clone(), access(settings)?);
    let compared = pipeline::read_both(source, names, settings.limits, access).await;
    let compared = compared.map_err(|why| {
        let error = why.downcast_ref::<Error>();
        let for_good = matches!(error, Some(Error::Limit { .. } | Error::NotCompared { .. }));
        Unmade {
            why,
            commit: None,
            for_good,
        }
    })?;
    let (before, after) = (length(&compared.base), length(&compared.head));
    if after > before.saturating_add(MOST_MORE) {
        let most = MOST_MORE >> 20;
        return Err(Unmade {
            why: anyhow!(
                "its declarations are more than {most} MiB longer than those that it changes; split it, or review it with `keyfleet review`"
            ),
            commit: Some(compared.head_commit),
            for_good: true,
        });
    }
    Ok(compared)
}

fn length(repository: &Repository) -> usize {
    let texts = repository.sources.iter();
    texts.map(|(path, text)| path.len() + text.len()).sum()
}

/// Understands both, off the threads that others wait on. What does not end in time is left behind in `late`.
pub(super) async fn work_out(
    compared: Comparison<Repository>,
    late: &mut Option<JoinHandle<()>>,
) -> Result<Made, Unmade> {
    let commit = compared.head_commit.clone();
    let (made, answer) = oneshot::channel();
    let work = tokio::task::spawn_blocking(move || {
        // Nobody takes it only when it is too late.
        let _ = made.send(make(compared));
    });
    let why = match tokio::time::timeout(WITHIN, answer).await {
        Ok(Ok(made)) => return Ok(made),
        Ok(Err(_)) => anyhow!("it ended by a fault of keyfleet, please report it"),
        Err(_) => {
            *late = Some(work);
            anyhow!(
                "what it means was not understood within {} s",
                WITHIN.as_secs()
            )
        }
    };
    Err(Unmade {
        why,
        commit: Some(commit),
        for_good: true,
    })
}

fn make(compared: Comparison<Repository>) -> Made {
    let about = pipeline::about(&compared);
    let commit = compared.head_commit.clone();
    let reviewed = pipeline::review(compared.base, compared.head);
    Made {
        commit,
        name: reviewed.installation().to_owned(),
        about,
        review: reviewed.review,
    }
}
