//! Two processes of one tenant on one PostgreSQL: leases, not memory, decide who works on what.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use mcp_store::outbox::OutgoingState;

use crate::postgres::OnPostgres;

const CUSTOMERS: u64 = 20;
const ROUNDS: u64 = 10;

#[tokio::test]
async fn two_replicas_of_which_one_is_killed_answer_every_message_exactly_once() {
    let on = OnPostgres::start().await;
    let (first, second) = (on.serve().await, on.serve().await);
    let mut first = Some(first);
    for round in 0..ROUNDS {
        for customer in 0..CUSTOMERS {
            match &first {
                Some(first) if customer % 2 == 0 => on.deliver_to(first),
                _ => on.deliver_to(&second),
            }
            let from = format!("55119888800{customer:02}");
            let text = format!("Oi, quanto custa o corte? Pergunta {round}");
            assert_eq!(on.tenant.say(&from, &text).await, 200, "{}", on.tenant.log());
        }
        // Long enough for some bursts to end, so that turns and sends are under way at any moment.
        tokio::time::sleep(Duration::from_millis(900)).await;
        if round == ROUNDS / 2 {
            on.deliver_to(&second);
            first.take().unwrap().kill().await;
        }
    }

    let store = on.store().await;
    let began = Instant::now();
    loop {
        let counts = store.outbox_counts().await.unwrap();
        let unsent: u64 = counts.iter().filter(|(s, _)| *s != OutgoingState::Sent).map(|(_, n)| n).sum();
        let mut answered = 0;
        for conversation in store.conversations(None, 100).await.unwrap() {
            let turns = store.turns(conversation.id, 1000).await.unwrap();
            answered += turns.iter().map(|turn| u64::from(turn.messages)).sum::<u64>();
        }
        assert!(answered <= CUSTOMERS * ROUNDS, "{answered} messages were answered, some of them twice");
        if answered == CUSTOMERS * ROUNDS && unsent == 0 {
            break;
        }
        // A dead replica's claims end with their leases: a minute for a turn, half of one for a send.
        assert!(began.elapsed().as_secs() < 180, "answered: {answered}, outbox: {counts:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }

    let state = on.tenant.sim.state();
    let ours: BTreeSet<_> = state.messages.iter().filter_map(|message| message.opaque.clone()).collect();
    assert_eq!(ours.len(), state.messages.len(), "no message was sent twice");
    assert_eq!(ours.len() as u64, on.rows("outbox").await, "every answer was sent");
    assert_eq!(on.rows("outbox").await, on.rows("turn").await, "one answer for each turn");
    assert_eq!(on.rows("inbox").await, CUSTOMERS * ROUNDS);
    assert_eq!(on.rows("dead_letter").await, 0);
    assert!(state.violations.is_empty(), "{:?}", state.violations);
}
