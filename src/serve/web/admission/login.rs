//! Where a person gives the token once.

use super::session;
use super::{Gate, Peer, SecretBytes, TokenGate, Verdict, Way};
use axum::Router;
use axum::extract::{Form, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::header::{CONTENT_TYPE, HeaderName, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::sync::Arc;

pub(super) const PATH: &str = "/login";
const STYLE: &str = include_str!("login.css");
/// There is one thing to fill in, and it is never anybody else's text.
const PAGE: &str = include_str!("login.html");
const SAID: &str = "<!-- what was said -->";

#[derive(serde::Deserialize)]
struct Given {
    token: String,
}

pub(super) fn router(gate: Arc<Gate>) -> Router {
    Router::new()
        .route(PATH, get(show).post(log_in))
        .route("/logout", post(log_out))
        .route("/login.css", get(style))
        .with_state(gate)
}

async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

async fn show() -> Response {
    page(StatusCode::OK, "")
}

fn page(status: StatusCode, said: &'static str) -> Response {
    let said = if said.is_empty() {
        String::new()
    } else {
        format!("<p id=\"said\" role=\"alert\">{said}</p>")
    };
    (status, Html(PAGE.replace(SAID, &said))).into_response()
}

impl Gate {
    /// The routes of this file are there with a token only.
    fn token(&self) -> Option<&TokenGate> {
        match &self.way {
            Way::Token(gate) => Some(gate),
            Way::Loopback | Way::Proxy(_) => None,
        }
    }
}

async fn log_in(
    State(gate): State<Arc<Gate>>,
    peer: Peer,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Response {
    let given = SecretBytes::from(given.token);
    let Some(gate) = gate.token().filter(|_| !is_from_elsewhere(&headers)) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let trimmed = SecretBytes::new(given.expose().trim_ascii().to_vec());
    match gate.check(peer, &trimmed) {
        Ok(session) => with_cookie(&session.set_cookie(is_over_tls(&headers)), "/"),
        Err(Verdict::TooMany) => page(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many wrong tokens from here. Try again in a minute.",
        ),
        Err(_) => page(StatusCode::UNAUTHORIZED, "This is not the token."),
    }
}

async fn log_out(State(gate): State<Arc<Gate>>, headers: HeaderMap) -> Response {
    let Some(gate) = gate.token().filter(|_| !is_from_elsewhere(&headers)) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    if let Some(session) = gate.session(&headers) {
        gate.ended.end(&session, jiff::Timestamp::now());
    }
    let gone = if is_over_tls(&headers) {
        format!(
            "{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure",
            session::NAME_WITH_TLS
        )
    } else {
        format!(
            "{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict",
            session::NAME
        )
    };
    with_cookie(&gone, PATH)
}

fn with_cookie(cookie: &str, to: &str) -> Response {
    let mut answer = Redirect::to(to).into_response();
    // Our own letters and digits, always a header.
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        answer.headers_mut().insert(SET_COOKIE, cookie);
    }
    answer
}

/// A form on somebody else's page. Browsers say so wherever the connection is safe enough to say it.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let site = headers.get(HeaderName::from_static("sec-fetch-site"));
    site.is_some_and(|site| site != "same-origin" && site != "none")
}

/// Whether the browser reached a proxy by TLS. Whoever says so falsely gets a cookie that is kept more strictly.
fn is_over_tls(headers: &HeaderMap) -> bool {
    let proto = headers.get(HeaderName::from_static("x-forwarded-proto"));
    proto.is_some_and(|proto| proto == "https")
}
