//! The core group's kinds, and Lease.

use super::super::schema::ListType::{Atomic, Map};
use super::super::schema::{Schema, Struct, field, shown, telling};
use super::Kind;
use super::meta::{META, TEXT, TEXT_MAP};

pub(super) const BUILT_IN: Kind = Kind {
    group: "",
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
    schema: &SECRET_STRUCT,
};

pub(super) const CONFIG_MAP: Kind = Kind {
    kind: "ConfigMap",
    resource: "configmaps",
    singular: "configmap",
    short_names: &["cm"],
    schema: &CONFIG_MAP_STRUCT,
    ..BUILT_IN
};

pub(super) const NAMESPACE: Kind = Kind {
    kind: "Namespace",
    resource: "namespaces",
    singular: "namespace",
    short_names: &["ns"],
    namespaced: false,
    status: true,
    schema: &NAMESPACE_STRUCT,
    ..BUILT_IN
};

pub(super) const SECRET: Kind = Kind {
    kind: "Secret",
    resource: "secrets",
    singular: "secret",
    schema: &SECRET_STRUCT,
    ..BUILT_IN
};

pub(super) const SERVICE_ACCOUNT: Kind = Kind {
    kind: "ServiceAccount",
    resource: "serviceaccounts",
    singular: "serviceaccount",
    short_names: &["sa"],
    schema: &SERVICE_ACCOUNT_STRUCT,
    ..BUILT_IN
};

pub(super) const LEASE: Kind = Kind {
    group: "coordination.k8s.io",
    kind: "Lease",
    resource: "leases",
    singular: "lease",
    schema: &LEASE_STRUCT,
    ..BUILT_IN
};

static CONFIG_MAP_STRUCT: Struct = Struct {
    name: "v1.ConfigMap",
    fields: &[
        field("kind", TEXT),
        field("apiVersion", TEXT),
        shown("metadata", META),
        telling("immutable", Schema::Boolean),
        field("data", TEXT_MAP),
        field("binaryData", Schema::Map(&Schema::Bytes)),
    ],
    atomic: false,
};

static SECRET_STRUCT: Struct = Struct {
    name: "v1.Secret",
    fields: &[
        field("kind", TEXT),
        field("apiVersion", TEXT),
        shown("metadata", META),
        telling("immutable", Schema::Boolean),
        field("data", Schema::Map(&Schema::Bytes)),
        field("stringData", TEXT_MAP),
        field("type", Schema::Named("v1.SecretType")),
    ],
    atomic: false,
};

static SERVICE_ACCOUNT_STRUCT: Struct = Struct {
    name: "v1.ServiceAccount",
    fields: &[
        field("kind", TEXT),
        field("apiVersion", TEXT),
        shown("metadata", META),
        field(
            "secrets",
            Schema::List(&Schema::Struct(&OBJECT_REFERENCE), Map("name")),
        ),
        field(
            "imagePullSecrets",
            Schema::List(&Schema::Struct(&LOCAL_REFERENCE), Atomic),
        ),
        telling("automountServiceAccountToken", Schema::Boolean),
    ],
    atomic: false,
};

static OBJECT_REFERENCE: Struct = Struct {
    name: "v1.ObjectReference",
    fields: &[
        field("kind", TEXT),
        field("namespace", TEXT),
        field("name", TEXT),
        field("uid", Schema::Named("types.UID")),
        field("apiVersion", TEXT),
        field("resourceVersion", TEXT),
        field("fieldPath", TEXT),
    ],
    atomic: true,
};

static LOCAL_REFERENCE: Struct = Struct {
    name: "v1.LocalObjectReference",
    fields: &[field("name", TEXT)],
    atomic: true,
};

static NAMESPACE_STRUCT: Struct = Struct {
    name: "v1.Namespace",
    fields: &[
        field("kind", TEXT),
        field("apiVersion", TEXT),
        shown("metadata", META),
        shown("spec", Schema::Struct(&NAMESPACE_SPEC)),
        shown("status", Schema::Struct(&NAMESPACE_STATUS)),
    ],
    atomic: false,
};

static NAMESPACE_SPEC: Struct = Struct {
    name: "v1.NamespaceSpec",
    fields: &[field(
        "finalizers",
        Schema::List(&Schema::Named("v1.FinalizerName"), Atomic),
    )],
    atomic: false,
};

static NAMESPACE_STATUS: Struct = Struct {
    name: "v1.NamespaceStatus",
    fields: &[
        field("phase", Schema::Named("v1.NamespacePhase")),
        field(
            "conditions",
            Schema::List(&Schema::Struct(&NAMESPACE_CONDITION), Map("type")),
        ),
    ],
    atomic: false,
};

static NAMESPACE_CONDITION: Struct = Struct {
    name: "v1.NamespaceCondition",
    fields: &[
        shown("type", Schema::Named("v1.NamespaceConditionType")),
        shown("status", Schema::Named("v1.ConditionStatus")),
        shown("lastTransitionTime", Schema::Time),
        field("reason", TEXT),
        field("message", TEXT),
    ],
    atomic: false,
};

static LEASE_STRUCT: Struct = Struct {
    name: "v1.Lease",
    fields: &[
        field("kind", TEXT),
        field("apiVersion", TEXT),
        shown("metadata", META),
        shown("spec", Schema::Struct(&LEASE_SPEC)),
    ],
    atomic: false,
};

static LEASE_SPEC: Struct = Struct {
    name: "v1.LeaseSpec",
    fields: &[
        telling("holderIdentity", TEXT),
        telling("leaseDurationSeconds", Schema::Integer(32)),
        telling("acquireTime", Schema::MicroTime),
        telling("renewTime", Schema::MicroTime),
        telling("leaseTransitions", Schema::Integer(32)),
        telling("strategy", Schema::Named("v1.CoordinatedLeaseStrategy")),
        telling("preferredHolder", TEXT),
    ],
    atomic: false,
};
