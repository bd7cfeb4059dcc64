use super::write;
use super::{Call, Written};
use crate::sandbox::kubernetes::decode;
use crate::sandbox::kubernetes::fields;
use crate::sandbox::kubernetes::metadata;
use crate::sandbox::kubernetes::options::{Of, Options};
use crate::sandbox::kubernetes::status::Status;
use crate::sandbox::kubernetes::store::Store;

pub(super) fn update(store: &mut Store, call: &Call<'_>) -> Result<Written, Status> {
    let mut options = Options::read(Of::Update, call.asked)?;
    options
        .manager
        .subresource
        .clone_from(&call.target.subresource);
    let kind = call.target.kind;
    let decoded = call.decode(options.validation)?;
    let (mut object, warnings) = (decoded.object, decoded.warnings);
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
    let (code, object) = match before {
        Some(before) => {
            write::keep_other_half(call, &before, &mut object);
            let unread = decode::emptied(kind, &object);
            fields::updated(kind, Some(&before), &mut object, &options.manager);
            let changed = write::changed(store, call, &options, &before, object, unread)?;
            (200, changed)
        }
        None if kind.is_made_by_update() => {
            write::wipe(&mut object);
            fields::updated(kind, None, &mut object, &options.manager);
            // It is the version of nothing; a dry run says it back all the same.
            if !options.dry_run {
                metadata::of(&mut object).remove("resourceVersion");
            }
            (201, write::new(store, call, &options, object)?)
        }
        None => return Err(call.not_found()),
    };
    Ok(Written {
        code,
        object,
        warnings,
    })
}
