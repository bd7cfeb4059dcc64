//! The tokens of service accounts: JWTs of the cluster's own, good while the account lives.

use super::super::request::User;
use super::super::store::{Key, Store};
use super::{AUTHENTICATED, Credentials, Identity};
use crate::sandbox::jwt::Token;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What tokens are issued by, and for where nothing else is said.
pub(in super::super) const ISSUER: &str = "https://kubernetes.default.svc";
const CREDENTIAL: &str = "authentication.kubernetes.io/credential-id";
/// Clocks may be so many seconds apart.
const LEEWAY: i64 = 60;

/// What a token is to say.
#[derive(Debug)]
pub(in super::super) struct Wanted<'a> {
    pub namespace: &'a str,
    pub name: &'a str,
    pub uid: &'a str,
    /// Name and uid of the Secret that it ends with.
    pub secret: Option<(&'a str, &'a str)>,
    pub audiences: &'a [String],
    pub seconds: i64,
}

pub(in super::super) fn issue(
    credentials: &Credentials,
    wanted: &Wanted<'_>,
    now: Timestamp,
) -> Result<String, jsonwebtoken::errors::Error> {
    let now = now.as_second();
    let mut of = json!({
        "namespace": wanted.namespace,
        "serviceaccount": { "name": wanted.name, "uid": wanted.uid },
    });
    if let Some((name, uid)) = wanted.secret {
        of["secret"] = json!({ "name": name, "uid": uid });
    }
    credentials.key.sign(&json!({
        "aud": wanted.audiences,
        "exp": now.saturating_add(wanted.seconds),
        "iat": now,
        "iss": ISSUER,
        "jti": uuid::Uuid::new_v4().to_string(),
        "kubernetes.io": of,
        "nbf": now,
        "sub": format!("system:serviceaccount:{}:{}", wanted.namespace, wanted.name),
    }))
}

/// `None` for what is no token of this cluster.
pub(super) fn review(
    credentials: &Credentials,
    text: &str,
    audiences: &[String],
    store: &Store,
    now: Timestamp,
) -> Result<Option<Identity>, String> {
    let Some(token) = Token::parse(text) else {
        return Ok(None);
    };
    if token.claims.get("iss").and_then(Value::as_str) != Some(ISSUER) {
        return Ok(None);
    }
    let other_key = token
        .key_id()
        .is_some_and(|id| Some(id) != credentials.public.id.as_deref());
    if other_key {
        return Err("invalid signature, no keys found".to_owned());
    }
    if !token.is_signed_by(&credentials.public) {
        return Err("go-jose/go-jose: error in cryptographic primitive".to_owned());
    }
    let claims = &token.claims;
    let made_for: Vec<&str> = match &claims["aud"] {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let good: Vec<String> = audiences
        .iter()
        .filter(|audience| made_for.contains(&audience.as_str()))
        .cloned()
        .collect();
    if good.is_empty() {
        return Err(format!(
            "token audiences {} is invalid for the target audiences {}",
            quoted(&made_for),
            quoted(audiences)
        ));
    }
    in_time(claims, now)?;
    let user = account(&claims["kubernetes.io"], claims, store)?;
    Ok(Some(Identity {
        user,
        audiences: good,
    }))
}

fn in_time(claims: &Map<String, Value>, now: Timestamp) -> Result<(), String> {
    let now = now.as_second();
    let time = |claim: &str| claims.get(claim).and_then(Value::as_i64);
    if time("nbf").is_some_and(|from| now.saturating_add(LEEWAY) < from) {
        return Err("service account token is not valid yet".to_owned());
    }
    if time("exp").is_some_and(|until| now.saturating_sub(LEEWAY) > until) {
        return Err("service account token has expired".to_owned());
    }
    Ok(())
}

/// The account of a token, while it and what the token is bound to are still the same.
fn account(of: &Value, claims: &Map<String, Value>, store: &Store) -> Result<User, String> {
    let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let (namespace, account) = (text(of, "namespace"), &of["serviceaccount"]);
    let (name, uid) = (text(account, "name"), text(account, "uid"));
    let found = uid_of(store, "serviceaccounts", &namespace, &name)
        .ok_or_else(|| format!("serviceaccounts {name:?} not found"))?;
    if found != uid {
        return Err(format!(
            "service account UID ({found}) does not match claim ({uid})"
        ));
    }
    if let Some(secret) = of.get("secret") {
        let (name, uid) = (text(secret, "name"), text(secret, "uid"));
        let found = uid_of(store, "secrets", &namespace, &name)
            .ok_or("service account token has been invalidated")?;
        if found != uid {
            return Err(format!(
                "secret UID ({found}) does not match service account secret ref claim ({uid})"
            ));
        }
    }
    let credential = claims.get("jti").and_then(Value::as_str);
    let extra = credential.map(|id| (CREDENTIAL.to_owned(), vec![format!("JTI={id}")]));
    Ok(User {
        name: format!("system:serviceaccount:{namespace}:{name}"),
        uid,
        groups: [groups(&namespace), vec![AUTHENTICATED.to_owned()]].concat(),
        extra: extra.into_iter().collect::<BTreeMap<_, _>>(),
    })
}

/// The groups of every service account of a namespace.
pub(super) fn groups(namespace: &str) -> Vec<String> {
    vec![
        "system:serviceaccounts".to_owned(),
        format!("system:serviceaccounts:{namespace}"),
    ]
}

fn uid_of(store: &Store, resource: &str, namespace: &str, name: &str) -> Option<String> {
    let key = Key {
        resource: resource.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    let object = store.get(&key)?;
    Some(object["metadata"]["uid"].as_str()?.to_owned())
}

/// `["a" "b"]`, as Go prints a list of texts.
fn quoted<T: AsRef<str>>(texts: &[T]) -> String {
    super::super::authz::quoted(texts)
}
