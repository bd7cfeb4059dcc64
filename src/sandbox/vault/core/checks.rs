//! What no call may ask, whoever makes it.

use crate::sandbox::vault::call::{Call, Operation, Refusal};

pub(super) fn check_operation(call: &Call) -> Result<(), Refusal> {
    let error = "cannot handle internal-only request operation";
    if call.is_of_nothing {
        return Err(Refusal::invalid(error));
    }
    Ok(())
}

/// Nothing is named with a slash at its end.
pub(super) fn check_written(call: &Call) -> Result<(), Refusal> {
    let writes = matches!(call.operation, Operation::Update | Operation::Patch);
    if writes && call.path.ends_with('/') {
        let error = "cannot write to a path ending in '/'";
        return Err(Refusal::invalid(error));
    }
    Ok(())
}
