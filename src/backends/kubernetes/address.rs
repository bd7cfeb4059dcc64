use crate::observe::{Failure, FailureClass};
use http::Uri;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

/// Parses the address of an API server: https, and nowhere that answers with a machine's own credentials.
pub(super) fn parse(server: &str, request: &str) -> Result<Uri, Failure> {
    let refuse = |why: &str| Failure::new(FailureClass::Setup, request, why);
    let uri: Uri = server
        .trim()
        .parse()
        .map_err(|_| refuse("the API server's address is not a URL"))?;
    if uri.scheme_str() != Some("https") {
        return Err(refuse("the API server's address is not https://…")
            .hint("keyfleet never sends a token over plain http; give the https address"));
    }
    let authority = uri.authority().map_or("", http::uri::Authority::as_str);
    if authority.contains('@') || uri.query().is_some() {
        return Err(refuse(
            "the API server's address holds a user or a query, which it must not",
        ));
    }
    if let Ok(address) = host(&uri).parse()
        && is_refused(address)
    {
        return Err(refused(&uri, request));
    }
    Ok(uri)
}

/// Resolves the host once and refuses it when any of its addresses is refused. Blocks.
///
/// Somebody who controls the name can still answer differently a moment later; what then keeps a metadata service out
/// is TLS, whose certificate none of them has.
pub(super) fn check_resolved(uri: &Uri, request: &str) -> Result<(), Failure> {
    let port = uri.port_u16().unwrap_or(443);
    let mut addresses = (host(uri), port).to_socket_addrs().map_err(|_| {
        let why = format!("the host name `{}` cannot be resolved", host(uri));
        Failure::new(FailureClass::Unreachable, request, why)
            .hint("check the address for a typing mistake, and this machine's DNS")
    })?;
    if addresses.any(|address| is_refused(address.ip())) {
        return Err(refused(uri, request));
    }
    Ok(())
}

fn refused(uri: &Uri, request: &str) -> Failure {
    let why = format!(
        "`{}` is a link-local or cloud metadata address, which is never an API server",
        host(uri)
    );
    Failure::new(FailureClass::Setup, request, why).hint("give the API server's own address")
}

fn host(uri: &Uri) -> &str {
    uri.host()
        .unwrap_or("")
        .trim_start_matches('[')
        .trim_end_matches(']')
}

/// Link-local addresses, and the metadata services that lie elsewhere: AWS over IPv6, and Alibaba.
fn is_refused(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_link_local()
                || address.is_unspecified()
                || address == Ipv4Addr::new(100, 100, 100, 200)
        }
        IpAddr::V6(address) => {
            address.is_unicast_link_local()
                || address.is_unspecified()
                || address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{check_resolved, parse};
    use crate::observe::FailureClass;

    #[test]
    fn addresses_that_no_api_server_has_are_refused() {
        for server in [
            "http://10.0.0.1:6443",
            "10.0.0.1:6443",
            "https://169.254.169.254",
            "https://169.254.1.1:6443/x",
            "https://[fe80::1]:6443",
            "https://[fd00:ec2::254]",
            "https://[::ffff:169.254.169.254]",
            "https://100.100.100.200",
            "https://0.0.0.0:6443",
            "https://user:word@10.0.0.1:6443",
            "https://10.0.0.1:6443/?a=b",
            "",
        ] {
            let failure = parse(server, "connect").expect_err(server);
            assert_eq!(failure.class, FailureClass::Setup, "{server}");
            assert!(!format!("{failure:?}").contains("word"), "{failure:?}");
        }
    }

    #[test]
    fn ordinary_addresses_are_accepted_with_and_without_a_path() {
        for server in [
            "https://10.0.0.1:6443",
            "https://prod.example",
            "https://[2001:db8::1]:6443",
            "https://rancher.example/k8s/clusters/c-1",
        ] {
            assert!(parse(server, "connect").is_ok(), "{server}");
        }
    }

    #[test]
    fn a_spelling_that_only_the_resolver_understands_is_refused_too() {
        // `0xA9FEA9FE` is 169.254.169.254 to the C library, and no address to Rust's parser.
        let uri = parse("https://0xA9FEA9FE:80", "connect").expect("it could be a host name");
        assert!(check_resolved(&uri, "connect").is_err());
    }
}
