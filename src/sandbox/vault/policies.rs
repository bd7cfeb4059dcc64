//! The policies of a namespace: their texts, what they mean, and what is said of each.

use super::Flavour;
use crate::policy::{Dialect, Policy};
use jiff::Timestamp;
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub text: String,
    pub meaning: Policy,
    pub version: u64,
    pub modified: Timestamp,
    pub expiration: Option<Timestamp>,
    pub cas_required: bool,
    pub allow_slashes: bool,
    pub allow_wildcards: bool,
}

/// By name, in lower case. `root` is not among them: it is no text.
pub(super) type Policies = BTreeMap<String, Stored>;

pub(super) fn dialect(flavour: Flavour) -> Dialect {
    match flavour {
        Flavour::OpenBao => Dialect::OpenBao,
        Flavour::HashiCorp => Dialect::Vault,
    }
}

pub(super) fn stored(text: &str, meaning: Policy, now: Timestamp) -> Stored {
    Stored {
        text: text.to_owned(),
        meaning,
        version: 1,
        modified: now,
        expiration: None,
        cas_required: false,
        allow_slashes: false,
        allow_wildcards: false,
    }
}

/// What a namespace begins with.
pub(super) fn initial(flavour: Flavour, now: Timestamp) -> Policies {
    let texts = [
        ("default", default_text(flavour)),
        ("response-wrapping", wrapping_text(flavour)),
        ("control-group", CONTROL_GROUP.to_owned()),
    ];
    let known = texts
        .into_iter()
        .filter(|(name, _)| *name != "control-group" || flavour == Flavour::HashiCorp);
    let stored = known.map(|(name, text)| {
        let meaning = Policy::parse_for(dialect(flavour), &text).unwrap_or_default();
        (name.to_owned(), stored(&text, meaning, now))
    });
    stored.collect()
}

/// What a token for one wrapped answer may do. No answer is wrapped here, but the policy can be read.
fn wrapping_text(flavour: Flavour) -> String {
    let own = r#"path "cubbyhole/response" { capabilities = ["create", "read"] }
path "sys/wrapping/unwrap" { capabilities = ["update"] }
"#;
    let end = match flavour {
        Flavour::OpenBao => r#"path "auth/token/revoke-self" { capabilities = ["update"] }"#,
        Flavour::HashiCorp => "",
    };
    format!("{own}{end}")
}

const CONTROL_GROUP: &str = r#"path "cubbyhole/control-group" { capabilities = ["update", "create", "read"] }
path "sys/wrapping/unwrap" { capabilities = ["update"] }
"#;

/// What every token may do, unless somebody rewrites it.
fn default_text(flavour: Flavour) -> String {
    let common: [(&str, &str); 18] = [
        ("auth/token/lookup-self", "\"read\""),
        ("auth/token/renew-self", "\"update\""),
        ("auth/token/revoke-self", "\"update\""),
        ("sys/capabilities-self", "\"update\""),
        ("identity/entity/id/{{identity.entity.id}}", "\"read\""),
        ("identity/entity/name/{{identity.entity.name}}", "\"read\""),
        ("sys/internal/ui/resultant-acl", "\"read\""),
        ("sys/renew", "\"update\""),
        ("sys/leases/renew", "\"update\""),
        ("sys/leases/lookup", "\"update\""),
        (
            "cubbyhole/*",
            "\"create\", \"read\", \"update\", \"delete\", \"list\"",
        ),
        ("sys/wrapping/wrap", "\"update\""),
        ("sys/wrapping/lookup", "\"update\""),
        ("sys/wrapping/unwrap", "\"update\""),
        ("sys/tools/hash", "\"update\""),
        ("sys/tools/hash/*", "\"update\""),
        ("sys/control-group/request", "\"update\""),
        ("identity/oidc/provider/+/authorize", "\"read\", \"update\""),
    ];
    let hashicorp = ["sys/renew", "sys/control-group/request"];
    let rules = common
        .iter()
        .filter(|(path, _)| flavour == Flavour::HashiCorp || !hashicorp.contains(path));
    rules
        .map(|(path, words)| format!("path \"{path}\" {{ capabilities = [{words}] }}\n"))
        .collect()
}
