//! A worker that answers conversations and sends the answers until it is killed or told to stop.

use std::io::Write as _;

use jiff::SignedDuration;
use mcp_store::{
    LeaseTime, Store, StoreError,
    outbox::{SendEnd, SendRule},
    turn::{BurstRule, ClaimedTurn, Effect, TurnResult},
};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use super::{open, print, wall_clock};
use crate::{
    make::{answer, render_nothing},
    random::Random,
};

/// Every message is ripe at once; a dead worker's claim is free after a second.
pub const RULE: BurstRule = BurstRule {
    quiet: SignedDuration::ZERO,
    longest: SignedDuration::ZERO,
    lease: SignedDuration::from_secs(1),
    history: 3,
};

/// A dead sender's message is sent once more after a second and a bit.
pub const SENDING: SendRule =
    SendRule { lease: SignedDuration::from_secs(1), unknown_wait: SignedDuration::from_millis(200) };

/// Works until its standard input ends. What it hands to the channel is a line in the file `log`.
pub(super) async fn run(seed: u64, log: &str) {
    let store = open(LeaseTime::Database).await;
    let mut channel = std::fs::OpenOptions::new().append(true).create(true).open(log).unwrap();
    let mut random = Random::new(seed);
    print("ready");
    let work = async {
        loop {
            let turned = turn(&*store, &mut random).await;
            let sent = send(&*store, &mut channel).await;
            if !turned && !sent {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        }
    };
    let mut stdin = tokio::io::stdin();
    let mut nothing = [0; 1];
    tokio::select! {
        () = work => {}
        _ = stdin.read(&mut nothing) => {}
    }
}

/// Whether there was a turn to take.
async fn turn(store: &dyn Store, random: &mut Random) -> bool {
    let Some(turn) = store.claim_turn(&RULE, wall_clock()).await.unwrap() else { return false };
    match random.below(60) {
        // The model took longer than the lease: somebody else may have the turn by now.
        0 => tokio::time::sleep(std::time::Duration::from_millis(1200)).await,
        1 => {
            gone_or(store.release_turn(&turn, wall_clock()).await);
            return true;
        }
        _ => {}
    }
    gone_or(commit(store, &turn).await);
    true
}

async fn commit(store: &dyn Store, turn: &ClaimedTurn) -> Result<(), StoreError> {
    let handled: Vec<Value> = turn.messages.iter().map(|message| json!(message.id)).collect();
    let result = TurnResult {
        history: vec![json!({"handled": handled})],
        language: None,
        effect: Effect::Answer(answer(&format!("a-{}-{}", turn.conversation.id, turn.epoch))),
        also: Vec::new(),
        tells: None,
    };
    store.commit_turn(turn, result, &render_nothing, wall_clock()).await.map(drop)
}

/// Whether there was a message to send.
async fn send(store: &dyn Store, channel: &mut std::fs::File) -> bool {
    let Some(message) = store.claim_outgoing(&SENDING, wall_clock()).await.unwrap() else { return false };
    // One write: a line is there or not, whoever writes beside.
    channel.write_all(format!("{} {}\n", message.conversation_id, message.id).as_bytes()).unwrap();
    let end = SendEnd::Sent { wamid: format!("wamid-{}", message.id) };
    gone_or(store.sent(&message, end, wall_clock()).await.map(drop));
    true
}

/// Work that somebody else has taken meanwhile is dropped; nothing else may go wrong.
fn gone_or(outcome: Result<(), StoreError>) {
    match outcome {
        Ok(()) | Err(StoreError::Stale) => {}
        Err(error) => panic!("{error}: {error:?}"),
    }
}
