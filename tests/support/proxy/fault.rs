use super::Request;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// How a request goes wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The proxy answers; the server never sees the request.
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
    /// No answer until the client gives up; the server never sees the request.
    Hang,
    /// The connection is closed; the server never sees the request.
    DropRequest,
    /// The server does what it was asked, and the connection is closed in place of its answer.
    DropResponse,
    /// The server does what it was asked, and the connection is closed in the middle of its answer.
    CutShort,
    /// The server does what it was asked, and no answer comes until the client gives up.
    WithholdResponse,
    /// All is well, but late.
    Delay(Duration),
}

impl Fault {
    pub fn answer(status: u16, body: &str) -> Self {
        Self::Answer {
            status,
            headers: Vec::new(),
            body: body.to_owned(),
        }
    }

    /// With a header, for a fault that is an answer.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        match &mut self {
            Self::Answer { headers, .. } => headers.push((name.to_owned(), value.to_owned())),
            other => panic!("{other:?} has no headers"),
        }
        self
    }
}

/// Matches requests of this method whose path contains `part`; `*` is any method.
pub fn on(method: &str, part: &str) -> impl Fn(&Request) -> bool + Send + Sync + use<> {
    let (method, part) = (method.to_owned(), part.to_owned());
    move |request| (method == "*" || method == request.method) && request.path.contains(&part)
}

type Matches = dyn Fn(&Request) -> bool + Send + Sync;

struct Rule {
    left: Option<usize>,
    matches: Box<Matches>,
    fault: Fault,
}

#[derive(Default)]
pub struct Faults {
    rules: Mutex<Vec<Rule>>,
}

impl Faults {
    pub fn add(
        &self,
        times: Option<usize>,
        matches: impl Fn(&Request) -> bool + Send + Sync + 'static,
        fault: Fault,
    ) {
        self.lock().push(Rule {
            left: times,
            matches: Box::new(matches),
            fault,
        });
    }

    pub fn clear(&self) {
        self.lock().clear();
    }

    /// The fault of this request, used up by one.
    pub fn take(&self, request: &Request) -> Option<Fault> {
        let mut rules = self.lock();
        let rule = rules
            .iter_mut()
            .rev()
            .find(|rule| rule.left != Some(0) && (rule.matches)(request))?;
        rule.left = rule.left.map(|left| left - 1);
        Some(rule.fault.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().expect("a matcher does not panic")
    }
}
