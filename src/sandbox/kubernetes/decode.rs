//! From a request's body to an object of its kind: types, unknown and duplicate fields, what is dropped, defaults.

mod json;
mod settle;
mod stored;
mod typed;
mod yaml;

use super::fields;
use super::kinds::{KINDS, Kind};
use super::schema::Schema;
use super::status::{Cause, Status};
pub(super) use json::{Tree, parse};
use serde_json::{Value, json};
use settle::settle;
use stored::default;
pub(super) use stored::{emptied, stored};
use typed::Findings;
pub(super) use typed::fault;

/// `fieldValidation` of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

/// An object that a request sent, and what is to be said about it in `Warning` headers.
#[derive(Debug)]
pub(super) struct Decoded {
    pub object: Value,
    pub warnings: Vec<String>,
}

/// What a body says it is.
struct Identity {
    api_version: String,
    kind: String,
}

const LONGEST_QUOTE: usize = 30;

/// JSON as it came, with defaults filled in.
pub(super) fn decode(
    kind: &Kind,
    text: &str,
    validation: FieldValidation,
) -> Result<Decoded, Status> {
    let tree = json::parse(text)
        .map_err(|wrong| unrecognized(kind, &format!("{NO_IDENTITY}{wrong}"), text))?;
    read(kind, tree, Vec::new(), text, validation)
}

/// YAML as it came.
pub(super) fn decode_yaml(
    kind: &Kind,
    text: &str,
    validation: FieldValidation,
) -> Result<Decoded, Status> {
    let (tree, twice) = yaml::parse(text).map_err(|wrong| unrecognized(kind, &wrong, text))?;
    read(kind, tree, twice, text, validation)
}

const NO_IDENTITY: &str = "couldn't get version/kind; json parse error: ";

fn read(
    kind: &Kind,
    tree: Tree,
    twice: Vec<String>,
    text: &str,
    validation: FieldValidation,
) -> Result<Decoded, Status> {
    let identity = identity(kind, &tree).map_err(|wrong| unrecognized(kind, &wrong, text))?;
    let cannot = |why: &str| {
        let version = identity.api_version.rsplit('/').next().unwrap_or_default();
        Status::bad_request(format!(
            "{} in version {version:?} cannot be handled as a {}: {why}",
            identity.kind, kind.kind
        ))
    };
    if kind.custom {
        check_custom(kind, &tree, text, validation).map_err(|refusal| match refusal {
            Refusal::Cannot(why) => cannot(&why),
            Refusal::Whole(status) => status,
        })?;
    } else if identity.api_version != kind.api_version() || identity.kind != kind.kind {
        return Err(cannot(&other_kind(kind, &identity)));
    }
    let mut findings = Findings::default();
    let object = typed::read(kind, tree, &mut findings);
    if let Some(wrong) = findings.wrong {
        return Err(cannot(&wrong));
    }
    let told = |line: &String| format!("yaml: unmarshal errors:\n  {line}");
    if validation == FieldValidation::Strict && !(twice.is_empty() && findings.strict.is_empty()) {
        let all: Vec<String> = twice
            .iter()
            .map(told)
            .chain(findings.strict.iter().cloned())
            .collect();
        return Err(cannot(&format!(
            "strict decoding error: {}",
            all.join(", ")
        )));
    }
    let mut object = object;
    without_nulls(kind, &mut object);
    finish(kind, &mut object).map_err(|wrong| cannot(&wrong))?;
    let warnings = match validation {
        FieldValidation::Warn => twice.into_iter().chain(findings.strict).collect(),
        _ => Vec::new(),
    };
    Ok(Decoded { object, warnings })
}

/// An object that a patch made, read as one that was sent; why it cannot be one otherwise.
pub(super) fn decode_patched(
    kind: &Kind,
    text: &str,
    validation: FieldValidation,
) -> Result<Decoded, String> {
    let mut findings = Findings::default();
    let tree = json::parse(text)?;
    let mut object = typed::read(kind, tree, &mut findings);
    if let Some(wrong) = findings.wrong {
        return Err(wrong);
    }
    let warnings = match validation {
        FieldValidation::Strict if !findings.strict.is_empty() => {
            let all = findings.strict.join(", ");
            return Err(format!("strict decoding error: {all}"));
        }
        FieldValidation::Warn => findings.strict,
        _ => Vec::new(),
    };
    without_nulls(kind, &mut object);
    finish(kind, &mut object)?;
    Ok(Decoded { object, warnings })
}

/// Apply's body, YAML or JSON, kept as it is: server-side apply must know what was not said. With it, where a name stands
/// a second time.
pub(super) fn decode_applied(text: &str) -> Result<(Value, Vec<String>), Status> {
    let (tree, twice) = match json::parse(text) {
        Ok(tree) if yaml::names_once(&tree) => (tree, Vec::new()),
        _ => yaml::parse(text).map_err(|wrong| {
            let wrong = format!("error converting YAML to JSON: {wrong}");
            Status::bad_request(format!("error decoding YAML: {wrong}"))
        })?,
    };
    match tree {
        Tree::Null => Ok((json!({}), twice)),
        Tree::Object(_) => Ok((tree.into_value(), twice)),
        other => Err(Status::bad_request(format!(
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            other.kind()
        ))),
    }
}

/// What is said of names that stand twice in an apply that would work.
pub(super) fn said_twice(
    twice: Vec<String>,
    validation: FieldValidation,
) -> Result<Vec<String>, Status> {
    match validation {
        FieldValidation::Strict if !twice.is_empty() => Err(Status::bad_request(format!(
            "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  {}",
            twice.join("\n  ")
        ))),
        FieldValidation::Warn => Ok(twice),
        _ => Ok(Vec::new()),
    }
}

/// The name and version that the body gives, or the path's.
fn identity(kind: &Kind, tree: &Tree) -> Result<Identity, String> {
    let text = |name: &str| match tree.get(name) {
        None | Some(Tree::Null) => Ok(String::new()),
        Some(Tree::Text(text)) => Ok(text.clone()),
        Some(other) => Err(format!(
            "{NO_IDENTITY}json: cannot unmarshal {} into Go struct field .{name} of type string",
            other.kind()
        )),
    };
    if !matches!(tree, Tree::Object(_) | Tree::Null) {
        return Err(format!(
            "{NO_IDENTITY}json: cannot unmarshal {} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}",
            tree.kind()
        ));
    }
    let (api_version, name) = (text("apiVersion")?, text("kind")?);
    if api_version.matches('/').count() > 1 {
        return Err(format!("unexpected GroupVersion string: {api_version}"));
    }
    let or = |said: String, known: String| if said.is_empty() { known } else { said };
    Ok(Identity {
        api_version: or(api_version, kind.api_version()),
        kind: or(name, kind.kind.to_owned()),
    })
}

fn unrecognized(kind: &Kind, why: &str, text: &str) -> Status {
    let cut = text.len() > LONGEST_QUOTE;
    let start = &text.as_bytes()[..text.len().min(LONGEST_QUOTE)];
    let quote = match text {
        "" => "<empty>".to_owned(),
        _ if text.starts_with('{') => String::from_utf8_lossy(start).into_owned(),
        _ => start.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    let more = if cut { " ..." } else { "" };
    Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {}): {why} ({quote}{more})",
        kind.kind
    ))
}

enum Refusal {
    Cannot(String),
    Whole(Status),
}

/// A custom object must say what it is.
fn check_custom(
    kind: &Kind,
    tree: &Tree,
    text: &str,
    validation: FieldValidation,
) -> Result<(), Refusal> {
    let said = |name: &str| match tree.get(name) {
        Some(Tree::Text(text)) => text.as_str(),
        _ => "",
    };
    if said("kind").is_empty() {
        let missing = format!("Object 'Kind' is missing in '{text}'");
        return Err(match validation {
            FieldValidation::Ignore => Refusal::Cannot(missing),
            _ => Refusal::Whole(unrecognized(kind, &missing, text)),
        });
    }
    if said("apiVersion") != kind.api_version() {
        return Err(Refusal::Whole(Status::bad_request(format!(
            "the API version in the data ({}) does not match the expected API version ({})",
            said("apiVersion"),
            kind.api_version()
        ))));
    }
    if said("kind") != kind.kind {
        return Err(Refusal::Whole(not_this_kind(kind, said("kind"), tree)));
    }
    Ok(())
}

fn not_this_kind(kind: &Kind, said: &str, tree: &Tree) -> Status {
    let name = match tree
        .get("metadata")
        .and_then(|metadata| metadata.get("name"))
    {
        Some(Tree::Text(name)) => name.as_str(),
        _ => "",
    };
    Status::invalid(
        said,
        kind.group,
        name,
        &[Cause {
            reason: "FieldValueInvalid",
            message: format!("Invalid value: {said:?}: must be {}", kind.kind),
            field: "kind".to_owned(),
        }],
    )
}

fn other_kind(kind: &Kind, found: &Identity) -> String {
    let known = KINDS.iter().any(|known| {
        !known.custom && known.api_version() == found.api_version && known.kind == found.kind
    });
    let version = found.api_version.rsplit('/').next().unwrap_or_default();
    let package = match kind.group {
        "" => "core",
        group => group.split('.').next().unwrap_or_default(),
    };
    if known {
        format!(
            "converting ({version}.{}) to ({package}.{}): unknown conversion",
            found.kind, kind.kind
        )
    } else {
        format!(
            "no kind {:?} is registered for version {:?} in scheme \"pkg/runtime/scheme.go:110\"",
            found.kind, found.api_version
        )
    }
}

/// A custom object that says `null` says nothing. What an apply makes `null` stays, and is found wanting.
fn without_nulls(kind: &Kind, object: &mut Value) {
    if let Some(fields) = object.as_object_mut().filter(|_| kind.custom) {
        fields.retain(|_, value| !value.is_null());
    }
}

/// The one form, with defaults.
fn finish(kind: &Kind, object: &mut Value) -> Result<(), String> {
    if object.is_null() {
        *object = json!({});
    }
    if kind.custom {
        if let Some(metadata) = object.get_mut("metadata") {
            settle(Schema::Struct(&super::kinds::OBJECT_META), metadata)?;
        }
    } else {
        settle(Schema::Struct(kind.schema), object)?;
    }
    default(kind, object);
    Ok(())
}

/// What is there before anything is: an object of which nothing was said.
pub(super) fn empty(kind: &Kind) -> Value {
    let mut object = json!({ "apiVersion": kind.api_version(), "kind": kind.kind });
    if !kind.custom {
        // Nothing cannot be wrong.
        let _ = settle(Schema::Struct(kind.schema), &mut object);
    }
    object
}

/// The object that server-side apply merged, in its one form. What does not fit is an error of the server.
pub(super) fn converted(kind: &Kind, applied: &Value, object: &mut Value) -> Result<(), Status> {
    finish(kind, object).map_err(|wrong| {
        let (group, version) = (kind.group, kind.version);
        let named = fields::named(kind, applied);
        Status::new(500, "", format!("failed to convert new object ({named}) to proper version: unable to convert unstructured object to {group}/{version}, Kind={}: error decoding from json: {wrong}", kind.kind))
    })
}

/// Why a text is not an object in JSON, if it is not.
pub(super) fn not_an_object(text: &str) -> Option<String> {
    match json::parse(text) {
        Ok(Tree::Object(_) | Tree::Null) => None,
        Ok(other) => Some(format!(
            "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            other.kind()
        )),
        Err(wrong) => Some(wrong),
    }
}
