//! The config of a mount: where the keys are. What is not sent is gone.

use super::super::Flavour;
use super::super::backend::{Question, ReviewFailure};
use super::super::call::Refusal;
use super::super::claims;
use super::super::form::{Form, Kind};
use super::super::keys::{self, Method};
use super::super::review::{self, Client};
use crate::sandbox::jwt::PublicKey;
use serde_json::{Map, Value, json};

#[derive(Debug)]
pub(super) struct Config {
    pub default_role: String,
    pub bound_issuer: String,
    pub algorithms: Vec<String>,
    pub source: Source,
    /// Everything as it was sent, for who reads it back; the client's secret is not among it.
    shown: Map<String, Value>,
    namespace_in_state: bool,
    /// Why the keys could not be had when it was written.
    failure: Option<String>,
}

#[derive(Debug)]
pub(super) enum Source {
    Keys(Vec<PublicKey>),
    /// Keys at this URL.
    Set(String, Client),
    /// A document at this URL names the URL of the keys; its issuer must be this.
    Discovery(String, Client),
}

const TEXTS: [&str; 8] = [
    "bound_issuer",
    "default_role",
    "jwks_ca_pem",
    "jwks_url",
    "oidc_client_id",
    "oidc_discovery_ca_pem",
    "oidc_discovery_url",
    "oidc_response_mode",
];
const LISTS: [&str; 3] = [
    "jwt_supported_algs",
    "jwt_validation_pubkeys",
    "oidc_response_types",
];

pub(super) fn schema(flavour: Flavour) -> Vec<(&'static str, Kind)> {
    let mut schema: Vec<(&'static str, Kind)> =
        TEXTS.into_iter().map(|name| (name, Kind::Text)).collect();
    schema.retain(|(name, _)| *name != "default_role");
    schema.extend(LISTS.map(|name| (name, Kind::List)));
    schema.extend([
        ("default_role", Kind::LowerText),
        ("namespace_in_state", Kind::Flag),
        ("oidc_client_secret", Kind::Text),
        ("provider_config", Kind::Map),
    ]);
    match flavour {
        Flavour::OpenBao => schema.extend([
            ("override_allowed_server_names", Kind::List),
            ("skip_jwks_validation", Kind::Flag),
        ]),
        Flavour::HashiCorp => schema.push(("jwks_pairs", Kind::Items)),
    }
    schema
}

impl Config {
    /// What can be said without asking anybody.
    pub(super) fn new(
        form: &Form,
        before: Option<&Self>,
        flavour: Flavour,
    ) -> Result<Self, Refusal> {
        let text = |name: &str| form.text_or_empty(name);
        let named = form.list("jwt_validation_pubkeys").unwrap_or_default();
        let (set, discovery) = (text("jwks_url"), text("oidc_discovery_url"));
        let ways = [!named.is_empty(), !set.is_empty(), !discovery.is_empty()];
        let pairs = !form.items("jwks_pairs").is_empty();
        if ways.iter().filter(|way| **way).count() + usize::from(pairs) != 1 {
            return Err(Refusal::invalid(not_one(flavour)));
        }
        let client_id = text("oidc_client_id");
        if client_id.is_empty() != text("oidc_client_secret").is_empty() {
            let error = "both 'oidc_client_id' and 'oidc_client_secret' must be set for OIDC";
            return Err(Refusal::invalid(error));
        }
        if discovery.is_empty() && !client_id.is_empty() {
            return Err(Refusal::invalid(
                "'oidc_discovery_url' must be set for OIDC",
            ));
        }
        if flavour == Flavour::OpenBao && discovery.contains(".well-known/openid-configuration") {
            let error = "'oidc_discovery_url' contains '.well-known' component";
            return Err(Refusal::invalid(error));
        }
        let source = if !discovery.is_empty() {
            Source::Discovery(discovery, client(&text("oidc_discovery_ca_pem")))
        } else if !set.is_empty() {
            Source::Set(set, client(&text("jwks_ca_pem")))
        } else if pairs {
            return Err(Refusal::invalid(
                "jwks_pairs are not supported by this sandbox",
            ));
        } else {
            Source::Keys(static_keys(&named, flavour)?)
        };
        Ok(Self {
            default_role: text("default_role"),
            bound_issuer: text("bound_issuer"),
            algorithms: form.list("jwt_supported_algs").unwrap_or_default(),
            source,
            shown: shown(form, flavour),
            namespace_in_state: form
                .flag("namespace_in_state")
                .unwrap_or_else(|| before.is_none_or(|before| before.namespace_in_state)),
            failure: None,
        })
    }

    /// What must be asked before it is stored, if anything; or why it cannot be asked.
    pub(super) fn question(&self) -> Result<Option<Question>, String> {
        match &self.source {
            Source::Keys(_) => Ok(None),
            Source::Set(_, Err(_)) => Err("error checking jwks_ca_pem".to_owned()),
            Source::Discovery(_, Err(_)) => {
                Err("could not parse CA PEM value successfully".to_owned())
            }
            _ => Ok(self.keys_question()),
        }
    }

    pub(super) fn keys_question(&self) -> Option<Question> {
        let (client, url, follow) = match &self.source {
            Source::Keys(_) => return None,
            Source::Set(url, client) => (client, url.clone(), None),
            Source::Discovery(issuer, client) => {
                let issuer = issuer.trim_end_matches('/');
                let url = format!("{issuer}/.well-known/openid-configuration");
                (client, url, Some("jwks_uri"))
            }
        };
        Some(Question {
            client: client.clone(),
            url,
            bearer: None,
            body: None,
            follow,
        })
    }

    /// The keys in an answer, or what is wrong with it.
    pub(super) fn keys(
        &self,
        answer: Result<Value, ReviewFailure>,
    ) -> Result<Vec<PublicKey>, String> {
        let answer = answer.map_err(|failure| match (failure, &self.source) {
            (ReviewFailure::Status(status, body), Source::Set(..)) => {
                format!("oidc: get keys failed: {status} {body}")
            }
            (ReviewFailure::Status(status, body), _) => format!("{status}: {body}"),
            (ReviewFailure::Unreachable(why), _) => why,
        })?;
        let set = match &self.source {
            Source::Discovery(issuer, _) => {
                let found = answer["first"]["issuer"].as_str().unwrap_or_default();
                if found != issuer {
                    return Err(format!(
                        "issuer did not match the returned issuer, expected {issuer:?} got {found:?}"
                    ));
                }
                answer["second"].clone()
            }
            _ => answer,
        };
        PublicKey::from_jwks(&set).map_err(|why| {
            format!(
                "oidc: failed to decode keys: got Content-Type = application/json, but could not unmarshal as JSON: {why} {set}"
            )
        })
    }

    /// What the check of a new config came to. With discovery, the keys themselves are not looked at yet.
    pub(super) fn checked(&self, answer: Result<Value, ReviewFailure>) -> Result<(), String> {
        match (&self.source, self.keys(answer)) {
            (Source::Discovery(..), Err(why)) if why.starts_with("issuer") => Err(why),
            (_, keys) => keys.map(|_| ()),
        }
    }

    /// The rest of what is checked before it is stored.
    pub(super) fn settle(
        &mut self,
        form: &Form,
        checked: Result<(), String>,
        flavour: Flavour,
    ) -> Result<Vec<String>, Refusal> {
        let mut warnings = Vec::new();
        if let Err(why) = checked {
            if why == "error checking jwks_ca_pem" {
                return Err(Refusal::invalid(why));
            }
            let (error, warning) = self.unchecked(&why, flavour);
            if form.flag("skip_jwks_validation") != Some(true) {
                return Err(Refusal::invalid(error));
            }
            warnings.push(warning.to_owned());
            self.failure = Some(why);
        }
        let unknown = self
            .algorithms
            .iter()
            .find(|name| !claims::ALGORITHMS.contains(&name.as_str()));
        if let Some(name) = unknown {
            return Err(Refusal::invalid(format!(
                "invalid jwt_supported_algs: unsupported signing algorithm {name:?}"
            )));
        }
        check_oidc(form)?;
        check_provider(form)?;
        Ok(warnings)
    }

    fn unchecked(&self, why: &str, flavour: Flavour) -> (String, &'static str) {
        let discovery = "error checking oidc discovery URL";
        match (&self.source, flavour) {
            (Source::Set(url, _), Flavour::HashiCorp) => {
                (format!("error checking jwks URL {url}"), "")
            }
            (Source::Set(..), Flavour::OpenBao) => {
                let warning = "error checking jwks URL";
                (warning.to_owned(), warning)
            }
            (_, Flavour::HashiCorp) => (discovery.to_owned(), ""),
            (_, Flavour::OpenBao) => (format!("{discovery}: {why}"), discovery),
        }
    }

    pub(super) fn shown(&self, flavour: Flavour) -> Value {
        let mut shown = self.shown.clone();
        let state = self.namespace_in_state.into();
        shown.insert("namespace_in_state".to_owned(), state);
        if flavour == Flavour::OpenBao {
            let invalid = self.is_known_invalid();
            let status = if invalid { "invalid" } else { "valid" };
            shown.insert("status".to_owned(), status.into());
        }
        shown.into()
    }

    /// A set of keys is only fetched when it is needed; a discovery document, at once.
    fn is_known_invalid(&self) -> bool {
        self.failure.is_some() && matches!(self.source, Source::Discovery(..))
    }

    pub(super) fn warning(&self, flavour: Flavour) -> Option<String> {
        let failure = self.failure.as_ref()?;
        let tells = flavour == Flavour::OpenBao && self.is_known_invalid();
        tells.then(|| {
            format!("failed to construct JWK validator: keyset configuration error: {failure}")
        })
    }
}

fn client(ca_pem: &str) -> Client {
    if !ca_pem.is_empty() && !ca_pem.contains("-----BEGIN CERTIFICATE-----") {
        return Err("could not parse CA PEM value successfully".to_owned());
    }
    review::client(ca_pem)
}

fn static_keys(named: &[String], flavour: Flavour) -> Result<Vec<PublicKey>, Refusal> {
    let keys = named
        .iter()
        .map(|pem| keys::parse(pem, Method::Jwt, flavour));
    keys.collect::<Result<_, _>>()
        .map_err(|why| Refusal::invalid(format!("error parsing public key: {why}")))
}

fn not_one(flavour: Flavour) -> &'static str {
    match flavour {
        Flavour::OpenBao => {
            "exactly one of 'jwt_validation_pubkeys', 'jwks_url', 'jwks_pairs', 'oidc_discovery_url', or 'provider_config' must be set"
        }
        Flavour::HashiCorp => {
            "exactly one of 'jwt_validation_pubkeys', 'jwks_url', 'jwks_pairs' or 'oidc_discovery_url' must be set"
        }
    }
}

fn shown(form: &Form, flavour: Flavour) -> Map<String, Value> {
    let mut shown = Map::new();
    for name in TEXTS {
        shown.insert(name.to_owned(), form.text_or_empty(name).into());
    }
    for name in LISTS {
        let list = form.list(name).unwrap_or_default();
        shown.insert(name.to_owned(), json!(list));
    }
    let provider = form
        .map("provider_config")
        .flatten()
        .cloned()
        .unwrap_or_default();
    shown.insert("provider_config".to_owned(), provider.into());
    let (name, list) = match flavour {
        Flavour::OpenBao => {
            let name = "override_allowed_server_names";
            (name, json!(form.list(name).unwrap_or_default()))
        }
        Flavour::HashiCorp => ("jwks_pairs", json!([])),
    };
    shown.insert(name.to_owned(), list);
    shown
}

fn check_oidc(form: &Form) -> Result<(), Refusal> {
    let types = form.list("oidc_response_types").unwrap_or_default();
    let known = ["code", "id_token"];
    if types.iter().any(|kind| !known.contains(&kind.as_str())) {
        return Err(Refusal::invalid(format!(
            "invalid response_types [{}]. 'code' and 'id_token' are allowed",
            types.join(" ")
        )));
    }
    let mode = form.text_or_empty("oidc_response_mode");
    match mode.as_str() {
        "form_post" => Ok(()),
        "" | "query" if types.iter().any(|kind| kind == "id_token") => Err(Refusal::invalid(
            "query response_mode may not be used with an id_token response_type",
        )),
        "" | "query" => Ok(()),
        _ => Err(Refusal::invalid(format!("invalid response_mode: {mode:?}"))),
    }
}

const PROVIDERS: [&str; 4] = ["azure", "gsuite", "ibmisam", "secureauth"];

fn check_provider(form: &Form) -> Result<(), Refusal> {
    let provider = form
        .map("provider_config")
        .flatten()
        .cloned()
        .unwrap_or_default();
    if provider.is_empty() {
        return Ok(());
    }
    let why = match provider.get("provider") {
        None => "'provider' field not found in provider_config".to_owned(),
        Some(Value::String(name)) if PROVIDERS.contains(&name.as_str()) => return Ok(()),
        Some(name) => {
            let name = name.as_str().unwrap_or_default();
            format!("provider {name:?} not found in custom providers")
        }
    };
    Err(Refusal::invalid(format!("invalid provider_config: {why}")))
}
