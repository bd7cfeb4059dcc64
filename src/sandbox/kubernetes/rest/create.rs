use super::write;
use super::{Call, Written};
use crate::sandbox::kubernetes::decode::Decoded;
use crate::sandbox::kubernetes::fields;
use crate::sandbox::kubernetes::options::{Of, Options};
use crate::sandbox::kubernetes::status::Status;
use crate::sandbox::kubernetes::store::Store;
use serde_json::Value;
use std::sync::Arc;

pub(super) fn create(store: &mut Store, call: &Call<'_>) -> Result<Written, Status> {
    let options = Options::read(Of::Create, call.asked)?;
    let Decoded { object, warnings } = call.decode(options.validation)?;
    match made(store, call, &options, object) {
        Ok(object) => Ok(Written {
            code: 201,
            object,
            warnings,
        }),
        Err(status) => Err(status.warned(&warnings)),
    }
}

fn made(
    store: &mut Store,
    call: &Call<'_>,
    options: &Options,
    mut object: Value,
) -> Result<Arc<Value>, Status> {
    write::match_namespace(call, &mut object)?;
    write::wipe(&mut object);
    fields::updated(call.target.kind, None, &mut object, &options.manager);
    write::new(store, call, options, object)
}
