//! What the channel itself tells: a person wrote from the phone, a customer has a new number.

use mcp_simulator::{Echo, Say};
use serde_json::json;

use crate::harness::{NUMBER, Tenant};

const ANA: &str = "5511999990001";
const RUI: &str = "5511999990002";

#[tokio::test]
async fn where_a_person_answers_from_the_phone_the_assistant_is_silent_and_elsewhere_it_is_not() {
    let tenant = Tenant::start().await;
    let echo = Echo {
        phone_number_id: NUMBER.into(),
        to: ANA.into(),
        text: "Oi Ana, já te ligo".into(),
        wamid: None,
    };
    assert_eq!(tenant.sim.echo(echo).await.unwrap().status, 200);
    assert_eq!(tenant.say(ANA, "Quero um corte amanhã às 15h").await, 200);
    assert_eq!(tenant.say(RUI, "Quero um corte amanhã às 16h").await, 200);
    let state = tenant.until("an answer to Rui", |s| !s.messages.is_empty()).await;
    assert!(state.messages.iter().all(|m| m.to.as_deref() == Some(RUI)));
    // Ana's burst was over first: her turn is done, and nothing was said or marked as read.
    assert!(state.reads.len() <= 1);
    assert_eq!(tenant.db.count("inbox").await, 2);
    assert!(state.violations.is_empty(), "{:?}", state.violations);
}

#[tokio::test]
async fn a_customer_with_a_new_number_is_the_same_customer() {
    let tenant = Tenant::start().await;
    let mut say = Say::text(NUMBER, ANA, "Ana", "Quero um corte amanhã às 15h");
    say.user_id = Some("BR.1".into());
    tenant.sim.say(say).await.unwrap();
    tenant.one_of_each().await;
    let new = "5511988880009";
    let system = json!({"type": "user_changed_number", "body": "Ana changed her number", "wa_id": new,
                        "user_id": "BR.2", "previous_user_id": "BR.1"});
    tenant
        .sim
        .say(Say::other(NUMBER, ANA, "Ana", json!({"type": "system", "system": system})))
        .await
        .unwrap();
    let mut again = Say::text(NUMBER, new, "Ana", "oi");
    again.user_id = Some("BR.2".into());
    tenant.sim.say(again).await.unwrap();
    let state = tenant.until("an answer at the new number", |s| s.messages.len() == 2).await;
    assert_eq!(state.messages[1].to.as_deref(), Some(new));
    assert_eq!(tenant.db.count("customer").await, 1);
}
