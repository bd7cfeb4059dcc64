//! Watches: what is written from a revision on, as it happens. One stream waits for one signal, whatever it is about.

use super::list::Selection;
use super::{Call, partial};
use crate::sandbox::kubernetes::answer::{self, Form};
use crate::sandbox::kubernetes::http::{Api, Asked};
use crate::sandbox::kubernetes::kinds::Kind;
use crate::sandbox::kubernetes::metadata::unreadable;
use crate::sandbox::kubernetes::query::Query;
use crate::sandbox::kubernetes::selectors::Selectors;
use crate::sandbox::kubernetes::status::Status;
use crate::sandbox::kubernetes::store::{Event, Key, Store};
use crate::sandbox::kubernetes::table;
use axum::body::Body;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use futures::stream;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch as news;
use tokio::time::Instant;

/// A client that names no end is let go after this, and watches again.
const LONGEST: Duration = Duration::from_secs(45 * 60);
/// How often one who asked for bookmarks is told how far things are.
const BOOKMARK: Duration = Duration::from_secs(60);

struct Watch {
    api: Arc<Api>,
    news: news::Receiver<u64>,
    kind: &'static Kind,
    key: Key,
    namespace: Option<String>,
    selectors: Selectors,
    form: Form,
    include: Query,
    /// What was told of so far.
    position: u64,
    until: Instant,
    bookmark: Option<Instant>,
    /// A table says what its columns are once.
    headed: bool,
    is_over: bool,
    first: Option<String>,
}

pub(super) fn watch(api: &Arc<Api>, call: &Call<'_>) -> Result<Response, Status> {
    let query = &call.asked.query;
    let selection = Selection::read(call)?;
    let seconds = query.number("timeoutSeconds")?.unwrap_or(0);
    let from = match query.get("resourceVersion") {
        None | Some("0") => None,
        Some(text) => Some(text.parse::<u64>().map_err(|_| {
            let why = unreadable(text);
            Status::internal(format!("resourceVersion: Invalid value: {text:?}: {why}"))
        })?),
    };
    let bookmarks = query.flag("allowWatchBookmarks") == Some(true);
    let initial = query.flag("sendInitialEvents");
    let store = api.store();
    let until = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
    let mut watch = Watch {
        api: Arc::clone(api),
        news: store.news.subscribe(),
        kind: call.target.kind,
        key: call.key(""),
        namespace: call.target.namespace.clone(),
        selectors: selection.selectors,
        form: call.form,
        include: query.clone(),
        position: from.unwrap_or(store.revision),
        until: Instant::now() + until.map_or(LONGEST, Duration::from_secs),
        bookmark: bookmarks.then(|| Instant::now() + BOOKMARK),
        headed: false,
        is_over: false,
        first: None,
    };
    if initial == Some(true) || (initial.is_none() && from.is_none()) {
        watch.position = store.revision;
        let mut first = watch.all(&store);
        if initial == Some(true) && bookmarks {
            first.push_str(&watch.bookmark(true));
        }
        watch.first = Some(first);
    }
    drop(store);
    let events = stream::unfold(watch, |mut watch| async move {
        let text = watch.next().await?;
        Some((Ok::<_, Infallible>(text), watch))
    });
    Ok(answer::stream(Body::from_stream(events)))
}

impl Watch {
    /// What is there, as if it came about now.
    fn all(&mut self, store: &Store) -> String {
        let listed = store.list(&self.key.resource, self.namespace.as_deref());
        let mut text = String::new();
        for (_, object) in listed {
            if self.selectors.match_object(object) {
                text.push_str(&self.line("ADDED", object));
            }
        }
        text
    }

    async fn next(&mut self) -> Option<String> {
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Some(first);
        }
        while !self.is_over {
            self.news.mark_unchanged();
            let text = self.written();
            if !text.is_empty() {
                return Some(text);
            }
            let soonest = self.bookmark.map_or(self.until, |at| at.min(self.until));
            tokio::select! {
                changed = self.news.changed() => changed.ok()?,
                () = tokio::time::sleep_until(soonest) => {
                    if soonest == self.until {
                        return None;
                    }
                    self.bookmark = Some(soonest + BOOKMARK);
                    return Some(self.bookmark(false));
                }
            }
        }
        None
    }

    /// What was written since, and is of interest.
    fn written(&mut self) -> String {
        let api = Arc::clone(&self.api);
        let store = api.store();
        if self.position < store.forgotten {
            self.is_over = true;
            let message = format!(
                "too old resource version: {} ({})",
                self.position, store.forgotten
            );
            let status = Status::new(410, "Expired", message);
            return format!("{}\n", json!({ "type": "ERROR", "object": status.body() }));
        }
        let mut text = String::new();
        for event in store.after(self.position) {
            if event
                .key
                .is_of(&self.key.resource, self.namespace.as_deref())
            {
                text.push_str(&self.told(event));
            }
        }
        self.position = self.position.max(store.revision);
        text
    }

    /// An event, as it looks through the selectors.
    fn told(&mut self, event: &Event) -> String {
        let seen = |object: &Option<Arc<Value>>| {
            object
                .clone()
                .filter(|object| self.selectors.match_object(object))
        };
        match (seen(&event.before), seen(&event.after)) {
            (None, Some(after)) => self.line("ADDED", &after),
            (Some(_), Some(after)) => self.line("MODIFIED", &after),
            (Some(before), None) => {
                // The last that was seen of it, at the moment of its going.
                let mut last = Value::clone(&before);
                last["metadata"]["resourceVersion"] = event.revision.to_string().into();
                self.line("DELETED", &last)
            }
            (None, None) => String::new(),
        }
    }

    fn line(&mut self, of: &str, object: &Value) -> String {
        let object = match self.form {
            Form::Whole => {
                let mut object = object.clone();
                object["apiVersion"] = self.kind.api_version().into();
                object
            }
            Form::Metadata => partial(object),
            Form::MetadataList => return String::new(),
            Form::Table => self.row(object),
        };
        format!("{}\n", json!({ "type": of, "object": object }))
    }

    fn row(&mut self, object: &Value) -> Value {
        let (method, headers) = (Method::GET, HeaderMap::new());
        let asked = Asked {
            method: &method,
            path: "",
            query: self.include.clone(),
            headers: &headers,
            user: crate::sandbox::kubernetes::request::User::default(),
            now: jiff::Timestamp::now(),
        };
        let version = json!({ "resourceVersion": object["metadata"]["resourceVersion"] });
        let mut table = table::table(self.kind, &version, &[object], &asked).unwrap_or_default();
        if std::mem::replace(&mut self.headed, true) {
            table["columnDefinitions"] = Value::Null;
        }
        table
    }

    fn bookmark(&self, initial: bool) -> String {
        let mut object = json!({
            "kind": self.kind.kind,
            "apiVersion": self.kind.api_version(),
            "metadata": { "resourceVersion": self.position.to_string() },
        });
        if initial {
            object["metadata"]["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
        }
        format!("{}\n", json!({ "type": "BOOKMARK", "object": object }))
    }
}
