//! Policies: read in bulk where the server can, and written only over what was seen.
//!
//! `OpenBao` numbers the versions of a policy and checks the number itself (cas). `HashiCorp` Vault does neither, so
//! there the text is compared just before the write, and read again after it: a narrow gap stays.

use super::http::{Http, unexpected};
use super::read::keys;
use super::request::Request;
use crate::apply::PolicyPrecondition;
use crate::names::PolicyName;
use crate::observe::live::{LivePolicies, LivePolicy};
use crate::observe::{Failure, FailureClass};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// `OpenBao`'s way to say "only if there is none".
const CREATE_ONLY: i64 = -1;

pub(super) async fn list(http: &Http) -> Result<LivePolicies, Failure> {
    if http.memory.may_list_policy_texts() {
        match texts(http).await {
            Ok(Some(texts)) => return Ok(LivePolicies::Texts(texts)),
            Ok(None) => http.memory.no_policy_texts(),
            Err(failure) if is_missing(&failure) => http.memory.no_policy_texts(),
            // Allowed to see the names, perhaps. Not remembered: a policy can be mended.
            Err(failure) if is_refused(&failure) => {}
            Err(failure) => return Err(failure),
        }
    }
    let request = Request::list(&["sys/policies/acl"]);
    let data = http.send(&request).await?.data(&request)?;
    Ok(LivePolicies::Names(keys(&request, data)?))
}

/// Whether the server does not know this kind of request.
pub(super) fn is_missing(failure: &Failure) -> bool {
    matches!(failure.status, Some(400 | 404 | 405))
}

/// Forbidden, or larger than what is taken: asking for less may work. (A page of a proxy has a status.)
pub(super) fn is_refused(failure: &Failure) -> bool {
    match failure.class {
        FailureClass::Forbidden => true,
        FailureClass::Protocol => failure.status.is_none(),
        _ => false,
    }
}

async fn texts(http: &Http) -> Result<Option<BTreeMap<String, LivePolicy>>, Failure> {
    let request = Request::list(&["sys/policies/detailed/acl"]);
    let data = http.send(&request).await?.data(&request)?;
    let Some(Value::Object(entries)) = data.and_then(|mut data| data.remove("key_info")) else {
        return Ok(None);
    };
    entries
        .into_iter()
        .map(|(name, entry)| {
            let Value::Object(fields) = entry else {
                return Err(unexpected(&request, "policy"));
            };
            Ok((name, policy(http, &request, fields)?))
        })
        .collect::<Result<_, _>>()
        .map(Some)
}

pub(super) async fn read(http: &Http, name: &PolicyName) -> Result<Option<LivePolicy>, Failure> {
    let request = Request::read(&["sys/policies/acl", name.as_str()]);
    let data = http.send(&request).await?.data(&request)?;
    data.map(|fields| policy(http, &request, fields))
        .transpose()
}

fn policy(
    http: &Http,
    request: &Request<'_>,
    mut fields: Map<String, Value>,
) -> Result<LivePolicy, Failure> {
    let Some(Value::String(text)) = fields.remove("policy") else {
        return Err(unexpected(request, "policy text"));
    };
    let version = fields.get("version").and_then(Value::as_u64);
    if version.is_some() {
        http.memory.policy_versions_seen();
    }
    let modified = fields
        .get("modified")
        .and_then(Value::as_str)
        .map(str::to_owned);
    Ok(LivePolicy {
        text,
        version,
        modified,
    })
}

pub(super) async fn write(
    http: &Http,
    name: &PolicyName,
    text: &str,
    precondition: &PolicyPrecondition,
) -> Result<(), Failure> {
    match precondition {
        PolicyPrecondition::Absent if http.memory.keeps_policy_versions() => {
            post(http, name, text, Some(json!(CREATE_ONLY))).await
        }
        PolicyPrecondition::Unchanged {
            version: Some(version),
            ..
        } => post(http, name, text, Some(json!(version))).await,
        PolicyPrecondition::Absent | PolicyPrecondition::Unchanged { version: None, .. } => {
            write_compared(http, name, text, precondition).await
        }
    }
}

async fn write_compared(
    http: &Http,
    name: &PolicyName,
    text: &str,
    precondition: &PolicyPrecondition,
) -> Result<(), Failure> {
    let now = read(http, name).await?;
    let cas = match (precondition, now) {
        (PolicyPrecondition::Absent, None) => {
            // A server that turns out to keep versions checks this, and another one ignores it.
            Some(json!(CREATE_ONLY))
        }
        (PolicyPrecondition::Unchanged { text: seen, .. }, Some(now)) if *seen == now.text => {
            now.version.map(|version| json!(version))
        }
        _ => return Err(changed(name, "it was changed since the plan was made")),
    };
    post(http, name, text, cas).await?;
    let unseen = |mut failure: Failure| {
        failure.why.push_str("; it was written just before");
        failure
    };
    match read(http, name).await.map_err(unseen)? {
        Some(written) if written.text == text => Ok(()),
        _ => Err(changed(name, "somebody else changed it in the same moment")),
    }
}

async fn post(
    http: &Http,
    name: &PolicyName,
    text: &str,
    cas: Option<Value>,
) -> Result<(), Failure> {
    let mut body = json!({ "policy": text });
    if let Some(cas) = cas {
        body["cas"] = cas;
    }
    let request = Request::write(&["sys/policies/acl", name.as_str()], &body)?;
    http.change(&request).await
}

fn changed(name: &PolicyName, why: &str) -> Failure {
    Failure::new(
        FailureClass::Conflict,
        format!("write sys/policies/acl/{name}"),
        why,
    )
    .hint("plan again")
}
