use super::write;
use super::{Call, Written};
use crate::sandbox::kubernetes::fields;
use crate::sandbox::kubernetes::options::{Of, Options};
use crate::sandbox::kubernetes::status::Status;
use crate::sandbox::kubernetes::store::Store;

pub(super) fn create(store: &mut Store, call: &Call<'_>) -> Result<Written, Status> {
    let options = Options::read(Of::Create, call.asked)?;
    let kind = call.target.kind;
    let mut decoded = call.decode(options.validation)?;
    write::match_namespace(call, &mut decoded.object)?;
    write::wipe(&mut decoded.object);
    fields::updated(kind, None, &mut decoded.object, &options.manager);
    let object = write::new(store, call, &options, decoded.object)?;
    Ok(Written {
        code: 201,
        object,
        warnings: decoded.warnings,
    })
}
