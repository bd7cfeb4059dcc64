//! Wrapped answers: in place of an answer stands a token that is good for it once, and `sys/wrapping/`, where it is told,
//! unwrapped and wrapped anew.
//!
//! Absent: `cubbyhole/response`, in which servers of long ago kept what was wrapped.

use super::Flavour;
use super::auth_token::grant::{self, Limits, Wish};
use super::call::{Answer, Call, Operation, Refusal, Secret};
use super::core::Caller;
use super::form::{Form, Kind};
use super::state::State;
use super::tokens::{Token, after};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// What a token holds that was given in place of an answer.
#[derive(Debug)]
pub(super) struct Wrapped {
    result: Result<Answer, Refusal>,
    path: String,
    /// Of the mount that answered.
    mount_type: String,
    ttl: u64,
    created: Timestamp,
}

impl Wrapped {
    /// The answer as it was, which still is one of its mount.
    fn result(&self) -> Result<Answer, Refusal> {
        let mut result = self.result.clone();
        if let Ok(Answer::Secret(secret)) = &mut result {
            let known = &mut secret.mount_type;
            known.get_or_insert_with(|| self.mount_type.clone());
        }
        result
    }
}

const POLICY: &str = "response-wrapping";
const NOT_VALID: &str = "wrapping token is not valid or does not exist";

/// What is asked of a wrapping token, before it is known who asks. Without a token of its own, a call is about the one that
/// it is asked with, and belongs to that one's namespace.
pub(super) fn check(state: &State, call: &mut Call) -> Result<(), Refusal> {
    let about = ["lookup", "rewrap", "unwrap"];
    let below = call.path.strip_prefix("sys/wrapping/");
    if !below.is_some_and(|below| about.contains(&below)) {
        return Ok(());
    }
    let unread = |why: &str| {
        let error = format!("error validating wrapping token: {why}");
        Err(Refusal::new(403, error))
    };
    match call.body.get("token") {
        Some(Value::String(text)) if text.is_empty() => {
            return unread("empty token in request body");
        }
        None | Some(Value::Null | Value::String(_)) => {}
        Some(_) => return unread("could not decode token in request body"),
    }
    let named = named(call);
    let Some(id) = named.as_ref().or(call.token.as_ref()) else {
        return unread("token is empty");
    };
    let token = get(state, id).ok_or_else(|| Refusal::invalid(NOT_VALID))?;
    if named.is_none() {
        call.namespace.clone_from(&token.namespace);
    }
    Ok(())
}

/// Whether anybody may ask this.
pub(super) fn is_open(path: &str) -> bool {
    path == "sys/wrapping/lookup"
}

pub(super) fn handle(
    state: &mut State,
    call: &Call,
    caller: Option<&Caller>,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let below = call.path.strip_prefix("sys/wrapping/").unwrap_or_default();
    match (below, call.operation) {
        ("lookup", Operation::Read | Operation::Update) => lookup(state, call),
        ("rewrap", Operation::Update) => {
            let wrapped = take(state, call, caller)?;
            let (path, ttl) = (wrapped.path.clone(), wrapped.ttl);
            let of = &wrapped.mount_type;
            Ok(wrap(state, call, (wrapped.result(), of), path, ttl, now))
        }
        ("unwrap", Operation::Update) => take(state, call, caller)?.result(),
        ("wrap", Operation::Update) if call.wrap.unwrap_or(0) > 0 => {
            Ok(Answer::data(call.body.clone().into()))
        }
        ("wrap", Operation::Update) => {
            let error = "endpoint requires response wrapping to be used";
            Err(Refusal::invalid(error))
        }
        ("lookup" | "rewrap" | "unwrap" | "wrap", _) => Err(Refusal::unsupported_operation()),
        ("pubkey", _) => Err(Refusal::new(404, "unsupported path")),
        _ => Err(Refusal::unsupported_path()),
    }
}

/// The answer, or what is given in its place where the call wants that and there is anything to say.
pub(super) fn seal(
    state: &mut State,
    call: &Call,
    result: Result<Answer, Refusal>,
    mount_type: &str,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let ttl = call.wrap.unwrap_or(0);
    let says_something = match &result {
        Ok(Answer::Secret(secret)) => secret.wrap_info.is_none(),
        Ok(_) => false,
        Err(refusal) => refusal.data.is_some() || !refusal.warnings.is_empty(),
    };
    if ttl == 0 {
        return result;
    }
    if !says_something {
        // Nobody shall unwrap a list to find it empty.
        return result.map_err(
            |refusal| match (call.operation, refusal.errors.as_slice()) {
                (Operation::List, []) => Refusal::new(404, "unsupported path"),
                _ => refusal,
            },
        );
    }
    // An answer that was unwrapped is a text by then, whatever it hands out.
    let is_unwrapped = call.path == "sys/wrapping/unwrap";
    let accessor = accessor(&result).filter(|_| !is_unwrapped);
    let path = call.path.clone();
    let mut answer = wrap(state, call, (result, mount_type), path, ttl, now);
    if let (Answer::Secret(secret), Some(accessor)) = (&mut answer, accessor)
        && let Some(info) = &mut secret.wrap_info
    {
        info["wrapped_accessor"] = accessor;
    }
    Ok(answer)
}

/// That of a token that an answer hands out.
fn accessor(result: &Result<Answer, Refusal>) -> Option<Value> {
    let Ok(Answer::Secret(secret)) = result else {
        return None;
    };
    let accessor = &secret.auth.as_ref()?["accessor"];
    (accessor != "").then(|| accessor.clone())
}

fn wrap(
    state: &mut State,
    call: &Call,
    (result, mount_type): (Result<Answer, Refusal>, &str),
    path: String,
    ttl: u64,
    now: Timestamp,
) -> Answer {
    let mut token = token(state, call, &path, ttl, now);
    let info = json!({
        "token": token.id,
        "accessor": token.accessor,
        "ttl": ttl,
        "creation_time": now.to_string(),
        "creation_path": path,
    });
    token.wrapped = Some(Arc::new(Wrapped {
        result,
        path,
        mount_type: mount_type.to_owned(),
        ttl,
        created: now,
    }));
    state.tokens.add(token);
    Answer::Secret(Box::new(Secret {
        wrap_info: Some(info),
        mount_type: Some(String::new()),
        ..Secret::default()
    }))
}

/// A token for one use, which no limit holds down.
fn token(state: &State, call: &Call, path: &str, ttl: u64, now: Timestamp) -> Token {
    let wish = Wish {
        policies: vec![POLICY.to_owned()],
        meta: None,
        display_name: match state.flavour {
            Flavour::OpenBao => "token".to_owned(),
            Flavour::HashiCorp => String::new(),
        },
        path: path.to_owned(),
        parent: None,
        ttl: 1,
        max_ttl: 0,
        explicit_max_ttl: ttl,
        period: 0,
        num_uses: 1,
        batch: false,
        renewable: false,
        entity_id: String::new(),
        id: None,
        bound_cidrs: Vec::new(),
        role: None,
    };
    let limits = Limits { default: 1, max: 1 };
    let namespace = &call.namespace;
    let mut token = grant::token(state, namespace, wish, &limits, now, &mut Vec::new());
    token.creation_ttl = ttl;
    token.granted_ttl = ttl;
    token.expires = Some(after(now, ttl));
    token
}

fn lookup(state: &State, call: &Call) -> Result<Answer, Refusal> {
    let form = Form::validated(call, &[("token", Kind::Text)], state.flavour)?;
    let named = named(call);
    let id = named.as_ref().or(call.token.as_ref());
    let token = id.and_then(|id| get(state, id));
    let wrapped = token.and_then(|token| token.wrapped.as_ref());
    let wrapped = wrapped.ok_or_else(|| Refusal::invalid(NOT_VALID))?;
    Ok(form.answer(json!({
        "creation_path": wrapped.path,
        "creation_time": wrapped.created.to_string(),
        "creation_ttl": wrapped.ttl,
    })))
}

/// What is wrapped; its token is used up by that.
fn take(state: &mut State, call: &Call, caller: Option<&Caller>) -> Result<Arc<Wrapped>, Refusal> {
    let own = caller.map(|caller| &caller.token.id);
    let named = named(call);
    if named.is_some() && named.as_ref() == own {
        let error = "error decrementing wrapping token's use-count: invalid token entry provided for use count decrementing";
        return Err(Refusal::several(500, error));
    }
    let id = named.as_ref().or(own).cloned().unwrap_or_default();
    let token = state.tokens.get(&id);
    let wrapped = token.and_then(|token| token.wrapped.clone());
    let wrapped = wrapped.ok_or_else(|| Refusal::invalid(NOT_VALID))?;
    state.tokens.revoke(&id);
    Ok(wrapped)
}

/// The token that a call names beside the one that it is asked with.
fn named(call: &Call) -> Option<String> {
    let text = match call.operation {
        Operation::Read => call.query.get("token").map(String::as_str),
        _ => call.body.get("token").and_then(Value::as_str),
    };
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn get<'s>(state: &'s State, id: &str) -> Option<&'s Token> {
    let token = state.tokens.get(id)?;
    token.wrapped.is_some().then_some(token)
}
