//! What one peer, and all of them together, may cost.

use axum::extract::FromRequestParts;
use http::request::Parts;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a listener spends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Connections at once.
    pub(super) all: usize,
    /// Connections of one peer at once.
    pub(super) per_peer: usize,
    /// Bytes of a body.
    pub(super) body: usize,
    /// How long the head of a request may take to arrive; a connection that says nothing is closed as well.
    pub(super) header: Duration,
    /// How long a request may take, with its body and its answer.
    pub(super) request: Duration,
    /// How long one connection is used; an answer that nobody fetches ends with it.
    pub(super) connection: Duration,
}

pub(super) const WEB: Limits = Limits {
    all: 512,
    per_peer: 128,
    body: 64 * 1024,
    header: Duration::from_secs(10),
    request: Duration::from_secs(30),
    connection: Duration::from_secs(120),
};

/// A scraper and a kubelet.
pub(super) const PROBES: Limits = Limits {
    all: 128,
    per_peer: 32,
    ..WEB
};

/// GitHub sends up to 25 MB; what is bigger than this only says "look now" as well, and the interval says it anyway.
pub(super) const WEBHOOKS: Limits = Limits {
    all: 256,
    per_peer: 64,
    body: 3 * 1024 * 1024,
    ..WEB
};

/// Who is at the other end of the connection. One machine with IPv6 has a whole /64, so that is one peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer(IpAddr);

impl Peer {
    pub fn new(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// The address itself.
    pub fn address(self) -> IpAddr {
        self.0
    }

    /// What is counted as one.
    pub(super) fn counted(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(address) => {
                let prefix = u128::from(address) & (u128::MAX << 64);
                IpAddr::V6(Ipv6Addr::from(prefix))
            }
        }
    }
}

/// The one that the connection was accepted from.
impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Every listener puts it there; an address of nobody is trusted with nothing.
        let known = parts.extensions.get::<Self>().copied();
        Ok(known.unwrap_or(Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
    }
}

/// How often a peer may do something: so many times at once, and one more after each `refill`.
pub(super) struct Rate {
    burst: u32,
    refill: Duration,
    peers: Mutex<HashMap<IpAddr, Bucket>>,
}

struct Bucket {
    left: f64,
    at: Instant,
}

/// Peers that are remembered: some 64 bytes each.
const MOST_PEERS: usize = 4096;

impl Rate {
    pub(super) fn new(burst: u32, refill: Duration) -> Self {
        Self {
            burst,
            refill,
            peers: Mutex::new(HashMap::new()),
        }
    }

    /// Whether it may once more; counts it.
    pub(super) fn take(&self, peer: Peer, now: Instant) -> bool {
        self.with(peer, now, |bucket| {
            let may = bucket.left >= 1.0;
            if may {
                bucket.left -= 1.0;
            }
            may
        })
    }

    /// Whether it may once more; counts nothing.
    pub(super) fn may(&self, peer: Peer, now: Instant) -> bool {
        self.with(peer, now, |bucket| bucket.left >= 1.0)
    }

    fn with<T>(&self, peer: Peer, now: Instant, ask: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.len() >= MOST_PEERS {
            let whole = self.refill * self.burst;
            peers.retain(|_, bucket| now.duration_since(bucket.at) < whole);
        }
        // All of them are new: an attack from everywhere. Whoever is not known yet shares one bucket.
        let key = peer.counted();
        let full = peers.len() >= MOST_PEERS && !peers.contains_key(&key);
        let key = if full {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED)
        } else {
            key
        };
        let burst = f64::from(self.burst);
        let bucket = peers.entry(key).or_insert(Bucket {
            left: burst,
            at: now,
        });
        let passed = now.saturating_duration_since(bucket.at);
        bucket.left = (bucket.left + passed.as_secs_f64() / self.refill.as_secs_f64()).min(burst);
        bucket.at = now;
        ask(bucket)
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_PEERS, Peer, Rate};
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::{Duration, Instant};

    fn peer(text: &str) -> Peer {
        Peer::new(text.parse().unwrap())
    }

    #[test]
    fn a_peer_has_a_burst_and_gets_one_back_in_time() {
        let rate = Rate::new(2, Duration::from_secs(10));
        let (now, one, other) = (Instant::now(), peer("192.0.2.1"), peer("192.0.2.2"));
        assert!(rate.take(one, now) && rate.take(one, now));
        assert!(!rate.may(one, now) && !rate.take(one, now));
        assert!(rate.take(other, now));
        let later = now + Duration::from_secs(11);
        assert!(rate.take(one, later) && !rate.take(one, later));
    }

    #[test]
    fn addresses_of_one_machine_are_one_peer() {
        let same = |one: &str, other: &str| peer(one).counted() == peer(other).counted();
        assert!(same("2001:db8::1", "2001:db8::ffff"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
    }

    #[test]
    fn strangers_from_everywhere_take_a_bounded_memory() {
        let rate = Rate::new(5, Duration::from_secs(10));
        let now = Instant::now();
        let mut may = 0;
        for number in 0..20_000_u32 {
            let address = IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number));
            may += usize::from(rate.take(Peer::new(address), now));
        }
        let known = rate.peers.lock().unwrap().len();
        assert!(known <= MOST_PEERS + 1, "{known}");
        assert_eq!(may, MOST_PEERS + 5);
    }
}
