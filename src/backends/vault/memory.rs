//! What a server has been found to offer, so that it is asked once.

use crate::names::MountPath;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
pub(super) struct Memory {
    no_policy_texts: AtomicBool,
    policy_versions: AtomicBool,
    /// Mounts, and folders in them.
    no_kv_scan: Mutex<BTreeSet<String>>,
}

impl Memory {
    /// Whether the bulk list of policies with their texts is worth asking for.
    pub(super) fn may_list_policy_texts(&self) -> bool {
        !self.no_policy_texts.load(Ordering::Relaxed)
    }

    pub(super) fn no_policy_texts(&self) {
        self.no_policy_texts.store(true, Ordering::Relaxed);
    }

    /// Whether the server keeps versions of policies, and so checks them when it is told to (cas).
    pub(super) fn keeps_policy_versions(&self) -> bool {
        self.policy_versions.load(Ordering::Relaxed)
    }

    pub(super) fn policy_versions_seen(&self) {
        self.policy_versions.store(true, Ordering::Relaxed);
    }

    /// Whether the list of this folder is worth asking for; without a name, that of the whole mount.
    pub(super) fn may_scan(&self, mount: &MountPath, folder: &str) -> bool {
        let none = self.no_kv_scan();
        !none.contains(&place(mount, "")) && !none.contains(&place(mount, folder))
    }

    pub(super) fn no_scan(&self, mount: &MountPath, folder: &str) {
        self.no_kv_scan().insert(place(mount, folder));
    }

    fn no_kv_scan(&self) -> MutexGuard<'_, BTreeSet<String>> {
        let none = self.no_kv_scan.lock();
        none.unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(mount: &MountPath, folder: &str) -> String {
    format!("{mount}/{folder}")
}
