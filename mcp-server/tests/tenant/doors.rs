//! Strangers and bad neighbours at every door: the webhook, the programs', the agents', and the internal listener.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    attacks::statuses,
    harness::{Tenant, http},
};

const SCOPES: &str = "booking:read booking:write";

async fn connect(url: &str) -> TcpStream {
    TcpStream::connect(url.trim_start_matches("http://")).await.unwrap()
}

/// Sends bytes as they are; everything that comes back within a moment.
async fn raw(url: &str, bytes: &str) -> String {
    let mut stream = connect(url).await;
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    // Until it is quiet: a connection that is kept open has no end.
    while let Ok(Ok(read @ 1..)) =
        tokio::time::timeout(Duration::from_millis(700), stream.read(&mut piece)).await
    {
        answer.extend_from_slice(&piece[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// The doors behind a token, with a call that each takes.
fn calls() -> [(&'static str, String); 2] {
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let chat = json!({"message": "oi", "user_id": "u"});
    [("/mcp", list.to_string()), ("/api/v1/chat", chat.to_string())]
}

fn head(path: &str, token: &str, more: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         accept: application/json, text/event-stream\r\ncontent-type: application/json\r\n{more}\r\n"
    )
}

async fn list_tools(tenant: &Tenant, token: &str) -> u16 {
    let (path, body) = &calls()[0];
    let request = http().post(tenant.url(path)).bearer_auth(token);
    let request = request.header("accept", "application/json, text/event-stream");
    request
        .header("content-type", "application/json")
        .body(body.clone())
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

#[tokio::test]
async fn lengths_that_two_readers_would_read_differently_open_no_door() {
    let tenant = Tenant::start().await;
    let token = tenant.token(SCOPES).await;
    for (path, body) in calls() {
        let length = format!("content-length: {}\r\n", body.len());
        let good = raw(&tenant.public_url(), &format!("{}{body}", head("/mcp", &token, &length))).await;
        assert!(path != "/mcp" || statuses(&good) == ["200"], "as it should be: {good}");
        for odd in [
            format!("{length}content-length: 0\r\n"),
            "content-length: -1\r\n".to_owned(),
            "content-length: +5\r\n".to_owned(),
            "content-length: 5, 6\r\n".to_owned(),
            "transfer-encoding: xchunked\r\n".to_owned(),
            "transfer-encoding : chunked\r\n".to_owned(),
            format!("{length}x: a\r\n folded\r\n"),
            format!(" x: folded\r\n{length}"),
        ] {
            let answer = raw(&tenant.public_url(), &format!("{}{body}", head(path, &token, &odd))).await;
            assert!(!statuses(&answer).contains(&"200"), "{path} {odd}: {answer}");
        }
    }
    assert_eq!(tenant.db.count("inbox").await, 0, "no chat was begun");
}

#[tokio::test]
async fn a_request_with_two_lengths_hides_no_second_request() {
    let tenant = Tenant::start().await;
    let token = tenant.token(SCOPES).await;
    let hidden = "0\r\n\r\nGET /health HTTP/1.1\r\nhost: x\r\n\r\n";
    let (length, chunked) =
        (format!("content-length: {}\r\n", hidden.len()), "transfer-encoding: chunked\r\n");
    for both in [format!("{length}{chunked}"), format!("{chunked}{length}")] {
        for path in ["/webhooks/whatsapp", "/mcp", "/api/v1/chat", "/barbearia/production/mcp"] {
            let answer = raw(&tenant.public_url(), &format!("{}{hidden}", head(path, &token, &both))).await;
            assert!(statuses(&answer).len() <= 1, "{path} {both}: {answer}");
            assert!(!answer.contains(r#""status":"ok""#), "{path} {both}: {answer}");
        }
        let inside = format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{both}\r\n{hidden}");
        let answer = raw(&tenant.internal_url(""), &inside).await;
        assert!(statuses(&answer).len() <= 1, "{answer}");
    }
}

#[tokio::test]
async fn no_spelling_of_a_path_leads_behind_another_one() {
    let tenant = Tenant::start().await;
    let token = tenant.token(SCOPES).await;
    let base = "/barbearia/production";
    let get = |path: &str| {
        format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
        )
    };
    for inside in ["/metrics", "/status", "/readyz", "/healthz"] {
        for path in [
            format!("{base}/..;{inside}"),
            format!("{base}/..;/..;{inside}"),
            format!("/webhooks/..{inside}"),
            format!("/.{inside}"),
            format!("/{inside}"),
            format!("{base}//..//..{inside}"),
            format!("{base}/%2e%2e%2f%2e%2e{inside}"),
            format!("/%2f{}", &inside[1..]),
            format!("http://127.0.0.1:9090{inside}"),
            format!("{inside};x=1"),
            format!("{inside}%00"),
        ] {
            let answer = raw(&tenant.public_url(), &get(&path)).await;
            assert!(matches!(statuses(&answer)[..], ["404" | "400"]), "{path}: {answer}");
        }
    }
    for door in ["/webhooks/whatsapp", "/mcp", "/api/v1/chat", "/api/v1/appointments/list"] {
        for path in [
            format!("{base}/..;{door}"),
            format!("/barbearia;/production{door}"),
            format!("/barbearia/production;v=1{door}"),
            format!("/barbearia%2fproduction{door}"),
            format!("/barbearia/./production{door}"),
            format!("{base}/.{door}"),
            format!("{base}{door};x"),
            format!("{base}{door}%2f"),
            format!("{base}\\..{door}"),
        ] {
            let answer = raw(&tenant.public_url(), &get(&path)).await;
            assert!(matches!(statuses(&answer)[..], ["404" | "400"]), "{path}: {answer}");
        }
    }
    for path in
        ["//status", "/status/", "/status;x", "/metrics/../status", "/%73tatus", "/mcp", "/webhooks/whatsapp"]
    {
        let answer = raw(&tenant.internal_url(""), &get(path)).await;
        assert_eq!(statuses(&answer), ["404"], "inside {path}");
    }
    let post = "POST /status HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    assert_eq!(statuses(&raw(&tenant.internal_url(""), post).await), ["405"], "it only tells");
}

#[tokio::test]
async fn slow_heads_and_bodies_at_the_doors_of_programs_keep_nobody_else_waiting() {
    let tenant = Tenant::start().await;
    let token = tenant.token(SCOPES).await;
    let mut slow = Vec::new();
    for n in 0..180 {
        let (path, _) = &calls()[n % 2];
        let mut stream = connect(&tenant.public_url()).await;
        let whole = head(path, &token, "content-length: 1000\r\n");
        let bytes = if n % 3 == 0 { whole[..whole.len() - 9].to_owned() } else { format!("{whole}{{") };
        stream.write_all(bytes.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let began = Instant::now();
    assert_eq!(list_tools(&tenant, &token).await, 200);
    assert_eq!(tenant.say("5511999990001", "oi").await, 200);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    drop(slow);
}

#[tokio::test]
async fn a_call_that_is_too_large_is_refused_announced_or_not() {
    let tenant = Tenant::start().await;
    let token = tenant.token(SCOPES).await;
    for (path, limit) in [("/mcp", 256 * 1024), ("/api/v1/chat", 64 * 1024)] {
        let large = format!(r#"{{"message":"{}","user_id":"u"}}"#, "x".repeat(limit));
        let announced = http().post(tenant.url(path)).bearer_auth(&token);
        let announced = announced.header("accept", "application/json, text/event-stream");
        let answer = announced.header("content-type", "application/json").body(large.clone()).send().await;
        assert!(answer.is_ok_and(|answer| matches!(answer.status().as_u16(), 400 | 413)), "{path}");
        let pieces = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
        let mut stream = connect(&tenant.public_url()).await;
        let bytes = format!("{}{pieces}", head(path, &token, "transfer-encoding: chunked\r\n"));
        // A server that refuses may close before all is written.
        let _ = stream.write_all(bytes.as_bytes()).await;
        let mut answer = vec![0; 4096];
        let read = tokio::time::timeout(Duration::from_secs(3), stream.read(&mut answer)).await;
        let read = read.ok().and_then(Result::ok).unwrap_or_default();
        assert!(!statuses(&String::from_utf8_lossy(&answer[..read])).contains(&"200"), "{path}");
    }
    assert_eq!(tenant.db.count("inbox").await, 0);
}

#[tokio::test]
async fn however_many_chats_wait_the_webhook_has_its_room() {
    let tenant = Tenant::start().await;
    let token = tenant.token(SCOPES).await;
    tenant.sim.hold(mcp_simulator::Point::GeminiBefore, 1000);
    let mut chats = tokio::task::JoinSet::new();
    // More than the listener has connections.
    for n in 0..600 {
        let request = http().post(tenant.url("/api/v1/chat")).bearer_auth(&token);
        let said = json!({"message": "Quanto custa o corte?", "user_id": format!("u{n}")});
        chats.spawn(async move { request.json(&said).send().await.map(|answer| answer.status().as_u16()) });
    }
    let began = Instant::now();
    while tenant.db.count("inbox").await < 256 {
        assert!(began.elapsed() < Duration::from_secs(25), "they do not come in: {}", tenant.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut slowest = Duration::ZERO;
    for n in 0..20 {
        let began = Instant::now();
        assert_eq!(tenant.say(&format!("55119999900{n:02}"), "oi").await, 200);
        slowest = slowest.max(began.elapsed());
    }
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert_eq!(list_tools(&tenant, &token).await, 429, "another program is told to come again");
    chats.abort_all();
    tenant.sim.release(None);
    let status: Value = serde_json::from_str(&tenant.internal("/status").await).unwrap();
    assert_eq!(status["database"]["state"], "ok", "{status}");
}
