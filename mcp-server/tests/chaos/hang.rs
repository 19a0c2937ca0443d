//! A process that stands still ends itself and says at what; one that was only frozen goes on.

use std::time::Duration;

use tokio::process::Command;

use crate::harness::{Tenant, http};

const FROM: &str = "5511999990001";
const TEXT: &str = "Quanto custa o corte?";

fn patience(seconds: u32) -> (&'static str, String) {
    ("MCP_HUNG_SECONDS", seconds.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_that_stands_still_ends_the_process_and_the_next_one_answers() {
    let mut tenant = Tenant::start().await;
    tenant.stop().await;
    tenant.run_with(&[patience(4), ("MCP_HANG_AT", "intake-before:1".to_owned())]);
    while http().get(tenant.internal_url("/readyz")).send().await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Nobody says 200 to it, and so Meta will deliver it again.
    let unanswered = tokio::time::timeout(Duration::from_secs(1), tenant.say(FROM, TEXT)).await;
    assert!(unanswered.is_err());
    assert!(tenant.dies_within(Duration::from_secs(40)).await, "{}", tenant.log());
    assert!(
        tenant.log().contains("the loop of deliveries gave no answer: the process ends"),
        "{}",
        tenant.log()
    );
    tenant.run().await;
    tenant.say(FROM, TEXT).await;
    tenant.until("an answer", |state| !state.messages.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_was_frozen_for_longer_than_it_may_hang_goes_on() {
    let mut tenant = Tenant::start().await;
    tenant.run_anew_with(vec![patience(3)]).await;
    let signal = async |name: &str| {
        let pid = tenant.pid().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().await.unwrap().success());
    };
    for _ in 0..2 {
        signal("-STOP").await;
        tokio::time::sleep(Duration::from_secs(6)).await;
        signal("-CONT").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    tenant.say(FROM, TEXT).await;
    tenant.until("an answer", |state| state.messages.len() == 1).await;
    assert!(!tenant.log().contains("gave no answer"), "{}", tenant.log());
}
