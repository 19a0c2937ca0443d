//! What the tenant needs is away for minutes. Time passes by jumps of the clock, so that minutes are seconds here.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use mcp_simulator::{Say, SentMessage, Snapshot};
use serde_json::{Value, json};

use crate::{
    harness::{CALENDAR, NUMBER, Tenant},
    proxy::{Network, Proxy},
};

const MINUTE: Duration = Duration::from_mins(1);

/// A tenant that reaches these services (each a variable and what follows the stand-in's address) through a network
/// that can be cut.
async fn behind(services: &[(&'static str, &str)], more: &[(&'static str, &str)]) -> (Tenant, Proxy) {
    let mut tenant = Tenant::start_with(more, |_| ()).await;
    let address: SocketAddr = tenant.sim.url().trim_start_matches("http://").parse().unwrap();
    let proxy = Proxy::before(address).await;
    let through = |(name, path): &(&'static str, &str)| (*name, format!("http://{}{path}", proxy.address));
    tenant.run_anew_with(services.iter().map(through).collect()).await;
    (tenant, proxy)
}

/// Waits for rows of the tenant's database.
pub async fn rows(tenant: &Tenant, what: &str, sql: &str, right: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let rows = tenant.db.rows(sql).await;
        if right(&rows) {
            return rows;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "{what}: {rows:?}\n{}", tenant.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn status(tenant: &Tenant) -> Value {
    serde_json::from_str(&tenant.internal("/status").await).unwrap()
}

/// Lets time pass while nothing is being sent: a request takes no minutes, and one that does counts as lost.
async fn pass(tenant: &Tenant, time: Duration) {
    rows(tenant, "requests that ended", "SELECT id FROM outbox WHERE state = 'sending'", <[Value]>::is_empty)
        .await;
    tenant.pass(time);
}

/// The whole of a message.
fn body(sent: &SentMessage) -> String {
    sent.body.to_string()
}

fn to<'a>(state: &'a Snapshot, who: &str) -> Vec<&'a SentMessage> {
    state.messages.iter().filter(|sent| sent.to.as_deref() == Some(who)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_is_down_for_minutes_gets_every_answer_once_and_in_order() {
    let (tenant, proxy) = behind(&[("WHATSAPP_GRAPH_BASE", "/v26.0")], &[]).await;
    let customers = ["5511999990001", "5511999990002", "5511999990003"];
    proxy.set(Network::Cut);
    for n in 1..=2 {
        for customer in customers {
            assert_eq!(tenant.say(customer, "Quanto custa o corte?").await, 200);
        }
        rows(&tenant, "answers", "SELECT id FROM outbox", |rows| rows.len() == customers.len() * n).await;
    }
    for _ in 0..3 {
        pass(&tenant, 2 * MINUTE).await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }
    // Now it takes requests and does not answer: nobody knows what became of the first message of each.
    proxy.set(Network::Silent);
    pass(&tenant, 6 * MINUTE).await;
    rows(&tenant, "unknown outcomes", "SELECT unknowns FROM outbox WHERE unknowns > 0", |rows| {
        rows.len() == 3
    })
    .await;
    for _ in 0..2 {
        pass(&tenant, 6 * MINUTE).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert_eq!(tenant.sim.state().messages.len(), 0);
    assert_eq!(
        tenant.db.rows("SELECT id FROM outbox WHERE state IN ('parked', 'failed', 'sent')").await.len(),
        0
    );
    let said = status(&tenant).await;
    assert_eq!(said["dependencies"]["whatsapp"]["state"], "failing", "{said}");

    proxy.set(Network::Whole);
    let began = Instant::now();
    while tenant.sim.state().messages.len() < customers.len() * 2 {
        assert!(began.elapsed() < Duration::from_mins(1), "not sent: {}", tenant.log());
        pass(&tenant, 6 * MINUTE).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let state = tenant.sim.state();
    let sent: Vec<&str> = state.messages.iter().filter_map(|sent| sent.opaque.as_deref()).collect();
    assert_eq!(sent.len(), customers.len() * 2, "each answer once");
    let mut written: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for row in tenant.db.rows("SELECT id, conversation_id AS c, state FROM outbox ORDER BY seq").await {
        assert_eq!(row["state"], "sent");
        written.entry(row["c"].as_i64().unwrap()).or_default().push(row["id"].as_str().unwrap().to_owned());
    }
    for ids in written.values() {
        let order: Vec<&str> = sent.iter().copied().filter(|id| ids.iter().any(|ours| ours == id)).collect();
        assert_eq!(order, *ids, "in the order in which they were written");
    }
    assert_eq!(tenant.db.count("dead_letter").await, 0);
    assert!(state.violations.is_empty(), "{:?}", state.violations);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_is_down_for_minutes_leaves_menus_and_answers_again_afterwards() {
    let (tenant, proxy) = behind(&[("GEMINI_BASE", "")], &[]).await;
    proxy.set(Network::Cut);
    for n in 0..6 {
        let who = format!("55119999900{n:02}");
        tenant.say(&who, "Quero um corte amanhã às 15h").await;
    }
    let state = tenant.until("six menus", |state| state.messages.len() == 6).await;
    assert!(
        state.messages.iter().all(|sent| body(sent).contains("Falar com alguém")),
        "a person is one tap away"
    );
    let said = status(&tenant).await;
    assert_eq!(said["dependencies"]["gemini"]["state"], "failing", "{said}");
    assert_eq!(said["dependencies"]["gemini"]["breaker"], "open", "{said}");
    tenant.pass(3 * MINUTE);
    tenant.say("5511999990007", "Quero um corte amanhã às 16h").await;
    tenant.until("one more menu", |state| state.messages.len() == 7).await;
    assert_eq!((tenant.db.count("booking").await, tenant.db.count("dead_letter").await), (0, 0));

    proxy.set(Network::Whole);
    tenant.pass(2 * MINUTE);
    tenant.say("5511999990008", "Quero marcar um corte amanhã às 17h").await;
    let state =
        tenant.until("a booking", |state| state.messages.len() == 8 && !state.events.is_empty()).await;
    assert!(state.messages[7].text().contains("confirmado"), "{}", state.messages[7].text());
    assert_eq!(status(&tenant).await["dependencies"]["gemini"]["state"], "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_google_is_down_bookings_are_requests_that_are_confirmed_or_offered_anew_afterwards() {
    let google = [("GOOGLE_CALENDAR_BASE", "/calendar/v3"), ("GOOGLE_TOKEN_URL", "/token")];
    let (tenant, proxy) = behind(&google, &[("GOOGLE_CALENDAR_POLL", "1")]).await;
    let (early, late) = ("5511999990001", "5511999990002");
    tenant.until("a first read", |state| state.calendar_calls.iter().any(|call| call.status == 200)).await;
    proxy.set(Network::Cut);
    // Longer than a mirror is believed.
    tenant.pass(6 * MINUTE);
    tenant.say(early, "Quero um corte amanhã às 10h").await;
    tenant.say(late, "Quero um corte amanhã às 15h").await;
    let state = tenant.until("two answers", |state| state.messages.len() == 2).await;
    for sent in &state.messages {
        assert!(sent.text().contains("Pedido") && !sent.text().contains("confirmado ✅"), "{}", sent.text());
    }
    let requested = "SELECT id, start_us, end_us FROM booking WHERE state = 'requested' ORDER BY start_us";
    let bookings = rows(&tenant, "two requests", requested, |rows| rows.len() == 2).await;
    tenant.pass(4 * MINUTE);
    let instant = |us: &Value| jiff::Timestamp::from_microsecond(us.as_i64().unwrap()).unwrap().to_string();
    let (from, until) = (instant(&bookings[0]["start_us"]), instant(&bookings[0]["end_us"]));
    let event = json!({"summary": "Dentista", "start": {"dateTime": from}, "end": {"dateTime": until}});
    tenant.sim.insert_owner_event(CALENDAR, event.as_object().unwrap().clone()).unwrap();

    proxy.set(Network::Whole);
    tenant.pass(2 * MINUTE);
    let both = |state: &Snapshot| to(state, early).len() == 2 && to(state, late).len() == 2;
    let state = tenant.within(Duration::from_secs(70), "a confirmation and an offer", both).await;
    assert!(to(&state, late)[1].text().contains("confirmado"), "{}", to(&state, late)[1].text());
    let offer = to(&state, early)[1];
    assert!(offer.text().contains("não está livre"), "{}", offer.text());
    let states = "SELECT state FROM booking ORDER BY start_us";
    let now = tenant.db.rows(states).await;
    assert_eq!((&now[0]["state"], &now[1]["state"]), (&json!("requested"), &json!("confirmed")));

    // What is offered instead can be taken with one tap, or two.
    for _ in 0..3 {
        let state = tenant.sim.state();
        let seen = to(&state, early).len();
        let last = to(&state, early)[seen - 1].clone();
        let Some(tap) = first_option(&last) else { break };
        tenant.sim.say(Say::other(NUMBER, early, "Ana", tap)).await.unwrap();
        tenant.until("an answer to the tap", |state| to(state, early).len() > seen).await;
        if tenant.db.rows(states).await.iter().all(|row| row["state"] == "confirmed") {
            break;
        }
    }
    let state = tenant.sim.state();
    let texts: Vec<&str> = to(&state, early).iter().map(|sent| sent.text()).collect();
    let moved = tenant.db.rows("SELECT start_us, state, revision FROM booking WHERE revision > 1").await;
    assert!(moved.iter().all(|row| row["state"] == "confirmed") && moved.len() == 2, "{moved:?}: {texts:?}");
    assert_eq!(tenant.db.count("booking").await, 2, "moved, not booked once more");
    assert!(state.violations.is_empty(), "{:?}", state.violations);
}

/// A tap on the first time a message offers.
fn first_option(sent: &SentMessage) -> Option<Value> {
    let action = &sent.body["interactive"]["action"];
    let (kind, option) = match sent.body["interactive"]["type"].as_str()? {
        "list" => ("list_reply", &action["sections"][0]["rows"][0]),
        _ => ("button_reply", &action["buttons"][0]["reply"]),
    };
    Some(json!({
        "type": "interactive",
        "context": {"from": sent.phone_number_id, "id": sent.wamid},
        "interactive": {"type": kind, kind: {"id": option["id"], "title": option["title"]}},
    }))
}
