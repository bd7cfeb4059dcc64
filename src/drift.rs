//! What is not as declared, without any value: found in a plan, kept in a ledger, told in a report.
//!
//! A plan holds the writes that would mend it, and with them values; a [`Finding`] holds what may be kept, sent and shown. The
//! [`Ledger`] remembers over passes what was found when and what became of it, and a [`Report`] is what of it is news. Pure:
//! time is handed in, and the ledger's file is written elsewhere.

mod cause;
mod finding;
mod item;
mod ledger;
mod report;

pub use finding::{Difference, Finding, Standing, Written, findings};
pub use item::{Class, Held, Item, Line, Object, Severity, What, Where};
pub use ledger::{LEDGER_SCHEMA, Ledger, Look, Mark, still_standing};
pub use report::{
    About, Applied, Counts, Coverage, LeftOut, Missed, Problem, REPORT_SCHEMA, Report, Resolution,
    Resolved, ScopeLine, Since, State, Told, ToldBy,
};

use crate::desire::{Cell, DesiredVault};
use crate::mark::digest;

/// Names exactly what is declared for a cluster: other declarations are another text.
pub fn declared_for_cluster(cell: &Cell) -> String {
    digest(&format!("{cell:?}"))
}

/// The same of what the clusters of a Vault share.
pub fn declared_for_vault(vault: &DesiredVault) -> String {
    digest(&format!("{vault:?}"))
}
