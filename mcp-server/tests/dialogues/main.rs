//! Scripted dialogues, played through the HTTP doors of a running tenant: what customers type and tap goes in as Meta
//! posts it, what they read comes out as Meta is sent it. The scripts are data files in `mcp-server/dialogues`; the
//! head of [`script`] says what stands in them.
//!
//! `DIALOGUE=part-of-a-name` plays only those; `DIALOGUES_AT_ONCE` (12) says how many run beside each other.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

#[path = "../tenant/keys.rs"]
#[expect(dead_code, reason = "no dialogue has an outside calendar")]
mod keys;

mod clock;
mod judge;
mod play;
mod script;
mod tenant;

use std::sync::Arc;

use tokio::{sync::Semaphore, task::JoinSet};

use script::Script;

/// Which database the tenants keep their rows in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
}

fn number(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

async fn play_all(kind: Kind) {
    let wanted = std::env::var("DIALOGUE").unwrap_or_default();
    let scripts: Vec<Script> =
        script::all().into_iter().filter(|script| script.title().contains(&wanted)).collect();
    assert!(!scripts.is_empty(), "no dialogue has `{wanted}` in its name");
    let (count, turns) = (scripts.len(), Arc::new(Semaphore::new(number("DIALOGUES_AT_ONCE", 12))));
    let mut playing = JoinSet::new();
    for script in scripts {
        let turns = Arc::clone(&turns);
        playing.spawn(async move {
            let _turn = turns.acquire_owned().await;
            let title = script.title();
            let played = tokio::spawn(async move { play::play(&script, kind).await }).await;
            let ended = match played {
                Ok(ended) => ended,
                Err(panic) => Err(format!("the dialogue ended in the middle: {panic}")),
            };
            (title, ended)
        });
    }
    let (mut failed, mut messages) = (Vec::new(), 0);
    while let Some(played) = playing.join_next().await {
        match played.unwrap() {
            (_, Ok(sent)) => messages += sent,
            (title, Err(why)) => failed.push(format!("--- {title}\n{why}")),
        }
    }
    failed.sort();
    println!("{count} dialogues on {kind:?}, {messages} messages read, {} not as written", failed.len());
    assert!(
        failed.is_empty(),
        "{} of {count} dialogues are not as written:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_dialogue_is_as_written_on_sqlite() {
    play_all(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_dialogue_is_as_written_on_postgresql() {
    play_all(Kind::Postgres).await;
}
