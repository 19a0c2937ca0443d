//! The owner's calendar, as a tenant process and Google's stand-in see it.

use std::time::{Duration, Instant};

use mcp_server::clock::{Clock, SystemClock};
use mcp_simulator::{Access, Vendor};
use serde_json::json;

use crate::harness::{CALENDAR, Tenant, http};

const CUSTOMER: &str = "5511999990001";

/// A day from now, ten minutes long.
fn event() -> serde_json::Map<String, serde_json::Value> {
    let from = SystemClock.now() + jiff::SignedDuration::from_hours(24);
    let to = from + jiff::SignedDuration::from_mins(10);
    let event = json!({"summary": "Dentista", "start": {"dateTime": from}, "end": {"dateTime": to}});
    event.as_object().unwrap().clone()
}

async fn mirrored(tenant: &Tenant, wanted: i64) {
    let began = Instant::now();
    while tenant.db.count("mirrored_event").await != wanted {
        assert!(began.elapsed() < Duration::from_secs(20), "not {wanted} events: {}", tenant.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_calendar_that_cannot_be_read_makes_the_booking_a_request_that_is_confirmed_when_it_can() {
    let away = |sim: &mcp_simulator::Simulator| sim.set_access(CALENDAR, Access::None);
    let tenant = Tenant::start_with(&[("GOOGLE_CALENDAR_POLL", "1")], away).await;
    tenant.say(CUSTOMER, "Quero um corte amanhã às 15h").await;
    let state = tenant.until("an answer", |s| s.messages.len() == 1).await;
    let text = state.messages[0].text();
    assert!(text.contains("Pedido") && !text.contains("confirmado ✅"), "{text}");
    assert_eq!(tenant.db.bookings().await[0]["state"], "requested");
    let status: serde_json::Value = serde_json::from_str(&tenant.internal("/status").await).unwrap();
    let calendar = &status["dependencies"]["calendar"];
    assert_eq!(
        (&calendar["reason"], &calendar["breaker"]),
        (&json!("not_found"), &json!("closed")),
        "{status}"
    );
    assert!(calendar["message"].as_str().unwrap().contains("share it with the service account"), "{status}");

    tenant.sim.set_access(CALENDAR, Access::Writer);
    let stands = |s: &mcp_simulator::Snapshot| s.events.iter().any(|e| e.status == "confirmed");
    let state = tenant.until("a confirmation", |s| s.messages.len() == 2 && stands(s)).await;
    assert!(state.messages[1].text().contains("confirmado"), "{}", state.messages[1].text());
    let booking = &tenant.db.bookings().await[0];
    assert_eq!((&booking["state"], &booking["revision"]), (&json!("confirmed"), &json!(2)));
    tokio::time::sleep(Duration::from_secs(3)).await;
    let state = tenant.sim.state();
    let left = state.events.iter().filter(|e| e.status != "cancelled").count();
    assert_eq!((state.messages.len(), left), (2, 1), "told once, one event");
    assert!(state.violations.is_empty(), "{:?}", state.violations);
}

#[tokio::test]
async fn google_pushes_what_changed_and_nobody_else_can() {
    const PUBLIC: &str = "https://barbearia.example";
    // Without a push nothing would be read for four minutes.
    let settings = [("PUBLIC_URL", PUBLIC), ("GOOGLE_CALENDAR_POLL", "240")];
    let mut tenant = Tenant::start_with(&settings, |_| ()).await;
    tenant.sim.route_pushes(PUBLIC, &tenant.public_url());
    let state = tenant.until("a channel", |s| s.channels.len() == 1).await;
    assert_eq!(state.channels[0].address, format!("{PUBLIC}/webhooks/google-calendar"));
    tenant
        .until("a first read", |s| s.calendar_calls.iter().any(|c| c.method == "list" && c.status == 200))
        .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let created = tenant.sim.insert_owner_event(CALENDAR, event()).unwrap();
    mirrored(&tenant, 1).await;
    tenant.sim.delete_owner_event(CALENDAR, created["id"].as_str().unwrap()).unwrap();
    mirrored(&tenant, 0).await;
    let pushes = tenant.sim.state().pushes;
    assert!(pushes.iter().filter(|p| p.state == "exists").all(|p| p.status == 200), "{pushes:?}");

    let lists = || tenant.sim.state().calendar_calls.iter().filter(|c| c.method == "list").count();
    let before = lists();
    for path in ["/webhooks/google-calendar", "/barbearia/production/webhooks/google-calendar"] {
        let forged = http()
            .post(tenant.url(path))
            .header("X-Goog-Channel-ID", &state.channels[0].id)
            .header("X-Goog-Channel-Token", "0".repeat(64))
            .header("X-Goog-Resource-State", "exists");
        assert_eq!(forged.send().await.unwrap().status(), 403, "{path}");
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(lists(), before, "a forged push reads nothing");

    assert!(tenant.stop().await.success());
    assert!(tenant.sim.state().channels.is_empty(), "the channel is closed with the process");
    let violations = tenant.sim.state().violations;
    assert!(violations.iter().all(|v| v.vendor != Vendor::Calendar), "{violations:?}");
}

#[tokio::test]
async fn an_event_of_the_owner_is_not_booked_over_and_one_over_a_booking_leaves_it() {
    let tenant = Tenant::start_with(&[("GOOGLE_CALENDAR_POLL", "1")], |_| ()).await;
    tenant.say(CUSTOMER, "Quero um corte amanhã às 15h").await;
    let state = tenant.until("an event", |s| s.messages.len() == 1 && s.events.len() == 1).await;
    let ours = state.events[0].event.clone();
    let over = json!({"summary": "Dentista", "start": ours["start"], "end": ours["end"]});
    tenant.sim.insert_owner_event(CALENDAR, over.as_object().unwrap().clone()).unwrap();
    mirrored(&tenant, 1).await;
    let moved = json!({"summary": "Corte"});
    tenant.sim.change_owner_event(CALENDAR, ours["id"].as_str().unwrap(), &moved).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let rows = tenant.db.bookings().await;
    assert_eq!((rows.len(), &rows[0]["state"], &rows[0]["revision"]), (1, &json!("confirmed"), &json!(1)));
    tenant.say("5511999990002", "Quero um corte amanhã às 15h").await;
    let state = tenant.until("an answer", |s| s.messages.len() == 2).await;
    assert!(!state.messages[1].text().contains("confirmado ✅"), "{}", state.messages[1].text());
    assert_eq!(tenant.db.bookings().await.len(), 1);
    assert!(tenant.log().contains("the owner's calendar and a booking differ"));
}
