//! The objects that are questions: `TokenReview`, `SubjectAccessReview` and its kin, `SelfSubjectReview`, and the
//! `token` of a service account. Nothing of them is stored.

use super::authn::Credentials;
use super::request::{Attributes, User};
use super::status::Status;
use super::store::Store;
use jiff::Timestamp;
use serde_json::Value;

/// The answer, or `None` where the path is not one of these (`wanted.verb` is `create`).
pub(super) fn answer(
    _credentials: &Credentials,
    _store: &Store,
    _user: &User,
    _wanted: &Attributes,
    _body: &Value,
    _now: Timestamp,
) -> Option<Result<Value, Status>> {
    None
}
