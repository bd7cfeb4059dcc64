//! The drift reports that were made, newest first.

use super::frame::{Frame, Nav};
use super::parts::Turn;
use super::{PER_PAGE, show};
use crate::serve::board::ReportMade;
use crate::serve::view::{Paged, Reader, paged};
use crate::serve::web::ask::Ask;
use askama::Template;
use axum::extract::State;
use axum::response::Response;

const PATH: &str = "/reports";

#[derive(Template)]
#[template(path = "pages/reports.html")]
struct Page<'a> {
    frame: Frame<'a>,
    reports: Paged<&'a ReportMade>,
    turn: Turn,
}

pub(super) async fn page(State(reader): State<Reader>, ask: Ask) -> Response {
    let look = reader.look();
    let reports = paged(look.known.reports.iter().collect(), ask.page(), PER_PAGE);
    let page = Page {
        frame: Frame::of(&look, &ask, Nav::Reports, PATH),
        turn: Turn::of(&reports, &ask, PATH),
        reports,
    };
    show(&page)
}
