//! The kinds of the External Secrets Operator (`external-secrets.io`) and of the controller before it
//! (`kubernetes-client.io`). What stands in `spec` and `status` is theirs to judge: it is kept as it is.

use super::Kind;
use super::meta::OPEN;

pub(super) const EXTERNAL_SECRET: Kind = Kind {
    group: "external-secrets.io",
    version: "v1",
    kind: "ExternalSecret",
    resource: "externalsecrets",
    singular: "externalsecret",
    short_names: &["es"],
    categories: &["external-secrets"],
    namespaced: true,
    custom: true,
    listed_only: false,
    status: true,
    schema: &OPEN,
};

pub(super) const SECRET_STORE: Kind = Kind {
    kind: "SecretStore",
    resource: "secretstores",
    singular: "secretstore",
    short_names: &["ss"],
    ..EXTERNAL_SECRET
};

pub(super) const CLUSTER_SECRET_STORE: Kind = Kind {
    kind: "ClusterSecretStore",
    resource: "clustersecretstores",
    singular: "clustersecretstore",
    short_names: &["css"],
    namespaced: false,
    ..EXTERNAL_SECRET
};

pub(super) const EXTERNAL_SECRET_BETA: Kind = Kind {
    version: "v1beta1",
    ..EXTERNAL_SECRET
};

pub(super) const SECRET_STORE_BETA: Kind = Kind {
    version: "v1beta1",
    ..SECRET_STORE
};

pub(super) const CLUSTER_SECRET_STORE_BETA: Kind = Kind {
    version: "v1beta1",
    ..CLUSTER_SECRET_STORE
};

pub(super) const OLD_EXTERNAL_SECRET: Kind = Kind {
    group: "kubernetes-client.io",
    categories: &[],
    ..EXTERNAL_SECRET
};
