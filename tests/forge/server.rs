//! A forge on loopback: it keeps comments and statuses as the real ones do, notes what it was asked, and fails when told to.

use super::shapes::{self, Author, Comment};
use super::support::log;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::serve::Listener;
use keyfleet::forge::{self, Forge, Kind, Patience, Place};
use keyfleet::observe::Failure;
use keyfleet::secret::SecretBytes;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;

pub(crate) const TOKEN: &str = "canary-forge-token-0123456789abcdef";
/// In every refusal of the forge.
pub(crate) const UPSTREAM: &str = "canary-upstream-0123456789abcdef";
pub(crate) const KINDS: [Kind; 3] = [Kind::GitHub, Kind::GitLab, Kind::Gitea];
pub(crate) const COMMIT: &str = "6dcb09b5b57875f334f61aebed695e2e4193db5e";

/// What happens instead of an answer, once.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It is refused, with these headers.
    Refuse(u16, Vec<(&'static str, String)>),
    RefuseSaying(u16, String),
    /// It is done, and the answer is lost behind a gateway.
    DoneButLost,
    /// What was asked for is gone by now.
    Vanished,
    Says(String),
    Hangs,
    Floods,
}

pub(crate) struct Books {
    pub(crate) me: Author,
    pub(crate) comments: Vec<Comment>,
    pub(crate) statuses: Vec<Value>,
    /// `GET /repos/…`, with the query.
    pub(crate) calls: Vec<String>,
    /// For the next calls with this method.
    pub(crate) faults: VecDeque<(&'static str, Fault)>,
}

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) kind: Kind,
    address: String,
    books: Arc<Mutex<Books>>,
    /// Made once: that reads the system's authorities.
    forge: Arc<OnceLock<Forge>>,
}

impl Server {
    pub(crate) async fn start(kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        Self::on(listener, kind, address)
    }

    pub(crate) fn on<L>(listener: L, kind: Kind, address: String) -> Self
    where
        L: Listener<Addr: fmt::Debug>,
    {
        log::capture();
        let books = Books {
            me: match kind {
                Kind::GitHub => Author::bot(41_898_282, "github-actions[bot]"),
                Kind::GitLab => Author::person(71, "project_5_bot_4ffca233d8298ea1"),
                Kind::Gitea => Author::person(-2, "gitea-actions"),
            },
            comments: Vec::new(),
            statuses: Vec::new(),
            calls: Vec::new(),
            faults: VecDeque::new(),
        };
        let server = Self {
            kind,
            address,
            books: Arc::new(Mutex::new(books)),
            forge: Arc::default(),
        };
        let app = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    /// What was asked since this was last called.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.books().calls)
    }

    pub(crate) fn fails(&self, method: &'static str, fault: Fault) {
        self.books().faults.push_back((method, fault));
    }

    /// `POST`, or the method that edits.
    pub(crate) fn edit(&self) -> &'static str {
        if self.kind == Kind::GitLab {
            "PUT"
        } else {
            "PATCH"
        }
    }

    pub(crate) fn say(&self, author: Author, body: &str) -> u64 {
        self.books().add(Some(author), body)
    }

    pub(crate) fn place(&self) -> Place {
        Place {
            kind: self.kind,
            api: format!("{}{}", self.address, prefix(self.kind)),
            repository: "acme/fleet".to_owned(),
        }
    }

    pub(crate) fn forge(&self) -> &Forge {
        let patience = Patience {
            request: Duration::from_secs(10),
            all: Duration::from_secs(30),
            attempts: 3,
            first_wait: Duration::from_millis(1),
        };
        self.forge.get_or_init(|| self.patient(patience))
    }

    pub(crate) fn patient(&self, patience: Patience) -> Forge {
        let token = SecretBytes::from(TOKEN.to_owned());
        Forge::new(&self.place(), &token, None, patience).unwrap()
    }

    pub(crate) async fn put(&self, markdown: &str) -> Result<forge::Posted, Failure> {
        let comment = forge::Comment {
            name: "acme/fleet",
            markdown,
            whole: Some("https://ci.example/job/7"),
        };
        self.forge().put_comment(7, &comment).await
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        let books = self.books();
        books.comments.iter().map(|it| it.body.clone()).collect()
    }
}

impl Books {
    pub(crate) fn add(&mut self, author: Option<Author>, body: &str) -> u64 {
        let id = 1_000 + self.comments.len() as u64;
        self.comments.push(Comment {
            id,
            body: body.to_owned(),
            author,
            system: false,
        });
        id
    }

    fn fault(&mut self, method: &str) -> Option<Fault> {
        let place = self.faults.iter().position(|(of, _)| *of == method)?;
        self.faults.remove(place).map(|(_, fault)| fault)
    }
}

fn prefix(kind: Kind) -> &'static str {
    match kind {
        Kind::GitHub => "",
        Kind::GitLab => "/api/v4",
        Kind::Gitea => "/api/v1",
    }
}

async fn answer(State(server): State<Server>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut body = to_bytes(body, 4 << 20).await.unwrap().to_vec();
    if server.kind == Kind::Gitea {
        body = with_broken_seams(&body);
    }
    let method = parts.method.as_str().to_owned();
    let fault = {
        let mut books = server.books();
        books.calls.push(format!("{method} {}", parts.uri));
        books.fault(&method)
    };
    let authorization = parts.headers.get("authorization");
    let is_known = authorization.is_some_and(|value| value == &format!("Bearer {TOKEN}"));
    if !is_known {
        return refuse(server.kind, 401, &[]);
    }
    let path = parts
        .uri
        .path()
        .strip_prefix(prefix(server.kind))
        .unwrap_or("");
    let query = parts.uri.query().unwrap_or("");
    match fault {
        None => server.act(&method, path, query, &body),
        Some(Fault::Refuse(status, headers)) => refuse(server.kind, status, &headers),
        Some(Fault::RefuseSaying(status, text)) => plain(status, &text),
        Some(Fault::DoneButLost) => {
            server.act(&method, path, query, &body);
            refuse(server.kind, 502, &[])
        }
        Some(Fault::Vanished) => {
            server.books().comments.clear();
            server.act(&method, path, query, &body)
        }
        Some(Fault::Says(text)) => plain(200, &text),
        Some(Fault::Hangs) => std::future::pending().await,
        Some(Fault::Floods) => {
            let chunk = Bytes::from(vec![b' '; 1 << 20]);
            let chunks = std::iter::repeat_n(chunk, 70).map(Ok::<_, std::io::Error>);
            Response::new(Body::from_stream(futures::stream::iter(chunks)))
        }
    }
}

/// As Gitea 1.24 does: a character that lies on both sides of the end of a buffer is lost.
fn with_broken_seams(body: &[u8]) -> Vec<u8> {
    let buffers = body.chunks(4_096).map(String::from_utf8_lossy);
    buffers.collect::<String>().into_bytes()
}

impl Server {
    fn act(&self, method: &str, path: &str, query: &str, body: &[u8]) -> Response {
        let kind = self.kind;
        let sent: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = sent["body"].as_str().unwrap_or_default();
        let (comments, comment, statuses) = match kind {
            Kind::GitLab => (
                "/projects/acme%2Ffleet/merge_requests/7/notes",
                "/projects/acme%2Ffleet/merge_requests/7/notes/",
                "/projects/acme%2Ffleet/statuses/",
            ),
            _ => (
                "/repos/acme/fleet/issues/7/comments",
                "/repos/acme/fleet/issues/comments/",
                "/repos/acme/fleet/statuses/",
            ),
        };
        if method == "GET" && path == comments {
            return self.page(query);
        }
        let mut books = self.books();
        if method == "POST" && path == comments {
            let me = books.me.clone();
            books.add(Some(me), text);
            return plain(201, &shapes::comment(kind, books.comments.last().unwrap()));
        }
        if let Some(id) = path.strip_prefix(comment).filter(|_| method == self.edit()) {
            let found = books.comments.iter_mut().find(|it| it.id.to_string() == id);
            let Some(found) = found else {
                return refuse(kind, 404, &[]);
            };
            text.clone_into(&mut found.body);
            return plain(200, &shapes::comment(kind, found));
        }
        if method == "POST" && path.starts_with(statuses) {
            books.statuses.push(sent);
            return plain(201, &json!({"id": 1}));
        }
        match (kind, method, path) {
            (Kind::GitHub, "POST", "/graphql") => {
                assert_eq!(sent["query"], "query{viewer{login}}");
                plain(200, &json!({"data": {"viewer": {"login": books.me.login}}}))
            }
            // As to any app.
            (Kind::GitHub, "GET", "/user") => refuse(kind, 403, &[]),
            (_, "GET", "/user") => plain(200, &shapes::user(kind, &books.me)),
            _ => refuse(kind, 404, &[]),
        }
    }

    /// Gitea gives all comments at once.
    fn page(&self, query: &str) -> Response {
        let number = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .find(|(key, _)| *key == name)
                .map_or(0, |(_, value)| value.parse().unwrap())
        };
        let books = self.books();
        let all: Vec<Value> = books
            .comments
            .iter()
            .map(|comment| shapes::comment(self.kind, comment))
            .collect();
        if self.kind == Kind::Gitea {
            return plain(200, &Value::Array(all));
        }
        let (page, size): (usize, usize) = (number("page"), number("per_page"));
        let shown: Vec<Value> = all
            .iter()
            .skip((page - 1) * size)
            .take(size)
            .cloned()
            .collect();
        let mut response = plain(200, &Value::Array(shown));
        if page * size < all.len() {
            // Nobody is there: only that there is a next page is of interest.
            let link = r#"<http://127.0.0.1:9/elsewhere?page=2>; rel="next", <http://127.0.0.1:9/>; rel="last""#;
            response.headers_mut().insert("link", link.parse().unwrap());
        }
        response
    }
}

fn plain(status: u16, body: &impl ToString) -> Response {
    let response = Response::builder().status(status);
    let response = response.header("content-type", "application/json");
    response.body(Body::from(body.to_string())).unwrap()
}

fn refuse(kind: Kind, status: u16, headers: &[(&'static str, String)]) -> Response {
    let mut response = plain(status, &shapes::refusal(kind));
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}
