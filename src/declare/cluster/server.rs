//! The address of a cluster's API server. Vault sends tokens there, so it is https, and never an address that hands out a
//! machine's own credentials.

use crate::diagnostics::{Diagnostic, Diagnostics, Place};
use std::net::{IpAddr, Ipv6Addr};

pub(super) fn check(server: &str, place: &Place, problems: &mut Diagnostics) {
    let Some(wrong) = wrong(server) else { return };
    let problem = Diagnostic::error(place, format!("the server of a cluster {wrong}"))
        .hint("for example https://prod-eu.k8s.example:6443");
    problems.push(if server.contains('@') {
        problem.without_line()
    } else {
        problem
    });
}

fn wrong(server: &str) -> Option<&'static str> {
    let Ok(url) = http::Uri::try_from(server) else {
        return Some("must be a URL");
    };
    let authority = url.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        Some("must not hold credentials")
    } else if url.scheme_str() != Some("https") {
        Some("must be an https URL")
    } else if url.query().is_some() || server.contains('#') || url.path().contains("..") {
        Some("must be a plain address, without `?`, `#` and `..`")
    } else if is_metadata(url.host().unwrap_or_default()) {
        Some("must not be a link-local or metadata address, where machines keep their credentials")
    } else {
        None
    }
}

fn is_metadata(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    match address {
        Ok(IpAddr::V4(address)) => address.is_link_local(),
        Ok(IpAddr::V6(address)) => {
            address.segments()[0] & 0xffc0 == 0xfe80
                || address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)
                || address
                    .to_ipv4_mapped()
                    .is_some_and(|inner| inner.is_link_local())
        }
        Err(_) => name == "metadata.google.internal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_could_leak_a_token_is_refused() {
        for server in [
            "http://a",
            "https://169.254.169.254/",
            "https://user@a",
            "https://[fe80::1]:6443",
            "https://[fd00:ec2::254]",
            "https://[::ffff:169.254.169.254]",
            "https://metadata.google.internal",
            "https://a/x/../y",
            "a:6443",
        ] {
            let mut problems = Diagnostics::default();
            check(server, &Place::file("a"), &mut problems);
            assert!(problems.has_errors(), "{server}");
        }
        for server in [
            "https://127.0.0.1:6443",
            "https://rancher.example/k8s/clusters/c-1",
        ] {
            let mut problems = Diagnostics::default();
            check(server, &Place::file("a"), &mut problems);
            assert!(problems.is_empty(), "{server}");
        }
    }
}
