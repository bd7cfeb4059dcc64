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
const VISIBILITIES: [&str; 3] = ["", "hidden", "unauth"];
const TOKEN_TYPES: [&str; 4] = ["service", "batch", "default-service", "default-batch"];

/// The `config` of a mount that is made.
#[derive(Debug, Default)]
pub(super) struct Config {
    default_ttl: u64,
    max_ttl: u64,
    force_no_cache: bool,
    tuned: Map<String, Value>,
}

pub(super) fn config(call: &Call, table: &str) -> Result<Config, Refusal> {
    let Some(Value::Object(given)) = call.body.get("config") else {
        return Ok(Config::default());
    };
    let time = |field: &str, what: &str| match given.get(field) {
        Some(value) => {
            let shown = fields::text(value).unwrap_or_default();
            let wrong =
                |why| Refusal::invalid(format!("unable to parse {what} TTL of {shown}: {why}"));
            lease(value).map_err(wrong)
        }
        None => Ok(0),
    };
    let (default, max) = (
        time("default_lease_ttl", "default")?,
        time("max_lease_ttl", "max")?,
    );
    if max > 0 && default > max {
        let error = "given default lease TTL greater than given max lease TTL";
        return Err(Refusal::invalid(error));
    }
    if max == 0 && default > SYSTEM_TTL {
        let error =
            format!("given default lease TTL greater than system max lease TTL of {SYSTEM_TTL}");
        return Err(Refusal::invalid(error));
    }
    let mut tuned = Map::new();
    keep(given, &mut tuned, table)?;
    Ok(Config {
        default_ttl: default,
        max_ttl: max,
        force_no_cache: given.get("force_no_cache").and_then(fields::flag) == Some(true),
        tuned,
    })
}

/// `system` is what the server grants where nothing is said.
fn lease(value: &Value) -> Result<u64, String> {
    if value.as_str() == Some("system") {
        return Ok(0);
    }
    fields::seconds(value).map(|seconds| u64::try_from(seconds).unwrap_or(0))
}

/// Keeps what is given besides times; an empty one is taken away.
fn keep(
    given: &Map<String, Value>,
    tuned: &mut Map<String, Value>,
    table: &str,
) -> Result<(), Refusal> {
    if let Some(visibility) = given.get("listing_visibility").and_then(Value::as_str) {
        if !VISIBILITIES.contains(&visibility) {
            return Err(Refusal::invalid(format!(
                "invalid listing_visibility {visibility}"
            )));
        }
        match visibility {
            "" => drop(tuned.remove("listing_visibility")),
            shown => drop(tuned.insert("listing_visibility".to_owned(), shown.into())),
        }
    }
    if let Some(kind) = given.get("token_type").and_then(Value::as_str)
        && table == "auth/"
    {
        let kind = if kind.is_empty() {
            "default-service"
        } else {
            kind
        };
        if !TOKEN_TYPES.contains(&kind) {
            return Err(Refusal::invalid("invalid value for 'token_type'"));
        }
        tuned.insert("token_type".to_owned(), kind.into());
    }
    for name in LISTS {
        if let Some(value) = given.get(name) {
            let list = fields::list(value);
            if list.is_empty() {
                tuned.remove(name);
            } else {
                tuned.insert(name.to_owned(), list.into());
            }
        }
    }
    Ok(())
}

impl Config {
    pub(super) fn apply(self, mount: &mut Mount, table: &str) {
        mount.default_lease_ttl = self.default_ttl;
        mount.max_lease_ttl = self.max_ttl;
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
    table: &str,
    path: &str,
    flavour: Flavour,
) -> Result<Answer, Refusal> {
    let full = format!("{table}{path}");
    // `sys/mounts/auth/NAME/tune`, as command lines ask for it, is about an auth method as well.
    let table = if full.starts_with("auth/") {
        "auth/"
    } else {
        table
    };
    match call.operation {
        Operation::Read => read(home, &full),
        Operation::Update => write(home, call, table, &full, flavour),
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
    table: &str,
    path: &str,
    flavour: Flavour,
) -> Result<Answer, Refusal> {
    let Some(mount) = home.mounts.get_mut(path) else {
        let error = format!("tune of path {path:?} failed: no mount entry found");
        return Err(Refusal::invalid(error));
    };
    let kind = mount.kind.trim_start_matches("ns_");
    if matches!(kind, "system" | "cubbyhole" | "identity") && call.body.contains_key("description")
    {
        let error = match flavour {
            Flavour::OpenBao => format!("cannot tune parameter description of {path}"),
            Flavour::HashiCorp => format!("cannot tune {path:?}"),
        };
        return Err(Refusal::invalid(error));
    }
    if call.body.contains_key("token_type") {
        if table.is_empty() {
            let error = "'token_type' can only be modified on auth mounts";
            return Err(Refusal::invalid(error));
        }
        if kind == "token" {
            let error = "'token_type' cannot be set for 'token' or 'ns_token' auth mounts";
            return Err(Refusal::invalid(error));
        }
    }
    let (default, max) = times(mount, call)?;
    let mut tuned = mount.tuned.clone();
    keep(&call.body, &mut tuned, table)?;
    let answer = match call.body.get("options") {
        Some(Value::Object(given)) => kv_version::tune(mount, given, flavour, Timestamp::now())?,
        _ => Answer::Empty,
    };
    mount.default_lease_ttl = default;
    mount.max_lease_ttl = max;
    mount.tuned = tuned;
    if let Some(text) = call.text("description") {
        text.clone_into(&mut mount.description);
    }
    Ok(answer)
}

fn times(mount: &Mount, call: &Call) -> Result<(u64, u64), Refusal> {
    let given = |name: &str, known: u64| match call.body.get(name) {
        Some(Value::String(text)) if text.is_empty() => Ok(known),
        Some(value) => lease(value).map_err(Refusal::invalid),
        None => Ok(known),
    };
    let default = given("default_lease_ttl", mount.default_lease_ttl)?;
    let max = given("max_lease_ttl", mount.max_lease_ttl)?;
    if max > 0 && default > max {
        let error = format!(
            "backend max lease TTL of {max} would be less than backend default lease TTL of {default}"
        );
        return Err(Refusal::invalid(error));
    }
    Ok((default, max))
}
