//! What a Secret is filled with in the end: of two entries for one key the later counts, and an entry that spreads every
//! field of a path may overwrite what stands before it. The order of entries that do not touch each other is no meaning.

use super::change::Source;
use crate::declare::Destination;
use crate::desire::DesiredSecret;
use crate::diagnostics::Place;
use std::collections::{BTreeMap, BTreeSet};

/// A Secret's keys with their sources.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    pub(super) keys: BTreeMap<String, (Source, Place)>,
    /// Paths of which every field becomes a key, the later over the earlier.
    pub(super) spreads: Vec<(Source, Place)>,
}

impl Mapping {
    pub(super) fn of(secret: &DesiredSecret) -> Self {
        let mut mapping = Self {
            keys: BTreeMap::new(),
            spreads: Vec::new(),
        };
        for assignment in &secret.assignments {
            let mut source = Source {
                path: assignment.from.api_path(),
                property: None,
                base64: false,
                overwritten_by: None,
            };
            match &assignment.into {
                Destination::EveryKey => {
                    for (before, _) in mapping.keys.values_mut() {
                        before.overwritten_by = Some(source.path.clone());
                    }
                    // Read twice, the second reading is what counts.
                    mapping.spreads.retain(|(known, _)| *known != source);
                    mapping.spreads.push((source, assignment.place.clone()));
                }
                Destination::Key {
                    name,
                    property,
                    base64,
                } => {
                    source.property.clone_from(property);
                    source.base64 = *base64;
                    let place = assignment.place.clone();
                    mapping.keys.insert(name.to_string(), (source, place));
                }
            }
        }
        mapping
    }

    /// The same keys from the same sources, wherever they are written.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        fn key<'a>(entry: (&'a String, &'a (Source, Place))) -> (&'a str, &'a Source) {
            (entry.0, &entry.1.0)
        }
        let (mine, theirs) = (self.keys.iter().map(key), other.keys.iter().map(key));
        mine.eq(theirs) && self.spread().eq(other.spread())
    }

    fn spread(&self) -> impl Iterator<Item = &Source> {
        self.spreads.iter().map(|(source, _)| source)
    }

    /// Paths of which every field becomes a key, in order.
    pub(super) fn spread_paths(&self) -> Vec<String> {
        self.spread().map(|source| source.path.clone()).collect()
    }

    /// Every path that it reads.
    pub(super) fn paths(&self) -> BTreeSet<&str> {
        let keys = self.keys.values();
        keys.chain(&self.spreads)
            .map(|(source, _)| source.path.as_str())
            .collect()
    }
}
