//! Over real sockets, with limits that a test can wait for.

use super::{Answers, Limits, Server};
use axum::Router;
use axum::routing::{get, post};
use bytes::Bytes;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const LIMITS: Limits = Limits {
    all: 4,
    per_peer: 2,
    body: 1000,
    header: Duration::from_millis(400),
    request: Duration::from_millis(600),
    connection: Duration::from_millis(1500),
};

struct Running {
    address: SocketAddr,
    end: watch::Sender<bool>,
    task: JoinHandle<()>,
}

async fn start(limits: Limits, ending: Duration) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let slow = async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        "slow"
    };
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/slow", get(slow))
        .route("/hang", get(async || std::future::pending::<()>().await))
        .route("/panic", get(fail))
        .route("/large", get(async || vec![b'x'; 64 << 20]))
        .route("/body", post(async |body: Bytes| body.len().to_string()));
    let (end, ended) = watch::channel(false);
    let (_, answers) = watch::channel(Answers::new(router));
    let server = Server::new(listener, limits, answers);
    let task = tokio::spawn(server.run(ended, ending, CancellationToken::new()));
    Running { address, end, task }
}

async fn fail() {
    panic!("a fault of the test's own");
}

/// Everything that comes until the connection is closed, and how long that took.
async fn rest(stream: &mut TcpStream) -> (String, Duration) {
    let began = Instant::now();
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    let read = tokio::time::timeout(Duration::from_secs(10), read);
    let _ = read.await.expect("the connection is closed");
    (
        String::from_utf8_lossy(&bytes).into_owned(),
        began.elapsed(),
    )
}

async fn ask(address: SocketAddr, request: &str) -> (String, Duration) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    rest(&mut stream).await
}

async fn from(source: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{source}:0").parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

#[tokio::test]
async fn whoever_is_slow_is_let_go() {
    let running = start(LIMITS, Duration::ZERO).await;
    let silent = async {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        rest(&mut stream).await.1
    };
    let dribbling = async {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        let began = Instant::now();
        let _ = stream.write_all(b"GET / HTTP/1.1\r\n").await;
        while stream.write_all(b"X-A: b\r\n").await.is_ok() {
            assert!(began.elapsed() < Duration::from_secs(5), "it is let go");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        began.elapsed()
    };
    let (silent, dribbling) = tokio::join!(silent, dribbling);
    for took in [silent, dribbling] {
        assert!(
            took >= LIMITS.header && took < LIMITS.header * 4,
            "{took:?}"
        );
    }
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_ended() {
    let running = start(LIMITS, Duration::ZERO).await;
    let slow_body = "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nx";
    for request in ["GET /hang HTTP/1.1\r\nHost: a\r\n\r\n", slow_body] {
        let (answer, took) = ask(running.address, request).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(
            took >= LIMITS.request && took < LIMITS.request * 3,
            "{took:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_nobody_fetches_is_given_up() {
    let running = start(LIMITS, Duration::ZERO).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream
        .write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    tokio::time::sleep(LIMITS.connection + LIMITS.request * 2).await;
    let (answer, _) = rest(&mut stream).await;
    assert!(answer.len() < 64 << 20, "{}", answer.len());
}

#[tokio::test]
async fn a_body_is_cut_off_at_its_limit() {
    let running = start(LIMITS, Duration::ZERO).await;
    let announced = |length: usize| {
        format!(
            "POST /body HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let fits = announced(1000) + &"x".repeat(1000);
    assert!(
        ask(running.address, &fits)
            .await
            .0
            .ends_with("\r\n\r\n1000")
    );
    // Nothing of it is waited for.
    let (answer, took) = ask(running.address, &announced(1001)).await;
    assert!(
        answer.starts_with("HTTP/1.1 413 ") && took < LIMITS.request,
        "{answer}"
    );
    let chunk = format!("1f4\r\n{}\r\n", "x".repeat(500));
    let chunked = "POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
    let (answer, took) = ask(running.address, &(chunked + &chunk.repeat(3))).await;
    assert!(
        answer.starts_with("HTTP/1.1 413 ") && took < LIMITS.request,
        "{answer}"
    );
}

#[tokio::test]
async fn one_peer_takes_no_more_than_its_share() {
    let running = start(LIMITS, Duration::ZERO).await;
    let hello = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let open = |source: &'static str| from(source, running.address);
    let _held = [open("127.0.0.2").await, open("127.0.0.2").await];
    tokio::time::sleep(Duration::from_millis(50)).await;
    let answered = async |source| {
        let mut stream = open(source).await;
        let _ = stream.write_all(hello).await;
        rest(&mut stream).await.0.contains("200 OK")
    };
    assert!(!answered("127.0.0.2").await);
    assert!(answered("127.0.0.3").await);
    let _more = [open("127.0.0.4").await, open("127.0.0.4").await];
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!answered("127.0.0.3").await, "all places are taken");
    // Whoever says nothing gives the place back.
    tokio::time::sleep(LIMITS.header * 2).await;
    assert!(answered("127.0.0.3").await && answered("127.0.0.2").await);
}

#[tokio::test]
async fn a_fault_in_one_answer_is_nobody_elses() {
    let running = start(LIMITS, Duration::ZERO).await;
    for _ in 0..2 * LIMITS.all {
        let (answer, _) = ask(running.address, "GET /panic HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(answer, "");
    }
    let (answer, _) = ask(
        running.address,
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(answer.ends_with("hello"), "{answer}");
}

#[tokio::test]
async fn the_end_waits_for_answers_and_not_for_ever() {
    let limits = Limits {
        request: Duration::from_secs(30),
        header: Duration::from_secs(30),
        connection: Duration::from_secs(30),
        ..LIMITS
    };
    let ending = Duration::from_millis(800);
    for (path, finishes) in [("/slow", true), ("/hang", false)] {
        let running = start(limits, ending).await;
        let mut idle = TcpStream::connect(running.address).await.unwrap();
        let mut busy = TcpStream::connect(running.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        busy.write_all(request.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        running.end.send(true).unwrap();
        let began = Instant::now();
        let (idle, busy) = tokio::join!(rest(&mut idle), rest(&mut busy));
        running.task.await.unwrap();
        assert!(began.elapsed() < ending * 2, "{:?}", began.elapsed());
        assert!(idle.1 < Duration::from_millis(200), "{:?}", idle.1);
        assert_eq!(busy.0.ends_with("slow"), finishes, "{}", busy.0);
        assert!(TcpStream::connect(running.address).await.is_err());
    }
}
