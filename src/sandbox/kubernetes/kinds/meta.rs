//! What objects of every kind have, and shapes that several kinds share.

use super::super::schema::ListType::{Atomic, Map, Set};
use super::super::schema::{Schema, Struct, field, shown, telling};

pub(super) const TEXT: Schema = Schema::Text;
pub(super) const TEXTS: Schema = Schema::List(&TEXT, Atomic);
pub(super) const TEXT_MAP: Schema = Schema::Map(&TEXT);

pub(in super::super) const META: Schema = Schema::Struct(&OBJECT_META);

pub(in super::super) static OBJECT_META: Struct = Struct {
    name: "v1.ObjectMeta",
    fields: &[
        field("name", TEXT),
        field("generateName", TEXT),
        field("namespace", TEXT),
        field("selfLink", TEXT),
        field("uid", Schema::Named("types.UID")),
        field("resourceVersion", TEXT),
        field("generation", Schema::Integer(64)),
        telling("creationTimestamp", Schema::Time),
        telling("deletionTimestamp", Schema::Time),
        telling("deletionGracePeriodSeconds", Schema::Integer(64)),
        field("labels", TEXT_MAP),
        field("annotations", TEXT_MAP),
        field(
            "ownerReferences",
            Schema::List(&Schema::Struct(&OWNER_REFERENCE), Map("uid")),
        ),
        field("finalizers", Schema::List(&TEXT, Set)),
        field(
            "managedFields",
            Schema::List(&Schema::Struct(&MANAGED_FIELDS), Atomic),
        ),
    ],
    atomic: false,
};

static OWNER_REFERENCE: Struct = Struct {
    name: "v1.OwnerReference",
    fields: &[
        shown("apiVersion", TEXT),
        shown("kind", TEXT),
        shown("name", TEXT),
        shown("uid", Schema::Named("types.UID")),
        telling("controller", Schema::Boolean),
        telling("blockOwnerDeletion", Schema::Boolean),
    ],
    atomic: true,
};

static MANAGED_FIELDS: Struct = Struct {
    name: "v1.ManagedFieldsEntry",
    fields: &[
        field("manager", TEXT),
        field("operation", Schema::Named("v1.ManagedFieldsOperationType")),
        field("apiVersion", TEXT),
        telling("time", Schema::Time),
        field("fieldsType", TEXT),
        telling("fieldsV1", Schema::Anything),
        field("subresource", TEXT),
    ],
    atomic: false,
};

pub(super) const LABEL_SELECTOR: Schema = Schema::Struct(&LABEL_SELECTOR_STRUCT);

static LABEL_SELECTOR_STRUCT: Struct = Struct {
    name: "v1.LabelSelector",
    fields: &[
        field("matchLabels", TEXT_MAP),
        field(
            "matchExpressions",
            Schema::List(&Schema::Struct(&SELECTOR_REQUIREMENT), Atomic),
        ),
    ],
    atomic: true,
};

static SELECTOR_REQUIREMENT: Struct = Struct {
    name: "v1.LabelSelectorRequirement",
    fields: &[
        shown("key", TEXT),
        shown("operator", Schema::Named("v1.LabelSelectorOperator")),
        field("values", TEXTS),
    ],
    atomic: false,
};

/// An object of which only the frame is known: what stands in `spec` and `status` is kept as it is.
pub(super) static OPEN: Struct = Struct {
    name: "",
    fields: &[
        field("kind", TEXT),
        field("apiVersion", TEXT),
        shown("metadata", META),
        telling("spec", Schema::Anything),
        telling("status", Schema::Anything),
    ],
    atomic: false,
};
