//! The roles and bindings that every cluster has from its start.
//!
//! `admin`, `edit` and `view` hold what the controller that aggregates roles would have put there. Absent: the roles of the
//! control plane's own components, nodes and controllers, since none of these run here.

use super::super::discovery::VERSION;
use super::super::fields::{self, Manager};
use super::super::kinds::KINDS;
use super::super::metadata::moment;
use super::super::store::{Key, Store};
use super::GROUP;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// `create delete …`, as the real ones list them: in order.
const WRITE: &str = "create delete deletecollection patch update";
const READ: &str = "get list watch";
const READ_WRITE: &str = "create delete deletecollection get list patch update watch";

/// Words are separated by spaces.
enum Rule {
    Of {
        verbs: &'static str,
        group: &'static str,
        resources: &'static str,
    },
    /// `get` of paths.
    Paths(&'static str),
    Everything,
    EveryPath,
}

const fn rule(verbs: &'static str, group: &'static str, resources: &'static str) -> Rule {
    Rule::Of {
        verbs,
        group,
        resources,
    }
}

struct Role {
    name: &'static str,
    /// Its rules are part of this role's.
    part_of: Option<&'static str>,
    rules: &'static [Rule],
    /// The groups that a binding of the same name gives it to.
    groups: &'static [&'static str],
}

const ROLES: [Role; 10] = [
    Role {
        name: "cluster-admin",
        part_of: None,
        rules: &[Rule::Everything, Rule::EveryPath],
        groups: &["system:masters"],
    },
    Role {
        name: "system:discovery",
        part_of: None,
        rules: &[Rule::Paths(
            "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/",
        )],
        groups: &["system:authenticated"],
    },
    Role {
        name: "system:monitoring",
        part_of: None,
        rules: &[
            Rule::Paths(
                "/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*",
            ),
            rule("get", "", "nodes/metrics"),
        ],
        groups: &["system:monitoring"],
    },
    Role {
        name: "system:basic-user",
        part_of: None,
        rules: &[
            rule(
                "create",
                "authorization.k8s.io",
                "selfsubjectaccessreviews selfsubjectrulesreviews",
            ),
            rule("create", "authentication.k8s.io", "selfsubjectreviews"),
        ],
        groups: &["system:authenticated"],
    },
    Role {
        name: "system:public-info-viewer",
        part_of: None,
        rules: &[Rule::Paths("/healthz /livez /readyz /version /version/")],
        groups: &["system:authenticated", "system:unauthenticated"],
    },
    Role {
        name: "system:auth-delegator",
        part_of: None,
        rules: &[
            rule("create", "authentication.k8s.io", "tokenreviews"),
            rule("create", "authorization.k8s.io", "subjectaccessreviews"),
        ],
        groups: &[],
    },
    Role {
        name: "system:service-account-issuer-discovery",
        part_of: None,
        rules: &[Rule::Paths(
            "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/",
        )],
        groups: &["system:serviceaccounts"],
    },
    Role {
        name: "system:aggregate-to-admin",
        part_of: Some("admin"),
        rules: ADMIN,
        groups: &[],
    },
    Role {
        name: "system:aggregate-to-edit",
        part_of: Some("edit"),
        rules: EDIT,
        groups: &[],
    },
    Role {
        name: "system:aggregate-to-view",
        part_of: Some("view"),
        rules: VIEW,
        groups: &[],
    },
];

/// Name, the role it is part of, and the rules in the order of the roles that they come from.
const AGGREGATED: [(&str, Option<&str>, &[&[Rule]]); 3] = [
    ("admin", None, &[EDIT, VIEW, ADMIN]),
    ("edit", Some("admin"), &[EDIT, VIEW]),
    ("view", Some("edit"), &[VIEW]),
];

const ADMIN: &[Rule] = &[
    rule(
        "create",
        "authorization.k8s.io",
        "localsubjectaccessreviews",
    ),
    rule(READ_WRITE, GROUP, "rolebindings roles"),
];

const EDIT: &[Rule] = &[
    rule(
        READ,
        "",
        "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy",
    ),
    rule("impersonate", "", "serviceaccounts"),
    rule(
        WRITE,
        "",
        "pods pods/attach pods/exec pods/portforward pods/proxy",
    ),
    rule("create", "", "pods/eviction"),
    rule(
        WRITE,
        "",
        "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy",
    ),
    rule("create", "", "serviceaccounts/token"),
    rule(
        WRITE,
        "apps",
        "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale",
    ),
    rule(WRITE, "autoscaling", "horizontalpodautoscalers"),
    rule(WRITE, "batch", "cronjobs jobs"),
    rule(
        WRITE,
        "extensions",
        "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale",
    ),
    rule(WRITE, "policy", "poddisruptionbudgets"),
    rule(WRITE, "networking.k8s.io", "ingresses networkpolicies"),
    rule(READ_WRITE, "coordination.k8s.io", "leases"),
    rule(
        WRITE,
        "resource.k8s.io",
        "resourceclaims resourceclaimtemplates",
    ),
];

const VIEW: &[Rule] = &[
    rule(
        READ,
        "",
        "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
    ),
    rule(
        READ,
        "",
        "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status",
    ),
    rule(READ, "", "namespaces"),
    rule(READ, "discovery.k8s.io", "endpointslices"),
    rule(
        READ,
        "apps",
        "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status",
    ),
    rule(
        READ,
        "autoscaling",
        "horizontalpodautoscalers horizontalpodautoscalers/status",
    ),
    rule(READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
    rule(
        READ,
        "extensions",
        "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale",
    ),
    rule(
        READ,
        "policy",
        "poddisruptionbudgets poddisruptionbudgets/status",
    ),
    rule(
        READ,
        "networking.k8s.io",
        "ingresses ingresses/status networkpolicies",
    ),
    rule(
        READ,
        "resource.k8s.io",
        "resourceclaims resourceclaims/status resourceclaimtemplates",
    ),
];

/// Puts them into the store of a new cluster.
pub(in super::super) fn begin(store: &mut Store, now: Timestamp) {
    let manager = Manager {
        name: format!("kube-apiserver-{VERSION}"),
        subresource: None,
        force: false,
        now,
    };
    for mut object in objects() {
        let kind = KINDS
            .iter()
            .find(|kind| kind.group == GROUP && object["kind"] == kind.kind);
        let Some(kind) = kind else { continue };
        // What is aggregated is the controller's, and not the server's own.
        let aggregated = object.get("aggregationRule").is_some();
        let rules = object["rules"].clone();
        if aggregated {
            object["rules"] = Value::Null;
        }
        fields::updated(kind, None, &mut object, &manager);
        if aggregated {
            object["rules"] = rules;
        }
        object["metadata"]["uid"] = Uuid::new_v4().to_string().into();
        object["metadata"]["creationTimestamp"] = moment(now).into();
        store.put(Key::of(kind, &object), object);
    }
}

fn objects() -> Vec<Value> {
    let roles = ROLES.iter().map(|role| {
        let rules: Vec<Value> = role.rules.iter().map(Rule::to_json).collect();
        json!({
            "kind": "ClusterRole",
            "apiVersion": API_VERSION,
            "metadata": metadata(role.name, role.part_of),
            "rules": rules,
        })
    });
    let aggregated = AGGREGATED.iter().map(|(name, part_of, parts)| {
        let all: Vec<Value> = parts.iter().copied().flatten().map(Rule::to_json).collect();
        let label = label(name);
        json!({
            "kind": "ClusterRole",
            "apiVersion": API_VERSION,
            "metadata": metadata(name, *part_of),
            "rules": all,
            "aggregationRule": { "clusterRoleSelectors": [{ "matchLabels": { label: "true" } }] },
        })
    });
    let bound = ROLES.iter().filter(|role| !role.groups.is_empty());
    roles.chain(aggregated).chain(bound.map(binding)).collect()
}

const API_VERSION: &str = "rbac.authorization.k8s.io/v1";

fn binding(role: &Role) -> Value {
    let subject = |group: &&str| json!({ "kind": "Group", "apiGroup": GROUP, "name": group });
    let subjects: Vec<Value> = role.groups.iter().map(subject).collect();
    json!({
        "kind": "ClusterRoleBinding",
        "apiVersion": API_VERSION,
        "metadata": metadata(role.name, None),
        "subjects": subjects,
        "roleRef": { "apiGroup": GROUP, "kind": "ClusterRole", "name": role.name },
    })
}

fn metadata(name: &str, part_of: Option<&str>) -> Value {
    let mut labels = Map::new();
    labels.insert(
        "kubernetes.io/bootstrapping".to_owned(),
        "rbac-defaults".into(),
    );
    if let Some(role) = part_of {
        labels.insert(label(role), "true".into());
    }
    json!({
        "name": name,
        "labels": labels,
        "annotations": { "rbac.authorization.kubernetes.io/autoupdate": "true" },
    })
}

fn label(role: &str) -> String {
    format!("{GROUP}/aggregate-to-{role}")
}

impl Rule {
    fn to_json(&self) -> Value {
        let words = |text: &'static str| text.split(' ').collect::<Vec<_>>();
        match self {
            Self::Everything => json!({ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }),
            Self::EveryPath => json!({ "verbs": ["*"], "nonResourceURLs": ["*"] }),
            Self::Paths(paths) => json!({ "verbs": ["get"], "nonResourceURLs": words(paths) }),
            Self::Of {
                verbs,
                group,
                resources,
            } => json!({
                "verbs": words(verbs),
                "apiGroups": [group],
                "resources": words(resources),
            }),
        }
    }
}
