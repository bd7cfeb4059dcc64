//! What is done to objects: one file for every verb, and what they share.

mod apply;
mod create;
mod delete;
mod get;
mod list;
mod patch;
mod strategic;
mod update;
mod watch;
mod write;

use super::answer::{self, Form};
use super::decode::{self, Decoded, FieldValidation};
use super::http::{Api, Asked};
use super::metadata;
use super::request::{Attributes, Target, Verb};
use super::status::Status;
use super::store::{Key, Store};
use super::{kinds, namespaces, protobuf, table};
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;

/// A request on a kind that the cluster knows, by someone who may.
pub(super) struct Call<'a> {
    pub target: &'a Target,
    pub wanted: &'a Attributes,
    pub asked: &'a Asked<'a>,
    pub form: Form,
    pub body: &'a [u8],
}

/// An object that a write left.
struct Written {
    code: u16,
    object: Arc<Value>,
    warnings: Vec<String>,
}

const PODS_STAY: &str = "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning";

/// The answer, and with it what is said of its kind.
pub(super) fn answer(api: &Arc<Api>, verb: Verb, call: &Call<'_>) -> Result<Response, Status> {
    let answered = done(api, verb, call);
    let deletes = matches!(verb, Verb::Delete | Verb::DeleteCollection);
    let said = if deletes && delete::keeps_pods(call) {
        Some(PODS_STAY)
    } else {
        kinds::deprecation(call.target.kind)
    };
    match said {
        None => answered,
        Some(said) => answered
            .map(|response| answer::warned(response, said))
            .map_err(|status| status.warned(&[said.to_owned()])),
    }
}

fn done(api: &Arc<Api>, verb: Verb, call: &Call<'_>) -> Result<Response, Status> {
    if call.target.kind.listed_only {
        if verb == Verb::Delete {
            delete::expect_options(call)?;
        }
        call.expect_reading(verb)?;
    }
    call.is_possible(verb)?;
    if verb == Verb::Watch {
        return watch::watch(api, call);
    }
    let mut store = api.store();
    match verb {
        Verb::Get => get::get(&store, call),
        Verb::List | Verb::Watch => list::list(&store, call),
        Verb::Create => create::create(&mut store, call).and_then(|written| call.shown(&written)),
        Verb::Update => update::update(&mut store, call).and_then(|written| call.shown(&written)),
        Verb::Patch => patch::patch(&mut store, call).and_then(|written| call.shown(&written)),
        Verb::Delete => delete::delete(&mut store, call),
        Verb::DeleteCollection => delete::delete_collection(&mut store, call),
    }
}

impl Call<'_> {
    fn key(&self, name: &str) -> Key {
        let kind = self.target.kind;
        Key {
            resource: super::status::qualified(kind.resource, kind.group),
            namespace: self.target.namespace.clone().unwrap_or_default(),
            name: name.to_owned(),
        }
    }

    fn name(&self) -> &str {
        self.target.name.as_deref().unwrap_or_default()
    }

    fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.body)
    }

    fn not_found(&self) -> Status {
        let kind = self.target.kind;
        Status::not_found(kind.resource, kind.group, self.name())
    }

    fn conflict(&self, why: &str) -> Status {
        let kind = self.target.kind;
        Status::conflict(kind.resource, kind.group, self.name(), why)
    }

    fn subresource(&self) -> Option<&str> {
        self.target.subresource.as_deref()
    }

    /// Whether the resource, its subresource and this verb go together.
    fn is_possible(&self, verb: Verb) -> Result<(), Status> {
        let kind = self.target.kind;
        if let Some(sub) = self.subresource() {
            let has = match sub {
                "status" => kind.status,
                "finalize" => kind.resource == "namespaces",
                _ => false,
            };
            return match verb {
                _ if !has => Err(Status::no_such_resource()),
                Verb::Update => Ok(()),
                Verb::Get | Verb::Patch if sub == "status" => Ok(()),
                _ => Err(Status::method_not_allowed()),
            };
        }
        let everywhere = kind.namespaced && self.target.namespace.is_none();
        let possible = match verb {
            Verb::Get | Verb::List | Verb::Watch => true,
            Verb::Create => self.target.name.is_none() && !everywhere,
            Verb::Update | Verb::Patch | Verb::Delete => self.target.name.is_some(),
            Verb::DeleteCollection => !everywhere && kind.resource != "namespaces",
        };
        if possible {
            Ok(())
        } else {
            Err(Status::method_not_allowed())
        }
    }

    /// Of a kind that is only listed, there is none to change, and none is made.
    fn expect_reading(&self, verb: Verb) -> Result<(), Status> {
        let applies = verb == Verb::Patch && self.media_type() == patch::APPLY;
        if verb == Verb::Create && self.target.name.is_none() || applies {
            let of = self.target.kind.resource;
            let message =
                format!("nothing runs in the sandbox: {of} can be listed, and none can be made");
            return Err(Status::new(405, "MethodNotAllowed", message).with_details(json!({})));
        }
        match &self.target.name {
            Some(_) => Err(self.not_found()),
            None => Ok(()),
        }
    }

    /// The media type of the body, without its parameters.
    fn media_type(&self) -> &str {
        let value = self.asked.headers.get(CONTENT_TYPE);
        let text = value.and_then(|value| value.to_str().ok());
        let text = text.unwrap_or_default();
        text.split(';').next().unwrap_or_default().trim()
    }

    /// The object in the body.
    fn decode(&self, validation: FieldValidation) -> Result<Decoded, Status> {
        self.expect_object()?;
        let (kind, text) = (self.target.kind, self.text());
        match self.media_type() {
            "application/yaml" => decode::decode_yaml(kind, &text, validation),
            _ => decode::decode(kind, &text, validation),
        }
    }

    /// Objects come as JSON or YAML.
    fn expect_object(&self) -> Result<(), Status> {
        match self.media_type() {
            "" | "application/json" | "application/yaml" | protobuf::MEDIA_TYPE => Ok(()),
            _ => Err(Status::new(
                415,
                "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
            )),
        }
    }

    fn shown(&self, written: &Written) -> Result<Response, Status> {
        self.show(written.code, &written.object, &written.warnings)
    }

    /// One object, in the form that was asked for.
    fn show(&self, code: u16, object: &Value, warnings: &[String]) -> Result<Response, Status> {
        Ok(match self.form {
            Form::Whole if object["apiVersion"] != self.target.kind.api_version() => {
                let mut object = object.clone();
                object["apiVersion"] = self.target.kind.api_version().into();
                answer::object(code, &object, warnings)
            }
            Form::Whole => answer::object(code, object, warnings),
            Form::Metadata => answer::object(code, &partial(object), warnings),
            Form::MetadataList => return Err(self.no_list()),
            Form::Table => {
                let version = metadata::text(object, "resourceVersion");
                let list = json!({ "resourceVersion": version });
                let table = table::table(self.target.kind, &list, &[object], self.asked)?;
                answer::object(code, &table, warnings)
            }
        })
    }

    fn no_list(&self) -> Status {
        let of = table::go_type(self.target.kind);
        let message = format!(
            "you requested PartialObjectMetadataList, but the requested object is not a list ({of})"
        );
        Status::new(406, "NotAcceptable", message)
    }

    /// Nothing is made in a namespace that is not there, or that is about to go.
    fn expect_namespace(&self, store: &Store, name: &str, creates: bool) -> Result<(), Status> {
        match &self.target.namespace {
            Some(namespace) => namespaces::expect(store, namespace, creates, || {
                (self.target.kind, name.to_owned())
            }),
            None => Ok(()),
        }
    }
}

/// The metadata of an object, and nothing else of it.
pub(super) fn partial(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": object["metadata"],
    })
}
