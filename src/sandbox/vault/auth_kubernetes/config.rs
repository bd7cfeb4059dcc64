//! The config of a mount: what is not sent is gone, also the reviewer's token, which nobody gets to see again.

use super::super::Flavour;
use super::super::call::Refusal;
use super::super::form::{Form, Kind};
use super::super::keys::{self, Method};
use super::super::review::{self, Client};
use crate::sandbox::jwt::PublicKey;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct Config {
    pub host: String,
    ca_pem: String,
    reviewer: SecretString,
    pub issuer: String,
    pub disable_iss_validation: bool,
    disable_local_ca_jwt: bool,
    use_annotations: bool,
    pem_keys: Vec<String>,
    pub public_keys: Vec<PublicKey>,
    /// Kept as long as the CA is the same, and its connections with it.
    pub client: Client,
}

/// Where a Vault in a pod finds the CA of its cluster.
const LOCAL_CA: &str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

pub(super) fn schema(flavour: Flavour) -> Vec<(&'static str, Kind)> {
    let mut schema = vec![
        ("disable_iss_validation", Kind::Flag),
        ("disable_local_ca_jwt", Kind::Flag),
        ("issuer", Kind::Text),
        ("kubernetes_ca_cert", Kind::Text),
        ("kubernetes_host", Kind::Text),
        ("pem_keys", Kind::List),
        ("token_reviewer_jwt", Kind::Text),
    ];
    if flavour == Flavour::HashiCorp {
        schema.push(("use_annotations_as_alias_metadata", Kind::Flag));
    }
    schema
}

impl Config {
    pub(super) fn new(
        form: &Form,
        before: Option<&Self>,
        flavour: Flavour,
    ) -> Result<Self, Refusal> {
        let host = form.text_or_empty("kubernetes_host");
        if host.is_empty() {
            return Err(Refusal::invalid("no host provided"));
        }
        let ca_pem = form.text_or_empty("kubernetes_ca_cert");
        let disable_local_ca_jwt = form.flag("disable_local_ca_jwt").unwrap_or_default();
        if disable_local_ca_jwt && ca_pem.is_empty() {
            let error = "kubernetes_ca_cert must be given when disable_local_ca_jwt is true";
            return Err(Refusal::invalid(error));
        }
        let pem_keys = form.list("pem_keys").unwrap_or_default();
        let parse = |pem: &String| keys::parse(pem, Method::Kubernetes, flavour);
        let public_keys = pem_keys.iter().map(parse);
        let public_keys = public_keys
            .collect::<Result<Vec<_>, _>>()
            .map_err(Refusal::invalid)?;
        if ca_pem.is_empty() {
            let error = format!("open {LOCAL_CA}: no such file or directory");
            return Err(Refusal::invalid(error));
        }
        let same = before.filter(|before| before.ca_pem == ca_pem);
        let client = same.map_or_else(|| review::client(&ca_pem), |before| before.client.clone());
        Ok(Self {
            host,
            ca_pem,
            reviewer: form.text_or_empty("token_reviewer_jwt").into(),
            issuer: form.text_or_empty("issuer"),
            disable_iss_validation: form.flag("disable_iss_validation").unwrap_or(true),
            disable_local_ca_jwt,
            use_annotations: form
                .flag("use_annotations_as_alias_metadata")
                .unwrap_or_default(),
            pem_keys,
            public_keys,
            client,
        })
    }

    /// Whose token asks the cluster; none is the one that logs in.
    pub(super) fn reviewer(&self) -> Option<SecretString> {
        let set = !self.reviewer.expose_secret().is_empty();
        set.then(|| self.reviewer.clone())
    }

    pub(super) fn shown(&self, flavour: Flavour) -> Value {
        let mut shown = json!({
            "disable_iss_validation": self.disable_iss_validation,
            "disable_local_ca_jwt": self.disable_local_ca_jwt,
            "issuer": self.issuer,
            "kubernetes_ca_cert": self.ca_pem,
            "kubernetes_host": self.host,
            "pem_keys": self.pem_keys,
            "token_reviewer_jwt_set": self.reviewer().is_some(),
        });
        if flavour == Flavour::HashiCorp {
            shown["use_annotations_as_alias_metadata"] = self.use_annotations.into();
        }
        shown
    }
}
