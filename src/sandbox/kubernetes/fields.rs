//! Who owns which field: managedFields after every write, and server-side apply with its conflicts.

use super::kinds::Kind;
use super::status::Status;
use jiff::Timestamp;
use serde_json::Value;

/// Who writes, and through what.
#[derive(Debug, Clone)]
pub(super) struct Manager {
    pub name: String,
    pub subresource: Option<String>,
    /// Take fields from other managers (`force=true`).
    pub force: bool,
    pub now: Timestamp,
}

/// Sets `metadata.managedFields` of `after`, which an update, a create or a patch other than apply made of `before`.
pub(super) fn updated(_kind: &Kind, _before: Option<&Value>, _after: &mut Value, _by: &Manager) {}

/// The object that applying `applied` to `before` makes, with its managedFields; conflicts are a 409.
pub(super) fn applied(
    _kind: &Kind,
    _before: Option<&Value>,
    _applied: Value,
    _by: &Manager,
) -> Result<Value, Status> {
    Err(Status::bad_request("not there yet"))
}
