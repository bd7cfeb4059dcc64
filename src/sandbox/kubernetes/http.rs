//! From an HTTP request to an answer: who asks, for what, whether they may, and what comes of it.

use super::authn::Credentials;
use super::kinds::Kind;
use super::options::{Of, Options};
use super::query::Query;
use super::request::{Attributes, User, Verb};
use super::status::Status;
use super::store::Store;
use super::{
    answer, authz, discovery, layout, namespaces, path, protobuf, rest, reviews, selectors,
};
use crate::sandbox::meter::{Kind as Counted, Meter};
use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::Response;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The API server's own limit of a request's body.
const LARGEST_BODY: usize = 3 * 1024 * 1024;

/// What the requests to one cluster share.
#[derive(Debug)]
pub(super) struct Api {
    store: Mutex<Store>,
    credentials: Credentials,
    meter: Arc<Meter>,
}

/// A request whose sender is known.
pub(super) struct Asked<'a> {
    pub method: &'a Method,
    pub path: &'a str,
    pub query: Query,
    pub headers: &'a HeaderMap,
    pub user: User,
    pub now: Timestamp,
}

impl Api {
    pub(super) fn new(store: Store, credentials: Credentials, meter: Arc<Meter>) -> Self {
        Self {
            store: Mutex::new(store),
            credentials,
            meter,
        }
    }

    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        // Every write to the store is one step, so it is whole whoever panicked.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn router(api: Arc<Api>) -> Router {
    Router::new().fallback(serve).with_state(api)
}

async fn serve(State(api): State<Arc<Api>>, request: Request) -> Response {
    let spread = layout::is_spread(request.uri(), request.headers());
    let response = answered(&api, request).await;
    if spread {
        layout::spread(response).await
    } else {
        response
    }
}

async fn answered(api: &Arc<Api>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    // HTTP/2 says the host in the address.
    if let Some(host) = parts.uri.authority()
        && let Ok(host) = HeaderValue::from_str(host.as_str())
    {
        parts.headers.entry(HOST).or_insert(host);
    }
    let now = Timestamp::now();
    let user = api.credentials.identify(&parts.headers, &api.store(), now);
    let user = match user {
        Ok(user) => user,
        Err(status) => return answer::error(&status),
    };
    let asked = Asked {
        method: &parts.method,
        path: parts.uri.path(),
        query: Query::of(parts.uri.query().unwrap_or_default()),
        headers: &parts.headers,
        user,
        now,
    };
    let outcome = match path::attributes(asked.method, asked.path, &asked.query) {
        None => page(api, &asked),
        Some(wanted) => match may(api, &asked, &wanted) {
            Err(status) => Err(status),
            Ok(()) => match to_bytes(body, LARGEST_BODY).await {
                Ok(body) => resource(api, &asked, &wanted, &body),
                Err(_) => Err(Status::new(
                    413,
                    "RequestEntityTooLarge",
                    format!("Request entity too large: limit is {LARGEST_BODY}"),
                )),
            },
        },
    };
    outcome.unwrap_or_else(|status| answer::error(&status))
}

fn may(api: &Api, asked: &Asked<'_>, wanted: &Attributes) -> Result<(), Status> {
    let mut wanted = wanted.clone();
    if wanted.name.is_none() && wanted.verb != Verb::Create {
        wanted.name = selectors::name_asked(&asked.query);
    }
    authz::authorize(&api.store(), &asked.user, &wanted)
}

/// A path that is no resource.
fn page(api: &Api, asked: &Asked<'_>) -> Result<Response, Status> {
    api.meter.count(Counted::Read);
    let verb = asked.method.as_str().to_ascii_lowercase();
    let path = percent_decode_str(asked.path).decode_utf8_lossy();
    authz::authorize_path(&api.store(), &asked.user, &verb, &path)?;
    let is_list = asked.path.trim_end_matches('/') == "/apis";
    let reads = is_list || matches!(*asked.method, Method::GET | Method::HEAD);
    let page = discovery::page(asked.path, asked.headers, &api.credentials);
    match page {
        // Whether it is healthy and which groups it has, a server says to every method.
        Some((_, page)) if !page.is_string() && !reads => Err(Status::method_not_allowed()),
        Some((content_type, value)) => Ok(answer::page(content_type, &value)),
        None => Ok(answer::no_page()),
    }
}

fn resource(
    api: &Arc<Api>,
    asked: &Asked<'_>,
    wanted: &Attributes,
    body: &[u8],
) -> Result<Response, Status> {
    let form = answer::Form::wanted(asked.headers, wanted.verb);
    api.meter.count(meaning(wanted, form.as_ref()));
    if let Some(kind) = reviews::kind(wanted) {
        return question(api, asked, wanted, kind, body);
    }
    let Some(target) = path::target(wanted) else {
        return if path::serves(&wanted.group) || reviews::serves(&wanted.group, &wanted.version) {
            Err(Status::no_such_resource())
        } else {
            Ok(answer::no_page())
        };
    };
    let call = rest::Call {
        target: &target,
        wanted,
        asked,
        form: form?,
        body: &readable(asked, target.kind, body)?,
    };
    let answer = rest::answer(api, wanted.verb, &call)?;
    if wanted.verb == Verb::Delete && target.kind.resource == "namespaces" {
        namespaces::end_later(api, target.name.as_deref().unwrap_or_default());
    }
    Ok(answer)
}

/// A body as JSON or YAML, whichever way it came.
fn readable<'a>(asked: &Asked<'_>, kind: &Kind, body: &'a [u8]) -> Result<Cow<'a, [u8]>, Status> {
    let media_type = asked.headers.get(CONTENT_TYPE);
    if media_type.is_none_or(|value| value != protobuf::MEDIA_TYPE) || body.is_empty() {
        return Ok(Cow::Borrowed(body));
    }
    let schema = match *asked.method {
        Method::DELETE => &protobuf::DELETE_OPTIONS,
        _ => kind.schema,
    };
    let object = protobuf::object(body, schema);
    let object =
        object.ok_or_else(|| Status::bad_request("the object provided is not well formed"))?;
    Ok(Cow::Owned(object.to_string().into_bytes()))
}

/// An object that is a question can only be created.
fn question(
    api: &Api,
    asked: &Asked<'_>,
    wanted: &Attributes,
    kind: &'static Kind,
    body: &[u8],
) -> Result<Response, Status> {
    if wanted.verb != Verb::Create {
        return Err(Status::method_not_allowed());
    }
    let options = Options::read(Of::Create, asked)?;
    let body = readable(asked, kind, body)?;
    let question = reviews::Question {
        credentials: &api.credentials,
        store: &api.store(),
        user: &asked.user,
        wanted,
        text: &String::from_utf8_lossy(&body),
        validation: options.validation,
        manager: &options.manager.name,
        now: asked.now,
    };
    let answered = reviews::answer(&question, kind)?;
    Ok(match answered.object {
        Ok(object) => answer::object(201, &object, &answered.warnings),
        Err(status) => answer::error(&status.warned(&answered.warnings)),
    })
}

/// What a request means to the cluster.
fn meaning(wanted: &Attributes, form: Result<&answer::Form, &Status>) -> Counted {
    if wanted.resource == "tokenreviews" || wanted.subresource.as_deref() == Some("token") {
        return Counted::Login;
    }
    match wanted.verb {
        Verb::Get | Verb::List | Verb::Watch
            if wanted.resource == "secrets" && form == Ok(&answer::Form::Whole) =>
        {
            Counted::Value
        }
        Verb::Get | Verb::List | Verb::Watch => Counted::Read,
        _ => Counted::Write,
    }
}
