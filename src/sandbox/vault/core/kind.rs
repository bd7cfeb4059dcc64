//! What a call is counted as.

use crate::sandbox::meter::Kind;
use crate::sandbox::vault::call::{Call, Operation};
use crate::sandbox::vault::state::Mount;
use serde_json::Value;

/// What a call means to the one who counts.
pub(super) fn kind(call: &Call) -> Kind {
    let below = call.path.rsplit("auth/token/").next().unwrap_or_default();
    let of_tokens = call.path.contains("auth/token/");
    match call.operation {
        Operation::Read | Operation::List | Operation::Scan => Kind::Read,
        _ if of_tokens && below.starts_with("lookup") => Kind::Read,
        _ if call.path.contains("sys/capabilities") => Kind::Read,
        _ if of_tokens => Kind::Login,
        _ if call.path.contains("auth/") && call.path.ends_with("/login") => Kind::Login,
        _ => Kind::Write,
    }
}

/// Reads of KV that hand out values.
pub(super) fn value_read(mount: &Mount, path: &str, call: &Call) -> Option<Kind> {
    let below = call.path.strip_prefix(path)?;
    let options = mount.options.as_ref();
    let version = options.and_then(|options| options.get("version"));
    let second = version.and_then(Value::as_str) == Some("2");
    let reads = call.operation == Operation::Read && mount.kind == "kv";
    (reads && (!second || below.starts_with("data/"))).then_some(Kind::Value)
}
