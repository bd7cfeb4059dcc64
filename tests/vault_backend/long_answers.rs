//! The bulk list of versions is read while it comes, and goes wrong as any other answer does.
//!
//! What a list holds is made up here, so that it is the same on a server that has none. Names are as in the folder `long`.

use super::{CANARY, assert_failure, connect_within, kv, mount, shared, unknown};
use crate::support::proxy::on;
use crate::support::{Fault, Flavour, Proxy};
use keyfleet::backends::vault::Budget;
use keyfleet::names::KvPath;
use keyfleet::observe::{FailureClass, KvVersion, Observed, ReadVault};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const LIST: &str = "/detailed-metadata";

fn wanted() -> BTreeSet<KvPath> {
    BTreeSet::from(["long/a", "long/b", "long/c"].map(kv))
}

/// What is found when the list is answered so, how often it was asked for, and how many paths were asked for singly.
async fn found(
    fault: Fault,
    times: usize,
) -> (BTreeMap<KvPath, Observed<KvVersion>>, usize, usize) {
    let vault = shared().await;
    vault.kv_put("secret", "long/a", &[("k", "1")]).await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    proxy.fault_times(times, on("*", LIST), fault);
    let budget = Budget {
        deadline: Duration::from_secs(5),
        ..Budget::default()
    };
    let (reader, _) = connect_within(proxy.url(), vault.token(), &budget);
    let found = reader.kv_versions(&mount("secret"), &wanted()).await;
    let singly = proxy.count(on("*", "secret/metadata/"));
    (found, proxy.count(on("*", LIST)), singly)
}

fn present(number: u64, gone: bool) -> Observed<KvVersion> {
    Observed::Present(KvVersion { number, gone })
}

#[tokio::test]
async fn what_is_no_list_leaves_every_version_unknown() {
    let bodies = [
        "",
        "<html>canary-4711</html>",
        "[]",
        r#"{"data":[]}"#,
        r#"{"data":{"key_info":[]}}"#,
        r#"{"data":{"key_info":{"a":{"current_version":"canary-4711"}}}}"#,
        r#"{"data":{"key_info":{"a":{"current_version":1,"versions":{"1":{}}}}}"#,
        r#"{"data":{"key_info":{}}} canary-4711"#,
        r#"{"data":{"key_info":{"a"#,
    ];
    for body in bodies {
        let fault = Fault::answer(200, body).with_header("Content-Type", "text/html");
        let (found, lists, singly) = found(fault, 1).await;
        assert_eq!((found.len(), lists, singly), (3, 1, 0), "{body}");
        for version in found.into_values() {
            let words = ["list secret/detailed-metadata", "text/html", "proxy"];
            let failure = unknown(version);
            assert_failure(&failure, FailureClass::Protocol, &words);
            assert!(!format!("{failure:?}").contains(CANARY), "{body}");
        }
    }
}

#[tokio::test]
async fn what_a_list_leaves_out_is_asked_for_singly() {
    for body in [
        "{}",
        r#"{"data":null}"#,
        r#"{"data":{}}"#,
        r#"{"data":{"keys":["a"],"key_info":null}}"#,
        r#"{"data":{"key_info":{"other":{"current_version":[{"odd":true}]}}}}"#,
    ] {
        let (found, lists, singly) = found(Fault::answer(200, body), 1).await;
        assert_eq!((found.len(), lists, singly), (3, 1, 3), "{body}");
        assert!(found[&kv("long/a")].present().is_some(), "{body}");
        assert_eq!(found[&kv("long/b")], Observed::Absent, "{body}");
    }
}

#[tokio::test]
async fn each_entry_of_a_list_stands_for_itself() {
    let body = r#"{"request_id":"x","data":{"keys":["a","b","c","d"],"key_info":{
        "a":{"versions":{"7":{"deletion_time":"","destroyed":false},"x":{}},"current_version":7,"cas_required":true},
        "b":{"current_version":2,"versions":{"1":{}}},
        "c":{"current_version":3,"versions":{"3":{"destroyed":true}}},
        "d":{"current_version":4,"versions":null}
    }},"warnings":null}"#;
    let (mut found, lists, singly) = found(Fault::answer(200, body), 1).await;
    assert_eq!((found.len(), lists, singly), (3, 1, 0));
    assert_eq!(found[&kv("long/a")], present(7, false));
    assert_eq!(found[&kv("long/c")], present(3, true));
    let lacking = unknown(found.remove(&kv("long/b")).unwrap());
    assert_failure(&lacking, FailureClass::Protocol, &["newest version"]);
}

#[tokio::test]
async fn a_list_that_is_cut_short_is_asked_for_again() {
    for fault in [Fault::CutShort, Fault::DropRequest, Fault::DropResponse] {
        let (found, lists, singly) = found(fault, 1).await;
        assert_eq!((found.len(), lists), (3, 2));
        // The real list of the folder shows the one that is there.
        let has_list = shared().await.flavour().await == Flavour::OpenBao;
        assert_eq!(singly, if has_list { 2 } else { 3 });
        assert!(found[&kv("long/a")].present().is_some());
    }
    let (found, lists, singly) = found(Fault::CutShort, 9).await;
    assert_eq!((lists, singly), (3, 0));
    for version in found.into_values() {
        assert_failure(
            &unknown(version),
            FailureClass::Unreachable,
            &["the connection broke"],
        );
    }
}
