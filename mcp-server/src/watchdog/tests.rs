use mcp_store::StoreError;
use tokio_util::sync::CancellationToken;

use super::{probe::again, *};

/// Lets the runtime's time and the watchdog's pass together; what hung, and when.
async fn pass(watchdog: &Watchdog, seconds: u64) -> Option<(u64, Hung)> {
    for second in 1..=seconds {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if let Some(hung) = watchdog.kept.tick(LONGEST) {
            return Some((second, hung));
        }
    }
    None
}

fn asking<F: Future<Output = Result<(), StoreError>> + Send + 'static>(
    watchdog: &Watchdog,
    question: impl Fn() -> F + Send + Sync + 'static,
) {
    tokio::spawn(again(watchdog.clone(), "the database's writer", question, CancellationToken::new()));
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_never_answers_is_named_after_a_minute_and_a_half() {
    let watchdog = Watchdog::default();
    asking(&watchdog, std::future::pending);
    let (second, hung) = pass(&watchdog, 200).await.expect("it hangs");
    assert_eq!((second, hung.what), (91, "the database's writer"));
}

#[tokio::test(start_paused = true)]
async fn a_pool_whose_connections_are_never_given_back_hangs_though_each_question_ends() {
    let watchdog = Watchdog::default();
    asking(&watchdog, || async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        Err(StoreError::NoConnection)
    });
    assert!(pass(&watchdog, 120).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_away_full_locked_or_slow_is_no_hang() {
    let watchdog = Watchdog::default();
    asking(&watchdog, || async { Err(StoreError::Full) });
    // Locked by a restore of an hour; a backup and a VACUUM of an hour, beside which everything takes long.
    asking(&watchdog, || async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        Err(StoreError::database("database is locked"))
    });
    asking(&watchdog, || async {
        tokio::time::sleep(Duration::from_secs(75)).await;
        Ok(())
    });
    assert_eq!(pass(&watchdog, 7200).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_and_a_clock_that_was_set_add_nothing() {
    let watchdog = Watchdog::default();
    let loops = watchdog.watch("the loop of turns");
    for _ in 0..50 {
        // Hours pass for everybody, and the watchdog's thread was asleep as well.
        tokio::time::sleep(Duration::from_hours(8)).await;
        assert_eq!(watchdog.kept.tick(LONGEST), None);
    }
    loops.beat();
    assert_eq!(pass(&watchdog, 90).await, None);
    assert_eq!(pass(&watchdog, 1).await.unwrap().1, Hung { what: "the loop of turns", seconds: 91 });
}

#[tokio::test(start_paused = true)]
async fn a_call_is_watched_until_it_is_answered_and_a_loop_until_it_ends() {
    let watchdog = Watchdog::default();
    let pulse = watchdog.watch("the loop of turns");
    pulse.rest();
    pulse.answered("accept", async { tokio::time::sleep(Duration::from_secs(80)).await }).await;
    assert_eq!(pass(&watchdog, 300).await, None, "who waits for work gives no sign");
    drop(watchdog.watch("the loop of sends"));
    assert_eq!(pass(&watchdog, 300).await, None, "what ended is not waited for");
    tokio::spawn(async move { pulse.answered("accept", std::future::pending::<()>()).await });
    tokio::task::yield_now().await;
    assert_eq!(pass(&watchdog, 300).await.unwrap().1.what, "accept");
}
