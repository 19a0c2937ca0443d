//! The process ends at every step of the pipeline, again and again, while messages pour in: in batches, twice, and out
//! of order. Every customer is answered exactly once.
//!
//! `CHAOS_SCALE` (1) multiplies the number of messages; 23 are more than ten thousand.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

#[path = "../tenant/database.rs"]
#[expect(dead_code, reason = "shared with other suites")]
mod database;
#[path = "../tenant/harness.rs"]
#[expect(dead_code, reason = "shared with other suites")]
mod harness;
#[path = "../tenant/keys.rs"]
mod keys;

#[path = "../tenant/postgres.rs"]
#[expect(dead_code, reason = "shared with other suites")]
mod postgres;

mod clock;
mod disk;
mod hang;
mod outages;
mod postgres_away;
mod progress;
mod proxy;
mod storm;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use mcp_server::failpoint::Point;

use harness::Tenant;
use progress::Progress;
use storm::Storm;

/// Which time somebody comes to a step ends the process: in turn, for as long as messages pour.
const TIMES: [u32; 6] = [3, 11, 2, 37, 7, 23];
/// Longest that a step is waited for; not every step is reached often.
const PATIENCE: Duration = Duration::from_secs(6);

fn scale() -> usize {
    std::env::var("CHAOS_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Ends the process at each step in turn: at least at its third and its eleventh time, and on until all is poured.
async fn end_again_and_again(
    tenant: &mut Tenant,
    progress: &mut Progress,
) -> BTreeMap<(&'static str, u32), bool> {
    let mut ended = BTreeMap::new();
    for (round, times) in TIMES.into_iter().cycle().enumerate() {
        for point in Point::ALL {
            if round >= 2 && progress.poured() {
                return ended;
            }
            tenant.kill_if_alive().await;
            tenant.run_with(&[("MCP_FAIL_AT", format!("{}:{times}", point.name()))]);
            let died = tenant.dies_within(PATIENCE).await;
            *ended.entry((point.name(), times)).or_default() |= died;
            progress.ended(died);
            progress.say(&tenant.sim);
        }
    }
    ended
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_writes_is_answered_once_wherever_the_process_ends() {
    let customers = 440 * scale();
    let mut tenant = Tenant::start().await;
    let mut progress = Progress::new(customers);
    let storm = Storm::of(customers, 20_261_121);
    let pouring = storm.pour(tenant.sim.clone(), progress.taken());
    let ended = end_again_and_again(&mut tenant, &mut progress).await;
    tenant.kill_if_alive().await;
    tenant.run().await;
    pouring.await.unwrap();

    // A debug build on a busy machine answers at least five a second; the claims of the last end are over in a minute.
    let limit = Duration::from_secs(120 + customers as u64 / 5);
    let drained = Instant::now();
    while tenant.sim.sent_to().len() < customers {
        assert!(
            drained.elapsed() < limit,
            "{} of {customers} answered: {}",
            tenant.sim.sent_to().len(),
            tenant.log().lines().rev().take(40).collect::<Vec<_>>().join("\n")
        );
        progress.say(&tenant.sim);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    // Time for a second answer, were there one.
    tokio::time::sleep(Duration::from_secs(5)).await;
    progress.report(&ended);

    let twice: Vec<_> = tenant.sim.sent_to().into_iter().filter(|(_, n)| *n != 1).collect();
    assert_eq!(twice, [], "answered more than once");
    assert_eq!(
        tenant.db.rows("SELECT * FROM outbox WHERE state <> 'sent'").await,
        Vec::<serde_json::Value>::new()
    );
    // A turn that was ended three times is given up, and its customer answered with how to reach a person.
    let unexpected = "SELECT * FROM dead_letter WHERE reason <> 'the turn ended its process or took too long more than twice'";
    assert_eq!(tenant.db.rows(unexpected).await, Vec::<serde_json::Value>::new());
    let first: Vec<_> = ended.iter().filter(|((_, times), _)| TIMES[..2].contains(times)).collect();
    assert!(first.iter().filter(|(_, died)| **died).count() >= 16, "too few ends: {ended:?}");
    let violations = tenant.sim.state().violations;
    assert!(violations.is_empty(), "{violations:?}");
}
