//! What is wrong with the declarations, each with its line and what to do.

use super::frame::{Frame, Nav};
use super::parts::{Turn, tone};
use super::show;
use crate::diagnostics::{Diagnostic, Place, Severity};
use crate::serve::view::{Paged, Reader, Tone, paged};
use crate::serve::web::ask::Ask;
use askama::Template;
use axum::extract::State;
use axum::response::Response;

const PATH: &str = "/problems";
/// Each is a section, not a row.
const PER_PAGE: usize = 50;

#[derive(Template)]
#[template(path = "pages/problems.html")]
struct Page<'a> {
    frame: Frame<'a>,
    problems: Paged<Problem<'a>>,
    turn: Turn,
}

struct Problem<'a> {
    diagnostic: &'a Diagnostic,
    /// The line itself, where it may be shown: before what is meant, that, and after it.
    line: Option<[&'a str; 3]>,
}

impl Problem<'_> {
    fn word(&self) -> &'static str {
        match self.diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }

    fn sigil(&self) -> &'static str {
        match self.diagnostic.severity {
            Severity::Error => "✗",
            Severity::Warning => "!",
            Severity::Note => "i",
        }
    }

    fn tone(&self) -> &'static str {
        tone(match self.diagnostic.severity {
            Severity::Error => Tone::Bad,
            Severity::Warning => Tone::Careful,
            Severity::Note => Tone::Quiet,
        })
    }
}

pub(super) async fn page(State(reader): State<Reader>, ask: Ask) -> Response {
    let look = reader.look();
    let followed = look.known.source.followed.as_ref();
    let all = followed.map(|followed| followed.problems.sorted());
    let mut all = all.unwrap_or_default();
    all.sort_by_key(|problem| problem.severity);
    let problems = all.into_iter().map(|diagnostic| Problem {
        diagnostic,
        line: followed
            .and_then(|followed| diagnostic.shown_line(&followed.sources))
            .map(|line| parted(line, &diagnostic.place)),
    });
    let problems = paged(problems.collect(), ask.page(), PER_PAGE);
    let page = Page {
        frame: Frame::of(&look, &ask, Nav::Problems, PATH),
        turn: Turn::of(&problems, &ask, PATH),
        problems,
    };
    show(&page)
}

/// A line around what is meant of it. Columns count characters, and may lie past its end.
fn parted<'a>(line: &'a str, place: &Place) -> [&'a str; 3] {
    let at = |characters: usize| {
        let mut starts = line.char_indices();
        starts
            .nth(characters)
            .map_or(line.len(), |(index, _)| index)
    };
    let first = place.column.saturating_sub(1);
    let (start, end) = (at(first), at(first.saturating_add(place.length)));
    [&line[..start], &line[start..end], &line[end..]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_of_a_line_is_told_from_the_rest() {
        let place = |column, length| Place {
            column,
            length,
            ..Place::file("a.yaml")
        };
        assert_eq!(parted("größe: 1", &place(1, 5)), ["", "größe", ": 1"]);
        assert_eq!(parted("ü", &place(90, 9)), ["ü", "", ""]);
        assert_eq!(parted("ab", &place(2, usize::MAX)), ["a", "b", ""]);
    }
}
