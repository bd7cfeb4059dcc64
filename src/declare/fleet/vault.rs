//! The Vaults of a fleet, with the KV engines that it keeps mounted there.

use crate::declare::CaSource;
use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use crate::names::{MountPath, VaultName};
use crate::observe::KvEngine;
use crate::yaml::{Fields, Node};
use std::collections::BTreeMap;

/// A Vault of the fleet.
#[derive(Debug, Clone)]
pub struct VaultSpec {
    pub place: Place,
    /// `None`: the one that `VAULT_ADDR` names.
    pub address: Option<String>,
    pub namespace: Option<String>,
    pub certificate_authority: Option<CaSource>,
    pub kv_mounts: Vec<KvMount>,
    /// Whether mounts and policies that someone else made may be taken over.
    pub adopt: bool,
}

/// A KV engine that the fleet keeps mounted.
#[derive(Debug, Clone)]
pub struct KvMount {
    pub place: Place,
    pub path: MountPath,
    pub engine: KvEngine,
}

pub(super) fn read_all(node: &Node, problems: &mut Diagnostics) -> BTreeMap<VaultName, VaultSpec> {
    let mut vaults = BTreeMap::new();
    if Fields::of(node, "vaults", problems).is_none() {
        return vaults;
    }
    for entry in node.entries() {
        let name = VaultName::parse(&entry.key).map_err(|error| {
            problems.push(Diagnostic::error(&entry.place, error.wrong()).hint(error.rule));
        });
        let vault = read(&entry.value, &entry.place, problems);
        if let (Ok(name), Some(vault)) = (name, vault) {
            vaults.insert(name, vault);
        }
    }
    if node.entries().is_empty() {
        problems.push(
            Diagnostic::error(&node.place, "`vaults` names no Vault").hint(
                "name one, such as `main: {}`, or remove `vaults` for the one that VAULT_ADDR names",
            ),
        );
    }
    check_distinct(&vaults, problems);
    vaults
}

/// One Vault under two names would be kept by two plans that undo each other.
fn check_distinct(vaults: &BTreeMap<VaultName, VaultSpec>, problems: &mut Diagnostics) {
    let mut known: BTreeMap<_, &VaultName> = BTreeMap::new();
    for (name, vault) in vaults {
        let Some(first) = known.insert((&vault.address, &vault.namespace), name) else {
            continue;
        };
        problems.push(
            Diagnostic::error(
                &vault.place,
                format!("`{name}` is the same Vault as `{first}`"),
            )
            .hint("give each its own `address` or `namespace`; without an address it is the one that VAULT_ADDR names"),
        );
    }
}

fn read(node: &Node, place: &Place, problems: &mut Diagnostics) -> Option<VaultSpec> {
    let mut fields = Fields::of(node, "a Vault", problems)?;
    let vault = VaultSpec {
        place: place.clone(),
        address: fields
            .optional("address")
            .and_then(|node| vault_address(node, problems)),
        namespace: fields
            .optional("namespace")
            .and_then(|node| namespace(node, problems)),
        certificate_authority: fields
            .optional("certificateAuthority")
            .and_then(|node| CaSource::read(node, problems)),
        kv_mounts: kv_mounts(fields.list("kvMounts", problems), problems),
        adopt: fields.boolean("adopt", problems).unwrap_or(false),
    };
    fields.finish(problems);
    // Without its address it would be another Vault.
    let is_given = node
        .get("address")
        .is_some_and(|address| !address.is_null());
    (vault.address.is_some() || !is_given).then_some(vault)
}

/// The address of a Vault, wherever it is written.
pub(crate) fn vault_address(node: &Node, problems: &mut Diagnostics) -> Option<String> {
    let text = node.text("`address`", problems)?;
    let wrong = match http::Uri::try_from(text) {
        Ok(url) if url.host().is_none() => "must be a URL",
        Ok(_) if text.contains('@') => "must not hold credentials",
        Ok(_) if text.contains(['?', '#']) => "must be a plain address, without `?` and `#`",
        Ok(url) if url.scheme_str() == Some("http") && !is_loopback(&url) => {
            "must be https: only on loopback does http keep a token to itself"
        }
        Ok(url) if matches!(url.scheme_str(), Some("https" | "http")) => {
            return Some(text.trim_end_matches('/').to_owned());
        }
        Ok(_) | Err(_) => "must be an https URL",
    };
    let problem = Diagnostic::error(&node.place, format!("the address of a Vault {wrong}"))
        .hint("for example https://vault.example:8200");
    problems.push(if text.contains('@') {
        problem.without_line()
    } else {
        problem
    });
    None
}

fn is_loopback(url: &http::Uri) -> bool {
    let host = url.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// A Vault namespace, with or without the slash that Vault itself writes at its end.
fn namespace(node: &Node, problems: &mut Diagnostics) -> Option<String> {
    let text = node.text("`namespace`", problems)?;
    let bare = text.strip_suffix('/').unwrap_or(text);
    match MountPath::parse(bare) {
        Ok(path) => Some(path.to_string()),
        Err(error) => {
            problems.push(
                Diagnostic::error(&node.place, format!("{text:?} is not a Vault namespace"))
                    .hint(error.rule),
            );
            None
        }
    }
}

fn kv_mounts(items: &[Node], problems: &mut Diagnostics) -> Vec<KvMount> {
    let mut mounts: Vec<KvMount> = Vec::new();
    for item in items {
        let Some(mount) = kv_mount(item, problems) else {
            continue;
        };
        let path = format!("{}/", mount.path);
        let overlaps = |other: &&KvMount| {
            let other = format!("{}/", other.path);
            path.starts_with(&other) || other.starts_with(&path)
        };
        if let Some(other) = mounts.iter().find(overlaps) {
            problems.push(shares_place(&mount, other));
        }
        mounts.push(mount);
    }
    mounts
}

fn shares_place(mount: &KvMount, other: &KvMount) -> Diagnostic {
    if mount.path == other.path {
        let wrong = format!("the mount `{}` is declared twice", mount.path);
        return Diagnostic::error(&mount.place, wrong).hint("keep one of the two");
    }
    let wrong = format!(
        "the mounts `{}` and `{}` lie one below the other",
        other.path, mount.path
    );
    Diagnostic::error(&mount.place, wrong)
        .hint("Vault mounts nothing below a mount: keep one, or move it")
}

fn kv_mount(node: &Node, problems: &mut Diagnostics) -> Option<KvMount> {
    let mut fields = Fields::of(node, "an entry of `kvMounts`", problems)?;
    let path = fields.required("path", problems);
    let engine = fields
        .optional("version")
        .map_or(Some(KvEngine::V2), |node| engine(node, problems));
    fields.finish(problems);
    let node = path?;
    let path = node.parsed("path", MountPath::parse, problems)?;
    if VAULTS_OWN.contains(&path.as_str().split('/').next().unwrap_or_default()) {
        problems.push(
            Diagnostic::error(&node.place, format!("the mount `{path}` is Vault's own"))
                .hint("give the KV engine a path of its own, such as kv"),
        );
        return None;
    }
    Some(KvMount {
        place: node.place.clone(),
        path,
        engine: engine?,
    })
}

const VAULTS_OWN: [&str; 4] = ["auth", "sys", "identity", "cubbyhole"];

fn engine(node: &Node, problems: &mut Diagnostics) -> Option<KvEngine> {
    match node.text("`version`", problems)? {
        "2" => Some(KvEngine::V2),
        "1" => Some(KvEngine::V1),
        other => {
            problems.push(
                Diagnostic::error(&node.place, format!("KV has no version `{other}`"))
                    .hint("write `version: 2` or `version: 1`"),
            );
            None
        }
    }
}
