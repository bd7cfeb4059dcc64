use super::write;
use super::{Call, Written};
use crate::sandbox::kubernetes::options::{Of, Options};
use crate::sandbox::kubernetes::status::Status;
use crate::sandbox::kubernetes::store::Store;
use crate::sandbox::kubernetes::{decode, fields, metadata};

/// Server-side apply: what is declared is merged by its owners, and made where there is nothing.
pub(super) fn apply(store: &mut Store, call: &Call<'_>) -> Result<Written, Status> {
    let mut options = Options::read(Of::Apply, call.asked)?;
    options
        .manager
        .subresource
        .clone_from(&call.target.subresource);
    let kind = call.target.kind;
    let (applied, twice) = decode::decode_applied(&call.text())?;
    let before = store.get(&call.key(call.name())).cloned();
    let uid = metadata::text(&applied, "uid").to_owned();
    let fields::Applied { mut object, unread } =
        fields::applied(kind, before.as_deref(), applied, &options.manager)?;
    let warnings = decode::said_twice(twice, options.validation)?;
    write::match_namespace(call, &mut object)?;
    write::match_name(call, &object)?;
    let (code, object) = match before {
        Some(before) => {
            write::keep_other_half(call, &before, &mut object);
            let changed = write::changed(store, call, &options, &before, object, unread)?;
            (200, changed)
        }
        None if call.target.subresource.is_some() => return Err(call.not_found()),
        None if !uid.is_empty() => {
            return Err(call.conflict(&format!(
                "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            )));
        }
        None => {
            // It is the version of nothing; a dry run says it back all the same.
            if !options.dry_run {
                metadata::of(&mut object).remove("resourceVersion");
            }
            let made = write::new(store, call, &options, object)?;
            if kind.custom && !unread.is_null() && !options.dry_run {
                store.note_unread(&call.key(call.name()));
            }
            (201, made)
        }
    };
    Ok(Written {
        code,
        object,
        warnings,
    })
}
