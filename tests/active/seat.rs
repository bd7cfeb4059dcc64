//! Contenders within this process.

use super::PATIENCE;
use super::support::Cluster;
use keyfleet::backends::kubernetes::{Access, ClusterConnection, Limits};
use keyfleet::fence::Fence;
use keyfleet::names::{Namespace, ObjectName};
use keyfleet::secret::SecretBytes;
use keyfleet::serve::active::{
    Contender, LeaseSeat, Role, Seat, Standing, Times, contend, identity,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// Short, so that tests are; the proportions are those of the defaults.
pub(crate) const TIMES: Times = Times {
    duration: Duration::from_secs(3),
    renew: Duration::from_millis(400),
    retry: Duration::from_millis(200),
    request: Duration::from_millis(700),
};

pub(crate) fn connection(server: &str, ca_pem: &str, token: &str) -> ClusterConnection {
    let access = Access::Token {
        server: server.to_owned(),
        ca_pem: Some(ca_pem.to_owned()),
        token: SecretBytes::from(token.to_owned()),
        origin: "the test".to_owned(),
    };
    ClusterConnection::new(access, Limits::default()).unwrap()
}

pub(crate) fn seat(connection: &ClusterConnection, name: &str, me: String, times: Times) -> Seat {
    times.check().unwrap();
    Seat::Lease(LeaseSeat::new(
        connection.leases(),
        Namespace::parse("default").unwrap(),
        ObjectName::parse(name).unwrap(),
        me,
        times,
    ))
}

pub(crate) struct Replica {
    pub(crate) me: String,
    pub(crate) fence: Fence,
    pub(crate) contender: Contender,
    standing: watch::Receiver<Standing>,
}

impl Replica {
    pub(crate) fn start(cluster: &Cluster, lease: &str, pod: &str) -> Self {
        Self::at(cluster, cluster.server(), cluster.admin_token(), lease, pod)
    }

    /// At an address that may be a proxy's, with a token that may be allowed less.
    pub(crate) fn at(cluster: &Cluster, server: &str, token: &str, lease: &str, pod: &str) -> Self {
        super::support::init();
        let connection = connection(server, &cluster.ca_pem(), token);
        let (me, fence) = (identity(Some(pod)), Fence::closed());
        let seat = seat(&connection, lease, me.clone(), TIMES);
        let contender = contend(seat, fence.clone());
        Self {
            me,
            fence,
            standing: contender.standing(),
            contender,
        }
    }

    pub(crate) fn now(&self) -> Standing {
        self.standing.borrow().clone()
    }

    pub(crate) async fn until(&mut self, wanted: impl Fn(&Standing) -> bool) -> Standing {
        let mut standing = self.standing.clone();
        let found = timeout(PATIENCE, standing.wait_for(|standing| wanted(standing))).await;
        let still = |_| panic!("{} is still {:?}", self.me, self.now());
        found.unwrap_or_else(still).unwrap().clone()
    }

    /// The epoch of its term.
    pub(crate) async fn until_active(&mut self) -> u64 {
        let standing = self.until(|standing| standing.role.is_active()).await;
        let Role::Active { epoch } = standing.role else {
            unreachable!("it was waited for")
        };
        epoch
    }

    pub(crate) async fn until_standby(&mut self) -> Option<String> {
        let is_standby = |standing: &Standing| matches!(standing.role, Role::Standby { .. });
        match self.until(is_standby).await.role {
            Role::Standby { holder } => holder,
            other => unreachable!("{other} was not waited for"),
        }
    }
}

pub(crate) fn path(lease: &str) -> String {
    format!("/apis/coordination.k8s.io/v1/namespaces/default/leases/{lease}")
}

pub(crate) async fn lease(cluster: &Cluster, name: &str) -> Value {
    let (status, lease) = cluster.get(&path(name)).await;
    assert_eq!(status, 200, "{lease}");
    lease
}

/// As `kubectl patch` does.
pub(crate) async fn patch(cluster: &Cluster, name: &str, patch: Value) {
    let kind = "application/merge-patch+json";
    let (status, lease) = cluster.api("PATCH", &path(name), kind, Some(patch)).await;
    assert_eq!(status, 200, "{lease}");
}

/// A Lease that was given up, so that a test need not wait for its first term.
pub(crate) async fn free_lease(cluster: &Cluster, name: &str) {
    let lease = json!({
        "metadata": {"name": name, "annotations": {"keyfleet.dev/given-up-by": "the test"}},
        "spec": {},
    });
    let leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    cluster.create(leases, lease).await;
}
