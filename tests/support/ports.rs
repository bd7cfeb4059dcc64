use std::net::{Ipv4Addr, TcpListener};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below the range from which the kernel picks ports for outgoing connections, so that none of those takes a
/// port between the moment it is chosen here and the moment a server listens on it.
const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;

/// The first of `count` neighbouring free ports on loopback. A process never gets a port twice, and
/// processes begin at different places.
pub fn free_ports(count: u32) -> u16 {
    static NEXT: OnceLock<AtomicU32> = OnceLock::new();
    let next = NEXT.get_or_init(|| AtomicU32::new(std::process::id().wrapping_mul(97) % COUNT));
    for _ in 0..COUNT {
        let first = FIRST + next.fetch_add(count, Ordering::Relaxed) % (COUNT - count);
        let first = u16::try_from(first).expect("ports of this range fit");
        if (0..count).all(|offset| is_free(first + u16::try_from(offset).expect("few ports"))) {
            return first;
        }
    }
    panic!(
        "no free ports between {FIRST} and {} on 127.0.0.1",
        FIRST + COUNT
    );
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
