//! The word of a reverse proxy for who looks: only from where the proxy is.

use crate::serve::web::limits::Peer;
use http::HeaderMap;
use http::header::HeaderName;
use ipnet::IpNet;

/// A longer name is no name.
const LONGEST_NAME: usize = 256;

pub(super) struct Proxy {
    header: HeaderName,
    from: Vec<IpNet>,
}

impl Proxy {
    /// `None` for a header that cannot say who somebody is: every client sends those itself.
    pub(super) fn new(header: &str, from: &[IpNet]) -> Option<Self> {
        let header: HeaderName = header.parse().ok()?;
        let of_clients = [
            "authorization",
            "cookie",
            "host",
            "user-agent",
            "accept",
            "forwarded",
        ];
        (!of_clients.contains(&header.as_str())).then(|| Self {
            header,
            from: from.to_vec(),
        })
    }

    /// Who looks, or why nobody is let in.
    pub(super) fn name(&self, peer: Peer, headers: &HeaderMap) -> Result<String, &'static str> {
        let address = peer.address();
        if !self.from.iter().any(|network| network.contains(&address)) {
            return Err("The dashboard is reached through its proxy only.\n");
        }
        let mut names = headers.get_all(&self.header).iter();
        // Two of them: somebody's own, which the proxy passed on beside its own.
        let (Some(name), None) = (names.next(), names.next()) else {
            return Err("The proxy did not say who looks.\n");
        };
        let name = std::str::from_utf8(name.as_bytes()).unwrap_or_default();
        let name = name.trim();
        if name.is_empty()
            || name.len() > LONGEST_NAME
            || name.chars().any(changes_its_surroundings)
        {
            return Err("The proxy did not say who looks.\n");
        }
        Ok(name.to_owned())
    }
}

/// Controls, and what turns the direction of the text around it.
fn changes_its_surroundings(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{HeaderMap, Peer, Proxy};
    use http::HeaderValue;

    fn named(peer: &str, names: &[&[u8]]) -> Result<String, &'static str> {
        let from = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let proxy = Proxy::new("X-Forwarded-User", &from).unwrap();
        let mut headers = HeaderMap::new();
        for name in names {
            headers.append("x-forwarded-user", HeaderValue::from_bytes(name).unwrap());
        }
        proxy.name(Peer::new(peer.parse().unwrap()), &headers)
    }

    #[test]
    fn the_proxy_names_who_looks() {
        assert_eq!(named("10.1.2.3", &[b"alice"]), Ok("alice".to_owned()));
        assert_eq!(
            named("::ffff:10.1.2.3", &[b"alice"]),
            Ok("alice".to_owned())
        );
        let name = "Zo\u{eb} <b>".to_owned();
        assert_eq!(named("fd00::1", &[name.as_bytes()]), Ok(name));
    }

    #[test]
    fn nobody_else_does() {
        for peer in ["192.0.2.1", "::1", "2001:db8::10.1.2.3"] {
            assert!(named(peer, &[b"alice"]).is_err(), "{peer}");
        }
    }

    #[test]
    fn a_name_that_is_none_lets_nobody_in() {
        let long = [b'a'; 257];
        let turned = "a\u{202e}b".as_bytes();
        for names in [
            &[][..],
            &[b"".as_slice()],
            &[b" "],
            &[b"a", b"b"],
            &[&long],
            &[turned],
            &[b"\xff"],
            &[b"a\tb"],
        ] {
            assert!(named("10.1.2.3", names).is_err(), "{names:?}");
        }
    }

    #[test]
    fn what_every_client_sends_names_nobody() {
        for header in ["Host", "Authorization", "cookie", "not a header", ""] {
            assert!(Proxy::new(header, &[]).is_none(), "{header}");
        }
    }
}
