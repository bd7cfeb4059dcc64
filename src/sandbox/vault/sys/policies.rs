//! `sys/policy`, `sys/policies/acl` and `sys/policies/detailed/acl`.

mod shown;
mod write;

use crate::sandbox::vault::Flavour;
use crate::sandbox::vault::call::{Answer, Call, Operation, Refusal, Secret};
use crate::sandbox::vault::form;
use crate::sandbox::vault::state::{Namespace, State};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The old path calls a text `rules` and has a list `policies` as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Old,
    Acl,
}

/// Policies that the server keeps for itself: they are read, but neither listed nor changed.
pub(super) fn is_kept(name: &str, flavour: Flavour) -> bool {
    name == "response-wrapping" || (name == "control-group" && flavour == Flavour::HashiCorp)
}

pub(super) fn handle(
    state: &mut State,
    call: &Call,
    form: Form,
    name: Option<&str>,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let flavour = state.flavour;
    let Some(home) = state.namespaces.get_mut(&call.namespace) else {
        return Err(Refusal::denied());
    };
    let lists = call.operation == Operation::List;
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return match form {
            Form::Old if lists || call.operation == Operation::Read => list(home, call, form, ""),
            Form::Acl if lists => list(home, call, form, ""),
            _ => Err(Refusal::unsupported_operation()),
        };
    };
    let asked = name;
    let name = name.trim().to_lowercase();
    match call.operation {
        Operation::Read => match shown::policy(home, &name, form, flavour) {
            Some(policy) => Ok(Answer::data(policy)),
            None => Err(Refusal::not_found()),
        },
        Operation::Update => {
            let answer = write::write(home, call, &name, form, flavour, now)?;
            let renamed = flavour == Flavour::HashiCorp && asked != name;
            Ok(if renamed {
                converted(answer, &name)
            } else {
                answer
            })
        }
        Operation::Patch if form == Form::Acl && flavour == Flavour::OpenBao => {
            write::patch(home, call, &name, now)
        }
        Operation::Delete => delete(home, &name, flavour),
        Operation::List if form == Form::Acl && flavour == Flavour::OpenBao => {
            list(home, call, form, &name)
        }
        _ => Err(Refusal::unsupported_operation()),
    }
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
fn names(home: &Namespace, folder: &str) -> Vec<String> {
    let known = home.policies.keys().filter(|name| {
        let below = name.strip_prefix(folder);
        folder.is_empty() || below.is_some_and(|below| below.starts_with('/'))
    });
    known
        .filter(|name| !matches!(name.as_str(), "response-wrapping" | "control-group"))
        .cloned()
        .collect()
}

/// The one policy without a text is listed in the root namespace only.
fn with_root(home: &Namespace, mut names: Vec<String>) -> Vec<String> {
    if home.id == "root" {
        names.push("root".to_owned());
    }
    names
}

fn list(home: &Namespace, call: &Call, form: Form, folder: &str) -> Result<Answer, Refusal> {
    let mut names = names(home, folder);
    if folder.is_empty() {
        names = with_root(home, names);
    }
    if names.is_empty() {
        return Err(Refusal::not_found());
    }
    let data = match form {
        Form::Acl => json!({ "keys": names }),
        Form::Old => json!({ "keys": names, "policies": names }),
    };
    Ok(with_warnings(data, call))
}

fn with_warnings(data: Value, call: &Call) -> Answer {
    Answer::Secret(Box::new(Secret {
        data: Some(data),
        warnings: form::ignored(call, &[]).into_iter().collect(),
        ..Secret::default()
    }))
}

/// All policies with their texts in one answer.
pub(super) fn detailed(state: &State, call: &Call, folder: &str) -> Result<Answer, Refusal> {
    if call.operation != Operation::List {
        return Err(Refusal::unsupported_operation());
    }
    let Some(home) = state.namespaces.get(&call.namespace) else {
        return Err(Refusal::denied());
    };
    let names = with_root(home, names(home, folder));
    let entries = names.iter().filter_map(|name| {
        let shown = shown::policy(home, name, Form::Acl, state.flavour)?;
        Some((name.clone(), shown))
    });
    let entries: Map<String, Value> = entries.collect();
    if names.is_empty() {
        return Err(Refusal::not_found());
    }
    Ok(with_warnings(
        json!({ "keys": names, "key_info": entries }),
        call,
    ))
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
