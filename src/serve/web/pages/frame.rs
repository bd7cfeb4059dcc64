//! What is around every page: whose fleet it is, how git and this process are, and the way to the other pages.

use super::age::{Age, age};
use super::style;
use crate::diagnostics::Severity;
use crate::serve::board::{SourceState, Standing};
use crate::serve::view::{Look, Tally, Topic, findings};
use crate::serve::web::ask::Ask;
use askama::filters::Safe;
use jiff::Timestamp;

/// How much of a commit's id tells it from the others.
const SHORT: usize = 12;
/// Seconds, where a reader wants the page to load itself again.
const USUAL_REFRESH: &str = "30";

/// Which of the main pages it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nav {
    Fleet,
    Findings,
    Held,
    Rotation,
    Reports,
    Problems,
    None,
}

/// A way to one of the main pages.
pub(super) struct Way {
    pub(super) link: &'static str,
    pub(super) word: &'static str,
    /// How many things are there, where it is worth a number.
    pub(super) number: usize,
    pub(super) is_here: bool,
}

/// The frame of a page.
pub(super) struct Frame<'a> {
    look: &'a Look,
    here: Nav,
    tally: Tally,
    pub(super) style: &'static str,
    pub(super) version: &'static str,
    pub(super) refresh: Option<u32>,
    /// The same page, once more; and loading itself, or not any more.
    pub(super) again: String,
    pub(super) switch_refresh: String,
}

impl<'a> Frame<'a> {
    pub(super) fn of(look: &'a Look, ask: &Ask, here: Nav, path: &str) -> Self {
        let refresh = ask.refresh();
        let switched = if refresh.is_some() { "" } else { USUAL_REFRESH };
        Self {
            look,
            here,
            tally: Tally::of(findings(look)),
            style: style::path(),
            version: env!("CARGO_PKG_VERSION"),
            refresh,
            again: ask.link(path, &[]),
            switch_refresh: ask.link(path, &[("refresh", switched)]),
        }
    }

    fn source(&self) -> &'a SourceState {
        &self.look.known.source
    }

    pub(super) fn ways(&self) -> [Way; 6] {
        let problems = self.source().followed.as_ref().map_or(0, |followed| {
            followed.problems.count(Severity::Error) + followed.problems.count(Severity::Warning)
        });
        let way = |nav, link, word, number| Way {
            link,
            word,
            number,
            is_here: nav == self.here,
        };
        let held = self.tally.get(Topic::Held) + usize::from(self.source().held.is_some());
        [
            way(Nav::Fleet, "/", "Fleet", 0),
            way(Nav::Findings, "/findings", "Findings", self.tally.all()),
            way(Nav::Held, "/held", "Held", held),
            way(
                Nav::Rotation,
                "/rotation",
                "Rotation",
                self.tally.get(Topic::Rotation),
            ),
            way(Nav::Reports, "/reports", "Reports", 0),
            way(Nav::Problems, "/problems", "Problems", problems),
        ]
    }

    /// Whose fleet it is.
    pub(super) fn installation(&self) -> &'a str {
        let followed = self.source().followed.as_ref();
        followed.map_or(&self.source().name, |followed| {
            followed.desired.installation.as_str()
        })
    }

    pub(super) fn repository(&self) -> &'a str {
        &self.source().name
    }

    pub(super) fn revision(&self) -> Option<&'a str> {
        let followed = self.source().followed.as_ref()?;
        let revision = followed.revision.as_str();
        Some(revision.get(..SHORT).unwrap_or(revision))
    }

    pub(super) fn followed_since(&self) -> Option<Safe<Age>> {
        let followed = self.source().followed.as_ref()?;
        Some(self.age(&followed.since))
    }

    pub(super) fn fetched(&self) -> Option<Safe<Age>> {
        self.source()
            .fetched
            .as_ref()
            .map(|fetched| self.age(fetched))
    }

    pub(super) fn git_failure(&self) -> Option<&'a str> {
        self.source().failure.as_deref()
    }

    pub(super) fn is_rewritten(&self) -> bool {
        self.source().held.is_some()
    }

    /// Whether nothing can be shown yet.
    pub(super) fn is_starting(&self) -> bool {
        self.source().followed.is_none()
    }

    /// What this process does.
    pub(super) fn standing(&self) -> &'a Standing {
        &self.look.known.standing
    }

    pub(super) fn age(&self, at: &Timestamp) -> Safe<Age> {
        age(*at, self.look.now)
    }

    pub(super) fn now(&self) -> String {
        self.look.now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
    }

    pub(super) fn now_exactly(&self) -> String {
        self.look.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}
