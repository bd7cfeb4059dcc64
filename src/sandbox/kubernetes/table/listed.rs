//! The columns of kinds that are only listed.

use super::{AGE, Column, NAME};
use crate::sandbox::kubernetes::kinds::Kind;

const fn text(title: &'static str) -> Column {
    Column(title, "string", "", 0)
}

const fn number(title: &'static str) -> Column {
    Column(title, "integer", "", 0)
}

const fn wide(title: &'static str) -> Column {
    Column(title, "string", "", 1)
}

const CONTAINERS: Column = wide("Containers");
const IMAGES: Column = wide("Images");
const SELECTOR: Column = wide("Selector");

/// All of them, the name as well.
pub(super) fn columns(kind: &Kind) -> Vec<Column> {
    let mut columns = match kind.resource {
        "cronjobs" => cron_jobs(),
        "endpoints" => vec![text("Endpoints"), AGE],
        "events" => return events(),
        "ingresses" => vec![
            text("Class"),
            text("Hosts"),
            text("Address"),
            text("Ports"),
            AGE,
        ],
        "jobs" => vec![
            text("Status"),
            text("Completions"),
            text("Duration"),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ],
        "limitranges" => vec![Column("Created At", "date", "", 0)],
        "nodes" => nodes(),
        "persistentvolumeclaims" => claims(),
        "persistentvolumes" => volumes(),
        "pods" => pods(),
        "resourcequotas" => vec![text("Request"), text("Limit"), AGE],
        "services" => vec![
            text("Type"),
            text("Cluster-IP"),
            text("External-IP"),
            text("Port(s)"),
            AGE,
            SELECTOR,
        ],
        "daemonsets" => vec![
            number("Desired"),
            number("Current"),
            number("Ready"),
            number("Up-to-date"),
            number("Available"),
            text("Node Selector"),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ],
        "deployments" => vec![
            text("Ready"),
            text("Up-to-date"),
            text("Available"),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ],
        "replicasets" | "replicationcontrollers" => vec![
            number("Desired"),
            number("Current"),
            number("Ready"),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ],
        _ => vec![text("Ready"), AGE, CONTAINERS, IMAGES],
    };
    columns.insert(0, NAME);
    columns
}

fn events() -> Vec<Column> {
    let Column(name, of, format, _) = NAME;
    vec![
        text("Last Seen"),
        text("Type"),
        text("Reason"),
        text("Object"),
        wide("Subobject"),
        wide("Source"),
        text("Message"),
        wide("First Seen"),
        wide("Count"),
        Column(name, of, format, 1),
    ]
}

fn cron_jobs() -> Vec<Column> {
    vec![
        text("Schedule"),
        text("Timezone"),
        Column("Suspend", "boolean", "", 0),
        number("Active"),
        text("Last Schedule"),
        AGE,
        CONTAINERS,
        IMAGES,
        SELECTOR,
    ]
}

fn claims() -> Vec<Column> {
    vec![
        text("Status"),
        text("Volume"),
        text("Capacity"),
        text("Access Modes"),
        text("StorageClass"),
        text("VolumeAttributesClass"),
        AGE,
        wide("VolumeMode"),
    ]
}

fn volumes() -> Vec<Column> {
    vec![
        text("Capacity"),
        text("Access Modes"),
        text("Reclaim Policy"),
        text("Status"),
        text("Claim"),
        text("StorageClass"),
        text("VolumeAttributesClass"),
        text("Reason"),
        AGE,
        wide("VolumeMode"),
    ]
}

fn nodes() -> Vec<Column> {
    vec![
        text("Status"),
        text("Roles"),
        AGE,
        text("Version"),
        wide("Internal-IP"),
        wide("External-IP"),
        wide("OS-Image"),
        wide("Kernel-Version"),
        wide("Container-Runtime"),
    ]
}

fn pods() -> Vec<Column> {
    vec![
        text("Ready"),
        text("Status"),
        text("Restarts"),
        AGE,
        wide("IP"),
        wide("Node"),
        wide("Nominated Node"),
        wide("Readiness Gates"),
    ]
}
