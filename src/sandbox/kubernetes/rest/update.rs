use super::write;
use super::{Call, Written};
use crate::sandbox::kubernetes::decode::{self, Decoded};
use crate::sandbox::kubernetes::fields;
use crate::sandbox::kubernetes::metadata;
use crate::sandbox::kubernetes::options::{Of, Options};
use crate::sandbox::kubernetes::status::Status;
use crate::sandbox::kubernetes::store::Store;
use serde_json::Value;
use std::sync::Arc;

pub(super) fn update(store: &mut Store, call: &Call<'_>) -> Result<Written, Status> {
    let mut options = Options::read(Of::Update, call.asked)?;
    options
        .manager
        .subresource
        .clone_from(&call.target.subresource);
    let Decoded { object, warnings } = call.decode(options.validation)?;
    match replaced(store, call, &options, object) {
        Ok((code, object)) => Ok(Written {
            code,
            object,
            warnings,
        }),
        Err(status) => Err(status.warned(&warnings)),
    }
}

/// The object that is there now, and whether it was made (201) or changed (200).
fn replaced(
    store: &mut Store,
    call: &Call<'_>,
    options: &Options,
    mut object: Value,
) -> Result<(u16, Arc<Value>), Status> {
    let kind = call.target.kind;
    write::match_namespace(call, &mut object)?;
    write::match_name(call, &object)?;
    let before = store.get(&call.key(call.name())).cloned();
    // A uid in the object says which one is meant.
    let uid = metadata::text(&object, "uid");
    let lives = before
        .as_deref()
        .map_or("", |before| metadata::text(before, "uid"));
    if !uid.is_empty() && uid != lives && (before.is_some() || kind.is_made_by_update()) {
        return Err(call.conflict(&write::other_uid(call, options.dry_run, uid, lives)));
    }
    match before {
        Some(before) => {
            write::keep_other_half(call, &before, &mut object);
            let unread = decode::emptied(kind, &object);
            fields::updated(kind, Some(&before), &mut object, &options.manager);
            let changed = write::changed(store, call, options, &before, object, unread)?;
            Ok((200, changed))
        }
        None if kind.is_made_by_update() => {
            write::wipe(&mut object);
            fields::updated(kind, None, &mut object, &options.manager);
            // It is the version of nothing; a dry run says it back all the same.
            if !options.dry_run {
                metadata::of(&mut object).remove("resourceVersion");
            }
            Ok((201, write::new(store, call, options, object)?))
        }
        None => Err(call.not_found()),
    }
}
