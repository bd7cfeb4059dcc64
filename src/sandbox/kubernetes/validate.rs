//! What a decoded object must fulfil before it is stored: names, data keys, immutable fields (422 with causes).

use super::kinds::Kind;
use super::status::Status;
use serde_json::Value;

pub(super) fn create(_kind: &Kind, _object: &Value) -> Result<(), Status> {
    Ok(())
}

pub(super) fn update(_kind: &Kind, _object: &Value, _before: &Value) -> Result<(), Status> {
    Ok(())
}
