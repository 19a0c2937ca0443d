//! What arrives: Meta's own samples, forged ones, foreign ones, and the same one again.

use std::collections::BTreeSet;

use mcp_simulator::{samples, sign};
use serde_json::{Value, json};

use crate::harness::{APP_SECRET, NUMBER, Tenant, http};

async fn post(tenant: &Tenant, path: &str, body: &[u8], signature: Option<&str>) -> u16 {
    let mut request =
        http().post(tenant.url(path)).body(body.to_vec()).header("content-type", "application/json");
    if let Some(signature) = signature {
        request = request.header("x-hub-signature-256", signature);
    }
    request.send().await.unwrap().status().as_u16()
}

async fn signed(tenant: &Tenant, body: &[u8]) -> u16 {
    post(tenant, "/webhooks/whatsapp", body, Some(&sign(APP_SECRET, body))).await
}

/// Meta's sample with our number, a sender of its own and the present time, and nothing else changed.
fn as_ours(sample: &Value, sender: &str, now: i64) -> Value {
    let mut body = sample.clone();
    for change in body["entry"]
        .as_array_mut()
        .into_iter()
        .flatten()
        .flat_map(|e| e["changes"].as_array_mut().into_iter().flatten())
    {
        let value = &mut change["value"];
        if value["metadata"].is_object() {
            value["metadata"]["phone_number_id"] = json!(NUMBER);
        }
        for contact in value["contacts"].as_array_mut().into_iter().flatten() {
            contact["wa_id"] = json!(sender);
        }
        for message in value["messages"].as_array_mut().into_iter().flatten() {
            message["from"] = json!(sender);
            message["timestamp"] = json!(now.to_string());
        }
    }
    body
}

fn now() -> i64 {
    mcp_server::clock::Clock::now(&mcp_server::clock::SystemClock).as_second()
}

#[tokio::test]
async fn all_of_metas_samples_are_accepted_and_the_text_ones_answered() {
    let tenant = Tenant::start().await;
    assert_eq!(samples().len(), 21);
    let (mut senders, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for (n, (name, sample)) in samples().iter().enumerate() {
        let body = as_ours(sample, &format!("55119999900{n:02}"), now());
        for message in body["entry"][0]["changes"][0]["value"]["messages"].as_array().into_iter().flatten() {
            // Several of Meta's samples carry the same id; only the first of them is a new message.
            if ids.insert(message["id"].to_string()) && message["type"] == "text" {
                senders.insert(message["from"].as_str().unwrap().to_owned());
            }
        }
        assert_eq!(signed(&tenant, body.to_string().as_bytes()).await, 200, "{name}");
    }
    assert!(!senders.is_empty());
    tenant
        .until("an answer to every sender of a text", |s| {
            senders.iter().all(|from| s.messages.iter().any(|m| m.to.as_ref() == Some(from)))
        })
        .await;
}

fn text(number: &str, id: &str) -> Vec<u8> {
    json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "551133334444", "phone_number_id": number},
        "contacts": [{"profile": {"name": "Ana"}, "wa_id": "5511999990001"}],
        "messages": [{"from": "5511999990001", "id": id, "timestamp": now().to_string(), "type": "text", "text": {"body": "Corte amanhã às 15h"}}],
    }}]}]})
    .to_string()
    .into_bytes()
}

#[tokio::test]
async fn the_same_message_again_changes_nothing() {
    let tenant = Tenant::start().await;
    let body = text(NUMBER, "wamid.same");
    for _ in 0..3 {
        assert_eq!(signed(&tenant, &body).await, 200);
    }
    tenant.one_of_each().await;
    assert_eq!(signed(&tenant, &body).await, 200);
    tenant.one_of_each().await;
    assert_eq!(tenant.db.count("inbox").await, 1);
}

#[tokio::test]
async fn a_forged_delivery_is_refused_and_leaves_nothing() {
    let tenant = Tenant::start().await;
    let body = text(NUMBER, "wamid.forged");
    for signature in [
        None,
        Some("sha256=00"),
        Some(sign("other-secret", &body).as_str()),
        Some(sign(APP_SECRET, b"{}").as_str()),
    ] {
        assert_eq!(post(&tenant, "/webhooks/whatsapp", &body, signature).await, 401);
    }
    assert_eq!((tenant.db.count("inbox").await, tenant.db.count("customer").await), (0, 0));
}

#[tokio::test]
async fn another_numbers_message_is_acknowledged_and_dropped() {
    let tenant = Tenant::start().await;
    let body = text("999", "wamid.foreign");
    assert_eq!(signed(&tenant, &body).await, 200);
    assert_eq!(tenant.db.count("inbox").await, 0);
    assert!(tenant.internal("/metrics").await.contains(r#"mcp_webhook_items_total{outcome="foreign"} 1"#));
}

#[tokio::test]
async fn what_is_not_json_but_signed_is_acknowledged_and_kept() {
    let tenant = Tenant::start().await;
    assert_eq!(signed(&tenant, b"{\"entry\": [").await, 200);
    assert_eq!(tenant.db.count("dead_letter").await, 1);
}

#[tokio::test]
async fn verification_repeats_the_challenge_for_the_right_token_only() {
    let tenant = Tenant::start().await;
    let ask = async |path: &str, token: &str| {
        let url = tenant
            .url(&format!("{path}?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}"));
        let response = http().get(url).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    for path in ["/webhooks/whatsapp", "/api/v1/webhooks/whatsapp", "/barbearia/production/webhooks/whatsapp"]
    {
        assert_eq!(ask(path, "verify-canary").await, (200, "1158201444".to_owned()), "{path}");
    }
    assert_eq!(ask("/webhooks/whatsapp", "wrong").await.0, 403);
}

#[tokio::test]
async fn a_delivery_of_three_megabytes_is_taken_and_a_larger_one_is_not() {
    let tenant = Tenant::start().await;
    let padded = |bytes: usize| {
        let mut body = String::from_utf8(text(NUMBER, &format!("wamid.{bytes}"))).unwrap();
        body.insert_str(1, &format!("\"padding\":\"{}\",", "x".repeat(bytes)));
        body.into_bytes()
    };
    assert_eq!(signed(&tenant, &padded(3 * 1024 * 1024 - 2000)).await, 200);
    // Refused by its announced length; the client may hear that, or only that the connection closed under it.
    let large = padded(4 * 1024 * 1024);
    let request =
        http().post(tenant.url("/webhooks/whatsapp")).header("x-hub-signature-256", sign(APP_SECRET, &large));
    let refused = request.body(large).send().await;
    assert!(refused.is_err() || refused.is_ok_and(|response| response.status() == 413));
    assert_eq!(tenant.db.count("inbox").await, 1);
}
