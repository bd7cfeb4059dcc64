use super::write;
use super::{Call, Written};
use crate::sandbox::kubernetes::fields;
use crate::sandbox::kubernetes::options::{Of, Options};
use crate::sandbox::kubernetes::status::Status;
use crate::sandbox::kubernetes::store::Store;

pub(super) fn create(store: &mut Store, call: &Call<'_>) -> Result<Written, Status> {
    let options = Options::read(Of::Create, call.asked)?;
    call.expect_object()?;
    let kind = call.target.kind;
    let mut decoded = call.decoded(options.validation)?;
    write::match_namespace(call, &mut decoded.object)?;
    // Made here and now, whatever the client says; also before anything is recorded about who owns which field.
    fields::updated(kind, None, &mut decoded.object, &options.manager);
    let object = write::new(store, call, &options, decoded.object)?;
    Ok(Written {
        code: 201,
        object,
        warnings: decoded.warnings,
    })
}
