//! Many attempts on one slot.

use mcp_store::LeaseTime;

use super::{open, print, wait_for_the_word};
use crate::make::{at, blind, choice, id, refusal};

/// All attempts at once, each under a key of its own and blind to the agenda; prints what came of each.
pub(super) async fn run(process: u64, attempts: u64) {
    let store = open(LeaseTime::Caller).await;
    wait_for_the_word().await;
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..attempts {
        let store = store.clone();
        let booking = id((process + 1) * 1_000_000 + n);
        racing.spawn(async move {
            let outcome = store.book(&blind(&booking, choice(&booking, "ze", 60, 45)), at(0)).await;
            match outcome {
                Ok(outcome) if outcome.row().is_some() => "booked".to_owned(),
                Ok(outcome) => refusal(&outcome).to_owned(),
                Err(error) => format!("{error}: {error:?}"),
            }
        });
    }
    for outcome in racing.join_all().await {
        print(&outcome);
    }
}
