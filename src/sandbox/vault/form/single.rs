//! Single fields, for endpoints whose answers depend on the order in which they are read.

use super::super::Flavour;
use super::super::call::{Call, Refusal};
use super::convert::convert;
use super::{Field, Kind, not_valid, unreadable};

fn field(call: &Call, name: &str, kind: Kind, flavour: Flavour) -> Result<Option<Field>, Refusal> {
    let Some(value) = call.body.get(name) else {
        return Ok(None);
    };
    convert(name, kind, value, flavour)
        .map_err(|why| not_valid(&unreadable(name, value, &why, flavour)))
}

/// A field that is a time in seconds.
pub(in crate::sandbox::vault) fn duration(
    call: &Call,
    name: &str,
    flavour: Flavour,
) -> Result<Option<u64>, Refusal> {
    Ok(match field(call, name, Kind::Seconds, flavour)? {
        Some(Field::Number(seconds)) => u64::try_from(seconds).ok(),
        _ => None,
    })
}
