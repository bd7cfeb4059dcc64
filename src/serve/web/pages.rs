//! The dashboard: pages made on the server, whole without a script, from what is on the board.
//!
//! Promises: no value is on any page, since none is on the board; every text is made inert where it enters the page
//! (`report::Inert`); a page needs nothing from elsewhere, and its look is one file of our own. A page that is asked for what is
//! not there says so. Absent on purpose: who may look and the headers of answers, which are set around this; forms that
//! change anything, which do not exist.

#![expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "a template hands on references, whatever they point to"
)]

mod age;
mod cluster;
mod findings;
mod fleet;
mod frame;
mod held;
mod parts;
mod problems;
mod reports;
mod rotation;
mod secret;
mod style;
mod vault;

use super::ask::Ask;
use crate::serve::view::{Look, Reader};
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use frame::{Frame, Nav};
use http::StatusCode;

/// Rows of a long list on one page.
const PER_PAGE: usize = 100;

/// Every page, from the root on.
pub fn router(reader: Reader) -> Router {
    Router::new()
        .route("/", get(fleet::page))
        .route("/clusters/{cluster}", get(cluster::page))
        .route(
            "/clusters/{cluster}/secrets/{namespace}/{name}",
            get(secret::page),
        )
        .route("/vaults/{vault}", get(vault::page))
        .route("/held", get(held::page))
        .route("/findings", get(findings::page))
        .route("/rotation", get(rotation::page))
        .route("/reports", get(reports::page))
        .route("/problems", get(problems::page))
        .route(style::path(), get(style::sheet))
        .fallback(not_there)
        .with_state(reader)
}

#[derive(Template)]
#[template(path = "pages/missing.html")]
struct Missing<'a> {
    frame: Frame<'a>,
    what: &'a str,
}

async fn not_there(State(reader): State<Reader>, ask: Ask) -> Response {
    let look = reader.look();
    missing(&look, &ask, "There is no such page.")
}

/// What is not there may have been yesterday: it was renamed, or is no longer declared.
fn missing(look: &Look, ask: &Ask, what: &str) -> Response {
    let page = Missing {
        frame: Frame::of(look, ask, Nav::None, "/"),
        what,
    };
    let mut response = show(&page);
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn show(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
