//! What went wrong when there is no answer: the connection, TLS or time.

use super::settings::Peer;
use crate::fence::Stale;
use crate::observe::{Failure, FailureClass};
use rustls::CertificateError;
use std::error::Error;
use std::io;

/// Why there is no answer, and whether the server can have seen the request.
pub(super) struct Trouble {
    pub(super) failure: Failure,
    pub(super) sent: bool,
}

/// Only types are looked at: a credential plugin's error text may hold a token.
pub(super) fn classify(error: &(dyn Error + 'static), request: &str, peer: &Peer) -> Trouble {
    if let Some(stale) = find::<Stale>(error) {
        return Trouble {
            failure: Failure::new(FailureClass::Setup, request, stale.to_string()),
            sent: stale.begun,
        };
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return Trouble {
            failure: of_tls(tls, request, peer),
            sent: false,
        };
    }
    if find::<kube::client::AuthError>(error).is_some() {
        let why = format!("the credentials of {} could not be read", peer.trust);
        return Trouble {
            failure: Failure::new(FailureClass::Setup, request, why),
            sent: false,
        };
    }
    let kind = find::<io::Error>(error).map(io::Error::kind);
    of_connection(kind, request, peer)
}

fn of_connection(kind: Option<io::ErrorKind>, request: &str, peer: &Peer) -> Trouble {
    let server = &peer.server;
    let (class, why, sent) = match kind {
        Some(io::ErrorKind::TimedOut) => (
            FailureClass::TimedOut,
            format!("{server} does not answer"),
            true,
        ),
        Some(io::ErrorKind::ConnectionRefused) => (
            FailureClass::Unreachable,
            format!("{server} refuses connections"),
            false,
        ),
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => (
            FailureClass::Unreachable,
            format!("there is no route to {server}"),
            false,
        ),
        _ => (
            FailureClass::Unreachable,
            format!("the connection to {server} broke"),
            true,
        ),
    };
    let failure = Failure::new(class, request, why)
        .hint("check that the API server runs, and that this machine may reach it");
    Trouble { failure, sent }
}

fn of_tls(error: &rustls::Error, request: &str, peer: &Peer) -> Failure {
    let (server, trust) = (&peer.server, &peer.trust);
    let (why, hint) = match error {
        rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => (
            format!("the certificate of {server} is not signed by the CA in {trust}"),
            format!(
                "put the CA that the cluster uses now into {trust}, if this is the right cluster"
            ),
        ),
        rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => (
            format!("the certificate of {server} has expired"),
            "renew the API server's certificate, or set this machine's clock".to_owned(),
        ),
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => (
            format!("the certificate of {server} is not valid yet"),
            "set this machine's clock".to_owned(),
        ),
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => (
            format!("the certificate of {server} is made for other names"),
            "use a name of the certificate, or set `tls-server-name` in the kubeconfig".to_owned(),
        ),
        rustls::Error::InvalidCertificate(_) => (
            format!("the certificate of {server} is not valid"),
            format!("look at it with `openssl s_client`, and compare it with the CA in {trust}"),
        ),
        rustls::Error::AlertReceived(_) => (
            format!("{server} broke off the TLS handshake"),
            "it may want a client certificate, or another one".to_owned(),
        ),
        _ => (
            format!("{server} does not speak TLS as an API server does"),
            "check the port: it may be a plain http port".to_owned(),
        ),
    };
    Failure::new(FailureClass::Tls, request, why).hint(hint)
}

/// The first error of this type in the chain. An `io::Error` hides the one it wraps from `source`.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
