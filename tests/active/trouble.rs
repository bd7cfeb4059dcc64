//! An API server that does not answer, answers with errors, or does not allow it.

use super::cluster;
use super::history::{History, late_writes};
use super::process::Process;
use super::seat::{Replica, TIMES, free_lease, lease};
use super::support::proxy::on;
use super::support::{Fault, Proxy};
use keyfleet::observe::FailureClass;
use keyfleet::serve::active::Role;
use serde_json::json;
use std::time::Instant;

const STATUS: &str = "application/json";

fn status(code: u16, reason: &str) -> Fault {
    let body = json!({"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason});
    Fault::answer(code, &body.to_string()).with_header("Content-Type", STATUS)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_renew_stops_before_anybody_else_can_begin() {
    let cluster = cluster().await;
    free_lease(&cluster, "cut-off").await;
    let proxy = Proxy::in_front_of_cluster(&cluster);
    let token = cluster.admin_token();
    let mut first = Replica::at(&cluster, proxy.url(), token, "cut-off", "one");
    first.until_active().await;
    let mut second = Replica::start(&cluster, "cut-off", "two");
    second.until_standby().await;

    proxy.fault(on("*", "/leases/"), Fault::Hang);
    let begin = Instant::now();
    first.fence.over().await;
    let stopped = begin.elapsed();
    assert!(stopped <= TIMES.writing(), "{stopped:?}");
    assert!(!second.fence.may_write());
    assert_eq!(first.until_standby().await, None);
    assert_eq!(second.until_active().await, 2);
    println!(
        "cut off: stopped after {stopped:?}, the other began after {:?}",
        begin.elapsed()
    );
    let troubled = first.until(|standing| standing.trouble.is_some()).await;
    assert_eq!(troubled.trouble.unwrap().class, FailureClass::TimedOut);

    proxy.clear_faults();
    let holder = Role::Standby {
        holder: Some(second.me.clone()),
    };
    let standing = first.until(|standing| standing.role == holder).await;
    assert_eq!(standing.trouble, None);
}

/// The same with processes that write, to the very server whose Lease one of them cannot reach.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_by_who_cannot_renew() {
    let cluster = cluster().await;
    free_lease(&cluster, "silent").await;
    let proxy = Proxy::in_front_of_cluster(&cluster);
    let writes = History::of_writes(&cluster, "silent").await;
    let terms = History::of_lease(&cluster, "silent").await;
    let mut first = Process::on_lease_at(&cluster, proxy.url(), "silent", "one", TIMES);
    first.until("active").await;
    tokio::time::sleep(TIMES.renew).await;

    proxy.fault(on("*", "/leases/"), Fault::Hang);
    first.until("standing by").await;
    // What was on its way when the time was over, and on its way to the watch.
    tokio::time::sleep(TIMES.renew).await;
    let before = writes.so_far().len();
    tokio::time::sleep(TIMES.duration).await;
    assert_eq!(writes.so_far().len(), before, "nobody is active");
    let mut second = Process::on_lease(&cluster, "silent", "two", TIMES);
    second.until("active").await;
    tokio::time::sleep(TIMES.renew).await;
    assert!(before > 10 && writes.so_far().len() > before);
    assert_eq!(late_writes(&writes, &terms), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_could_not_renew_for_a_while_goes_on_when_nobody_took_over() {
    let cluster = cluster().await;
    free_lease(&cluster, "outage").await;
    let proxy = Proxy::in_front_of_cluster(&cluster);
    let token = cluster.admin_token();
    let mut only = Replica::at(&cluster, proxy.url(), token, "outage", "one");
    only.until_active().await;
    proxy.fault(on("*", "/leases/"), Fault::DropRequest);
    only.until_standby().await;
    assert!(!only.fence.may_write());
    tokio::time::sleep(TIMES.duration).await;
    proxy.clear_faults();
    assert_eq!(only.until_active().await, 1, "it is still the same term");
    assert!(only.fence.may_write());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_failed_renewal_changes_nothing() {
    let cluster = cluster().await;
    free_lease(&cluster, "shaky").await;
    let proxy = Proxy::in_front_of_cluster(&cluster);
    let token = cluster.admin_token();
    let mut only = Replica::at(&cluster, proxy.url(), token, "shaky", "one");
    only.until_active().await;
    let since = only.now().since;
    for fault in [
        status(500, "InternalError"),
        status(503, "ServiceUnavailable"),
        status(429, "TooManyRequests"),
        status(409, "Conflict"),
        status(401, "Unauthorized"),
        Fault::answer(200, "<html>log in</html>"),
        Fault::answer(200, r#"{"kind": "Lease", "spec": "odd"}"#),
        Fault::answer(502, "<html>bad gateway</html>"),
        Fault::DropRequest,
        Fault::DropResponse,
        Fault::CutShort,
        Fault::Hang,
        Fault::WithholdResponse,
    ] {
        let shown = format!("{fault:?}");
        proxy.fault_times(1, on("PUT", "/leases/"), fault);
        let renewed = lease(&cluster, "shaky").await["spec"]["renewTime"].clone();
        let begin = Instant::now();
        while lease(&cluster, "shaky").await["spec"]["renewTime"] == renewed
            || proxy
                .requests()
                .last()
                .is_none_or(|last| last.status != Some(200))
        {
            assert!(begin.elapsed() < TIMES.duration * 4, "{shown}");
            tokio::time::sleep(TIMES.retry / 4).await;
        }
        let standing = only.until(|standing| standing.trouble.is_none()).await;
        assert_eq!(
            (standing.since, only.fence.may_write()),
            (since, true),
            "{shown}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_renewal_whose_answer_is_lost_is_known_again() {
    let cluster = cluster().await;
    for (name, fault) in [
        ("lost-1", Fault::DropResponse),
        ("lost-2", Fault::WithholdResponse),
    ] {
        free_lease(&cluster, name).await;
        let proxy = Proxy::in_front_of_cluster(&cluster);
        proxy.fault_times(1, on("PUT", "/leases/"), fault);
        let begin = Instant::now();
        let token = cluster.admin_token();
        let mut only = Replica::at(&cluster, proxy.url(), token, name, "one");
        assert_eq!(only.until_active().await, 1);
        assert!(begin.elapsed() < TIMES.duration, "{:?}", begin.elapsed());
    }
}

/// The Role that docs/decisions/0012-one-active-process.md asks for, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_it_is_not_allowed_and_needs_little() {
    let cluster = cluster().await;
    free_lease(&cluster, "allowed").await;
    let mut only = Replica::at(
        &cluster,
        cluster.server(),
        cluster.user_token(),
        "allowed",
        "one",
    );
    let standing = only.until(|standing| standing.trouble.is_some()).await;
    assert_eq!(standing.role, Role::Starting);
    let trouble = standing.trouble.unwrap();
    assert_eq!(trouble.class, FailureClass::Forbidden);
    let said = trouble.to_string();
    assert!(
        said.starts_with("failed to read Lease default/allowed: "),
        "{said}"
    );

    let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
    let group = "rbac.authorization.k8s.io";
    let rules = json!([
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"],
         "resourceNames": ["allowed"], "verbs": ["get", "update"]},
    ]);
    let role = json!({"metadata": {"name": "keyfleet-lease"}, "rules": rules});
    cluster.create(&format!("{rbac}/roles"), role).await;
    let binding = json!({
        "metadata": {"name": "keyfleet-lease"},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "keyfleet-lease"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "user"}],
    });
    cluster
        .create(&format!("{rbac}/rolebindings"), binding)
        .await;
    only.until_active().await;
    let fence = only.fence.clone();
    only.contender.give_up().await.unwrap();
    assert!(!fence.may_write());
    let spec = &lease(&cluster, "allowed").await["spec"];
    assert!(spec["holderIdentity"].is_null(), "{spec}");
}
