//! `sys/mounts` and `sys/auth`: what is mounted, and mounting.

use super::tune;
use crate::sandbox::vault::Flavour;
use crate::sandbox::vault::call::{Answer, Call, Operation, Refusal};
use crate::sandbox::vault::form::{Form, Kind};
use crate::sandbox::vault::mounts::{new_mount, shown};
use crate::sandbox::vault::state::{Namespace, State};
use serde_json::{Map, Value};

/// Paths that no engine is mounted over or taken from.
const PROTECTED: [&str; 4] = ["sys/", "cubbyhole/", "identity/", "auth/"];

const SCHEMA: [(&str, Kind); 9] = [
    ("config", Kind::Map),
    ("description", Kind::Text),
    ("external_entropy_access", Kind::Flag),
    ("local", Kind::Flag),
    ("options", Kind::Pairs),
    ("plugin_name", Kind::Text),
    ("plugin_version", Kind::Text),
    ("seal_wrap", Kind::Flag),
    ("type", Kind::Text),
];

/// `table` is empty for engines and `auth/` for auth methods, which stand below it.
pub(super) fn handle(
    state: &mut State,
    call: &Call,
    table: &str,
    rest: Option<&str>,
) -> Result<Answer, Refusal> {
    let flavour = state.flavour;
    let Some(home) = state.namespaces.get_mut(&call.namespace) else {
        return Err(Refusal::denied());
    };
    let Some(rest) = rest.filter(|rest| !rest.is_empty()) else {
        return match (rest, call.operation) {
            (None, Operation::Read) => Ok(Answer::data(all(home, table, flavour))),
            (None, Operation::List | Operation::Scan) => Err(Refusal::unsupported_path()),
            (None, _) => Err(Refusal::unsupported_operation()),
            _ => Err(Refusal::unsupported_path()),
        };
    };
    if let Some(path) = rest.strip_suffix("/tune") {
        let path = format!("{}/", path.trim_end_matches('/'));
        return tune::handle(home, call, table, &path, flavour);
    }
    let path = format!("{}/", rest.trim_end_matches('/'));
    let read = || Form::read(call, &SCHEMA, Some("path"), false, flavour);
    let (form, answer) = match call.operation {
        Operation::Read => (read()?, one(home, table, &path, flavour)?),
        Operation::Update => {
            let form = read()?;
            enable(home, &form, table, &path, flavour)?;
            (form, Answer::Empty)
        }
        Operation::Delete => (read()?, disable(state, call, table, &path)?),
        _ => return Err(Refusal::unsupported_operation()),
    };
    Ok(form.warn(answer))
}

/// Those of one table, by their paths in it.
pub(super) fn of_table<'a>(
    home: &'a Namespace,
    table: &'a str,
) -> impl Iterator<Item = (&'a str, &'a crate::sandbox::vault::state::Mount)> {
    home.mounts.iter().filter_map(move |(path, mount)| {
        let auth = path.strip_prefix("auth/");
        let path = match table {
            "" => auth.is_none().then_some(path.as_str()),
            _ => auth,
        };
        path.map(|path| (path, mount))
    })
}

fn all(home: &Namespace, table: &str, flavour: Flavour) -> Value {
    let mounts = of_table(home, table);
    let shown = mounts.map(|(path, mount)| {
        let entry = shown(&format!("{table}{path}"), mount, flavour);
        (path.to_owned(), entry)
    });
    Value::Object(shown.collect())
}

fn one(home: &Namespace, table: &str, path: &str, flavour: Flavour) -> Result<Answer, Refusal> {
    let full = format!("{table}{path}");
    match home.mounts.get(&full) {
        Some(mount) => Ok(Answer::data(shown(&full, mount, flavour))),
        None => Err(Refusal::invalid(match table {
            "" => format!("No secret engine mount at {path}"),
            _ => format!("No auth engine at {path}"),
        })),
    }
}

fn enable(
    home: &mut Namespace,
    form: &Form,
    table: &str,
    path: &str,
    flavour: Flavour,
) -> Result<(), Refusal> {
    let asked = form.text_or_empty("type");
    if asked.is_empty() {
        let error = "backend type must be specified as a string";
        return Err(Refusal::invalid(error));
    }
    let kind = match (table, asked.as_str()) {
        ("", "kv-v1" | "kv-v2") => "kv",
        (_, kind) => kind,
    };
    let options = options(form, kind, &asked);
    let config = tune::config(form, table, kind, flavour)?;
    may_mount(home, table, path, kind)?;
    let wanted = match table {
        "" => kind.to_owned(),
        _ => format!("auth/{kind}"),
    };
    config.version.check_catalog(kind)?;
    let Some(mut mount) = new_mount(&wanted, kind, options, flavour) else {
        let error = match kind {
            "kv" => "nil backend of type \"kv\" returned from factory".to_owned(),
            _ => format!("plugin not found in the catalog: {kind}"),
        };
        return Err(Refusal::invalid(error));
    };
    let flag = |name: &str| form.flag(name) == Some(true);
    mount.description = form.text_or_empty("description");
    mount.local = flag("local");
    mount.seal_wrap = flag("seal_wrap");
    mount.external_entropy_access = flag("external_entropy_access");
    config.apply(&mut mount, table);
    home.mounts.insert(format!("{table}{path}"), mount);
    Ok(())
}

/// Options are texts. What is said to be nothing stays so, where the type says nothing either.
fn options(form: &Form, kind: &str, asked: &str) -> Option<Map<String, Value>> {
    let given = form.pairs("options");
    let is_null = given.as_ref().is_some_and(Option::is_none);
    let given = given.flatten().unwrap_or_default().into_iter();
    let mut options: Map<String, Value> = given.map(|(name, value)| (name, value.into())).collect();
    if kind != asked {
        let version = asked.trim_start_matches("kv-v");
        options.insert("version".to_owned(), version.into());
    }
    (!is_null || !options.is_empty()).then_some(options)
}

fn may_mount(home: &Namespace, table: &str, path: &str, kind: &str) -> Result<(), Refusal> {
    if table.is_empty() {
        if PROTECTED
            .iter()
            .any(|protected| path.starts_with(protected))
        {
            return Err(Refusal::invalid(format!("cannot mount {path:?}")));
        }
        if matches!(kind, "cubbyhole" | "system" | "identity" | "token") {
            let error = format!("mount type of {kind:?} is not mountable");
            return Err(Refusal::invalid(error));
        }
    } else if kind == "token" {
        let error = "token credential backend cannot be instantiated";
        return Err(Refusal::invalid(error));
    }
    let known = of_table(home, table).map(|(known, _)| known);
    match known
        .into_iter()
        .find(|known| known.starts_with(path) || path.starts_with(known))
    {
        Some(known) => Err(Refusal::invalid(format!(
            "path is already in use at {known}"
        ))),
        None => Ok(()),
    }
}

fn disable(state: &mut State, call: &Call, table: &str, path: &str) -> Result<Answer, Refusal> {
    if table.is_empty() && PROTECTED.contains(&path) {
        return Err(Refusal::invalid(format!("cannot unmount {path:?}")));
    }
    if !table.is_empty() && path == "token/" {
        let error = "token credential backend cannot be disabled";
        return Err(Refusal::invalid(error));
    }
    let full = format!("{table}{path}");
    let home = state.namespaces.get_mut(&call.namespace);
    if home.is_some_and(|home| home.mounts.remove(&full).is_some()) && !table.is_empty() {
        // What it let in is let out.
        let namespace = call.namespace.clone();
        state
            .tokens
            .revoke_where(|token| token.namespace == namespace && token.path.starts_with(&full));
    }
    Ok(Answer::Empty)
}
