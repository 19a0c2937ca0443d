//! Third parties fail; the customer is told the truth, and nothing is lost.

use mcp_simulator::{Fault, Point, Vendor};
use serde_json::json;

use crate::harness::{Tenant, http};

fn fault(vendor: Vendor, status: u16, body: Option<serde_json::Value>, times: u32) -> Fault {
    Fault { vendor, status: Some(status), body, times, retry_after: None, delay_ms: None }
}

#[tokio::test]
async fn a_model_that_is_down_is_answered_honestly_with_the_way_to_a_person() {
    let tenant = Tenant::start().await;
    tenant.sim.fail(fault(Vendor::Gemini, 503, None, 1000));
    tenant.say("5511999990001", "Quero um corte amanhã às 15h").await;
    let state = tenant.until("an answer", |s| s.messages.len() == 1).await;
    // The menu goes on from what was understood, and a person is one tap away.
    let body = state.messages[0].body.to_string();
    assert!(body.contains("Qual horário?") && body.contains("Falar com alguém"), "{body}");
    assert!(!body.contains("confirmado"), "{body}");
    assert_eq!(tenant.db.count("booking").await, 0);
    assert_eq!(tenant.db.count("dead_letter").await, 0, "the menu is an answer");
    let status: serde_json::Value = serde_json::from_str(&tenant.internal("/status").await).unwrap();
    assert_eq!(status["dependencies"]["gemini"]["reason"], "unreachable", "{status}");
}

#[tokio::test]
async fn a_model_that_claims_a_booking_is_not_believed() {
    let tenant = Tenant::start().await;
    tenant.sim.script([
        json!({"text": "Pronto! Seu horário está confirmado para amanhã às 15:00."}),
        json!({"text": "Agendei para você às 15h!"}),
    ]);
    tenant.say("5511999990001", "Quero um corte amanhã às 15h").await;
    let state = tenant.until("an answer", |s| s.messages.len() == 1).await;
    let body = state.messages[0].body.to_string();
    assert!(
        body.contains("Qual horário?") && !body.contains("confirmado") && !body.contains("Agendei"),
        "{body}"
    );
    assert_eq!(tenant.db.count("booking").await, 0);
}

#[tokio::test]
async fn a_slot_the_model_made_up_is_refused_and_the_model_may_look_again() {
    let tenant = Tenant::start().await;
    tenant.sim.script([json!({"call": {"name": "book_appointment", "args": {"slot": "c2xvdA"}}})]);
    tenant.say("5511999990001", "Quero um corte amanhã às 15h").await;
    let state = tenant.until("an answer", |s| !s.messages.is_empty()).await;
    let result = &state.gemini[1].request["contents"].as_array().unwrap().last().unwrap()["parts"][0]["functionResponse"]
        ["response"];
    assert_eq!(result["error"]["code"], "not_found");
}

#[tokio::test]
async fn empty_blocked_and_malformed_answers_end_in_an_honest_text() {
    for reply in [
        json!({"candidates": []}),
        json!({"promptFeedback": {"blockReason": "SAFETY"}}),
        json!({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL", "index": 0}]}),
    ] {
        let tenant = Tenant::start().await;
        tenant.sim.script([reply.clone(), reply.clone()]);
        tenant.say("5511999990001", "oi").await;
        let state = tenant.until("an answer", |s| s.messages.len() == 1).await;
        assert!(state.messages[0].text().contains("não consigo"), "{reply}: {}", state.messages[0].text());
    }
}

#[tokio::test]
async fn a_refused_token_keeps_the_answer_until_it_is_mended() {
    let tenant = Tenant::start().await;
    let body =
        json!({"error": {"message": "Error validating access token", "type": "OAuthException", "code": 190}});
    tenant.sim.fail(fault(Vendor::Graph, 401, Some(body), 1));
    tenant.say("5511999990001", "Quero um corte amanhã às 15h").await;
    tenant.one_of_each().await;
    assert!(tenant.log().contains("WHATSAPP_API_TOKEN"), "the log says what to check");
}

#[tokio::test]
async fn an_error_of_the_calendar_is_tried_again_until_the_event_stands() {
    let tenant = Tenant::start().await;
    tenant.say("5511999990001", "Quais horários tem para corte amanhã à tarde?").await;
    tenant.until("an offer", |s| s.messages.len() == 1).await;
    // The slot's check reads the calendar first; the insert is what fails.
    tenant.sim.hold(Point::CalendarInsertBefore, 1);
    tenant.say("5511999990001", "Pode ser às 15h").await;
    tenant.until("a receipt", |s| s.messages.len() == 2).await;
    tenant.sim.fail(fault(Vendor::Calendar, 503, None, 2));
    tenant.sim.release(None);
    let state = tenant.until("an event", |s| s.events.len() == 1 && s.messages.len() == 2).await;
    assert_eq!(state.events[0].created_count, 1);
}

#[tokio::test]
async fn no_credential_is_shown_anywhere() {
    let tenant = Tenant::start().await;
    let body = json!({"error": {"message": "bad key", "status": "PERMISSION_DENIED", "code": 403}});
    tenant.sim.fail(fault(Vendor::Gemini, 403, Some(body), 3));
    tenant.say("5511999990001", "oi").await;
    tenant.until("an answer", |s| s.messages.len() == 1).await;
    let shown =
        [tenant.log(), tenant.internal("/status").await, tenant.internal("/metrics").await].join("\n");
    assert!(!shown.contains("canary"), "{shown}");
    assert!(!shown.contains("PRIVATE KEY"), "{shown}");
}

#[tokio::test]
async fn the_door_tells_what_it_is() {
    let tenant = Tenant::start().await;
    for path in ["/", "/health", "/barbearia/production/health"] {
        assert!(http().get(tenant.url(path)).send().await.unwrap().status().is_success(), "{path}");
    }
    let missing = tenant.command("serve").env_clear().output().await.unwrap();
    assert!(!missing.status.success());
}
