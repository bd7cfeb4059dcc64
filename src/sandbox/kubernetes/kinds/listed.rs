//! Kinds of what does not run in a sandbox: pods, what makes them, and what is told of them. People and their command
//! lines ask for them all the same (`kubectl get all`, `describe`, `cluster-info`, a role that names them), so they are
//! known, and there is never one. `kubectl apply --prune` asks for some of them too.

use super::Kind;
use super::core::BUILT_IN;
use super::meta::OPEN;

const LISTED: Kind = Kind {
    listed_only: true,
    schema: &OPEN,
    ..BUILT_IN
};

/// What makes pods, and can be scaled.
const WORKLOAD: Kind = Kind {
    group: "apps",
    categories: &["all"],
    status: true,
    ..LISTED
};

pub(super) const ENDPOINTS: Kind = Kind {
    kind: "Endpoints",
    resource: "endpoints",
    singular: "endpoints",
    short_names: &["ep"],
    ..LISTED
};

pub(super) const EVENT: Kind = Kind {
    kind: "Event",
    resource: "events",
    singular: "event",
    short_names: &["ev"],
    ..LISTED
};

pub(super) const LIMIT_RANGE: Kind = Kind {
    kind: "LimitRange",
    resource: "limitranges",
    singular: "limitrange",
    short_names: &["limits"],
    ..LISTED
};

pub(super) const NODE: Kind = Kind {
    kind: "Node",
    resource: "nodes",
    singular: "node",
    short_names: &["no"],
    namespaced: false,
    status: true,
    ..LISTED
};

pub(super) const PERSISTENT_VOLUME_CLAIM: Kind = Kind {
    kind: "PersistentVolumeClaim",
    resource: "persistentvolumeclaims",
    singular: "persistentvolumeclaim",
    short_names: &["pvc"],
    status: true,
    ..LISTED
};

pub(super) const PERSISTENT_VOLUME: Kind = Kind {
    kind: "PersistentVolume",
    resource: "persistentvolumes",
    singular: "persistentvolume",
    short_names: &["pv"],
    namespaced: false,
    status: true,
    ..LISTED
};

pub(super) const POD: Kind = Kind {
    kind: "Pod",
    resource: "pods",
    singular: "pod",
    short_names: &["po"],
    categories: &["all"],
    status: true,
    ..LISTED
};

pub(super) const REPLICATION_CONTROLLER: Kind = Kind {
    group: "",
    kind: "ReplicationController",
    resource: "replicationcontrollers",
    singular: "replicationcontroller",
    short_names: &["rc"],
    ..WORKLOAD
};

pub(super) const RESOURCE_QUOTA: Kind = Kind {
    kind: "ResourceQuota",
    resource: "resourcequotas",
    singular: "resourcequota",
    short_names: &["quota"],
    status: true,
    ..LISTED
};

pub(super) const SERVICE: Kind = Kind {
    kind: "Service",
    resource: "services",
    singular: "service",
    short_names: &["svc"],
    categories: &["all"],
    status: true,
    ..LISTED
};

pub(super) const DAEMON_SET: Kind = Kind {
    kind: "DaemonSet",
    resource: "daemonsets",
    singular: "daemonset",
    short_names: &["ds"],
    ..WORKLOAD
};

pub(super) const DEPLOYMENT: Kind = Kind {
    kind: "Deployment",
    resource: "deployments",
    singular: "deployment",
    short_names: &["deploy"],
    ..WORKLOAD
};

pub(super) const REPLICA_SET: Kind = Kind {
    kind: "ReplicaSet",
    resource: "replicasets",
    singular: "replicaset",
    short_names: &["rs"],
    ..WORKLOAD
};

pub(super) const STATEFUL_SET: Kind = Kind {
    kind: "StatefulSet",
    resource: "statefulsets",
    singular: "statefulset",
    short_names: &["sts"],
    ..WORKLOAD
};

pub(super) const CRON_JOB: Kind = Kind {
    group: "batch",
    kind: "CronJob",
    resource: "cronjobs",
    singular: "cronjob",
    short_names: &["cj"],
    ..WORKLOAD
};

pub(super) const JOB: Kind = Kind {
    group: "batch",
    kind: "Job",
    resource: "jobs",
    singular: "job",
    ..WORKLOAD
};

pub(super) const INGRESS: Kind = Kind {
    group: "networking.k8s.io",
    kind: "Ingress",
    resource: "ingresses",
    singular: "ingress",
    short_names: &["ing"],
    status: true,
    ..LISTED
};

/// A subresource besides `status`: its name, the group and version of its kind where that is of another, its kind, verbs.
pub(in super::super) type Below = (
    &'static str,
    Option<(&'static str, &'static str)>,
    &'static str,
    &'static [&'static str],
);

const CHANGED: &[&str] = &["get", "patch", "update"];
const CONNECTED: &[&str] = &["create", "get"];
const PASSED_ON: &[&str] = &["create", "delete", "get", "patch", "update"];

const SCALE: Below = ("scale", Some(("autoscaling", "v1")), "Scale", CHANGED);

const OF_PODS: &[Below] = &[
    ("attach", None, "PodAttachOptions", CONNECTED),
    ("binding", None, "Binding", &["create"]),
    ("ephemeralcontainers", None, "Pod", CHANGED),
    ("eviction", Some(("policy", "v1")), "Eviction", &["create"]),
    ("exec", None, "PodExecOptions", CONNECTED),
    ("log", None, "Pod", &["get"]),
    ("portforward", None, "PodPortForwardOptions", CONNECTED),
    ("proxy", None, "PodProxyOptions", PASSED_ON),
    ("resize", None, "Pod", CHANGED),
];

pub(in super::super) fn below(kind: &Kind) -> &'static [Below] {
    match kind.resource {
        "pods" => OF_PODS,
        "nodes" => &[("proxy", None, "NodeProxyOptions", PASSED_ON)],
        "services" => &[("proxy", None, "ServiceProxyOptions", PASSED_ON)],
        "deployments" | "replicasets" | "replicationcontrollers" | "statefulsets" => &[SCALE],
        _ => &[],
    }
}

/// What is said with every answer about a kind that is on its way out.
pub(in super::super) fn deprecation(kind: &Kind) -> Option<&'static str> {
    (kind.resource == "endpoints")
        .then_some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice")
}

/// Its fields that can be selected by, besides the name and the namespace; `None` where there are no others.
pub(in super::super) fn selected(kind: &Kind) -> Option<&'static [&'static str]> {
    Some(match kind.resource {
        "events" => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        "jobs" => &["status.successful"],
        "nodes" => &["spec.unschedulable"],
        "replicationcontrollers" => &["status.replicas"],
        "services" => &["spec.clusterIP", "spec.type"],
        "pods" => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        _ => return None,
    })
}
