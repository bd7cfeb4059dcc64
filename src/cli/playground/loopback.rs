//! Whether this machine can reach itself: without that, every server here fails in a way of its own.

use anyhow::Context;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

/// A connection to itself takes no time.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn must_be_up() -> anyhow::Result<()> {
    let Err(error) = reach_itself() else {
        return Ok(());
    };
    if is_down(error.kind()) {
        anyhow::bail!(
            "this machine cannot reach itself: its loopback interface is down\n  help: `ip link set lo up`"
        );
    }
    Err(error).context("this machine cannot reach itself on 127.0.0.1")
}

fn reach_itself() -> std::io::Result<TcpStream> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    TcpStream::connect_timeout(&listener.local_addr()?, PATIENCE)
}

fn is_down(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::AddrNotAvailable
    )
}
