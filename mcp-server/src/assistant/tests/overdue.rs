//! A turn in which something never comes back.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use mcp_store::booking::BookingRow;
use mcp_tenant::slots::Stretch;

use super::{
    super::{TurnLoop, gemini::scripted::calls},
    *,
};
use crate::{
    calendar::{CalendarError, OutsideCalendar},
    metrics::Metrics,
    settings::WhatsAppSettings,
    test_bed::Outside,
    traces::Traces,
    watchdog::Watchdog,
    whatsapp::{graph::Graph, pace::Pace, receipt::Receipts, template::Templates},
};

/// A calendar that never answers, until it does.
#[derive(Default)]
struct Silent {
    speaks: AtomicBool,
    then: Outside,
}

#[async_trait]
impl OutsideCalendar for Silent {
    async fn busy(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Stretch>, CalendarError> {
        if !self.speaks.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        self.then.busy(from, to).await
    }

    async fn put(&self, row: &BookingRow, zone: &str) -> Result<(), CalendarError> {
        self.then.put(row, zone).await
    }

    async fn remove(&self, row: &BookingRow, revision: i64) -> Result<(), CalendarError> {
        self.then.remove(row, revision).await
    }
}

async fn world() -> (World, Arc<Silent>, TurnLoop) {
    let mut world = World::new([]).await;
    let calendar = Arc::new(Silent::default());
    world.bed.beside(calendar.clone());
    let (desk, model) = (Arc::clone(&world.bed.desk), Arc::clone(&world.model));
    let assistant = Assistant {
        gemini: Gemini::new(model, vec!["best".to_owned()]),
        breaker: Breaker::new(breaker::Rule::default(), Arc::clone(&desk.clock)),
        board: Arc::new(StatusBoard::new(crate::test_bed::MONDAY)),
        recordings: None,
        reader: guard::Reader::default(),
        desk,
    };
    let settings = WhatsAppSettings {
        graph_base: "http://127.0.0.1:9".into(),
        api_token: "t".to_owned().into(),
        phone_number_id: "1".into(),
        business_account_id: None,
        messages_per_second: 80,
        templates: Templates::default(),
        app_secrets: Vec::new(),
        verify_token: "v".to_owned().into(),
    };
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let graph = Graph::new(crate::http_client::client(None).unwrap(), settings);
    let turns = TurnLoop {
        store: Arc::clone(&world.bed.store),
        assistant: Arc::new(assistant),
        clock: Arc::clone(&world.bed.desk.clock),
        wake: Arc::default(),
        metrics: Arc::<Metrics>::default(),
        traces: Traces::default(),
        receipts: Receipts::new(graph, Arc::new(Pace::new(80))),
        pulse: Arc::new(Watchdog::default().watch("turns")),
        deadline: Duration::from_millis(300),
    };
    (world, calendar, turns)
}

async fn booking(world: &World) -> Answer {
    let slot = world.slot("corte", "2026-11-17T15:00").await;
    Ok(calls(&[("book_appointment", json!({"slot": slot}))]))
}

#[tokio::test]
async fn a_turn_that_takes_too_long_is_left_and_its_messages_are_answered_later() {
    let (world, calendar, turns) = world().await;
    let book = booking(&world).await;
    world.model.extend([book.clone(), book]);
    world.arrive(ANA, &[("text", json!({"body": "corte amanhã às 15h"}))]).await;
    let first = world.claim().await;
    turns.answer(first.clone()).await;
    assert!(turns.metrics.render().contains("overdue"), "it is counted");
    assert!(world.sent().await.is_empty());

    calendar.speaks.store(true, Ordering::SeqCst);
    let again = world.claim().await;
    assert_eq!((again.attempt, again.messages.len()), (2, 1));
    turns.answer(again).await;
    let sent = world.sent().await;
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(world.bed.desk.mine(world.ana().await).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_hangs_every_time_ends_in_a_menu_and_a_dead_letter() {
    let (world, _calendar, turns) = world().await;
    for _ in 0..3 {
        world.model.extend([booking(&world).await]);
    }
    world.arrive(ANA, &[("text", json!({"body": "corte amanhã às 15h"}))]).await;
    for attempt in 1..=3 {
        world.bed.clock.pass(SignedDuration::from_secs(10));
        let turn = world.claim().await;
        assert_eq!(turn.attempt, attempt);
        turns.answer(turn).await;
        assert!(world.sent().await.is_empty());
    }
    world.bed.clock.pass(SignedDuration::from_secs(10));
    turns.answer(world.claim().await).await;
    assert_eq!(world.sent().await.len(), 1, "one answer");
    assert_eq!(world.bed.store.dead_letters(0, 9).await.unwrap().len(), 1);
}
