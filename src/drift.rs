//! What is not as declared, without any value: the stuff of drift reports, of the ledger behind them, and of the pages.
//!
//! A plan holds the writes that would mend it, and with them values; a finding holds what may be kept, sent and shown. Pure:
//! time is handed in.

mod finding;

pub use finding::{Difference, Finding, Standing, findings};
