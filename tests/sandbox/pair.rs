//! The same request put to the sandbox and to the real server, and the two answers compared, whole.
//!
//! What must differ is named and taken out first: what a server makes up itself (ids, tokens, times, revisions) is replaced
//! by the order in which it first appeared on that side, so that `uid` may be any text, but must be the same text again
//! where the real one repeats it. Everything else must be equal, or stand in the table of accepted differences.
//!
//! A request may use what an earlier answer said: `{name}` in a path, token or body is filled in with what that side kept.

pub(crate) use super::ask::{Ask, Body, Token};
use super::differences::{Difference, accepted};
use super::masks::Masks;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// One of the two servers.
pub(crate) struct Side {
    name: &'static str,
    pub base: String,
    pub admin: String,
    /// Whether a token is shown as a bearer token.
    bears: bool,
    pub client: reqwest::Client,
    masks: Mutex<Masks>,
    kept: Mutex<BTreeMap<String, String>>,
}

/// What a server said.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub status: u16,
    /// The headers that clients read, by lower-case name.
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

/// Both servers, and the differences between them that are accepted.
pub(crate) struct Pair {
    pub sandbox: Side,
    pub real: Side,
    /// As the table of differences names it: `OpenBao`, `HashiCorp`, `Kubernetes`.
    server: &'static str,
    said: Mutex<Vec<String>>,
}

/// How two answers differ, and whether both are refusals.
struct Disagreement {
    /// Whether another look a moment later may find them alike.
    may_settle: bool,
    told: String,
}

const A_MOMENT: Duration = Duration::from_millis(100);
const READ_HEADERS: [&str; 5] = [
    "content-type",
    "warning",
    "retry-after",
    "location",
    "x-vault-namespace",
];
/// A kube-apiserver remembers for ten seconds that a token was good.
const SOON: Duration = Duration::from_secs(15);
/// How many of the requests before are told with a difference.
const TOLD: usize = 12;

impl Side {
    pub(crate) fn new(name: &'static str, base: &str, admin: &str, ca_pem: Option<&str>) -> Self {
        let client = super::support::request::lasting_client(ca_pem);
        Self {
            name,
            base: base.to_owned(),
            admin: admin.to_owned(),
            bears: false,
            client,
            masks: Mutex::default(),
            kept: Mutex::default(),
        }
    }

    /// Something that this side knows by a value of its own, such as the address of its cluster.
    pub(crate) fn set(&self, name: &str, value: &str) {
        let mut kept = self.kept.lock().unwrap();
        kept.insert(name.to_owned(), value.to_owned());
        self.masks.lock().unwrap().name(value, &format!("<{name}>"));
    }

    /// The text, with every `{name}` filled in.
    pub(crate) fn filled(&self, text: &str) -> String {
        let kept = self.kept.lock().unwrap();
        kept.iter().fold(text.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), value)
        })
    }

    fn filled_json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::from(self.filled(text)),
            Value::Array(items) => items.iter().map(|item| self.filled_json(item)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| (self.filled(name), self.filled_json(value)))
                .collect(),
            other => other.clone(),
        }
    }

    /// What this side alone says, as it says it.
    pub(crate) async fn say(&self, ask: &Ask) -> Answer {
        let method = super::support::request::method(&ask.method);
        let url = format!("{}{}", self.base, self.filled(&ask.path));
        let mut request = self.client.request(method, url);
        let token = match &ask.token {
            Token::Admin => Some(self.admin.clone()),
            Token::Nobody => None,
            Token::Of(text) => Some(self.filled(text)),
        };
        if let Some(token) = token {
            request = if self.bears {
                request.bearer_auth(token)
            } else {
                request.header("x-vault-token", token)
            };
        }
        for (name, value) in &ask.headers {
            request = request.header(name, self.filled(value));
        }
        request = match &ask.body {
            Some(Body::Json(body)) => {
                let text = self.filled_json(body).to_string();
                if ask.headers.iter().any(|(name, _)| name == "content-type") {
                    request.body(text)
                } else {
                    request
                        .header("content-type", "application/json")
                        .body(text)
                }
            }
            Some(Body::Text(body)) => request.body(self.filled(body)),
            None => request,
        };
        let response = request
            .send()
            .await
            .unwrap_or_else(|error| panic!("{} did not answer `{ask}`: {error:?}", self.name));
        let status = response.status().as_u16();
        let headers = READ_HEADERS
            .iter()
            .filter_map(|name| {
                let value = response.headers().get(*name)?.to_str().ok()?;
                Some(((*name).to_owned(), value.to_owned()))
            })
            .collect();
        let text = response.text().await.unwrap();
        let body = match text.as_str() {
            "" => Value::Null,
            json => serde_json::from_str(json)
                .or_else(|_| {
                    let lines: Result<Vec<Value>, _> =
                        json.lines().map(serde_json::from_str).collect();
                    lines.map(Value::from)
                })
                .unwrap_or_else(|_| Value::from(text.clone())),
        };
        Answer {
            status,
            headers,
            body,
        }
    }

    fn keep(&self, ask: &Ask, answer: &Answer) {
        for (name, pointer) in &ask.keep {
            let found = answer.body.pointer(pointer);
            let text = match found {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => continue,
            };
            self.kept.lock().unwrap().insert(name.clone(), text);
        }
    }

    /// What can be compared of an answer.
    fn comparable(&self, answer: &Answer, differences: &[&Difference]) -> Answer {
        let mut whole =
            json!({ "status": answer.status, "headers": answer.headers, "body": answer.body });
        for difference in differences {
            difference.take_out(&mut whole);
        }
        self.masks.lock().unwrap().mask(&mut whole);
        Answer {
            status: whole["status"].as_u64().unwrap_or(0).try_into().unwrap(),
            headers: serde_json::from_value(whole["headers"].clone()).unwrap(),
            body: whole["body"].take(),
        }
    }
}

impl Pair {
    pub(crate) fn new(mut sandbox: Side, mut real: Side, server: &'static str) -> Self {
        for side in [&mut sandbox, &mut real] {
            side.bears = server == "Kubernetes";
        }
        Self {
            sandbox,
            real,
            server,
            said: Mutex::default(),
        }
    }

    /// Something that both sides know by the same value.
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.sandbox.set(name, value);
        self.real.set(name, value);
    }

    /// Asks both, and returns the answer that both gave, as the sandbox put it; panics where they differ.
    pub(crate) async fn ask(&self, ask: Ask) -> Answer {
        match self.compare(&ask).await {
            Ok(answer) => answer,
            Err(difference) => panic!("{difference}"),
        }
    }

    /// As [`ask`](Self::ask), for sequences that are made up and shrunk. What both refuse, in other words, is asked once more
    /// a moment later, and so is what shows a token that is ending: a real server ends one that was used up only after its
    /// last answer. Neither question changes anything.
    pub(crate) async fn compare(&self, ask: &Ask) -> Result<Answer, String> {
        self.said.lock().unwrap().push(ask.to_string());
        let masks = self.masks();
        match self.compare_once(ask).await {
            Err(Disagreement {
                may_settle: true, ..
            }) => {
                tokio::time::sleep(A_MOMENT).await;
                self.set_masks(masks);
                self.compare_once(ask).await
            }
            compared => compared,
        }
        .map_err(|disagreement| disagreement.told)
    }

    async fn compare_once(&self, ask: &Ask) -> Result<Answer, Disagreement> {
        let (mut sandbox, mut real) = tokio::join!(self.sandbox.say(ask), self.real.say(ask));
        for pointer in &ask.chance {
            for answer in [&mut sandbox, &mut real] {
                if let Some(value) = answer.body.pointer_mut(pointer) {
                    value.take();
                }
            }
        }
        for pointer in &ask.unordered {
            for answer in [&mut sandbox, &mut real] {
                let list = answer.body.pointer_mut(pointer);
                if let Some(items) = list.and_then(Value::as_array_mut) {
                    items.sort_by_cached_key(Value::to_string);
                }
            }
        }
        self.sandbox.keep(ask, &sandbox);
        self.real.keep(ask, &real);
        let request = format!("{} {}", ask.method, ask.path);
        let differences = accepted(self.server, &request);
        let (ours, theirs) = (
            self.sandbox.comparable(&sandbox, &differences),
            self.real.comparable(&real, &differences),
        );
        if ours == theirs {
            return Ok(sandbox);
        }
        let said = self.said.lock().unwrap();
        let before = said.iter().rev().skip(1).take(TOLD).rev();
        let is_refusal = |answer: &Answer| (400..500).contains(&answer.status);
        // How a server shows a token whose last use is over.
        let is_ending = theirs
            .body
            .pointer("/data/num_uses")
            .and_then(Value::as_i64)
            == Some(-1);
        Err(Disagreement {
            may_settle: is_ending || is_refusal(&ours) && is_refusal(&theirs),
            told: format!(
                "the sandbox and the real {} differ on `{ask}`\n{}\nasked before:\n  {}",
                self.server,
                told(&ours, &theirs),
                before.cloned().collect::<Vec<_>>().join("\n  ")
            ),
        })
    }

    /// What both have made up so far, to come back to when something is asked again.
    fn masks(&self) -> [Masks; 2] {
        [&self.sandbox, &self.real].map(|side| side.masks.lock().unwrap().clone())
    }

    fn set_masks(&self, [sandbox, real]: [Masks; 2]) {
        *self.sandbox.masks.lock().unwrap() = sandbox;
        *self.real.masks.lock().unwrap() = real;
    }

    /// Asks one request after another with the state unlike any before, as `{scope}` in their paths.
    pub(crate) async fn compare_all(&self, scope: &str, asks: &[Ask]) -> Result<(), String> {
        self.said.lock().unwrap().clear();
        self.sandbox.masks.lock().unwrap().forget();
        self.real.masks.lock().unwrap().forget();
        self.set("scope", scope);
        for ask in asks {
            self.compare(ask).await?;
        }
        Ok(())
    }

    /// As [`ask`](Self::ask), where the real one answers from what it learns a moment later: asked until both agree.
    pub(crate) async fn ask_soon(&self, ask: Ask) -> Answer {
        let begin = Instant::now();
        loop {
            let masks = self.masks();
            match self.compare(&ask).await {
                Ok(answer) => return answer,
                Err(difference) if begin.elapsed() > SOON => panic!("{difference}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
            self.set_masks(masks);
        }
    }
}

/// Where two answers differ, and how.
fn told(ours: &Answer, theirs: &Answer) -> String {
    let mut lines = Vec::new();
    if ours.status != theirs.status {
        lines.push(format!(
            "  status: sandbox {}, real {}",
            ours.status, theirs.status
        ));
    }
    if ours.headers != theirs.headers {
        lines.push(format!(
            "  headers: sandbox {:?}, real {:?}",
            ours.headers, theirs.headers
        ));
    }
    unlike("", &ours.body, &theirs.body, &mut lines);
    lines.join("\n")
}

fn unlike(pointer: &str, ours: &Value, theirs: &Value, lines: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(left), Value::Object(right)) => {
            let names: std::collections::BTreeSet<&String> =
                left.keys().chain(right.keys()).collect();
            for name in names {
                let below = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                match (left.get(name), right.get(name)) {
                    (Some(left), Some(right)) => unlike(&below, left, right, lines),
                    (Some(left), None) => {
                        lines.push(format!("  {below}: only in the sandbox: {left}"));
                    }
                    (None, Some(right)) => {
                        lines.push(format!("  {below}: only in the real one: {right}"));
                    }
                    (None, None) => {}
                }
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                unlike(&format!("{pointer}/{index}"), left, right, lines);
            }
        }
        _ if ours != theirs => {
            let pointer = if pointer.is_empty() {
                "the body"
            } else {
                pointer
            };
            lines.push(format!(
                "  {pointer}:\n    sandbox {ours}\n    real    {theirs}"
            ));
        }
        _ => {}
    }
}
