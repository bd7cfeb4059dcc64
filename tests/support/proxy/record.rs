use std::sync::Mutex;
use std::time::Instant;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Vault,
    Kubernetes,
}

/// What a request is for. Its method does not say: logins, access reviews and dry runs are also POST or PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Changes nothing.
    Read,
    /// Gets, renews or reviews a token: Vault's logins and `auth/token/*`, Kubernetes' `TokenRequest` and `TokenReview`.
    Login,
    /// Changes something that stays.
    Write,
}

#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub purpose: Purpose,
    /// What the client was answered; none while it waits, or when the connection was closed instead.
    pub status: Option<u16>,
    pub millis: u128,
    /// False when a fault kept it from the server.
    pub reached_server: bool,
}

/// The numbered requests since the last `clear`, and how many are under way.
#[derive(Debug)]
pub struct Records {
    kind: Kind,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    requests: Vec<(u64, Request)>,
    next: u64,
    under_way: usize,
    most_at_once: usize,
}

/// A request under way. Whatever becomes of it, also when the client gives up, it ends when this is dropped.
pub struct UnderWay<'a> {
    records: &'a Records,
    number: u64,
    begin: Instant,
}

impl Records {
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            state: Mutex::default(),
        }
    }

    pub fn describe(&self, method: &str, path: &str, query: &str) -> Request {
        let purpose = match (method, self.kind) {
            ("POST" | "PUT" | "PATCH" | "DELETE", Kind::Vault) => vault_purpose(path),
            ("POST" | "PUT" | "PATCH" | "DELETE", Kind::Kubernetes) => {
                kubernetes_purpose(path, query)
            }
            _ => Purpose::Read,
        };
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            purpose,
            status: None,
            millis: 0,
            reached_server: false,
        }
    }

    pub fn begin(&self, request: Request) -> UnderWay<'_> {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        state.under_way += 1;
        state.most_at_once = state.most_at_once.max(state.under_way);
        state.requests.push((number, request));
        UnderWay {
            records: self,
            number,
            begin: Instant::now(),
        }
    }

    pub fn all(&self) -> Vec<Request> {
        self.lock()
            .requests
            .iter()
            .map(|(_, request)| request.clone())
            .collect()
    }

    pub fn most_at_once(&self) -> usize {
        self.lock().most_at_once
    }

    pub fn clear(&self) {
        let mut state = self.lock();
        state.requests.clear();
        state.most_at_once = state.under_way;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it records")
    }
}

impl UnderWay<'_> {
    pub fn reached_server(&self) {
        self.update(|request| request.reached_server = true);
    }

    pub fn answered(&self, status: u16) {
        self.update(|request| request.status = Some(status));
    }

    fn update(&self, change: impl FnOnce(&mut Request)) {
        let mut state = self.records.lock();
        let found = state
            .requests
            .iter_mut()
            .rev()
            .find(|(number, _)| *number == self.number);
        if let Some((_, request)) = found {
            change(request);
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let millis = self.begin.elapsed().as_millis();
        self.update(|request| request.millis = millis);
        self.records.lock().under_way -= 1;
    }
}

fn vault_purpose(path: &str) -> Purpose {
    let segments: Vec<_> = path.split('/').skip(2).collect();
    match segments.as_slice() {
        ["auth", "token", ..] | ["auth", _, "login", ..] => Purpose::Login,
        // A mount path may have slashes; a role may be called `login`.
        ["auth", .., before, "login"] if *before != "role" => Purpose::Login,
        ["sys", what, ..] if what.starts_with("capabilities") => Purpose::Read,
        _ => Purpose::Write,
    }
}

fn kubernetes_purpose(path: &str, query: &str) -> Purpose {
    let last = path.rsplit('/').next().unwrap_or_default();
    match last {
        "token" if path.contains("/serviceaccounts/") => Purpose::Login,
        "tokenreviews" => Purpose::Login,
        "selfsubjectaccessreviews" | "selfsubjectrulesreviews" | "subjectaccessreviews" => {
            Purpose::Read
        }
        _ if query.split('&').any(|parameter| parameter == "dryRun=All") => Purpose::Read,
        _ => Purpose::Write,
    }
}
