//! What answers at a pod's address may be anything.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::{
    Json, Router,
    extract::Request,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use jiff::Timestamp;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::probe::{
    answer::State,
    stand_in::{discovered, status, target},
};

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

const IMPATIENT: Duration = Duration::from_millis(300);

async fn serve(router: Router) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(axum::serve(listener, router).into_future());
    port
}

/// Writes these bytes to whoever connects, and keeps the connection.
async fn raw(bytes: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(bytes).await;
            kept.push(stream);
        }
    });
    port
}

async fn good_status() -> u16 {
    serve(Router::new().route("/status", get(|| async { Json(status("ze")) }))).await
}

async fn good_mcp() -> u16 {
    serve(Router::new().route("/mcp", post(|| async { Json(discovered()) }))).await
}

async fn asked(public: u16, internal: u16) -> Answer {
    let http = Http::on(Arc::new(Fixed), (public, internal), IMPATIENT);
    http.ask(Arc::new(target("ze"))).await
}

fn said(answer: Answer) -> Said {
    match answer {
        Answer::Said(mut said) => said.remove(0),
        Answer::Silent(why) => panic!("{why}"),
    }
}

fn silent(answer: Answer) -> String {
    match answer {
        Answer::Silent(why) => why,
        Answer::Said(said) => panic!("{said:?}"),
    }
}

#[tokio::test]
async fn a_good_server_is_understood_and_asked_with_a_token_and_its_own_name() {
    static RIGHT: AtomicBool = AtomicBool::new(false);
    let mcp = post(|request: Request| async move {
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        let right = header("host") == "ze.ze-production.svc"
            && header("authorization").starts_with("Bearer ey")
            && header("mcp-method") == "server/discover";
        RIGHT.store(right, Ordering::Relaxed);
        Json(discovered())
    });
    let public = serve(Router::new().route("/mcp", mcp)).await;
    let said = said(asked(public, good_status().await).await);
    assert_eq!(said.status.client, "ze");
    assert_eq!(said.status.dependencies.whatsapp.unwrap().state, Some(State::Ok));
    assert_eq!(said.handshake, Handshake::Speaks(Some("0.1.0".to_owned())));
    assert!(RIGHT.load(Ordering::Relaxed));
}

#[tokio::test]
async fn what_refuses_the_token_or_speaks_otherwise_has_answered() {
    for (code, handshake) in [
        (401, Handshake::TokenRefused),
        (429, Handshake::Busy),
        (403, Handshake::Foreign),
        (404, Handshake::Foreign),
        (400, Handshake::Foreign),
    ] {
        let mcp = post(move || async move { StatusCode::from_u16(code).unwrap() });
        let public = serve(Router::new().route("/mcp", mcp)).await;
        assert_eq!(said(asked(public, good_status().await).await).handshake, handshake, "{code}");
    }
}

#[tokio::test]
async fn a_server_with_trouble_of_its_own_has_not_answered() {
    for code in [408, 500, 503] {
        let mcp = post(move || async move { StatusCode::from_u16(code).unwrap() });
        let public = serve(Router::new().route("/mcp", mcp)).await;
        let why = silent(asked(public, good_status().await).await);
        assert_eq!(why, format!("HTTP {code} at /mcp"));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    static FOLLOWED: AtomicBool = AtomicBool::new(false);
    let elsewhere = get(|| async {
        FOLLOWED.store(true, Ordering::Relaxed);
        Json(status("ze"))
    });
    let router = Router::new()
        .route("/status", get(|| async { Redirect::temporary("/elsewhere") }))
        .route("/elsewhere", elsewhere);
    let why = silent(asked(good_mcp().await, serve(router).await).await);
    assert_eq!(why, "HTTP 307 at /status");
    assert!(!FOLLOWED.load(Ordering::Relaxed));
}

#[tokio::test]
async fn garbage_is_no_answer() {
    let page = || async { "<html>".into_response() };
    let not_json = serve(Router::new().route("/status", get(page))).await;
    assert!(silent(asked(1, not_json).await).starts_with("not the answer of a tenant's server"));
    for bytes in
        [&b"SSH-2.0-OpenSSH_9.9\r\n"[..], b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"\0\0\0\x12\x04"]
    {
        let why = silent(asked(1, raw(bytes).await).await);
        assert!(why.contains("at port"), "{why}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    async fn endless() -> Response {
        let chunks = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 8192]));
        Body::from_stream(chunks).into_response()
    }
    let body = serve(Router::new().route("/status", get(endless))).await;
    assert!(silent(asked(1, body).await).starts_with("no HTTP answer of a bearable size"));
    let heads = Box::leak(
        format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(10_000)).into_bytes().into_boxed_slice(),
    );
    assert!(silent(asked(1, raw(heads).await).await).starts_with("no HTTP answer of a bearable size"));
}

#[tokio::test]
async fn nobody_who_hangs_or_dawdles_is_waited_for() {
    let begun = tokio::time::Instant::now();
    for bytes in
        [&b""[..], b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"client\":"]
    {
        assert!(silent(asked(1, raw(bytes).await).await).starts_with("no whole answer in time"));
    }
    assert!(begun.elapsed() < IMPATIENT * 5);
    assert!(silent(asked(1, 1).await).starts_with("nothing answers at port 1"));
}
