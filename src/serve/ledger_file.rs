//! The ledger on disk. It is a memory, not a truth: without it every finding is told as new once, and nothing else is lost.

use super::whole_file;
use crate::drift::{LEDGER_SCHEMA, Ledger};
use jiff::Timestamp;
use serde::Deserialize;
use std::io;
use std::path::{Path, PathBuf};

/// The ledger that was kept, or a new one that says why the old one is not there. An old one that cannot be read is put
/// aside: a version that can may come back.
pub fn load(path: &Path, now: Timestamp) -> Ledger {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        // So it is at the first start of all.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ledger::begin(now, None),
        Err(error) => return anew(path, &format!("it could not be read ({error})"), now),
    };
    match read(&text) {
        Ok(ledger) => ledger,
        Err(why) => anew(path, &why, now),
    }
}

#[derive(Deserialize)]
struct Head {
    schema: String,
}

fn read(text: &str) -> Result<Ledger, String> {
    let damaged = |_| "it is damaged".to_owned();
    let head: Head = serde_json::from_str(text).map_err(damaged)?;
    if head.schema != LEDGER_SCHEMA {
        return Err("another version of keyfleet wrote it".to_owned());
    }
    let ledger: Ledger = serde_json::from_str(text).map_err(damaged)?;
    Ok(ledger)
}

fn anew(path: &Path, why: &str, now: Timestamp) -> Ledger {
    tracing::warn!("the ledger {} begins anew: {why}", path.display());
    let aside = std::fs::rename(path, aside(path));
    if let Err(error) = aside {
        tracing::warn!("the old ledger could not be put aside: {error}");
    }
    Ledger::begin(now, Some(why.to_owned()))
}

fn aside(path: &Path) -> PathBuf {
    path.with_extension("json.unread")
}

/// Keeps the ledger.
pub fn save(path: &Path, ledger: &Ledger) -> io::Result<()> {
    let text = serde_json::to_string(ledger)?;
    whole_file::write(path, text.as_bytes(), true)
}
