//! What an object of a kind may hold, in the words of Kubernetes' structural schemas.
//!
//! One description for everything that must know the shape: what decodes, what is unknown, which lists and maps are merged by
//! key and which are replaced whole, and therefore which fields a manager can own.

/// The shape of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Schema {
    Text,
    /// Text of a type that messages name: `types.UID`.
    Named(&'static str),
    /// Of so many bits.
    Integer(u8),
    Boolean,
    /// Text in base64.
    Bytes,
    /// Text in RFC 3339.
    Time,
    /// With microseconds.
    MicroTime,
    /// Anything, kept as it is: what a custom resource with `x-kubernetes-preserve-unknown-fields` takes.
    Anything,
    Struct(&'static Struct),
    /// Keys of any name.
    Map(&'static Self),
    List(&'static Self, ListType),
}

#[derive(Debug)]
pub(super) struct Struct {
    /// As messages name it: `v1.ObjectMeta`.
    pub name: &'static str,
    pub fields: &'static [Field],
    /// Owned whole, as `roleRef` is (`x-kubernetes-map-type: atomic`).
    pub atomic: bool,
}

#[derive(Debug)]
pub(super) struct Field {
    pub name: &'static str,
    pub schema: Schema,
    pub empty: Empty,
}

/// What becomes of a field that holds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Empty {
    /// It is left out.
    Omitted,
    /// It is there all the same: `rules: null`.
    Shown,
    /// Nothing at all is left out, but `0`, `false` and `{}` are something.
    Telling,
}

/// `x-kubernetes-list-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListType {
    Atomic,
    Set,
    /// With the field that tells one entry from another.
    Map(&'static str),
}

impl Struct {
    pub(super) fn field(&self, name: &str) -> Option<&'static Schema> {
        let found = self.fields.iter().find(|field| field.name == name);
        found.map(|field| &field.schema)
    }
}

pub(super) const fn field(name: &'static str, schema: Schema) -> Field {
    let empty = Empty::Omitted;
    Field {
        name,
        schema,
        empty,
    }
}

pub(super) const fn shown(name: &'static str, schema: Schema) -> Field {
    let empty = Empty::Shown;
    Field {
        name,
        schema,
        empty,
    }
}

pub(super) const fn telling(name: &'static str, schema: Schema) -> Field {
    let empty = Empty::Telling;
    Field {
        name,
        schema,
        empty,
    }
}
