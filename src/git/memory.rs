use std::collections::HashMap;
use std::sync::Arc;

use git2::Oid;

/// The texts of files that were read, by git's ids of what they hold: the same id is the same text, at any path and in
/// any revision. Holds what the last reading used and nothing older.
#[derive(Default)]
pub struct Memory(HashMap<Oid, Known>);

/// A file that was read as text.
#[derive(Clone)]
pub(super) struct Known {
    /// Bytes as they lie in git, for the limits.
    pub(super) size: u64,
    pub(super) text: Arc<str>,
}

impl Memory {
    pub(super) fn get(&self, id: Oid) -> Option<&Known> {
        self.0.get(&id)
    }

    pub(super) fn keep(&mut self, id: Oid, known: Known) {
        // What could not be hashed has no id of its own.
        if !id.is_zero() {
            self.0.insert(id, known);
        }
    }
}
