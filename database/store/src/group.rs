//! One transaction for all who wait for one.
//!
//! A commit costs a write to the disk however many effects it holds. Whoever comes while nobody is at work does the
//! work for all who wait by then, and each hears of the commit it was in: under load many effects share one commit, and
//! a single one waits for nobody.

use std::{
    sync::{Mutex, PoisonError},
    task::Poll,
};

use futures::{
    channel::oneshot::{self, Receiver, Sender},
    future::{Either, poll_fn, select},
    lock::Mutex as Turn,
};

/// Most requests in one transaction. More would let the first wait for the last.
const MOST: usize = 64;

/// A queue of requests `Q` that are answered with `A`, several at a time.
#[derive(Debug)]
pub struct Group<Q, A> {
    waiting: Mutex<Vec<(Q, Sender<A>)>>,
    turn: Turn<()>,
}

impl<Q, A> Default for Group<Q, A> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), turn: Turn::default() }
    }
}

impl<Q: Clone, A> Group<Q, A> {
    /// Hands in a request and returns its answer.
    ///
    /// `work` gets requests in the order of their coming and returns their answers in the same order. Where a caller
    /// goes away while it works, its work ends there and the others ask again: requests must bear being asked twice.
    pub async fn ask<W: Future<Output = Vec<A>>>(&self, request: Q, work: impl Fn(Vec<Q>) -> W) -> A {
        loop {
            let (reply, answer) = oneshot::channel();
            self.waiting().push((request.clone(), reply));
            if let Some(answer) = self.answered(answer, &work).await {
                return answer;
            }
        }
    }

    /// Waits for an answer, working where nobody else does; `None` where who worked has gone away.
    async fn answered<W: Future<Output = Vec<A>>>(
        &self,
        mut answer: Receiver<A>,
        work: &impl Fn(Vec<Q>) -> W,
    ) -> Option<A> {
        loop {
            let turn = match select(&mut answer, self.turn.lock()).await {
                Either::Left((answer, _)) => return answer.ok(),
                Either::Right((turn, _)) => turn,
            };
            if let Some(answer) = answer.try_recv().transpose() {
                return answer.ok();
            }
            self.gathered().await;
            let (requests, replies): (Vec<Q>, Vec<Sender<A>>) = self.next().into_iter().unzip();
            for (reply, answer) in replies.into_iter().zip(work(requests).await) {
                // Who has gone away needs no answer.
                drop(reply.send(answer));
            }
            drop(turn);
        }
    }

    /// Lets others hand in what they have ready, above all those who were answered a moment ago: without it, they would
    /// wait in pairs of a small and a large transaction.
    async fn gathered(&self) {
        let mut seen = 0;
        loop {
            let waiting = self.waiting().len();
            if waiting == seen || waiting >= MOST {
                return;
            }
            seen = waiting;
            let mut yielded = false;
            poll_fn(|context| {
                context.waker().wake_by_ref();
                if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
    }

    /// The requests of one transaction: those that came first and are still wanted.
    fn next(&self) -> Vec<(Q, Sender<A>)> {
        let mut waiting = self.waiting();
        waiting.retain(|(_, reply)| !reply.is_canceled());
        let most = waiting.len().min(MOST);
        waiting.drain(..most).collect()
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<(Q, Sender<A>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, pin::Pin};

    use futures::{executor::block_on, future::join_all, pending};

    use super::*;

    #[test]
    fn those_who_come_while_somebody_works_are_answered_together_each_with_its_own() {
        let (group, sizes) = (Group::default(), RefCell::new(Vec::new()));
        let work = async |requests: Vec<u32>| {
            sizes.borrow_mut().push(requests.len());
            requests.iter().map(|n| n * 2).collect()
        };
        let answers = block_on(join_all((0..200).map(|n| group.ask(n, work))));
        assert_eq!(answers, (0..200).map(|n| n * 2).collect::<Vec<u32>>());
        assert_eq!(*sizes.borrow(), [64, 64, 64, 8]);
    }

    #[test]
    fn a_worker_that_goes_away_takes_nobody_with_it() {
        let (group, seen) = (Group::default(), RefCell::new(Vec::new()));
        let work = async |requests: Vec<u32>| {
            seen.borrow_mut().push(requests.clone());
            if requests.len() > 1 {
                pending!();
            }
            requests
        };
        let mut worker = Box::pin(group.ask(1, work));
        let mut other = Box::pin(group.ask(2, work));
        let mut gone = Box::pin(group.ask(3, work));
        let poll = |asked: Pin<&mut dyn Future<Output = u32>>| {
            let mut asked = asked;
            block_on(poll_fn(|context| {
                assert!(asked.as_mut().poll(context).is_pending());
                Poll::Ready(())
            }));
        };
        poll(worker.as_mut());
        poll(other.as_mut());
        poll(gone.as_mut());
        while seen.borrow().is_empty() {
            poll(worker.as_mut());
        }
        drop((worker, gone));
        assert_eq!(block_on(other), 2);
        assert_eq!(*seen.borrow(), [vec![1, 2, 3], vec![2]]);
    }
}
