//! Credential plugins (`aws eks get-token` and the like), from the operator's own kubeconfig only.
//!
//! Promise: what a plugin prints reaches the API server or nobody. It is run by an argument list, never by a shell, and
//! ended when it takes too long.

use super::settings::MARGIN;
use crate::backends::buffer::WipedBuffer;
use crate::backends::file_trouble;
use crate::observe::{Failure, FailureClass};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use serde::Deserialize;
use serde_json::json;
use std::io::{IsTerminal as _, Read, stderr, stdin};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// More than any token or certificate, and little enough to hold.
const LONGEST_OUTPUT: u64 = 1 << 20;

pub(super) struct Issued {
    pub(super) credentials: AuthInfo,
    pub(super) lives: Option<Duration>,
}

#[derive(Deserialize)]
struct Output {
    status: Option<OutputStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OutputStatus {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<String>,
}

pub(super) fn run(plugin: &ExecConfig, limit: Duration, request: &str) -> Result<Issued, Failure> {
    let name = plugin.command.as_deref().unwrap_or_default();
    let wrong = |why: &str| {
        let hint = "run the plugin by hand to see what it says; its output is not shown here, as it may hold a token";
        Failure::new(
            FailureClass::Setup,
            request,
            format!("the credential plugin `{name}` {why}"),
        )
        .hint(hint)
    };
    let child = command(plugin, name).spawn().map_err(|error| {
        let failure = wrong(&format!(
            "cannot be started: {}",
            file_trouble::of_program(name, &error)
        ));
        match &plugin.install_hint {
            Some(hint) => failure.hint(hint.trim()),
            None => failure,
        }
    })?;
    let output = output(child, limit).map_err(wrong)?;
    let output: Output = serde_json::from_slice(output.as_ref())
        .map_err(|_| wrong("answered with something other than an ExecCredential"))?;
    let status = output.status.ok_or_else(|| wrong("gave no credential"))?;
    let lives = status.expiration_timestamp.as_deref().map(lives);
    let credentials = credentials(status).ok_or_else(|| wrong("gave no usable credential"))?;
    Ok(Issued { credentials, lives })
}

/// How long from now, less a margin; nothing for a time in the past or no time at all.
fn lives(until: &str) -> Duration {
    let left = until
        .parse::<Timestamp>()
        .ok()
        .and_then(|until| Duration::try_from(until.duration_since(Timestamp::now())).ok())
        .unwrap_or_default();
    left.saturating_sub(MARGIN)
}

fn credentials(status: OutputStatus) -> Option<AuthInfo> {
    let mut credentials = AuthInfo::default();
    if let (Some(certificate), Some(key)) = (status.client_certificate_data, status.client_key_data)
    {
        credentials.client_certificate_data = Some(STANDARD.encode(certificate));
        credentials.client_key_data = Some(STANDARD.encode(key).into());
        return Some(credentials);
    }
    let token = status.token?;
    let token = token.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    credentials.token = Some(token.into());
    Some(credentials)
}

fn command(plugin: &ExecConfig, name: &str) -> Command {
    let mut command = Command::new(name);
    command.args(plugin.args.iter().flatten());
    for variable in plugin.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            command.env(name, value);
        }
    }
    // A person at a terminal may be asked for a code; a service never is.
    let interactive =
        plugin.interactive_mode != Some(ExecInteractiveMode::Never) && stdin().is_terminal();
    let mut spec = json!({ "interactive": interactive });
    if let Some(cluster) = plugin
        .cluster
        .as_ref()
        .and_then(|cluster| serde_json::to_value(cluster).ok())
    {
        spec["cluster"] = cluster;
    }
    let info = json!({ "kind": "ExecCredential", "apiVersion": plugin.api_version, "spec": spec });
    command.env("KUBERNETES_EXEC_INFO", info.to_string());
    command.stdin(if interactive {
        Stdio::inherit()
    } else {
        Stdio::null()
    });
    command.stderr(if stderr().is_terminal() {
        Stdio::inherit()
    } else {
        Stdio::null()
    });
    command.stdout(Stdio::piped());
    command
}

/// What it printed, once it has ended well in time.
fn output(mut child: Child, limit: Duration) -> Result<WipedBuffer, &'static str> {
    let deadline = Instant::now() + limit;
    let (send, receive) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || send.send(read(stdout)));
    }
    let output = receive.recv_timeout(limit);
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if output.is_ok() && Instant::now() < deadline => {
                // It closed its output and is about to end; the standard library cannot wait with a limit.
                std::thread::sleep(Duration::from_millis(5));
            }
            _ => break None,
        }
    };
    let Some(status) = ended else {
        let _ = child.kill();
        let _ = child.wait();
        return Err("took too long and was ended");
    };
    match output {
        Ok(Some(output)) if status.success() => Ok(output),
        Ok(Some(_)) => Err("failed"),
        _ => Err("printed too much, or nothing readable"),
    }
}

fn read(mut stdout: impl Read) -> Option<WipedBuffer> {
    let mut buffer = WipedBuffer::with_capacity(16 * 1024);
    std::io::copy(&mut stdout.by_ref().take(LONGEST_OUTPUT), &mut buffer).ok()?;
    (buffer.len() as u64 != LONGEST_OUTPUT).then_some(buffer)
}
