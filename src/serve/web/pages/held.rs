//! What waits for a person, why, and exactly how it is released.

use super::frame::{Frame, Nav};
use super::parts::{FindingRow, Turn};
use super::show;
use crate::drift::Standing;
use crate::serve::board::HeldRevision;
use crate::serve::view::{self, Approval, Paged, Reader, Release, Topic, paged, releases};
use crate::serve::web::ask::Ask;
use askama::Template;
use axum::extract::State;
use axum::response::Response;

const PATH: &str = "/held";
/// Each is a section, not a row.
const PER_PAGE: usize = 50;

#[derive(Template)]
#[template(path = "pages/held.html")]
struct Page<'a> {
    frame: Frame<'a>,
    revision: Option<&'a HeldRevision>,
    held: Paged<HeldRow<'a>>,
    turn: Turn,
}

struct HeldRow<'a> {
    row: FindingRow<'a>,
    id: &'a str,
    releases: Vec<Release>,
}

impl HeldRow<'_> {
    /// The same command releases every concern that a command releases.
    fn command(&self) -> Option<&str> {
        let mut commands = self.releases.iter();
        commands.find_map(|release| release.command.as_deref())
    }

    /// The file that does the same in git.
    fn approval(&self) -> Option<&Approval> {
        let mut releases = self.releases.iter();
        releases.find_map(|release| release.approval.as_ref())
    }

    /// What to do, each once.
    fn hows(&self) -> Vec<&str> {
        let mut hows: Vec<&str> = self
            .releases
            .iter()
            .map(|release| release.how.as_str())
            .collect();
        hows.dedup();
        hows
    }

    /// Whether a command alone is not enough.
    fn needs_more(&self) -> bool {
        self.releases
            .iter()
            .any(|release| release.command.is_none())
    }
}

pub(super) async fn page(State(reader): State<Reader>, ask: Ask) -> Response {
    let look = reader.look();
    let held = view::findings(&look).filter(|found| found.topic() == Topic::Held);
    let rows = held.filter_map(|found| match &found.finding.standing {
        Standing::Held { id, .. } => Some(HeldRow {
            row: FindingRow::of(found, look.now),
            id,
            releases: releases(found, &look),
        }),
        _ => None,
    });
    let held = paged(rows.collect(), ask.page(), PER_PAGE);
    let page = Page {
        frame: Frame::of(&look, &ask, Nav::Held, PATH),
        revision: look.known.source.held.as_ref(),
        turn: Turn::of(&held, &ask, PATH),
        held,
    };
    show(&page)
}
