//! Names, parsed once and then trusted: no string reaches a path, a policy text or a page without passing here.
//!
//! Every name is lower-case where Vault folds case (policies, roles), because `Web` and `web` are one object there,
//! and free of `*`, because bound names and policy paths are glob-matched. A copy of a name shares its text.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// Why a text is not the name it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {rule}", self.wrong())]
pub struct NameError {
    pub text: String,
    pub what: &'static str,
    pub rule: &'static str,
}

impl NameError {
    /// What is wrong, without the rule: a diagnostic gives that as its hint.
    pub fn wrong(&self) -> String {
        let article = if self.what.starts_with(['a', 'e', 'i', 'o', 'u']) {
            "an"
        } else {
            "a"
        };
        format!("{:?} is not {article} {}", self.text, self.what)
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:expr, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// What this name is called in messages.
            pub const WHAT: &'static str = $what;

            pub fn parse(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(Arc::from(text)))
                } else {
                    let text: String = text.chars().take(80).collect();
                    Err(NameError { text, what: $what, rule: $rule })
                }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// Orders and hashes as its text does, so that a map of names is asked with a text.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }
    };
}

const LABEL_RULE: &str = "use lower-case letters, digits and `-`, starting and ending with a letter or digit, at most 63 characters";
const SUBDOMAIN_RULE: &str = "use lower-case letters, digits, `-` and `.`, starting and ending with a letter or digit, at most 253 characters";
const FOLDED_RULE: &str = "use lower-case letters, digits, `-`, `_` and `.` (Vault folds case), starting with a letter or digit, at most 128 characters";
const MOUNT_RULE: &str = "use segments of letters, digits, `-`, `_` and `.`, separated by single `/`, without `.` or `..` segments";
const KV_RULE: &str = "use segments separated by single `/`, none of them `.`, `..` or `+`, without control characters or any of `\" \\ * ? # % { }`";

name!(
    /// A cluster; also the default name of its auth mount. A DNS label (RFC 1123), as Kubernetes namespaces are.
    ClusterName, "cluster name", LABEL_RULE, is_label
);
name!(
    /// The name of one keyfleet installation: what its marks carry.
    InstallationName, "installation name", LABEL_RULE, is_label
);
name!(
    /// A Vault, as `fleet.yaml` calls it.
    VaultName, "Vault name", LABEL_RULE, is_label
);
name!(
    /// A group of clusters that share declarations.
    GroupName, "group name", LABEL_RULE, is_label
);
name!(
    /// A Kubernetes namespace (RFC 1123 label).
    Namespace, "Kubernetes namespace", LABEL_RULE, is_label
);
name!(
    /// The name of a Kubernetes object (RFC 1123 subdomain).
    ObjectName, "Kubernetes object name", SUBDOMAIN_RULE, is_subdomain
);
name!(
    /// A Vault policy. Vault lower-cases and trims these names; `root` cannot be written at all.
    PolicyName, "policy name", FOLDED_RULE, is_folded
);
name!(
    /// A role of an auth mount. Vault lower-cases these names.
    RoleName, "role name", FOLDED_RULE, is_folded
);
name!(
    /// Where an engine or auth method is mounted, without a slash at either end.
    MountPath, "mount path", MOUNT_RULE, is_mount_path
);
name!(
    /// Where a secret lies below its KV mount, without `data/`.
    KvPath, "KV path", KV_RULE, is_kv_path
);
name!(
    /// A key of a Secret's `data`, as the Kubernetes API allows it.
    SecretKey, "Secret key",
    "use letters, digits, `-`, `_` and `.`, at most 253 characters, and neither `.` nor a leading `..`",
    is_secret_key
);

impl VaultName {
    /// The only Vault of a fleet that names none.
    pub fn main() -> Self {
        Self(Arc::from("main"))
    }
}

impl InstallationName {
    /// The installation of a repository that names none.
    pub fn implied() -> Self {
        Self(Arc::from("default"))
    }
}

/// A service account with its namespace, written `namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceAccountRef {
    pub namespace: Namespace,
    pub name: ObjectName,
}

impl ServiceAccountRef {
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let wrong = |rule| NameError {
            text: text.chars().take(80).collect(),
            what: "service account",
            rule,
        };
        let (namespace, name) = text
            .split_once('/')
            .ok_or_else(|| wrong("write it as namespace/name"))?;
        Ok(Self {
            namespace: Namespace::parse(namespace).map_err(|error| wrong(error.rule))?,
            name: ObjectName::parse(name).map_err(|error| wrong(error.rule))?,
        })
    }
}

impl fmt::Display for ServiceAccountRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

fn is_alphanumeric(character: char) -> bool {
    character.is_ascii_lowercase() || character.is_ascii_digit()
}

fn is_label(text: &str) -> bool {
    text.len() <= 63 && !text.contains('.') && is_subdomain(text)
}

fn is_subdomain(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && text.split('.').all(|part| {
            part.starts_with(is_alphanumeric)
                && part.ends_with(is_alphanumeric)
                && part
                    .chars()
                    .all(|character| is_alphanumeric(character) || character == '-')
        })
}

fn is_folded(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(is_alphanumeric)
        && text
            .chars()
            .all(|character| is_alphanumeric(character) || "-_.".contains(character))
}

fn is_mount_path(text: &str) -> bool {
    text.len() <= 256
        && text.split('/').all(|part| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part
                    .chars()
                    .all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character))
        })
}

fn is_kv_path(text: &str) -> bool {
    text.len() <= 512
        && text.split('/').all(|part| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part != "+"
                && part.trim() == part
                && !part
                    .chars()
                    .any(|character| character.is_control() || "\"\\*?#%{}".contains(character))
        })
}

fn is_secret_key(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 253
        && text != "."
        && !text.starts_with("..")
        && text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_escape_their_place_are_refused() {
        for text in [
            "",
            "..",
            "a/../b",
            "a//b",
            "/a",
            "a/",
            "a\nb",
            "a/*",
            "a/+/b",
            "a?version=3",
            "a#b",
            "a%2e",
            "{{x}}",
        ] {
            assert!(KvPath::parse(text).is_err(), "{text:?}");
        }
        for text in ["", "..", "../x", "a/../b", "a b", "a\nb", "a/*", "/a"] {
            assert!(MountPath::parse(text).is_err(), "{text:?}");
        }
        for text in ["", "*", "Prod", "prod_eu", "a.b", "-a", "a-", "a/b", "a\n"] {
            assert!(ClusterName::parse(text).is_err(), "{text:?}");
        }
        for text in ["Web", " default", "a*", "", "a/b"] {
            assert!(PolicyName::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn ordinary_names_are_accepted() {
        assert!(KvPath::parse("shop/mail server/ü+1").is_ok());
        assert!(MountPath::parse("kubernetes/eu-1").is_ok());
        assert!(ClusterName::parse("prod-eu").is_ok());
        assert!(PolicyName::parse("prod-eu-kv-rw").is_ok());
        assert!(SecretKey::parse(".dockerconfigjson").is_ok());
        assert_eq!(
            ServiceAccountRef::parse("a/b.c").map(|account| account.to_string()),
            Ok("a/b.c".to_owned())
        );
    }
}
