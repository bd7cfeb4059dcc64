//! What a mount is told beyond its kind: limits of time, and who may see what of it.

use crate::sandbox::vault::Flavour;
use crate::sandbox::vault::call::{Answer, Call, Operation, Refusal};
use crate::sandbox::vault::mounts::{SYSTEM_TTL, default_ttl, max_ttl};
use crate::sandbox::vault::state::{Mount, Namespace};
use crate::sandbox::vault::{fields, kv_version};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

const LISTS: [&str; 4] = [
    "audit_non_hmac_request_keys",
    "audit_non_hmac_response_keys",
    "passthrough_request_headers",
    "allowed_response_headers",
];
const TEXTS: [&str; 2] = ["listing_visibility", "token_type"];

/// The `config` of a mount that is made.
#[derive(Debug, Default)]
pub(super) struct Config {
    default_ttl: Option<u64>,
    max_ttl: Option<u64>,
    force_no_cache: bool,
    tuned: Map<String, Value>,
}

pub(super) fn config(call: &Call) -> Result<Config, Refusal> {
    let Some(Value::Object(given)) = call.body.get("config") else {
        return Ok(Config::default());
    };
    let time = |field: &str, what: &str| match given.get(field) {
        Some(value) => lease(value, what).map(Some),
        None => Ok(None),
    };
    let default = time("default_lease_ttl", "default")?;
    let max = time("max_lease_ttl", "max")?;
    if let (Some(default), Some(max)) = (default, max)
        && max > 0
        && default > max
    {
        let error = "given default lease TTL greater than given max lease TTL";
        return Err(Refusal::invalid(error));
    }
    if default.is_some_and(|default| default > SYSTEM_TTL) && max.unwrap_or(0) == 0 {
        let error =
            format!("given default lease TTL greater than system max lease TTL of {SYSTEM_TTL}");
        return Err(Refusal::invalid(error));
    }
    let flag = given.get("force_no_cache").and_then(fields::flag);
    Ok(Config {
        default_ttl: default,
        max_ttl: max,
        force_no_cache: flag == Some(true),
        tuned: kept(given),
    })
}

fn lease(value: &Value, what: &str) -> Result<u64, Refusal> {
    let shown = fields::text(value).unwrap_or_default();
    let seconds = fields::seconds(value).map_err(|error| {
        Refusal::invalid(format!("unable to parse {what} TTL of {shown}: {error}"))
    })?;
    Ok(u64::try_from(seconds).unwrap_or(0))
}

/// What is kept as it is given.
fn kept(given: &Map<String, Value>) -> Map<String, Value> {
    let mut kept = Map::new();
    for name in LISTS {
        if let Some(value) = given.get(name) {
            let list = fields::list(value);
            if !list.is_empty() {
                kept.insert(name.to_owned(), list.into());
            }
        }
    }
    for name in TEXTS {
        if let Some(text) = given.get(name).and_then(Value::as_str)
            && !text.is_empty()
        {
            kept.insert(name.to_owned(), text.into());
        }
    }
    kept
}

impl Config {
    pub(super) fn apply(self, mount: &mut Mount, table: &str) {
        mount.default_lease_ttl = self.default_ttl.unwrap_or(0);
        mount.max_lease_ttl = self.max_ttl.unwrap_or(0);
        mount.force_no_cache = self.force_no_cache;
        mount.tuned = self.tuned;
        if table == "auth/" {
            let kind = mount.tuned.entry("token_type");
            kind.or_insert_with(|| "default-service".into());
        }
    }
}

pub(super) fn handle(
    home: &mut Namespace,
    call: &Call,
    path: &str,
    flavour: Flavour,
) -> Result<Answer, Refusal> {
    match call.operation {
        Operation::Read => read(home, path),
        Operation::Update => write(home, call, path, flavour),
        _ => Err(Refusal::unsupported_operation()),
    }
}

fn read(home: &Namespace, path: &str) -> Result<Answer, Refusal> {
    let Some(mount) = home.mounts.get(path) else {
        let error = format!("cannot fetch sysview for path {path:?}");
        return Err(Refusal::invalid(error));
    };
    let mut shown = json!({
        "default_lease_ttl": default_ttl(mount.default_lease_ttl),
        "max_lease_ttl": max_ttl(mount.max_lease_ttl),
        "description": mount.description,
        "force_no_cache": mount.force_no_cache,
    });
    if let Value::Object(shown) = &mut shown {
        shown.extend(mount.tuned.clone());
        if let Some(options) = mount.options.clone().filter(|options| !options.is_empty()) {
            shown.insert("options".to_owned(), options.into());
        }
    }
    Ok(Answer::data(shown))
}

fn write(
    home: &mut Namespace,
    call: &Call,
    path: &str,
    flavour: Flavour,
) -> Result<Answer, Refusal> {
    let Some(mount) = home.mounts.get_mut(path) else {
        let error = format!("tune of path {path:?} failed: no mount entry found");
        return Err(Refusal::invalid(error));
    };
    if let Some(value) = call.body.get("default_lease_ttl") {
        mount.default_lease_ttl = lease(value, "default")?;
    }
    if let Some(value) = call.body.get("max_lease_ttl") {
        mount.max_lease_ttl = lease(value, "max")?;
    }
    if let Some(text) = call.text("description") {
        text.clone_into(&mut mount.description);
    }
    for name in LISTS.iter().chain(&TEXTS) {
        if call.body.contains_key(*name) {
            mount.tuned.remove(*name);
        }
    }
    mount.tuned.extend(kept(&call.body));
    let Some(Value::Object(options)) = call.body.get("options") else {
        return Ok(Answer::Empty);
    };
    kv_version::tune(mount, options, flavour, Timestamp::now())
}
