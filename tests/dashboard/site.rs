//! The pages and the API over a board, asked without a socket.

use super::made_up;
use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use keyfleet::serve::Board;
use keyfleet::serve::view::Reader;
use keyfleet::serve::web::{api, pages};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tower::ServiceExt;

/// Every page that needs no name.
pub(crate) const MAIN: [&str; 6] = [
    "/",
    "/findings",
    "/held",
    "/rotation",
    "/reports",
    "/problems",
];

pub(crate) struct Site {
    pub board: Arc<Board>,
    service: Router,
}

pub(crate) struct Answer {
    pub status: StatusCode,
    pub kind: String,
    pub kept: String,
    pub body: String,
}

impl Site {
    pub(crate) fn of(board: Board) -> Self {
        let board = Arc::new(board);
        Self {
            service: service(board.clone(), made_up::now),
            board,
        }
    }

    /// A made-up fleet of so many clusters and Secrets on each.
    pub(crate) fn made_up(clusters: usize, secrets: usize) -> Self {
        Self::of(made_up::board(made_up::Shape { clusters, secrets }))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = self.service.clone().oneshot(request).await.unwrap();
        let header = |name| {
            let value = answer.headers().get(name);
            value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
        };
        Answer {
            status: answer.status(),
            kind: header(http::header::CONTENT_TYPE),
            kept: header(http::header::CACHE_CONTROL),
            body: {
                let bytes = answer.into_body().collect().await.unwrap().to_bytes();
                String::from_utf8(bytes.to_vec()).unwrap()
            },
        }
    }

    /// The text of a page that is there.
    pub(crate) async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(
            (answer.status, answer.kind.as_str()),
            (StatusCode::OK, "text/html; charset=utf-8"),
            "{path}"
        );
        assert_eq!(
            answer.kept, "",
            "what the page says of this is said around it"
        );
        answer.body
    }

    /// What the API answers, which is there.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(&format!("/api/v1{path}")).await;
        assert_eq!(
            (answer.status, answer.kind.as_str()),
            (StatusCode::OK, "application/json"),
            "{path}"
        );
        serde_json::from_str(&answer.body).unwrap()
    }
}

/// As the service nests them.
pub(crate) fn service(board: Arc<Board>, clock: fn() -> jiff::Timestamp) -> Router {
    let reader = Reader {
        board,
        overdue: watch::channel(Duration::from_secs(3_600)).1,
        clock,
    };
    pages::router(reader.clone()).nest("/api/v1", api::router(reader))
}
