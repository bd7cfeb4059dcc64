//! What a mount is told beyond its kind: limits of time, and who may see what of it.

use super::plugin::Version;
use crate::sandbox::vault::Flavour;
use crate::sandbox::vault::call::{Answer, Call, Operation, Refusal};
use crate::sandbox::vault::form::{Form, Kind};
use crate::sandbox::vault::mounts::{SYSTEM_TTL, lease_ttl};
use crate::sandbox::vault::state::{Mount, Namespace};
use crate::sandbox::vault::{fields, kv_version};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

const SCHEMA: [(&str, Kind); 12] = [
    ("allowed_response_headers", Kind::List),
    ("audit_non_hmac_request_keys", Kind::List),
    ("audit_non_hmac_response_keys", Kind::List),
    ("default_lease_ttl", Kind::Text),
    ("description", Kind::Text),
    ("listing_visibility", Kind::Text),
    ("max_lease_ttl", Kind::Text),
    ("options", Kind::Pairs),
    ("passthrough_request_headers", Kind::List),
    ("plugin_version", Kind::Text),
    ("token_type", Kind::Text),
    ("user_lockout_config", Kind::Map),
];
const LISTS: [&str; 4] = [
    "audit_non_hmac_request_keys",
    "audit_non_hmac_response_keys",
    "passthrough_request_headers",
    "allowed_response_headers",
];
const TEXTS: [&str; 6] = [
    "default_lease_ttl",
    "listing_visibility",
    "max_lease_ttl",
    "plugin_name",
    "plugin_version",
    "token_type",
];
const VISIBILITIES: [&str; 3] = ["", "hidden", "unauth"];
const TOKEN_TYPES: [&str; 4] = ["service", "batch", "default-service", "default-batch"];

/// The `config` of a mount that is made.
#[derive(Debug, Default)]
pub(super) struct Config {
    default_ttl: i64,
    max_ttl: i64,
    force_no_cache: bool,
    tuned: Map<String, Value>,
    pub version: Version,
}

pub(super) fn config(
    form: &Form,
    table: &str,
    kind: &str,
    flavour: Flavour,
) -> Result<Config, Refusal> {
    let Some(given) = form.map("config").flatten() else {
        return Ok(Config::default());
    };
    if !is_convertible(given) {
        let what = if table.is_empty() { "mount" } else { "auth" };
        let error = format!("unable to convert given {what} config information");
        return Err(Refusal::invalid(error));
    }
    let (default, max) = first_times(given)?;
    let version = || match text(given, "plugin_version").as_deref() {
        None | Some("") => Ok(Version::default()),
        Some(asked) => {
            let version = Version::of(asked, table, kind, flavour)?;
            version.check_built_in(table, kind)?;
            Ok(version)
        }
    };
    // Engines are asked for their version before the rest is read, auth methods after it.
    let of_engine = if table.is_empty() {
        Some(version()?)
    } else {
        None
    };
    let mut tuned = Map::new();
    let lists = LISTS.iter().filter_map(|name| {
        let value = given.get(*name).filter(|value| !value.is_null())?;
        Some((*name, fields::list(value)))
    });
    keep(
        &Kept {
            visibility: text(given, "listing_visibility"),
            token_type: text(given, "token_type"),
            lists: lists.collect(),
        },
        &mut tuned,
        table,
    )?;
    Ok(Config {
        default_ttl: default,
        max_ttl: max,
        force_no_cache: given.get("force_no_cache") == Some(&Value::Bool(true)),
        tuned,
        version: of_engine.map_or_else(version, Ok)?,
    })
}

/// Inside of `config`, nothing is taken for what it is not; a number is a text there.
fn is_convertible(given: &Map<String, Value>) -> bool {
    let is_text = |value: &Value| value.is_null() || value.is_string() || value.is_number();
    given.iter().all(|(name, value)| match name.as_str() {
        name if TEXTS.contains(&name) => is_text(value),
        name if LISTS.contains(&name) => match value {
            Value::Array(items) => items.iter().all(is_text),
            value => value.is_null() || value.is_string(),
        },
        "force_no_cache" => value.is_null() || value.is_boolean(),
        "user_lockout_config" => value.is_null() || value.is_object(),
        _ => true,
    })
}

fn text(given: &Map<String, Value>, name: &str) -> Option<String> {
    given.get(name).and_then(fields::text)
}

/// The default and the longest time of a mount that is made.
fn first_times(given: &Map<String, Value>) -> Result<(i64, i64), Refusal> {
    let time = |field: &str, what: &str| {
        let Some(shown) = text(given, field) else {
            return Ok(0);
        };
        let wrong = |why| Refusal::invalid(format!("unable to parse {what} TTL of {shown}: {why}"));
        lease(&shown).map_err(wrong)
    };
    let default = time("default_lease_ttl", "default")?;
    let max = time("max_lease_ttl", "max")?;
    if max != 0 && default > max {
        let error = "given default lease TTL greater than given max lease TTL";
        return Err(Refusal::invalid(error));
    }
    if max == 0 && default > SYSTEM_TTL.cast_signed() {
        let error =
            format!("given default lease TTL greater than system max lease TTL of {SYSTEM_TTL}");
        return Err(Refusal::invalid(error));
    }
    Ok((default, max))
}

/// `system` is what the server grants where nothing is said.
fn lease(text: &str) -> Result<i64, String> {
    match text {
        "system" => Ok(0),
        text => fields::seconds(&text.into()),
    }
}

/// What is kept besides times, as far as it is given.
struct Kept {
    visibility: Option<String>,
    token_type: Option<String>,
    lists: Vec<(&'static str, Vec<String>)>,
}

/// An empty one is taken away.
fn keep(given: &Kept, tuned: &mut Map<String, Value>, table: &str) -> Result<(), Refusal> {
    if let Some(visibility) = given.visibility.as_deref() {
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
    if let Some(kind) = given.token_type.as_deref()
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
    for (name, list) in &given.lists {
        if list.is_empty() {
            tuned.remove(*name);
        } else {
            tuned.insert((*name).to_owned(), list.clone().into());
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
    let form = || Form::read(call, &SCHEMA, Some("path"), false, flavour);
    let (form, answer) = match call.operation {
        Operation::Read => (form()?, read(home, &full)?),
        Operation::Update => {
            let form = form()?;
            let answer = write(home, &form, table, &full, flavour)?;
            (form, answer)
        }
        _ => return Err(Refusal::unsupported_operation()),
    };
    Ok(form.warn(answer))
}

fn read(home: &Namespace, path: &str) -> Result<Answer, Refusal> {
    let Some(mount) = home.mounts.get(path) else {
        let error = format!("cannot fetch sysview for path {path:?}");
        return Err(Refusal::invalid(error));
    };
    let mut shown = json!({
        "default_lease_ttl": lease_ttl(mount.default_lease_ttl),
        "max_lease_ttl": lease_ttl(mount.max_lease_ttl),
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
    form: &Form,
    table: &str,
    path: &str,
    flavour: Flavour,
) -> Result<Answer, Refusal> {
    let Some(mount) = home.mounts.get_mut(path) else {
        let error = format!("tune of path {path:?} failed: no mount entry found");
        return Err(Refusal::invalid(error));
    };
    check_kind(mount, form, table, path, flavour)?;
    let (default, max) = times(mount, form)?;
    if let Some(asked) = form.text("plugin_version") {
        let kind = mount.kind.trim_start_matches("ns_");
        let checked = Version::of(&asked, table, kind, flavour);
        let checked = checked.and_then(|version| version.check_catalog(kind));
        if let (Err(_), Flavour::HashiCorp, Some(text)) =
            (&checked, flavour, form.text("description"))
        {
            // What was read before stays.
            mount.description = text;
        }
        checked?;
    }
    let mut tuned = mount.tuned.clone();
    let lists = LISTS
        .iter()
        .filter_map(|name| Some((*name, form.list(name)?)));
    let kept = Kept {
        visibility: form.text("listing_visibility"),
        token_type: form.text("token_type"),
        lists: lists.collect(),
    };
    keep(&kept, &mut tuned, table)?;
    let answer = match form.pairs("options").flatten() {
        Some(given) => kv_version::tune(mount, &given, flavour, Timestamp::now())?,
        None => Answer::Empty,
    };
    mount.default_lease_ttl = default;
    mount.max_lease_ttl = max;
    mount.tuned = tuned;
    if let Some(text) = form.text("description") {
        mount.description = text;
    }
    Ok(answer)
}

/// What mounts of some kinds cannot be told.
fn check_kind(
    mount: &Mount,
    form: &Form,
    table: &str,
    path: &str,
    flavour: Flavour,
) -> Result<(), Refusal> {
    let kind = mount.kind.trim_start_matches("ns_");
    if matches!(kind, "system" | "cubbyhole" | "identity") {
        let given = ["description", "plugin_version"];
        if let Some(name) = given.iter().find(|name| form.has_any(&[name])) {
            let error = match flavour {
                Flavour::OpenBao => format!("cannot tune parameter {name} of {path}"),
                Flavour::HashiCorp => format!("cannot tune {path:?}"),
            };
            return Err(Refusal::invalid(error));
        }
    }
    if form.has_any(&["token_type"]) {
        if table.is_empty() {
            let error = "'token_type' can only be modified on auth mounts";
            return Err(Refusal::invalid(error));
        }
        if kind == "token" {
            let error = "'token_type' cannot be set for 'token' or 'ns_token' auth mounts";
            return Err(Refusal::invalid(error));
        }
    }
    Ok(())
}

fn times(mount: &Mount, form: &Form) -> Result<(i64, i64), Refusal> {
    let given = |name: &str, known: i64| match form.text(name).as_deref() {
        None | Some("") => Ok(known),
        Some(text) => lease(text).map_err(Refusal::invalid),
    };
    let default = given("default_lease_ttl", mount.default_lease_ttl)?;
    let max = given("max_lease_ttl", mount.max_lease_ttl)?;
    if max != 0 && default != 0 && default > max {
        let error = format!(
            "backend max lease TTL of {max} would be less than backend default lease TTL of {default}"
        );
        return Err(Refusal::invalid(error));
    }
    Ok((default, max))
}
