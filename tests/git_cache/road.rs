//! The way between keyfleet and a git server: counts what comes down it, and can be closed, cut and blocked.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Traffic {
    Free,
    /// As if the server were down.
    Closed,
    /// The connection ends after so many bytes from the server.
    CutAfter(u64),
    /// The connection stays, and nothing more comes.
    BlockedAfter(u64),
}

pub(crate) struct Road {
    pub(crate) port: u16,
    down: Arc<AtomicU64>,
    traffic: Arc<Mutex<Traffic>>,
}

impl Road {
    pub(crate) fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let road = Self {
            port: listener.local_addr().unwrap().port(),
            down: Arc::default(),
            traffic: Arc::new(Mutex::new(Traffic::Free)),
        };
        let (down, traffic) = (Arc::clone(&road.down), Arc::clone(&road.traffic));
        thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                if *traffic.lock().unwrap() != Traffic::Closed {
                    let server = TcpStream::connect(server).unwrap();
                    server.set_nodelay(true).unwrap();
                    client.set_nodelay(true).unwrap();
                    let (down, traffic) = (Arc::clone(&down), Arc::clone(&traffic));
                    let (mut up, mut to) =
                        (client.try_clone().unwrap(), server.try_clone().unwrap());
                    thread::spawn(move || {
                        let _ = std::io::copy(&mut up, &mut to);
                        let _ = to.shutdown(Shutdown::Write);
                    });
                    thread::spawn(move || carry(server, client, &down, &traffic));
                }
            }
        });
        road
    }

    pub(crate) fn set(&self, traffic: Traffic) {
        *self.traffic.lock().unwrap() = traffic;
    }

    /// Bytes from the server since this was asked last.
    pub(crate) fn came(&self) -> u64 {
        self.down.swap(0, Ordering::SeqCst)
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, down: &AtomicU64, traffic: &Mutex<Traffic>) {
    let (mut piece, mut carried) = ([0; 4096], 0);
    while let Ok(n @ 1..) = from.read(&mut piece) {
        carried += n as u64;
        down.fetch_add(n as u64, Ordering::SeqCst);
        let now = *traffic.lock().unwrap();
        match now {
            Traffic::CutAfter(bytes) if carried > bytes => break,
            // For the length of a test, which is over before.
            Traffic::BlockedAfter(bytes) if carried > bytes => {
                thread::sleep(Duration::from_secs(60));
                break;
            }
            _ => {}
        }
        if to.write_all(&piece[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
