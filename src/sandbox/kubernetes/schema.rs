//! What an object of a kind may hold, in the words of Kubernetes' structural schemas.
//!
//! One description for everything that must know the shape: what decodes, what is unknown, which lists and maps are merged by
//! key and which are replaced whole, and therefore which fields a manager can own.

/// The shape of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Schema {
    Text,
    Integer,
    Boolean,
    /// Text in base64.
    Bytes,
    /// Text in RFC 3339.
    Time,
    /// Anything, kept as it is: what a custom resource with `x-kubernetes-preserve-unknown-fields` takes.
    Anything,
    Struct(&'static Struct),
    /// Keys of any name.
    Map(&'static Schema),
    List(&'static Schema, ListType),
}

#[derive(Debug)]
pub(super) struct Struct {
    pub fields: &'static [(&'static str, Schema)],
    /// Owned whole, as `roleRef` is (`x-kubernetes-map-type: atomic`).
    pub atomic: bool,
}

/// `x-kubernetes-list-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListType {
    Atomic,
    Set,
    /// With the fields that tell one entry from another.
    Map(&'static [&'static str]),
}
