use super::write;
use super::{Call, Written};
use crate::sandbox::kubernetes::options::{Of, Options};
use crate::sandbox::kubernetes::status::Status;
use crate::sandbox::kubernetes::store::Store;
use crate::sandbox::kubernetes::{decode, fields, metadata};
use serde_json::Value;
use std::sync::Arc;

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
    let applied = fields::applied(kind, before.as_deref(), applied, &options.manager)?;
    let warnings = decode::said_twice(twice, options.validation)?;
    match stored(store, call, &options, before, applied, &uid) {
        Ok((code, object)) => Ok(Written {
            code,
            object,
            warnings,
        }),
        Err(status) => Err(status.warned(&warnings)),
    }
}

/// The object that is there now, and whether it was made (201) or changed (200).
fn stored(
    store: &mut Store,
    call: &Call<'_>,
    options: &Options,
    before: Option<Arc<Value>>,
    applied: fields::Applied,
    uid: &str,
) -> Result<(u16, Arc<Value>), Status> {
    let kind = call.target.kind;
    let fields::Applied { mut object, unread } = applied;
    write::match_namespace(call, &mut object)?;
    write::match_name(call, &object)?;
    match before {
        Some(before) => {
            write::keep_other_half(call, &before, &mut object);
            let changed = write::changed(store, call, options, &before, object, unread)?;
            Ok((200, changed))
        }
        None if call.target.subresource.is_some() => Err(call.not_found()),
        None if !uid.is_empty() => Err(call.conflict(&format!(
            "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        ))),
        None => {
            // It is the version of nothing; a dry run says it back all the same.
            if !options.dry_run {
                metadata::of(&mut object).remove("resourceVersion");
            }
            let made = write::new(store, call, options, object)?;
            if write::stores_unread(kind, &unread) && !options.dry_run {
                store.note_unread(&call.key(call.name()));
            }
            Ok((201, made))
        }
    }
}
