//! What is in no log, not even at its most talkative: who wrote, from which number, what, and every credential.

use std::time::Duration;

use mcp_simulator::Say;
use serde_json::json;

use crate::{
    harness::{NUMBER, Tenant},
    process,
};

const NAME: &str = "Zanzibara";
const PHONE: &str = "5511987654321";
const WORDS: &str = "abracadabra";

#[tokio::test]
async fn a_whole_conversation_leaves_nobody_in_the_logs() {
    let mut tenant = Tenant::start().await;
    let mut child = process::serve(&mut tenant, &[("RUST_LOG", "debug")]).await;
    for text in
        [format!("Quero marcar um corte amanhã às 15h, {WORDS}"), format!("{WORDS}, o que vocês fazem?")]
    {
        tenant.sim.say(Say::text(NUMBER, PHONE, NAME, &text)).await.unwrap();
        let before = tenant.sim.state().messages.len();
        tenant.until("an answer", |s| s.messages.len() > before).await;
    }
    let token = tenant.token("booking:read booking:write").await;
    let asked =
        json!({"service": "corte", "customer": {"name": NAME, "phone": format!("+{PHONE}")}, "note": WORDS});
    for tool in ["book_appointment", "find_slots", "list_appointments", "nothing_of_that_name"] {
        tenant.tool(&token, tool, asked.clone()).await;
    }
    let broken = tenant.url("/webhooks/whatsapp");
    crate::harness::http().post(broken).body(format!("{{\"{WORDS}\": \"{NAME}\"")).send().await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    child.kill().await.unwrap();

    let log = tenant.log();
    assert!(log.contains("\"DEBUG\""), "the log is talkative: {log}");
    assert!(log.lines().count() > 20, "{log}");
    for canary in [NAME, PHONE, "11987654321", WORDS, "canary", "PRIVATE KEY", &token] {
        let found: Vec<&str> = log.lines().filter(|line| line.contains(canary)).collect();
        assert!(found.is_empty(), "{canary} is in the log: {found:#?}");
    }
}
