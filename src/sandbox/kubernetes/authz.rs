//! Whether RBAC grants a request, from the roles and bindings in the store.
//!
//! Members of `system:masters` may do everything, whatever the roles say, as on a real cluster. Aggregation is done once, for
//! the roles that a cluster starts with: the controller that keeps it up to date is absent.

mod bootstrap;
mod grant;
mod resolve;
mod rules;

pub(super) use bootstrap::begin;
pub(super) use grant::may_grant;
pub(super) use resolve::{aggregated, grants};
pub(super) use rules::quoted;

use super::request::{Attributes, User};
use super::status::{Status, qualified};
use super::store::Store;
use serde_json::json;

pub(super) const GROUP: &str = "rbac.authorization.k8s.io";
/// May do everything.
const MASTERS: &str = "system:masters";

/// What somebody wants to do: what a rule is matched with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wish<'a> {
    Resource(ResourceWish<'a>),
    Path { verb: &'a str, path: &'a str },
}

/// Empty where nothing is said.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ResourceWish<'a> {
    pub verb: &'a str,
    pub group: &'a str,
    pub resource: &'a str,
    pub subresource: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
}

/// What RBAC says, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decision {
    pub allowed: bool,
    /// Which binding allows it, or what could not be looked up; mostly empty where it is not allowed.
    pub reason: String,
}

pub(super) fn decide(store: &Store, user: &User, wish: &Wish<'_>) -> Decision {
    if user.groups.iter().any(|group| group == MASTERS) {
        return Decision {
            allowed: true,
            reason: String::new(),
        };
    }
    let namespace = match wish {
        Wish::Resource(wish) => wish.namespace,
        Wish::Path { .. } => "",
    };
    let mut missing = Vec::new();
    for grant in resolve::grants(store, user, namespace) {
        match grant {
            Ok(grant) if grant.rules.iter().any(|rule| rule.allows(wish)) => {
                return Decision {
                    allowed: true,
                    reason: format!("RBAC: allowed by {}", grant.source),
                };
            }
            Ok(_) => {}
            Err(role) => missing.push(role.unlisted()),
        }
    }
    let reason = match resolve::aggregated(missing) {
        Some(missing) => format!("RBAC: {missing}"),
        None => String::new(),
    };
    Decision {
        allowed: false,
        reason,
    }
}

/// A 403 that says who may not do what, as the API server words it.
pub(super) fn require(store: &Store, user: &User, wish: &Wish<'_>) -> Result<(), Status> {
    let decision = decide(store, user, wish);
    if decision.allowed {
        return Ok(());
    }
    let mut why = unwanted(user, wish);
    if !decision.reason.is_empty() {
        why = format!("{why}: {}", decision.reason);
    }
    Err(match wish {
        Wish::Resource(wish) => forbidden(wish.resource, wish.group, wish.name, &why),
        Wish::Path { .. } => forbidden("", "", "", &why),
    })
}

pub(super) fn authorize(store: &Store, user: &User, wanted: &Attributes) -> Result<(), Status> {
    let wish = ResourceWish {
        verb: wanted.verb.word(),
        group: &wanted.group,
        resource: &wanted.resource,
        subresource: wanted.subresource.as_deref().unwrap_or_default(),
        namespace: wanted.namespace.as_deref().unwrap_or_default(),
        name: wanted.name.as_deref().unwrap_or_default(),
    };
    require(store, user, &Wish::Resource(wish))
}

/// Paths that are no resource: `/version`, `/openapi/v2`.
pub(super) fn authorize_path(
    store: &Store,
    user: &User,
    verb: &str,
    path: &str,
) -> Result<(), Status> {
    require(store, user, &Wish::Path { verb, path })
}

pub(super) fn forbidden(resource: &str, group: &str, name: &str, why: &str) -> Status {
    let of = qualified(resource, group);
    let message = match (resource, name) {
        ("", _) => format!("forbidden: {why}"),
        (_, "") => format!("{of} is forbidden: {why}"),
        (_, name) => format!("{of} \"{name}\" is forbidden: {why}"),
    };
    let mut details = json!({});
    for (field, text) in [("name", name), ("group", group), ("kind", resource)] {
        if !text.is_empty() {
            details[field] = text.into();
        }
    }
    Status::new(403, "Forbidden", message).with_details(details)
}

/// `User "eve" cannot list resource "secrets" in API group "" in the namespace "shop"`.
fn unwanted(user: &User, wish: &Wish<'_>) -> String {
    let user = &user.name;
    let sentence = match wish {
        Wish::Path { verb, path } => format!("User {user:?} cannot {verb} path {path:?}"),
        Wish::Resource(wish) => {
            let resource = match wish.subresource {
                "" => wish.resource.to_owned(),
                subresource => format!("{}/{subresource}", wish.resource),
            };
            let place = match wish.namespace {
                "" => "at the cluster scope".to_owned(),
                namespace => format!("in the namespace {namespace:?}"),
            };
            format!(
                "User {user:?} cannot {} resource {resource:?} in API group {:?} {place}",
                wish.verb, wish.group
            )
        }
    };
    // What looks like HTML is never sent as such.
    sentence
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
