use super::Call;
use crate::sandbox::kubernetes::metadata::unreadable;
use crate::sandbox::kubernetes::status::Status;
use crate::sandbox::kubernetes::store::Store;
use axum::response::Response;

pub(super) fn get(store: &Store, call: &Call<'_>) -> Result<Response, Status> {
    if let Some(version) = call.asked.query.get("resourceVersion") {
        let wanted: u64 = version.parse().map_err(|_| {
            let why = unreadable(version);
            Status::internal(format!(
                "resourceVersion: Invalid value: {version:?}: {why}"
            ))
        })?;
        if wanted > store.revision {
            return Err(Status::too_large(wanted, store.revision));
        }
    }
    let object = store.get(&call.key(call.name()));
    let object = object.ok_or_else(|| call.not_found())?;
    call.show(200, object, &[])
}
