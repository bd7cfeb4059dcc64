//! Since when, as the server tells it.

use crate::drift::item::Item;
use crate::plan::Cause;
use jiff::{SignedDuration, Timestamp};

/// How much later than ours a server's clock may be.
const SKEW: SignedDuration = SignedDuration::from_mins(10);

/// The time that the server's own record gives; one that lies ahead is no time at all.
pub(super) fn told_by_server(item: &Item, seen: Timestamp) -> Option<Timestamp> {
    let Some(Cause::Drift {
        since: Some(since), ..
    }) = &item.cause
    else {
        return None;
    };
    let since: Timestamp = since.parse().ok()?;
    let latest = seen.checked_add(SKEW).unwrap_or(seen);
    (since <= latest).then_some(since)
}
