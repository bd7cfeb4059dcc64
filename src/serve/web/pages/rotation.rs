//! Which Secrets lag behind Vault, and since when.

use super::frame::{Frame, Nav};
use super::parts::{FindingRow, Turn};
use super::{PER_PAGE, show};
use crate::serve::view::{self, Paged, Reader, Topic, paged};
use crate::serve::web::ask::Ask;
use askama::Template;
use axum::extract::State;
use axum::response::Response;

const PATH: &str = "/rotation";

#[derive(Template)]
#[template(path = "pages/rotation.html")]
struct Page<'a> {
    frame: Frame<'a>,
    lags: Paged<LagRow<'a>>,
    turn: Turn,
}

struct LagRow<'a> {
    row: FindingRow<'a>,
    versions: String,
    may_write: bool,
}

pub(super) async fn page(State(reader): State<Reader>, ask: Ask) -> Response {
    let look = reader.look();
    let lags = view::rotation(&look).into_iter().map(|lag| LagRow {
        row: FindingRow::of(lag.found, look.now),
        may_write: lag.may_write,
        versions: match (lag.from, lag.to) {
            (Some(from), Some(to)) => format!("{from} → {to}"),
            (None, Some(to)) => format!("→ {to}"),
            (_, None) => "not numbered".to_owned(),
        },
    });
    let lags = paged(lags.collect(), ask.page(), PER_PAGE);
    let page = Page {
        frame: Frame::of(&look, &ask, Nav::Rotation, PATH),
        turn: Turn::of(&lags, &ask, PATH),
        lags,
    };
    show(&page)
}

/// Whether it will be mended by itself.
fn next(lag: &LagRow<'_>) -> &'static str {
    match lag.row.found.topic() {
        Topic::Held => "held",
        _ if lag.may_write => "written by the next pass",
        _ => "not written: looks only",
    }
}
