//! When who is asked, and when a condition changes.

use super::*;
use crate::{
    client::outcome::{Holds, Reason},
    probe::stand_in::{said, status, target},
};

const INTERVAL: Duration = Duration::from_secs(45);

fn good() -> Answer {
    Answer::Said(vec![said(&status("ze"))])
}

fn failing(message: &str) -> Answer {
    let mut status = status("ze");
    status["dependencies"]["whatsapp"] =
        serde_json::json!({"state": "failing", "reason": "credential_refused", "message": message});
    Answer::Said(vec![said(&status)])
}

fn silent() -> Answer {
    Answer::Silent("nothing answers".to_owned())
}

/// Lets the time come at which the tenant is due, and answers. Whether a condition would change.
async fn round(board: &Board, answer: Answer) -> bool {
    tokio::time::sleep_until(board.next_due().unwrap()).await;
    let question = board.take(Instant::now()).unwrap();
    board.conclude(&question, answer, Instant::now())
}

fn known(board: &Board) -> Option<Findings> {
    board.findings(&target("ze").namespace)
}

#[tokio::test(start_paused = true)]
async fn only_what_changes_a_condition_is_told() {
    let board = Board::new(INTERVAL);
    board.want(target("ze"));
    assert!(round(&board, good()).await);
    for _ in 0..20 {
        assert!(!round(&board, good()).await);
    }
    assert!(round(&board, failing("error 190")).await);
    assert!(!round(&board, failing("error 190")).await);
    assert_eq!(known(&board).unwrap().channel.reason, Reason::CredentialRefused);
    assert!(round(&board, good()).await);
}

#[tokio::test(start_paused = true)]
async fn words_that_are_others_each_time_are_written_every_ten_minutes_at_most() {
    let board = Board::new(INTERVAL);
    board.want(target("ze"));
    round(&board, failing("trace 0")).await;
    let mut told = 0;
    let begun = Instant::now();
    for number in 1..100 {
        told += u32::from(round(&board, failing(&format!("trace {number}"))).await);
    }
    let most = begun.elapsed().as_secs() / REWORD.as_secs();
    assert!(told > 0 && u64::from(told) <= most, "{told} in {most} spans");
}

#[tokio::test(start_paused = true)]
async fn three_misses_are_unknown_within_a_minute_and_two_are_nothing() {
    let board = Board::new(INTERVAL);
    board.want(target("ze"));
    round(&board, good()).await;
    assert!(!round(&board, silent()).await);
    let begun = Instant::now();
    assert!(!round(&board, silent()).await);
    assert_eq!(known(&board).unwrap().server.holds, Holds::Yes);
    assert!(round(&board, silent()).await);
    assert!(begun.elapsed() <= Duration::from_secs(20));
    let server = known(&board).unwrap().server;
    assert_eq!((server.holds, server.reason), (Holds::Unknown, Reason::ServerUnreachable));
    assert!(!round(&board, silent()).await, "a fourth is no news");
    assert!(round(&board, good()).await, "one answer is enough");
    assert!(!round(&board, silent()).await && !round(&board, silent()).await, "and counting begins anew");
}

#[tokio::test(start_paused = true)]
async fn every_server_is_asked_within_the_interval_and_not_all_at_once() {
    let board = Board::new(INTERVAL);
    for number in 0..100 {
        board.want(target(&format!("c{number}")));
    }
    while let Some(question) = board.take(Instant::now()) {
        board.conclude(&question, good(), Instant::now());
    }
    let begun = Instant::now();
    let mut times = BTreeSet::new();
    for _ in 0..100 {
        tokio::time::sleep_until(board.next_due().unwrap()).await;
        let question = board.take(Instant::now()).unwrap();
        times.insert(begun.elapsed().as_millis());
        drop(question);
    }
    assert!(begun.elapsed() <= INTERVAL && begun.elapsed() >= INTERVAL * 4 / 5);
    assert!(times.len() > 40, "{}", times.len());
}

#[tokio::test(start_paused = true)]
async fn a_new_pod_is_asked_at_once_and_what_the_one_before_said_is_not_taken_for_its() {
    let board = Board::new(INTERVAL);
    board.want(target("ze"));
    let before = board.take(Instant::now()).unwrap();
    let mut next = target("ze");
    next.pods[0].uid = "two".to_owned();
    board.want(next);
    assert!(board.take(Instant::now()).is_none(), "one question at a time");
    assert!(!board.conclude(&before, failing("of the pod before"), Instant::now()));
    assert!(known(&board).is_none());
    let question = board.take(Instant::now()).unwrap();
    assert!(board.conclude(&question, good(), Instant::now()));
}

#[tokio::test(start_paused = true)]
async fn who_rests_is_not_asked_and_an_answer_that_comes_late_says_nothing() {
    let board = Board::new(INTERVAL);
    let wanted = target("ze");
    board.learn_key(&wanted.namespace, Some(wanted.key.clone()));
    board.want(wanted.clone());
    let question = board.take(Instant::now()).unwrap();
    board.rest(&wanted.namespace);
    assert!(board.next_due().is_none());
    assert!(!board.conclude(&question, good(), Instant::now()));
    board.want(wanted.clone());
    let again = board.take(Instant::now()).unwrap();
    assert!(!board.conclude(&question, failing("of the server before"), Instant::now()));
    assert!(board.conclude(&again, good(), Instant::now()));
    assert!(board.key(&wanted.namespace).is_some());
    board.end(&wanted.namespace);
    assert!(board.key(&wanted.namespace).is_none() && board.next_due().is_none() && known(&board).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_profile_on_its_way_is_asked_for_soon_and_not_for_ever() {
    let board = Board::new(INTERVAL);
    board.want(target("ze"));
    round(&board, good()).await;
    let mut repriced = target("ze");
    repriced.profile = Some("1111111111111111".to_owned());
    board.want(repriced);
    assert!(round(&board, good()).await, "the new one is on its way");
    assert_eq!(known(&board).unwrap().server.holds, Holds::Yes);
    let begun = Instant::now();
    let mut rounds = 0;
    while !round(&board, good()).await {
        rounds += 1;
    }
    assert_eq!(known(&board).unwrap().server.reason, Reason::ProfileNotRead);
    assert!(begun.elapsed() <= PROFILE_ON_ITS_WAY + SOON && rounds > 15, "{rounds} in {:?}", begun.elapsed());
}
