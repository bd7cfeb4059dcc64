//! Ownership without a database: a mark on each object says which installation wrote it, and a digest of what.
//!
//! The digest is of configuration, never of a value. It tells an object that git moved away from (its live form still
//! has the digest) from one that somebody edited (it has not).

use crate::names::{ClusterName, InstallationName};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// The field manager of keyfleet's writes, and the value of the managed-by label.
pub const MANAGER: &str = "keyfleet";
pub const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";
/// Which installation owns a Kubernetes object.
pub const INSTALLATION_LABEL: &str = "keyfleet.dev/installation";

/// What a mark in Vault says: the first line of a policy, or the description of a mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub installation: InstallationName,
    pub cluster: Option<ClusterName>,
    /// Further `name=value` pairs: digests, the accessor of a mount.
    pub facts: BTreeMap<String, String>,
}

impl Mark {
    pub fn new(installation: &InstallationName, cluster: Option<&ClusterName>) -> Self {
        Self {
            installation: installation.clone(),
            cluster: cluster.cloned(),
            facts: BTreeMap::new(),
        }
    }

    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Into<String>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }

    /// Reads a mark from a description or a policy's first line.
    pub fn read(text: &str) -> Option<Self> {
        let line = text.lines().next()?.trim_start_matches(['#', ' ']);
        let mut facts: BTreeMap<String, String> = line
            .strip_prefix("keyfleet ")?
            .split_whitespace()
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let installation = InstallationName::parse(&facts.remove("installation")?).ok()?;
        let cluster = facts
            .remove("cluster")
            .and_then(|cluster| ClusterName::parse(&cluster).ok());
        Some(Self {
            installation,
            cluster,
            facts,
        })
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "keyfleet installation={}", self.installation)?;
        if let Some(cluster) = &self.cluster {
            write!(formatter, " cluster={cluster}")?;
        }
        self.facts
            .iter()
            .try_for_each(|(name, value)| write!(formatter, " {name}={value}"))
    }
}

/// Whose an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// This installation's.
    Us,
    /// Another installation's.
    Other(String),
    /// Nobody's that is known: made by hand, or by a tool that leaves no mark.
    Unmarked,
}

impl Owner {
    pub fn of(mark: Option<&Mark>, installation: &InstallationName) -> Self {
        match mark {
            None => Self::Unmarked,
            Some(mark) if mark.installation == *installation => Self::Us,
            Some(mark) => Self::Other(mark.installation.to_string()),
        }
    }

    /// From the labels of a Kubernetes object.
    pub fn of_labels(labels: &BTreeMap<String, String>, installation: &InstallationName) -> Self {
        match labels.get(INSTALLATION_LABEL) {
            Some(owner) if owner == installation.as_str() => Self::Us,
            Some(owner) => Self::Other(owner.clone()),
            None => Self::Unmarked,
        }
    }
}

/// A short digest of configuration: 16 hexadecimal digits of SHA-256.
pub fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .take(8)
        .fold(String::new(), |mut hex, byte| {
            hex.push_str(&format!("{byte:02x}"));
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let mark = Mark::new(
            &InstallationName::parse("acme").unwrap(),
            ClusterName::parse("prod-eu").ok().as_ref(),
        )
        .fact("digest", "0a1b");
        assert_eq!(
            mark.to_string(),
            "keyfleet installation=acme cluster=prod-eu digest=0a1b"
        );
        assert_eq!(
            Mark::read(&format!("# {mark}\npath \"a\" {{}}\n")),
            Some(mark)
        );
    }

    #[test]
    fn what_others_wrote_is_no_mark() {
        for text in [
            "",
            "kubernetes auth of prod",
            "# managed by terraform",
            "keyfleet",
            "keyfleet cluster=a",
        ] {
            assert_eq!(Mark::read(text), None, "{text}");
        }
    }
}
