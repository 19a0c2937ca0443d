//! A customer writes, and an appointment stands.

use std::time::Duration;

use mcp_simulator::Say;
use serde_json::{Map, Value, json};

use crate::harness::{CALENDAR, NUMBER, Tenant};

#[tokio::test]
async fn a_message_becomes_an_appointment_in_database_and_calendar() {
    let tenant = Tenant::start().await;
    assert_eq!(tenant.say("5511999990001", "Oi, quero marcar um corte amanhã às 15h").await, 200);
    let state = tenant.one_of_each().await;

    let row = &tenant.db.bookings().await[0];
    let event = &state.events[0];
    assert_eq!(
        (row["service_id"].as_str(), row["staff_id"].as_str(), row["state"].as_str()),
        (Some("corte"), Some("ze"), Some("confirmed"))
    );
    assert_eq!(event.event["extendedProperties"]["private"]["booking_id"], row["id"]);
    assert_eq!(event.calendar_id, CALENDAR);
    let text = state.messages[0].text();
    assert!(
        text.contains("15:00")
            && text.contains("R$ 80,00")
            && text.contains(row["reference"].as_str().unwrap()),
        "{text}"
    );
    assert_eq!(state.messages[0].to.as_deref(), Some("5511999990001"));
}

#[tokio::test]
async fn a_second_turn_carries_the_first_across_a_restart_and_books_an_offered_slot() {
    let mut tenant = Tenant::start().await;
    tenant.say("5511999990001", "Quais horários tem para corte amanhã à tarde?").await;
    let state = tenant.until("an offer", |s| s.messages.len() == 1).await;
    assert!(state.events.is_empty(), "nothing is booked by asking");
    assert!(tenant.stop().await.success());
    tenant.run().await;

    tenant.say("5511999990001", "Pode ser às 15h").await;
    let state = tenant.until("a receipt", |s| s.messages.len() == 2 && s.events.len() == 1).await;
    let contents = state.gemini.last().unwrap().request["contents"].as_array().unwrap().clone();
    assert!(contents[0]["parts"][0]["text"].as_str().unwrap().contains("Quais horários"), "{contents:?}");
    let offered: Vec<&Value> = contents
        .iter()
        .flat_map(|c| c["parts"].as_array().unwrap())
        .flat_map(|p| p["functionResponse"]["response"]["output"]["slots"].as_array().into_iter().flatten())
        .collect();
    let chosen = &state.gemini.last().unwrap().response["candidates"][0]["content"]["parts"][0]["functionCall"]
        ["args"]["slot"];
    assert!(offered.iter().any(|slot| slot["slot"] == *chosen && slot["time"] == "15:00"), "{chosen}");
    assert!(state.violations.is_empty(), "{:?}", state.violations);
}

#[tokio::test]
async fn a_burst_gets_one_answer() {
    let tenant = Tenant::start().await;
    for text in ["oi", "quero um corte", "amanhã às 10h"] {
        tenant.say("5511999990001", text).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    tenant.one_of_each().await;
}

#[tokio::test]
async fn two_customers_who_race_for_one_slot_get_one_booking_between_them() {
    let tenant = Tenant::start().await;
    let text = "Quero marcar um corte amanhã às 15h";
    tokio::join!(tenant.say("5511999990001", text), tenant.say("5511999990002", text));
    let state = tenant.until("two answers", |s| s.messages.len() == 2).await;
    assert_eq!(tenant.db.bookings().await.len(), 1);
    let confirmed = state.messages.iter().filter(|m| m.text().contains("confirmado")).count();
    assert_eq!(
        confirmed,
        1,
        "{:?}",
        state.messages.iter().map(mcp_simulator::SentMessage::text).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn an_owners_event_closes_the_time_and_the_model_cannot_book_over_it() {
    let tenant = Tenant::start().await;
    let zone = jiff::tz::TimeZone::get("America/Sao_Paulo").unwrap();
    let tomorrow = mcp_server::clock::Clock::now(&mcp_server::clock::SystemClock)
        .to_zoned(zone)
        .tomorrow()
        .unwrap()
        .date();
    let event = json!({
        "summary": "Dentista",
        "start": {"dateTime": format!("{tomorrow}T14:30:00-03:00"), "timeZone": "America/Sao_Paulo"},
        "end": {"dateTime": format!("{tomorrow}T16:00:00-03:00"), "timeZone": "America/Sao_Paulo"},
    });
    let event: Map<String, Value> = event.as_object().unwrap().clone();
    tenant.sim.insert_owner_event(CALENDAR, event).unwrap();
    tenant.say("5511999990001", "Quero um corte amanhã às 15h").await;
    let state = tenant.until("an answer", |s| s.messages.len() == 1).await;
    assert!(!state.messages[0].text().contains("confirmado"), "{}", state.messages[0].text());
    assert_eq!(tenant.db.bookings().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_customer_without_a_phone_is_answered_by_user_id() {
    let tenant = Tenant::start().await;
    let mut say = Say::text(NUMBER, "5511999990001", "Ana", "Quero um corte amanhã às 15h");
    say.phone = false;
    tenant.sim.say(say).await.unwrap();
    let state = tenant.one_of_each().await;
    assert_eq!(state.messages[0].to, None);
    assert!(
        state.messages[0].recipient.as_ref().is_some_and(|id| id.starts_with("BR.")),
        "{:?}",
        state.messages[0].recipient
    );
}

#[tokio::test]
async fn a_changed_price_is_known_without_a_restart_and_a_field_of_the_future_is_told_of() {
    let tenant = Tenant::start().await;
    let path = tenant.path("profile.yaml");
    let profile = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, profile.replace("\"80.00\"", "\"95.00\", deposit: \"20.00\"")).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    tenant.say("5511999990001", "Quanto custa o corte?").await;
    let state = tenant.until("an answer", |s| s.messages.len() == 1).await;
    assert!(state.messages[0].text().contains("R$ 95,00"), "{}", state.messages[0].text());
    let status: serde_json::Value = serde_json::from_str(&tenant.internal("/status").await).unwrap();
    assert_eq!(status["profile"]["ignoredFields"], serde_json::json!(["services[0].deposit"]), "{status}");
    assert_eq!(status["profile"]["refused"], serde_json::Value::Null, "{status}");
}
