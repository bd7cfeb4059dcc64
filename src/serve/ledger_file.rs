//! The ledger on disk. It is a memory, not a truth: without it every finding is told as new once, and nothing else is lost.

use super::kept;
use crate::drift::{LEDGER_SCHEMA, Ledger};
use jiff::Timestamp;
use std::path::Path;

/// The ledger that was kept, or a new one that says why the old one is not there.
pub fn load(path: &Path, now: Timestamp) -> Ledger {
    match kept::read(path, LEDGER_SCHEMA) {
        Ok(Some(ledger)) => ledger,
        Ok(None) => Ledger::begin(now, None),
        Err(why) => Ledger::begin(now, Some(why)),
    }
}
