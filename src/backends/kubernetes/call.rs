//! One request to a cluster, before it is sent.

use crate::backends::Deed;
use bytes::Bytes;
use http::Method;

pub(super) const JSON: &str = "application/json";
pub(super) const APPLY: &str = "application/apply-patch+yaml";
/// Metadata instead of the object: what makes an answer about a Secret hold no value.
pub(super) const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
pub(super) const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// A request.
#[derive(Clone)]
pub(super) struct Call {
    /// For messages: `read Secret shop/mail`.
    pub(super) what: String,
    pub(super) method: Method,
    /// Path and query.
    pub(super) path: String,
    pub(super) accept: &'static str,
    pub(super) content_type: &'static str,
    pub(super) body: Bytes,
    pub(super) writes: bool,
    /// The body holds values, which the server's sentences may repeat.
    pub(super) confidential: bool,
}

impl Call {
    /// As it is counted.
    pub(super) fn deed(&self) -> Deed {
        match (self.writes, self.path.ends_with("/token")) {
            (_, true) => Deed::LogIn,
            (true, false) => Deed::Write,
            (false, false) => Deed::Read,
        }
    }

    pub(super) fn get(
        what: impl Into<String>,
        path: impl Into<String>,
        accept: &'static str,
    ) -> Self {
        Self {
            what: what.into(),
            method: Method::GET,
            path: path.into(),
            accept,
            content_type: JSON,
            body: Bytes::new(),
            writes: false,
            confidential: false,
        }
    }
}
