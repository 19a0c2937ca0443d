//! The load generator.

use std::{collections::HashSet, time::Duration};

use axum::{Router, routing::post};
use mcp_simulator::{
    load::{Load, LoadError, run},
    sign,
};
use serde_json::Value;

use crate::world::Receiver;

fn load(url: &str, connections: usize) -> Load {
    Load {
        url: url.parse().unwrap(),
        secret: "secret".to_owned(),
        phone_number_id: "1065".to_owned(),
        connections,
        rate: None,
        seconds: 0.3,
        messages: None,
        customers: 1000,
        burst: 1,
    }
}

#[tokio::test]
async fn every_message_of_a_load_is_signed_and_new() {
    let (receiver, url) = Receiver::start(&[500]).await;
    let outcome = run(load(&url, 4)).await.unwrap();
    let posts = receiver.received();
    assert_eq!((posts.len(), outcome.ok), (outcome.requests, outcome.requests - 1));
    assert!(outcome.rate > 0.0 && outcome.p50_ms > 0.0 && outcome.p99_ms >= outcome.p50_ms);
    let ids: HashSet<String> = posts
        .iter()
        .map(|(raw, signature)| {
            assert_eq!(*signature, sign("secret", raw.as_bytes()));
            let body: Value = serde_json::from_str(raw).unwrap();
            body.pointer("/entry/0/changes/0/value/messages/0/id").unwrap().to_string()
        })
        .collect();
    assert_eq!(ids.len(), posts.len());
}

#[tokio::test]
async fn customers_write_so_many_messages_in_a_row_and_no_more_in_all() {
    let (receiver, url) = Receiver::start(&[]).await;
    let load = Load { seconds: 60.0, messages: Some(7), customers: 2, burst: 3, ..load(&url, 1) };
    assert_eq!(run(load).await.unwrap().ok, 7);
    let customers: Vec<String> = receiver
        .received()
        .iter()
        .map(|(raw, _)| {
            let body: Value = serde_json::from_str(raw).unwrap();
            body.pointer("/entry/0/changes/0/value/messages/0/from").unwrap().as_str().unwrap().to_owned()
        })
        .collect();
    let [first, second] = ["5511900000000", "5511900000001"];
    assert_eq!(customers, [first, first, first, second, second, second, first]);
}

#[tokio::test]
async fn what_was_due_while_a_server_stood_still_is_late_by_all_of_that_time() {
    let stands_still_until = tokio::time::Instant::now() + Duration::from_millis(400);
    let app = Router::new().route("/", post(move || tokio::time::sleep_until(stands_still_until)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(axum::serve(listener, app).into_future());
    // All forty are due in the first 400 ms, one every 10 ms.
    let load = Load { rate: Some(100), messages: Some(40), seconds: 60.0, ..load(&url, 1) };
    let outcome = run(load).await.unwrap();
    server.abort();
    assert_eq!(outcome.ok, 40);
    assert!(outcome.max_ms > 300.0 && outcome.p50_ms > 100.0, "{outcome:?}");
}

#[tokio::test]
async fn a_load_against_somebody_else_is_not_sent() {
    let refused = run(load("https://example.com/webhooks/whatsapp", 1)).await;
    assert!(matches!(refused, Err(LoadError::Foreign(host)) if host == "example.com"));
    assert!(matches!(run(load("http://127.0.0.1:1/", 0)).await, Err(LoadError::Bounds)));
    let endless = Load { rate: Some(0), ..load("http://127.0.0.1:1/", 1) };
    assert!(matches!(run(endless).await, Err(LoadError::Bounds)));
}
