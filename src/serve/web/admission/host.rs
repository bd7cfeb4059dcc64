//! Whether a browser meant this machine. A page elsewhere may give its own name the address 127.0.0.1 (DNS rebinding): the
//! browser then sends that name as the host.

use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use std::net::{IpAddr, Ipv6Addr};

/// Whether every name that the request gives for the server is one of this machine. Any port: it may be forwarded.
pub(super) fn is_of_this_machine(request: &Parts) -> bool {
    let mut hosts = request.headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let host = host.to_str().ok().and_then(|host| host.parse().ok());
    let in_target = request.uri.authority();
    host.is_some_and(|host| is_local(&host)) && in_target.is_none_or(is_local)
}

fn is_local(authority: &Authority) -> bool {
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host();
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    if let Some(inner) = host.strip_prefix('[') {
        let address = inner.strip_suffix(']').and_then(|text| text.parse().ok());
        return address.is_some_and(|address: Ipv6Addr| address.is_loopback());
    }
    matches!(host.parse(), Ok(IpAddr::V4(address)) if address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_of_this_machine;
    use http::Request;

    fn asked(target: &str, hosts: &[&str]) -> bool {
        let mut request = Request::get(target);
        for host in hosts {
            request = request.header("host", *host);
        }
        is_of_this_machine(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn names_of_this_machine_are_known_with_any_port() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:9999",
            "127.1.2.3",
            "[::1]:8080",
            "[::1]",
        ] {
            assert!(asked("/", &[host]), "{host}");
        }
    }

    #[test]
    fn every_other_name_is_somebody_elses() {
        for host in [
            "evil.example:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.1@evil.example",
            "evil.example@127.0.0.1",
            "192.0.2.1",
            "0.0.0.0",
            "2130706433",
            "[::ffff:192.0.2.1]",
            "localhost.",
            "",
        ] {
            assert!(!asked("/", &[host]), "{host}");
        }
        assert!(!asked("/", &[]));
        assert!(!asked("/", &["localhost", "evil.example"]));
        assert!(!asked("http://evil.example/", &["localhost"]));
    }
}
