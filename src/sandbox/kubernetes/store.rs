//! The objects of a cluster, each write with a revision of its own, and the log of writes that watches and pages read.
//!
//! The revision is one counter for all objects, as etcd's is: `metadata.resourceVersion` of an object is that of its last
//! write, that of a list is the store's. The log is bounded; what is older is gone, and a watch or a page from there is
//! told so (410).

use super::kinds::Kind;
use super::metadata;
use super::status::qualified;
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;
use tokio::sync::watch;

/// Writes that are remembered. An entry is two pointers to objects that are mostly alive anyway.
const REMEMBERED: usize = 2_048;
/// A new etcd is at revision 1, so no object ever has it.
const FIRST: u64 = 1;

/// Where an object is. Ordered as etcd orders its keys: resource, namespace, name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// With its group: `clusterroles.rbac.authorization.k8s.io`. Every version of a kind is stored as one.
    pub resource: String,
    /// Empty where the kind has none.
    pub namespace: String,
    pub name: String,
}

/// A write that happened.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub revision: u64,
    pub key: Key,
    pub before: Option<Arc<Value>>,
    /// `None` when the object was deleted.
    pub after: Option<Arc<Value>>,
}

#[derive(Debug)]
pub(super) struct Store {
    pub revision: u64,
    pub objects: BTreeMap<Key, Arc<Value>>,
    pub log: VecDeque<Event>,
    /// Objects of which something is stored beside what is read back.
    unread: BTreeSet<Key>,
    /// The revision that the log begins after.
    pub forgotten: u64,
    /// Tells those who watch that the revision has moved.
    pub news: watch::Sender<u64>,
}

/// Objects of one resource, in the order of their keys.
pub(super) type Listed<'a> = Vec<(&'a Key, &'a Arc<Value>)>;

impl Default for Store {
    fn default() -> Self {
        Self {
            revision: FIRST,
            objects: BTreeMap::new(),
            log: VecDeque::new(),
            unread: BTreeSet::new(),
            forgotten: FIRST,
            news: watch::Sender::new(FIRST),
        }
    }
}

impl Store {
    pub(super) fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(key)
    }

    /// Writes an object, and returns it with its new `resourceVersion`.
    pub(super) fn put(&mut self, key: Key, mut object: Value) -> Arc<Value> {
        let revision = self.revision + 1;
        object["metadata"]["resourceVersion"] = revision.to_string().into();
        let object = Arc::new(object);
        self.unread.remove(&key);
        let before = self.objects.insert(key.clone(), Arc::clone(&object));
        self.happened(key, before, Some(Arc::clone(&object)));
        object
    }

    /// An object that every cluster has from its start, shared between them.
    pub(super) fn found(&mut self, key: Key, object: Arc<Value>) {
        let revision = metadata::version(&object).unwrap_or_default();
        self.revision = self.revision.max(revision);
        self.forgotten = self.revision;
        self.objects.insert(key, object);
        self.news.send_replace(self.revision);
    }

    /// Whether something of the object is stored that is never read back. Then it is written anew even if it reads the
    /// same; the next write of any kind stores it as it reads.
    pub(super) fn has_unread(&self, key: &Key) -> bool {
        self.unread.contains(key)
    }

    pub(super) fn note_unread(&mut self, key: &Key) {
        self.unread.insert(key.clone());
    }

    /// Takes an object out, and returns it as it was last.
    pub(super) fn remove(&mut self, key: &Key) -> Option<Arc<Value>> {
        let before = self.objects.remove(key)?;
        self.unread.remove(key);
        self.happened(key.clone(), Some(Arc::clone(&before)), None);
        Some(before)
    }

    fn happened(&mut self, key: Key, before: Option<Arc<Value>>, after: Option<Arc<Value>>) {
        self.revision += 1;
        let revision = self.revision;
        self.log.push_back(Event {
            revision,
            key,
            before,
            after,
        });
        if self.log.len() > REMEMBERED
            && let Some(oldest) = self.log.pop_front()
        {
            self.forgotten = oldest.revision;
        }
        self.news.send_replace(revision);
    }

    /// The objects as they are, of one namespace or of all.
    pub(super) fn list(&self, resource: &str, namespace: Option<&str>) -> Listed<'_> {
        let start = Key {
            resource: resource.to_owned(),
            namespace: namespace.unwrap_or_default().to_owned(),
            name: String::new(),
        };
        let from = self
            .objects
            .range((Bound::Included(start), Bound::Unbounded));
        from.take_while(|(key, _)| key.is_of(resource, namespace))
            .collect()
    }

    /// The objects as they were at a revision that the log still reaches back to.
    pub(super) fn list_at(
        &self,
        revision: u64,
        resource: &str,
        namespace: Option<&str>,
    ) -> Listed<'_> {
        let mut then: BTreeMap<&Key, &Arc<Value>> =
            self.list(resource, namespace).into_iter().collect();
        for event in self.after(revision).rev() {
            if !event.key.is_of(resource, namespace) {
                continue;
            }
            match &event.before {
                Some(before) => then.insert(&event.key, before),
                None => then.remove(&event.key),
            };
        }
        then.into_iter().collect()
    }

    /// What was written after a revision.
    pub(super) fn after(&self, revision: u64) -> impl DoubleEndedIterator<Item = &Event> {
        let known = self.log.partition_point(|event| event.revision <= revision);
        self.log.range(known..)
    }
}

impl Ord for Key {
    /// By the bytes of `resource/namespace/name`: `a-b/x` comes before `a/x`.
    fn cmp(&self, other: &Self) -> Ordering {
        fn place(key: &Key) -> impl Iterator<Item = u8> {
            key.namespace.bytes().chain(std::iter::once(b'/'))
        }
        self.resource
            .cmp(&other.resource)
            .then_with(|| {
                if self.namespace == other.namespace {
                    Ordering::Equal
                } else {
                    place(self).cmp(place(other))
                }
            })
            .then_with(|| self.name.cmp(&other.name))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Key {
    pub(super) fn of(kind: &Kind, object: &Value) -> Self {
        Self {
            resource: qualified(kind.resource, kind.group),
            namespace: metadata::text(object, "namespace").to_owned(),
            name: metadata::text(object, "name").to_owned(),
        }
    }

    pub(super) fn is_of(&self, resource: &str, namespace: Option<&str>) -> bool {
        self.resource == resource && namespace.is_none_or(|namespace| self.namespace == namespace)
    }
}
