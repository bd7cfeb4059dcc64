//! keyfleet's own login to each Vault.

use super::field;
use crate::connect::{OwnCredential, VaultAccess, variable};
use crate::declare::vault_address;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::names::MountPath;
use crate::secret::SecretBytes;
use crate::serve::settings::SecretSource;
use crate::yaml::{Fields, Node};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

pub(super) fn read(node: &Node, problems: &mut Diagnostics) -> BTreeMap<String, VaultAccess> {
    let entries = field::entries(node, "vaults", problems).iter();
    entries
        .filter_map(|entry| Some((entry.key.clone(), vault(&entry.value, problems)?)))
        .collect()
}

fn vault(node: &Node, problems: &mut Diagnostics) -> Option<VaultAccess> {
    let mut fields = Fields::of(node, "a Vault", problems)?;
    let said = fields.optional("address");
    let address = said.and_then(|node| vault_address(node, problems));
    let token = fields.optional("token");
    let kubernetes = fields.optional("kubernetes");
    let app_role = fields.optional("appRole");
    fields.finish(problems);
    let credential = match (token, kubernetes, app_role) {
        (Some(node), None, None) => given(node, problems),
        (None, Some(node), None) => service_account(node, problems),
        (None, None, Some(node)) => read_app_role(node, problems),
        _ => {
            let wrong = "a Vault needs one of token, kubernetes and appRole";
            let hint = "say how keyfleet itself logs in, such as `token: {file: PATH}`";
            problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
            None
        }
    };
    // What is meant for one Vault must not go to another that a declaration names.
    let address = match said {
        Some(_) => address,
        None => variable("VAULT_ADDR"),
    };
    if address.is_none() && said.is_none() {
        let wrong = "a Vault needs its address: the login goes there and nowhere else";
        let hint = "add `address: https://…`, the one of fleet.yaml, or set VAULT_ADDR";
        problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
    }
    Some(VaultAccess {
        address: address?,
        credential: Arc::new(credential?),
    })
}

fn given(node: &Node, problems: &mut Diagnostics) -> Option<OwnCredential> {
    match field::secret(node, "token", problems)? {
        SecretSource::File(path) => Some(OwnCredential::TokenFile(path)),
        SecretSource::Environment(name) => {
            let token = variable(&name);
            if token.is_none() {
                let wrong = format!("the variable {name} is not set");
                let hint = "set it, or name a file";
                problems.push(Diagnostic::error(&node.place, wrong).hint(hint));
            }
            Some(OwnCredential::Token(SecretBytes::from(token?)))
        }
    }
}

/// Where Kubernetes puts the token of a pod's own service account.
const OWN_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

fn service_account(node: &Node, problems: &mut Diagnostics) -> Option<OwnCredential> {
    let mut fields = Fields::of(node, "kubernetes", problems)?;
    let mount = mount(&mut fields, "kubernetes", problems);
    let role = required(&mut fields, "role", problems);
    let token_file = field::path(&mut fields, "tokenFile", problems);
    fields.finish(problems);
    Some(OwnCredential::ServiceAccount {
        mount: mount?,
        role: role?,
        token_file: token_file.unwrap_or_else(|| PathBuf::from(OWN_TOKEN)),
    })
}

fn read_app_role(node: &Node, problems: &mut Diagnostics) -> Option<OwnCredential> {
    let mut fields = Fields::of(node, "appRole", problems)?;
    let mount = mount(&mut fields, "approle", problems);
    let role_id = required(&mut fields, "roleId", problems);
    let secret_id = required(&mut fields, "secretIdFile", problems);
    fields.finish(problems);
    Some(OwnCredential::AppRole {
        mount: mount?,
        role_id: role_id?,
        secret_id_file: PathBuf::from(secret_id?),
    })
}

fn required(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Diagnostics,
) -> Option<String> {
    let node = fields.required(key, problems)?;
    Some(node.text(&format!("`{key}`"), problems)?.to_owned())
}

fn mount(
    fields: &mut Fields<'_>,
    usual: &'static str,
    problems: &mut Diagnostics,
) -> Option<MountPath> {
    if fields.optional("mount").is_some() {
        return fields.parsed("mount", MountPath::parse, problems);
    }
    MountPath::parse(usual).ok()
}
