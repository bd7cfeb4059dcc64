//! A namespace that is locked answers nothing, nor does what is below it, until it is unlocked.

use crate::sandbox::vault::call::{Answer, Call, Operation, Refusal};
use crate::sandbox::vault::core::Caller;
use crate::sandbox::vault::form::{Form, Kind};
use crate::sandbox::vault::state::{State, random_text};
use serde_json::json;

const UNLOCK: &str = "sys/namespaces/api-lock/unlock";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Lock,
    Unlock,
}

/// Why a call is not answered at all: where it is, or above, a namespace is locked.
pub(in crate::sandbox::vault) fn check(state: &State, call: &Call) -> Result<(), Refusal> {
    if call.path == UNLOCK && call.operation == Operation::Update {
        return Ok(());
    }
    match locked(state, &call.namespace) {
        Some(path) => Err(Refusal::new(
            503,
            format!(
                "API access to this namespace has been locked by an administrator - {path:?} must be unlocked to gain access."
            ),
        )),
        None => Ok(()),
    }
}

/// The namespace at this path or above it that is locked.
fn locked<'p>(state: &State, path: &'p str) -> Option<&'p str> {
    let mut starts = path.match_indices('/').map(|(slash, _)| &path[..=slash]);
    starts.find(|start| {
        let namespace = state.namespaces.get(*start);
        namespace.is_some_and(|namespace| namespace.unlock_key.is_some())
    })
}

/// `rest` is what stands behind `sys/namespaces/`; `None` where it is about something else.
pub(super) fn handle(
    state: &mut State,
    call: &Call,
    caller: &Caller,
    rest: &str,
) -> Option<Result<Answer, Refusal>> {
    let rest = rest.strip_prefix("api-lock/")?;
    let (word, below) = rest.split_once('/').unwrap_or((rest, ""));
    let asked = match word {
        "lock" => Asked::Lock,
        "unlock" => Asked::Unlock,
        _ => return None,
    };
    if call.operation != Operation::Update {
        return Some(Err(Refusal::unsupported_operation()));
    }
    let path = match below.trim_matches('/') {
        "" => call.namespace.clone(),
        below => format!("{}{below}/", call.namespace),
    };
    Some(turn(state, call, caller, asked, &path))
}

fn turn(
    state: &mut State,
    call: &Call,
    caller: &Caller,
    asked: Asked,
    path: &str,
) -> Result<Answer, Refusal> {
    let schema = [("unlock_key", Kind::Text)];
    let schema = match asked {
        Asked::Lock => &[][..],
        Asked::Unlock => &schema,
    };
    let form = Form::read(call, schema, Some("path"), false, state.flavour)?;
    if path.is_empty() {
        let error = "root namespace cannot be locked/unlocked";
        return Err(Refusal::invalid(error));
    }
    let above = locked(state, path).map(str::to_owned);
    let Some(namespace) = state.namespaces.get_mut(path) else {
        return Err(Refusal::invalid("requested namespace does not exist"));
    };
    if asked == Asked::Unlock {
        let words = caller.access.capabilities(&call.namespace, &call.path);
        let sudo = caller.access.root || words.contains(&"sudo");
        return unlock(&mut namespace.unlock_key, path, &form, sudo);
    }
    match above {
        Some(above) if above == path => Err(Refusal::invalid(format!(
            "cannot lock namespace {path:?}: is already locked"
        ))),
        Some(above) => Err(Refusal::invalid(format!(
            "cannot lock namespace {path:?}: ancestor namespace {above:?} is already locked"
        ))),
        None => {
            let key = random_text(24);
            namespace.unlock_key = Some(key.clone());
            Ok(form.answer(json!({ "unlock_key": key })))
        }
    }
}

/// Without the key, `sudo` does as well.
fn unlock(
    known: &mut Option<String>,
    path: &str,
    form: &Form,
    sudo: bool,
) -> Result<Answer, Refusal> {
    let Some(key) = known.as_deref() else {
        return Err(Refusal::invalid(format!(
            "namespace {path:?} is not locked"
        )));
    };
    let given = form.text_or_empty("unlock_key");
    let answer = match given.as_str() {
        "" if sudo => form.warn(Answer::warning(
            "Namespace unlocked using sudo capabilities",
        )),
        "" => return Err(Refusal::several(500, "provided empty key")),
        given if given == key => Answer::Empty,
        _ => return Err(Refusal::invalid("incorrect unlock key")),
    };
    *known = None;
    Ok(answer)
}
