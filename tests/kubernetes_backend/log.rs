use super::support::{Fault, Proxy};
use super::*;
use keyfleet::apply::WriteCluster as _;
use keyfleet::observe::ReadCluster as _;
use std::io;
use std::sync::{Mutex, PoisonError};

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps everything that this process logs, of every crate and level.
pub(super) fn capture() {
    let log = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(|| Log);
    log.init();
}

#[tokio::test]
async fn no_value_and_no_token_reaches_the_log_at_any_level() {
    let cluster = cluster().await;
    cluster.create_namespace("log-values").await;
    cluster.create_service_account("log-values", "eso").await;
    let proxy = Proxy::in_front_of_cluster(cluster);
    let connection = through(cluster, &proxy);
    let (reader, writer) = (connection.reader(), connection.writer());
    let place = (namespace("log-values"), name("mail"));

    writer
        .apply_secret(&secret("log-values", &["token"], None), false)
        .await
        .expect("it is new");
    present(reader.secret(&place.0, &place.1).await);
    let jwt = reader
        .mint_token(&account("log-values/eso"), None)
        .await
        .expect("the account is there");
    for body in [
        json!({ "kind": "Secret", "data": { "token": CANARY_BASE64 } }).to_string(),
        format!(r#"{{"kind":"Secret","data":{{"token":"{CANARY_BASE64}"#),
    ] {
        proxy.fault_times(1, |_| true, Fault::answer(200, &body));
        unknown(reader.secret(&place.0, &place.1).await);
    }
    proxy.fault_times(
        1,
        |_| true,
        Fault::answer(422, &format!(r#"{{"kind":"Status","message":"{CANARY}"}}"#)),
    );
    let refused = writer
        .apply_secret(&secret("log-values", &["token"], None), false)
        .await;
    failed(refused, FailureClass::Rejected);

    let log =
        String::from_utf8_lossy(&LOG.lock().unwrap_or_else(PoisonError::into_inner)).into_owned();
    assert!(
        log.contains("/api/v1/namespaces/log-values/secrets/mail"),
        "the log was kept"
    );
    let jwt = jwt.expose_text().expect("a JWT is text");
    for secret in [CANARY, CANARY_BASE64, cluster.admin_token(), jwt] {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{line:?}");
    }
}
