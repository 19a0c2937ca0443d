//! The process ends at every step of the pipeline, again and again, while messages pour in: in batches, twice, and out
//! of order. Every customer is answered exactly once.
//!
//! `CHAOS_SCALE` (1) multiplies the number of messages.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

#[path = "../tenant/database.rs"]
#[expect(dead_code, reason = "shared with other suites")]
mod database;
#[path = "../tenant/harness.rs"]
#[expect(dead_code, reason = "shared with other suites")]
mod harness;
#[path = "../tenant/keys.rs"]
mod keys;

mod storm;

use std::collections::BTreeMap;

use mcp_server::failpoint::Point;

use harness::Tenant;
use storm::Storm;

fn scale() -> usize {
    std::env::var("CHAOS_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// How many messages each customer was sent, by how many customers.
fn answers(tenant: &Tenant) -> BTreeMap<String, usize> {
    let mut answers = BTreeMap::new();
    for sent in tenant.sim.state().messages {
        *answers.entry(sent.to.unwrap_or_default()).or_default() += 1;
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_writes_is_answered_once_wherever_the_process_ends() {
    let customers = 440 * scale();
    let mut tenant = Tenant::start().await;
    let storm = Storm::of(customers, 20_261_121);
    let pouring = storm.pour(tenant.sim.clone());
    let mut ended = BTreeMap::new();
    // Each step in turn, at its third, then its eleventh time, then as the others leave it.
    for times in [3_u32, 11] {
        for point in Point::ALL {
            tenant.kill_if_alive().await;
            tenant.run_with(&[("MCP_FAIL_AT", format!("{}:{times}", point.name()))]);
            let died = tenant.dies_within(std::time::Duration::from_secs(6)).await;
            ended.insert((point.name(), times), died);
        }
    }
    tenant.kill_if_alive().await;
    tenant.run().await;
    pouring.await.unwrap();
    tenant
        .within(std::time::Duration::from_secs(300), "an answer for everybody", |state| {
            let mut who: Vec<_> = state.messages.iter().filter_map(|sent| sent.to.clone()).collect();
            who.sort();
            who.dedup();
            who.len() == customers
        })
        .await;
    // Time for a second answer, were there one.
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let twice: Vec<_> = answers(&tenant).into_iter().filter(|(_, n)| *n != 1).collect();
    let never: Vec<_> = ended.iter().filter(|(_, died)| !**died).map(|(key, _)| key).collect();
    println!(
        "{customers} customers; the process ended at {} of {} steps; not at {never:?}",
        ended.len() - never.len(),
        ended.len()
    );
    assert_eq!(twice, [], "answered more than once");
    assert_eq!(
        tenant.db.rows("SELECT * FROM outbox WHERE state <> 'sent'").await,
        Vec::<serde_json::Value>::new()
    );
    // A turn that was ended three times is given up, and its customer answered with how to reach a person.
    let unexpected = "SELECT * FROM dead_letter WHERE reason <> 'the turn ended its process more than twice'";
    assert_eq!(tenant.db.rows(unexpected).await, Vec::<serde_json::Value>::new());
    assert!(ended.len() - never.len() >= 16, "too few ends: {ended:?}");
    assert!(tenant.sim.state().violations.is_empty(), "{:?}", tenant.sim.state().violations);
}
