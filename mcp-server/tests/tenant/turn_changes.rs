//! A customer's whole way in each language: book, look, move, cancel, ask for a person.

use std::time::Duration;

use mcp_simulator::{SentMessage, Snapshot};

use crate::harness::Tenant;

const ANA: &str = "5511999990001";

/// What one customer writes.
struct Way {
    book: &'static str,
    mine: &'static str,
    change: &'static str,
    cancel: &'static str,
}

fn texts(state: &Snapshot) -> Vec<&str> {
    state.messages.iter().map(SentMessage::text).collect()
}

async fn answered(tenant: &Tenant, text: &str, count: usize) -> String {
    assert_eq!(tenant.say(ANA, text).await, 200);
    let state = tenant.until(text, |s| s.messages.len() >= count).await;
    assert_eq!(state.messages.len(), count, "{text}: {:?}", texts(&state));
    assert!(state.violations.is_empty(), "{text}: {:?}", state.violations);
    state.messages[count - 1].text().to_owned()
}

async fn whole_way(way: &Way) {
    let tenant = Tenant::start().await;
    let booked = answered(&tenant, way.book, 1).await;
    assert!(booked.contains("15:00") && booked.contains("✅"), "{booked}");
    let mine = answered(&tenant, way.mine, 2).await;
    assert!(mine.contains("15:00") && mine.contains("Corte"), "{mine}");
    let moved = answered(&tenant, way.change, 3).await;
    assert!(moved.contains("10:00") && moved.contains("✅"), "{moved}");
    let rows = tenant.db.bookings().await;
    assert_eq!((rows.len(), rows[0]["state"].as_str()), (1, Some("confirmed")), "moved, not booked twice");
    let cancelled = answered(&tenant, way.cancel, 4).await;
    assert!(cancelled.contains(rows[0]["reference"].as_str().unwrap()), "{cancelled}");
    assert_eq!(tenant.db.bookings().await[0]["state"], "cancelled");
}

#[tokio::test]
async fn in_portuguese() {
    whole_way(&Way {
        book: "Oi, quero um corte amanhã às 15h",
        mine: "quais são meus agendamentos?",
        change: "quero remarcar para depois de amanhã às 10h",
        cancel: "preciso cancelar",
    })
    .await;
}

#[tokio::test]
async fn in_spanish() {
    whole_way(&Way {
        book: "Hola, quiero un corte mañana a las 15:00",
        mine: "¿cuáles son mis citas?",
        change: "quiero cambiar mi cita a pasado mañana a las 10:00",
        cancel: "quiero anular mi cita",
    })
    .await;
}

#[tokio::test]
async fn in_german() {
    whole_way(&Way {
        book: "Hallo, ich möchte morgen um 15:00 Uhr einen Termin für Corte",
        mine: "wann habe ich meine Termine?",
        change: "ich möchte den Termin auf übermorgen um 10:00 Uhr verschieben",
        cancel: "ich möchte den Termin absagen",
    })
    .await;
}

#[tokio::test]
async fn in_english() {
    whole_way(&Way {
        book: "Hi, I want a corte tomorrow at 15:00",
        mine: "what are my appointments?",
        change: "please move it to the day after tomorrow at 10:00",
        cancel: "please cancel it",
    })
    .await;
}

#[tokio::test]
async fn a_customer_without_appointments_is_told_so_and_nobody_elses_is_shown() {
    let tenant = Tenant::start().await;
    answered(&tenant, "Quero um corte amanhã às 15h", 1).await;
    tenant.say("5511999990002", "quero cancelar meu horário").await;
    let state = tenant.until("an answer", |s| s.messages.len() == 2).await;
    let text = state.messages[1].text();
    assert!(!text.contains("15:00") && !text.contains("Corte"), "{text}");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(tenant.db.bookings().await[0]["state"], "confirmed");
}
