//! Who asks: the tokens that a cluster knows from its start, its service accounts' tokens, and impersonation.

use super::request::User;
use super::status::Status;
use super::store::Store;
use axum::http::HeaderMap;
use jiff::Timestamp;

/// What a cluster knows callers by, apart from its objects.
#[derive(Debug)]
pub(super) struct Credentials {
    /// Bearer token and whose it is, as `--token-auth-file` has it.
    pub known: Vec<(String, User)>,
}

impl Credentials {
    /// `system:anonymous` without a token; a token that is not good is a 401.
    pub(super) fn identify(
        &self,
        _headers: &HeaderMap,
        _store: &Store,
        _now: Timestamp,
    ) -> Result<User, Status> {
        Err(Status::new(401, "Unauthorized", "Unauthorized"))
    }
}
