//! Everything that is not as declared, in one list to search.

use super::frame::{Frame, Nav};
use super::parts::{Choice, FindingRow, Turn};
use super::{PER_PAGE, show};
use crate::plan::Kind;
use crate::serve::view::{self, Look, Paged, Reader, Topic, paged};
use crate::serve::web::ask::Ask;
use askama::Template;
use axum::extract::State;
use axum::response::Response;

const PATH: &str = "/findings";
const CAUSES: [&str; 5] = ["drift", "rotation", "pending", "adopt", "unrecorded"];

#[derive(Template)]
#[template(path = "pages/findings.html")]
struct Page<'a> {
    frame: Frame<'a>,
    rows: Paged<FindingRow<'a>>,
    turn: Turn,
    q: &'a str,
    cluster: &'a str,
    vault: &'a str,
    topics: Vec<Choice>,
    causes: Vec<Choice>,
    kinds: Vec<Choice>,
    is_narrowed: bool,
    /// What is said of an empty list.
    nothing: &'static str,
}

pub(super) async fn page(State(reader): State<Reader>, ask: Ask) -> Response {
    let look = reader.look();
    let found = view::narrowed(&look, &ask.findings());
    let rows = found
        .into_iter()
        .map(|found| FindingRow::of(found, look.now));
    let rows = paged(rows.collect(), ask.page(), PER_PAGE);
    let page = Page {
        frame: Frame::of(&look, &ask, Nav::Findings, PATH),
        turn: Turn::of(&rows, &ask, PATH),
        rows,
        q: ask.get("q"),
        cluster: ask.get("cluster"),
        vault: ask.get("vault"),
        topics: choices(
            Topic::ALL.map(|topic| (topic.slug(), topic.word())),
            ask.get("topic"),
        ),
        causes: choices(CAUSES.map(|cause| (cause, cause)), ask.get("cause")),
        kinds: choices(
            Kind::ALL.map(|kind| (kind.word(), kind.word())),
            ask.get("kind"),
        ),
        is_narrowed: ask.is_narrowed(),
        nothing: nothing(&look, &ask),
    };
    show(&page)
}

fn nothing(look: &Look, ask: &Ask) -> &'static str {
    if look.known.source.followed.is_none() {
        "Nothing was looked at yet."
    } else if ask.is_narrowed() {
        "No finding matches."
    } else {
        "Nothing differs, as far as the last passes saw."
    }
}

fn choices<const N: usize>(all: [(&'static str, &'static str); N], asked: &str) -> Vec<Choice> {
    let any = std::iter::once(("", "any"));
    any.chain(all)
        .map(|(value, word)| Choice::of(value, word, asked))
        .collect()
}
