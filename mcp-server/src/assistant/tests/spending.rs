//! What a turn costs, and what it may.

use mcp_store::usage::Usage;

use super::{super::gemini::scripted::text, *};

const BUDGET: &str = "budgets: {tokensPerDay: 100000, audioSecondsPerDay: 300}\n";

fn day() -> jiff::civil::Date {
    jiff::civil::date(2026, 11, 16)
}

async fn world(used: u64, answers: impl IntoIterator<Item = Answer>) -> World {
    let profile =
        profile(BUDGET).replace("currency: BRL", &format!("currency: BRL\n  owners: [\"{OWNER}\"]"));
    let world = World::with(&profile, &["best", "spare", "cheap"], Scripted::of(answers)).await;
    let usage = Usage { tokens_in: used, ..Usage::default() };
    world.bed.store.add_usage(day(), None, &usage).await.unwrap();
    world
}

#[tokio::test]
async fn what_the_model_reads_and_writes_is_counted() {
    let world = world(0, [Ok(text("Olá!"))]).await;
    world.say(&["oi"]).await;
    let used = world.bed.store.usage(day()).await.unwrap();
    assert_eq!((used.tokens_in, used.tokens_out), (100, 15));
}

#[tokio::test]
async fn a_day_that_is_nearly_used_up_is_answered_by_the_cheapest_model() {
    let world = world(95_000, [Ok(text("Olá!"))]).await;
    world.say(&["oi"]).await;
    assert_eq!(world.model.asked()[0].0, "cheap");
}

#[tokio::test]
async fn the_owner_is_told_once_a_day() {
    let world = world(81_000, [Ok(text("Olá!")), Ok(text("Tudo bem!"))]).await;
    let told = |sent: &[(String, String)]| sent.iter().filter(|(to, _)| to == "5511988880000").count();
    assert_eq!(told(&world.say(&["oi"]).await), 1);
    assert_eq!(told(&world.say(&["tudo bem?"]).await), 0);
    assert_eq!(world.model.asked()[1].0, "best");
}

#[tokio::test]
async fn one_customer_gets_a_part_of_the_day_and_others_go_on() {
    let world = world(0, [Ok(text("Olá!"))]).await;
    let usage = Usage { tokens_in: 60_000, ..Usage::default() };
    let ana = world.ana().await;
    world.bed.store.add_usage(day(), Some(ana), &usage).await.unwrap();
    assert_eq!(world.say(&["oi"]).await.len(), 1);
    assert!(world.model.asked().is_empty());
    world.arrive("5511900000002", &[("text", json!({"body": "oi"}))]).await;
    world.turn().await;
    assert_eq!(world.model.asked().len(), 1);
}

#[tokio::test]
async fn a_day_that_is_used_up_is_answered_without_the_model() {
    let world = world(100_000, [Ok(text("Olá!"))]).await;
    let sent = world.send(&[("text", json!({"body": "oi"})), spoken(&world, "m1", 5)]).await;
    assert!(sent.iter().any(|(to, _)| to == ANA), "{sent:?}");
    assert!(world.model.asked().is_empty());
}
