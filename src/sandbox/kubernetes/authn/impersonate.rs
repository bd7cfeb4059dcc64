//! `Impersonate-User` and the headers beside it: who may, asks as somebody else.

use super::super::authz::{ResourceWish, Wish, require};
use super::super::request::User;
use super::super::status::Status;
use super::super::store::Store;
use super::{ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, accounts, with_group};
use axum::http::HeaderMap;
use percent_encoding::percent_decode_str;

const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const UID: &str = "impersonate-uid";
const EXTRA: &str = "impersonate-extra-";
const AUTHENTICATION: &str = "authentication.k8s.io";

/// Whom `asker` asks as; each part of that needs the right to `impersonate` it.
pub(super) fn impersonated(
    asker: User,
    headers: &HeaderMap,
    store: &Store,
) -> Result<User, Status> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut groups = headers
        .get_all(GROUP)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .peekable();
    let mut extras = extras(headers).peekable();
    let uid = text(UID).filter(|uid| !uid.is_empty());
    let Some(name) = text(USER).filter(|name| !name.is_empty()) else {
        if groups.peek().is_none() && extras.peek().is_none() && uid.is_none() {
            return Ok(asker);
        }
        return Err(without_user());
    };
    let may = |wish: ResourceWish<'_>| {
        let verb = "impersonate";
        require(
            store,
            &asker,
            &Wish::Resource(ResourceWish { verb, ..wish }),
        )
    };
    let mut user = User {
        name: name.to_owned(),
        ..User::default()
    };
    match account(name) {
        Some((namespace, name)) => {
            may(ResourceWish {
                resource: "serviceaccounts",
                namespace,
                name,
                ..ResourceWish::default()
            })?;
            if groups.peek().is_none() {
                user.groups = accounts::groups(namespace);
            }
        }
        None => may(ResourceWish {
            resource: "users",
            name,
            ..ResourceWish::default()
        })?,
    }
    for name in groups {
        may(ResourceWish {
            resource: "groups",
            name,
            ..ResourceWish::default()
        })?;
        user.groups.push(name.to_owned());
    }
    for (key, name) in extras {
        let subresource = key.as_str();
        let (group, resource) = (AUTHENTICATION, "userextras");
        may(ResourceWish {
            group,
            resource,
            subresource,
            name,
            ..ResourceWish::default()
        })?;
        user.extra.entry(key).or_default().push(name.to_owned());
    }
    if let Some(name) = uid {
        let (group, resource) = (AUTHENTICATION, "uids");
        may(ResourceWish {
            group,
            resource,
            name,
            ..ResourceWish::default()
        })?;
        name.clone_into(&mut user.uid);
    }
    Ok(in_basic_groups(user))
}

/// Everybody is in one of the two groups of those who were, or were not, authenticated.
fn in_basic_groups(user: User) -> User {
    let is_in = |name: &str| user.groups.iter().any(|group| group == name);
    if user.name == ANONYMOUS {
        return with_group(user, UNAUTHENTICATED);
    }
    if is_in(UNAUTHENTICATED) {
        return user;
    }
    with_group(user, AUTHENTICATED)
}

fn extras(headers: &HeaderMap) -> impl Iterator<Item = (String, &str)> {
    headers.iter().filter_map(|(name, value)| {
        let key = name.as_str().strip_prefix(EXTRA)?;
        let key = percent_decode_str(key).decode_utf8_lossy().into_owned();
        Some((key, value.to_str().ok()?))
    })
}

/// `system:serviceaccount:NAMESPACE:NAME`.
fn account(name: &str) -> Option<(&str, &str)> {
    let (namespace, name) = name
        .strip_prefix("system:serviceaccount:")?
        .split_once(':')?;
    let is_one = !namespace.is_empty() && !name.is_empty() && !name.contains(':');
    is_one.then_some((namespace, name))
}

fn without_user() -> Status {
    Status::new(
        500,
        "InternalError",
        "Internal error occurred: requested impersonation without impersonating a user",
    )
}
