//! Lists: one moment of a resource, whole or in pages that all show the same moment.

use super::Call;
use crate::sandbox::kubernetes::answer::{self, Form};
use crate::sandbox::kubernetes::decode::{self, Tree};
use crate::sandbox::kubernetes::kinds::Kind;
use crate::sandbox::kubernetes::metadata::unreadable;
use crate::sandbox::kubernetes::options::Causes;
use crate::sandbox::kubernetes::selectors::{self, Selectors};
use crate::sandbox::kubernetes::status::Status;
use crate::sandbox::kubernetes::store::{Key, Listed, Store};
use crate::sandbox::kubernetes::table;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};
use std::sync::Arc;

const TOO_OLD: &str = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/// What is asked of a list.
pub(super) struct Selection {
    pub selectors: Selectors,
    limit: usize,
    version: Option<String>,
    exact: bool,
    /// A version that was named, or a newer one.
    newer: bool,
    next: Option<String>,
}

/// A page of a list, or all of it.
pub(super) struct Page {
    pub items: Vec<Arc<Value>>,
    revision: u64,
    next: Option<String>,
    remaining: Option<usize>,
}

/// Where a page ends and the next begins.
struct Token {
    /// `None` is now, whenever that is.
    revision: Option<u64>,
    /// `namespace/name`, or `name`; what comes after it.
    start: String,
}

pub(super) fn list(store: &Store, call: &Call<'_>) -> Result<Response, Status> {
    let page = Selection::read(call)?.page(store, call)?;
    list_answer(call, &page)
}

impl Selection {
    pub(super) fn read(call: &Call<'_>) -> Result<Self, Status> {
        let query = &call.asked.query;
        let limit = query.number("limit")?.unwrap_or(0);
        query.number("timeoutSeconds")?;
        let selectors = Selectors::read(call.target.kind, query)?;
        check_options(call)?;
        Ok(Self {
            selectors,
            limit: usize::try_from(limit).unwrap_or(0),
            version: query.get("resourceVersion").map(ToOwned::to_owned),
            exact: query.get("resourceVersionMatch") == Some("Exact"),
            newer: query.get("resourceVersionMatch") == Some("NotOlderThan"),
            next: query.get("continue").map(ToOwned::to_owned),
        })
    }

    pub(super) fn page(&self, store: &Store, call: &Call<'_>) -> Result<Page, Status> {
        let (revision, start) = self.moment(store)?;
        let key = call.key("");
        let namespace = call.target.namespace.as_deref();
        let listed = if revision == store.revision {
            store.list(&key.resource, namespace)
        } else {
            store.list_at(revision, &key.resource, namespace)
        };
        let from = match &start {
            None => 0,
            Some(start) => {
                let place = |key: &Key| match namespace {
                    None if !key.namespace.is_empty() => format!("{}/{}", key.namespace, key.name),
                    _ => key.name.clone(),
                };
                listed.partition_point(|(key, _)| place(key).as_str() <= start.as_str())
            }
        };
        if let Some(name) = selectors::name_asked(&call.asked.query)
            && (namespace.is_some() || !call.target.kind.namespaced)
        {
            // It is that object or nothing, and there is no page after it.
            let only: Listed<'_> = listed
                .into_iter()
                .filter(|(key, _)| key.name == name)
                .collect();
            return Ok(self.cut(&only, 0, revision, true));
        }
        Ok(self.cut(&listed, from, revision, namespace.is_some()))
    }

    fn cut(&self, listed: &Listed<'_>, from: usize, revision: u64, one: bool) -> Page {
        let limit = match self.version.as_deref() {
            Some("0") => 0,
            _ => self.limit,
        };
        let mut items = Vec::new();
        let mut next = None;
        let mut seen = from;
        for (key, object) in &listed[from..] {
            seen += 1;
            if !self.selectors.match_object(object) {
                continue;
            }
            items.push(Arc::clone(object));
            if limit > 0 && items.len() >= limit {
                let more = seen < listed.len();
                next = more.then(|| Token::after(key, one).text(Some(revision)));
                break;
            }
        }
        let remaining = listed.len() - seen;
        let counted = next.is_some() && self.selectors.match_all();
        Page {
            items,
            revision,
            next,
            remaining: counted.then_some(remaining),
        }
    }

    /// The revision to show, and what the page starts after.
    fn moment(&self, store: &Store) -> Result<(u64, Option<String>), Status> {
        let wanted = match self.version.as_deref() {
            None | Some("0") => None,
            Some(text) => Some(text.parse::<u64>().map_err(|_| {
                let why = unreadable(text);
                Status::bad_request(format!(
                    "invalid resource version: resourceVersion: Invalid value: {text:?}: {why}"
                ))
            })?),
        };
        if let Some(next) = &self.next {
            if wanted.is_some() {
                return Err(Status::bad_request(
                    "specifying resource version is not allowed when using continue",
                ));
            }
            let token = Token::read(next)?;
            let Some(revision) = token.revision else {
                return Ok((store.revision, Some(token.start)));
            };
            if revision > store.revision {
                return Err(Status::too_large(revision, store.revision));
            }
            if revision < store.forgotten {
                let mut status = Status::new(410, "Expired", TOO_OLD);
                status.next = Some(token.text(None));
                return Err(status);
            }
            return Ok((revision, Some(token.start)));
        }
        let Some(wanted) = wanted else {
            return Ok((store.revision, None));
        };
        if wanted > store.revision {
            return Err(Status::too_large(wanted, store.revision));
        }
        if !self.exact && (self.limit == 0 || self.newer) {
            return Ok((store.revision, None));
        }
        if wanted < store.forgotten {
            let message = "The resourceVersion for the provided list is too old.";
            return Err(Status::new(410, "Expired", message));
        }
        Ok((wanted, None))
    }
}

impl Token {
    fn after(key: &Key, one_namespace: bool) -> Self {
        let start = match key.namespace.as_str() {
            "" => key.name.clone(),
            _ if one_namespace => key.name.clone(),
            namespace => format!("{namespace}/{}", key.name),
        };
        Self {
            revision: None,
            start,
        }
    }

    fn text(&self, revision: Option<u64>) -> String {
        let revision = revision.map_or_else(|| json!(-1), |revision| json!(revision));
        let start = format!("/{}\0", self.start);
        let token = json!({ "v": "meta.k8s.io/v1", "rv": revision, "start": start });
        URL_SAFE_NO_PAD.encode(token.to_string())
    }

    fn read(text: &str) -> Result<Self, Status> {
        let refused = |why: &str| {
            Status::bad_request(format!(
                "invalid continue token: continue key is not valid: {why}"
            ))
        };
        let bytes = URL_SAFE_NO_PAD
            .decode(text.trim_end_matches('='))
            .map_err(|_| refused("illegal base64 data at input byte 0"))?;
        let text = String::from_utf8_lossy(&bytes);
        let tree = decode::parse(&text).map_err(|why| refused(&why))?;
        if !matches!(tree, Tree::Object(_)) {
            let kind = tree.kind();
            return Err(refused(&format!(
                "json: cannot unmarshal {kind} into Go value of type storage.continueToken"
            )));
        }
        let token = tree.into_value();
        let version = token["v"].as_str().unwrap_or_default();
        if version != "meta.k8s.io/v1" {
            return Err(refused(&format!(
                "server does not recognize this encoded version {version}"
            )));
        }
        if matches!(token["rv"].as_i64(), None | Some(0)) {
            return Err(refused(&format!(
                "incorrect encoded start resourceVersion (version {version})"
            )));
        }
        let start = token["start"].as_str().unwrap_or_default();
        if start.is_empty() {
            return Err(refused(&format!(
                "encoded start key empty (version {version})"
            )));
        }
        if start.split('/').any(|part| part == "..") {
            return Err(refused(start));
        }
        Ok(Self {
            revision: token["rv"].as_u64(),
            start: start
                .trim_start_matches('/')
                .trim_end_matches('\0')
                .to_owned(),
        })
    }
}

/// Which options go together.
fn check_options(call: &Call<'_>) -> Result<(), Status> {
    let query = &call.asked.query;
    let (version, next) = (query.get("resourceVersion"), query.get("continue"));
    let wanted = query.get("resourceVersionMatch");
    let watches = query.flag("watch") == Some(true) && call.target.name.is_none();
    let mut causes = Causes::default();
    let mut forbid = |message: &str| {
        let message = format!("Forbidden: {message}");
        causes.add("FieldValueForbidden", "resourceVersionMatch", message);
    };
    if watches && wanted.is_some() && !query.has("sendInitialEvents") {
        forbid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    }
    if watches && query.has("sendInitialEvents") && wanted != Some("NotOlderThan") {
        forbid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    }
    if next.is_some() && (watches || wanted.is_some()) && version.is_some() {
        forbid("resourceVersionMatch is forbidden when continue is provided");
    }
    if let Some(wanted) = wanted.filter(|_| !watches) {
        if version.is_none() {
            forbid("resourceVersionMatch is forbidden unless resourceVersion is provided");
        }
        if next.is_some() && version.is_none() {
            forbid("resourceVersionMatch is forbidden when continue is provided");
        }
        if wanted == "Exact" && version == Some("0") {
            forbid("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
        }
    }
    let (is_known, known): (fn(&str) -> bool, _) = if watches {
        (|wanted| wanted == "NotOlderThan", "\"NotOlderThan\"")
    } else {
        let is_known: fn(&str) -> bool = |wanted| matches!(wanted, "Exact" | "NotOlderThan");
        (is_known, "\"Exact\", \"NotOlderThan\", \"\"")
    };
    if let Some(wanted) = wanted.filter(|wanted| !is_known(wanted)) {
        let message = format!("Unsupported value: {wanted:?}: supported values: {known}");
        causes.add("FieldValueNotSupported", "resourceVersionMatch", message);
    }
    if !watches && query.has("sendInitialEvents") {
        let message = "Forbidden: sendInitialEvents is forbidden for list";
        causes.add("FieldValueForbidden", "sendInitialEvents", message);
    }
    causes.none("ListOptions")
}

/// A list, written as it is read: nothing of the objects is copied.
struct Shown<'a> {
    kind: &'a Kind,
    page: &'a Page,
    form: Form,
}

struct Items<'a>(&'a Shown<'a>);

/// An object as an entry of a list: what is of a built-in kind does not say its kind again.
struct Entry<'a> {
    kind: &'a Kind,
    object: &'a Value,
    form: Form,
}

pub(super) fn list_answer(call: &Call<'_>, page: &Page) -> Result<Response, Status> {
    let kind = call.target.kind;
    match call.form {
        Form::Metadata => Err(Status::new(
            406,
            "NotAcceptable",
            format!(
                "you requested PartialObjectMetadata, but the requested object is a list ({})",
                table::go_list_type(kind)
            ),
        )),
        Form::Table => {
            let objects: Vec<&Value> = page.items.iter().map(AsRef::as_ref).collect();
            let table = table::table(kind, &page.metadata(), &objects, call.asked)?;
            Ok(answer::object(200, &table, &[]))
        }
        form @ (Form::Whole | Form::MetadataList) => {
            Ok(answer::object(200, &Shown { kind, page, form }, &[]))
        }
    }
}

impl Page {
    fn metadata(&self) -> Value {
        let mut metadata = json!({ "resourceVersion": self.revision.to_string() });
        if let Some(next) = &self.next {
            metadata["continue"] = next.as_str().into();
        }
        if let Some(remaining) = self.remaining {
            metadata["remainingItemCount"] = remaining.into();
        }
        metadata
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.form == Form::Whole {
            map.serialize_entry("kind", &format!("{}List", self.kind.kind))?;
            map.serialize_entry("apiVersion", &self.kind.api_version())?;
        } else {
            map.serialize_entry("kind", "PartialObjectMetadataList")?;
            map.serialize_entry("apiVersion", "meta.k8s.io/v1")?;
        }
        map.serialize_entry("metadata", &self.page.metadata())?;
        if self.form != Form::Whole && self.page.items.is_empty() {
            map.serialize_entry("items", &())?;
        } else {
            map.serialize_entry("items", &Items(self))?;
        }
        map.end()
    }
}

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Shown { kind, page, form } = *self.0;
        serializer.collect_seq(page.items.iter().map(|object| Entry { kind, object, form }))
    }
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.form != Form::Whole {
            map.serialize_entry("kind", "PartialObjectMetadata")?;
            map.serialize_entry("apiVersion", "meta.k8s.io/v1")?;
            map.serialize_entry("metadata", &self.object["metadata"])?;
            return map.end();
        }
        if self.kind.custom {
            map.serialize_entry("kind", self.kind.kind)?;
            map.serialize_entry("apiVersion", &self.kind.api_version())?;
        }
        let fields = self.object.as_object().into_iter().flatten();
        for (name, value) in
            fields.filter(|(name, _)| !matches!(name.as_str(), "kind" | "apiVersion"))
        {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
