//! How many are asked at once, and what becomes of an answer.

use std::{
    collections::HashSet,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt, future::BoxFuture};

use super::*;
use crate::probe::{
    stand_in::{said, status, target},
    target::Target,
};

/// Servers that take a second each, and some that take longer than anybody waits.
#[derive(Default)]
struct Slow {
    at_once: AtomicUsize,
    most: AtomicUsize,
    asked: Mutex<Vec<String>>,
    hang: HashSet<String>,
}

#[derive(Clone, Default)]
struct Servers(Arc<Slow>);

impl Ask for Servers {
    fn ask(&self, target: Arc<Target>) -> BoxFuture<'static, Answer> {
        let servers = Arc::clone(&self.0);
        Box::pin(async move {
            let name = target.owner.name().to_owned();
            servers.asked.lock().unwrap().push(name.clone());
            let now = servers.at_once.fetch_add(1, Ordering::Relaxed) + 1;
            servers.most.fetch_max(now, Ordering::Relaxed);
            let hangs = servers.hang.contains(&name);
            tokio::time::sleep(Duration::from_secs(if hangs { 10 } else { 1 })).await;
            servers.at_once.fetch_sub(1, Ordering::Relaxed);
            if hangs { Answer::Silent("late".to_owned()) } else { Answer::Said(vec![said(&status(&name))]) }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_servers_are_asked_sixteen_at_a_time_and_each_is_told_of_once() {
    let hang: HashSet<String> = (0..8).map(|number| format!("c{number}")).collect();
    let servers = Servers(Arc::new(Slow { hang, ..Slow::default() }));
    let board = Arc::new(Board::new(Duration::from_secs(45)));
    let (trigger, mut told) = Trigger::new();
    let (metrics, stop) = (Metrics::shared(), CancellationToken::new());
    let running = tokio::spawn(run(
        Arc::clone(&board),
        Arc::new(servers.clone()),
        trigger,
        Arc::clone(&metrics),
        stop.clone(),
    ));
    for number in 0..100 {
        board.want(target(&format!("c{number}")));
    }
    let mut names = HashSet::new();
    while names.len() < 100 {
        let client = tokio::time::timeout(Duration::from_mins(2), told.next()).await.unwrap().unwrap();
        assert!(names.insert(client.name.clone()), "{} was told of twice", client.name);
    }
    assert_eq!(servers.0.most.load(Ordering::Relaxed), MOST_AT_ONCE);
    assert_eq!(metrics.probes_missed(), 3 * 8, "three misses each, and then it is told");
    tokio::time::sleep(Duration::from_mins(10)).await;
    stop.cancel();
    running.await.unwrap();
    assert!(servers.0.asked.lock().unwrap().len() > 1000);
    assert!(told.next().await.is_none(), "nothing changed any more");
}
