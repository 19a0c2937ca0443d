//! Strangers at the webhook: what is not Meta's leaves nothing, takes little, and keeps nobody else waiting.

use std::time::{Duration, Instant};

use mcp_simulator::sign;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::{APP_SECRET, NUMBER, Tenant, http};

const HOOK: &str = "/webhooks/whatsapp";

fn now() -> i64 {
    mcp_server::clock::Clock::now(&mcp_server::clock::SystemClock).as_second()
}

/// A customer's message, with so many bytes of padding.
fn body(id: &str, padding: usize) -> Vec<u8> {
    json!({"object": "whatsapp_business_account", "padding": "x".repeat(padding), "entry": [{"id": "1", "changes": [{"field": "messages", "value": {
        "metadata": {"phone_number_id": NUMBER},
        "messages": [{"from": "5511999990001", "id": id, "timestamp": now().to_string(), "type": "reaction",
                      "reaction": {"message_id": "w", "emoji": "👍"}}],
    }}]}]})
    .to_string()
    .into_bytes()
}

async fn post(tenant: &Tenant, path: &str, body: Vec<u8>) -> u16 {
    let signature = sign(APP_SECRET, &body);
    let request = http().post(tenant.url(path)).header("x-hub-signature-256", signature).body(body);
    request.send().await.unwrap().status().as_u16()
}

async fn connect(tenant: &Tenant) -> TcpStream {
    TcpStream::connect(tenant.public_url().trim_start_matches("http://")).await.unwrap()
}

/// Sends bytes as they are; everything that comes back.
async fn raw(tenant: &Tenant, head: &str, body: &[u8]) -> String {
    let mut stream = connect(tenant).await;
    stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
    let mut answer = Vec::new();
    // Not every answer ends its connection.
    let _ = tokio::time::timeout(Duration::from_secs(2), stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

pub fn statuses(answer: &str) -> Vec<&str> {
    answer.split("HTTP/1.1 ").skip(1).map(|rest| &rest[..3]).collect()
}

/// A signed POST with these headers beside it.
fn head(path: &str, body: &[u8], more: &str) -> String {
    let signature = sign(APP_SECRET, body);
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nx-hub-signature-256: {signature}\r\nconnection: close\r\n{more}\r\n"
    )
}

fn length(body: &[u8]) -> String {
    format!("content-length: {}\r\n", body.len())
}

#[tokio::test]
async fn an_old_delivery_played_again_changes_nothing_not_even_after_a_restart() {
    let mut tenant = Tenant::start().await;
    let body = body("wamid.old", 0);
    assert_eq!(post(&tenant, HOOK, body.clone()).await, 200);
    tenant.kill().await;
    tenant.run().await;
    for _ in 0..3 {
        assert_eq!(post(&tenant, HOOK, body.clone()).await, 200);
    }
    assert_eq!(tenant.db.count("inbox").await, 1);
}

#[tokio::test]
async fn three_megabytes_are_taken_and_more_is_refused_announced_or_not() {
    let tenant = Tenant::start().await;
    assert_eq!(post(&tenant, HOOK, body("wamid.large", 3_000_000 - 1_000)).await, 200);
    // Meta's 3 MB and what is around them; a byte more than that is too much.
    let around = 3 * 1024 * 1024 + 64 * 1024;
    let padding = |bytes: usize| bytes - body("wamid.most00", 0).len();
    assert_eq!(post(&tenant, HOOK, body("wamid.most00", padding(around))).await, 200);
    let more = body("wamid.most01", padding(around + 1));
    assert!(statuses(&raw(&tenant, &head(HOOK, &more, &length(&more)), b"").await).contains(&"413"));
    let large = body("wamid.larger", 3_500_000);
    assert!(statuses(&raw(&tenant, &head(HOOK, &large, &length(&large)), b"").await).contains(&"413"));
    let chunked = [format!("{:x}\r\n", large.len()).as_bytes(), &large, b"\r\n0\r\n\r\n"].concat();
    let mut stream = connect(&tenant).await;
    let bytes = [head(HOOK, &large, "transfer-encoding: chunked\r\n").as_bytes(), &chunked].concat();
    // A server that refuses may close before all is written.
    let _ = stream.write_all(&bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(2), stream.read_to_end(&mut answer)).await;
    assert!(!statuses(&String::from_utf8_lossy(&answer)).contains(&"200"));
    assert_eq!(tenant.db.count("inbox").await, 2);
}

#[tokio::test]
async fn slow_bodies_keep_nobody_else_waiting() {
    let tenant = Tenant::start().await;
    let mut slow = Vec::new();
    for _ in 0..60 {
        let mut stream = connect(&tenant).await;
        stream.write_all(head(HOOK, b"", "content-length: 2000000\r\n").as_bytes()).await.unwrap();
        stream.write_all(b"{").await.unwrap();
        slow.push(stream);
    }
    let began = Instant::now();
    assert_eq!(post(&tenant, HOOK, body("wamid.quick", 0)).await, 200);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    drop(slow);
    assert_eq!(tenant.db.count("inbox").await, 1);
}

#[tokio::test]
async fn heads_that_never_end_keep_nobody_else_waiting() {
    let tenant = Tenant::start().await;
    let mut slow = Vec::new();
    // More than the listener has room for.
    for n in 0..560 {
        let mut stream = connect(&tenant).await;
        let head: &[u8] = if n % 2 == 0 { b"POST /webhooks/whatsapp HTTP/1.1\r\nx-slow: " } else { b"" };
        // One that had to make room already may not take it.
        let _ = stream.write_all(head).await;
        slow.push(stream);
    }
    let began = Instant::now();
    for n in 0..20 {
        assert_eq!(post(&tenant, HOOK, body(&format!("wamid.quick{n}"), 0)).await, 200);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    drop(slow);
    assert_eq!(tenant.db.count("inbox").await, 20);
}

#[tokio::test]
async fn headers_that_two_readers_would_read_differently_open_nothing() {
    let tenant = Tenant::start().await;
    let good = body("wamid.good", 0);
    let forged = "x-hub-signature-256: sha256=00\r\n";
    let two = head(HOOK, &good, &format!("{}{forged}", length(&good)));
    assert_eq!(statuses(&raw(&tenant, &two, &good).await), ["401"], "two signatures are none");
    let lengths = head(HOOK, &good, &format!("{}content-length: 0\r\n", length(&good)));
    assert_eq!(statuses(&raw(&tenant, &lengths, &good).await), ["400"], "two lengths");
    // One reader sees an empty body and a second request, another one a single body.
    let hidden = "0\r\n\r\nGET /health HTTP/1.1\r\nhost: x\r\n\r\n";
    let both = head(HOOK, b"", "content-length: 44\r\ntransfer-encoding: chunked\r\n");
    let answer = raw(&tenant, &both, hidden.as_bytes()).await;
    assert!(statuses(&answer).len() <= 1 && !answer.contains(r#""status":"ok""#), "{answer}");
    for odd in [
        "transfer-encoding: xchunked\r\n",
        "content-length: -1\r\n",
        "content-length: 1 2\r\n",
        " x: folded\r\n",
        "x: a\r\n folded\r\n",
        "transfer-encoding : chunked\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
        "content-length: +5\r\n",
        "content-length: 0x10\r\n",
        "content-length: 5, 6\r\n",
    ] {
        let answer = raw(&tenant, &head(HOOK, &good, odd), &good).await;
        assert!(!statuses(&answer).contains(&"200"), "{odd}: {answer}");
    }
    assert_eq!(tenant.db.count("inbox").await, 0);
}

#[tokio::test]
async fn tricks_with_the_path_lead_nowhere() {
    let tenant = Tenant::start().await;
    let base = "/barbearia/production";
    for (n, path) in [
        format!("/{HOOK}"),
        format!("{base}/{HOOK}"),
        format!("{HOOK}/"),
        format!("{base}/..{HOOK}"),
        format!("{base}/../../metrics"),
        format!("/barbearia/%2e%2e{HOOK}"),
        format!("{base}/%2e%2e/production{HOOK}"),
        format!("/BARBEARIA/production{HOOK}"),
        "/webhooks/WhatsApp".to_owned(),
        "/webhooks%2fwhatsapp".to_owned(),
        format!("{base}{base}{HOOK}"),
        format!("/barbearia/staging{HOOK}"),
        "/metrics".to_owned(),
        "/status".to_owned(),
        format!("{base}/status"),
    ]
    .iter()
    .enumerate()
    {
        let body = body(&format!("wamid.{n}"), 0);
        let answer = raw(&tenant, &head(path, &body, &length(&body)), &body).await;
        assert_eq!(statuses(&answer), ["404"], "{path}");
    }
    assert_eq!(tenant.db.count("inbox").await, 0);
    for path in [HOOK.to_owned(), format!("{base}{HOOK}"), format!("{base}/api/v1{HOOK}")] {
        assert_eq!(post(&tenant, &path, body(&path, 0)).await, 200, "{path}");
    }
    assert_eq!(tenant.db.count("inbox").await, 3);
}

#[tokio::test]
async fn only_the_right_token_gets_its_challenge_back() {
    let tenant = Tenant::start().await;
    let ask = async |query: &str| {
        let answer = http().get(tenant.url(&format!("{HOOK}?{query}"))).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let right = "hub.mode=subscribe&hub.challenge=12%3C34&hub.verify_token=verify-canary";
    assert_eq!(ask(right).await, (200, "12<34".to_owned()));
    for wrong in [
        "",
        "hub.mode=subscribe&hub.challenge=1234",
        "hub.mode=subscribe&hub.challenge=1234&hub.verify_token=",
        "hub.mode=subscribe&hub.challenge=1234&hub.verify_token=verify-canar",
        "hub.mode=subscribe&hub.challenge=1234&hub.verify_token=VERIFY-CANARY",
        "hub.mode=unsubscribe&hub.challenge=1234&hub.verify_token=verify-canary",
        "hub.challenge=1234&hub.verify_token=verify-canary",
        "hub.mode=subscribe&hub.challenge=1234&hub.verify_token=x&hub.verify_token=verify-canary",
    ] {
        let (status, text) = ask(wrong).await;
        assert!([400, 403].contains(&status) && !text.contains("1234"), "{wrong}: {status} {text}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_acknowledged_and_kept_for_a_person() {
    let tenant = Tenant::start().await;
    for _ in 0..2 {
        assert_eq!(post(&tenant, HOOK, b"{\"entry\": [".to_vec()).await, 200);
    }
    assert!((1..=2).contains(&tenant.db.count("dead_letter").await));
    assert!(tenant.internal("/metrics").await.contains(r#"webhook_items_total{outcome="dead"} 2"#));
}

#[tokio::test]
async fn what_will_be_answered_is_marked_as_read_while_it_is_thought_about() {
    let tenant = Tenant::start().await;
    tenant.say("5511999990001", "oi").await;
    let state =
        tenant.until("an answer and a receipt", |s| !s.messages.is_empty() && !s.reads.is_empty()).await;
    assert_eq!(state.reads.len(), 1);
    assert!(state.reads[0].typing && state.reads[0].phone_number_id == NUMBER);
    assert!(state.violations.is_empty(), "{:?}", state.violations);
}

#[tokio::test]
async fn tricks_with_the_path_open_no_other_door_either() {
    let tenant = Tenant::start().await;
    let base = "/barbearia/production";
    for door in ["/mcp", "/api/v1/chat", "/api/v1/appointments/list"] {
        for path in [
            format!("/{door}"),
            format!("{base}/{door}"),
            format!("{base}/..{door}"),
            format!("{base}/%2e%2e/production{door}"),
            format!("{base}{}", door.to_uppercase()),
            format!("{base}{}", door.replacen('/', "%2f", 1)),
            format!("/BARBEARIA/production{door}"),
            format!("{base}{base}{door}"),
        ] {
            let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            assert_eq!(statuses(&raw(&tenant, &head, b"").await), ["404"], "{path}");
        }
        let head = format!("GET {base}{door} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        assert_ne!(statuses(&raw(&tenant, &head, b"").await), ["404"], "{door}");
    }
}

/// A tap on a button or a row, as Meta tells of it.
fn tap(from: &str, id: &str, wamid: &str) -> Vec<u8> {
    json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": {
        "metadata": {"phone_number_id": NUMBER},
        "messages": [{"from": from, "id": wamid, "timestamp": now().to_string(), "type": "interactive",
                      "interactive": {"type": "button_reply", "button_reply": {"id": id, "title": "x"}}}],
    }}]}]})
    .to_string()
    .into_bytes()
}

/// Every id that a message offers to tap.
fn offered(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(id) if name == "id" => found.push(id.to_owned()),
                    _ => offered(value, found),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| offered(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn what_was_offered_to_one_customer_is_worth_nothing_to_another() {
    let (ana, eva) = ("5511999990001", "5511999990002");
    let tenant = Tenant::start().await;
    tenant.say(ana, "Quero marcar um corte amanhã às 15h").await;
    let state = tenant.until("a receipt", |s| s.messages.len() == 1).await;
    assert!(state.messages[0].text().contains("confirmado"));
    let reference = tenant.db.bookings().await[0]["reference"].as_str().unwrap().to_owned();
    // Menus carry what can be done with an appointment.
    let down = json!({"vendor": "gemini", "status": 500, "times": 1000});
    tenant.sim.fail(serde_json::from_value(down).unwrap());
    tenant.say(ana, "meus agendamentos").await;
    let state = tenant.until("a menu", |s| s.messages.len() == 2).await;
    let mut ids = Vec::new();
    offered(&state.messages[1].body["interactive"], &mut ids);
    assert!(!ids.is_empty(), "{:?}", state.messages[1].body);
    for (n, id) in ids.iter().enumerate() {
        let seen = tenant.sim.state().messages.len();
        assert_eq!(post(&tenant, HOOK, tap(eva, id, &format!("wamid.eva{n}"))).await, 200);
        let state = tenant.until("an answer to Eva", |s| s.messages.len() > seen).await;
        let said = state.messages.last().unwrap();
        assert_eq!(said.to.as_deref(), Some(eva), "{id}");
        assert!(!said.body.to_string().contains(&reference), "{id}: {:?}", said.body);
    }
    let rows = tenant.db.bookings().await;
    assert_eq!((rows.len(), rows[0]["state"].as_str()), (1, Some("confirmed")));
}
