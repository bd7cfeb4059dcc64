//! A write belongs to the term in which it was decided.

use super::{CANARY, assert_failure, fields, mount, role, shared};
use crate::support::proxy::on;
use crate::support::{Fault, Proxy};
use keyfleet::apply::WriteVault as _;
use keyfleet::backends::Conduct;
use keyfleet::backends::vault::{Budget, VaultConnection, VaultReader, VaultWriter, open};
use keyfleet::fence::{Fence, Moment};
use keyfleet::observe::{FailureClass, ReadVault as _};
use keyfleet::secret::SecretBytes;
use serde_json::json;
use std::time::Duration;

/// One request at a time, in the term that is now.
fn connect(address: &str, token: &str, fence: &Fence) -> (VaultReader, VaultWriter) {
    let budget = Budget {
        in_flight: 1,
        deadline: Duration::from_secs(3),
        ..Budget::default()
    };
    let connection = VaultConnection {
        address: address.to_owned(),
        token: SecretBytes::from(token.to_owned()).into(),
        conduct: Conduct::default().in_this_term(fence),
        ..VaultConnection::default()
    };
    open(connection, &budget).unwrap()
}

#[tokio::test]
async fn a_write_that_waited_while_the_term_changed_is_not_sent() {
    let vault = shared().await;
    let proxy = Proxy::in_front_of_vault(vault.addr());
    let fence = Fence::open();
    let (reader, writer) = connect(proxy.url(), vault.token(), &fence);
    let (at, named) = (mount("terms"), role("late"));
    let rule = fields(json!({ "canary": CANARY }));
    let change_of_term = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        fence.close();
        fence.extend(Moment::FOREVER);
    };

    // In the queue of its server, behind a read that gets no answer.
    proxy.fault(on("GET", "sys/auth"), Fault::Hang);
    let behind = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        writer.write_role(&at, &named, &rule).await
    };
    let (hung, late, ()) = tokio::join!(reader.auth_mounts(), behind, change_of_term);
    assert_eq!(hung.unwrap_err().class, FailureClass::TimedOut);
    let words = ["not sent", "not the active one"];
    assert_failure(&late.unwrap_err(), FailureClass::Setup, &words);
    assert_eq!(proxy.writes().len(), 0);

    // Told by the server to come again, which is after the change of the term.
    let (_, writer) = connect(proxy.url(), vault.token(), &fence);
    let busy = Fault::answer(429, r#"{"errors":["quota"]}"#).with_header("Retry-After", "1");
    proxy.fault(on("POST", "auth/terms/role/late"), busy);
    let change_of_term = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        fence.close();
        fence.extend(Moment::FOREVER);
    };
    let (late, ()) = tokio::join!(writer.write_role(&at, &named, &rule), change_of_term);
    assert_failure(&late.unwrap_err(), FailureClass::Setup, &words);
    assert_eq!(proxy.writes().len(), 1);

    // What is decided in the new term goes out in it.
    proxy.clear_faults();
    let (_, writer) = connect(proxy.url(), vault.token(), &fence);
    let nowhere = writer.write_role(&at, &named, &rule).await.unwrap_err();
    assert_eq!(nowhere.class, FailureClass::NotFound);
    assert_eq!(proxy.writes().len(), 2);
}
