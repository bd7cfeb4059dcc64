//! The kinds of questions, and what they may hold.

use super::super::kinds::{Kind, META};
use super::super::schema::ListType::Atomic;
use super::super::schema::{Schema, Struct, field, shown, telling};

const TEXT: Schema = Schema::Text;
const TEXTS: Schema = Schema::List(&TEXT, Atomic);
const EXTRA: Schema = Schema::Map(&TEXTS);

pub(super) const TOKEN_REQUEST: Kind = Kind {
    kind: "TokenRequest",
    resource: "serviceaccounts",
    singular: "tokenrequest",
    namespaced: true,
    schema: &TOKEN_REQUEST_STRUCT,
    ..TOKEN_REVIEW
};

const TOKEN_REVIEW: Kind = Kind {
    group: "authentication.k8s.io",
    version: "v1",
    kind: "TokenReview",
    resource: "tokenreviews",
    singular: "tokenreview",
    short_names: &[],
    categories: &[],
    namespaced: false,
    custom: false,
    listed_only: false,
    status: false,
    schema: &TOKEN_REVIEW_STRUCT,
};

pub(super) const REVIEWS: [Kind; 6] = [
    TOKEN_REVIEW,
    Kind {
        kind: "SelfSubjectReview",
        resource: "selfsubjectreviews",
        singular: "selfsubjectreview",
        schema: &SELF_STRUCT,
        ..TOKEN_REVIEW
    },
    Kind {
        kind: "SubjectAccessReview",
        resource: "subjectaccessreviews",
        singular: "subjectaccessreview",
        schema: &ACCESS_STRUCT,
        ..SELF_ACCESS
    },
    SELF_ACCESS,
    Kind {
        kind: "LocalSubjectAccessReview",
        resource: "localsubjectaccessreviews",
        singular: "localsubjectaccessreview",
        namespaced: true,
        schema: &LOCAL_ACCESS_STRUCT,
        ..SELF_ACCESS
    },
    Kind {
        kind: "SelfSubjectRulesReview",
        resource: "selfsubjectrulesreviews",
        singular: "selfsubjectrulesreview",
        schema: &RULES_STRUCT,
        ..SELF_ACCESS
    },
];

const SELF_ACCESS: Kind = Kind {
    group: "authorization.k8s.io",
    kind: "SelfSubjectAccessReview",
    resource: "selfsubjectaccessreviews",
    singular: "selfsubjectaccessreview",
    schema: &SELF_ACCESS_STRUCT,
    ..TOKEN_REVIEW
};

macro_rules! question {
    ($name:literal, $spec:expr, $status:expr) => {
        Struct {
            name: concat!("v1.", $name),
            fields: &[
                field("kind", TEXT),
                field("apiVersion", TEXT),
                field("metadata", META),
                shown("spec", $spec),
                shown("status", $status),
            ],
            atomic: false,
        }
    };
}

static TOKEN_REQUEST_STRUCT: Struct = question!(
    "TokenRequest",
    Schema::Struct(&TOKEN_REQUEST_SPEC),
    Schema::Struct(&TOKEN_REQUEST_STATUS)
);
static TOKEN_REVIEW_STRUCT: Struct = question!(
    "TokenReview",
    Schema::Struct(&TOKEN_REVIEW_SPEC),
    Schema::Struct(&TOKEN_REVIEW_STATUS)
);
static ACCESS_STRUCT: Struct = question!(
    "SubjectAccessReview",
    Schema::Struct(&ACCESS_SPEC),
    Schema::Struct(&ACCESS_STATUS)
);
static LOCAL_ACCESS_STRUCT: Struct = question!(
    "LocalSubjectAccessReview",
    Schema::Struct(&ACCESS_SPEC),
    Schema::Struct(&ACCESS_STATUS)
);
static SELF_ACCESS_STRUCT: Struct = question!(
    "SelfSubjectAccessReview",
    Schema::Struct(&SELF_ACCESS_SPEC),
    Schema::Struct(&ACCESS_STATUS)
);
static RULES_STRUCT: Struct = question!(
    "SelfSubjectRulesReview",
    Schema::Struct(&RULES_SPEC),
    Schema::Anything
);

static TOKEN_REQUEST_STATUS: Struct = Struct {
    name: "v1.TokenRequestStatus",
    fields: &[
        shown("token", TEXT),
        shown("expirationTimestamp", Schema::Time),
    ],
    atomic: false,
};

static TOKEN_REVIEW_STATUS: Struct = Struct {
    name: "v1.TokenReviewStatus",
    fields: &[
        field("authenticated", Schema::Boolean),
        shown("user", Schema::Struct(&USER_INFO)),
        field("audiences", TEXTS),
        field("error", TEXT),
    ],
    atomic: false,
};

static USER_INFO: Struct = Struct {
    name: "v1.UserInfo",
    fields: &[
        field("username", TEXT),
        field("uid", TEXT),
        field("groups", TEXTS),
        field("extra", EXTRA),
    ],
    atomic: false,
};

static ACCESS_STATUS: Struct = Struct {
    name: "v1.SubjectAccessReviewStatus",
    fields: &[
        shown("allowed", Schema::Boolean),
        field("denied", Schema::Boolean),
        field("reason", TEXT),
        field("evaluationError", TEXT),
    ],
    atomic: false,
};

static SELF_STRUCT: Struct = Struct {
    name: "v1.SelfSubjectReview",
    fields: &[
        field("kind", TEXT),
        field("apiVersion", TEXT),
        field("metadata", META),
        field("status", Schema::Anything),
    ],
    atomic: false,
};

static TOKEN_REQUEST_SPEC: Struct = Struct {
    name: "v1.TokenRequestSpec",
    fields: &[
        shown("audiences", TEXTS),
        telling("expirationSeconds", Schema::Integer(64)),
        telling("boundObjectRef", Schema::Struct(&BOUND_REFERENCE)),
    ],
    atomic: false,
};

static BOUND_REFERENCE: Struct = Struct {
    name: "v1.BoundObjectReference",
    fields: &[
        field("kind", TEXT),
        field("apiVersion", TEXT),
        field("name", TEXT),
        field("uid", Schema::Named("types.UID")),
    ],
    atomic: false,
};

static TOKEN_REVIEW_SPEC: Struct = Struct {
    name: "v1.TokenReviewSpec",
    fields: &[field("token", TEXT), field("audiences", TEXTS)],
    atomic: false,
};

static ACCESS_SPEC: Struct = Struct {
    name: "v1.SubjectAccessReviewSpec",
    fields: &[
        telling("resourceAttributes", Schema::Struct(&RESOURCE)),
        telling("nonResourceAttributes", Schema::Struct(&PATH)),
        field("user", TEXT),
        field("groups", TEXTS),
        field("extra", EXTRA),
        field("uid", TEXT),
    ],
    atomic: false,
};

static SELF_ACCESS_SPEC: Struct = Struct {
    name: "v1.SelfSubjectAccessReviewSpec",
    fields: &[
        telling("resourceAttributes", Schema::Struct(&RESOURCE)),
        telling("nonResourceAttributes", Schema::Struct(&PATH)),
    ],
    atomic: false,
};

static RULES_SPEC: Struct = Struct {
    name: "v1.SelfSubjectRulesReviewSpec",
    fields: &[field("namespace", TEXT)],
    atomic: false,
};

static RESOURCE: Struct = Struct {
    name: "v1.ResourceAttributes",
    fields: &[
        field("namespace", TEXT),
        field("verb", TEXT),
        field("group", TEXT),
        field("version", TEXT),
        field("resource", TEXT),
        field("subresource", TEXT),
        field("name", TEXT),
        telling("fieldSelector", Schema::Struct(&FIELD_SELECTOR)),
        telling("labelSelector", Schema::Struct(&LABEL_SELECTOR)),
    ],
    atomic: false,
};

static PATH: Struct = Struct {
    name: "v1.NonResourceAttributes",
    fields: &[field("path", TEXT), field("verb", TEXT)],
    atomic: false,
};

static FIELD_SELECTOR: Struct = Struct {
    name: "v1.FieldSelectorAttributes",
    fields: SELECTOR_FIELDS,
    atomic: false,
};

static LABEL_SELECTOR: Struct = Struct {
    name: "v1.LabelSelectorAttributes",
    fields: SELECTOR_FIELDS,
    atomic: false,
};

const REQUIREMENTS: Schema = Schema::List(&Schema::Struct(&REQUIREMENT), Atomic);

const SELECTOR_FIELDS: &[super::super::schema::Field] = &[
    field("rawSelector", TEXT),
    field("requirements", REQUIREMENTS),
];

static REQUIREMENT: Struct = Struct {
    name: "v1.LabelSelectorRequirement",
    fields: &[
        shown("key", TEXT),
        shown("operator", TEXT),
        field("values", TEXTS),
    ],
    atomic: false,
};
