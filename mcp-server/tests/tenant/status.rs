//! What `/status` says of a running tenant while nobody writes.

use std::time::{Duration, Instant};

use mcp_server::status::{Known, Reason, State, document::Status};
use mcp_simulator::Fault;
use serde_json::json;

use crate::harness::Tenant;

const LOOKING: (&str, &str) = ("DEPENDENCY_CHECK_SECONDS", "1");

async fn status(tenant: &Tenant) -> Status {
    let text = tenant.internal("/status").await;
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

async fn until(tenant: &Tenant, what: &str, seen: impl Fn(&Status) -> bool) -> Status {
    let began = Instant::now();
    loop {
        let status = status(tenant).await;
        if seen(&status) {
            return status;
        }
        assert!(began.elapsed() < Duration::from_secs(15), "not in time: {what}: {status:#?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn of(known: &Known) -> (State, Reason) {
    (known.state, known.reason)
}

#[tokio::test]
async fn an_expired_token_is_seen_without_a_customer_and_so_is_its_renewal() {
    let tenant = Tenant::start_with(&[LOOKING], |_| ()).await;
    let ok = (State::Ok, Reason::Works);
    let well = until(&tenant, "all is well", |status| {
        let all = &status.dependencies;
        [&all.whatsapp, &all.gemini, &all.calendar].into_iter().all(|known| of(known) == ok)
    })
    .await;
    assert_eq!(of(&well.dependencies.webhook), (State::Unused, Reason::NotConfigured), "no TLS here");
    assert_eq!(well.next, Vec::<String>::new());

    tenant.sim.fail(Fault { times: 4, ..Fault::graph(190) });
    let refused =
        |status: &Status| of(&status.dependencies.whatsapp) == (State::Failing, Reason::CredentialRefused);
    let status = until(&tenant, "a refused token", refused).await;
    assert!(status.next[0].contains("WHATSAPP_API_TOKEN"), "{:?}", status.next);
    assert!(status.dependencies.whatsapp.last_ok_at.is_some());
    until(&tenant, "a good token", |status| of(&status.dependencies.whatsapp) == ok).await;
    assert!(tenant.sim.state().messages.is_empty(), "nobody wrote");
}

#[tokio::test]
async fn what_was_never_used_says_so_and_a_failing_use_is_seen_at_once() {
    let tenant = Tenant::start().await;
    let before = status(&tenant).await;
    assert_eq!(of(&before.dependencies.gemini), (State::Unknown, Reason::NotUsedYet));
    assert!(
        before.dependencies.gemini.since <= before.now && before.dependencies.gemini.checked_at.is_none()
    );
    tenant.sim.fail(Fault::graph(190));
    tenant.say("5511999990001", "Quanto custa o corte?").await;
    let seen =
        until(&tenant, "a refused send", |status| status.dependencies.whatsapp.state == State::Failing).await;
    assert_eq!(seen.dependencies.whatsapp.reason, Reason::CredentialRefused);
    assert_eq!(of(&seen.dependencies.gemini), (State::Ok, Reason::Works), "it was used for the answer");
}

#[tokio::test]
async fn what_a_day_costs_is_told_where_all_prices_are_known_and_never_as_nothing() {
    let tenant = Tenant::start().await;
    tenant.say("5511999990001", "Quanto custa o corte?").await;
    let unpriced =
        until(&tenant, "a use", |status| status.usage.as_ref().is_some_and(|used| used.tokens_in > 0)).await;
    let used = unpriced.usage.unwrap();
    assert_eq!((used.cost, used.unpriced_tokens), (None, used.tokens_in + used.tokens_out));
    assert!(!tenant.internal("/metrics").await.contains("mcp_model_cost_total{"));
    drop(tenant);

    let prices =
        json!({"currency": "USD", "models": {"gemini-3.8-flash": {"input": "0.75", "output": "3.75"}}});
    let tenant = Tenant::start_with(&[("GEMINI_PRICES", &prices.to_string())], |_| ()).await;
    tenant.say("5511999990001", "Quanto custa o corte?").await;
    let told =
        until(&tenant, "a use", |status| status.usage.as_ref().is_some_and(|used| used.tokens_in > 0)).await;
    let cost = told.usage.unwrap().cost.expect("all of it has a price");
    assert!(cost.currency == "USD" && cost.amount != "0.000000", "{cost:?}");
    assert!(tenant.internal("/metrics").await.contains(r#"mcp_model_cost_total{currency="USD"}"#));
}
