//! The load generator.

use std::collections::HashSet;

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
        seconds: 0.3,
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
async fn a_load_against_somebody_else_is_not_sent() {
    let refused = run(load("https://example.com/webhooks/whatsapp", 1)).await;
    assert!(matches!(refused, Err(LoadError::Foreign(host)) if host == "example.com"));
    assert!(matches!(run(load("http://127.0.0.1:1/", 0)).await, Err(LoadError::Bounds)));
}
