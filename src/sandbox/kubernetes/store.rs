//! The objects of a cluster, each write with a revision of its own, and the log of writes that watches and pages read.
//!
//! The revision is one counter for all objects, as etcd's is: `metadata.resourceVersion` of an object is that of its last
//! write, that of a list is the store's. The log is bounded; what is older is gone, and a watch or a page from there is
//! told so (410).

use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Where an object is. Ordered as etcd orders its keys: resource, namespace, name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    pub after: Option<Arc<Value>>,
}

#[derive(Debug, Default)]
pub(super) struct Store {
    pub revision: u64,
    pub objects: BTreeMap<Key, Arc<Value>>,
    pub log: VecDeque<Event>,
}

impl Store {
    pub(super) fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(key)
    }
}
