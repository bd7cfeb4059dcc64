//! `sys/policy`, `sys/policies/acl` and `sys/policies/detailed/acl`.

mod shown;
mod write;

use crate::sandbox::vault::Flavour;
use crate::sandbox::vault::call::{Answer, Call, Operation, Refusal};
use crate::sandbox::vault::form::{Form, Kind, Schema};
use crate::sandbox::vault::state::{Namespace, State};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The old path calls a text `rules` and has a list `policies` as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Old,
    Acl,
}

/// What only `OpenBao` knows of a policy stands first, what only the old path takes last.
const SCHEMA: [(&str, Kind); 8] = [
    ("cas", Kind::Number),
    ("cas_required", Kind::Flag),
    ("ttl", Kind::Seconds),
    ("expiration", Kind::Moment),
    ("allow_slashes_in_identity_templates", Kind::Flag),
    ("allow_wildcards_in_identity_templates", Kind::Flag),
    ("policy", Kind::Text),
    ("rules", Kind::Text),
];

impl Endpoint {
    /// What is taken where one policy, or one folder, is named.
    fn schema(self, flavour: Flavour) -> &'static Schema {
        let first = match flavour {
            Flavour::OpenBao => 0,
            Flavour::HashiCorp => 6,
        };
        let end = match self {
            Self::Old => 8,
            Self::Acl => 7,
        };
        &SCHEMA[first..end]
    }

    fn form(self, call: &Call, is_named: bool, flavour: Flavour) -> Result<Form, Refusal> {
        if is_named {
            Form::read(call, self.schema(flavour), Some("name"), false, flavour)
        } else {
            Form::read(call, &[], None, false, flavour)
        }
    }
}

/// Policies that the server keeps for itself: they are read, but neither listed nor changed.
pub(super) fn is_kept(name: &str, flavour: Flavour) -> bool {
    name == "response-wrapping" || (name == "control-group" && flavour == Flavour::HashiCorp)
}

pub(super) fn handle(
    state: &mut State,
    call: &Call,
    endpoint: Endpoint,
    name: Option<&str>,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let flavour = state.flavour;
    let Some(home) = state.namespaces.get_mut(&call.namespace) else {
        return Err(Refusal::denied());
    };
    let lists = call.operation == Operation::List;
    let name = name.filter(|name| !name.is_empty());
    let form = endpoint.form(call, name.is_some(), flavour)?;
    let Some(name) = name else {
        let reads = endpoint == Endpoint::Old && call.operation == Operation::Read;
        return if lists || reads {
            list(home, &form, endpoint, None)
        } else {
            Err(Refusal::unsupported_operation())
        };
    };
    let asked = name;
    let name = name.trim().to_lowercase();
    let may_more = endpoint == Endpoint::Acl && flavour == Flavour::OpenBao;
    let answer = match call.operation {
        Operation::Read => match shown::policy(home, &name, endpoint, flavour) {
            Some(policy) => Answer::data(policy),
            None => return Err(Refusal::not_found()),
        },
        Operation::Update => {
            let answer = write::write(home, &name, &form, flavour, now)?;
            let renamed = flavour == Flavour::HashiCorp && asked != name;
            if renamed {
                converted(answer, &name)
            } else {
                answer
            }
        }
        Operation::Patch if may_more => write::patch(home, &name, &form, now)?,
        Operation::Delete => delete(home, &name, flavour)?,
        Operation::List if may_more => return list(home, &form, endpoint, Some(&name)),
        _ => return Err(Refusal::unsupported_operation()),
    };
    Ok(form.warn(answer))
}

fn converted(answer: Answer, name: &str) -> Answer {
    let warning = format!("policy name was converted to {name}");
    match answer {
        Answer::Secret(mut secret) => {
            secret.warnings.push(warning);
            Answer::Secret(secret)
        }
        _ => Answer::warning(&warning),
    }
}

/// The names in one folder, or all of them.
fn names(home: &Namespace, folder: Option<&str>) -> Vec<String> {
    let is_in = |name: &str| {
        let below = folder.map(|folder| name.strip_prefix(folder));
        below.is_none_or(|below| below.is_some_and(|below| below.starts_with('/')))
    };
    let listed = home.policies.keys().filter(|name| {
        is_in(name) && !matches!(name.as_str(), "response-wrapping" | "control-group")
    });
    listed.cloned().collect()
}

/// The one policy without a text is listed in the root namespace only.
fn with_root(home: &Namespace, mut names: Vec<String>) -> Vec<String> {
    if home.id == "root" {
        names.push("root".to_owned());
    }
    names
}

fn list(
    home: &Namespace,
    form: &Form,
    endpoint: Endpoint,
    folder: Option<&str>,
) -> Result<Answer, Refusal> {
    let mut names = names(home, folder);
    if folder.is_none() {
        names = with_root(home, names);
    }
    let mut data = Map::new();
    if !names.is_empty() {
        if endpoint == Endpoint::Old {
            data.insert("policies".to_owned(), json!(names));
        }
        data.insert("keys".to_owned(), json!(names));
    }
    form.list_of(data)
}

/// All policies with their texts in one answer.
pub(super) fn detailed(
    state: &State,
    call: &Call,
    folder: Option<&str>,
) -> Result<Answer, Refusal> {
    if call.operation != Operation::List {
        return Err(Refusal::unsupported_operation());
    }
    let Some(home) = state.namespaces.get(&call.namespace) else {
        return Err(Refusal::denied());
    };
    let form = Endpoint::Acl.form(call, folder.is_some(), state.flavour)?;
    // Whatever folder is asked for.
    let names = with_root(home, names(home, folder));
    let entries = names.iter().filter_map(|name| {
        let shown = shown::policy(home, name, Endpoint::Acl, state.flavour)?;
        Some((name.clone(), shown))
    });
    let entries: Map<String, Value> = entries.collect();
    let mut data = Map::new();
    if !names.is_empty() {
        data.insert("keys".to_owned(), json!(names));
        data.insert("key_info".to_owned(), entries.into());
    }
    form.list_of(data)
}

fn delete(home: &mut Namespace, name: &str, flavour: Flavour) -> Result<Answer, Refusal> {
    if name == "root" || is_kept(name, flavour) {
        return Err(Refusal::invalid(format!("cannot delete {name:?} policy")));
    }
    if name == "default" {
        return Err(Refusal::invalid("cannot delete default policy"));
    }
    home.policies.remove(name);
    Ok(Answer::Empty)
}
