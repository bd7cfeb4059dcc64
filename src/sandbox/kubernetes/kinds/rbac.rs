//! Roles and bindings.

use super::super::schema::ListType::Atomic;
use super::super::schema::{Field, Schema, Struct, field, shown, telling};
use super::Kind;
use super::meta::{LABEL_SELECTOR, META, TEXT, TEXTS};

const RBAC: Kind = Kind {
    group: "rbac.authorization.k8s.io",
    version: "v1",
    kind: "",
    resource: "",
    singular: "",
    short_names: &[],
    categories: &[],
    namespaced: true,
    custom: false,
    listed_only: false,
    status: false,
    schema: &ROLE_STRUCT,
};

pub(super) const CLUSTER_ROLE: Kind = Kind {
    kind: "ClusterRole",
    resource: "clusterroles",
    singular: "clusterrole",
    namespaced: false,
    schema: &CLUSTER_ROLE_STRUCT,
    ..RBAC
};

pub(super) const ROLE: Kind = Kind {
    kind: "Role",
    resource: "roles",
    singular: "role",
    ..RBAC
};

pub(super) const CLUSTER_ROLE_BINDING: Kind = Kind {
    kind: "ClusterRoleBinding",
    resource: "clusterrolebindings",
    singular: "clusterrolebinding",
    namespaced: false,
    schema: &CLUSTER_ROLE_BINDING_STRUCT,
    ..RBAC
};

pub(super) const ROLE_BINDING: Kind = Kind {
    kind: "RoleBinding",
    resource: "rolebindings",
    singular: "rolebinding",
    schema: &ROLE_BINDING_STRUCT,
    ..RBAC
};

const RULES: Schema = Schema::List(&Schema::Struct(&POLICY_RULE), Atomic);
const ROLE_REFERENCE: Schema = Schema::Struct(&ROLE_REFERENCE_STRUCT);
const SUBJECTS: Schema = Schema::List(&Schema::Struct(&SUBJECT), Atomic);

static CLUSTER_ROLE_STRUCT: Struct = Struct {
    name: "v1.ClusterRole",
    fields: &[
        field("kind", TEXT),
        field("apiVersion", TEXT),
        shown("metadata", META),
        shown("rules", RULES),
        telling("aggregationRule", Schema::Struct(&AGGREGATION_RULE)),
    ],
    atomic: false,
};

static AGGREGATION_RULE: Struct = Struct {
    name: "v1.AggregationRule",
    fields: &[field(
        "clusterRoleSelectors",
        Schema::List(&LABEL_SELECTOR, Atomic),
    )],
    atomic: false,
};

static ROLE_STRUCT: Struct = Struct {
    name: "v1.Role",
    fields: &[
        field("kind", TEXT),
        field("apiVersion", TEXT),
        shown("metadata", META),
        shown("rules", RULES),
    ],
    atomic: false,
};

static POLICY_RULE: Struct = Struct {
    name: "v1.PolicyRule",
    fields: &[
        shown("verbs", TEXTS),
        field("apiGroups", TEXTS),
        field("resources", TEXTS),
        field("resourceNames", TEXTS),
        field("nonResourceURLs", TEXTS),
    ],
    atomic: false,
};

static CLUSTER_ROLE_BINDING_STRUCT: Struct = Struct {
    name: "v1.ClusterRoleBinding",
    fields: BINDING_FIELDS,
    atomic: false,
};

static ROLE_BINDING_STRUCT: Struct = Struct {
    name: "v1.RoleBinding",
    fields: BINDING_FIELDS,
    atomic: false,
};

const BINDING_FIELDS: &[Field] = &[
    field("kind", TEXT),
    field("apiVersion", TEXT),
    shown("metadata", META),
    field("subjects", SUBJECTS),
    shown("roleRef", ROLE_REFERENCE),
];

static ROLE_REFERENCE_STRUCT: Struct = Struct {
    name: "v1.RoleRef",
    fields: &[
        shown("apiGroup", TEXT),
        shown("kind", TEXT),
        shown("name", TEXT),
    ],
    atomic: true,
};

static SUBJECT: Struct = Struct {
    name: "v1.Subject",
    fields: &[
        shown("kind", TEXT),
        field("apiGroup", TEXT),
        shown("name", TEXT),
        field("namespace", TEXT),
    ],
    atomic: true,
};
