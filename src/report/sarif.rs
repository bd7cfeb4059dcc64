//! What every SARIF of keyfleet has: its version, and a place of the repository.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

pub(super) const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
pub(super) const VERSION: &str = "2.1.0";
/// Readers refuse a result without a place in the repository. What no line declares is put at the fleet itself.
pub(super) const FLEET: &str = "fleet.yaml";
/// What may stand in the path of a URI as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_');

/// A `physicalLocation`.
pub(super) fn place(file: &str, line: usize) -> Value {
    // What is said of the repository as a whole.
    let file = if file == "." { FLEET } else { file };
    json!({
        "artifactLocation": {"uri": utf8_percent_encode(file, PATH).to_string(), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": line.max(1)},
    })
}

/// A message as text. A reader of SARIF makes a link of `[text](address)`; a name is none.
pub(super) fn message(text: &str) -> Value {
    json!({"text": text.replace("](", "] (")})
}
