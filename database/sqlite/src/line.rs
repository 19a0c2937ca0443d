//! Who is next at the writer: acknowledgements go before everything else that waits.
//!
//! A commit waits for the disk. Eight turns that end at once are two dozen commits, and a delivery behind them all would
//! wait for each; here it waits for the one under way. Nobody starves: deliveries are handed in by one task, which
//! takes all that have come together and then stands behind what waited meanwhile.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// Where one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rank {
    /// Before all others: somebody outside counts the milliseconds.
    First,
    /// In the order of coming.
    Other,
}

/// One place, and those who wait for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    taken: bool,
    first: VecDeque<oneshot::Sender<Turn>>,
    others: VecDeque<oneshot::Sender<Turn>>,
}

/// The place; whoever drops it hands it on.
#[derive(Debug)]
pub(crate) struct Turn(Line);

impl Line {
    /// Waits for the place.
    pub async fn turn(&self, rank: Rank) -> Turn {
        loop {
            let called = {
                let mut waiting = self.waiting();
                if !waiting.taken {
                    waiting.taken = true;
                    return Turn(self.clone());
                }
                let (call, called) = oneshot::channel();
                match rank {
                    Rank::First => waiting.first.push_back(call),
                    Rank::Other => waiting.others.push_back(call),
                }
                called
            };
            if let Ok(turn) = called.await {
                return turn;
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut waiting = self.0.waiting();
            loop {
                match waiting.first.pop_front().or_else(|| waiting.others.pop_front()) {
                    // Gone away while waiting.
                    Some(next) if next.is_closed() => {}
                    Some(next) => break next,
                    None => {
                        waiting.taken = false;
                        return;
                    }
                }
            }
        };
        // Who has gone away in this instant drops the turn, which hands it on again.
        drop(next.send(Self(self.0.clone())));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures::{FutureExt as _, future::join_all};

    use super::*;

    #[tokio::test]
    async fn the_first_go_before_the_others_and_each_kind_in_the_order_of_coming() {
        let (line, seen) = (Line::default(), Mutex::new(Vec::new()));
        let held = line.turn(Rank::Other).await;
        let one = async |rank, name| {
            let _turn = line.turn(rank).await;
            seen.lock().unwrap().push(name);
        };
        let all = [
            one(Rank::Other, "a").boxed_local(),
            one(Rank::Other, "b").boxed_local(),
            one(Rank::First, "1").boxed_local(),
            one(Rank::First, "2").boxed_local(),
        ];
        let mut all = join_all(all).boxed_local();
        assert!((&mut all).now_or_never().is_none() && seen.lock().unwrap().is_empty());
        drop(held);
        all.await;
        assert_eq!(*seen.lock().unwrap(), ["1", "2", "a", "b"]);
    }

    #[tokio::test]
    async fn a_place_is_not_lost_with_one_who_goes_away() {
        let line = Line::default();
        let held = line.turn(Rank::Other).await;
        let mut early = line.turn(Rank::First).boxed_local();
        let mut late = line.turn(Rank::Other).boxed_local();
        assert!((&mut early).now_or_never().is_none() && (&mut late).now_or_never().is_none());
        let mut last = line.turn(Rank::Other).boxed_local();
        assert!((&mut last).now_or_never().is_none());
        // One before its turn, one that was given it and never looked.
        drop(early);
        drop(held);
        drop(late);
        assert!(last.now_or_never().is_some());
        assert!(line.turn(Rank::Other).now_or_never().is_some(), "the place is free again");
    }
}
