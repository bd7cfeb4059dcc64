//! A request that is put to both servers.

use serde_json::Value;
use std::fmt;

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) enum Token {
    /// Root, or `system:masters`.
    Admin,
    Nobody,
    /// The text, with `{name}` filled in.
    Of(String),
}

#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub method: String,
    /// From the root of the server: `/v1/sys/health`, `/api/v1/secrets?limit=2`.
    pub path: String,
    pub token: Token,
    pub headers: Vec<(String, String)>,
    pub body: Option<Body>,
    /// Kept from the answer: name and JSON pointer.
    pub keep: Vec<(String, String)>,
    /// Lists that the real server puts into an order by chance, by JSON pointer.
    pub unordered: Vec<String>,
    /// Not compared, by JSON pointer: what is chance on the real server.
    pub chance: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) enum Body {
    Json(Value),
    Text(String),
}

impl Ask {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            token: Token::Admin,
            headers: Vec::new(),
            body: None,
            keep: Vec::new(),
            unordered: Vec::new(),
            chance: Vec::new(),
        }
    }

    #[must_use]
    pub(crate) fn json(mut self, body: Value) -> Self {
        self.body = Some(Body::Json(body));
        self
    }

    #[must_use]
    pub(crate) fn text(mut self, body: &str) -> Self {
        self.body = Some(Body::Text(body.to_owned()));
        self
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub(crate) fn by(mut self, token: Token) -> Self {
        self.token = token;
        self
    }

    /// Keeps what stands at `pointer` of each side's answer as `{name}`.
    #[must_use]
    pub(crate) fn keep(mut self, name: &str, pointer: &str) -> Self {
        self.keep.push((name.to_owned(), pointer.to_owned()));
        self
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)?;
        if !matches!(self.token, Token::Admin) {
            write!(formatter, " by {:?}", self.token)?;
        }
        for (name, value) in &self.headers {
            write!(formatter, " [{name}: {value}]")?;
        }
        match &self.body {
            Some(Body::Json(body)) => write!(formatter, " {body}"),
            Some(Body::Text(body)) => write!(formatter, " {body:?}"),
            None => Ok(()),
        }
    }
}
