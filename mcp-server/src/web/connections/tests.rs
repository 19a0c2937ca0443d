//! With real sockets.

use std::time::Instant;

use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const FEW: Limits = Limits { connections: 8, head: Duration::from_mins(1) };
const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

struct Server {
    at: std::net::SocketAddr,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<io::Result<()>>,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (at, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(800)).await;
            "done"
        };
        let take = |body: String| async { body };
        let router = Router::new()
            .route("/", get(|| async { "ok" }))
            .route("/slow", get(slow))
            .route("/take", post(take));
        let serving = tokio::spawn(serve(listener, router, limits, stop.clone()));
        Self { at, stop, serving }
    }

    async fn connect(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }
}

/// All that comes until the other side closes, or one answer.
async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 1024];
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut bytes)).await;
    bytes.truncate(read.expect("neither an answer nor an end").unwrap_or(0));
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn bodies_that_do_not_end_keep_nobody_out() {
    let server = Server::start(FEW).await;
    let head = b"POST /take HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n";
    let mut slow = Vec::new();
    for _ in 0..FEW.connections {
        slow.push(server.connect(&[&head[..], b"h"].concat()).await);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let whole = [&head[..], b"hello"].concat();
    for _ in 0..3 {
        let said = answer(&mut server.connect(&whole).await).await;
        assert!(said.contains("200 OK") && said.ends_with("hello"), "{said}");
    }
}

#[tokio::test]
async fn a_head_that_does_not_end_ends_the_connection() {
    let server = Server::start(Limits { head: Duration::from_millis(200), ..FEW }).await;
    let began = Instant::now();
    for head in [&b""[..], b"GET / HT", b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let mut stream = server.connect(head).await;
        let said = answer(&mut stream).await;
        assert!(!said.contains("200"), "{said}");
    }
    // One byte now and then is not patience's renewal.
    let mut stream = server.connect(b"GET / HTTP/1.1\r\n").await;
    let mut closed = false;
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if stream.write_all(b"x").await.is_err() {
            closed = true;
            break;
        }
    }
    assert!(closed && began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn however_many_say_nothing_the_next_one_is_served() {
    let server = Server::start(FEW).await;
    let mut slow = Vec::new();
    for n in 0..40 {
        slow.push(server.connect(if n % 2 == 0 { b"GET / HTTP/1.1\r\nx: " } else { b"" }).await);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let began = Instant::now();
    let mut last = server.connect(ASK).await;
    assert!(answer(&mut last).await.ends_with("ok"));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(answer(&mut slow[0]).await, "", "the oldest had to go");
}

#[tokio::test]
async fn what_is_under_way_is_not_ended_for_others() {
    let server = Server::start(FEW).await;
    let ask = b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut working = Vec::new();
    for _ in 0..8 {
        working.push(server.connect(ask).await);
    }
    // Until their heads are read: who has said nothing yet may be taken for one who never will.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut late = server.connect(ASK).await;
    for stream in &mut working {
        assert!(answer(stream).await.ends_with("done"));
    }
    assert!(answer(&mut late).await.ends_with("ok"), "and the others have their turn");
}

#[tokio::test]
async fn stopping_waits_for_what_is_under_way_and_not_for_who_says_nothing_more() {
    let server = Server::start(FEW).await;
    let mut idle = server.connect(ASK).await;
    assert!(answer(&mut idle).await.ends_with("ok"));
    let mut working = server.connect(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.stop.cancel();
    assert!(answer(&mut working).await.ends_with("done"));
    tokio::time::timeout(Duration::from_secs(5), server.serving).await.unwrap().unwrap().unwrap();
}
