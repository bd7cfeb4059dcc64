//! Which Secrets do not have Vault's newest version yet.

use super::Look;
use super::finding::{Found, of};
use crate::plan::Cause;
use crate::serve::board::{Passes, Permission};

/// A Secret that lags behind Vault.
pub struct Lag<'a> {
    pub found: Found<'a>,
    /// The version that it was made from.
    pub from: Option<u64>,
    /// The newest one.
    pub to: Option<u64>,
    /// Whether its cluster may be written now.
    pub may_write: bool,
}

/// Those that have waited longest first.
pub fn rotation(look: &Look) -> Vec<Lag<'_>> {
    let clusters = look.known.clusters.values().map(|cluster| &cluster.passes);
    let lags = clusters.flat_map(|passes| of(passes).filter_map(|found| lag(found, passes)));
    let mut lags: Vec<_> = lags.collect();
    lags.sort_by_key(|lag| (lag.found.seen.is_none(), lag.found.seen));
    lags
}

fn lag<'a>(found: Found<'a>, passes: &Passes) -> Option<Lag<'a>> {
    match found.finding.cause()? {
        Cause::Rotation { from, to } => Some(Lag {
            found,
            from: *from,
            to: *to,
            may_write: passes.permission == Permission::Apply,
        }),
        _ => None,
    }
}
