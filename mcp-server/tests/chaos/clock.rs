//! The machine's clock is set while the process runs. The clock of the process alone goes wrong, and is set right again.

use std::time::Duration;

use mcp_simulator::Point;
use serde_json::json;

use crate::{harness::Tenant, outages::rows};

const HOUR: i64 = 3_600;
const TEXT: &str = "Quero marcar um corte amanhã às 15h";

async fn waiting(tenant: &Tenant, point: Point) {
    let began = std::time::Instant::now();
    while !tenant.sim.waiting().iter().any(|at| at.point == point && at.n > 0) {
        assert!(began.elapsed().as_secs() < 20, "nobody came to {point:?}: {}", tenant.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// One message, and a good while later still one.
async fn one_answer(tenant: &Tenant) {
    tenant.within(Duration::from_secs(20), "an answer", |state| !state.messages.is_empty()).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let texts: Vec<String> = tenant.sim.state().messages.iter().map(|sent| sent.text().to_owned()).collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
}

/// Jumps in the middle of a turn, then in the middle of a send.
async fn answered_once_although_the_clock_jumps_by(seconds: i64) {
    for point in [Point::GeminiBefore, Point::GraphAfter] {
        let tenant = Tenant::start().await;
        tenant.sim.hold(point, 1);
        tenant.say("5511999990001", TEXT).await;
        waiting(&tenant, point).await;
        tenant.set_its_clock(seconds);
        // Whoever thinks a lease is over has time to act on it.
        tokio::time::sleep(Duration::from_secs(3)).await;
        tenant.sim.release(None);
        one_answer(&tenant).await;
        // Another customer is answered as if nothing had been.
        tenant.say("5511999990002", "Quanto custa o corte?").await;
        tenant.within(Duration::from_secs(20), "a second answer", |state| state.messages.len() == 2).await;
        rows(&tenant, "both recorded", "SELECT state FROM outbox WHERE state = 'sent'", |rows| {
            rows.len() == 2
        })
        .await;
        assert_eq!(tenant.db.count("dead_letter").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_set_forward_by_two_hours_doubles_nothing_and_holds_nothing_up() {
    answered_once_although_the_clock_jumps_by(2 * HOUR).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_set_back_by_an_hour_doubles_nothing_and_holds_nothing_up() {
    answered_once_although_the_clock_jumps_by(-HOUR).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_when_the_clock_is_set_back_does_not_wait_for_the_hour_to_come_again() {
    let tenant = Tenant::start().await;
    // A message that just came, and one that is put off.
    tenant.sim.fail(serde_json::from_value(json!({"vendor": "graph", "status": 503, "times": 2})).unwrap());
    tenant.say("5511999990001", "Quanto custa o corte?").await;
    rows(&tenant, "a message put off", "SELECT 1 FROM outbox WHERE error IS NOT NULL", |rows| {
        !rows.is_empty()
    })
    .await;
    tenant.say("5511999990002", "Quanto custa a barba?").await;
    tenant.set_its_clock(-HOUR);
    let state =
        tenant.within(Duration::from_secs(25), "both answers", |state| state.messages.len() == 2).await;
    assert!(state.violations.is_empty(), "{:?}", state.violations);
    assert!(tenant.log().contains("clock was set"), "an operator reads of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_starts_before_its_last_message_came_answers_it_at_once() {
    let mut tenant = Tenant::start().await;
    tenant.set_its_clock(HOUR);
    tenant.sim.hold(Point::GeminiBefore, 1);
    tenant.say("5511999990001", TEXT).await;
    waiting(&tenant, Point::GeminiBefore).await;
    tenant.kill().await;
    tenant.sim.release(None);
    tenant.set_its_clock(0);
    tenant.run().await;
    tenant.one_of_each().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reminder_is_sent_once_although_its_hour_comes_twice() {
    let mut tenant = Tenant::start().await;
    let profile = std::fs::read_to_string(tenant.path("profile.yaml")).unwrap();
    std::fs::write(tenant.path("profile.yaml"), profile + "reminders: [{before: 2h}]\n").unwrap();
    tenant.run_anew_with(Vec::new()).await;
    tenant.say("5511999990001", TEXT).await;
    tenant.until("a receipt", |state| state.messages.len() == 1 && state.events.len() == 1).await;
    let due = "SELECT due_us FROM reminder WHERE state = 'pending' ORDER BY due_us DESC LIMIT 1";
    let due = rows(&tenant, "a reminder", due, |rows| !rows.is_empty()).await[0]["due_us"].as_i64().unwrap();
    let now = mcp_server::clock::Clock::now(&mcp_server::clock::SystemClock).as_microsecond();
    let until = (due - now) / 1_000_000 + 30;
    let handled = "SELECT booking_id FROM reminder WHERE due_us = (SELECT MAX(due_us) FROM reminder)
                   AND state IN ('sent', 'skipped')";
    tenant.set_its_clock(until);
    rows(&tenant, "the reminder", handled, |rows| rows.len() == 1).await;
    let told = "SELECT id FROM outbox WHERE kind = 'reminder'";
    let said = tenant.db.rows(told).await.len();
    tenant.set_its_clock(until - HOUR);
    tokio::time::sleep(Duration::from_secs(3)).await;
    tenant.set_its_clock(until);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(tenant.db.rows(told).await.len(), said, "its hour came again");
    assert_eq!(tenant.db.rows(handled).await.len(), 1);
}
