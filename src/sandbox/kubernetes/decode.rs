//! From a request's body to an object of its kind: types, unknown and duplicate fields, what is dropped, defaults.

use super::kinds::Kind;
use super::status::Status;
use serde_json::Value;

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

/// JSON or YAML as it came.
pub(super) fn decode(
    _kind: &Kind,
    _text: &str,
    _validation: FieldValidation,
) -> Result<Decoded, Status> {
    Err(Status::bad_request("not there yet"))
}

/// Fills in what the server itself puts where nothing was said (`type: Opaque`).
pub(super) fn default(_kind: &Kind, _object: &mut Value) {}
