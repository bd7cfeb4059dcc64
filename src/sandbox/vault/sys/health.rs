//! How the server is: the few paths outside of the usual frame.

use crate::sandbox::vault::Flavour;
use crate::sandbox::vault::call::{Answer, Call, Operation, Refusal};
use crate::sandbox::vault::state::State;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Codes that a caller may choose for what this server never is.
const OTHER_CODES: [&str; 5] = [
    "standbycode",
    "drsecondarycode",
    "performancestandbycode",
    "sealedcode",
    "uninitcode",
];

pub(super) fn answer(
    state: &State,
    call: &Call,
    now: Timestamp,
) -> Option<Result<Answer, Refusal>> {
    let path = call.path.trim_end_matches('/');
    let body = match path {
        "sys/health" => health(state, now),
        "sys/seal-status" => seal_status(state),
        "sys/leader" => leader(state),
        "sys/init" => json!({ "initialized": true }),
        _ => return None,
    };
    if !call.namespace.is_empty() && matches!(path, "sys/health" | "sys/init") {
        return Some(Err(Refusal::invalid("operation unavailable in namespaces")));
    }
    if call.operation != Operation::Read {
        if path == "sys/init" && call.operation == Operation::Update {
            return Some(Err(Refusal::invalid("Vault is already initialized")));
        }
        return Some(Err(Refusal {
            status: 405,
            ..Refusal::not_found()
        }));
    }
    let status = if path == "sys/health" {
        match code(call) {
            Ok(status) => status,
            Err(refusal) => return Some(Err(refusal)),
        }
    } else {
        200
    };
    Some(Ok(Answer::Plain(status, body)))
}

/// The status that the caller wants of an active server.
fn code(call: &Call) -> Result<u16, Refusal> {
    let wrong = || Refusal {
        status: 400,
        ..Refusal::not_found()
    };
    let number = |name: &str| match call.query.get(name) {
        Some(text) => text.parse::<u16>().map(Some).map_err(|_| wrong()),
        None => Ok(None),
    };
    for name in OTHER_CODES {
        number(name)?;
    }
    Ok(number("activecode")?.unwrap_or(200))
}

fn health(state: &State, now: Timestamp) -> Value {
    let mut body = json!({
        "initialized": true,
        "sealed": false,
        "standby": false,
        "replication_performance_mode": "disabled",
        "replication_dr_mode": "disabled",
        "server_time_utc": now.as_second(),
        "version": version(state.flavour),
        "cluster_name": state.cluster_name,
        "cluster_id": state.cluster_id,
    });
    if state.flavour == Flavour::HashiCorp {
        body["performance_standby"] = false.into();
        body["enterprise"] = false.into();
        body["echo_duration_ms"] = 0.into();
        body["clock_skew_ms"] = 0.into();
    }
    body
}

fn seal_status(state: &State) -> Value {
    let mut body = json!({
        "type": "shamir",
        "initialized": true,
        "sealed": false,
        "t": 1,
        "n": 1,
        "progress": 0,
        "nonce": "",
        "recovery_seal": false,
        "version": version(state.flavour),
        "migration": false,
        "cluster_name": state.cluster_name,
        "cluster_id": state.cluster_id,
        "storage_type": "inmem",
    });
    match state.flavour {
        Flavour::OpenBao => body["commit_date"] = "2026-10-26T20:32:27Z".into(),
        Flavour::HashiCorp => body["build_date"] = "".into(),
    }
    body
}

fn leader(state: &State) -> Value {
    match state.flavour {
        Flavour::OpenBao => json!({ "ha_enabled": false }),
        Flavour::HashiCorp => json!({
            "ha_enabled": false,
            "is_self": false,
            "active_time": "0001-01-01T00:00:00Z",
            "leader_address": "",
            "leader_cluster_address": "",
            "performance_standby": false,
            "performance_standby_last_remote_wal": 0,
        }),
    }
}

fn version(flavour: Flavour) -> &'static str {
    match flavour {
        Flavour::OpenBao => "2.7.2",
        Flavour::HashiCorp => "1.16.3",
    }
}
