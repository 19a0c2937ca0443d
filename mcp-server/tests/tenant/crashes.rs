//! The process is killed at the worst moments: there is still exactly one answer, one row, one event.

use mcp_simulator::{Point, Say};

use crate::harness::{NUMBER, Tenant};

const TEXT: &str = "Quero marcar um corte amanhã às 15h";

async fn waiting(tenant: &Tenant, point: Point) {
    let began = std::time::Instant::now();
    while !tenant.sim.waiting().iter().any(|w| w.point == point && w.n > 0) {
        assert!(began.elapsed().as_secs() < 20, "nobody came to {point:?}: {}", tenant.log());
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn right_after_the_acknowledgement() {
    let mut tenant = Tenant::start().await;
    assert_eq!(tenant.say("5511999990001", TEXT).await, 200);
    tenant.kill().await;
    tenant.run().await;
    tenant.one_of_each().await;
}

#[tokio::test]
async fn between_the_models_answer_and_the_commit() {
    let mut tenant = Tenant::start().await;
    // The second answer of the model is the one that books.
    tenant.sim.hold(Point::GeminiAfter, 2);
    tenant.say("5511999990001", TEXT).await;
    waiting(&tenant, Point::GeminiAfter).await;
    tenant.sim.release(Some(Point::GeminiAfter));
    tenant.sim.hold(Point::GeminiAfter, 1);
    waiting(&tenant, Point::GeminiAfter).await;
    let lock = tenant.db.lock().await;
    let before = tenant.sim.state().calendar_calls.len();
    tenant.sim.release(Some(Point::GeminiAfter));
    // It read the calendar for the last time before the commit: now it waits for the lock.
    tenant.until("the last read before the commit", |s| s.calendar_calls.len() > before).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    tenant.kill().await;
    lock.release().await;
    assert_eq!(tenant.db.count("booking").await, 0, "nothing was committed");
    tenant.run().await;
    tenant.one_of_each().await;
}

#[tokio::test]
async fn between_send_and_record() {
    let mut tenant = Tenant::start().await;
    tenant.sim.hold(Point::GraphAfter, 1);
    tenant.say("5511999990001", TEXT).await;
    waiting(&tenant, Point::GraphAfter).await;
    tenant.kill().await;
    tenant.sim.release(None);
    tenant.run().await;
    let state = tenant.one_of_each().await;
    assert_eq!(state.messages.len(), 1);
    let rows = tenant.db.rows("SELECT state, attempts FROM outbox").await;
    assert_eq!(
        rows,
        [serde_json::json!({"state": "sent", "attempts": 1})],
        "a status told what became of it"
    );
}

#[tokio::test]
async fn before_the_send_reached_the_channel_it_is_sent_again() {
    let mut tenant = Tenant::start().await;
    tenant.sim.hold(Point::GraphBefore, 1);
    tenant.say("5511999990001", TEXT).await;
    waiting(&tenant, Point::GraphBefore).await;
    tenant.kill().await;
    tenant.run().await;
    // No status comes for a message Meta never had: it is sent once more when the wait is over.
    tenant.one_of_each().await;
}

#[tokio::test]
async fn between_calendar_insert_and_record() {
    let mut tenant = Tenant::start().await;
    tenant.sim.hold(Point::CalendarInsertAfter, 1);
    tenant.say("5511999990001", TEXT).await;
    waiting(&tenant, Point::CalendarInsertAfter).await;
    tenant.kill().await;
    tenant.sim.release(None);
    tenant.run().await;
    tenant.one_of_each().await;
    let began = std::time::Instant::now();
    while tenant.db.rows("SELECT 1 FROM booking WHERE mirrored_revision = revision").await.is_empty() {
        assert!(began.elapsed().as_secs() < 45, "the mirror never learned of its own event");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert_eq!(tenant.sim.state().events.len(), 1);
}

#[tokio::test]
async fn at_any_moment_of_ten_conversations() {
    let mut tenant = Tenant::start().await;
    let hours = ["9h", "10h", "11h", "12h", "13h", "14h", "15h", "16h", "17h", "18h"];
    for (n, hour) in hours.iter().enumerate() {
        let from = format!("55119999900{n:02}");
        tenant
            .sim
            .say(Say::text(NUMBER, &from, "Ana", &format!("Quero um corte amanhã às {hour}")))
            .await
            .unwrap();
        // Kills spread over the whole of a turn: burst, model, commit, send, mirror.
        tokio::time::sleep(std::time::Duration::from_millis(u64::try_from(n).unwrap() * 270)).await;
        tenant.kill().await;
        tenant.run().await;
    }
    tenant.until("ten answers and ten events", |s| s.messages.len() >= 10 && s.events.len() >= 10).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let state = tenant.sim.state();
    assert_eq!((state.messages.len(), state.events.len(), tenant.db.count("booking").await), (10, 10, 10));
    let mut recipients: Vec<_> = state.messages.iter().filter_map(|m| m.to.clone()).collect();
    recipients.sort();
    recipients.dedup();
    assert_eq!(recipients.len(), 10, "each customer has one answer");
}
