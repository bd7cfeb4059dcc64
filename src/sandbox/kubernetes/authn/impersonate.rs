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
    let wanted = Wanted::read(headers);
    let Some(name) = wanted.name else {
        return if wanted.is_empty() {
            Ok(asker)
        } else {
            Err(without_user())
        };
    };
    wanted.each_part(name, |part| {
        let verb = "impersonate";
        let wish = Wish::Resource(ResourceWish { verb, ..part });
        require(store, &asker, &wish)
    })?;
    let mut user = User {
        name: name.to_owned(),
        groups: wanted.groups.iter().map(|&group| group.into()).collect(),
        uid: wanted.uid.unwrap_or_default().to_owned(),
        ..User::default()
    };
    if let Some((namespace, _)) = account(name)
        && wanted.groups.is_empty()
    {
        user.groups = accounts::groups(namespace);
    }
    for (key, value) in wanted.extras {
        user.extra.entry(key).or_default().push(value.to_owned());
    }
    Ok(in_basic_groups(user))
}

/// What the headers say.
struct Wanted<'a> {
    name: Option<&'a str>,
    groups: Vec<&'a str>,
    uid: Option<&'a str>,
    extras: Vec<(String, &'a str)>,
}

impl<'a> Wanted<'a> {
    fn read(headers: &'a HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let groups = headers.get_all(GROUP).iter();
        Self {
            name: text(USER).filter(|name| !name.is_empty()),
            groups: groups.filter_map(|value| value.to_str().ok()).collect(),
            uid: text(UID).filter(|uid| !uid.is_empty()),
            extras: extras(headers).collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.name.is_none()
            && self.groups.is_empty()
            && self.uid.is_none()
            && self.extras.is_empty()
    }

    /// Everything that this user is made of, in the order in which it is asked about.
    fn each_part(
        &self,
        name: &str,
        may: impl Fn(ResourceWish<'_>) -> Result<(), Status>,
    ) -> Result<(), Status> {
        let of_core = |resource, namespace, name| ResourceWish {
            resource,
            namespace,
            name,
            ..ResourceWish::default()
        };
        may(match account(name) {
            Some((namespace, name)) => of_core("serviceaccounts", namespace, name),
            None => of_core("users", "", name),
        })?;
        for name in &self.groups {
            may(of_core("groups", "", name))?;
        }
        let of_authentication = |resource, subresource, name| ResourceWish {
            group: AUTHENTICATION,
            resource,
            subresource,
            name,
            ..ResourceWish::default()
        };
        for (key, value) in &self.extras {
            may(of_authentication("userextras", key, value))?;
        }
        match self.uid {
            Some(uid) => may(of_authentication("uids", "", uid)),
            None => Ok(()),
        }
    }
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
